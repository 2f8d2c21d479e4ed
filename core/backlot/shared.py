"""Frames in shared memory, seen from the side that does not own it.

The server owns every segment; clients and workers map what the contract's Segment names.
Mappings are kept, because building one costs more than a copy: a segment's id never repeats in
a server's life.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import ServerUnavailable, StaleLease
from .v1 import backlot_pb2 as pb

Bytes = npt.NDArray[np.uint8]

# Linux enters all pages at once, in half the time of touching them one by one.
_NOW = {"flags": mmap.MAP_SHARED | mmap.MAP_POPULATE} if hasattr(mmap, "MAP_POPULATE") else {}


class Segments:
    """The mappings of one server's segments, least recently used dropped beyond `keep` bytes."""

    def __init__(self, keep: int = 2 << 30) -> None:
        self._keep = keep
        self._mapped: OrderedDict[int, Bytes] = OrderedDict()
        self._lock = threading.Lock()

    def view(self, segment: pb.Segment, count: int) -> Bytes:
        """The first `count` bytes, writable. Raises: StaleLease, ServerUnavailable when the segment
        is gone with its server, OSError when it cannot be mapped.

        A view stays valid after the segment was dropped here or by the server.
        """
        if count > segment.bytes:
            raise StaleLease("A frame is larger than the memory it is said to lie in.")
        with self._lock:
            mapped = self._mapped.get(segment.id)
            if mapped is None:
                mapped = self._mapped[segment.id] = _map(segment)
                self._drop_oldest()
            self._mapped.move_to_end(segment.id)
        return mapped[:count]

    def forget(self, segment: int) -> None:
        """Drop the mapping of a segment that the server gave up, by its id."""
        with self._lock:
            self._mapped.pop(segment, None)

    def _drop_oldest(self) -> None:
        while len(self._mapped) > 1 and sum(map(len, self._mapped.values())) > self._keep:
            self._mapped.popitem(last=False)


def _map(segment: pb.Segment) -> Bytes:
    where = segment.WhichOneof("where")
    if where == "proc_fd":
        path = f"/proc/{segment.proc_fd.pid}/fd/{segment.proc_fd.fd}"
    elif where == "file":
        path = segment.file
    else:
        raise StaleLease("A segment came that says nowhere to find it.")
    try:
        handle = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError as error:
        raise ServerUnavailable(
            "The Backlot server ended while a frame was on its way.",
            "Run the same again, it starts by itself.",
        ) from error
    try:
        if os.fstat(handle).st_size < segment.bytes:
            raise StaleLease("A segment is smaller than it is said to be.")
        memory = mmap.mmap(handle, segment.bytes, **_NOW)
    finally:
        os.close(handle)
    return np.frombuffer(memory, np.uint8)


def can_share(segments: Segments, probe: pb.Lease, nonce: bytes) -> bool:
    """Whether this process sees the server's memory: the nonce is what the probe holds.

    In containers, sandboxes and for other users it does not.
    """
    try:
        seen = segments.view(probe.segment, len(nonce))
    except (OSError, ValueError, ServerUnavailable, StaleLease):
        return False
    return len(nonce) > 0 and seen.tobytes() == nonce


def pixels_in(view: Bytes, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """`view` as an array; it must hold at least as many bytes."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    return view[:count].view(dtype).reshape(shape)
