"""Messages between the front and a worker: protobuf behind a length, on a pair of pipes."""

from __future__ import annotations

import asyncio
import struct
import threading
from typing import BinaryIO

from . import worker_pb2 as wb

_LENGTH = struct.Struct("<I")


def framed(message: wb.ToWorker | wb.FromWorker) -> bytes:
    """A message as it travels."""
    body: bytes = message.SerializeToString()
    return _LENGTH.pack(len(body)) + body


async def read_from_worker(reader: asyncio.StreamReader) -> wb.FromWorker | None:
    """The next message; None at the end of the pipe."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        message: wb.FromWorker = wb.FromWorker.FromString(await reader.readexactly(length))
        return message
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


class WorkerEnd:
    """The worker's end: one thread receives, any thread sends."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._lock = threading.Lock()

    def send(self, message: wb.FromWorker) -> None:
        """Raises: OSError when the front is gone."""
        with self._lock:
            self._outgoing.write(framed(message))
            self._outgoing.flush()

    def receive(self) -> wb.ToWorker | None:
        """Blocks. None when the front is gone."""
        head = self._incoming.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(head)
        body = self._incoming.read(length)
        if len(body) < length:
            return None
        message: wb.ToWorker = wb.ToWorker.FromString(body)
        return message
