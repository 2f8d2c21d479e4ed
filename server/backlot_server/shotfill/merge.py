"""One picture of all sources: each sampled once, its light brought to the target's, then a mean of
those that agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values
from ..parallel import in_strips
from ..pixels import as_float

Index = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

AGREE = 0.035
"""Codes further than about this from the median of all sources count little."""
RIM = 6.0
"""Pixels from a source's own matte within which it is trusted less."""
STEADY = 0.02
"""Changes of light below this, in the logarithm of the code, are taken for chance."""
_TAPS = 3
_PIVOT = 0.04045
_OFFSET = 0.055


@dataclass(frozen=True)
class Samples:
    """values (sources, points, channels) float32 codes; seen (sources, points) uint8: pixels to
    the source's own matte, 0 where the source shows nothing."""

    values: Values
    seen: Bytes


def sample(codes: Any, away: Bytes, x: Values, y: Values, values: Values, seen: Bytes) -> None:
    """A source at points, by Lanczos' kernel of 6x6, bilinear where that would reach the unknown.

    Args: codes (height, width, channels) float16; x, y: in its own pixels; values, seen: written.
    """
    bits = codes.view(np.uint16)

    def work(start: int, end: int) -> None:
        _sample(bits, away, x[start:end], y[start:end], values[start:end], seen[start:end])

    in_strips(work, len(x))


@numba.njit(nogil=True, cache=True, inline="always")
def _lanczos(at):  # type: ignore[no-untyped-def]
    at = abs(at)
    if at < 1e-4:
        return np.float32(1.0)
    if at >= _TAPS:
        return np.float32(0.0)
    turn = math.pi * at
    return np.float32(_TAPS * math.sin(turn) * math.sin(turn / _TAPS) / (turn * turn))


@numba.njit(nogil=True, cache=True, fastmath=True)
def _sample(bits, away, xs, ys, values, seen):  # type: ignore[no-untyped-def]
    height, width, channels = bits.shape
    across = np.empty(2 * _TAPS, np.float32)
    down = np.empty(2 * _TAPS, np.float32)
    low = np.empty(channels, np.float32)
    high = np.empty(channels, np.float32)
    for n in range(len(xs)):
        x, y = xs[n], ys[n]
        seen[n] = 0
        for c in range(channels):
            values[n, c] = 0
        if not (x >= 0 and y >= 0 and x <= width - 1 and y <= height - 1):
            continue
        left, top = int(x), int(y)
        fx, fy = x - left, y - top
        nearest = away[min(int(y + 0.5), height - 1), min(int(x + 0.5), width - 1)]
        if nearest == 0:
            continue
        whole = nearest > 5
        if not whole:
            whole = True
            for j in range(top - _TAPS + 1, top + _TAPS + 1):
                for i in range(left - _TAPS + 1, left + _TAPS + 1):
                    if away[min(max(j, 0), height - 1), min(max(i, 0), width - 1)] == 0:
                        whole = False
        reach = _TAPS if whole else 1
        total_x = np.float32(0)
        total_y = np.float32(0)
        known = True
        for k in range(2 * reach):
            at = k - reach + 1
            if whole:
                across[k], down[k] = _lanczos(fx - at), _lanczos(fy - at)
            else:
                across[k], down[k] = 1 - abs(fx - at), 1 - abs(fy - at)
            total_x += across[k]
            total_y += down[k]
        if not whole:
            for k in range(2):
                for m in range(2):
                    row, column = min(top + k, height - 1), min(left + m, width - 1)
                    if down[k] * across[m] > 0.02 and away[row, column] == 0:
                        known = False
        if not known:
            continue
        scale = 1 / (total_x * total_y)
        low[:] = np.inf
        high[:] = -np.inf
        for k in range(2 * reach):
            row = min(max(top + k - reach + 1, 0), height - 1)
            for m in range(2 * reach):
                column = min(max(left + m - reach + 1, 0), width - 1)
                weight = down[k] * across[m] * scale
                for c in range(channels):
                    value = as_float(bits[row, column, c])
                    values[n, c] += weight * value
                    low[c] = min(low[c], value)
                    high[c] = max(high[c], value)
        for c in range(channels):  # a highlight rings no further than its surroundings
            values[n, c] = min(max(values[n, c], low[c]), high[c])
        seen[n] = nearest


