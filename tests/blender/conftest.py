"""Blender as a Python module, as far as it is installed, and the built package.

`make bpy` puts Blender's own wheels into .cache/bpy-VERSION; BACKLOT_BPY_PYTHON names another
Python that has bpy. Without either, these tests are skipped.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from plugins.blender import build

ROOT = Path(__file__).resolve().parents[2]
INSIDE = Path(__file__).parent / "inside"
SCRIPTS = ("character", "faults", "files", "image", "nodes")


def wheels():
    """Version -> Python, the version that `make test` uses first."""
    if own := os.environ.get("BACKLOT_BPY_PYTHON"):
        return {"own": own}
    found = {}
    for folder in sorted((ROOT / ".cache").glob("bpy-*")):
        python = folder / "bin/python"
        if python.exists():
            found[folder.name.removeprefix("bpy-")] = str(python)
    return dict(sorted(found.items(), key=lambda each: not each[0].startswith("4.5")))


def pytest_generate_tests(metafunc):
    """The first version runs always, the others with the slow ones."""
    if "bpy_python" in metafunc.fixturenames:
        known = wheels() or {"none": ""}
        metafunc.parametrize(
            "bpy_python",
            [
                pytest.param(python, id=version, marks=pytest.mark.slow if number else ())
                for number, (version, python) in enumerate(known.items())
            ],
        )


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """(extension, legacy add-on)."""
    return build.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture
def place():
    """Folders of this run alone, short enough for a socket, and the environment to use them.

    Whatever server was started in there is ended.
    """
    folder = Path(tempfile.mkdtemp(prefix="backlot-"))
    environment = {
        **os.environ,
        "BACKLOT_RUNTIME": str(folder / "run"),
        "BACKLOT_HOME": str(folder / "home"),
        "BLENDER_USER_RESOURCES": str(folder / "user"),
        "HOME": str(folder / "home"),
    }
    for name in ("run", "home", "user", "scratch"):
        (folder / name).mkdir(mode=0o700)
    yield folder, environment
    stop = [sys.executable, "-c", "import backlot.local; backlot.local.stop()"]
    subprocess.run(stop, env=environment, check=True, timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


def run_inside(command, place, package, *more, seconds=400):
    """Run a script inside Blender; the names of the checks that it passed, and its output."""
    folder, environment = place
    arguments = [str(package), sys.executable, str(folder / "scratch"), *more]
    process = subprocess.Popen(
        [*command, "--", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        pytest.fail(f"Blender did not end in {seconds} s:\n{said[-3000:]}")
    assert process.returncode == 0, said[-5000:]
    return re.findall(r"^passed (\w+)$", said, re.MULTILINE), said
