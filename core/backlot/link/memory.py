"""Memory that the host and this process both map: one buffer holds one frame's pixels.

On Linux an anonymous memory file, opened by the host as /proc/<pid>/fd/<n>, gone with this
process however it ends; elsewhere a file that only this user can open.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import mmap
import os
import tempfile
import threading

from ..errors import InvalidInput, NotFound, OutOfMemory

_KEEP = 1 << 30
_LARGEST = 1 << 34


class Memory:
    """One buffer. size: what was asked for; the mapping may be larger."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.capacity = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        self._file = not hasattr(os, "memfd_create")
        if self._file:
            self._fd, self.path = tempfile.mkstemp(prefix="backlot-link-")
        else:
            self._fd = os.memfd_create("backlot-link", os.MFD_CLOEXEC)
            self.path = f"/proc/{os.getpid()}/fd/{self._fd}"
        try:
            _reserve(self._fd, self.capacity)
            self.map = _mapped(self._fd, self.capacity)
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Give it up; who has it mapped keeps that mapping."""
        if self._fd < 0:
            return
        os.close(self._fd)
        self._fd = -1
        if self._file:
            with contextlib.suppress(OSError):
                os.unlink(self.path)


class Buffers:
    """The buffers of one link, by name; freed ones are kept warm for frames of the same size."""

    def __init__(self) -> None:
        self._named: dict[str, Memory] = {}
        self._uses: dict[int, int] = {}
        self._free: list[Memory] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def new(self, size: int) -> tuple[str, Memory]:
        """A buffer of `size` bytes, contents undefined.

        Raises: InvalidInput, OutOfMemory.
        """
        if not 0 < size <= _LARGEST:
            raise InvalidInput(
                f"A buffer of {size} bytes is not possible.",
                f"Ask for 1 to {_LARGEST} bytes, one buffer a frame.",
            )
        with self._lock:
            memory = next((m for m in self._free if size <= m.capacity <= 2 * size), None)
            if memory is not None:
                self._free.remove(memory)
        if memory is None:
            memory = Memory(size)
        memory.size = size
        with self._lock:
            name = f"b{next(self._numbers)}"
            self._named[name] = memory
            self._uses[id(memory)] = 1
        return name, memory

    def hold(self, name: str) -> Memory:
        """The buffer of that name, which stays until `release`, whether it is freed or not.

        Raises: NotFound.
        """
        with self._lock:
            memory = self._named.get(name)
            if memory is None:
                raise NotFound(
                    f"There is no buffer {name}.", "Ask for one, and free it after the job."
                )
            self._uses[id(memory)] += 1
            return memory

    def free(self, name: str) -> None:
        """Forget the name. Raises: NotFound."""
        with self._lock:
            memory = self._named.pop(name, None)
        if memory is None:
            raise NotFound(f"There is no buffer {name}.", "It may have been freed before.")
        self.release(memory)

    def release(self, memory: Memory) -> None:
        """The end of one use."""
        with self._lock:
            self._uses[id(memory)] -= 1
            if self._uses[id(memory)]:
                return
            del self._uses[id(memory)]
            self._free.append(memory)
            while sum(m.capacity for m in self._free) > _KEEP:
                self._free.pop(0).discard()

    def close(self) -> None:
        """Give up everything."""
        with self._lock:
            everything = [*self._named.values(), *self._free]
            self._named.clear()
            self._free.clear()
        for memory in everything:
            memory.discard()


def _reserve(fd: int, size: int) -> None:
    """Take the room now: memory that is missing later would end the process that touches it."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, size)
        else:
            os.truncate(fd, size)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.ENOMEM, errno.EFBIG):
            raise
        raise OutOfMemory(
            f"There is no room for a frame of {size >> 20} MB.",
            "Close other applications, or free space in the temporary folder.",
        ) from error


def _mapped(handle: int, size: int) -> mmap.mmap:
    """Writable, with all pages at hand where the system can: one by one they cost more."""
    at_hand = getattr(mmap, "MAP_POPULATE", 0)
    if at_hand:
        return mmap.mmap(handle, size, flags=mmap.MAP_SHARED | at_hand)
    return mmap.mmap(handle, size)