def lighting(values: Values, target: Values, usable: Mask, colour: list[int]) -> Values:
    """Factors that bring a source's colours to the target's light; see `lit`.

    Args: values, target (points, channels) codes; usable (points,): both are known there.
    Returns: (channels,) float32, 1 for what is no colour.
    """
    factors = np.ones(values.shape[1], np.float32)
    if np.count_nonzero(usable) < 50:
        return factors
    every = max(1, np.count_nonzero(usable) // 20000)
    ours, theirs = values[usable][::every], target[usable][::every]
    for c in colour:
        light = (ours[:, c] > _PIVOT) & (theirs[:, c] > _PIVOT)
        if np.count_nonzero(light) < 50:
            continue
        change = np.log(theirs[light, c] + _OFFSET) - np.log(ours[light, c] + _OFFSET)
        middle = float(np.median(change))
        factors[c] = math.exp(middle * middle**2 / (middle**2 + STEADY**2))
    return factors


def lit(values: Values, factors: Values) -> None:
    """Codes under other light, in place: in the curve's power part a factor of light is a factor of
    the code and its offset; in its linear part, of the code."""
    if (factors == 1).all():
        return
    _lit(values, factors)


@numba.njit(nogil=True, cache=True)
def _lit(values, factors):  # type: ignore[no-untyped-def]
    for n in range(values.shape[0]):
        for c in range(values.shape[1]):
            code = values[n, c]
            if abs(code) > _PIVOT:
                offset = np.float32(_OFFSET if code > 0 else -_OFFSET)
                values[n, c] = (code + offset) * factors[c] - offset
            else:
                values[n, c] = code * factors[c] ** np.float32(2.4)


@dataclass(frozen=True)
class Merged:
    """values (points, channels) codes. squares (points,): the sum of squared weights, whose sum is
    1: what is left of the sources' grain, in variance; 0 where nothing is seen. spread (points,):
    how far the sources lie apart, in code. best (points,): the source that counts most, -1 where
    there is none.
    """

    values: Values
    squares: Values
    spread: Values
    best: Index


def merge(samples: Samples, trust: Values, lead: list[int], noisy: float) -> Merged:
    """The mean of those sources that agree.

    Args: trust (sources,): how much each counts. lead: the channels by which agreement is told.
        noisy: how many times their middle distance from the median, squared, sources may lie apart
            where grain is stronger than AGREE; 0 where other reasons are likelier than grain.
    """
    count, channels = samples.values.shape[1:]
    made = Merged(
        np.zeros((count, channels), np.float32),
        np.zeros(count, np.float32),
        np.zeros(count, np.float32),
        np.full(count, -1, np.int32),
    )
    chosen = np.array(lead, np.int64)

    def work(start: int, end: int) -> None:
        part = np.s_[start:end]
        _merge(
            samples.values[:, part],
            samples.seen[:, part],
            trust.astype(np.float32),
            chosen,
            np.float32(noisy),
            (made.values[part], made.squares[part], made.spread[part], made.best[part]),
        )

    in_strips(work, count)
    return made


@numba.njit(nogil=True, cache=True, fastmath=True)
def _merge(values, seen, trust, lead, noisy, made):  # type: ignore[no-untyped-def]
    means, squares, spread, best = made
    sources, points, channels = values.shape
    weights = np.empty(sources, np.float32)
    order = np.empty(sources, np.int64)
    middle = np.empty(len(lead), np.float32)
    apart_by = np.empty(sources, np.float32)
    for n in range(points):
        total = np.float32(0)
        for u in range(sources):
            weights[u] = 0
            if seen[u, n]:
                weights[u] = trust[u] * min(np.float32(1), seen[u, n] / np.float32(RIM))
            total += weights[u]
        if total <= 0:
            continue
        for k in range(len(lead)):
            middle[k] = _median(values[:, n, lead[k]], weights, total / 2, order)
        apart = np.float32(0)
        for u in range(sources):
            apart_by[u] = 0
            for k in range(len(lead)):
                apart_by[u] += (values[u, n, lead[k]] - middle[k]) ** 2 / len(lead)
            apart += weights[u] * min(apart_by[u], np.float32(0.04))
        spread[n] = math.sqrt(apart / total)
        scale = np.float32(AGREE * AGREE)
        if noisy > 0:
            scale = max(scale, noisy * _median(apart_by, weights, total / 2, order))
        total = np.float32(0)
        for u in range(sources):
            if weights[u] > 0:
                weights[u] *= np.float32(math.exp(-apart_by[u] / (2 * scale)) + 1e-6)
                total += weights[u]
        most = np.float32(0)
        square = np.float32(0)
        for u in range(sources):
            if weights[u] > 0:
                part = weights[u] / total
                square += part * part
                for c in range(channels):
                    means[n, c] += part * values[u, n, c]
                if part > most:
                    most = part
                    best[n] = u
        squares[n] = square


@numba.njit(nogil=True, cache=True, fastmath=True)
def _median(values, weights, half, order):  # type: ignore[no-untyped-def]
    """The weighted median; order is room to sort in."""
    count = 0
    for u in range(len(weights)):
        if weights[u] > 0:
            at = count
            while at > 0 and values[order[at - 1]] > values[u]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = u
            count += 1
    total = np.float32(0)
    for k in range(count):
        total += weights[order[k]]
        if total >= half:
            return values[order[k]]
    return values[order[count - 1]]
