"""The compiled inner loops of `backlot_server.spectral`: matching pursuit, block by block.

Source of the method, and of how weights and numbers of functions follow the contrast: see there.
"""

from __future__ import annotations

import numba
import numpy as np

CONTRASTS = np.array([0.014, 0.03, 0.09])
DECAYS = (0.84, 0.78, 0.74, 0.70)
"""Weight of the surroundings, per pixel of distance: the more their luminance varies (its deviation
lies between which two contrasts), the less of what is far away has a say."""
READ = 0.1
"""Confidence from which a pixel counts for the contrast: what is known, and what was made."""
ROUNDS = (10, 50)
ROUNDS_RISE = 500.0
"""Least and most functions chosen for luminance, and how many per unit of its deviation around."""
CHROMA = 0.5
"""Part of them chosen for each difference of colour."""
STEP = 0.5
STOP = 1e-7
FAST = {"contract", "reassoc", "nsz", "arcp", "nnan"}


@numba.njit(nogil=True, cache=True)
def _contrast(values, confidence, top, bottom, left, right):  # type: ignore[no-untyped-def]
    """Deviation of the luminance of what is known in a window, or was made."""
    total, square, count = 0.0, 0.0, 0
    for y in range(top, bottom):
        for x in range(left, right):
            if confidence[y, x] >= READ:
                total += values[y, x, 0]
                square += values[y, x, 0] ** 2
                count += 1
    mean = total / max(count, 1)
    return np.sqrt(max(square / max(count, 1) - mean * mean, 0.0))


@numba.njit(nogil=True, cache=True, fastmath=FAST)
def extrapolate(  # type: ignore[no-untyped-def]
    values, confidence, hole, blocks, block, cosine, sine, falloff, prior, made
):
    height, width, channels = values.shape
    size, top = falloff.shape[1], prior.shape[1] - 1
    margin = size // 8
    weight = np.empty((size, size), np.float32)
    weighted = np.empty((size, size), np.float32)
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
        contrast = _contrast(values, confidence, y0 + j0, y0 + j1, x0 + i0, x0 + i1)
        away = falloff[np.searchsorted(CONTRASTS, contrast, "right")]
        rounds = min(max(ROUNDS[0], ROUNDS_RISE * contrast), ROUNDS[1])
        total = np.float32(0.0)
        for j in range(j0, j1):
            for i in range(i0, i1):
                weight[j, i] = away[j, i] * confidence[y0 + j, x0 + i]
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
            for j in range(j0, j1):
                for i in range(i0, i1):
                    weighted[j, i] = (values[y0 + j, x0 + i, c] - mean) * weight[j, i]
            _transform(
                weighted, j0, j1, i0, i1, cosine, sine, row_re, row_im, rest_re, rest_im, 0, top + 1
            )
            count = int(rounds if c == 0 else CHROMA * rounds)
            _choose(rest_re, rest_im, window_re, window_im, prior, total, count, model_re, model_im)
            for y in range(blocks[n, 0], min(blocks[n, 0] + block, height)):
                for x in range(blocks[n, 1], min(blocks[n, 1] + block, width)):
                    if hole[y, x]:
                        made[y, x, c] = mean + _evaluate(
                            model_re, model_im, cosine, sine, y - y0, x - x0
                        )


@numba.njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _transform(  # type: ignore[no-untyped-def]
    picture, j0, j1, i0, i1, cosine, sine, row_re, row_im, out_re, out_im, first, count
):
    """A picture's part j0 to j1 by i0 to i1, at all frequencies down and the first ones across.

    Written from column `first` on.
    """
    row_re[:] = 0.0
    row_im[:] = 0.0
    for j in range(j0, j1):
        line_re, line_im = row_re[j], row_im[j]
        for i in range(i0, i1):
            value = picture[j, i]
            if value != 0.0:
                cos, sin = cosine[i], sine[i]
                for k in range(count):
                    line_re[k] += value * cos[k]
                    line_im[k] -= value * sin[k]
    out_re[:] = 0.0
    out_im[:] = 0.0
    most = len(out_re) // 2
    for q in range(-most, most + 1):
        to_re, to_im = out_re[q + most, first:], out_im[q + most, first:]
        for j in range(j0, j1):
            down_cos, down_sin = cosine[j, abs(q)], sine[j, abs(q)]
            if q < 0:
                down_sin = -down_sin
            from_re, from_im = row_re[j], row_im[j]
            for k in range(count):
                to_re[k] += from_re[k] * down_cos + from_im[k] * down_sin
                to_im[k] += from_im[k] * down_cos - from_re[k] * down_sin


@numba.njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _transform_window(  # type: ignore[no-untyped-def]
    weight, j0, j1, i0, i1, cosine, sine, row_re, row_im, window_re, window_im
):
    """The weights' transform at frequencies -2 top to 2 top by -top to 2 top."""
    top = (len(window_re) - 1) // 4
    _transform(
        weight, j0, j1, i0, i1, cosine, sine, row_re, row_im, window_re, window_im, top, 2 * top + 1
    )
    for q in range(4 * top + 1):
        for k in range(1, top + 1):
            window_re[q, top - k] = window_re[4 * top - q, top + k]
            window_im[q, top - k] = -window_im[4 * top - q, top + k]


@numba.njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
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


@numba.njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
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
