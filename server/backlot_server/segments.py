"""Pieces of memory that other processes can map: the only file that knows how a system shares.

Linux: a sealed memfd, which nobody can shrink under us and which is gone with its last user.
Elsewhere: a file in the runtime folder, which `clear` removes after a server that was killed.
In both the space is allocated at once: a full disk or memory is an error here, not a SIGBUS later.
"""

from __future__ import annotations

import errno
import itertools
import mmap
import os
from collections.abc import Callable
from pathlib import Path

from backlot.errors import OutOfMemory
from backlot.v1 import backlot_pb2 as pb

_SUFFIX = ".frame"
_BLOCK = 1 << 20
_F_ADD_SEALS = 1033
_F_SEAL_SEAL, _F_SEAL_SHRINK, _F_SEAL_GROW = 1, 2, 4
_ids = itertools.count(1)


class Segment:
    """One piece of memory. `id` never repeats in this process."""

    def __init__(self, fd: int, size: int, path: Path | None) -> None:
        self.id = next(_ids)
        self.bytes = size
        self.generation = 0
        self._fd, self._path = fd, path

    def message(self) -> pb.Segment:
        """Where to map it."""
        if self._path is not None:
            return pb.Segment(id=self.id, bytes=self.bytes, file=str(self._path))
        where = pb.ProcFd(pid=os.getpid(), fd=self._fd)
        return pb.Segment(id=self.id, bytes=self.bytes, proc_fd=where)

    def read(self, at: int, count: int) -> bytes:
        """Bytes from `at` on. The caller sees to it that they are inside."""
        if hasattr(os, "pread"):
            return os.pread(self._fd, count, at)
        with mmap.mmap(self._fd, self.bytes) as memory:  # Windows: files and maps may differ
            return memory[at : at + count]

    def write(self, at: int, data: bytes | memoryview) -> None:
        """Put bytes from `at` on. The caller sees to it that they fit."""
        if hasattr(os, "pwrite"):
            os.pwrite(self._fd, data, at)
            return
        with mmap.mmap(self._fd, self.bytes) as memory:
            memory[at : at + len(data)] = data

    def scrub(self) -> None:
        """Zeroes everywhere: the next user must not see the last one's picture."""
        block = bytes(min(_BLOCK, self.bytes))
        for at in range(0, self.bytes, len(block)):
            self.write(at, block[: self.bytes - at])

    def close(self) -> None:
        os.close(self._fd)
        if self._path is not None:
            self._path.unlink(missing_ok=True)


Maker = Callable[[int], Segment]


def maker(folder: Path) -> Maker:
    """How segments are made on this system. Raises: OutOfMemory, when one is made."""
    if hasattr(os, "memfd_create"):
        return make_memfd
    return lambda size: make_file(folder, size)


def make_memfd(size: int) -> Segment:
    import fcntl  # not on Windows

    fd = os.memfd_create("backlot", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        _allocate(fd, size)
        fcntl.fcntl(fd, _F_ADD_SEALS, _F_SEAL_SEAL | _F_SEAL_SHRINK | _F_SEAL_GROW)
    except BaseException:
        os.close(fd)
        raise
    return Segment(fd, size, None)


def make_file(folder: Path, size: int) -> Segment:
    path = folder / f"{os.urandom(16).hex()}{_SUFFIX}"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        _allocate(fd, size)
    except BaseException:
        os.close(fd)
        path.unlink()
        raise
    return Segment(fd, size, path)


def clear(folder: Path) -> None:
    """Remove what a killed server left. Only for the holder of the folder's lock."""
    for path in folder.glob(f"*{_SUFFIX}"):
        path.unlink(missing_ok=True)


def _allocate(fd: int, size: int) -> None:
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, size)
        else:
            _write_zeroes(fd, size)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.ENOMEM, errno.EDQUOT, errno.EFBIG):
            raise OutOfMemory(
                f"The machine has no room for {size >> 20} MiB of frames.",
                "Close other applications, or work on a proxy.",
            ) from error
        raise


def _write_zeroes(fd: int, size: int) -> None:
    block = bytes(_BLOCK)
    for at in range(0, size, len(block)):
        os.write(fd, block[: size - at])
