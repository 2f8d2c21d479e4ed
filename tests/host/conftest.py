"""Pythons of the applications, as far as this machine has them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

VERSIONS = ("3.7", "3.9", "3.10", "3.11", "3.13")


def find_python(version):
    """An interpreter of that version, on the path or among pyenv's; None when there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python"))
    for candidate in (shutil.which(f"python{version}"), *map(str, kept)):
        if candidate and _is(candidate, version):
            return candidate
    return None


def _is(python, version):
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    out = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return out.stdout.strip() == version


@pytest.fixture(params=VERSIONS)
def host_python(request):
    python = find_python(request.param)
    if python is None:
        pytest.skip(f"Python {request.param} is not installed here")
    return python
