"""Which jobs run and which wait.

Running jobs share a device frame by frame (see turns.py); here is decided which may. Interactive
jobs go before batch jobs, sessions take turns, and within a session the older job goes first.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass

from backlot.errors import QueueFull

ACTIVE = 8
ACTIVE_BATCH = 6
"""Batch jobs leave room, so that an artist who wants to see something never waits for a shot."""


@dataclass(eq=False)
class Entry:
    """One job's place.

    seconds: how long the job will take; None when nobody knows. stalled: its client does not
    read or answer, so that it takes nobody's place.
    """

    session: str
    interactive: bool
    seconds: float | None = None
    stalled: bool = False
    arrival: int = 0


class Queue:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: list[Entry] = []
        self._active: list[Entry] = []
        self._served: dict[str, int] = {}
        self._clock = itertools.count(1)

    def add(self, entry: Entry) -> None:
        """Let it wait. Raises: QueueFull."""
        if len(self._waiting) >= self._limit:
            raise QueueFull(
                f"{len(self._waiting)} jobs wait already.", "Try again when some of them are done."
            )
        entry.arrival = next(self._clock)
        self._waiting.append(entry)

    def remove(self, entry: Entry) -> None:
        """It ended, running or not."""
        for entries in (self._waiting, self._active):
            if entry in entries:
                entries.remove(entry)
        if not any(other.session == entry.session for other in self._waiting + self._active):
            self._served.pop(entry.session, None)

    def start(self) -> list[Entry]:
        """Those that may run now, and from now on count as running."""
        started = []
        for entry in self.order():
            if self._may_run(entry):
                self._waiting.remove(entry)
                self._active.append(entry)
                self._served[entry.session] = next(self._clock)
                started.append(entry)
        return started

    def order(self) -> list[Entry]:
        """Those that wait, the next one first."""
        ranks: dict[tuple[str, bool], int] = defaultdict(int)
        keyed = []
        for entry in self._waiting:  # in the order of arrival
            rank = ranks[entry.session, entry.interactive]
            ranks[entry.session, entry.interactive] += 1
            served = self._served.get(entry.session, 0)
            keyed.append(((not entry.interactive, rank, served, entry.arrival), entry))
        return [entry for _, entry in sorted(keyed, key=lambda pair: pair[0])]

    def wait_seconds(self, entry: Entry) -> float | None:
        """How long until this one starts, roughly; None when that cannot be told."""
        order = self.order()
        before = order[: order.index(entry)]
        running = [other for other in self._active if not other.stalled]
        known = [other.seconds for other in (*running, *before) if other.seconds is not None]
        return sum(known) if len(known) == len(running) + len(before) else None

    def _may_run(self, entry: Entry) -> bool:
        running = [other for other in self._active if not other.stalled]
        if any((o.session, o.interactive) == (entry.session, entry.interactive) for o in running):
            return False
        batch = sum(not other.interactive for other in running)
        return len(running) < ACTIVE and (entry.interactive or batch < ACTIVE_BATCH)
