"""What a frame's fill and its neighbours' have in common: depth that wavers does not boil.

Each frame is filled by itself first, from frames that numbers and pictures alone choose. Where that
takes depth, an edge comes out a little differently on every frame. So the fills of a few
neighbours are brought over, and the mean of those that agree is taken; a frame's own counts most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from backlot.frame import Window

from ..membrane import Mask, Values
from . import keys
from .keys import Artist, Complete
from .merge import Samples, lit, merge
from .points import channels
from .room import give_back
from .sampling import sample
from .seam import bent
from .shot import Shot

COUNTS = (3.0, 2.0, 1.0)
"""How much a frame's own fill counts, its next ones', and those after them."""


@dataclass(frozen=True)
class _Picture:
    """A frame with its hole filled: codes (height, width, channels), how much of the grain's
    variance is left of its fill, what is no fill, and pixels to the nearest bar (height, width)."""

    window: Window
    codes: npt.NDArray[np.float16]
    squares: npt.NDArray[np.float16]
    plate: Mask
    away: npt.NDArray[np.uint8]


def settled(shot: Shot, number: int, covered: Mask, artist: Artist) -> Complete:
    """Everything behind a frame's matte, in keeping with what is there on its neighbours."""
    made = keys.alone(shot, number, covered, artist)
    if made.seen.near:
        made = _settled(shot, number, made, artist)
    give_back()
    return made


def _settled(shot: Shot, number: int, made: Complete, artist: Artist) -> Complete:
    hole, width = made.seen.hole, made.values.shape[1]
    order = [number, *sorted(made.seen.near)]
    samples = Samples(
        np.zeros((len(order), len(hole.ys), width + 1 + len(order)), np.float32),
        np.zeros((len(order), len(hole.ys)), np.uint8),
    )
    samples.values[0, :, :width], samples.seen[0] = made.values, 255
    samples.values[0, :, width] = np.where(hole.inside, made.squares, 0)
    samples.values[0, :, width + 1] = ~hole.inside
    for at, neighbour in enumerate(order[1:], 1):
        shot.check()
        picture = _picture(shot, neighbour, artist)
        place, light = made.seen.near[neighbour], made.seen.lights[neighbour]
        brought = _brought(picture, place, light, samples.seen[at])
        samples.values[at, :, :width], samples.values[at, :, width], plate = brought
        samples.values[at, :, width + 1 + at] = plate
    trust = np.array([COUNTS[abs(n - number)] for n in order], np.float32)
    _, lead = channels(shot, width)
    merged = merge(samples, trust, lead, 0.0)
    common = merged.values[:, :width]
    look = shot.look(number)
    assert look is not None
    settling = hole.inside & ~made.laid & ~look.bars.inside(hole.ys, hole.xs)
    common = np.where(settling[:, None], common, made.values)
    values = np.where(hole.inside[:, None], common, made.values)
    add = bent(hole, common, made.values, ~hole.inside, artist.blend(number))
    values[settling] += add[settling]
    left = _left(merged.values[:, width], merged.values[:, width + 1 :])
    squares = np.where(settling & ~made.unseen, left, made.squares)
    return replace(made, values=values, squares=squares)


def _left(fills: Values, plates: Values) -> Values:
    """How much of the grain's variance a mean of fills and of plates has.

    Fills of neighbours are means of much the same frames, so they have the same grain; so much of
    it is in a plate as well. Plates have grain of their own each.

    Args: fills (points,): what is left in each fill, times its weight, summed up; plates (points,
        sources): the weight of each where it is no fill.
    """
    share = plates.sum(axis=1)
    common = fills / np.maximum(1 - share, 1e-3)
    return np.asarray((plates**2).sum(axis=1) + common * (1 - share**2), np.float32)


def _brought(
    picture: _Picture, place: tuple[Values, Values], light: Values, seen: npt.NDArray[np.uint8]
) -> tuple[Values, Values, Mask]:
    """A neighbour's codes in a target's light where it has the points of a hole, what is left of
    its fill's grain there, and what is no fill. seen: written, as `sampling.sample` does."""
    x, y = place[0] - picture.window.x, place[1] - picture.window.y
    codes = np.zeros((len(x), picture.codes.shape[2]), np.float32)
    sample(picture.codes, picture.away, x, y, codes, seen)
    lit(codes, light)
    rows, columns = picture.squares.shape
    column, row = (np.rint(each).astype(np.int64) for each in (x, y))
    at = row.clip(0, rows - 1), column.clip(0, columns - 1)
    return codes, picture.squares[at].astype(np.float32), picture.plate[at]


def _picture(shot: Shot, number: int, artist: Artist) -> _Picture:
    """A neighbour, filled by itself."""
    look = shot.look(number)
    assert look is not None
    covered = look.covered
    codes, squares = shot.codes(number).smooth, np.zeros(covered.shape, np.float16)
    if covered.any():
        made = keys.alone(shot, number, covered, artist)
        inside = made.seen.hole.inside
        ys, xs = made.seen.hole.ys[inside], made.seen.hole.xs[inside]
        codes = codes.copy()
        codes[ys, xs], squares[ys, xs] = made.values[inside], made.squares[inside]
    return _Picture(look.window, codes, squares, ~covered, look.bars.away())
