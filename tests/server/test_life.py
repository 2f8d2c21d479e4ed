"""One server per user, from its start to an end that leaves nothing behind."""

import os
import signal
import stat
import subprocess
import sys
import time

import psutil
import pytest

from backlot.errors import Denied
from backlot.v1 import backlot_pb2 as pb
from backlot_server.runtime import AlreadyRunning, Runtime
from tests.conftest import RunningServer
from tests.server.conftest import eventually
from tests.server.raw import Raw


def start(folder, *arguments):
    command = [sys.executable, "-m", "backlot_server", "--runtime", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def worker_of(server):
    with Raw(server.endpoint) as raw:
        return raw.status().devices[0].worker_pid


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_only_this_user_can_reach_it(server):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in server.folder.iterdir()}
    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
    assert modes["server.sock"] == modes["server.json"] == modes["server.log"] == 0o600
    assert len(server.endpoint.token) == 64
    assert server.endpoint.token not in server.log


def test_nothing_listens_on_the_network(server):
    for process in (psutil.Process(server.process.pid), psutil.Process(worker_of(server))):
        inet = process.net_connections(kind="inet")
        assert inet == []


def test_the_second_server_gives_way_and_the_first_lives(server):
    second = start(server.folder)
    assert second.returncode == 0
    assert "already runs" in second.stderr
    assert "Traceback" not in second.stderr
    with Raw(server.endpoint) as raw:
        assert raw.status().pid == server.process.pid


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "verb"])
def test_its_end_leaves_nothing(server, how):
    worker = worker_of(server)
    raw = Raw(server.endpoint)
    session = raw.session()
    session.alloc(1 << 20)
    if how == "verb":
        raw.call("Shutdown", pb.ShutdownRequest(reason="the test is over"))
    else:
        server.process.send_signal(how)
    going = list(session.stream)
    assert [event.WhichOneof("event") for event in going] == ["going"]
    assert server.process.wait(10) == 0
    assert not psutil.pid_exists(worker)
    assert left_in(server.folder) == ["server.lock", "server.log"]
    assert "server ended" in server.log
    raw.channel.close()


def test_running_jobs_are_told_when_it_ends(server):
    with Raw(server.endpoint) as raw:
        session = raw.session()
        run = session.run(
            job="j",
            tool="passthrough",
            frames=[1],
            inputs=["source"],
            params={"seconds": pb.Value(number=60.0)},
        )
        run.until("started")
        server.process.send_signal(signal.SIGTERM)
        *_, last = run.events
        assert last.error.code == "server-unavailable"
        assert server.process.wait(10) == 0


def test_killed_server_takes_its_worker_along_and_the_next_one_starts(server):
    worker = worker_of(server)
    server.process.kill()
    server.process.wait()
    eventually(lambda: not psutil.pid_exists(worker) or psutil.Process(worker).status() == "zombie")
    assert "server.json" in left_in(server.folder)
    again = RunningServer(home=server.home)
    with Raw(again.endpoint) as raw:
        assert raw.status().pid == again.process.pid
    assert again.stop() == 0


def test_it_ends_by_itself_when_nobody_needs_it():
    server = RunningServer("--idle", "1")
    try:
        with Raw(server.endpoint) as raw:
            session = raw.session()
            time.sleep(3)
            assert server.process.poll() is None  # somebody is connected
            session.close()
        assert server.process.wait(20) == 0
        assert "nobody needed it" in server.log
    finally:
        server.close()


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(Denied, match="belongs to another user"):
        Runtime(folder)
    assert left_in(folder) == []


def test_a_folder_that_others_can_enter_is_refused_in_a_sentence(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o755)
    refused = start(folder)
    assert refused.returncode == Denied.exit_code
    assert "Other users can enter" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert left_in(folder) == []


def test_a_link_instead_of_a_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Denied, match="not a folder"):
        Runtime(tmp_path / "run")


def test_a_path_too_long_for_a_socket_is_said(tmp_path):
    refused = start(tmp_path / ("x" * 120))
    assert refused.returncode == 2
    assert "too long for a socket" in refused.stderr
    assert "BACKLOT_RUNTIME" in refused.stderr


def test_the_lock_is_free_again_after_the_holder(tmp_path):
    first = Runtime(tmp_path / "run")
    with pytest.raises(AlreadyRunning):
        Runtime(tmp_path / "run")
    first.close()
    Runtime(tmp_path / "run").close()


def test_no_plain_text_for_other_machines(tmp_path):
    refused = start(tmp_path / "run", "--listen", "0.0.0.0:0")
    assert refused.returncode == 2
    assert "TLS only" in refused.stderr
