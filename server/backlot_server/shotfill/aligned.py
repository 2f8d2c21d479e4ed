"""A thing laid on itself on another frame, to a part of a pixel, by all that is seen of it there.

B. Lucas and T. Kanade, "An iterative image registration technique" (1981), with a shift first and
a freer motion only where enough is seen and it fits clearly better.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from ..membrane import Values
from .moving import Coarse
from .register import Matrix, undone

ROUNDS = 12
SOFT = 0.05
"""Codes from which on a pixel counts less."""
LEAST, PARTS = 40, (0.0, 0.5, 0.7)
"""Pixels of a thing that must be seen, and the part of it for a shift, a turn with a change of
size, an affine motion."""
BETTER = 0.93
UNSURE, LEAST_UNSURE, CLEARLY = 12, 80, 0.1
"""Pixels of the coarse frame by which a motion that is not sure may be off, how many must be seen
to tell, and by how much another must fit better."""
FARTHEST = 6.0
"""Pixels of the coarse frame that the middle of a thing may be laid elsewhere."""
_FREE = (
    np.eye(6)[:, :2].copy(),
    np.array(
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1], [0, 0, 0, 1], [0, 0, 1, 0]], float
    ),
    np.eye(6),
)
"""How the six numbers of an affine motion (shift, then the turn by rows) follow from fewer."""


def aligned(
    one: Coarse,
    body: npt.NDArray[np.uint8],
    two: Coarse,
    there: npt.NDArray[np.uint8],
    matrix: Matrix,
    unsure: bool,
) -> tuple[Matrix, float]:
    """A motion from one frame to the other, made better.

    Args: body: pixels of the one that show the thing; there: pixels of the other that may; matrix:
        the motion so far, in the one coordinate system; unsure: it may be some pixels off.
    Returns: the motion, and the part of what is seen of it that is not as it was; infinity where
        too little of it is seen.
    """
    ys, xs = np.nonzero(body)
    if len(ys) < LEAST:
        return matrix, np.inf
    pixels = one.picture.astype(np.float32)[ys, xs]
    other = two.picture.astype(np.float32)
    usable = np.asarray(there * two.known, np.uint8)
    points = np.stack([xs, ys], axis=1).astype(np.float64)
    way = undone(two.place) @ matrix @ one.place
    best, least = _descended(pixels, points, other, usable, way)
    if unsure:
        start = _searched(pixels, points, other, usable, way, LEAST_UNSURE)
        made, off = _descended(pixels, points, other, usable, start, LEAST_UNSURE)
        if off < least - CLEARLY:
            best, least = made, off
    return np.asarray(two.place @ best @ undone(one.place)), least


def _descended(
    pixels: Values,
    points: npt.NDArray[np.float64],
    other: Values,
    usable: npt.NDArray[np.uint8],
    way: Matrix,
    fewest: int = LEAST,
) -> tuple[Matrix, float]:
    middle = points.mean(axis=0)
    best = way
    least, count = _off(pixels, points, other, usable, way)
    if count < fewest:
        return way, np.inf
    for free, needed in zip(_FREE, PARTS, strict=True):
        if count < needed * len(points):
            break
        made = best
        for _ in range(ROUNDS):
            square, slope = _sums(pixels, points, middle, other, usable, made)
            square, slope = free.T @ square @ free, free.T @ slope
            change = free @ np.linalg.solve(square + 1e-6 * np.eye(len(square)), -slope)
            made = _moved(made, change, middle)
            if np.abs(change[:2]).max() < 0.002:
                break
        off, seen = _off(pixels, points, other, usable, made)
        far = np.abs((made - way)[:2] @ np.array([*middle, 1.0])).max()
        if seen >= 0.7 * count and off < BETTER * least and far < FARTHEST:
            best, least = made, off
    return best, least


@numba.njit(nogil=True, cache=True)
def _searched(pixels, points, other, usable, way, fewest):  # type: ignore[no-untyped-def]
    """The way with the shift that fits best."""
    best, least = way, np.inf
    for dy in range(-UNSURE, UNSURE + 1):
        for dx in range(-UNSURE, UNSURE + 1):
            made = way.copy()
            made[0, 2] += dx
            made[1, 2] += dy
            off, count = _off(pixels, points, other, usable, made)
            if count >= fewest and off < least:
                best, least = made, off
    return best


def _moved(way: Matrix, change: npt.NDArray[np.float64], middle: npt.NDArray[np.float64]) -> Matrix:
    made: Matrix = way.copy()
    turn = change[2:].reshape(2, 2)
    made[:2, :2] += turn
    made[:2, 2] += change[:2] - turn @ middle
    return made


@numba.njit(nogil=True, cache=True)
def _led(way, point, usable):  # type: ignore[no-untyped-def]
    """Where a point lies on the other picture, x and y, and whether it is seen there."""
    x = way[0, 0] * point[0] + way[0, 1] * point[1] + way[0, 2]
    y = way[1, 0] * point[0] + way[1, 1] * point[1] + way[1, 2]
    height, width = usable.shape
    seen = 1 <= x < width - 2 and 1 <= y < height - 2
    return x, y, seen and usable[int(y + 0.5), int(x + 0.5)] != 0


@numba.njit(nogil=True, cache=True)
def _off(pixels, points, other, usable, way):  # type: ignore[no-untyped-def]
    """The part of what is seen that differs, and how many pixels are seen."""
    total, count = 0.0, 0
    for n in range(len(points)):
        x, y, seen = _led(way, points[n], usable)
        if not seen:
            continue
        left, top = int(x), int(y)
        fx, fy = x - left, y - top
        off = 0.0
        for c in range(3):
            value = (1 - fy) * ((1 - fx) * other[top, left, c] + fx * other[top, left + 1, c])
            value += fy * ((1 - fx) * other[top + 1, left, c] + fx * other[top + 1, left + 1, c])
            off += (value - pixels[n, c]) ** 2
        total += off / (off + 3 * SOFT**2)
        count += 1
    return total / max(1, count), count


@numba.njit(nogil=True, cache=True)
def _sums(pixels, points, middle, other, usable, way):  # type: ignore[no-untyped-def]
    """The normal equations of an affine change of the way."""
    square = np.zeros((6, 6))
    slope = np.zeros(6)
    by = np.zeros(6)
    for n in range(len(points)):
        dx, dy = points[n, 0] - middle[0], points[n, 1] - middle[1]
        x, y, seen = _led(way, points[n], usable)
        if not seen:
            continue
        left, top = int(x), int(y)
        fx, fy = x - left, y - top
        for c in range(3):
            a, b = other[top, left, c], other[top, left + 1, c]
            d, e = other[top + 1, left, c], other[top + 1, left + 1, c]
            off = (1 - fy) * ((1 - fx) * a + fx * b) + fy * ((1 - fx) * d + fx * e) - pixels[n, c]
            gx = (1 - fy) * (b - a) + fy * (e - d)
            gy = (1 - fx) * (d - a) + fx * (e - b)
            weight = 1 / (1 + (off / SOFT) ** 2) ** 2
            by[0], by[1] = gx, gy
            by[2], by[3], by[4], by[5] = gx * dx, gx * dy, gy * dx, gy * dy
            for i in range(6):
                slope[i] += weight * by[i] * off
                for k in range(6):
                    square[i, k] += weight * by[i] * by[k]
    return square, slope
