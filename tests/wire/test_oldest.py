"""Old and new gRPC and protobuf understand each other, in both directions, on one machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.xdist_group("oldest")

CLIENT = """
import google.protobuf, grpc, numpy as np, sys
import backlot
source = np.random.default_rng(5).normal(0, 3, (41, 53, 4)).astype(np.float16)
for transport in ("shared", "stream"):
    with backlot.connect(start=False, transport=transport) as studio:
        frame = backlot.Frame(source, number=-7)
        back = studio.run("passthrough", source=frame)
        assert back.number == -7 and (back.pixels.view("u2") == source.view("u2")).all()
        assert "passthrough" in studio.tools() and studio.status().pid
print(grpc.__version__, google.protobuf.__version__)
"""


def run(python, runtime, *command):
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "core"), str(ROOT / "server")]),
        "BACKLOT_RUNTIME": str(runtime),
        "PYTHONWARNINGS": "error",
    }
    return subprocess.Popen(
        [str(python), *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("direction", ["old client, new server", "new client, old server"])
def test_frames_travel_between_versions(direction, oldest, tmp_path):
    client, server = sys.executable, sys.executable
    if direction.startswith("old client"):
        client = oldest
    else:
        server = oldest
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    serving = run(server, runtime, "-W", "default", "-m", "backlot_server", "--runtime", runtime)
    try:
        for _ in range(600):
            if (runtime / "server.json").exists() or serving.poll() is not None:
                break
            try:
                serving.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        asked = run(client, runtime, "-c", CLIENT)
        out, err = asked.communicate(timeout=60)
        assert asked.returncode == 0, err
        assert out.startswith("1.62.3 4.25" if client == oldest else "1."), out
    finally:
        serving.terminate()
        serving.communicate(timeout=30)
