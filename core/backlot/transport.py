"""How pixels get to the server and back: through shared memory, or as a stream of chunks.

Both put a frame into memory that the server owns and refer to it by a lease.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

import grpc
import numpy as np

from . import chunks
from .frame import Frame, Pixels
from .leftovers import Leftovers
from .shared import Bytes, Segments, pixels_in
from .v1 import backlot_pb2 as pb
from .wire import frame_bytes, frame_shape, frame_to_wire

_KEEP_FREE = 16
_KEEP_BYTES = 512 << 20
_COPY_TOGETHER = 8 << 20
_GLIBC_KEEPS = (32 << 20) - (64 << 10)
_STRIPS = min(4, os.cpu_count() or 1)

Call = Callable[..., Any]


class Transport(Protocol):
    """One session's way for pixels. Thread-safe."""

    name: str

    def send(self, frame: Frame) -> pb.Frame:
        """Put a frame where the server can read it."""

    def receive(self, message: pb.Frame, pixels: Pixels) -> None:
        """Copy a result's pixels into an array of its shape and dtype."""

    def keep(self, message: pb.Frame) -> Pixels | None:
        """A result's pixels where they lie, None where they have to be copied.

        The memory is the caller's, to write too, and goes back to the server when the array and
        all views of it are garbage-collected.
        """

    def give_back(self, lease: pb.LeaseRef) -> None:
        """A frame that was sent is no longer needed."""


class SharedTransport:
    """Shared memory: one copy to the server, none back, and leases that are written again.

    kept: bytes of results that the caller may hold where they lie, beyond which they are copied;
    0 for a server that does not know of it.
    """

    name = "shared"

    def __init__(
        self,
        stub: Any,
        metadata: Any,
        session: str,
        segments: Segments,
        leftovers: Leftovers,
        kept: int,
    ) -> None:
        self._stub, self._metadata, self._session = stub, metadata, session
        self._segments, self._leftovers = segments, leftovers
        self._room = kept
        self._free: list[pb.Lease] = []
        self._sent: dict[int, pb.Lease] = {}
        self._lock = threading.Lock()

    def send(self, frame: Frame) -> pb.Frame:
        pixels = frame.pixels
        lease = self._lease(pixels.nbytes)
        view = self._segments.view(lease.segment, pixels.nbytes)
        _copy(pixels_in(view, pixels.shape, pixels.dtype), pixels)
        with self._lock:
            self._sent[lease.id] = lease
        return frame_to_wire(frame, pb.LeaseRef(id=lease.id, generation=lease.generation))

    def receive(self, message: pb.Frame, pixels: Pixels) -> None:
        view = self._segments.view(message.segment, frame_bytes(message))
        _copy(pixels, pixels_in(view, pixels.shape, pixels.dtype))

    def keep(self, message: pb.Frame) -> Pixels | None:
        count = frame_bytes(message)
        view = self._segments.view(message.segment, count)
        with self._lock:
            if count > self._room:
                return None
            self._room -= count
        segment, lease = message.segment.id, message.lease
        free = partial(self._free_kept, segment, lease, count)
        held = _Held(view, partial(self._leftovers.put, free))
        shape, dtype = frame_shape(message)
        return pixels_in(np.asarray(held), shape, dtype)

    def _free_kept(self, segment: int, lease: pb.LeaseRef, count: int) -> None:
        with self._lock:
            self._room += count
        try:
            self._free_all([lease])
        except grpc.RpcError:  # the job was cut short or the server ended: nobody uses it again
            self._segments.forget(segment)

    def give_back(self, lease: pb.LeaseRef) -> None:
        with self._lock:
            mine = self._sent.pop(lease.id, None)
            if mine is None:
                return
            self._free.append(mine)
            over = []
            while len(self._free) > _KEEP_FREE or sum(f.bytes for f in self._free) > _KEEP_BYTES:
                over.append(self._free.pop(0))
        if over:
            self._free_all([pb.LeaseRef(id=old.id, generation=old.generation) for old in over])

    def _free_all(self, refs: list[pb.LeaseRef]) -> None:
        self._stub.Free(pb.FreeRequest(session=self._session, leases=refs), metadata=self._metadata)

    def _lease(self, count: int) -> pb.Lease:
        """Memory that is to hand, the last used first, else new from the server."""
        with self._lock:
            for at in range(len(self._free) - 1, -1, -1):
                if self._free[at].bytes == count:
                    return self._free.pop(at)
        request = pb.AllocRequest(session=self._session, bytes=count)
        lease: pb.Lease = self._stub.Alloc(request, metadata=self._metadata)
        return pb.Lease(
            id=lease.id, generation=lease.generation, bytes=count, segment=lease.segment
        )


