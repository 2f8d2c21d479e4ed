"""The command line as a process of its own, with the test's server and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.plates import write_shot


@dataclass
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def json(self) -> dict[str, Any]:
        (event,) = self.events
        return event


@dataclass
class CommandLine:
    """Runs `backlot` with arguments; paths are relative to `folder`."""

    folder: Path
    runtime: Path

    def environment(self, **more: str) -> dict[str, str]:
        own = {
            "BACKLOT_RUNTIME": str(self.runtime),
            "BACKLOT_HOME": str(self.folder / "home"),
            "COLUMNS": "80",
        }
        return {**os.environ, **own, **more}

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "backlot", *words],
            cwd=self.folder,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str, **more: str) -> Said:
        process = self.start(*words, **more)
        out, err = process.communicate(timeout=300)
        assert "Traceback" not in err, err
        return Said(process.returncode, out, err)


@pytest.fixture
def cli(tmp_path: Path, shared_server) -> CommandLine:
    """The command line beside the shared server, with a shot of six frames."""
    write_shot(tmp_path, range(1001, 1007))
    return CommandLine(tmp_path, shared_server.folder)


@pytest.fixture
def alone(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """The command line on a machine where no server runs and none ever ran."""
    import shutil
    import tempfile

    runtime = Path(tempfile.mkdtemp(prefix="backlot-"))
    write_shot(tmp_path, range(1, 4))
    line = CommandLine(tmp_path, runtime)
    yield line
    line("stop")
    shutil.rmtree(runtime, ignore_errors=True)
