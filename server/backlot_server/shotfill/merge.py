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
from .sampling import Bytes, sample_part

Index = npt.NDArray[np.int32]

AGREE = 0.035
"""Codes further than about this from the median of all sources count little."""
RIM = 6.0
"""Pixels from a source's own matte within which it is trusted less."""
AT_ONCE = 4096
"""Points that are sampled and merged at once: what all sources show of them fits a core's cache."""
LANES = 64
"""Points whose medians are found together."""
STEADY = 0.02
"""Changes of light below this, in the logarithm of the code, are taken for chance."""
_PIVOT = 0.04045
_OFFSET = 0.055


@dataclass(frozen=True)
class Samples:
    """values (sources, points, channels) float32 codes; seen (sources, points) uint8: pixels to
    the source's own matte, 0 where the source shows nothing."""

    values: Values
    seen: Bytes


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
    dark = factors ** np.float32(2.4)
    for n in range(values.shape[0]):
        for c in range(values.shape[1]):
            code = values[n, c]
            if abs(code) > _PIVOT:
                offset = np.float32(_OFFSET if code > 0 else -_OFFSET)
                values[n, c] = (code + offset) * factors[c] - offset
            else:
                values[n, c] = code * dark[c]


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

    def put(self, index: npt.NDArray[np.intp], part: Merged) -> None:
        """Some of its points, in place."""
        self.values[index], self.squares[index] = part.values, part.squares
        self.spread[index], self.best[index] = part.spread, part.best


def merge(samples: Samples, trust: Values, lead: list[int], noisy: float) -> Merged:
    """The mean of those sources that agree.

    Args: trust (sources,): how much each counts. lead: the channels by which agreement is told.
        noisy: how many times their middle distance from the median, squared, sources may lie apart
            where grain is stronger than AGREE; 0 where other reasons are likelier than grain.
    """
    count, channels = samples.values.shape[1:]
    made = nothing(count, channels)

    def work(start: int, end: int) -> None:
        part = np.s_[:, start:end]
        _merge_part(samples.values[part], samples.seen[part], trust, lead, noisy, made, start)

    in_strips(work, count)
    return made


@dataclass(frozen=True)
class Source:
    """A frame at some points. codes, away: see `sampling.sample`. x, y (points,): in the one
    coordinate system, in which its first pixel lies at corner. light (channels,): see `lit`. usable
    (points,): where it counts, or None for everywhere."""

    codes: Any
    away: Bytes
    corner: tuple[int, int]
    x: Values
    y: Values
    light: Values
    usable: Mask | None = None

    def sampled(self, chosen: npt.NDArray[np.intp], values: Values, seen: Bytes) -> None:
        """Some of the points, in the target's light, written."""
        x, y = self.x[chosen] - self.corner[0], self.y[chosen] - self.corner[1]
        sample_part(self.codes, self.away, x, y, values, seen)
        if self.usable is not None:
            seen[~self.usable[chosen]] = 0
        lit(values, self.light)


def sampled(sources: list[Source], chosen: npt.NDArray[np.intp], channels: int) -> Samples:
    """What sources show at some of their points, in the target's light."""
    made = Samples(
        np.zeros((len(sources), len(chosen), channels), np.float32),
        np.zeros((len(sources), len(chosen)), np.uint8),
    )

    def work(start: int, end: int) -> None:
        for at, source in enumerate(sources):
            part = np.s_[at, start:end]
            source.sampled(chosen[start:end], made.values[part], made.seen[part])

    in_strips(work, len(chosen))
    return made


def merged(
    sources: list[Source],
    chosen: npt.NDArray[np.intp],
    trust: Values,
    lead: list[int],
    noisy: float,
) -> Merged:
    """Some points of sources sampled and merged, a few at a time: what they show is never all in
    memory.

    Args: trust, lead, noisy: see `merge`.
    """
    count, channels = len(chosen), sources[0].codes.shape[2]
    made = nothing(count, channels)

    def work(start: int, end: int) -> None:
        most = min(AT_ONCE, end - start)
        values = np.empty((len(sources), most, channels), np.float32)
        seen = np.empty((len(sources), most), np.uint8)
        for first in range(start, end, AT_ONCE):
            some = chosen[first : min(first + AT_ONCE, end)]
            part = np.s_[:, : len(some)]
            for at, source in enumerate(sources):
                source.sampled(some, values[at, : len(some)], seen[at, : len(some)])
            _merge_part(values[part], seen[part], trust, lead, noisy, made, first)

    in_strips(work, count)
    return made


def nothing(count: int, channels: int) -> Merged:
    """Points of which nothing is seen."""
    return Merged(
        np.zeros((count, channels), np.float32),
        np.zeros(count, np.float32),
        np.zeros(count, np.float32),
        np.full(count, -1, np.int32),
    )


