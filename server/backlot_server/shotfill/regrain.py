"""Grain of the plate in what was put together of several frames, and out of what is copied."""

from __future__ import annotations

import numpy as np

from backlot.frame import Frame

from .. import grain
from ..grain import Grain, Layer
from ..job import Job
from ..membrane import Mask, Values
from ..pixels import Pixels
from ..roles import roles


def put(job: Job, number: int, source: Frame, hole: Mask, filled: Values, kept: Values) -> None:
    """Give a fill the grain that it lacks, in place: new on every frame, as strong as the plate's.

    Args: filled (points, channels) scene-linear; kept (points,): the part of the grain's variance
        that putting frames together has left.
    """
    amount = float(job.values(number)["grain"])
    ys, xs = np.nonzero(hole)
    top, left = ys.min(), xs.min()
    lacking = np.float32(amount) * np.sqrt(np.clip(1 - kept, 0, 1))[:, None]
    for layer, measured in _grains(job, number, source) if amount else ():
        smooth = np.zeros((np.ptp(ys) + 1, np.ptp(xs) + 1, filled.shape[1]), np.float32)
        smooth[ys - top, xs - left] = filled
        grained = smooth.copy()
        grain.put(grained, layer, measured, number)
        channels = list(dict.fromkeys(layer))
        added = (grained - smooth)[ys - top, xs - left][:, channels]
        filled[:, channels] += lacking * added


def remove(job: Job, number: int, source: Frame, pixels: Pixels) -> None:
    """Take the grain out of what is copied from, in place: it would stand still in the shot."""
    if job.values(number)["grain"]:
        for layer, measured in _grains(job, number, source):
            grain.remove(pixels, layer, measured)


def _grains(job: Job, number: int, source: Frame) -> list[tuple[Layer, Grain]]:
    """The grain of each layer of colour, measured on this frame alone: motion does not matter."""
    kept: dict[int, list[tuple[Layer, Grain]]] = job.state.setdefault("grain", {})
    if number not in kept:
        pixels = np.nan_to_num(source.pixels, nan=0.0, posinf=0.0, neginf=0.0)
        layers = roles(source).color
        found = [(layer, grain.measure(pixels, layer, sensor=True)) for layer in layers]
        kept.clear()
        kept[number] = [(layer, each) for layer, each in found if each is not None]
    return kept[number]
