"""What moves by itself: where a frame is not what the frames around it show there.

All of this is told on frames made coarser, and only where the frames that a fill is made of do
not agree. What stands a pixel off the plane that tells the camera's motion is not taken for moving.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import cv2
import numba
import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values
from . import register
from .depth import WIDE
from .look import coarser
from .merge import lighting, lit
from .points import channels
from .register import Matrix, undone
from .shot import Shot

KEPT_BYTES, KEPT_STILL = 112 << 20, 8
OTHERS, LEAST_AWAY, MOST_AWAY = 10, 3, 24
"""Frames that a frame is held against, and how many frames away they are."""
CHANGED, CLEARLY_CHANGED = 0.045, 0.09
"""Codes by which a pixel is off what others show; a patch of them has some that clearly are."""
KNOWN = 0.99
SMALLEST = 24
"""Pixels of the smallest patch that counts."""
_BLUR = 0.8


@dataclass(frozen=True)
class Coarse:
    """A frame made coarser, or a part of that. picture: (height, width, 3) float16 codes; known:
    (height, width) uint8, 1 where nothing is covered; step: pixels of the frame to one of these;
    corner: x and y of its first pixel's middle, in the one coordinate system; box: what part it is.
    """

    picture: npt.NDArray[np.float16]
    known: npt.NDArray[np.uint8]
    step: int
    corner: tuple[float, float]
    box: tuple[slice, slice] = (slice(None), slice(None))

    @property
    def bytes(self) -> int:
        return int(self.picture.nbytes + self.known.nbytes)

    @property
    def place(self) -> Matrix:
        """From its pixels to the one coordinate system."""
        x, y = self.corner
        return np.array([[self.step, 0, x], [0, self.step, y], [0, 0, 1]], np.float64)


@dataclass(frozen=True)
class Moving:
    """Where a frame shows something that moves by itself. mask: (height, width) uint8, of the
    coarse frame; 0 where that is not known. shown: where others show what stands still, uint8.
    """

    mask: npt.NDArray[np.uint8]
    shown: npt.NDArray[np.uint8]

    @property
    def bytes(self) -> int:
        return int(self.mask.nbytes + self.shown.nbytes)


def coarse(shot: Shot, number: int) -> Coarse:
    """A frame of the shot, coarser."""
    kept: OrderedDict[int, Coarse] = shot.kept.setdefault("coarse", OrderedDict())
    if number not in kept:
        kept[number] = _coarse(shot, number)
    _recent(kept, number)
    return kept[number]


def moving(shot: Shot, number: int) -> Moving:
    """What moves by itself on a frame, of which nothing is said under its matte."""
    kept: OrderedDict[int, Moving] = shot.kept.setdefault("moving", OrderedDict())
    if number not in kept:
        kept[number] = _moving(shot, number)
    _recent(kept, number)
    return kept[number]


def _recent(kept: OrderedDict[int, Any], number: int) -> None:
    kept.move_to_end(number)
    used = sum(each.bytes for each in kept.values())
    while used > KEPT_BYTES and len(kept) > 2:
        used -= kept.popitem(last=False)[1].bytes


def part_of(one: Coarse, mask: npt.NDArray[np.uint8]) -> Coarse:
    """The part of a coarse frame that a mask, not empty, lies in."""
    ys, xs = np.nonzero(mask)
    top, left = int(ys.min()), int(xs.min())
    box = np.s_[top : int(ys.max()) + 1, left : int(xs.max()) + 1]
    corner = one.corner[0] + left * one.step, one.corner[1] + top * one.step
    return Coarse(one.picture[box], one.known[box], one.step, corner, box)


def _coarse(shot: Shot, number: int) -> Coarse:
    look = shot.look(number)
    assert look is not None
    codes = shot.codes(number)
    step = max(1, round(look.gray.shape[1] / WIDE))
    _, lead = channels(shot, codes.smooth.shape[2])
    picture, known = coarser(codes, look, (lead * 3)[:3], step)
    half = (step - 1) / 2
    corner = look.window.x + half, look.window.y + half
    return Coarse(picture.astype(np.float16), known, step, corner)


def warped(values: Values, matrix: Matrix, one: Coarse, two: Coarse) -> Values:
    """Values on another frame where `one` has them; 0 outside.

    matrix: from one to the other, in the one coordinate system.
    """
    way = undone(two.place) @ matrix @ one.place
    size = one.known.shape[1], one.known.shape[0]
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(values, way, size, flags=how), np.float32)


def brought(matrix: Matrix, one: Coarse, other: Coarse) -> tuple[Values, Mask]:
    """Another frame's picture where `one` has it, and where that shows something."""
    picture = warped(other.picture.astype(np.float32), matrix, one, other)
    known = warped(other.known.astype(np.float32), matrix, one, other)
    return picture, np.asarray(known > KNOWN)


