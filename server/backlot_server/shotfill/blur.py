"""Motion blur: a plate that is blurred more than the frames it is filled from, as by a bump.

The camera's motion over the frame says which way; how long the blur is, which is the shutter's
matter and the other frames' own blur's, is told by the known ring: of a few lengths the one is
taken that makes of the sources what the plate shows there.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ..membrane import Mask, Values
from . import register
from .merge import Merged
from .points import Hole
from .shot import Shot

LEAST = 2.0
"""Pixels that the camera moves in a frame, from which on there may be blur."""
PARTS = (0.125, 0.25, 0.375, 0.5, 0.75, 1.0)
"""Of that motion, the lengths that are tried."""
BETTER = 0.6
"""Part of the squared misfit that must be left at most."""
WHOLE = 0.98
FEWEST = 200
_SPLATS = 16


def matched(
    shot: Shot, number: int, hole: Hole, merged: Merged, target: Values, lead: list[int]
) -> Merged:
    """What was merged, blurred as the target is where its sources are sharper.

    Args: target (points, channels): right in the ring. lead: the channels by which blur is told.
    """
    motion = _motion(shot, number, hole)
    speed = float(np.hypot(*motion))
    shown = merged.best >= 0
    ring = ~hole.inside & shown
    if speed < LEAST or np.count_nonzero(ring) < FEWEST:
        return merged
    best, least, blurred = 0.0, np.inf, merged.values
    first = _misfit(merged.values, target, ring, lead)
    for part in PARTS:
        shot.check()
        made, whole = _blurred(hole, merged.values, shown, part * motion)
        usable = ring & whole
        if np.count_nonzero(usable) < FEWEST:
            break
        misfit = _misfit(made, target, usable, lead)
        misfit *= first / (_misfit(merged.values, target, usable, lead) + 1e-12)
        if misfit < least:
            best, least, blurred = part * speed, misfit, made
    if least > BETTER * first:
        return merged
    values = np.where(shown[:, None], blurred, merged.values)
    return replace(merged, values=values, squares=merged.squares / np.float32(max(1.0, best)))


def _motion(shot: Shot, number: int, hole: Hole) -> Values:
    """By how many pixels what is seen in the middle of the hole moves in a frame, x and y."""
    inside = hole.inside
    middle = np.array([[hole.x[inside].mean(), hole.y[inside].mean()]], np.float32)
    present = shot.neighbours(number)
    moves = []
    for first, second in ((number - 1, number), (number, number + 1)):
        if first not in present or second not in present:
            continue
        found = register.step(shot, first, second)
        if found is not None:
            way = found if first == number else np.asarray(np.linalg.inv(found), np.float64)
            sign = 1 if first == number else -1
            moves.append(sign * (register.moved(way, middle) - middle)[0])
    return np.mean(moves, axis=0) if moves else np.zeros(2, np.float32)


def _misfit(values: Values, target: Values, usable: Mask, lead: list[int]) -> float:
    apart = (values[usable][:, lead] - target[usable][:, lead]) ** 2
    return float(np.minimum(apart, 0.01).mean())


def _blurred(hole: Hole, values: Values, shown: Mask, move: Values) -> tuple[Values, Mask]:
    """Values evened out along a move, and where all that this takes is known."""
    rows, columns, size = hole.box
    kernel = _line(move)
    weight = np.zeros(size, np.float32)
    weight[rows[shown], columns[shown]] = 1.0
    share = cv2.filter2D(weight, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    made = np.empty_like(values)
    for channel in range(values.shape[1]):
        plane = np.zeros(size, np.float32)
        plane[rows[shown], columns[shown]] = values[shown, channel]
        total = cv2.filter2D(plane, -1, kernel, borderType=cv2.BORDER_CONSTANT)
        made[:, channel] = (total / np.maximum(share, 1e-3))[rows, columns]
    return made, np.asarray(share[rows, columns] > WHOLE)


def _line(move: Values) -> Values:
    """A kernel of a straight move, its sum 1."""
    reach = int(np.ceil(np.abs(move).max() / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for along in (np.arange(_SPLATS * 2 * reach) + 0.5) / (_SPLATS * 2 * reach) - 0.5:
        x, y = reach + along * move[0], reach + along * move[1]
        left, top = int(x), int(y)
        fx, fy = x - left, y - top
        kernel[top : top + 2, left : left + 2] += [
            [(1 - fx) * (1 - fy), fx * (1 - fy)],
            [(1 - fx) * fy, fx * fy],
        ]
    return np.asarray(kernel / kernel.sum(), np.float32)
