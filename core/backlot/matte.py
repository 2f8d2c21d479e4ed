"""What a matte allows: the pixels that may change, and no others."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .frame import Frame, Pixels, Window


def coverage(matte: Frame, window: Window) -> npt.NDArray[np.float32]:
    """How much of each pixel of `window` is inside the matte.

    The matte's channel is its "A", else its first. Outside the matte's data window, and where it
    is NaN, the coverage is 0.

    Returns: (window.height, window.width) float32, 0 to 1.
    """
    channel = matte.channels.index("A") if "A" in matte.channels else 0
    cover = np.zeros((window.height, window.width), np.float32)
    common = matte.data_window.intersect(window)
    if common is not None:
        source = matte.pixels[
            common.y - matte.data_window.y : common.y_end - matte.data_window.y,
            common.x - matte.data_window.x : common.x_end - matte.data_window.x,
            channel,
        ]
        inside = cover[
            common.y - window.y : common.y_end - window.y,
            common.x - window.x : common.x_end - window.x,
        ]
        inside[...] = np.clip(np.nan_to_num(source, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    return cover


def support(cover: npt.NDArray[np.float32], radius: float = 0.0) -> npt.NDArray[np.bool_]:
    """The pixels that may change: covered at all, or within `radius` pixels of one that is.

    Distance is along the axes or the diagonal (a square neighbourhood), rounded up.

    Args: cover (height, width), see `coverage`.
    Returns: (height, width) bool.
    """
    allowed = cover > 0.0
    steps = math.ceil(max(0.0, radius))
    if steps and allowed.any():
        allowed = _spread(_spread(allowed, steps, axis=0), steps, axis=1)
    return allowed


def _spread(mask: npt.NDArray[np.bool_], steps: int, axis: int) -> npt.NDArray[np.bool_]:
    """A running maximum of 2 * steps + 1 along one axis, by prefix sums."""
    size = mask.shape[axis]
    total = np.cumsum(mask, axis=axis, dtype=np.int32)
    at = np.arange(size)
    high = np.take(total, np.minimum(at + steps, size - 1), axis=axis)
    low = np.take(total, np.maximum(at - steps - 1, 0), axis=axis)
    shape = [1, 1]
    shape[axis] = size
    low = np.where((at > steps).reshape(shape), low, 0)
    return np.asarray(high > low)


def restore(original: Pixels, changed: Pixels, allowed: npt.NDArray[np.bool_]) -> None:
    """Put the original's bits back into `changed` wherever a change is not allowed, in place.

    Args: both (height, width, channels) of one dtype; allowed (height, width).
    """
    np.copyto(changed, original, where=~allowed[:, :, None])
