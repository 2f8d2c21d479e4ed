"""Grain of the plate in what was put together of several frames, and out of what is copied."""

from __future__ import annotations

import numpy as np

from backlot.frame import Frame

from .. import grain
from ..graininess import Bounds, Layer, Measured, bounds, measured
from ..job import Job
from ..membrane import Mask, Values
from ..pixels import Pixels
from ..roles import roles
from .keys import Complete, linear
from .points import target_values
from .shot import Shot


def put(job: Job, shot: Shot, source: Frame, hole: Mask, made: Complete, filled: Values) -> None:
    """Give a fill the grain that it lacks, in place: new on every frame, as strong as the plate's.

    Args: filled (pixels of the hole, channels) scene-linear.
    """
    amount = float(job.values(source.number)["grain"])
    ys, xs = np.nonzero(hole)
    top, left = ys.min(), xs.min()
    kept = made.squares[made.seen.hole.inside]
    lacking = np.float32(amount) * np.sqrt(np.clip(1 - kept, 0, 1))[:, None]
    for layer, found in _measured(job, source) if amount else ():
        strength = found.grain(sensor=True, also=_around(shot, source.number, made, layer))
        if strength is None:
            continue
        smooth = np.zeros((np.ptp(ys) + 1, np.ptp(xs) + 1, filled.shape[1]), np.float32)
        smooth[ys - top, xs - left] = filled
        grained = smooth.copy()
        grain.put(grained, layer, strength, source.number)
        channels = list(dict.fromkeys(layer))
        added = (grained - smooth)[ys - top, xs - left][:, channels]
        filled[:, channels] += lacking * added


def _around(shot: Shot, number: int, made: Complete, layer: Layer) -> Bounds:
    """What the ring around the hole says, that other frames show as well: its texture is the same
    there, and its grain another."""
    hole, merged = made.seen.hole, made.seen.merged
    ring = ~hole.inside & (merged.best >= 0)
    if not ring.any():
        return ()
    at = hole.ys[ring] - hole.ys.min(), hole.xs[ring] - hole.xs.min()
    size = int(np.ptp(hole.ys)) + 1, int(np.ptp(hole.xs)) + 1
    left, known = np.zeros(size, np.float32), np.zeros(size, bool)
    left[at], known[at] = merged.squares[ring], True
    exact = None if made.exact is None else made.exact[ring]

    def picture(codes: Values) -> Values:
        shown = np.zeros((*size, 3), np.float32)
        shown[at] = linear(shot, codes[ring], exact)[:, layer]
        return shown

    plate = picture(target_values(shot, number, hole))
    return bounds(plate, picture(merged.values), left, known)


def remove(job: Job, source: Frame, pixels: Pixels) -> None:
    """Take the grain out of what is copied from, in place: it would stand still in the shot."""
    for layer, found in _measured(job, source) if job.values(source.number)["grain"] else ():
        strength = found.grain(sensor=True)
        if strength is not None:
            grain.remove(pixels, layer, strength)


def _measured(job: Job, source: Frame) -> list[tuple[Layer, Measured]]:
    """Of each layer of colour, on this frame alone: motion does not matter."""
    kept: dict[int, list[tuple[Layer, Measured]]] = job.state.setdefault("grain", {})
    if source.number not in kept:
        pixels = np.nan_to_num(source.pixels, nan=0.0, posinf=0.0, neginf=0.0)
        found = [(layer, measured(pixels, layer)) for layer in roles(source).color]
        kept.clear()
        kept[source.number] = [(layer, each) for layer, each in found if each is not None]
    return kept[source.number]
