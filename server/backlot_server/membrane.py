"""The smoothest surface through what is known, and the pyramid it is made on."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SMALLEST = 8
THIN = 3.0
SWEEPS = 8
COARSE_SWEEPS = 60
OVERSHOOT = 1.6


def membrane(values: Values, unknown: Mask, *, coarse: bool = True) -> Values:
    """A copy of `values` in which the unknown pixels solve Laplace's equation, nearly.

    Coarse to fine with a few sweeps a level, which leaves errors of no matter for a first guess.

    Args: values (height, width, channels), finite where known; unknown (height, width).
    Returns: (height, width, channels); zeros where nothing is known at all.
    """
    filled: Values = values.copy()
    ys, xs = (at.astype(np.int32) for at in np.nonzero(unknown))
    if not len(ys):
        return filled
    if unknown.all():
        filled[:] = 0.0
        return filled
    if coarse and min(unknown.shape) > SMALLEST and distance(unknown).max() > THIN:
        small, small_unknown = halved(values, unknown)
        start = doubled(membrane(small, small_unknown), *unknown.shape)
        filled[unknown] = start[unknown]
        _relax(filled, ys, xs, SWEEPS, 1.0)
        return filled
    filled[unknown] = values[~unknown].mean(axis=0, dtype=np.float64)
    _relax(filled, ys, xs, COARSE_SWEEPS, OVERSHOOT)
    return filled


def halved(values: Values, unknown: Mask) -> tuple[Values, Mask]:
    """Half the size, rounded up: means of 2x2 known pixels; known where at least two were.

    Where fewer were known the value is the mean of them, or 0.
    """
    height, width, channels = values.shape
    rows, columns = (height + 1) // 2, (width + 1) // 2
    known = np.zeros((rows * 2, columns * 2), np.float32)
    known[:height, :width] = ~unknown
    padded = np.zeros((rows * 2, columns * 2, channels), np.float32)
    np.multiply(values, known[:height, :width, None], out=padded[:height, :width])
    count = _sums(known[:, :, None])
    means: Values = _sums(padded) / np.maximum(count, np.float32(1.0))
    least = np.minimum(2.0, _sums(np.pad(np.ones((height, width, 1), np.float32), _odd(unknown))))
    return means, (count < least)[:, :, 0]


def _odd(mask: Mask) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    return (0, mask.shape[0] % 2), (0, mask.shape[1] % 2), (0, 0)


def _sums(values: Values) -> Values:
    total: Values = values[0::2, 0::2] + values[1::2, 0::2]
    total += values[0::2, 1::2]
    total += values[1::2, 1::2]
    return total


def any_of_four(mask: Mask) -> Mask:
    """Half the size: whether any of 2x2 pixels is set."""
    padded = np.pad(mask, _odd(mask)[:2])
    either = padded[0::2] | padded[1::2]
    return either[:, 0::2] | either[:, 1::2]


def doubled(values: Values, height: int, width: int) -> Values:
    """Twice the size, bilinear, cut to height and width."""
    for axis, size in ((0, height), (1, width)):
        before = np.take(values, np.maximum(np.arange(values.shape[axis]) - 1, 0), axis)
        last = values.shape[axis] - 1
        after = np.take(values, np.minimum(np.arange(values.shape[axis]) + 1, last), axis)
        shape = list(values.shape)
        shape[axis] *= 2
        wide = np.empty(shape, np.float32)
        even, odd = (
            (slice(None),) * axis + (slice(0, None, 2),),
            (slice(None),) * axis + (slice(1, None, 2),),
        )
        wide[even] = 0.75 * values + 0.25 * before
        wide[odd] = 0.75 * values + 0.25 * after
        values = np.take(wide, np.arange(size), axis)
    return np.ascontiguousarray(values)


def distance(unknown: Mask) -> Values:
    """How far each unknown pixel is from the nearest known one, in pixels; 0 where known.

    A chamfer distance (steps of 1 and sqrt 2), at most 8 % too long. 1e6 when nothing is known.
    """
    away: Values = np.where(unknown, np.float32(1e6), np.float32(0.0))
    _chamfer(away)
    return away


@numba.njit(nogil=True, cache=True)
def _chamfer(away):  # type: ignore[no-untyped-def]
    height, width = away.shape
    diagonal = np.float32(1.4142135)
    for turn in range(2):
        step = 1 - 2 * turn
        for j in range(height):
            y = j if turn == 0 else height - 1 - j
            for i in range(width):
                x = i if turn == 0 else width - 1 - i
                nearest = away[y, x]
                if nearest == 0:
                    continue
                if 0 <= x - step < width:
                    nearest = min(nearest, away[y, x - step] + np.float32(1.0))
                if 0 <= y - step < height:
                    nearest = min(nearest, away[y - step, x] + np.float32(1.0))
                    if x > 0:
                        nearest = min(nearest, away[y - step, x - 1] + diagonal)
                    if x < width - 1:
                        nearest = min(nearest, away[y - step, x + 1] + diagonal)
                away[y, x] = nearest


@numba.njit(nogil=True, cache=True)
def _relax(values, ys, xs, sweeps, step):  # type: ignore[no-untyped-def]
    """Red-black relaxation of the listed pixels towards the mean of their neighbours."""
    height, width, channels = values.shape
    for sweep in range(2 * sweeps):
        for n in range(len(ys)):
            y, x = ys[n], xs[n]
            if (y + x + sweep) & 1:
                continue
            for c in range(channels):
                total, count = 0.0, 0
                if y > 0:
                    total += values[y - 1, x, c]
                    count += 1
                if y < height - 1:
                    total += values[y + 1, x, c]
                    count += 1
                if x > 0:
                    total += values[y, x - 1, c]
                    count += 1
                if x < width - 1:
                    total += values[y, x + 1, c]
                    count += 1
                if count:
                    mean = total / count
                    values[y, x, c] += np.float32(step * (mean - values[y, x, c]))
