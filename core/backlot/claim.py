"""Who works on which frames of a take: byte-range locks on one file beside it.

Frame n is byte n + 2**31 of the lock file, which stays empty. The system drops the locks when
their process ends, however it ends. Two runs may work on one take at once as long as they make
different frames, which is what the chunks of a farm job do.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .atomic import cannot_write
from .errors import CannotWrite, InvalidInput

_FIRST = 2**31
_MANIFEST = 0


class Claim:
    """The frames of one take that this run makes; a context manager.

    path: of the lock file, made when it is not there and removed by the last run.
    Raises, on entering: InvalidInput when another run, in this process or elsewhere, makes one
    of the frames; CannotWrite when the folder cannot be written.
    """

    def __init__(self, path: Path, frames: Sequence[int]) -> None:
        self.path = path
        self.frames = frozenset(frames)
        self._file: _LockFile | None = None

    def __enter__(self) -> Claim:
        with _registry_lock:
            file = _registry.get(self.path) or _LockFile(self.path)
            taken = file.take(self.frames)
            if taken is not None:
                if not file.claims:
                    file.close()
                raise InvalidInput(
                    f"Frame {taken} of this take is being made by another run.",
                    "Wait for it, stop it, or give another range or output.",
                )
            file.claims.append(self)
            _registry[self.path] = file
        self._file = file
        return self

    def __exit__(self, *failure: object) -> None:
        assert self._file is not None
        with _registry_lock:
            self._file.claims.remove(self)
            self._file.release(self.frames)
            if not self._file.claims:
                del _registry[self.path]
                self._file.close()

    @contextmanager
    def manifest(self) -> Iterator[None]:
        """Nobody else reads or writes the manifest inside this block."""
        assert self._file is not None
        with self._file.manifest:
            self._file.wait(_MANIFEST)
            try:
                yield
            finally:
                self._file.unlock(_MANIFEST)


class _LockFile:
    """One open lock file. A process must open it once: closing it drops all its locks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.claims: list[Claim] = []
        self.manifest = threading.Lock()
        self.fd = self._open()

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                name = self.path.name.removeprefix(".").removesuffix(".backlot.lock")
                raise cannot_write(Path(name), error) from error
            raise CannotWrite(
                f"The folder {self.path.parent} cannot be written: {error.strerror}.",
                "Give write permission there, or choose another output.",
            ) from error

    def take(self, frames: frozenset[int]) -> int | None:
        """Lock all these frames; or none, and return one that somebody else has."""
        for claim in self.claims:
            if common := claim.frames & frames:
                return min(common)
        while True:
            held: list[int] = []
            for number in sorted(frames):
                if not _lock(self.fd, _FIRST + number, wait=False):
                    self.release(frozenset(held))
                    return number
                held.append(number)
            if self._still_there():
                return None
            # The last run of another process removed the file between our opening and locking.
            os.close(self.fd)
            self.fd = self._open()

    def release(self, frames: frozenset[int]) -> None:
        for number in frames:
            self.unlock(_FIRST + number)

    def wait(self, offset: int) -> None:
        _lock(self.fd, offset, wait=True)

    def unlock(self, offset: int) -> None:
        _unlock(self.fd, offset)

    def close(self) -> None:
        """Close the file; remove it when no other process holds a lock on it."""
        with suppress(OSError):
            if _alone(self.fd) and self._still_there():
                self.path.unlink()
        os.close(self.fd)

    def _still_there(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self.fd), os.stat(self.path))
        except OSError:
            return False


_registry: dict[Path, _LockFile] = {}
_registry_lock = threading.Lock()

if sys.platform == "win32":
    import msvcrt
    import time

    def _lock(fd: int, offset: int, wait: bool) -> bool:
        while True:
            os.lseek(fd, offset, os.SEEK_SET)
            try:
                msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
                return True
            except OSError:
                if not wait:
                    return False
                time.sleep(0.01)

    def _unlock(fd: int, offset: int) -> None:
        os.lseek(fd, offset, os.SEEK_SET)
        with suppress(OSError):
            msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

    def _alone(fd: int) -> bool:
        return True  # Windows itself refuses to remove a file that others have open

else:
    import fcntl

    def _lock(fd: int, offset: int, wait: bool) -> bool:
        """False when somebody else has it. On a disk that knows no locks: True."""
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), 1, offset)
        except OSError as error:
            return error.errno not in (errno.EACCES, errno.EAGAIN)
        return True

    def _unlock(fd: int, offset: int) -> None:
        with suppress(OSError):
            fcntl.lockf(fd, fcntl.LOCK_UN, 1, offset)

    def _alone(fd: int) -> bool:
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 0, 0)
        except OSError:
            return False
        return True
