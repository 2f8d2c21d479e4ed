"""Scene-linear to what a network was trained on, and exactly back. Nothing is clamped.

Every encoding is odd (the code of -x is minus that of x), rises everywhere and is exact to float32
rounding over the whole range of half, so that no value is lost on the way. x is scene-linear:

- linear: x.
- power2: sqrt(x). A network without biases is exactly exposure-invariant on it (what our own use):
  a gain g on x is a gain sqrt(g) on the code.
- srgb: the transfer curve of IEC 61966-2-1, continued above 1.
- log: log(1 + x / 0.01) / log(1 + 64 / 0.01), the code 1 at 64.
- hybrid: srgb up to 0.25; logarithmic above, the code 1 at 64. The toe is what a display-referred
  network knows, the shoulder keeps highlights within its reach. (With S the srgb curve,
  S(p) + (1 - S(p)) * log2(x / p) / log2(64 / p) for x > p = 0.25.)
"""

from __future__ import annotations

import math
from functools import cache

import numba
import numpy as np
import numpy.typing as npt

from backlot.errors import Unsupported

from .pixels import Pixels, as_float, as_stored, held, limit_of, raw

Tensor = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]

ENCODINGS = ("linear", "power2", "srgb", "log", "hybrid")
LINEAR, POWER2, SRGB, LOG, HYBRID = range(5)

TOP = 64.0
_LOG_UNIT = 0.01
_LOG_SCALE = math.log1p(TOP / _LOG_UNIT)
_PIVOT = 0.25
_PIVOT_CODE = 1.055 * _PIVOT ** (1 / 2.4) - 0.055
_SHOULDER = (1 - _PIVOT_CODE) / math.log2(TOP / _PIVOT)


def code_of(encoding: str) -> int:
    """The number by which kernels know an encoding. Raises Unsupported for one they do not."""
    if encoding not in ENCODINGS:
        raise Unsupported(
            f"There is no encoding called {encoding}.", f"Use one of {', '.join(ENCODINGS)}."
        )
    return ENCODINGS.index(encoding)


def encode(
    pixels: Pixels,
    channels: tuple[int, int, int],
    rows: Index,
    columns: Index,
    encoding: str,
    out: Tensor,
) -> Tensor:
    """Encode a region of a picture as a network takes it, in one pass.

    Args:
        pixels: (height, width, channels) half or float, scene-linear, finite.
        channels: which three of them are red, green and blue; one may be named thrice.
        rows, columns: for each row and column of the result, the one of `pixels` it shows.
        out: (1, 3, len(rows), len(columns)) float32, written and returned.
    """
    code = code_of(encoding)
    table = half_table(encoding) if pixels.dtype == np.float16 else _NO_TABLE
    _encode(raw(pixels), np.array(channels), rows, columns, code, table, out[0])
    return out


def decode(
    tensor: Tensor,
    encoding: str,
    pixels: Pixels,
    channels: tuple[int, int, int],
    floor: float | Tensor = -math.inf,
    ceiling: Tensor | None = None,
) -> bool:
    """Decode a network's result into a picture, in one pass.

    Values that a half pixel cannot hold become its largest finite ones.

    Args:
        tensor: (3, height, width) float32; strides may be any.
        pixels: (height, width, channels) half or float, the three `channels` are written, and where
            one is named thrice, the mean of the three results.
        floor: values below it are raised to it: one number, or a number for each n x n pixels of
            each of the three, (3, height // n, width // n). ceiling: the same from above.
    Returns: whether every value was finite; where not, the pixels are not usable.
    """
    each = floor if isinstance(floor, np.ndarray) else _NO_LIMIT
    lowest = np.float32(-math.inf if isinstance(floor, np.ndarray) else floor)
    limits = (lowest, each, _NO_LIMIT if ceiling is None else ceiling)
    kernel = _decode_mean if len(set(channels)) == 1 else _decode
    chosen, most = np.array(channels), limit_of(pixels)
    return bool(kernel(tensor, code_of(encoding), raw(pixels), chosen, most, limits))


def encoded(values: npt.ArrayLike, encoding: str) -> npt.NDArray[np.float32]:
    """Any array of scene-linear values, encoded."""
    flat = np.array(values, np.float32, order="C")
    _encode_line(flat.reshape(-1), code_of(encoding))
    return flat


def decoded(codes: npt.ArrayLike, encoding: str) -> npt.NDArray[np.float32]:
    """The exact inverse of `encoded`."""
    flat = np.array(codes, np.float32, order="C")
    _decode_line(flat.reshape(-1), code_of(encoding))
    return flat


_NO_TABLE = np.empty(0, np.float32)
_NO_LIMIT = np.empty((0, 0, 0), np.float32)


