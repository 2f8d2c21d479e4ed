"""What has to be done after a result is in somebody's hands, and need not be waited for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import grpc

Task = Callable[[], object]


class Leftovers:
    """Tasks of one session, done one after another in a thread of their own.

    `put` may be called from a finalizer: it takes no lock. gRPC's errors are nobody's concern here,
    since what is put here undoes itself when the session ends.
    """

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self.put = self._tasks.put
        threading.Thread(target=self._work, name="backlot-leftovers", daemon=True).start()

    def read_out(self, call: Iterator[Any]) -> None:
        """Read a stream to its end, so that what was written to it arrives."""
        self.put(lambda: sum(1 for _ in call))

    def close(self) -> None:
        """Nothing is done any more."""
        self.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            with suppress(grpc.RpcError, ValueError):  # ValueError: the channel is closed
                task()
            del task
