"""Decoded video pictures to R'G'B' in float, by the range and matrix that the stream names.

Done here and not by the decoder's own converter, which works in integers and clips what lies
below black and above white. Formulas and coefficients: ITU-T H.273 (2021), section 8.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import Unsupported

Floats = npt.NDArray[np.float32]

LIMITED, FULL = 1, 2
UNSPECIFIED = 2

# Kr and Kb by H.273 matrix coefficients.
_MATRICES = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}


def to_rgb(picture: Any, matrix: int, full: bool, centred: bool) -> Floats:
    """One av.VideoFrame as (height, width, 1, 3 or 4) float32: Y, RGB or RGBA, encoded values.

    0 is black and 1 is white of the stream's range; values beyond both are kept. Alpha is 0 to 1.
    matrix: H.273 matrix coefficients. full: full range, else limited (16 to 235 of 255).
    centred: chroma lies between pixels (JPEG), else on the left one of a pair (MPEG).

    Raises: Unsupported (palettes, Bayer patterns, unknown matrices).
    """
    layout = _layout(picture.format)
    if picture.format.name.replace("yuvj", "yuv") != layout:
        picture = picture.reformat(format=layout)
    planes = [_plane(picture, i) for i in range(len(picture.planes))]
    bits = picture.format.components[0].bits
    top = float((1 << bits) - 1)
    if picture.format.is_rgb:
        order = [2, 0, 1, *range(3, len(planes))]
        whole = np.stack([planes[i] for i in order], axis=2)
        return whole if whole.dtype == np.float32 else whole.astype(np.float32) / np.float32(top)
    luma = _luma(planes[0], bits, full)
    if len(planes) < 3:
        return luma[:, :, None]
    if matrix not in _MATRICES:
        raise Unsupported(f"Video with matrix coefficients {matrix} (H.273) cannot be read.")
    shape = luma.shape
    blue, red = (_upsample(_chroma(plane, bits, full), shape, centred) for plane in planes[1:3])
    out = np.empty((*shape, len(planes)), np.float32)
    _matrix(luma, blue, red, _MATRICES[matrix], out)
    if len(planes) == 4:
        out[:, :, 3] = planes[3].astype(np.float32) / np.float32(top)
    return out


def _layout(pixel_format: Any) -> str:
    """The planar format that holds the same values without loss."""
    parts = pixel_format.components
    bits = max(part.bits for part in parts)
    if pixel_format.has_palette or pixel_format.name.startswith(("bayer", "xyz")):
        raise Unsupported(f"Video of the pixel format {pixel_format.name} cannot be read.")
    if pixel_format.name.startswith(("gbrpf", "gbrapf", "grayf")):
        return str(pixel_format.name)
    depth = "" if bits <= 8 else f"{bits}le"
    if pixel_format.is_rgb:
        return f"gbr{'a' if len(parts) == 4 else ''}p{depth}"
    if len(parts) < 3:
        return f"gray{depth}"
    wide, high = 64 // pixel_format.chroma_width(64), 64 // pixel_format.chroma_height(64)
    kinds = {(1, 1): "444", (2, 1): "422", (2, 2): "420"}
    if (wide, high) not in kinds:
        raise Unsupported(f"Video of the pixel format {pixel_format.name} cannot be read.")
    return f"yuv{'a' if len(parts) == 4 else ''}{kinds[wide, high]}p{depth}"


def _plane(picture: Any, number: int) -> npt.NDArray[Any]:
    plane = picture.planes[number]
    small = picture.format.components[0].bits <= 8
    dtype: np.dtype[Any] = np.dtype("u1" if small else "<u2")
    if "f32" in picture.format.name:
        dtype = np.dtype("<f4")
    rows = np.frombuffer(plane, dtype).reshape(plane.height, plane.line_size // dtype.itemsize)
    return rows[:, : plane.width]


def _luma(plane: npt.NDArray[Any], bits: int, full: bool) -> Floats:
    if plane.dtype == np.float32:
        return plane.astype(np.float32)
    low, span = (0, (1 << bits) - 1) if full else (16 << (bits - 8), 219 << (bits - 8))
    return _spread(plane, low, span)


def _chroma(plane: npt.NDArray[Any], bits: int, full: bool) -> Floats:
    span = (1 << bits) - 1 if full else 224 << (bits - 8)
    return _spread(plane, 1 << (bits - 1), span)


def _spread(plane: npt.NDArray[Any], low: int, span: int) -> Floats:
    values: Floats = plane.astype(np.float32)
    values -= np.float32(low)
    values *= np.float32(1.0 / span)
    return values


def _upsample(chroma: Floats, shape: tuple[int, ...], centred: bool) -> Floats:
    """Chroma at every pixel, by linear interpolation from where it was sampled."""
    if chroma.shape[0] < shape[0]:
        chroma = _between(chroma, 0)[: shape[0]]
    if chroma.shape[1] < shape[1]:
        chroma = (_between(chroma, 1) if centred else _left(chroma))[:, : shape[1]]
    return chroma


def _between(values: Floats, axis: int) -> Floats:
    """Twice the samples, the old ones midway between pairs of the new."""
    count = values.shape[axis]
    before = values.take(np.maximum(np.arange(count) - 1, 0), axis)
    after = values.take(np.minimum(np.arange(count) + 1, count - 1), axis)
    near = values * np.float32(0.75)
    pairs = np.stack([near + before * np.float32(0.25), near + after * np.float32(0.25)], axis + 1)
    shape = list(values.shape)
    shape[axis] *= 2
    return np.asarray(pairs.reshape(shape), np.float32)


def _left(values: Floats) -> Floats:
    """Twice the columns, the old ones at the even of the new."""
    out = np.empty((values.shape[0], values.shape[1] * 2), np.float32)
    out[:, ::2] = values
    out[:, 1:-1:2] = (values[:, :-1] + values[:, 1:]) * np.float32(0.5)
    out[:, -1] = values[:, -1]
    return out


def _matrix(
    luma: Floats, blue: Floats, red: Floats, weights: tuple[float, float], out: Floats
) -> None:
    kr, kb = weights
    kg = 1.0 - kr - kb
    np.multiply(red, np.float32(2.0 * (1.0 - kr)), out=out[:, :, 0])
    np.multiply(blue, np.float32(2.0 * (1.0 - kb)), out=out[:, :, 2])
    np.multiply(red, np.float32(-2.0 * kr * (1.0 - kr) / kg), out=out[:, :, 1])
    out[:, :, 1] += blue * np.float32(-2.0 * kb * (1.0 - kb) / kg)
    out[:, :, :3] += luma[:, :, None]
