"""The built plugin, a simulated Nuke that has it, and plates to work on."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from plugins.nuke.build import build
from tests.conftest import RunningServer
from tests.hosts.nuke.host import Nuke
from tests.hosts.nuke.pixels import Image, Pixels, save

TOOLS = Path(__file__).parent / "tools"


def specs():
    """Every tool of this Backlot, and the test's own that works in a matte."""
    sys.path.insert(0, str(TOOLS))
    try:
        paint = importlib.import_module("paint")
    finally:
        sys.path.remove(str(TOOLS))
    from backlot.link.protocol import spec_to_json
    from backlot_server.tools import discover

    known = {name: tool.SPEC for name, tool in discover().items()}
    known["paint"] = paint.SPEC
    return [dict(spec_to_json(spec), hidden=False) for spec in known.values()]


@pytest.fixture(scope="session")
def plugin(tmp_path_factory):
    """The folder that goes on NUKE_PATH."""
    return build(tmp_path_factory.mktemp("dist") / "backlot", specs())


@pytest.fixture
def nuke(plugin, monkeypatch):
    """Start a Nuke: nuke(gui=False, version=(16, 0, 8)). Ends the plugin's link afterwards."""
    started = []

    def start(**how):
        forget()
        host = Nuke([plugin], **how)
        host.pixels = Pixels(host)
        monkeypatch.setitem(sys.modules, "nuke", host.module)
        monkeypatch.setitem(sys.modules, "nukescripts", host.scripts)
        monkeypatch.syspath_prepend(str(plugin))
        host.start()
        started.append(host)
        return host

    yield start
    session = sys.modules.get("backlot_nuke.session")
    if session is not None:
        session.session.close()
    forget()


def forget():
    for name in [n for n in sys.modules if n.split(".")[0] == "backlot_nuke"]:
        del sys.modules[name]


WINDOW = (-4, -3, 60, 40)
FORMAT = (48, 32)


def plate(folder, frames=range(1001, 1004), name="plate", seed=1):
    """A sequence with overscan, values below 0 and far above 1, and a layer of its own."""
    random = np.random.default_rng(seed)
    w, h = WINDOW[2:]
    for frame in frames:
        planes = {
            f"rgba.{part}": random.normal(0.5, 2.0, (h, w)).astype(np.float16).astype(np.float32)
            for part in ("red", "green", "blue")
        }
        planes["rgba.red"][0, 0] = 4000.0
        planes["rgba.alpha"] = np.ones((h, w), np.float32)
        planes["spec.red"] = random.random((h, w)).astype(np.float32)
        save(f"{folder}/{name}.{frame}.exr", Image(planes, WINDOW, FORMAT), list(planes), True)
    return f"{folder}/{name}.%04d.exr"


def matte(folder, frames=range(1001, 1004)):
    """A soft-edged box that moves one pixel a frame."""
    w, h = WINDOW[2:]
    for number, frame in enumerate(frames):
        alpha = np.zeros((h, w), np.float32)
        alpha[12:20, 15 + number : 30 + number] = 0.5
        alpha[13:19, 16 + number : 29 + number] = 1.0
        save(f"{folder}/matte.{frame}.exr", Image({"rgba.alpha": alpha}, WINDOW, FORMAT),
             ["rgba.alpha"], True)  # fmt: skip
    return f"{folder}/matte.%04d.exr"


def read(host, path, frames=(1001, 1003)):
    node = host.module.nodes.Read(file=path, raw=True)
    node["first"].setValue(frames[0])
    node["last"].setValue(frames[1])
    return node


def until(host, node, seconds=300):
    """Run the event loop until the node renders no more; its status."""
    session = sys.modules["backlot_nuke.session"].session
    end = time.monotonic() + seconds
    while node["backlot_id"].value() in session.runs:
        assert time.monotonic() < end, node["status"].value()
        host.pump(0.05)
    assert not host.log, host.log
    return node["status"].value()


@pytest.fixture(scope="session")
def tool_server():
    """A server that also has the test's own tool."""
    server = RunningServer(env={"PYTHONPATH": str(TOOLS)})
    yield server
    server.close()


@pytest.fixture
def linked(tool_server, monkeypatch, tmp_path):
    """The plugin finds this Backlot and that server."""
    monkeypatch.setenv("BACKLOT", sys.executable)
    monkeypatch.setenv("BACKLOT_RUNTIME", str(tool_server.folder))
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "home"))
    return tool_server


def kill(pid):
    os.kill(pid, signal.SIGKILL)


@pytest.fixture
def comp(nuke, linked, tmp_path):
    from .comps import Comp

    return lambda kind="AIPaint", **how: Comp(nuke(**how), tmp_path, kind)
