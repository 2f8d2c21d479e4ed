"""Frequency selective extrapolation: what the spectrum around a hole says about its inside.

A block's surroundings, weighted by distance, are approximated by a few two-dimensional Fourier
functions, chosen one after the other; those are then evaluated inside. Stripes, edges and regular
texture run on into the hole. Method: J. Seiler, A. Kaup, "Complex-Valued Frequency Selective
Extrapolation for Fast Image and Video Signal Extrapolation" (2010), with the frequency prior of
N. Genser et al., "Spectral Constrained Frequency Selective Extrapolation" (2018), and with weights
and numbers of functions that follow the contrast around, as in theirs; here run from coarse to
fine, the coarser result as weak evidence in the finer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
import numpy.typing as npt

from . import pursuit
from .membrane import Mask, Values, any_of_four, distance, doubled, halved, membrane
from .parallel import in_strips

MANY = 12000
"""Pixels on one level from which it is done roughly."""
FINE = (2, 64, 31)
ROUGH = (4, 48, 18)
"""Side of a block, of the window it is extrapolated from, highest frequency (periods a window)."""
TRUST_MADE = 0.5
TRUST_COARSE = 0.01
"""Weights of pixels made before and of the coarser level's, against 1 for known ones."""
THIN = 6.0
REACH = (14.0, 10.0)
"""Farther inside than this, in pixels of a level, the coarser level has the last word: where it is
done finely, and roughly."""
LEAST_SIDE = 16

OPPONENT = np.array(
    [[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]], np.float32
)

Check = Callable[[], None]


def extrapolate(values: Values, hole: Mask, unknown: Mask, check: Check) -> Values:
    """A smooth and plausible inside for a hole, sharp along edges that run into it.

    Args:
        values: (height, width, channels) float32, perceptually even; finite where known. Three
            channels are taken as red, green and blue.
        hole: (height, width), what to make.
        unknown: what must not be read; includes the hole.
        check: called often; may raise.
    Returns: (height, width, channels), the known pixels as they were, within the known range.
    """
    if unknown.all():
        return membrane(values, unknown)
    known = values[~unknown]
    low, high = known.min(axis=0), known.max(axis=0)
    mixed = values @ OPPONENT.T if values.shape[2] == 3 else values
    made = _coarse_to_fine(np.ascontiguousarray(mixed), hole, unknown, check)
    if values.shape[2] == 3:
        made = made @ np.linalg.inv(OPPONENT).T.astype(np.float32)
    return np.where(hole[:, :, None], np.clip(made, low, high), values)


def _coarse_to_fine(values: Values, hole: Mask, unknown: Mask, check: Check) -> Values:
    deepest = float(distance(unknown)[hole].max(initial=0.0))
    if deepest > THIN and min(hole.shape) >= LEAST_SIDE:
        small, small_unknown = halved(values, unknown)
        small_hole = any_of_four(hole) & small_unknown
        if not small_unknown.all():
            coarse = _coarse_to_fine(small, small_hole, small_unknown, check)
            start = np.where(
                unknown[:, :, None],
                doubled(_whole(coarse, small_hole, small_unknown), *hole.shape),
                values,
            )
            return _one_level(start, hole, unknown, TRUST_COARSE, check)
    return _one_level(membrane(values, unknown), hole, unknown, 0.0, check)


def _whole(values: Values, hole: Mask, unknown: Mask) -> Values:
    """Values for unknown pixels outside the hole too, so that nothing bleeds from them."""
    other = unknown & ~hole
    return membrane(values, other) if other.any() else values


@dataclass(frozen=True)
class _Tables:
    """falloff: (decays, size, size)."""

    cosine: Values
    sine: Values
    falloff: Values
    prior: Values


def _tables(size: int, highest: int) -> _Tables:
    angle = 2 * np.pi * np.outer(np.arange(size), np.arange(2 * highest + 1)) / size
    away = np.arange(size) - (size - 1) / 2
    rows = np.abs(np.arange(-highest, highest + 1)) / size
    columns = np.arange(highest + 1) / size
    frequency = np.hypot(rows[:, None], columns[None, :])
    prior = np.maximum(1.0 - np.sqrt(2.0) * frequency, 1e-3) ** 2
    distances = np.hypot(away[:, None], away[None, :])
    falloff = np.array(pursuit.DECAYS)[:, None, None] ** distances
    falloff[:, distances > 3 * size / 8] = 0.0
    return _Tables(*(t.astype(np.float32) for t in (np.cos(angle), np.sin(angle), falloff, prior)))


