"""The runtime folder: this user's own, one server in it, found through its endpoint file.

A server that listens for other machines writes `remote.json` there, too: what a client on another
machine is given (BACKLOT_REMOTE). It stays when the server ends, and with it the token.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from pathlib import Path
from typing import IO

from backlot import PROTOCOL
from backlot.errors import Denied, Unsupported

_LONGEST_SOCKET_PATH = 100
_TOKEN_DIGITS = 64


class AlreadyRunning(Exception):
    """Another server holds the folder."""


class Runtime:
    """A folder that nobody else can enter, and its lock.

    Raises: Denied when it is not this user's own, AlreadyRunning.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        _check_ours(folder)
        self._lock = _lock(folder / "server.lock")
        self.remove_endpoint()

    @property
    def socket(self) -> Path:
        """Raises: Unsupported when the path is too long for a socket."""
        path = self.folder / "server.sock"
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            raise Unsupported(
                f"The path {path} is too long for a socket.",
                "Set BACKLOT_RUNTIME to a folder with a shorter path.",
            )
        return path

    def write_endpoint(self, **fields: object) -> None:
        """For clients to find the server; there or not, never in part."""
        self._write("server.json", fields)

    def write_remote(self, address: str, token: str, certificate: str) -> None:
        """For clients on other machines: address is "host:port" as they name it."""
        fields = {"address": address, "token": token, "protocol": PROTOCOL}
        self._write("remote.json", {**fields, "certificate": certificate})

    def token(self, remote: bool) -> str:
        """A new secret, 256 bits in hex; with remote the one that other machines were given."""
        if remote:
            try:
                known = str(json.loads((self.folder / "remote.json").read_text())["token"])
            except (OSError, ValueError, KeyError, TypeError):
                known = ""
            if len(known) == _TOKEN_DIGITS:
                return known
        return secrets.token_hex(_TOKEN_DIGITS // 2)

    def _write(self, name: str, fields: dict[str, object]) -> None:
        temporary = self.folder / f"{name}.part"
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as file:
            json.dump(fields, file)
        os.replace(temporary, self.folder / name)

    def remove_endpoint(self) -> None:
        for name in ("server.json", "server.json.part", "server.sock"):
            (self.folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        self.remove_endpoint()
        self._lock.close()


def _check_ours(folder: Path) -> None:
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise Denied(f"{folder} is not a folder.", "Remove it, or set BACKLOT_RUNTIME.")
    if not hasattr(os, "getuid"):
        return
    if found.st_uid != os.getuid():
        raise Denied(
            f"The folder {folder} belongs to another user.",
            "Set BACKLOT_RUNTIME to a folder of your own, or ask that user to remove theirs.",
        )
    if found.st_mode & 0o077:
        raise Denied(
            f"Other users can enter the folder {folder}.",
            f"Close it to them: chmod 700 {folder}",
        )


def _lock(path: Path) -> IO[bytes]:
    file = open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise AlreadyRunning from None
    return file
