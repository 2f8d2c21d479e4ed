"""Half and float pixels inside compiled kernels, and what is not a number set aside.

NumPy's half arithmetic is slow and Numba has none, so kernels see half pixels as `uint16` (`raw`)
and convert single values with the processor's own instructions (`as_float`, `as_stored`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

Pixels = npt.NDArray[Any]

HALF_MAX = 65504.0


def raw(pixels: Pixels) -> Pixels:
    """The same memory as kernels take it: half as uint16, float as it is."""
    return pixels.view(np.uint16) if pixels.dtype == np.float16 else pixels


def _as_float(context, stored):  # type: ignore[no-untyped-def]
    """A stored value (uint16 bits of a half, or float32) as float32."""
    if stored not in (types.uint16, types.float32):
        raise TypingError(f"not a pixel: {stored}")

    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        if stored == types.float32:
            return args[0]
        return builder.fpext(builder.bitcast(args[0], ir.HalfType()), ir.FloatType())

    return types.float32(stored), build


as_float: Any = intrinsic(_as_float)


def _as_stored(context, value, like):  # type: ignore[no-untyped-def]
    """A float32 as it is stored in an array like `like`: rounded to nearest even for half.

    Infinite where a half cannot hold it; see `held`.
    """
    if not isinstance(like, types.Array) or like.dtype not in (types.uint16, types.float32):
        raise TypingError(f"not pixels: {like}")

    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        if like.dtype == types.float32:
            return args[0]
        return builder.bitcast(builder.fptrunc(args[0], ir.HalfType()), ir.IntType(16))

    return like.dtype(types.float32, like), build


as_stored: Any = intrinsic(_as_stored)


@numba.njit(nogil=True, cache=True, inline="always")
def held(value, limit):  # type: ignore[no-untyped-def]
    """A finite float32 within +-limit."""
    return min(max(value, -limit), limit)


def limit_of(pixels: Pixels) -> Any:
    """The largest finite value that these pixels can hold."""
    return np.float32(HALF_MAX if pixels.dtype == np.float16 else np.finfo(np.float32).max)


@dataclass(frozen=True)
class Holes:
    """Where a picture holds NaN or infinity, and which.

    at: (n, 3) of row, column, channel; values: (n,) in the picture's own type, bits kept.
    """

    at: npt.NDArray[np.int64]
    values: Pixels


def set_aside(pixels: Pixels, channels: tuple[int, ...]) -> tuple[Pixels, Holes | None]:
    """Pixels whose named channels are all finite, and what was taken out of them.

    A value that is not finite becomes the mean of the finite ones of the 3x3 around it in its
    channel, 0 when there is none. A picture without any (nearly every one) is returned as it is.

    Args: pixels (height, width, channels) half or float, not changed.
    """
    chosen = np.array(channels, np.int64)
    if not len(chosen) or not _any_hole(*_exponents(pixels), chosen):
        return pixels, None
    wrong = ~np.isfinite(pixels[:, :, chosen])
    at = np.argwhere(wrong)
    at[:, 2] = chosen[at[:, 2]]
    clean = pixels.copy()
    values = pixels[at[:, 0], at[:, 1], at[:, 2]]
    _fill_holes(raw(pixels), raw(clean), at)
    return clean, Holes(at, values)


def _exponents(pixels: Pixels) -> tuple[Pixels, Any]:
    """The bits of pixels, and those of them that are all set in NaN and infinity only."""
    if pixels.dtype == np.float16:
        return pixels.view(np.uint16), np.uint16(0x7C00)
    return pixels.view(np.uint32), np.uint32(0x7F800000)


@numba.njit(nogil=True, cache=True)
def _any_hole(bits, exponent, channels):  # type: ignore[no-untyped-def]
    height, width, _ = bits.shape
    for y in range(height):
        found = False
        for c in channels:
            for x in range(width):
                found |= (bits[y, x, c] & exponent) == exponent
        if found:
            return True
    return False


@numba.njit(nogil=True, cache=True)
def _fill_holes(pixels, clean, at):  # type: ignore[no-untyped-def]
    height, width, _ = pixels.shape
    for n in range(len(at)):
        y, x, c = at[n]
        total, count = 0.0, 0
        for j in range(max(0, y - 1), min(height, y + 2)):
            for i in range(max(0, x - 1), min(width, x + 2)):
                value = as_float(pixels[j, i, c])
                if np.isfinite(value):
                    total += value
                    count += 1
        mean = np.float32(total / count) if count else np.float32(0.0)
        clean[y, x, c] = as_stored(mean, clean)


def put_back(
    holes: Holes, result: Pixels, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> None:
    """Write holes into a result: wherever the nearest sample of the source was one, in place.

    Args: rows, columns: for each row and column of the result the nearest one of the source, never
        falling.
    """
    top = np.searchsorted(rows, holes.at[:, 0], "left")
    bottom = np.searchsorted(rows, holes.at[:, 0], "right")
    left = np.searchsorted(columns, holes.at[:, 1], "left")
    right = np.searchsorted(columns, holes.at[:, 1], "right")
    values = holes.values.astype(result.dtype, copy=False)
    spans = np.stack([top, bottom, left, right], axis=1)
    _write_holes(raw(result), spans, holes.at[:, 2], raw(values))


@numba.njit(nogil=True, cache=True)
def _write_holes(result, spans, channels, values):  # type: ignore[no-untyped-def]
    for n in range(len(channels)):
        top, bottom, left, right = spans[n]
        for y in range(top, bottom):
            for x in range(left, right):
                result[y, x, channels[n]] = values[n]