def _moving(shot: Shot, number: int) -> Moving:
    one = coarse(shot, number)
    target = one.picture.astype(np.float32)
    behind, shown = still(shot, number)
    blurred = [
        np.asarray(cv2.GaussianBlur(each, (0, 0), _BLUR), np.float32) for each in (target, behind)
    ]
    usable = (shown > 0) & (one.known > 0)
    off, strictly = (
        np.where(usable, _off(blurred[0], blurred[1], within), np.float32(0)) for within in (1, 0)
    )
    mask = _patches(off)
    rim = np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)))
    mask |= rim & (strictly > CLEARLY_CHANGED).astype(np.uint8)
    return Moving(mask, shown)


def still(shot: Shot, number: int) -> tuple[Values, npt.NDArray[np.uint8]]:
    """What other frames show where a coarse frame is, (height, width, 3) codes, and where they do;
    most of what moves is not on it."""
    kept: OrderedDict[int, Any] = shot.kept.setdefault("still", OrderedDict())
    if number not in kept:
        kept[number] = _still(shot, number)
        if len(kept) > KEPT_STILL:
            kept.popitem(last=False)
    found: tuple[Values, npt.NDArray[np.uint8]] = kept[number]
    return found


def _still(shot: Shot, number: int) -> tuple[Values, npt.NDArray[np.uint8]]:
    one = coarse(shot, number)
    ways = register.chained(shot, number, shot.neighbours(number))
    away = sorted(n for n in ways if LEAST_AWAY <= abs(n - number) <= MOST_AWAY)
    if len(away) > OTHERS:
        away = [away[round(k * (len(away) - 1) / (OTHERS - 1))] for k in range(OTHERS)]
    height, width = one.known.shape
    stack = np.full((len(away), height, width, 3), np.nan, np.float32)
    target = one.picture.astype(np.float32)
    for at, source in enumerate(away):
        shot.check()
        picture, known = brought(ways[source], one, coarse(shot, source))
        stack[at] = _as_light(picture, target, known & (one.known > 0))
        stack[at][~known] = np.nan
    return middle(stack, 2)


def _as_light(picture: Values, target: Values, both: Mask) -> Values:
    """A picture in the light of another, told where both are known."""
    ys, xs = np.nonzero(both)
    every = max(1, len(ys) // 20000)
    ys, xs = ys[::every], xs[::every]
    theirs, ours = picture[ys, xs], target[ys, xs]
    factors = lighting(theirs, ours, np.ones(len(ys), bool), [0, 1, 2])
    flat = np.ascontiguousarray(picture.reshape(-1, 3))
    lit(flat, factors)
    return flat.reshape(picture.shape)


def _patches(off: Values) -> npt.NDArray[np.uint8]:
    """The pixels that are off, in patches of some size that somewhere clearly are."""
    mask = (off > CHANGED).astype(np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    count, found, figures, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    labels: npt.NDArray[np.int64] = np.asarray(found, np.int64)
    most = np.zeros(count, np.float32)
    np.maximum.at(most, labels.ravel(), off.ravel())
    good = (figures[:, cv2.CC_STAT_AREA] >= SMALLEST) & (most > CLEARLY_CHANGED)
    good[0] = False
    return np.asarray(good[labels], np.uint8)


def middle(stack: Values, fewest: int) -> tuple[Values, npt.NDArray[np.uint8]]:
    """The median of pictures (count, height, width, channels), channel by channel, of those that
    are not NaN, and where there are enough of them; 0 elsewhere."""
    found = np.zeros(stack.shape[1:], np.float32)
    enough = np.zeros(stack.shape[1:3], np.uint8)
    _middle(stack, fewest, found, enough)
    return found, enough


@numba.njit(nogil=True, cache=True)
def _middle(stack, fewest, still, shown):  # type: ignore[no-untyped-def]
    sources, height, width, channels = stack.shape
    order = np.empty(sources, np.float32)
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                count = 0
                for u in range(sources):
                    value = stack[u, y, x, c]
                    if not np.isnan(value):
                        at = count
                        while at > 0 and order[at - 1] > value:
                            order[at] = order[at - 1]
                            at -= 1
                        order[at] = value
                        count += 1
                if count >= fewest:
                    still[y, x, c] = (order[(count - 1) // 2] + order[count // 2]) / 2
                    shown[y, x] = 1


@numba.njit(nogil=True, cache=True)
def _off(one, other, within):  # type: ignore[no-untyped-def]
    """How far each pixel is from the most similar one of the other picture within some pixels."""
    height, width, _ = one.shape
    made = np.zeros((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            least = np.float32(1e9)
            for j in range(max(0, y - within), min(height, y + within + 1)):
                for i in range(max(0, x - within), min(width, x + within + 1)):
                    total = np.float32(0)
                    for c in range(3):
                        total += (one[y, x, c] - other[j, i, c]) ** 2
                    least = min(least, total)
            made[y, x] = np.sqrt(least / 3)
    return made
