import os
import time

import pytest

from tests.conftest import RunningServer
from tests.server.cards import install
from tests.server.raw import ODD_TOOLS, Raw


@pytest.fixture(scope="session")
def odd_server():
    """A shared server with the tool that misbehaves. Tests may kill its worker."""
    server = RunningServer(env={"PYTHONPATH": str(ODD_TOOLS)}, idle=1800)
    yield server
    server.close()


@pytest.fixture
def raw(odd_server):
    with Raw(odd_server.endpoint) as client:
        yield client


@pytest.fixture
def session(raw):
    session = raw.session()
    yield session
    session.close()


def eventually(reached, seconds=10.0):
    """Wait until `reached()` is true; what it returned last."""
    end = time.monotonic() + seconds
    while not (found := reached()) and time.monotonic() < end:
        time.sleep(0.01)
    assert found
    return found


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A user with no networks but those that a test installs."""
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    monkeypatch.setattr("backlot_server.models.SHIPPED", tmp_path / "none")
    return tmp_path / "models"


@pytest.fixture
def textures(own):
    for name, scale in (("texture-x2.onnx", 2), ("texture-x4.onnx", 4)):
        install(own, name, f"clean-x{scale}-fast", source="clean", size="fast")
