"""One enlarged frame of a shot, made steadier by its neighbours.

What a single frame does not tell (where an edge lies between two samples) changes from frame to
frame, and is seen as shimmer. Motion is estimated between the source frames (dense inverse search:
T. Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016, in OpenCV); enlarged
neighbours are brought to the frame along it, and averaged with it where the source frames agree.
A frame depends on its own neighbours alone, so that parts of a shot may be made anywhere.

All of it happens on signed square roots of scene-linear light, and thresholds are relative to the
picture: exposure changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from .encoding import Tensor, decoded
from .job import half_or_float
from .parallel import in_strips
from .pixels import Pixels

RADIUS = 2
"""Neighbours on each side."""
LEAST = 16
"""Pixels along a side below which motion cannot be told."""

_ROWS = 32
_LEVEL = 0.02
_CONTRAST = 0.3
_FINE, _WIDE = 1.0, 1.5
_WHITE = 220.0
_BRIGHTEST = 99.5
_NOTHING = 1e-9
_NO_MAP: Any = None

Flow = npt.NDArray[np.float32]
Places = npt.NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A frame of the shot before and after it was enlarged, in codes.

    small: (height, width, 3), the source's colour. large: (height, width, n), those channels of
    the result that are steadied.
    """

    small: Tensor
    large: Tensor

    @property
    def moves(self) -> bool:
        """Whether it is large enough for motion to be told."""
        return bool(min(self.small.shape[:2]) >= LEAST)

    def fits(self, other: View) -> bool:
        """Whether both can be laid over one another."""
        sizes = (self.small.shape, self.large.shape)
        return sizes == (other.small.shape, other.large.shape)


@dataclass(frozen=True)
class Raster:
    """Where the result's rows and columns lie on the source, in samples, and how much larger it is.

    rows, columns: of each sample of the result, the place on the source's axis.
    """

    rows: Places
    columns: Places
    factors: tuple[float, float]


def steadied(
    view: View, around: Sequence[View], raster: Raster, pixels: Pixels, channels: Sequence[int]
) -> None:
    """Write the mean of a frame and its neighbours along the motion into a result.

    Args: pixels (height, width, ...) half or float; `channels` of them are written, in the order
        of the views' large channels.
    """
    around = [other for other in around if view.fits(other)] if view.moves else []
    moves = [move(view.small, other.small) for other in around]
    wide, high = raster.factors

    def strip(start: int, end: int) -> None:
        for first in range(start, end, _ROWS):
            last = min(first + _ROWS, end)
            total = view.large[first:last].copy()
            weight = np.ones(total.shape[:2], np.float32)
            rows = raster.rows[first:last]
            place = rows, raster.columns, first, wide, high
            for (flow, trust), other in zip(moves, around, strict=True):
                _gather(total, weight, other.large, flow, trust, *place)
            total /= weight[..., None]
            made = half_or_float(decoded(total, "power2"), pixels.dtype)
            pixels[first:last, :, list(channels)] = made

    in_strips(strip, len(view.large))


def move(small: Tensor, other: Tensor) -> tuple[Flow, Tensor]:
    """Where each pixel of a frame is on another, and how far that is to be believed.

    Returns: (height, width, 2) pixels to the right and down; (height, width) 0 to 1.
    """
    import cv2

    bright = float(np.percentile(small, _BRIGHTEST)) or 1.0
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    found: Any = search.calc(_shown(small, bright), _shown(other, bright), None)
    height, width = small.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    there = np.asarray(found + np.stack([x, y], axis=-1), np.float32)
    moved = cv2.remap(other, there, _NO_MAP, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    size = np.abs(small)
    unlike = _blurred(np.abs(moved - small).mean(axis=2), _WIDE)
    detail = np.abs(small - _blurred(small, _FINE)).mean(axis=2)
    allowed = _LEVEL * _blurred(size.mean(axis=2), 2 * _WIDE) + _CONTRAST * _blurred(detail, _WIDE)
    trust = np.exp(-((unlike / np.maximum(allowed, _NOTHING * bright)) ** 2))
    inside = (there >= 0).all(axis=2) & (there[..., 0] <= width - 1) & (there[..., 1] <= height - 1)
    return found, np.asarray(trust * inside, np.float32)


def _shown(small: Tensor, bright: float) -> npt.NDArray[np.uint8]:
    grey = np.abs(small).mean(axis=2)
    return np.asarray(np.clip(grey * (_WHITE / bright), 0, 255), np.uint8)


def _blurred(plane: Tensor, sigma: float) -> Tensor:
    import cv2

    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


@numba.njit(nogil=True, cache=True)
def _gather(  # type: ignore[no-untyped-def]
    total, weight, large, flow, trust, rows, columns, first, wide, high
):
    """Add a neighbour, brought here along the motion, to some rows of the sum."""
    height, width, count = large.shape
    below, right = flow.shape[0] - 1, flow.shape[1] - 1
    taps_y, taps_x = np.empty(4, np.float32), np.empty(4, np.float32)
    for j in range(len(rows)):
        v = min(max(rows[j], 0.0), np.float64(below))
        y0 = int(v)
        y1 = min(y0 + 1, below)
        b = np.float32(v - y0)
        for i in range(len(columns)):
            u = min(max(columns[i], 0.0), np.float64(right))
            x0 = int(u)
            x1 = min(x0 + 1, right)
            a = np.float32(u - x0)
            w00, w01 = (1 - a) * (1 - b), a * (1 - b)
            w10, w11 = (1 - a) * b, a * b
            w = w00 * trust[y0, x0] + w01 * trust[y0, x1]
            w += w10 * trust[y1, x0] + w11 * trust[y1, x1]
            if w < 1e-3:
                continue
            dx = w00 * flow[y0, x0, 0] + w01 * flow[y0, x1, 0]
            dx += w10 * flow[y1, x0, 0] + w11 * flow[y1, x1, 0]
            dy = w00 * flow[y0, x0, 1] + w01 * flow[y0, x1, 1]
            dy += w10 * flow[y1, x0, 1] + w11 * flow[y1, x1, 1]
            px = i + wide * dx
            py = first + j + high * dy
            if px < 0 or py < 0 or px > width - 1 or py > height - 1:
                continue
            left, top = int(px), int(py)
            _cubic(np.float32(px - left), taps_x)
            _cubic(np.float32(py - top), taps_y)
            for c in range(count):
                value = np.float32(0.0)
                low = high_ = large[top, left, c]
                for m in range(4):
                    y = min(max(top + m - 1, 0), height - 1)
                    line = np.float32(0.0)
                    for n in range(4):
                        sample = large[y, min(max(left + n - 1, 0), width - 1), c]
                        low, high_ = min(low, sample), max(high_, sample)
                        line += taps_x[n] * sample
                    value += taps_y[m] * line
                total[j, i, c] += w * min(max(value, low), high_)
            weight[j, i] += w


@numba.njit(nogil=True, cache=True)
def _cubic(t, taps):  # type: ignore[no-untyped-def]
    """Keys' kernel with a = -0.75 at 1 + t, t, 1 - t and 2 - t."""
    a = np.float32(-0.75)
    s = np.float32(1.0) - t
    taps[0] = a * t * s * s
    taps[1] = (a + 2) * t * t * t - (a + 3) * t * t + 1
    taps[2] = (a + 2) * s * s * s - (a + 3) * s * s + 1
    taps[3] = a * s * t * t
