"""The pages that say how to add a tool, an engine and a host are followed to the letter."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent


def python_block(page):
    return re.search(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S)[1]


def with_added_file(tmp_path, folder, name, code):
    """An environment in which the server package has one file more."""
    package = tmp_path / "server" / "backlot_server"
    shutil.copytree(
        ROOT / "server" / "backlot_server", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / folder / name).write_text(code)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    path = os.pathsep.join([str(package.parent), str(ROOT / "core")])
    return os.environ | {
        "PYTHONPATH": path,
        "BACKLOT_RUNTIME": str(runtime),
        "BACKLOT_HOME": str(tmp_path / "home"),
    }


def backlot(environment, *arguments):
    return subprocess.run(
        [sys.executable, "-c", "import backlot.cli; backlot.cli.main()", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_new_tool_is_one_file_and_appears_in_the_command_line(tmp_path):
    from backlot import media
    from backlot.frame import DATA, Frame

    rng = np.random.default_rng(3)
    plate = rng.normal(0.5, 1.0, (20, 30, 3)).astype(np.float16)
    matte = np.zeros((20, 30, 1), np.float16)
    matte[5:12, 6:20] = 1
    for number in (1, 2):
        media.write(tmp_path / f"plate.{number:04d}.exr", Frame(plate, number=number))
        media.write(
            tmp_path / f"roto.{number:04d}.exr",
            Frame(matte, channels=("A",), meaning=DATA, number=number),
        )
    environment = with_added_file(tmp_path, "tools", "soften.py", python_block("add-a-tool.md"))
    try:
        done = backlot(
            environment,
            "soften",
            str(tmp_path / "plate.####.exr"),
            "--matte",
            str(tmp_path / "roto.####.exr"),
            "--strength",
            "0.5",
            "--out",
            str(tmp_path / "soft.####.exr"),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        helped = backlot(environment, "soften", "--help")
        assert "--strength" in helped.stdout
    finally:
        backlot(environment, "stop")
    soft = media.read(tmp_path / "soft.0002.exr").pixels
    inside = matte[:, :, 0] > 0
    assert (soft[~inside].view(np.uint16) == plate[~inside].view(np.uint16)).all()
    assert np.std(soft[inside].astype(float)) < 0.8 * np.std(plate[inside].astype(float))


def test_a_new_engine_is_one_file(tmp_path):
    environment = with_added_file(
        tmp_path, "engines", "nearest.py", python_block("add-an-engine.md")
    )
    code = """
import numpy as np
from types import SimpleNamespace
from backlot_server.engines import nearest
assert nearest.available() == ""
network = nearest.load(SimpleNamespace(name="x2", scale=2), "none.nearest")
batch = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2)
out = network(batch)
assert out.shape == (1, 3, 4, 4) and out.dtype == np.float32 and network.label
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["add-a-host.md"])
def test_a_host_with_its_own_python_talks_to_the_server(page, runtime, capsys):
    exec(compile(python_block(page), page, "exec"), {})
    assert "upscale" in capsys.readouterr().out
