"""What a matte leaves to fill: grown, feathered, and cut into pieces that are filled one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numba
import numpy as np
import numpy.typing as npt

from backlot.matte import support

from .membrane import Mask, Values

Box = tuple[int, int, int, int]
"""Top, left, bottom and right, the latter two exclusive."""

CELL = 16
NEAR = 2
"""Holes closer than so many cells of so many pixels are filled together."""
LARGEST = 1536
"""Side of a piece, in pixels. Larger holes are cut and filled in reading order."""


def shaped(cover: Values, grow: float, feather: float) -> Values:
    """A matte grown by a disc, or shrunk, then with a soft edge added outside.

    Soft mattes stay soft. What lies beyond the frame's border neither grows nor shrinks it.

    Args: cover (height, width), 0 to 1; grow and feather in pixels, grow below 0 to shrink.
    Returns: (height, width), 0 to 1, above 0 at most grow + feather beyond the matte; 1 where the
        grown matte is 1 before feathering.
    """
    if grow > 0:
        cover = grown(cover, grow)
    elif grow < 0:
        cover = 1 - grown(1 - cover, -grow)
    if feather <= 0 or not cover.any():
        return cover
    soft = grown(cover, feather / 2)
    half = feather / 4
    for axis in (0, 1, 0, 1):
        soft = _box_blurred(soft, half, axis)
    soft[(soft < 1e-4) | ~support(cover, feather)] = 0.0
    return np.maximum(soft, cover)


def grown(cover: Values, radius: float) -> Values:
    """The largest value within a distance."""
    box = bounds(cover > 0)
    if box is None:
        return cover
    reach = math.floor(radius)
    height, width = cover.shape
    top, left = max(0, box[0] - reach), max(0, box[1] - reach)
    bottom, right = min(height, box[2] + reach), min(width, box[3] + reach)
    part = np.ascontiguousarray(cover[top:bottom, left:right])
    grown = np.zeros_like(cover)
    _dilate(part, np.float64(radius), grown[top:bottom, left:right])
    return grown


@numba.njit(nogil=True, cache=True)
def _dilate(cover, radius, grown):  # type: ignore[no-untyped-def]
    """Row by row: the running maximum over the disc's chord at each height."""
    height, width = cover.shape
    line = np.empty(width, np.float32)
    queue = np.empty(width, np.int64)
    reach = int(radius)
    for dy in range(reach + 1):
        chord = int(math.sqrt(radius * radius - dy * dy))
        for y in range(height):
            first, last, end = 0, 0, 0
            for x in range(width):
                while end < width and end <= x + chord:
                    while last > first and cover[y, queue[last - 1]] <= cover[y, end]:
                        last -= 1
                    queue[last] = end
                    last += 1
                    end += 1
                while queue[first] < x - chord:
                    first += 1
                line[x] = cover[y, queue[first]]
            for up in range(2 if dy else 1):
                row = y - dy if up else y + dy
                if 0 <= row < height:
                    for x in range(width):
                        grown[row, x] = max(grown[row, x], line[x])


def _box_blurred(values: Values, radius: float, axis: int) -> Values:
    """Mean over 2 * radius + 1 pixels; part of a pixel counts in part. Borders are repeated."""
    whole = math.floor(radius)
    part = radius - whole
    reach = whole + 1
    pad = [(0, 0), (0, 0)]
    pad[axis] = (reach + 1, reach)
    total = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis, dtype=np.float64)
    size = values.shape[axis]
    at = np.arange(size) + reach

    def between(first: int, last: int) -> npt.NDArray[np.float64]:
        return np.take(total, at + last + 1, axis) - np.take(total, at + first, axis)

    inner = between(-whole, whole)
    outer = between(-whole - 1, whole + 1)
    mean = (inner + part * (outer - inner)) / (2 * radius + 1)
    return np.clip(mean, 0.0, 1.0).astype(np.float32)


