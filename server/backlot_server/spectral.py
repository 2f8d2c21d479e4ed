"""Frequency selective extrapolation: what the spectrum around a hole says about its inside.

A block's surroundings, weighted by distance, are approximated by a few two-dimensional Fourier
functions, chosen one after the other; those are then evaluated inside. Stripes, edges and regular
texture run on into the hole. Method: J. Seiler, A. Kaup, "Complex-Valued Frequency Selective
Extrapolation for Fast Image and Video Signal Extrapolation" (2010), with the frequency prior of
N. Genser et al., "Spectral Constrained Frequency Selective Extrapolation" (2018); here limited to
low frequencies, run from coarse to fine, the coarser result as weak evidence in the finer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from .membrane import Mask, Values, any_of_four, distance, doubled, halved, membrane
from .parallel import in_strips

MANY = 12000
"""Pixels on one level from which it is done roughly."""
FINE = (2, 64, 22)
ROUGH = (4, 48, 18)
"""Side of a block, of the window it is extrapolated from, highest frequency (periods a window)."""
DECAY = 0.8
"""Weight of the surroundings, per pixel of distance."""
TRUST_MADE = 0.3
TRUST_COARSE = 0.01
"""Weights of pixels made before and of the coarser level's, against 1 for known ones."""
ROUNDS = (60, 25)
"""Functions chosen for luminance and for each difference of colour."""
STEP = 0.5
STOP = 1e-7
THIN = 6.0
REACH = 10.0
"""Farther inside than this, in pixels of a level, the coarser level has the last word."""
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
            return _one_level(start, hole, unknown, TRUST_COARSE, REACH, check)
    return _one_level(membrane(values, unknown), hole, unknown, 0.0, np.inf, check)


def _whole(values: Values, hole: Mask, unknown: Mask) -> Values:
    """Values for unknown pixels outside the hole too, so that nothing bleeds from them."""
    other = unknown & ~hole
    return membrane(values, other) if other.any() else values


@dataclass(frozen=True)
class _Tables:
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
    falloff = DECAY ** np.hypot(away[:, None], away[None, :])
    falloff[np.hypot(away[:, None], away[None, :]) > 3 * size / 8] = 0.0
    return _Tables(*(t.astype(np.float32) for t in (np.cos(angle), np.sin(angle), falloff, prior)))


def _one_level(
    values: Values, hole: Mask, unknown: Mask, trust: float, reach: float, check: Check
) -> Values:
    """From the rim inwards, ring by ring; the blocks of one ring do not see each other."""
    block, size, highest = FINE if np.count_nonzero(hole) < MANY else ROUGH
    tables = _tables(size, highest)
    rounds = np.array([ROUNDS[min(c, 1)] for c in range(values.shape[2])])
    confidence = np.where(unknown, np.where(hole, np.float32(trust), 0), 1).astype(np.float32)
    now = np.ascontiguousarray(values, np.float32)
    made = now.copy()
    for blocks in _rings(hole, distance(unknown), block, reach):
        check()

        def work(start: int, end: int, blocks: npt.NDArray[np.int32] = blocks) -> None:
            _extrapolate(
                now,
                confidence,
                hole,
                blocks[start:end],
                block,
                tables.cosine,
                tables.sine,
                tables.falloff,
                tables.prior,
                rounds,
                made,
            )

        in_strips(work, len(blocks))
        _settle(now, made, confidence, hole, blocks, block, np.float32(TRUST_MADE))
    return now


