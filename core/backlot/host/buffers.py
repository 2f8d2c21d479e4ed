"""Memory that this process and the companion both see: how pixels travel without a file."""

from __future__ import annotations

import mmap
import os
from typing import Any, Mapping


class Buffer:
    """Map what the companion's `buffer` method, or the `frame` event, described.

    memory: the mapped bytes, writable. Make a view for typed access, as in
    `memoryview(buffer.memory).cast("f")`, and release it before `close`.
    """

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.name = str(described["buffer"])
        self.size = int(described["bytes"])
        handle = os.open(described["path"], os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            self.memory = _mapped(handle, self.size)
        finally:
            os.close(handle)

    def close(self) -> None:
        """Unmap it here. The companion keeps it until `free`."""
        self.memory.close()


def _mapped(handle: int, size: int) -> mmap.mmap:
    """Writable, with all pages at hand where the system can: one by one they cost more."""
    at_hand = getattr(mmap, "MAP_POPULATE", 0)
    if at_hand:
        return mmap.mmap(handle, size, flags=mmap.MAP_SHARED | at_hand)
    return mmap.mmap(handle, size)
