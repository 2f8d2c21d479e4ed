"""Where there is no memfd, as on macOS: files in the runtime folder, cleared after a kill."""

import numpy as np
import pytest

import backlot
from backlot.frame import Frame
from tests.conftest import RunningServer


@pytest.fixture
def env(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import os\ndel os.memfd_create\n")
    return {"PYTHONPATH": str(tmp_path)}


def segments(server):
    return list(server.folder.glob("*.frame"))


def test_frames_travel_through_files_and_leave_none(env):
    server = RunningServer(env=env)
    try:
        frame = Frame(np.random.default_rng(0).random((300, 400, 4), np.float32))
        with backlot.connect(endpoint=server.endpoint, transport="shared") as studio:
            for _ in range(3):
                back = studio.run("passthrough", source=frame)
                assert back.pixels.tobytes() == frame.pixels.tobytes()
            assert segments(server)
        assert server.stop() == 0
        assert not segments(server)
    finally:
        server.close()


def test_the_next_server_clears_what_a_killed_one_left(env):
    server = RunningServer(env=env)
    server.process.kill()
    server.process.wait()
    left = segments(server)
    assert left
    again = RunningServer(env=env, home=server.home)
    assert not set(left) & set(segments(again))
    again.close()