def _one_level(values: Values, hole: Mask, unknown: Mask, trust: float, check: Check) -> Values:
    """From the rim inwards, turn by turn; the blocks of one turn do not see each other."""
    fine = bool(np.count_nonzero(hole) < MANY)
    block, size, highest = FINE if fine else ROUGH
    reach = REACH[0 if fine else 1] if trust else np.inf
    tables = _tables(size, highest)
    confidence = np.where(unknown, np.where(hole, np.float32(trust), 0), 1).astype(np.float32)
    now = np.ascontiguousarray(values, np.float32)
    made = now.copy()
    for blocks in _turns(hole, distance(unknown), block, reach, fine):
        check()

        def work(start: int, end: int, blocks: npt.NDArray[np.int32] = blocks) -> None:
            pursuit.extrapolate(
                now,
                confidence,
                hole,
                blocks[start:end],
                block,
                tables.cosine,
                tables.sine,
                tables.falloff,
                tables.prior,
                made,
            )

        in_strips(work, len(blocks))
        _settle(now, made, confidence, hole, blocks, block, np.float32(TRUST_MADE))
    return now


def _turns(
    hole: Mask, away: Values, block: int, reach: float, fine: bool
) -> list[npt.NDArray[np.int32]]:
    """Top left corners of the blocks that hold pixels of the hole, turn by turn.

    Roughly, a turn is a ring. Finely, those of which most is known around come first, no two
    neighbours in one turn: corners come before sides, and neighbours know of each other.
    """
    rows, columns = -(-hole.shape[0] // block), -(-hole.shape[1] // block)
    depth = np.zeros((rows * block, columns * block), np.float32)
    depth[: hole.shape[0], : hole.shape[1]] = np.where(hole, away, 0)
    tiles = depth.reshape(rows, block, columns, block)
    count = (tiles > 0).sum(axis=(1, 3))
    mean = tiles.sum(axis=(1, 3)) / np.maximum(count, 1)
    turn = np.where(count > 0, np.ceil(mean / block), 0).astype(np.int32)
    if np.isfinite(reach):
        turn[turn > np.ceil(reach / block)] = 0
    if fine:
        turn = _by_neighbours(turn > 0)
    order = np.argsort(turn, axis=None, kind="stable")
    corners = np.stack(np.unravel_index(order, turn.shape), axis=1).astype(np.int32) * block
    starts = np.searchsorted(turn.ravel()[order], np.arange(1, turn.max(initial=0) + 2))
    found = (corners[first:last] for first, last in pairwise(starts))
    return [blocks for blocks in found if len(blocks)]


@numba.njit(nogil=True, cache=True)
def _by_neighbours(wanted):  # type: ignore[no-untyped-def]
    """In which turn, from 1, each wanted block is made: next come those with the fewest neighbours
    that are still to be made, or lie outside, no two of them neighbours; 0 elsewhere."""
    rows, columns = wanted.shape
    turns = np.zeros((rows, columns), np.int32)
    ys, xs = np.nonzero(wanted)
    left, turn = len(ys), 0
    lacking = np.empty(left, np.int32)
    while left:
        turn += 1
        for n in range(left):
            lacking[n] = 0
            for y in range(ys[n] - 1, ys[n] + 2):
                for x in range(xs[n] - 1, xs[n] + 2):
                    inside = 0 <= y < rows and 0 <= x < columns
                    lacking[n] += not inside or (wanted[y, x] and turns[y, x] == 0)
        least = lacking[:left].min()
        kept = 0
        for n in range(left):
            y, x = ys[n], xs[n]
            near = turns[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
            if lacking[n] == least and not (near == turn).any():
                turns[y, x] = turn
            else:
                ys[kept], xs[kept] = y, x
                kept += 1
        left = kept
    return turns


@numba.njit(nogil=True, cache=True)
def _settle(now, made, confidence, hole, blocks, block, trust):  # type: ignore[no-untyped-def]
    height, width, channels = now.shape
    for n in range(len(blocks)):
        for y in range(blocks[n, 0], min(blocks[n, 0] + block, height)):
            for x in range(blocks[n, 1], min(blocks[n, 1] + block, width)):
                if hole[y, x]:
                    confidence[y, x] = trust
                    for c in range(channels):
                        now[y, x, c] = made[y, x, c]
