"""Other machines: over TLS, with the token, and without a look at this machine's memory."""

import os
import shutil
import socket
import subprocess

import grpc
import pytest

from backlot.errors import Denied
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


@pytest.fixture
def certificate(tmp_path):
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    command += ["-subj", "/CN=backlot", "-addext", "subjectAltName=DNS:backlot"]
    subprocess.run(command, check=True, capture_output=True)
    return tmp_path


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
    yield raw, address
    raw.channel.close()
    server.close()


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
