"""What a matte allows: the pixels that may change, and no others."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .frame import Frame, Pixels, Window

_PICTURE = {"R", "G", "B", "Y"}
_ROWS = 64


def coverage(matte: Frame, window: Window) -> npt.NDArray[np.float32]:
    """How much of each pixel of `window` is inside the matte.

    The matte's channel is its "A", else its first; also its first where a grey picture is opaque
    everywhere, as one is that was painted in black and white. Outside the matte's data window, and
    where it is NaN, the coverage is 0.

    Returns: (window.height, window.width) float32, 0 to 1.
    """
    channel = matte.channels.index("A") if "A" in matte.channels else 0
    if channel and _is_opaque_grey(matte, channel):
        channel = 0
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


def _is_opaque_grey(matte: Frame, alpha: int) -> bool:
    """Whether alpha says nothing: 1 everywhere, over a whole picture without colour."""
    others = [at for at, name in enumerate(matte.channels) if at != alpha]
    cropped = matte.data_window.intersect(matte.display_window) != matte.display_window
    if cropped or not {matte.channels[at] for at in others} <= _PICTURE:
        return False
    for top in range(0, matte.height, _ROWS):  # most mattes are told apart by their first rows
        rows = matte.pixels[top : top + _ROWS]
        if not (rows[:, :, alpha] == 1).all():
            return False
        if any((rows[:, :, at] != rows[:, :, others[0]]).any() for at in others[1:]):
            return False
    return True


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