def _merge_part(
    values: Values,
    seen: Bytes,
    trust: Values,
    lead: list[int],
    noisy: float,
    made: Merged,
    first: int,
) -> None:
    """Samples (sources, points, channels) merged into a part of what is made."""
    part = np.s_[first : first + values.shape[1]]
    _merge(
        values,
        seen,
        trust.astype(np.float32),
        np.array(lead, np.int64),
        np.float32(noisy),
        (made.values[part], made.squares[part], made.spread[part], made.best[part]),
    )


@numba.njit(nogil=True, cache=True, fastmath=True)
def _merge(values, seen, trust, lead, noisy, made):  # type: ignore[no-untyped-def]
    sources, points, _ = values.shape
    weights, turned = _lanes(sources), _lanes(sources)
    keys, apart = _lanes(sources), _lanes(sources)
    total, middle, scale = _lanes(1)[0], _lanes(1)[0], _lanes(1)[0]
    for first in range(0, points, LANES):
        lanes = min(LANES, points - first)
        total[:] = 0
        for u in range(sources):
            for n in range(lanes):
                rim = min(np.float32(1), seen[u, first + n] / np.float32(RIM))
                weights[u, n] = trust[u] * rim
                total[n] += weights[u, n]
        apart[:] = 0
        for k in range(len(lead)):
            for u in range(sources):
                for n in range(lanes):
                    keys[u, n] = values[u, first + n, lead[k]]
            turned[:] = weights
            _medians(keys, turned, total, middle)
            for u in range(sources):
                for n in range(lanes):
                    off = values[u, first + n, lead[k]] - middle[n]
                    apart[u, n] += off * off / len(lead)
        scale[:] = AGREE * AGREE
        if noisy > 0:
            keys[:], turned[:] = apart, weights
            _medians(keys, turned, total, middle)
            scale[:] = np.maximum(scale, noisy * middle)
        for n in range(lanes):
            if total[n] > 0:
                _mean(values, first + n, n, weights, apart, total[n], scale[n], made)


@numba.njit(nogil=True, cache=True)
def _lanes(count):  # type: ignore[no-untyped-def]
    return np.zeros((count, LANES), np.float32)


@numba.njit(nogil=True, cache=True, fastmath=True, inline="always")
def _mean(values, at, n, weights, apart, total, scale, made):  # type: ignore[no-untyped-def]
    """One point: the mean of the sources, those far from the median counting less. weights,
    apart (sources, lanes): the point's are in lane n; its weights are changed."""
    means, squares, spread, best = made
    wide, agreed = np.float32(0), np.float32(0)
    for u in range(len(weights)):
        if weights[u, n] > 0:
            wide += weights[u, n] * min(apart[u, n], np.float32(0.04))
            weights[u, n] *= np.float32(math.exp(-apart[u, n] / (2 * scale)) + 1e-6)
            agreed += weights[u, n]
    spread[at] = math.sqrt(wide / total)
    most, square = np.float32(0), np.float32(0)
    for u in range(len(weights)):
        if weights[u, n] > 0:
            part = weights[u, n] / agreed
            square += part * part
            for c in range(values.shape[2]):
                means[at, c] += part * values[u, at, c]
            if part > most:
                most, best[at] = part, u
    squares[at] = square


@numba.njit(nogil=True, cache=True, fastmath=True, forceinline=True)
def _medians(keys, weights, total, middle):  # type: ignore[no-untyped-def]
    """The weighted median of each column of keys, which are sorted, and their weights with them.

    total: the sums of the weights; where that is 0, nothing is written.
    """
    _sorted(keys, weights)
    count, lanes = keys.shape
    so_far = np.zeros(lanes, np.float32)
    for u in range(count):
        for n in range(lanes):
            before = so_far[n]
            so_far[n] = before + weights[u, n]
            half = total[n] / 2
            reached = before < half and so_far[n] >= half
            middle[n] = keys[u, n] if reached else middle[n]


@numba.njit(nogil=True, cache=True, fastmath=True, forceinline=True)
def _sorted(keys, weights):  # type: ignore[no-untyped-def]
    """Columns sorted in place by a network of comparisons, many columns at once (K. Batcher,
    "Sorting networks and their applications", 1968)."""
    count, lanes = keys.shape
    size = 1
    while size < count:
        step = size
        while step >= 1:
            for start in range(step % size, count - step, 2 * step):
                for one in range(start, min(start + step, count - step)):
                    other = one + step
                    if one // (2 * size) != other // (2 * size):
                        continue
                    for n in range(lanes):
                        a, b = keys[one, n], keys[other, n]
                        v, w = weights[one, n], weights[other, n]
                        rises = a <= b
                        keys[one, n], keys[other, n] = a if rises else b, b if rises else a
                        weights[one, n], weights[other, n] = v if rises else w, w if rises else v
            step //= 2
        size *= 2
