"""An environment with the oldest gRPC and protobuf that Backlot supports."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def oldest():
    """The interpreter of .cache/oldest, made on first use from requirements/oldest.txt."""
    lock = ROOT / "requirements" / "oldest.txt"
    home = ROOT / ".cache" / "oldest"
    python = home / "bin" / "python"
    ready = home / ".ready"
    if not ready.exists() or ready.read_text() != lock.read_text():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        installed = subprocess.run(
            [python, "-m", "pip", "install", "-q", "--require-hashes", "-r", lock],
            capture_output=True,
            text=True,
        )
        if installed.returncode:
            pytest.skip(f"the oldest versions cannot be installed: {installed.stderr[-200:]}")
        ready.write_text(lock.read_text())
    return python
