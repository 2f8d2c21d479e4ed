"""Whose turn it is: on one device, one job computes at a time.

Interactive jobs go before batch jobs; among equals, the session that was served longest ago.
A turn lasts one frame at most and is given up whenever its job waits for somebody.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_SESSIONS_REMEMBERED = 1024


@dataclass(eq=False)
class Ticket:
    """One job's claim. `session` is whom it works for."""

    session: str
    interactive: bool
    arrival: int = 0


class Turns:
    """The turns of one device. Thread-safe."""

    def __init__(self, taken: Callable[[Ticket], None] = lambda ticket: None) -> None:
        self._changed = threading.Condition()
        self._holder: Ticket | None = None
        self._waiting: list[Ticket] = []
        self._served: OrderedDict[str, int] = OrderedDict()
        self._clock = itertools.count(1)
        self._taken = taken

    def take(self, ticket: Ticket, check: Callable[[], None]) -> None:
        """Wait for the turn. `check` may raise to leave the line; it runs after every `wake`."""
        with self._changed:
            ticket.arrival = next(self._clock)
            self._waiting.append(ticket)
            try:
                while True:
                    check()
                    if self._holder is None and self._next() is ticket:
                        break
                    self._changed.wait()
                self._holder = ticket
                self._note_served(ticket.session)
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
        self._taken(ticket)

    def give(self, ticket: Ticket) -> None:
        """Give the turn up; nothing happens when `ticket` does not hold it."""
        with self._changed:
            if self._holder is ticket:
                self._holder = None
                self._changed.notify_all()

    def holds(self, ticket: Ticket) -> bool:
        return self._holder is ticket

    def wanted(self) -> bool:
        """Whether somebody waits for the turn."""
        return bool(self._waiting)

    def wake(self) -> None:
        """Let everybody in line check again whether to stay."""
        with self._changed:
            self._changed.notify_all()

    def _next(self) -> Ticket:
        return min(
            self._waiting,
            key=lambda t: (not t.interactive, self._served.get(t.session, 0), t.arrival),
        )

    def _note_served(self, session: str) -> None:
        self._served[session] = next(self._clock)
        self._served.move_to_end(session)
        if len(self._served) > _SESSIONS_REMEMBERED:
            self._served.popitem(last=False)
