"""Whether a renderer's vectors are those of the plate: their order, signs and axes are often not.

Where nothing hides the set, a point of the plate looks on the next frame as it does here, at the
place that its vector names. If it looks less so there than where it was, the vectors mean something
else: right ones differ by at most two thirds of that on the example shots, turned ones by more.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ..membrane import Values
from .shot import Shot

STEP = 4
ROOM = 6
LEAST_MOVE = 1.0
LEAST_POINTS = 50
WORSE = 1.1
"""Beyond a cut all places look alike otherwise: nothing is told by that."""


def vectors_fit(shot: Shot, number: int) -> bool:
    """Whether the vectors of a frame lead to where the next, or the one before, shows the same.

    True as well where that cannot be told: little moves, or little is seen.
    """
    found = [_likeness(shot, number, number + way, at) for way, at in ((1, 2), (-1, 0))]
    told = [each for each in found if each is not None]
    return all(led <= WORSE * stayed for led, stayed in told)


def _likeness(shot: Shot, number: int, other: int, at: int) -> tuple[float, float] | None:
    """How much points differ from where their vectors lead, and from where they were; None where
    that cannot be told. at: which of the vectors leads there."""
    one, two = shot.look(number), shot.look(other)
    vectors = None if one is None else shot.codes(number).vectors
    if one is None or two is None or vectors is None or one.window != two.window:
        return None
    rows, columns = np.mgrid[: one.gray.shape[0] : STEP, : one.gray.shape[1] : STEP]
    move = vectors[rows, columns, at : at + 2]
    moved = np.isfinite(move).all(axis=2) & (np.hypot(move[..., 0], move[..., 1]) >= LEAST_MOVE)
    x = np.where(moved, columns + move[..., 0], -1).astype(np.float32)
    y = np.where(moved, rows + move[..., 1], -1).astype(np.float32)
    free = moved & (one.away[rows, columns] > ROOM) & (two.away[rows, columns] > ROOM)
    free &= _sampled(two.away, x, y) > ROOM
    if np.count_nonzero(free) < LEAST_POINTS:
        return None
    here = one.gray[rows, columns].astype(np.float32)
    led = np.abs(_sampled(two.gray, x, y) - here)[free]
    stayed = np.abs(two.gray[rows, columns].astype(np.float32) - here)[free]
    return float(led.mean()), float(stayed.mean())


def _sampled(picture: npt.NDArray[np.uint8], x: Values, y: Values) -> Values:
    """Between the pixels; 0 outside."""
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR), np.float32)
