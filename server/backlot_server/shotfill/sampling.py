"""Frames at places between their pixels, by Lanczos' kernel, and never from what is not known."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from ..membrane import Values
from ..parallel import in_strips
from ..pixels import as_float

Bytes = npt.NDArray[np.uint8]

_TAPS, _WIDE = 3, 24
"""Half the width of Lanczos' kernel, and how many values of a row are taken at once."""
_COSINES, _SINES = (wave(np.pi / _TAPS * (np.arange(6) - 2)) for wave in (np.cos, np.sin))
_SIGNS = _TAPS / np.pi**2 * (-1.0) ** np.arange(6)


def sample(codes: Any, away: Bytes, x: Values, y: Values, values: Values, seen: Bytes) -> None:
    """A source at points, by Lanczos' kernel of 6x6, bilinear where that would reach the unknown.

    Args: codes (height, width, channels) float16; x, y: in its own pixels; values, seen: written.
    """

    def work(start: int, end: int) -> None:
        part = np.s_[start:end]
        sample_part(codes, away, x[part], y[part], values[part], seen[part])

    in_strips(work, len(x))


def sample_part(codes: Any, away: Bytes, x: Values, y: Values, values: Values, seen: Bytes) -> None:
    """The same on one thread."""
    _sample(codes.view(np.uint16), away, x, y, values, seen)


@numba.njit(nogil=True, cache=True, fastmath=True, inline="always")
def _lanczos(at, weights):  # type: ignore[no-untyped-def]
    """The kernel at the six pixels around a place, `at` of a pixel after the third; their sum.

    All sines follow from one, of a third of the angle, by sums of angles.
    """
    at = max(at, 1e-9)
    sine = math.sin(math.pi / _TAPS * at)
    cosine = math.sqrt(1 - sine * sine)
    whole = sine * (3 - 4 * sine * sine)
    total = np.float32(0)
    for k in range(2 * _TAPS):
        away = at - (k - _TAPS + 1)
        turned = sine * _COSINES[k] - cosine * _SINES[k]
        weights[k] = np.float32(_SIGNS[k] * whole * turned / (away * away))
        total += weights[k]
    return total


@numba.njit(nogil=True, cache=True, fastmath=True)
def _sample(bits, away, xs, ys, values, seen):  # type: ignore[no-untyped-def]
    height, width, channels = bits.shape
    rows = bits.reshape(height, width * channels)
    across = np.empty(2 * _TAPS, np.float32)
    down = np.empty(2 * _TAPS, np.float32)
    room = np.empty((3, _WIDE), np.float32)
    for n in range(len(xs)):
        x, y = xs[n], ys[n]
        seen[n] = 0
        for c in range(channels):
            values[n, c] = 0
        if not (x >= 0 and y >= 0 and x <= width - 1 and y <= height - 1):
            continue
        left, top = int(x), int(y)
        nearest = away[min(int(y + 0.5), height - 1), min(int(x + 0.5), width - 1)]
        if nearest == 0:
            continue
        whole = True
        if nearest <= 5:
            for j in range(top - _TAPS + 1, top + _TAPS + 1):
                for i in range(left - _TAPS + 1, left + _TAPS + 1):
                    if away[min(max(j, 0), height - 1), min(max(i, 0), width - 1)] == 0:
                        whole = False
        if not whole:
            if _bilinear(bits, away, x, y, values[n]):
                seen[n] = nearest
            continue
        scale = 1 / (_lanczos(x - left, across) * _lanczos(y - top, down))
        for k in range(2 * _TAPS):
            down[k] *= scale
        first = (left - _TAPS + 1) * channels
        inner = left >= _TAPS - 1 and top >= _TAPS - 1 and top + _TAPS < height
        if inner and channels * 2 * _TAPS <= _WIDE and first + _WIDE <= width * channels:
            _inner(rows, top, first, across, down, room, values[n])
        else:
            _at_the_border(bits, top, left, across, down, values[n])
        seen[n] = nearest


@numba.njit(nogil=True, cache=True, fastmath=True, inline="always")
def _inner(rows, top, first, across, down, room, made):  # type: ignore[no-untyped-def]
    """Down the six rows for as many values at once as processors take, then across."""
    line, low, high = room[0], room[1], room[2]
    for k in range(_WIDE):
        value = as_float(rows[top - _TAPS + 1, first + k])
        total, least, most = down[0] * value, value, value
        for m in range(1, 2 * _TAPS):
            value = as_float(rows[top - _TAPS + 1 + m, first + k])
            total += down[m] * value
            least, most = min(least, value), max(most, value)
        line[k], low[k], high[k] = total, least, most
    channels = len(made)
    for c in range(channels):
        total, least, most = across[0] * line[c], low[c], high[c]
        for m in range(1, 2 * _TAPS):
            at = m * channels + c
            total += across[m] * line[at]
            least, most = min(least, low[at]), max(most, high[at])
        made[c] = min(max(total, least), most)  # a highlight rings no further than around it


@numba.njit(nogil=True, cache=True, fastmath=True, forceinline=True)
def _at_the_border(bits, top, left, across, down, made):  # type: ignore[no-untyped-def]
    """The same with the border repeated, and for any number of channels."""
    height, width, channels = bits.shape
    for c in range(channels):
        total, least, most = np.float32(0), np.float32(np.inf), np.float32(-np.inf)
        for k in range(2 * _TAPS):
            row = min(max(top + k - _TAPS + 1, 0), height - 1)
            for m in range(2 * _TAPS):
                column = min(max(left + m - _TAPS + 1, 0), width - 1)
                value = as_float(bits[row, column, c])
                total += down[k] * across[m] * value
                least, most = min(least, value), max(most, value)
        made[c] = min(max(total, least), most)


@numba.njit(nogil=True, cache=True, fastmath=True, forceinline=True)
def _bilinear(bits, away, x, y, made):  # type: ignore[no-untyped-def]
    """Between four pixels; whether those that count are all known."""
    height, width, channels = bits.shape
    left, top = int(x), int(y)
    fx, fy = np.float32(x - left), np.float32(y - top)
    for k in range(2):
        row, down = min(top + k, height - 1), fy if k else 1 - fy
        for m in range(2):
            column, across = min(left + m, width - 1), fx if m else 1 - fx
            if down * across > 0.02 and away[row, column] == 0:
                made[:] = 0
                return False
            for c in range(channels):
                made[c] += down * across * as_float(bits[row, column, c])
    return True