class StreamTransport:
    """Chunks of at most 1 MiB, for where memory cannot be shared: containers, remote servers."""

    name = "stream"

    def __init__(self, channel: Any, stub: Any, metadata: Any, session: str, chunk: int) -> None:
        self._stub, self._metadata, self._session, self._chunk = stub, metadata, session, chunk
        self._put, self._get = chunks.calls(channel)
        # glibc maps, clears and unmaps memory for every chunk until it has seen a piece this large
        # freed (mallopt(3), "dynamic mmap threshold"); elsewhere this does nothing.
        bytes(_GLIBC_KEEPS)

    def send(self, frame: Frame) -> pb.Frame:
        lease = self._put(self._chunks(frame.pixels), metadata=self._metadata)
        return frame_to_wire(frame, pb.LeaseRef(id=lease.id, generation=lease.generation))

    def receive(self, message: pb.Frame, pixels: Pixels) -> None:
        count = frame_bytes(message)
        request = pb.GetRequest(session=self._session, lease=message.lease, bytes=count)
        into = _bytes_of(pixels)
        at = 0
        for message in self._get(request, metadata=self._metadata):
            data = chunks.data_of_get(message)
            into[at : at + len(data)] = data
            at += len(data)

    def keep(self, message: pb.Frame) -> Pixels | None:
        return None

    def give_back(self, lease: pb.LeaseRef) -> None:
        self._stub.Free(
            pb.FreeRequest(session=self._session, leases=[lease]), metadata=self._metadata
        )

    def _chunks(self, pixels: Pixels) -> Iterator[bytes]:
        view = _bytes_of(pixels)
        yield chunks.put_chunk(view[: self._chunk], self._session, len(view))
        for at in range(self._chunk, len(view), self._chunk):
            yield chunks.put_chunk(view[at : at + self._chunk])


class _Held:
    """Bytes that numpy keeps alive as the base of every view; `gone` is called at their end."""

    def __init__(self, view: Bytes, gone: Callable[[], None]) -> None:
        self._view, self._gone = view, gone
        self.__array_interface__ = view.__array_interface__

    def __del__(self) -> None:
        self._gone()


def empty_for(message: pb.Frame, make: Callable[..., Pixels]) -> Pixels:
    """An array for a result's pixels, made by `make(shape, dtype)`."""
    shape, dtype = frame_shape(message)
    return make(shape, dtype)


def _bytes_of(pixels: Pixels) -> memoryview:
    return memoryview(pixels.reshape(-1).view(np.uint8))  # type: ignore[arg-type]


def _copy(into: Pixels, source: Pixels) -> None:
    """np.copyto; large frames in strips at once, since one core does not fill the bus."""
    strips = min(_STRIPS, len(into)) if into.nbytes >= _COPY_TOGETHER else 1
    edges = [len(into) * n // strips for n in range(strips + 1)]
    others = [
        threading.Thread(target=np.copyto, args=(into[start:end], source[start:end]))
        for start, end in itertools.pairwise(edges[1:])
    ]
    for other in others:
        other.start()
    np.copyto(into[: edges[1]], source[: edges[1]])
    for other in others:
        other.join()
