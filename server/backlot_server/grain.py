"""Film grain and sensor noise of a frame, taken out and made anew as `graininess` measured them.

- Taken out: coefficients of overlapping blocks that the grain explains are set to zero (G. Yu and
  G. Sapiro, "DCT image denoising: a simple and effective image denoising algorithm", IPOL 2011).
- Made anew: Gaussian noise, filtered to the measured spectrum, as strong as measured at each
  brightness; random, but the same for the same frame number.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from .encoding import Tensor, decode, encode
from .graininess import AXES, BLOCK, ENCODING, MIX, SIDE, Grain, Layer
from .parallel import in_strips
from .pixels import Pixels

TAPS = 15
ROWS = 64
"""Rows that grain is put on at once."""

_STEP = 3
_THRESHOLD = 2.8


def remove(pixels: Pixels, layer: Layer, grain: Grain) -> None:
    """Take the grain out of a layer of a picture, in place."""
    height, width, _ = pixels.shape
    if min(height, width) < SIDE:
        return
    original = np.ascontiguousarray(pixels[:, :, layer])
    reach = 2 * SIDE

    def strip(start: int, end: int) -> None:
        first, last = max(0, start - reach), min(height, end + reach)
        first = min(first // _STEP * _STEP, max(0, last - SIDE))
        codes = np.empty((1, AXES, last - first, width), np.float32)
        rows, columns = np.arange(first, last), np.arange(width)
        encode(original, (0, 1, 2), rows, columns, ENCODING, codes)
        _mix(codes[0], MIX)
        limits = _THRESHOLD * np.sqrt(grain.spectrum)
        made = _shrunk(codes[0], limits, grain.levels, grain.strength, BLOCK)
        made = made[:, start - first : end - first]
        _mix(made, MIX.T)
        decode(made, ENCODING, pixels[start:end], layer)

    in_strips(strip, height)


@numba.njit(nogil=True, cache=True)
def _mix(planes, matrix):  # type: ignore[no-untyped-def]
    """Three planes turned into three mixtures of them, in place."""
    _, height, width = planes.shape
    for y in range(height):
        for x in range(width):
            a, b, c = planes[0, y, x], planes[1, y, x], planes[2, y, x]
            for k in range(AXES):
                planes[k, y, x] = matrix[k, 0] * a + matrix[k, 1] * b + matrix[k, 2] * c


@numba.njit(nogil=True, cache=True)
def _shrunk(planes, limits, levels, strength, cosines):  # type: ignore[no-untyped-def]
    axes, height, width = planes.shape
    total = np.zeros_like(planes)
    count = np.zeros((height, width), np.float32)
    half = np.empty((SIDE, SIDE), np.float32)
    block = np.empty((axes, SIDE, SIDE), np.float32)
    unit = np.float32(1.0 / (SIDE * math.sqrt(3.0)))
    for y0 in range(0, height - SIDE + _STEP, _STEP):
        y = min(y0, height - SIDE)
        for x0 in range(0, width - SIDE + _STEP, _STEP):
            x = min(x0, width - SIDE)
            for k in range(axes):
                _transform(planes[k, y : y + SIDE, x : x + SIDE], cosines, half, block[k])
            sigma = np.float32(_between(block[0, 0, 0] * unit, levels, strength))
            for k in range(axes):
                for u in range(SIDE):
                    for v in range(SIDE):
                        if u + v > 0 and abs(block[k, u, v]) < sigma * limits[k, u, v]:
                            block[k, u, v] = 0.0
                _transform_back(block[k], cosines, half)
                for i in range(SIDE):
                    for j in range(SIDE):
                        total[k, y + i, x + j] += block[k, i, j]
            for i in range(SIDE):
                for j in range(SIDE):
                    count[y + i, x + j] += np.float32(1.0)
    for k in range(axes):
        for y in range(height):
            for x in range(width):
                total[k, y, x] /= count[y, x]
    return total


@numba.njit(nogil=True, cache=True)
def _transform(source, cosines, half, out):  # type: ignore[no-untyped-def]
    for u in range(SIDE):
        for j in range(SIDE):
            value = np.float32(0.0)
            for i in range(SIDE):
                value += cosines[u, i] * source[i, j]
            half[u, j] = value
    for u in range(SIDE):
        for v in range(SIDE):
            value = np.float32(0.0)
            for j in range(SIDE):
                value += half[u, j] * cosines[v, j]
            out[u, v] = value


@numba.njit(nogil=True, cache=True)
def _transform_back(block, cosines, half):  # type: ignore[no-untyped-def]
    for i in range(SIDE):
        for v in range(SIDE):
            value = np.float32(0.0)
            for u in range(SIDE):
                value += cosines[u, i] * block[u, v]
            half[i, v] = value
    for i in range(SIDE):
        for j in range(SIDE):
            value = np.float32(0.0)
            for v in range(SIDE):
                value += half[i, v] * cosines[v, j]
            block[i, j] = value


@numba.njit(nogil=True, cache=True)
def _between(at, places, values):  # type: ignore[no-untyped-def]
    """Linear between places, held beyond the ends."""
    last = len(places) - 1
    if at <= places[0]:
        return values[0]
    for n in range(last):
        if at < places[n + 1]:
            part = (at - places[n]) / (places[n + 1] - places[n])
            return values[n] + part * (values[n + 1] - values[n])
    return values[last]


def put(pixels: Pixels, layer: Layer, grain: Grain, number: int) -> None:
    """Put grain as measured onto a layer of a picture, in place.

    Args: number: of the frame; each has grain of its own, always the same.
    """
    height, width, _ = pixels.shape
    filters = [_filters(spectrum) for spectrum in grain.spectrum]
    columns = np.arange(width)

    def band(start: int, end: int) -> None:
        codes = np.empty((1, AXES, end - start, width), np.float32)
        encode(pixels, layer, np.arange(start, end), columns, ENCODING, codes)
        noise = np.stack(
            [
                _filtered(_drawn(number, axis, start, end, width), *filters[axis])
                for axis in range(AXES)
            ]
        )
        _lay(codes[0], noise, MIX, grain.levels, grain.strength)
        decode(codes[0], ENCODING, pixels[start:end], layer)

    def strip(start: int, end: int) -> None:
        for first in range(start, end, ROWS):
            band(first, min(first + ROWS, end))

    in_strips(strip, height)


@numba.njit(nogil=True, cache=True)
def _lay(codes, noise, matrix, levels, strength):  # type: ignore[no-untyped-def]
    """Add noise, unmixed, as strong as the brightness asks for."""
    _, height, width = codes.shape
    for y in range(height):
        for x in range(width):
            brightness = (codes[0, y, x] + codes[1, y, x] + codes[2, y, x]) / np.float32(3.0)
            gain = np.float32(_between(brightness, levels, strength))
            for c in range(AXES):
                value = np.float32(0.0)
                for k in range(AXES):
                    value += matrix[k, c] * noise[k, y, x]
                codes[c, y, x] += gain * value


def _filters(spectrum: Tensor) -> tuple[Tensor, Tensor]:
    """Two symmetric filters, down and across, whose product has that variance and about that
    spectrum."""
    left, sizes, right = np.linalg.svd(np.sqrt(spectrum))
    down, across = np.abs(left[:, 0]) * sizes[0], np.abs(right[0])
    at = np.arange(SIDE) / (2 * SIDE)
    places = np.arange(TAPS) - TAPS // 2
    frequencies = np.linspace(0, 0.5, 65)
    waves = np.cos(2 * np.pi * frequencies[:, None] * places)
    ends = np.full(65, 1.0)
    ends[[0, -1]] = 0.5
    window = np.hanning(TAPS + 2)[1:-1] ** 0.5

    def taps(gains: Tensor, power: float) -> Tensor:
        curve = np.interp(frequencies, at, gains)
        found = (ends[:, None] * curve[:, None] * waves).sum(axis=0) / 64 * window
        made: Tensor = (found * math.sqrt(power / (found**2).sum())).astype(np.float32)
        return made

    return taps(down, 1.0), taps(across, float(spectrum.mean()))


def _drawn(number: int, axis: int, start: int, end: int, width: int) -> Tensor:
    """White noise for some rows and what the filter needs around them; each row is its own."""
    margin = TAPS // 2
    noise = np.empty((end - start + 2 * margin, width + 2 * margin), np.float32)
    key = (number & 0xFFFFFFFF) << 2 | axis
    for n, row in enumerate(range(start - margin, end + margin)):
        philox = np.random.Philox(key=key, counter=(row + margin) << 128)
        np.random.Generator(philox).standard_normal(dtype=np.float32, out=noise[n])
    return noise


@numba.njit(nogil=True, cache=True)
def _filtered(noise, down, across):  # type: ignore[no-untyped-def]
    height, width = noise.shape[0] - TAPS + 1, noise.shape[1] - TAPS + 1
    line = np.empty(noise.shape[1], np.float32)
    out = np.zeros((height, width), np.float32)
    for y in range(height):
        line[:] = 0.0
        for t in range(TAPS):
            for x in range(len(line)):
                line[x] += down[t] * noise[y + t, x]
        for t in range(TAPS):
            for x in range(width):
                out[y, x] += across[t] * line[x + t]
    return out
