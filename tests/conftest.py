"""Shared by all tests: a server of the test's own, which never meets anybody else's."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from backlot.local import Endpoint

# A first example may wait for a compiler or a server on a busy machine.
settings.register_profile("backlot", deadline=None)
settings.load_profile("backlot")


@pytest.fixture(scope="session", autouse=True)
def _own() -> Iterator[None]:
    """Nobody's settings, networks or server but the tests' own are met."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(prefix="backlot-") as folder,
    ):
        patch.setenv("BACKLOT_HOME", f"{folder}/home")
        patch.setenv("BACKLOT_RUNTIME", f"{folder}/run")
        patch.delenv("BACKLOT_REMOTE", raising=False)
        yield


class RunningServer:
    """A server process in a folder of its own, or in the `home` of one that was killed."""

    def __init__(
        self,
        *arguments: str,
        env: dict[str, str] | None = None,
        home: Path | None = None,
        idle: int = 120,
    ) -> None:
        # Short, because a socket's path must be: pytest's own folders are too deep.
        self.home = home or Path(tempfile.mkdtemp(prefix="backlot-"))
        self.folder = self.home / "run"
        command = [sys.executable, "-m", "backlot_server", "--runtime", str(self.folder)]
        self.process = subprocess.Popen(
            [*command, "--idle", str(idle), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        self.endpoint = self._found()

    def _found(self) -> Endpoint:
        file = self.folder / "server.json"
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                fields = json.loads(file.read_text())
                fields.pop("build")
                if fields["pid"] == self.process.pid:
                    return Endpoint(**fields)
            time.sleep(0.02)
        self.close()
        raise AssertionError(f"The server did not start: {self.process.communicate()}")

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def stop(self) -> int:
        """End it as a user does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_server() -> Iterator[RunningServer]:
    """One server for all tests of a process that only use it and leave it as it was.

    The minutes-long tests of others lie between its uses, so it waits longer than they take.
    """
    server = RunningServer(idle=1800)
    yield server
    server.close()


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """A server for this test alone, which may do to it what it likes."""
    server = RunningServer()
    yield server
    server.close()


@pytest.fixture
def endpoint(shared_server: RunningServer) -> Endpoint:
    """Where the shared server listens: `backlot.connect(endpoint=endpoint)`."""
    return shared_server.endpoint


@pytest.fixture
def runtime(shared_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared server's folder, in the environment: what `backlot.local` and the CLI find."""
    monkeypatch.setenv("BACKLOT_RUNTIME", str(shared_server.folder))
    return shared_server.folder