def bounds(mask: Mask) -> Box | None:
    """The smallest box around what is set; None when nothing is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def pieces(hole: Mask) -> Iterator[tuple[Box, Mask]]:
    """The holes of a frame, in reading order, those near to each other together.

    Yields: a box and, of its size, the pixels to fill. Every pixel of `hole` is in one piece.
    """
    labels = _labelled(_cells(hole))
    for label in range(1, int(labels.max(initial=0)) + 1):
        cells = labels == label
        around = bounds(cells)
        assert around is not None
        top, left, bottom, right = (n * CELL for n in around)
        mine = cells[around[0] : around[2], around[1] : around[3]]
        mine = np.repeat(np.repeat(mine, CELL, 0), CELL, 1)
        part = hole[top:bottom, left:right]
        mine = mine[: part.shape[0], : part.shape[1]] & part
        for box, piece in _cut(mine):
            yield (box[0] + top, box[1] + left, box[2] + top, box[3] + left), piece


def apart(hole: Mask, gap: float) -> Iterator[tuple[Box, Mask]]:
    """The holes of a region one by one, those less than a gap of so many pixels apart as one.

    Yields: a box and, of its size, the pixels of the hole.
    """
    near = grown(hole.astype(np.float32), gap / 2) > 0
    labels = np.zeros(hole.shape, np.int32)
    count = _connected(near, labels)
    for label in range(1, count + 1):
        mine = hole & (labels == label)
        top, left, bottom, right = bounds(mine) or (0, 0, 0, 0)
        yield (top, left, bottom, right), mine[top:bottom, left:right]


@numba.njit(nogil=True, cache=True)
def _connected(mask, labels):  # type: ignore[no-untyped-def]
    """Numbers from 1, in reading order, for what hangs together, corners included; how many."""
    height, width = mask.shape
    waiting = np.empty(mask.size, np.int64)
    count = 0
    for start in range(mask.size):
        if not mask[start // width, start % width] or labels[start // width, start % width]:
            continue
        count += 1
        labels[start // width, start % width] = count
        waiting[0], last = start, 1
        while last:
            last -= 1
            row, column = waiting[last] // width, waiting[last] % width
            for y in range(max(0, row - 1), min(height, row + 2)):
                for x in range(max(0, column - 1), min(width, column + 2)):
                    if mask[y, x] and not labels[y, x]:
                        labels[y, x] = count
                        waiting[last] = y * width + x
                        last += 1
    return count


def _cut(hole: Mask) -> Iterator[tuple[Box, Mask]]:
    top, left, bottom, right = bounds(hole) or (0, 0, 0, 0)
    rows, columns = -(-(bottom - top) // LARGEST), -(-(right - left) // LARGEST)
    for r in range(rows):
        for c in range(columns):
            y0, y1 = (top + (bottom - top) * n // rows for n in (r, r + 1))
            x0, x1 = (left + (right - left) * n // columns for n in (c, c + 1))
            part = bounds(hole[y0:y1, x0:x1])
            if part is not None:
                inner = y0 + part[0], x0 + part[1], y0 + part[2], x0 + part[3]
                yield inner, hole[inner[0] : inner[2], inner[1] : inner[3]]


def _cells(hole: Mask) -> Mask:
    rows, columns = -(-hole.shape[0] // CELL), -(-hole.shape[1] // CELL)
    padded = np.zeros((rows * CELL, columns * CELL), bool)
    padded[: hole.shape[0], : hole.shape[1]] = hole
    return np.asarray(padded.reshape(rows, CELL, columns, CELL).any(axis=(1, 3)))


def _labelled(cells: Mask) -> npt.NDArray[np.int32]:
    """Numbers from 1 for groups of set cells with gaps below NEAR, in reading order."""
    labels = np.zeros(cells.shape, np.int32)
    count = 0
    for y, x in np.argwhere(cells):
        if labels[y, x]:
            continue
        count += 1
        labels[y, x] = count
        waiting = [(int(y), int(x))]
        while waiting:
            row, column = waiting.pop()
            near = np.s_[
                max(0, row - NEAR) : row + NEAR + 1, max(0, column - NEAR) : column + NEAR + 1
            ]
            new = cells[near] & (labels[near] == 0)
            labels[near][new] = count
            for dy, dx in np.argwhere(new):
                waiting.append((near[0].start + int(dy), near[1].start + int(dx)))
    return labels
