"""The add-on in a full Blender: a window driven by clicks, and the command line of a farm."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import INSIDE, ROOT, run_inside

pytestmark = pytest.mark.slow


@pytest.fixture
def blender():
    found = shutil.which(os.environ.get("BACKLOT_BLENDER", "blender"))
    if found is None:
        pytest.skip("There is no Blender here: apt-get install blender python3-numpy")
    return found


def test_a_window_is_worked_by_clicks(blender, packages, place):
    """Written for the layout of Blender 3.4; the pictures are left in build/blender-window."""
    if shutil.which("xvfb-run") is None:
        pytest.skip("There is no Xvfb here: apt-get install xvfb xauth")
    said = subprocess.run([blender, "--version"], capture_output=True, text=True, check=True)
    if not said.stdout.startswith("Blender 3.4"):
        pytest.skip("The clicks are meant for Blender 3.4")
    shots = ROOT / "build/blender-window"
    shutil.rmtree(shots, ignore_errors=True)
    shots.mkdir(parents=True)
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1600x900x24 +extension GLX"]
    window = ["-p", "0", "0", "1600", "900", "--enable-event-simulate", "--python-exit-code", "7"]
    command = [
        *screen,
        blender,
        "--factory-startup",
        *window,
        "--python",
        str(INSIDE / "window.py"),
    ]
    folder, environment = place
    software = (folder, {**environment, "LIBGL_ALWAYS_SOFTWARE": "1"})
    passed, _ = run_inside(command, software, packages[1], str(shots), seconds=120)
    assert passed == ["window"]
    assert len(list(shots.glob("*.png"))) == 8


def test_a_renders_passes_guide_the_fill(blender, packages, place):
    command = [blender, "-b", "--factory-startup", "--python", str(INSIDE / "passes.py")]
    passed, _ = run_inside(command, place, packages[1], seconds=500)
    assert passed == ["passes_tell_where_the_camera_went"]


def test_the_command_line_of_a_farm_waits_for_the_result(blender, packages, place):
    folder, environment = place
    command = [blender, "-b", "--factory-startup", "--python", str(INSIDE / "farm.py")]
    passed, _ = run_inside(command, place, packages[1])
    assert passed == ["saved"]
    scratch = folder / "scratch"

    def on_command_line(*arguments):
        command = [blender, "-b", str(scratch / "farm.blend"), *arguments]
        out = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert out.returncode == 0, out.stdout + out.stderr

    expression = "import bpy; bpy.ops.backlot.process(group='Backlot Upscale', whole_range=True)"
    on_command_line("--python-expr", expression)
    takes = scratch / "backlot/Backlot_Upscale/v001"
    assert sorted(path.name for path in takes.glob("result.*.exr")) == [
        "result.0001.exr",
        "result.0002.exr",
    ]
    on_command_line("-f", "2")
    assert (scratch / "render/backlot/upscale/v001/shot_0002.exr").exists()
    assert not Path(scratch / "render/shot_0001.exr").exists()
