"""One job as the front knows it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from backlot.v1 import backlot_pb2 as pb

from . import worker_pb2 as wb
from .devices import Device
from .holdings import Holdings, Key
from .outbox import Outbox
from .queue import Entry
from .sessions import Session


@dataclass(eq=False)
class Job:
    """One job. device: the worker that has it now. ended: the client has been told how it ended;
    the worker may take a moment longer. settled: the client has read everything."""

    key: int
    session: Session
    start: pb.Start
    entry: Entry
    holdings: Holdings
    outbox: Outbox = field(default_factory=Outbox)
    device: Device | None = None
    needs: set[Key] = field(default_factory=set)
    parked_room: int = 0
    over: set[int] = field(default_factory=set)
    failed: int = 0
    unread_failures: int = 0
    attempt: int = 0
    blamed: int = 0
    place: int = -1
    ended: bool = False
    silent: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    began: float = field(default_factory=time.monotonic)
    moved: float = field(default_factory=time.monotonic)
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    @property
    def finished(self) -> int:
        return len(self.over) - self.failed

    @property
    def unread(self) -> int:
        return self.holdings.unread_results + self.unread_failures

    def tell(self, event: pb.RunEvent) -> None:
        self.outbox.put(event)

    def send(self, **message: object) -> None:
        """To the worker that has it; nothing happens when none has."""
        if self.device is not None:
            self.device.send(wb.ToWorker(job=self.key, **message))  # type: ignore[arg-type]
