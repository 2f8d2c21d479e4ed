"""The server of this machine and user: find it, start it, stop it.

It is found through one small file, `server.json`, in a folder that only this user can enter. Where
BACKLOT_REMOTE names the `remote.json` of a server on another machine, that one is used instead.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import Denied, InvalidInput, ServerUnavailable

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens.

    address: "unix:/path" or "127.0.0.1:port"; of another machine "host:port".
    pid: 0 on another machine. certificate: PEM, that which another machine's server must show.
    """

    address: str
    token: str
    pid: int
    protocol: int
    certificate: str = ""


def runtime_dir() -> Path:
    """The folder of the endpoint file, the socket and the log. Not made here."""
    if own := os.environ.get("BACKLOT_RUNTIME"):
        return Path(own)
    if session := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(session) / "backlot"
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"backlot-{user}"


def find() -> Endpoint | None:
    """The running server; None when there is none. A file left by a dead one counts as none.

    One on another machine counts as running: whether it answers is known when it is called.
    Raises: Denied when the folder belongs to somebody else, InvalidInput for a BACKLOT_REMOTE
    that is no file of a server.
    """
    if named := os.environ.get("BACKLOT_REMOTE"):
        return _remote(Path(named))
    path = runtime_dir() / "server.json"
    try:
        owner = path.parent.stat().st_uid
        fields = json.loads(path.read_text())
        endpoint = Endpoint(
            str(fields["address"]),
            str(fields["token"]),
            int(fields["pid"]),
            int(fields["protocol"]),
        )
    except PermissionError:
        raise _foreign(path.parent) from None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if hasattr(os, "getuid") and owner != os.getuid():
        raise _foreign(path.parent)
    return endpoint if _alive(endpoint.pid) else None


def start(idle: float | None = None) -> Endpoint:
    """The running server, started when there is none.

    idle: seconds without work after which it ends by itself; None: its own default.
    Raises: ServerUnavailable with the server's own last words when it does not come up.
    """
    endpoint = find()
    if endpoint is not None:
        return endpoint
    folder = runtime_dir()
    command = [sys.executable, "-m", "backlot_server", "--runtime", str(folder)]
    if idle is not None:
        command += ["--idle", str(idle)]
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
            start_new_session=True,
        )
        for _ in _until(_START_SECONDS):
            endpoint = find()
            if endpoint is not None:
                return endpoint
            if process.poll() is not None:
                # Another client may have started one at the same moment: then ours gave way.
                for _ in _until(_START_SECONDS / 4 if process.returncode == 0 else 1.0):
                    if (endpoint := find()) is not None:
                        return endpoint
                break
        words.seek(0)
        said = words.read().decode(errors="replace").strip()
    raise ServerUnavailable(
        "The Backlot server did not start." + (f" It said: {said[-400:]}" if said else ""),
        "Run `backlot doctor` to see what is missing, or `backlot serve` to watch it start.",
    )


def stop() -> bool:
    """End the running server and wait until it is gone; False when there was none.

    Raises: InvalidInput for one on another machine, ServerUnavailable when it does not end.
    """
    endpoint = find()
    if endpoint is None:
        return False
    if endpoint.certificate:
        raise InvalidInput(
            f"The server at {endpoint.address} is another machine's.",
            "End it there, or unset BACKLOT_REMOTE to use this machine's own.",
        )
    os.kill(endpoint.pid, signal.SIGTERM)
    for _ in _until(_STOP_SECONDS):
        if not _alive(endpoint.pid):
            return True
    raise ServerUnavailable(
        f"The Backlot server (process {endpoint.pid}) does not end.",
        "End that process by hand; no finished frame is lost.",
    )


def _remote(path: Path) -> Endpoint:
    try:
        fields = json.loads(path.read_text())
        return Endpoint(
            str(fields["address"]),
            str(fields["token"]),
            0,
            int(fields["protocol"]),
            str(fields["certificate"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that is no remote.json"
        raise InvalidInput(
            f"BACKLOT_REMOTE names {path}: {reason}.",
            "Name the remote.json from the folder of the server that listens for other machines, "
            "or unset it to use this machine's own.",
        ) from error


def _until(seconds: float) -> Iterator[None]:
    """Steps of a few milliseconds, growing, until the time is over."""
    end = time.monotonic() + seconds
    pause = 0.005
    while time.monotonic() < end:
        yield
        time.sleep(pause)
        pause = min(0.1, pause * 1.3)


def _alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet waited for does not."""
    if os.name == "nt":
        return True  # there, os.kill(pid, 0) would end it; a dead server shows when called
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def _foreign(folder: Path) -> Denied:
    return Denied(
        f"The folder {folder} belongs to another user.",
        "Set BACKLOT_RUNTIME to a folder of your own, or ask that user to remove theirs.",
    )
