"""What a job has to tell its client, in bounded memory however slowly the client reads."""

from __future__ import annotations

import asyncio
from collections import deque

from backlot.v1 import backlot_pb2 as pb

_LATEST_ONLY = ("queued", "progress")
_MOST_WARNINGS = 100


class Outbox:
    """Events in order. Of progress and of the place in the queue only the newest is kept; the
    rest is bounded by what the client has not consumed, and warnings by their number."""

    def __init__(self) -> None:
        self._events: deque[pb.RunEvent] = deque()
        self._filled = asyncio.Event()
        self._closed = False
        self._warnings = 0

    def put(self, event: pb.RunEvent) -> None:
        kind = event.WhichOneof("event")
        if self._closed or (kind == "warning" and self._warnings >= _MOST_WARNINGS):
            return
        if kind == "warning":
            self._warnings += 1
        if kind in _LATEST_ONLY:
            for old in self._events:
                if old.WhichOneof("event") == kind:
                    self._events.remove(old)
                    break
        self._events.append(event)
        self._filled.set()

    def close(self) -> None:
        """Nothing more comes."""
        self._closed = True
        self._filled.set()

    async def get(self) -> pb.RunEvent | None:
        """The next event; None at the end."""
        while not self._events:
            if self._closed:
                return None
            self._filled.clear()
            await self._filled.wait()
        event = self._events.popleft()
        if event.WhichOneof("event") == "warning":
            self._warnings -= 1
        return event
