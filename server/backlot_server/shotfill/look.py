"""A frame of a shot as the fill sees it: what registration needs of it, and its pixels as codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numba
import numpy as np
import numpy.typing as npt

from backlot.buffers import Buffers
from backlot.frame import Frame, Window

from .. import bars
from ..bars import Bars
from ..encoding import encoded, half_table
from ..membrane import Mask, Values
from ..parallel import in_strips
from ..pixels import as_float, as_stored, raw
from ..roles import Roles, roles

CURVE = "srgb"
_LOCAL, _FLAT, _GAIN = 33, 0.1, 96
"""Contrast is evened out over so many pixels, but where it is far below so many codes: there, what
is seen is grain, and the blocks of a codec, which stand still while the picture moves."""
_MOST_CODE = 60000.0
_ROOM = Buffers(keep=64 << 20)
"""What is kept of frames for long lies here: between what comes and goes it would leave gaps."""
_NO_TABLE = np.empty(0, np.float32)


@dataclass(frozen=True)
class Look:
    """What registration needs of a frame.

    window: its data window. clean: what lies behind the matte is known here: an approved frame
    took its place. gray: (height, width) uint8, local contrast evened out, so that light
    that changes does not matter. away: (height, width) uint8, pixels to the nearest one that is
    covered by the matte, not finite or in a bar, 255 at most; 0 where that is so itself. small: a
    thumbnail of its codes. cover: see `covered`, packed. bars: of one colour at its sides.
    """

    number: int
    window: Window
    clean: bool
    gray: npt.NDArray[np.uint8]
    away: npt.NDArray[np.uint8]
    small: Values
    cover: npt.NDArray[np.uint8]
    bars: Bars

    @property
    def bytes(self) -> int:
        return int(self.gray.nbytes + self.away.nbytes + self.cover.nbytes)

    @property
    def covered(self) -> Mask:
        """(height, width): by the matte, grown and feathered, unless an approved frame says what is
        there."""
        shape = self.gray.shape
        return np.unpackbits(self.cover, count=shape[0] * shape[1]).reshape(shape).astype(bool)


@dataclass(frozen=True)
class Codes:
    """The pixels of a frame. smooth: (height, width, channels) float16, colours on the sRGB curve,
    all else as it is; exact: what is never interpolated, in the plate's own type, or None. depth,
    vectors: as passes.py reads them, float32, or None where there are none.
    """

    smooth: npt.NDArray[np.float16]
    exact: npt.NDArray[Any] | None
    depth: Values | None = None
    vectors: Values | None = None

    @property
    def bytes(self) -> int:
        every = (self.smooth, self.exact, self.depth, self.vectors)
        return sum(int(each.nbytes) for each in every if each is not None)


def colours(parts: Roles) -> list[int]:
    return sorted({channel for layer in parts.color for channel in layer})


def smooth(parts: Roles, count: int) -> list[int]:
    """The channels that may be interpolated."""
    return [channel for channel in range(count) if channel not in parts.exact]


def looked(source: Frame, number: int, cover: Values, clean: Frame | None) -> tuple[Look, Codes]:
    """A frame that is seen for the first time.

    Args: cover (height, width): its matte, 0 where nothing is covered; clean: what takes the
        plate's place there.
    """
    covered = cover > 0
    codes, plane, finite = _coded(source, covered, clean)
    if clean is not None:
        covered = np.zeros_like(covered)
    known = (finite & ~covered).astype(np.uint8)
    sides = bars.found(source.pixels, colours(roles(source)), known > 0)
    if not sides.none:
        picture = np.zeros_like(known)
        picture[sides.picture()] = 1
        known &= picture
    near = _ROOM.empty(known.shape, np.uint8)
    near[:] = 255
    if not known.all():
        away = np.ceil(cv2.distanceTransform(known, cv2.DIST_L2, 3))
        np.minimum(away, 255, out=near, casting="unsafe")
    small = np.asarray(cv2.resize(plane, (48, 27), interpolation=cv2.INTER_AREA), np.float32)
    look = Look(number, source.data_window, clean is not None, _evened(plane), near, small,
                np.packbits(covered), sides)  # fmt: skip
    return look, codes


def looked_again(source: Frame, cover: Values | None = None, clean: Frame | None = None) -> Codes:
    """The pixels of a frame that was seen before; cover as in `looked`, where there is clean."""
    return _coded(source, None if cover is None else cover > 0, clean)[0]


def _coded(source: Frame, covered: Mask | None, clean: Frame | None) -> tuple[Codes, Values, Mask]:
    """Codes, 0 where a pixel is not finite; the mean of the leading colour's, within -1 to 4; and
    which pixels are finite."""
    parts, pixels = roles(source), source.pixels
    if clean is not None and covered is not None:
        pixels = np.where(covered[:, :, None], clean.pixels, pixels)
    chosen = smooth(parts, pixels.shape[2])
    lead = (*parts.color, tuple(chosen))[0]
    values, colour = pixels, set(colours(parts))
    if pixels.dtype != np.float16:
        values = np.array(pixels, np.float32)
        at = sorted(colour)
        values[:, :, at] = encoded(values[:, :, at], CURVE)
        table = _NO_TABLE
    else:
        table = half_table(CURVE)
    codes = _ROOM.empty((*pixels.shape[:2], len(chosen)), np.float16)
    mean, whole = np.empty(pixels.shape[:2], np.float32), np.empty(pixels.shape[:2], bool)
    channels = np.array(chosen, np.int64), np.array([c in colour for c in chosen])
    leading = np.array([chosen.index(channel) for channel in lead], np.int64)
    bits = np.ascontiguousarray(raw(values))

    def work(top: int, bottom: int) -> None:
        part = np.s_[top:bottom]
        _encode(bits[part], *channels, table, leading, raw(codes[part]), mean[part], whole[part])

    in_strips(work, len(codes))
    exact = np.ascontiguousarray(pixels[:, :, list(parts.exact)]) if parts.exact else None
    return Codes(codes, exact), mean, whole


@numba.njit(nogil=True, cache=True)
def _encode(pixels, chosen, colour, table, lead, codes, mean, finite):  # type: ignore[no-untyped-def]
    height, width, _ = pixels.shape
    line = np.empty(len(chosen), np.float32)
    for y in range(height):
        for x in range(width):
            good = True
            for k in range(len(chosen)):
                good &= np.isfinite(as_float(pixels[y, x, chosen[k]]))
            finite[y, x] = good
            for k in range(len(chosen)):
                value = np.float32(0)
                if good and colour[k] and len(table):
                    value = table[np.int64(pixels[y, x, chosen[k]])]
                elif good:
                    value = as_float(pixels[y, x, chosen[k]])
                line[k] = min(max(value, np.float32(-_MOST_CODE)), np.float32(_MOST_CODE))
                codes[y, x, k] = as_stored(line[k], codes)
            total = np.float32(0)
            for k in range(len(lead)):
                total += line[lead[k]]
            total /= np.float32(len(lead))
            mean[y, x] = min(max(total, np.float32(-1)), np.float32(4))


def _evened(plane: Values) -> npt.NDArray[np.uint8]:
    mean = np.asarray(cv2.blur(plane, (_LOCAL, _LOCAL)), np.float32)
    square = np.asarray(cv2.blur(plane * plane, (_LOCAL, _LOCAL)), np.float32)
    even = _ROOM.empty(plane.shape, np.uint8)

    def work(top: int, bottom: int) -> None:
        _even(plane[top:bottom], mean[top:bottom], square[top:bottom], even[top:bottom])

    in_strips(work, len(plane))
    return even


@numba.njit(nogil=True, cache=True)
def _even(plane, mean, square, even):  # type: ignore[no-untyped-def]
    for y in range(plane.shape[0]):
        for x in range(plane.shape[1]):
            middle = mean[y, x]
            apart = max(square[y, x] - middle * middle, np.float32(0))
            off = np.float32(_GAIN) * (plane[y, x] - middle)
            value = np.float32(128) + off / (np.sqrt(apart) + np.float32(_FLAT))
            even[y, x] = np.uint8(min(max(value, np.float32(0)), np.float32(255)))


def coarser(codes: Codes, look: Look, lead: list[int], step: int) -> tuple[Values, Any]:
    """A frame made coarser by a whole number, the border repeated where that does not divide it.

    Args: lead: three of the smooth channels.
    Returns: (height, width, 3) float32 means; (height, width) uint8, 1 where nothing is covered.
    """
    rows, columns = (-(-size // step) for size in look.away.shape)
    picture = np.empty((rows, columns, 3), np.float32)
    known = np.empty((rows, columns), np.uint8)
    bits, channels = raw(codes.smooth), np.array(lead, np.int64)

    def work(top: int, bottom: int) -> None:
        _coarsen(bits, look.away, channels, step, top, picture[top:bottom], known[top:bottom])

    in_strips(work, rows)
    return picture, known


@numba.njit(nogil=True, cache=True)
def _coarsen(bits, away, lead, step, first, picture, known):  # type: ignore[no-untyped-def]
    height, width = away.shape
    part = np.float32(1.0 / (step * step))
    for y in range(len(picture)):
        for x in range(picture.shape[1]):
            known[y, x] = 1
            red, green, blue = np.float32(0), np.float32(0), np.float32(0)
            for j in range(step):
                row = min((first + y) * step + j, height - 1)
                for i in range(step):
                    column = min(x * step + i, width - 1)
                    if away[row, column] <= 1:
                        known[y, x] = 0
                    red += as_float(bits[row, column, lead[0]])
                    green += as_float(bits[row, column, lead[1]])
                    blue += as_float(bits[row, column, lead[2]])
            picture[y, x, 0] = red * part
            picture[y, x, 1] = green * part
            picture[y, x, 2] = blue * part
