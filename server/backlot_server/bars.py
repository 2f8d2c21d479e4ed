"""Bars of one colour at the sides of a picture: letterbox, pillarbox, a blank line of a camera's.

They are no part of what the camera saw, and stand still while that moves: nothing is followed near
them and nothing is taken from them; what a matte covers of them is given their colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .encoding import encoded
from .membrane import Mask, Values
from .pixels import Pixels

CURVE = "srgb"
EVEN = 1 / 255
"""Codes by which the pixels of a bar differ at most: some codecs leave a trace of noise in them."""
ALIKE, LINE = 0.003, 0.01
"""Parts of the picture's size by which opposite bars differ, and that a single one is deep; two
together take half of it at most."""
KNOWN, WRITTEN = 0.25, 0.75
"""Part of a row by which it can be told, and that is left where something is written into it."""


@dataclass(frozen=True)
class Bars:
    """How many rows and columns of a picture of height x width pixels are bars."""

    height: int
    width: int
    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    @property
    def none(self) -> bool:
        return not (self.top or self.bottom or self.left or self.right)

    def picture(self) -> tuple[slice, slice]:
        """The part of the frame that is none."""
        return np.s_[self.top : self.height - self.bottom, self.left : self.width - self.right]

    def away(self) -> npt.NDArray[np.uint8]:
        """(height, width) pixels to the nearest one of a bar, 255 at most, and where there is none;
        0 in a bar."""
        rows, columns = (
            np.minimum(
                np.arange(size) - first + 1 if first else 255,
                size - last - np.arange(size) if last else 255,
            ).clip(0, 255)
            for size, first, last in (
                (self.height, self.top, self.bottom),
                (self.width, self.left, self.right),
            )
        )
        nearest = np.minimum(np.atleast_1d(rows)[:, None], np.atleast_1d(columns)[None, :])
        return np.ascontiguousarray(np.broadcast_to(nearest, (self.height, self.width)), np.uint8)

    def inside(self, ys: npt.NDArray[np.integer[Any]], xs: npt.NDArray[np.integer[Any]]) -> Mask:
        """Which pixels lie in a bar."""
        rows = (ys < self.top) | (ys >= self.height - self.bottom)
        return np.asarray(rows | (xs < self.left) | (xs >= self.width - self.right))


def found(pixels: Pixels, channels: Sequence[int], known: Mask) -> Bars:
    """The bars of a picture; none of one that is all of one colour.

    Args: pixels (height, width, channels) scene-linear; channels: by which it is told; known
        (height, width): what is no matte.
    """
    height, width = known.shape
    if not channels:
        return Bars(height, width)
    chosen = list(channels)
    top, bottom = _ends(pixels, chosen, known)
    turned, there = (each[top : height - bottom].swapaxes(0, 1) for each in (pixels, known))
    return Bars(height, width, top, bottom, *_ends(turned, chosen, there))


def _ends(pixels: Pixels, channels: list[int], known: Mask) -> tuple[int, int]:
    """How many of the first and of the last rows are bars: equally many, or a line. A black sky
    above a render is part of its picture."""
    size = len(pixels)
    line = round(LINE * size)
    first = last = 0
    for part in (WRITTEN, 1.0):
        first = _depth(pixels, channels, known, part)
        if first == size:
            continue
        last = _depth(pixels[::-1], channels, known[::-1], part)
        alike = abs(first - last) <= max(1, round(ALIKE * size))
        if alike and min(first, last) > line and first + last <= size // 2:
            return first, last
    return (first if first <= line else 0), (last if last <= line else 0)


def _depth(pixels: Pixels, channels: list[int], known: Mask, part: float) -> int:
    """Of how many of the first rows that part has the colour of the first pixel that is known."""
    colour = None
    for at, (row, there) in enumerate(zip(pixels, known, strict=True)):
        if np.count_nonzero(there) <= KNOWN * len(row):
            return at
        values = encoded(row[there][:, channels], CURVE)
        colour = values[0] if colour is None else colour
        with np.errstate(invalid="ignore"):  # what is not finite is no bar
            even = np.abs(values - colour).max(axis=1) <= EVEN
        if even.mean() < part:
            return at
    return len(pixels)


def colours(
    bars: Bars,
    pixels: npt.NDArray[Any],
    covered: Mask,
    ys: npt.NDArray[np.integer[Any]],
    xs: npt.NDArray[np.integer[Any]],
) -> Values:
    """The colours of pixels in bars, as some pixel of the same bar has it that is not covered."""
    made = np.zeros((len(ys), pixels.shape[2]), np.float32)
    sides = (
        (np.s_[: bars.top], ys < bars.top),
        (np.s_[bars.height - bars.bottom :], ys >= bars.height - bars.bottom),
        (np.s_[:, : bars.left], xs < bars.left),
        (np.s_[:, bars.width - bars.right :], xs >= bars.width - bars.right),
    )
    for side, mine in reversed(sides):
        open_ = np.flatnonzero(~covered[side])
        if mine.any() and len(open_):
            made[mine] = pixels[side].reshape(-1, pixels.shape[2])[open_[0]]
    return made
