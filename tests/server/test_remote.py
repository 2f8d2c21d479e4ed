"""Other machines: over TLS, with the token, and without a look at this machine's memory."""

import json
import os
import shutil
import socket
import subprocess
import sys

import grpc
import numpy as np
import pytest

import backlot
from backlot import Frame, local
from backlot.errors import Denied, InvalidInput, ServerUnavailable
from backlot.v1 import backlot_pb2 as pb
from tests.conftest import RunningServer
from tests.server.raw import OPTIONS, Raw, failure

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="makes its own certificate")


def outward_address():
    """An address of this machine that is not its loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("this machine has no address but its loopback")
        return probe.getsockname()[0]


def made_certificate(folder):
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    names = f"subjectAltName=DNS:backlot,IP:{outward_address()}"
    command += ["-subj", "/CN=backlot", "-addext", names]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
def certificate(tmp_path):
    return made_certificate(tmp_path)


@pytest.fixture
def remote(certificate):
    host = outward_address()
    with socket.socket() as free:
        free.bind((host, 0))
        address = f"{host}:{free.getsockname()[1]}"
    pair = ("--cert", str(certificate / "cert.pem"), "--key", str(certificate / "key.pem"))
    server = RunningServer("--listen", address, *pair)
    raw = Raw(server.endpoint)
    raw.channel.close()
    credentials = grpc.ssl_channel_credentials((certificate / "cert.pem").read_bytes())
    named = [*OPTIONS, ("grpc.ssl_target_name_override", "backlot")]
    raw.channel = grpc.secure_channel(address, credentials, options=named)
    raw.stub = type(raw.stub)(raw.channel)
    raw.server, raw.arguments = server, ("--listen", address, *pair)
    yield raw, address
    raw.channel.close()
    server.close()


@pytest.fixture
def elsewhere(remote, monkeypatch, tmp_path):
    """A client's machine: it was given remote.json, and has no server of its own."""
    raw, _ = remote
    given = tmp_path / "given.json"
    shutil.copy(raw.server.folder / "remote.json", given)
    monkeypatch.setenv("BACKLOT_REMOTE", str(given))
    monkeypatch.setenv("BACKLOT_RUNTIME", str(tmp_path / "none"))
    return given


def test_a_frame_travels_in_chunks_and_no_memory_is_shown(remote):
    raw, _ = remote
    hello = raw.call("Hello", pb.HelloRequest(protocol=1))
    assert "shared-memory" not in hello.capabilities
    session = raw.session("far")
    assert not session.opened.HasField("probe")
    data = os.urandom(64)
    put = pb.PutChunk(session=session.id, total=64, data=data)
    lease = raw.stub.Put(iter([put]), metadata=raw.metadata)
    assert not lease.HasField("segment")
    window = pb.Window(width=8, height=1)
    frame = pb.Frame(
        data_window=window,
        display_window=window,
        pixel_aspect=1.0,
        channels=["R", "G", "B", "A"],
        type=pb.HALF,
        meaning=pb.COLOR,
        lease=pb.LeaseRef(id=lease.id, generation=lease.generation),
    )
    run = session.run(
        job="far",
        tool="passthrough",
        frames=[1],
        inputs=["source"],
        supplies=[pb.Supply(input="source", number=1, frame=frame)],
    )
    result = next(event.result.frame for event in run.events if event.HasField("result"))
    assert not result.HasField("segment")
    request = pb.GetRequest(session=session.id, lease=result.lease, bytes=64)
    chunks = raw.stub.Get(request, metadata=raw.metadata)
    assert b"".join(chunk.data for chunk in chunks) == data
    run.close()


def test_the_token_is_wanted_here_too(remote):
    raw, _ = remote
    raw.metadata = ()
    assert isinstance(failure(lambda: raw.status())[1], Denied)


def test_plain_text_gets_no_answer(remote):
    raw, address = remote
    with grpc.insecure_channel(address, options=OPTIONS) as plain:
        call = plain.unary_unary("/backlot.v1.Studio/Status")
        with pytest.raises(grpc.RpcError) as error:
            call(b"", metadata=raw.metadata, timeout=10)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE


def test_the_client_works_there_once_a_person_has_set_it_up(elsewhere):
    pixels = np.random.default_rng(1).random((40, 60, 3), np.float32).astype(np.float16)
    pixels[0, 0, 0] = np.nan
    with backlot.connect() as studio:
        assert studio.remote
        made = studio.run("passthrough", source=Frame(pixels))
    assert made.pixels.tobytes() == pixels.tobytes()
    with pytest.raises(Denied, match="cannot see the server's memory"):
        backlot.connect(transport="shared")


def test_what_a_client_was_given_holds_after_the_server_began_anew(remote, elsewhere):
    raw, _ = remote
    raw.server.stop()
    again = RunningServer(*raw.arguments, home=raw.server.home)
    try:
        with backlot.connect(start=False) as studio:
            assert studio.hello.ready
    finally:
        again.stop()


def test_another_server_in_its_place_gets_no_frame(elsewhere, certificate):
    fields = json.loads(elsewhere.read_text())
    (certificate / "other").mkdir()
    fields["certificate"] = (made_certificate(certificate / "other") / "cert.pem").read_text()
    elsewhere.write_text(json.dumps(fields))
    with pytest.raises(ServerUnavailable, match=r"server at .*:\d+ does not answer"):
        backlot.connect()


def test_no_client_ends_a_server_of_another_machine(elsewhere):
    with pytest.raises(InvalidInput, match="another machine's"):
        local.stop()


@pytest.mark.parametrize("text", [None, "", "{}", '{"address": "a:1", "token": "x"}'])
def test_a_file_that_is_none_is_told(text, monkeypatch, tmp_path):
    file = tmp_path / "remote.json"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("BACKLOT_REMOTE", str(file))
    with pytest.raises(InvalidInput, match="BACKLOT_REMOTE names"):
        backlot.connect()


def test_a_certificate_that_cannot_be_read_is_told(tmp_path):
    command = [sys.executable, "-m", "backlot_server", "--runtime", str(tmp_path / "run")]
    command += ["--listen", "127.0.0.1:0", "--cert", str(tmp_path / "no.pem")]
    said = subprocess.run([*command, "--key", "k"], capture_output=True, text=True, timeout=60)
    assert said.returncode == InvalidInput.exit_code
    assert "no.pem cannot be read" in said.stderr
