"""The one connection to the server that all jobs of a link share, made again when it breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ..client import Studio, connect
from ..errors import Denied, ServerUnavailable

_T = TypeVar("_T")


class Studios:
    """Connects on first use; starts the server when none runs. Thread-safe."""

    def __init__(self) -> None:
        self.client = "link"
        self._studio: Studio | None = None
        self._lock = threading.Lock()
        self._closed = False

    def get(self) -> Studio:
        """Raises: ServerUnavailable, Denied, VersionMismatch."""
        with self._lock:
            if self._closed:
                raise ServerUnavailable("The link has ended.", "Start it again.")
            if self._studio is None:
                self._studio = connect(start=True, client=self.client)
            return self._studio

    def drop(self, studio: Studio) -> None:
        """This one's server is gone: the next `get` connects again."""
        with self._lock:
            if self._studio is studio:
                self._studio = None
        studio.close()

    def use(self, work: Callable[[Studio], _T]) -> _T:
        """work(studio), once more with a new connection when the server was gone."""
        studio = self.get()
        try:
            return work(studio)
        except (ServerUnavailable, Denied):
            self.drop(studio)
            return work(self.get())

    def close(self) -> None:
        with self._lock:
            self._closed = True
            studio, self._studio = self._studio, None
        if studio is not None:
            studio.close()
