"""The plugin in the Python of every Nuke: 3.7 (13), 3.9 (14), 3.10 (15), 3.11 (16), and newer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import plate

ROOT = Path(__file__).resolve().parents[2]


def pythons():
    """Version -> Python, as far as there are any: this one always."""
    mine = "{}.{}".format(*sys.version_info)
    found = {mine: sys.executable}
    for folder in sorted(Path.home().glob(".pyenv/versions/3.*")):
        version = ".".join(folder.name.split(".")[:2])
        python = folder / "bin/python"
        if version in ("3.7", "3.9", "3.10", "3.13") and python.exists():
            found.setdefault(version, str(python))
    return found


@pytest.mark.parametrize("version", pythons())
def test_a_range_in_that_python(plugin, linked, tmp_path, version):
    path = plate(tmp_path / "plates", (1001, 1002))
    command = [pythons()[version], str(Path(__file__).parent / "inside/plain.py")]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    ran = subprocess.run(
        [*command, str(ROOT), str(plugin), path, str(tmp_path)],
        env=environment, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert ran.stdout.endswith("passed\n"), ran.stdout + ran.stderr[-3000:]


@pytest.mark.parametrize("version", pythons())
def test_every_file_compiles_in_that_python(plugin, tmp_path, version):
    command = "import sys, compileall; sys.exit(not compileall.compile_dir(sys.argv[1], quiet=1))"
    run = [pythons()[version], "-c", command, str(plugin)]
    subprocess.run(
        run, check=True, timeout=60, env={**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}
    )
