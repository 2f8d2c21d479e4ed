"""Plugins are put into place and taken out by name, and never touch what is not theirs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def backlot(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import sys, backlot.cli; sys.exit(backlot.cli.main())", *words],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "BACKLOT_RUNTIME": str(home / "run")},
        capture_output=True,
        text=True,
        timeout=120,
    )


def files(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("host", ["nuke", "resolve"])
def test_install_and_uninstall_leave_a_home_as_it_was(host: str, tmp_path: Path) -> None:
    own = tmp_path / ".nuke" / "init.py"
    own.parent.mkdir()
    own.write_text("print('mine')\n")
    before = files(tmp_path)

    would = backlot(tmp_path, "install", host, "--dry-run")
    assert would.returncode == 0, would.stderr
    assert would.stdout.strip()
    assert files(tmp_path) == before

    done = backlot(tmp_path, "install", host, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["done"]
    assert files(tmp_path) > before
    assert "print('mine')\n" in own.read_text()

    gone = backlot(tmp_path, "uninstall", host)
    assert gone.returncode == 0, gone.stderr
    assert files(tmp_path) == before
    assert own.read_text() == "print('mine')\n"


def test_an_unknown_host_is_named_with_those_there_are(tmp_path: Path) -> None:
    done = backlot(tmp_path, "install", "flame")
    assert done.returncode == 2
    assert "nuke, resolve" in done.stderr


def test_the_doctor_says_what_is_in_the_way_of_resolve(tmp_path: Path) -> None:
    done = backlot(tmp_path, "doctor", "resolve", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert any("Resolve" in finding["cure"] for finding in found["findings"])
