"""The pixels that a region is measured by: of its own rectangle, and of a large one not each."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from backlot.frame import Frame

from .statistics import Pixels

_MANY = 12_000
"""Covered pixels above which every second, third ... row and column is enough."""
_MARGIN = 4
_GLANCE = 100_000


_AT_ONCE = 64
"""Pixels of a row that are looked at together: most of a matte is empty."""


@numba.njit(cache=True, nogil=True)
def _extents(
    flat: npt.NDArray[Any], count: int, sign: int
) -> npt.NDArray[np.int64]:  # pragma: no cover
    """flat: (height, width x count), the bits of a picture's values."""
    height, width = flat.shape[0], flat.shape[1] // count
    found = np.empty((count, 5), np.int64)
    for c in range(count):
        found[c] = (height, -1, width, -1, 0)
    for y in range(height):
        for first in range(0, width, _AT_ONCE):
            last = min(width, first + _AT_ONCE)
            some = flat[y, first * count]
            for at in range(first * count, last * count):
                some |= flat[y, at]
            if some == 0:
                continue
            for x in range(first, last):
                for c in range(count):
                    value = flat[y, x * count + c]
                    if value != 0 and value < sign:
                        row = found[c]
                        row[0] = min(row[0], y)
                        row[1] = y
                        row[2] = min(row[2], x)
                        row[3] = max(row[3], x)
                        row[4] += 1
    return found


def extents(pixels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Of each channel of a matte the first and last row and column above 0, and how many pixels.

    Args: pixels (height, width, channels), half or float; NaN counts as covered. Returns:
    (channels, 5); where nothing is covered the last row is -1.
    """
    height, width, count = pixels.shape
    bits = np.ascontiguousarray(pixels).view(np.uint16 if pixels.itemsize == 2 else np.uint32)
    flat = bits.reshape(height, width * count)
    return np.asarray(_extents(flat, count, 1 << (8 * pixels.itemsize - 1)))


def sampled(
    source: Frame, channels: tuple[int, ...], matte: Frame, channel: int, extent: npt.NDArray[Any]
) -> tuple[Pixels, Pixels]:
    """A region's rectangle: (height, width, 3) float32, and its coverage, (height, width), 0 to 1.

    channels: which of the source's are red, green and blue. extent: a row of `extents`. Where
    matte and source do not overlap both are empty.
    """
    step = max(1, round(float(np.sqrt(extent[4] / _MANY))))
    ours, theirs = source.data_window, matte.data_window
    spans = []
    for low, high, begin, end, start, stop in (
        (extent[0], extent[1], ours.y, ours.y_end, theirs.y, theirs.y_end),
        (extent[2], extent[3], ours.x, ours.x_end, theirs.x, theirs.x_end),
    ):
        margin = _MARGIN * step
        first = max(begin, start, start + int(low) - margin)
        spans.append((first, max(first, min(end, stop, start + int(high) + 1 + margin))))
    (top, bottom), (left, right) = spans
    inside = np.s_[top - ours.y : bottom - ours.y : step, left - ours.x : right - ours.x : step]
    over = np.s_[
        top - theirs.y : bottom - theirs.y : step, left - theirs.x : right - theirs.x : step
    ]
    part = source.pixels[inside]
    rgb = np.stack([part[..., c] for c in channels], axis=-1).astype(np.float32)
    cover = matte.pixels[over][..., channel].astype(np.float32)
    return rgb, np.clip(np.nan_to_num(cover, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)


def glance(source: Frame, channels: tuple[int, ...]) -> Pixels:
    """The whole picture, (height, width, 3) float32, of a large one not every pixel."""
    height, width = source.pixels.shape[:2]
    step = max(1, round(float(np.sqrt(height * width / _GLANCE))))
    picture = source.pixels[::step, ::step]
    return np.stack([picture[..., c] for c in channels], axis=-1).astype(np.float32)