@cache
def half_table(encoding: str) -> npt.NDArray[np.float32]:
    """The code of every half, by its bits."""
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    return encoded(np.nan_to_num(halves, nan=0.0), encoding)


@numba.njit(nogil=True, cache=True)
def _encode(pixels, channels, rows, columns, code, table, out):  # type: ignore[no-untyped-def]
    for c in range(3):
        channel = channels[c]
        for j in range(len(rows)):
            y = rows[j]
            line = out[c, j]
            if len(table):
                for i in range(len(columns)):
                    line[i] = table[np.int64(pixels[y, columns[i], channel])]
            else:
                for i in range(len(columns)):
                    line[i] = as_float(pixels[y, columns[i], channel])
                _encode_line(line, code)


@numba.njit(nogil=True, cache=True)
def _encode_line(line, code):  # type: ignore[no-untyped-def]
    for i in range(len(line)):
        x = abs(np.float64(line[i]))
        if code == POWER2:
            x = math.sqrt(x)
        elif code == LOG:
            x = math.log1p(x / _LOG_UNIT) / _LOG_SCALE
        elif code == HYBRID and x > _PIVOT:
            x = _PIVOT_CODE + _SHOULDER * math.log2(x / _PIVOT)
        elif code in (SRGB, HYBRID):
            x = 12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055
        line[i] = np.float32(math.copysign(x, line[i]))


@numba.njit(nogil=True, cache=True)
def _decode_line(line, code):  # type: ignore[no-untyped-def]
    if code == POWER2:
        for i in range(len(line)):
            line[i] = line[i] * abs(line[i])
    elif code != LINEAR:
        for i in range(len(line)):
            size = _decoded_size(abs(np.float64(line[i])), code)
            line[i] = np.float32(math.copysign(size, line[i]))


@numba.njit(nogil=True, cache=True)
def _decoded_size(x, code):  # type: ignore[no-untyped-def]
    if code == LOG:
        return math.expm1(x * _LOG_SCALE) * _LOG_UNIT
    if code == HYBRID and x > _PIVOT_CODE:
        return _PIVOT * 2.0 ** ((x - _PIVOT_CODE) / _SHOULDER)
    return x / 12.92 if x <= 12.92 * 0.0031308 else ((x + 0.055) / 1.055) ** 2.4


@numba.njit(nogil=True, cache=True)
def _decode(tensor, code, pixels, channels, most, limits):  # type: ignore[no-untyped-def]
    _, height, width = tensor.shape
    line = np.empty(width, np.float32)
    bad = False
    for y in range(height):
        for c in range(3):
            bad |= _decode_row(tensor[c, y], code, line)
            _hold_row(line, limits, c, y, height)
            channel = channels[c]
            for x in range(width):
                pixels[y, x, channel] = as_stored(held(line[x], most), pixels)
    return not bad


@numba.njit(nogil=True, cache=True)
def _decode_mean(tensor, code, pixels, channels, most, limits):  # type: ignore[no-untyped-def]
    _, height, width = tensor.shape
    line = np.empty(width, np.float32)
    mean = np.empty(width, np.float32)
    bad = False
    for y in range(height):
        mean[:] = 0.0
        for c in range(3):
            bad |= _decode_row(tensor[c, y], code, line)
            _hold_row(line, limits, c, y, height)
            for x in range(width):
                mean[x] += line[x] * np.float32(1.0 / 3.0)
        for x in range(width):
            pixels[y, x, channels[0]] = as_stored(held(mean[x], most), pixels)
    return not bad


@numba.njit(nogil=True, cache=True)
def _decode_row(codes, code, line):  # type: ignore[no-untyped-def]
    """Decode one row into `line`. Returns whether a code was not finite."""
    bad = False
    for x in range(len(line)):  # not line[:] = codes: that takes two seconds longer to compile
        line[x] = codes[x]
    bits = line.view(np.uint32)
    for x in range(len(line)):
        bad |= (bits[x] & np.uint32(0x7F800000)) == np.uint32(0x7F800000)
    _decode_line(line, code)
    return bad


@numba.njit(nogil=True, cache=True)
def _hold_row(line, limits, c, y, height):  # type: ignore[no-untyped-def]
    lowest, floor, ceiling = limits
    for x in range(len(line)):
        line[x] = max(line[x], lowest)
    if len(floor):
        n = height // floor.shape[1]
        for i in range(floor.shape[2]):
            least = floor[c, y // n, i]
            for x in range(i * n, i * n + n):
                line[x] = max(line[x], least)
    if len(ceiling):
        n = height // ceiling.shape[1]
        for i in range(ceiling.shape[2]):
            most = ceiling[c, y // n, i]
            for x in range(i * n, i * n + n):
                line[x] = min(line[x], most)
