"""Nothing leaves the machine: no engine reports to its maker, no process of ours opens a socket
to anywhere but the server's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

import backlot

WORK = """
import sys
import numpy as np
from backlot_server import models, networks

attempts = []
sys.addaudithook(lambda event, args: attempts.append(event) if event == "socket.connect" else None)
card = models.find("clean-x2-fast")
for name, engine in networks.all_engines().items():
    if not engine.available():
        network = engine.load(card, str(models.verify(card)))
        assert network(np.zeros((1, 3, 16, 16), np.float32)).shape == (1, 3, 32, 32)
        print(name)
import multiprocessing
assert not multiprocessing.active_children()
assert not attempts, attempts
"""


def test_loading_and_running_engines_reports_nothing(tmp_path: Path) -> None:
    """Both libraries leave an identifier in the home folder where they report."""
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for name in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED", "CI"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", WORK], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert {"onnx", "openvino"} <= set(done.stdout.split())
    left = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in left if "Microsoft" in name or name.startswith("intel")], left


@pytest.mark.skipif(sys.platform == "win32", reason="the server listens on loopback there")
def test_a_working_server_has_no_connection_to_anywhere(server) -> None:
    with backlot.connect(endpoint=server.endpoint) as studio:
        studio.run("upscale", source=backlot.Frame(np.zeros((32, 32, 3), np.float16)), scale=2)
        front = psutil.Process(server.process.pid)
        for process in (front, *front.children(recursive=True)):
            assert process.net_connections(kind="inet") == [], process.cmdline()
