"""Clients that are connected."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from backlot.errors import NotFound
from backlot.v1 import backlot_pb2 as pb


@dataclass(eq=False)
class Session:
    """One client. local: it may be able to map this machine's memory. result_bytes: of each
    tool's last result."""

    id: str
    client: str
    local: bool
    result_bytes: dict[str, int] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    events: asyncio.Queue[pb.SessionEvent] = field(default_factory=asyncio.Queue)


class Sessions:
    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def open(self, client: str, local: bool) -> Session:
        session = Session(secrets.token_hex(16), client[:100], local)
        self._open[session.id] = session
        return session

    def find(self, session: str) -> Session:
        """Raises: NotFound when it is over or never was."""
        found = self._open.get(session)
        if found is None:
            raise NotFound("This session has ended, or never was.", "Connect again.")
        return found

    def close(self, session: Session) -> None:
        self._open.pop(session.id, None)