def _rings(hole: Mask, away: Values, block: int, reach: float) -> list[npt.NDArray[np.int32]]:
    """Top left corners of the blocks that hold pixels of the hole, by how deep they lie."""
    rows, columns = -(-hole.shape[0] // block), -(-hole.shape[1] // block)
    depth = np.zeros((rows * block, columns * block), np.float32)
    depth[: hole.shape[0], : hole.shape[1]] = np.where(hole, away, 0)
    tiles = depth.reshape(rows, block, columns, block)
    count = (tiles > 0).sum(axis=(1, 3))
    mean = tiles.sum(axis=(1, 3)) / np.maximum(count, 1)
    ring = np.where(count > 0, np.ceil(mean / block), 0).astype(np.int32)
    last = int(min(ring.max(initial=0), np.ceil(reach / block) if np.isfinite(reach) else 1 << 30))
    found = (np.argwhere(ring == n).astype(np.int32) * block for n in range(1, last + 1))
    return [blocks for blocks in found if len(blocks)]


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


@numba.njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz", "arcp", "nnan"})
def _extrapolate(  # type: ignore[no-untyped-def]
    values, confidence, hole, blocks, block, cosine, sine, falloff, prior, rounds, made
):
    height, width, channels = values.shape
    size, top = len(falloff), prior.shape[1] - 1
    margin = size // 8
    weight = np.empty((size, size), np.float32)
    row_re = np.empty((size, 2 * top + 1), np.float32)
    row_im = np.empty((size, 2 * top + 1), np.float32)
    window_re = np.empty((4 * top + 1, 3 * top + 1), np.float32)
    window_im = np.empty((4 * top + 1, 3 * top + 1), np.float32)
    rest_re = np.empty((2 * top + 1, top + 1), np.float32)
    rest_im = np.empty((2 * top + 1, top + 1), np.float32)
    model_re = np.empty((2 * top + 1, top + 1), np.float32)
    model_im = np.empty((2 * top + 1, top + 1), np.float32)
    for n in range(len(blocks)):
        y0 = blocks[n, 0] + block // 2 - size // 2
        x0 = blocks[n, 1] + block // 2 - size // 2
        j0, j1 = max(margin, -y0), min(size - margin, height - y0)
        i0, i1 = max(margin, -x0), min(size - margin, width - x0)
        total = np.float32(0.0)
        for j in range(j0, j1):
            for i in range(i0, i1):
                weight[j, i] = falloff[j, i] * confidence[y0 + j, x0 + i]
                total += weight[j, i]
        if total < 1e-6:
            continue
        _transform_window(
            weight, j0, j1, i0, i1, cosine, sine, row_re, row_im, window_re, window_im
        )
        for c in range(channels):
            mean = np.float32(0.0)
            for j in range(j0, j1):
                for i in range(i0, i1):
                    mean += weight[j, i] * values[y0 + j, x0 + i, c]
            mean /= total
            row_re[:] = 0.0
            row_im[:] = 0.0
            for j in range(j0, j1):
                line_re, line_im = row_re[j], row_im[j]
                for i in range(i0, i1):
                    value = (values[y0 + j, x0 + i, c] - mean) * weight[j, i]
                    if value != 0.0:
                        cos, sin = cosine[i], sine[i]
                        for k in range(top + 1):
                            line_re[k] += value * cos[k]
                            line_im[k] -= value * sin[k]
            rest_re[:] = 0.0
            rest_im[:] = 0.0
            for q in range(-top, top + 1):
                _add_column(
                    row_re,
                    row_im,
                    j0,
                    j1,
                    q,
                    cosine,
                    sine,
                    rest_re[q + top],
                    rest_im[q + top],
                    top + 1,
                )
            _choose(
                rest_re, rest_im, window_re, window_im, prior, total, rounds[c], model_re, model_im
            )
            for y in range(blocks[n, 0], min(blocks[n, 0] + block, height)):
                for x in range(blocks[n, 1], min(blocks[n, 1] + block, width)):
                    if hole[y, x]:
                        made[y, x, c] = mean + _evaluate(
                            model_re, model_im, cosine, sine, y - y0, x - x0
                        )


@numba.njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz", "arcp", "nnan"})
def _add_column(  # type: ignore[no-untyped-def]
    row_re, row_im, j0, j1, q, cosine, sine, out_re, out_im, count
):
    """One row of frequencies out of the rows' transforms."""
    for j in range(j0, j1):
        cos, sin = cosine[j, abs(q)], sine[j, abs(q)]
        if q < 0:
            sin = -sin
        line_re, line_im = row_re[j], row_im[j]
        for k in range(count):
            out_re[k] += line_re[k] * cos + line_im[k] * sin
            out_im[k] += line_im[k] * cos - line_re[k] * sin


@numba.njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz", "arcp", "nnan"})
def _transform_window(  # type: ignore[no-untyped-def]
    weight, j0, j1, i0, i1, cosine, sine, row_re, row_im, window_re, window_im
):
    """The weights' transform at frequencies -2 top to 2 top by -top to 2 top."""
    top = (len(window_re) - 1) // 4
    count = 2 * top + 1
    row_re[:] = 0.0
    row_im[:] = 0.0
    for j in range(j0, j1):
        line_re, line_im = row_re[j], row_im[j]
        for i in range(i0, i1):
            value = weight[j, i]
            if value != 0.0:
                cos, sin = cosine[i], sine[i]
                for k in range(count):
                    line_re[k] += value * cos[k]
                    line_im[k] -= value * sin[k]
    window_re[:] = 0.0
    window_im[:] = 0.0
    for q in range(-2 * top, 2 * top + 1):
        _add_column(
            row_re,
            row_im,
            j0,
            j1,
            q,
            cosine,
            sine,
            window_re[q + 2 * top, top:],
            window_im[q + 2 * top, top:],
            count,
        )
    for q in range(4 * top + 1):
        for k in range(1, top + 1):
            window_re[q, top - k] = window_re[4 * top - q, top + k]
            window_im[q, top - k] = -window_im[4 * top - q, top + k]


@numba.njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz", "arcp", "nnan"})
def _choose(  # type: ignore[no-untyped-def]
    rest_re, rest_im, window_re, window_im, prior, total, rounds, model_re, model_im
):
    """Matching pursuit: the strongest frequency, a step of its amplitude, again on the rest."""
    count, top = len(prior), prior.shape[1] - 1
    model_re[:] = 0.0
    model_im[:] = 0.0
    for _ in range(rounds):
        best, q = np.float32(-1.0), 0
        for row in range(count):
            line_re, line_im, odds = rest_re[row], rest_im[row], prior[row]
            most = np.float32(0.0)
            for k in range(top + 1):
                most = max(most, (line_re[k] * line_re[k] + line_im[k] * line_im[k]) * odds[k])
            if most > best:
                best, q = most, row
        if best <= STOP * total * total:
            return
        column, most = 0, np.float32(-1.0)
        for k in range(top + 1):
            power = (rest_re[q, k] * rest_re[q, k] + rest_im[q, k] * rest_im[q, k]) * prior[q, k]
            if power > most:
                column, most = k, power
        re = np.float32(STEP) * rest_re[q, column] / total
        im = np.float32(STEP) * rest_im[q, column] / total
        if q == top and column == 0:
            re, im = np.float32(0.5) * re, np.float32(0.0)
        model_re[q, column] += re
        model_im[q, column] += im
        for row in range(count):
            line_re, line_im = rest_re[row], rest_im[row]
            near_re = window_re[row - q + 2 * top, top - column :]
            near_im = window_im[row - q + 2 * top, top - column :]
            far_re = window_re[row + q, top + column :]
            far_im = window_im[row + q, top + column :]
            for k in range(top + 1):
                line_re[k] -= re * (near_re[k] + far_re[k]) - im * (near_im[k] - far_im[k])
                line_im[k] -= re * (near_im[k] + far_im[k]) + im * (near_re[k] - far_re[k])


@numba.njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz", "arcp", "nnan"})
def _evaluate(model_re, model_im, cosine, sine, j, i):  # type: ignore[no-untyped-def]
    top = model_re.shape[1] - 1
    total = np.float32(0.0)
    for q in range(-top, top + 1):
        cos, sin = cosine[j, abs(q)], sine[j, abs(q)]
        if q < 0:
            sin = -sin
        for k in range(top + 1):
            re, im = model_re[q + top, k], model_im[q + top, k]
            if re != 0.0 or im != 0.0:
                across, down = cosine[i, k], sine[i, k]
                total += re * (cos * across - sin * down) - im * (sin * across + cos * down)
    return np.float32(2.0) * total
