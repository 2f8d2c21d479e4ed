"""The add-on inside real Blender without a window, through a real server."""

import ast
import json
import shutil
import subprocess
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from benchmarks import shot_metrics as metrics
from plugins.blender import build

from .conftest import INSIDE, SCRIPTS, run_inside


def need(bpy_python):
    if not bpy_python:
        pytest.skip("Blender's Python module is not here: `make bpy` installs it")


@contextmanager
def full_disk(folder):
    """A disk that holds 64 KiB, as a folder's path; "" where this user cannot mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        yield ""
        return
    try:
        yield str(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def expected(script):
    """The checks that a script has in its call of main()."""
    tree = ast.parse((INSIDE / f"{script}.py").read_text())
    call = tree.body[-1].value
    return [argument.id for argument in call.args]


@pytest.mark.parametrize("script", SCRIPTS)
def test_inside_blender(bpy_python, script, packages, place):
    need(bpy_python)
    command = [bpy_python, str(INSIDE / f"{script}.py")]
    with full_disk(place[0] / "full") as disk:
        place[1]["BACKLOT_FULL_DISK"] = disk
        passed, _ = run_inside(command, place, packages[0])
    assert passed == expected(script)
    if script == "nodes":
        folder, environment = place
        bare = {**environment, "BLENDER_USER_RESOURCES": str(folder / "bare")}
        command = [bpy_python, str(INSIDE / "plain.py")]
        passed, _ = run_inside(command, (folder, bare), packages[0])
        assert passed == expected("plain")


def test_blender_ends_by_itself_with_the_add_on(bpy_python, packages, place):
    """Some versions hang or crash when a handler or timer of Python's is still there."""
    need(bpy_python)
    passed, _ = run_inside([bpy_python, str(INSIDE / "leave.py")], place, packages[0], seconds=60)
    assert passed == ["leaving"]


@pytest.mark.slow
def test_a_shot_in_the_compositor(bpy_python, packages, place):
    need(bpy_python)
    command = [bpy_python, str(INSIDE / "shot.py")]
    passed, _ = run_inside(command, place, packages[0], seconds=280)
    assert passed == expected("shot")


@pytest.mark.slow
def test_a_renders_passes_guide_the_fill(bpy_python, packages, place):
    need(bpy_python)
    command = [bpy_python, str(INSIDE / "passes.py")]
    passed, _ = run_inside(command, place, packages[0], seconds=500)
    assert passed == expected("passes")


@pytest.mark.slow
def test_a_figure_is_removed_over_a_shot_and_the_render_is_the_clean_plate(
    bpy_python, packages, place
):
    """In the hole, against the truth: what a user would see as removed, not as smeared."""
    need(bpy_python)
    shot = build.ROOT / "examples" / "shots" / "pan"
    folder, environment = place
    environment["BACKLOT_SHOT"] = str(shot)
    command = [bpy_python, str(INSIDE / "clean.py")]
    passed, _ = run_inside(command, place, packages[0], seconds=500)
    assert passed == expected("clean")
    truth = metrics.Shot.load(shot)
    rendered = [
        metrics.read(folder / "scratch" / f"clean_{camera['frame']}.exr")[..., :3]
        for camera in truth.cameras
    ]
    scores = metrics.likeness(truth, rendered)
    assert scores["revealed"] > 33, scores
    assert scores["worst"] > 28, scores
    for hole, frame, plate in zip(truth.holes, rendered, truth.plates, strict=True):
        assert np.array_equal(frame[~hole], plate[~hole])


def test_blenders_own_validator_accepts_the_package(bpy_python, packages):
    need(bpy_python)
    site = Path(bpy_python).parent.parent
    inside = "lib/python*/site-packages/bpy/*/scripts/*/bl_pkg/cli/blender_ext.py"
    validator = next(site.glob(inside))
    out = subprocess.run(
        [bpy_python, str(validator), "validate", str(packages[0])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert out.returncode == 0, out.stdout + out.stderr


def test_the_package_holds_what_it_needs_and_nothing_else(packages):
    extension, legacy = (zipfile.ZipFile(path) for path in packages)
    names = set(extension.namelist())
    assert {
        "__init__.py",
        "blender_manifest.toml",
        "LICENSE",
        "host/link.py",
        "tools.json",
    } <= names
    assert not any("__pycache__" in name or name.endswith((".pyc", ".so")) for name in names)
    assert {"backlot_blender/" + name for name in names} == set(legacy.namelist())
    assert "GNU GENERAL PUBLIC LICENSE" in extension.read("LICENSE").decode()
    told = json.loads(extension.read("tools.json"))["tools"]
    assert "upscale" in [spec["name"] for spec in told]


def test_two_builds_of_the_same_are_the_same(packages, tmp_path):
    told = json.loads(zipfile.ZipFile(packages[0]).read("tools.json"))["tools"]
    again = build.build(tmp_path, told)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in packages]


def test_no_control_of_a_tool_is_written_into_the_plugin():
    """A new tool or parameter appears by itself: no module may know one by name."""
    for path in build.PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in ("upscale", "fill", "grow", "feather", "scale"), path.name
