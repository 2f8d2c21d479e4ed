"""Depth and vectors as renderers write them, as numbers that mean the same for all."""

from __future__ import annotations

import numpy as np

from backlot.errors import InvalidInput
from backlot.frame import Frame

from ..membrane import Values


def depth_pass(frame: Frame) -> Values:
    """(height, width) float32 inverse distance along the axis: 0 at infinity, NaN where unknown."""
    at = _channel(frame, ("z", "depth", "y", "v", "r"), "depth")
    distance = np.asarray(frame.pixels[:, :, at], np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(distance > 0, 1 / distance, np.nan)
    return np.asarray(inverse, np.float32)


def vector_pass(frame: Frame) -> Values:
    """(height, width, 4) float32 pixels, rows downwards: x and y to where a pixel's point was on
    the frame before, then to where it is on the next.

    Blender's Vector pass has X, Y (before) and Z, W (next, negated), Y upwards; Nuke's has
    backward.u, backward.v and forward.u, forward.v.
    """
    names = [name.lower() for name in frame.channels]
    for before, after, sign in (
        (("backward.u", "backward.v"), ("forward.u", "forward.v"), 1.0),
        (("x", "y"), ("z", "w"), -1.0),
        (("r", "g"), ("b", "a"), -1.0),
    ):
        ends = [_ending(names, name) for name in (*before, *after)]
        found = [at for at in ends if at is not None]
        if len(found) == len(ends):
            values = np.asarray(frame.pixels[:, :, found], np.float32)
            return values * np.array([1, -1, sign, -sign], np.float32)
    raise InvalidInput(
        f"There are no vectors in the channels {', '.join(frame.channels)}.",
        "Give Blender's Vector pass (X, Y, Z, W), or forward.u, forward.v, backward.u, backward.v.",
    )


def _ending(names: list[str], wanted: str) -> int | None:
    for at, name in enumerate(names):
        if name == wanted or name.endswith("." + wanted):
            return at
    return None


def _channel(frame: Frame, wanted: tuple[str, ...], what: str) -> int:
    names = [name.lower() for name in frame.channels]
    if len(names) == 1:
        return 0
    for name in wanted:
        at = _ending(names, name)
        if at is not None:
            return at
    raise InvalidInput(
        f"It is not clear which of {', '.join(frame.channels)} is the {what}.",
        "Give a picture of one channel.",
    )
