"""Pixel values of files to and from the half and float that frames are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .frame import Pixels

HALF_MAX = np.float32(65504.0)


def frame_dtype(dtypes: list[Any]) -> Any:
    """float16 where a file's channels are all half, else float32."""
    return np.float16 if all(np.dtype(each) == np.float16 for each in dtypes) else np.float32


def to_float(values: Pixels, out: npt.NDArray[Any]) -> None:
    """File values into `out` (float16 or float32): integers to 0..1, floats as they are."""
    if values.dtype.kind in "ui":
        top = np.float32(np.iinfo(values.dtype).max)
        np.true_divide(values, top, out=out, dtype=np.float32, casting="unsafe")
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            out[...] = values


def from_float(values: Pixels, dtype: Any) -> Pixels:
    """Frame values as file values of `dtype`: the same array where that is its type.

    Integers: rounded to the nearest, clipped to what they can hold, NaN is the least of them.
    Half: finite values beyond its range become its largest, so that no new infinity appears.
    """
    dtype = np.dtype(dtype)
    if dtype.kind in "ui":
        return _to_integers(values, dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        out = values.astype(dtype, copy=False)
    if dtype == np.float16 and values.dtype != np.float16:
        infinite = (out.view(np.uint16) & 0x7FFF) == 0x7C00
        if infinite.any():
            grown = infinite & np.isfinite(values)
            out[grown] = np.copysign(HALF_MAX, values[grown])
    return out


def _to_integers(values: Pixels, dtype: np.dtype[Any]) -> Pixels:
    limits = np.iinfo(dtype)
    scaled = values.astype(np.float64 if dtype.itemsize > 2 else np.float32)
    scaled *= limits.max
    np.fmax(scaled, limits.min, out=scaled)
    np.fmin(scaled, limits.max, out=scaled)
    np.rint(scaled, out=scaled)
    return scaled.astype(dtype)


def same_bits(a: Pixels, b: Pixels) -> npt.NDArray[np.bool_]:
    """Where two arrays of one shape hold the same bits; half against float by its exact float."""
    if a.dtype != b.dtype:
        a, b = a.astype(np.float32), b.astype(np.float32)
    bits = np.uint16 if a.dtype == np.float16 else np.uint32
    return np.asarray(np.ascontiguousarray(a).view(bits) == np.ascontiguousarray(b).view(bits))
