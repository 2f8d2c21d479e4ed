"""Memory for finished frames that comes back by itself.

The first touch of fresh memory costs several times a copy into warm memory, and a shot is many
frames of one size: arrays from here return their memory when they, and all views of them, are
garbage-collected.
"""

from __future__ import annotations

import mmap
import threading
from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

_PAGE = 1 << 16


class Buffers:
    """A pool that keeps up to `keep` bytes of released memory for the next frames."""

    def __init__(self, keep: int = 512 << 20) -> None:
        self._keep = keep
        self._kept = 0
        self._free: dict[int, list[mmap.mmap]] = defaultdict(list)
        self._lock = threading.Lock()

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array with undefined contents; its memory returns here when it is no longer used."""
        dtype = np.dtype(dtype)
        count = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        size = max(_PAGE, -(-count // _PAGE) * _PAGE)
        with self._lock:
            ready = self._free.get(size)
            memory = ready.pop() if ready else None
            if memory is not None:
                self._kept -= size
        slab = _Slab(self, memory or mmap.mmap(-1, size), size)
        return np.asarray(slab)[:count].view(dtype).reshape(shape)

    def _put_back(self, memory: mmap.mmap, size: int) -> None:
        with self._lock:
            if self._kept + size <= self._keep:
                self._free[size].append(memory)
                self._kept += size


class _Slab:
    """Owns one piece of memory; numpy keeps it alive as the base of every view."""

    def __init__(self, home: Buffers, memory: mmap.mmap, size: int) -> None:
        self._home, self._memory, self._size = home, memory, size
        address = np.frombuffer(memory, np.uint8).ctypes.data
        self.__array_interface__ = {
            "shape": (size,),
            "typestr": "|u1",
            "data": (address, False),
            "version": 3,
        }

    def __del__(self) -> None:
        self._home._put_back(self._memory, self._size)
