"""Rows of a picture that is never whole: made at one end, read at the other, forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .encoding import Tensor

RGB = (0, 1, 2)


class Reel:
    """Rows of one width, three channels of float32, appended in order and read in order."""

    def __init__(self, width: int) -> None:
        self._room: Tensor = np.empty((0, width, 3), np.float32)
        self.rewind(iter(()))

    def rewind(self, more: Iterator[object]) -> None:
        """Begin a new picture. `more` makes the next rows, through `place`, at every step."""
        self._more = more
        self._start = self._end = self._needed = 0

    def place(self, start: int, end: int) -> tuple[Tensor, tuple[int, int, int]]:
        """Room for rows start to end, which are the next ones, and the channels to write."""
        kept = self._end - self._needed
        if kept + end - start > len(self._room):
            larger = np.empty((kept + end - start, *self._room.shape[1:]), np.float32)
            larger[:kept] = self._rows(self._needed, self._end)
            self._room = larger
            self._start = self._needed
        elif end - self._start > len(self._room):
            self._room[:kept] = self._rows(self._needed, self._end).copy()
            self._start = self._needed
        self._end = end
        return self._rows(start, end), RGB

    def rows(self, start: int, end: int) -> Tensor:
        """Rows from and up to. Those before `start` will not be asked for again.

        Returns: (end - start, width, 3) float32, valid until the next call.
        """
        self._needed = start
        while self._end < end:
            next(self._more)
        return self._rows(start, end)

    def _rows(self, start: int, end: int) -> Tensor:
        return self._room[start - self._start : end - self._start]
