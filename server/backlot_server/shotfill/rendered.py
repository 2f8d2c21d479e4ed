"""Depth and motion that a renderer told, in place of estimated ones.

Both may be of what is behind the object, rendered without it. Depth may be of the plate as it is,
too: where it shows the object, other frames' depth says so and takes its place.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values
from .parallax import Cameras, Parallax
from .points import Hole
from .shot import Shot
from .sweep import Depths, looked_up, thrown

SAME = 0.02
"""Inverse distances that differ by less, as a part of them, are the same thing."""
MOST_WRONG = 0.1
"""Where sources see through more of the hole than this, depth is of the object that hides it."""
AS_EXPECTED = 0.4
"""Pixels by which a point's step may differ from what its last one and all others let expect."""
RETURNS = 0.15
"""Pixels by which its way back may differ from its way."""


@dataclass(frozen=True)
class _Seen:
    """A frame's depth and where the object does not hide what is behind."""

    camera: Cameras
    inverse: Values
    known: Mask
    corner: tuple[float, float]


def distances(
    shot: Shot, number: int, hole: Hole, found: Parallax, loose: float
) -> tuple[Values, dict[int, Depths]]:
    """The inverse distance of each of a hole's points, and what its sources have at their pixels.

    found: cameras in the depth pass's own unit. As `depth.depth_of` tells it from pictures alone.
    """
    theirs = {}
    for source, camera in zip(found.sources, found.cameras, strict=True):
        shot.check()
        seen = _seen(shot, source, camera)
        if seen is not None:
            theirs[source] = seen
    own = shot.codes(number).depth
    assert own is not None
    depth = own[hole.ys, hole.xs].copy()
    votes = _votes(hole, depth, theirs)
    told = hole.inside & (votes != 0)
    of_object = np.count_nonzero(votes[told] < 0) > MOST_WRONG * np.count_nonzero(told)
    doubted = hole.inside & (~np.isfinite(depth) | (votes < (1 if of_object else 0)))
    depth[doubted] = np.nan
    made = {source: _as_target(seen) for source, seen in theirs.items()}
    if doubted.any():
        ys, xs = hole.ys[doubted], hole.xs[doubted]
        top, left = int(ys.min()), int(xs.min())
        look = shot.look(number)
        assert look is not None
        corner = float(look.window.x + left), float(look.window.y + top)
        size = int(np.ptp(ys)) + 1, int(np.ptp(xs)) + 1
        layers = [(theirs[source].camera, each) for source, each in made.items()]
        depth[doubted] = thrown(layers, corner, size, 1, loose)[ys - top, xs - left]
    return depth, made


def _seen(shot: Shot, number: int, camera: Cameras) -> _Seen | None:
    look, codes = shot.look(number), shot.codes(number)
    assert look is not None
    if codes.depth is None:
        return None
    corner = float(look.window.x), float(look.window.y)
    return _Seen(camera, codes.depth, look.away > 0, corner)


def _votes(hole: Hole, depth: Values, theirs: dict[int, _Seen]) -> npt.NDArray[np.int32]:
    """How many more sources confirm the distance of each point than see through it."""
    votes = np.zeros(len(depth), np.int32)
    x, y = hole.x.astype(np.float64), hole.y.astype(np.float64)
    for seen in theirs.values():
        u, v, w = (row[0] * x + row[1] * y + row[2] + row[3] * depth for row in seen.camera)
        with np.errstate(divide="ignore", invalid="ignore"):
            column = (u / w - seen.corner[0]).astype(np.float32)
            row = (v / w - seen.corner[1]).astype(np.float32)
            expected = depth / w
        said = looked_up(np.where(seen.known, seen.inverse, np.nan), column, row)
        with np.errstate(invalid="ignore"):
            votes -= said < expected * (1 - SAME)
            votes += np.abs(said - expected) <= expected * SAME
    return votes


def _as_target(seen: _Seen) -> Depths:
    """A source's own distances as the target's, at the source's pixels: NaN under its matte.

    Of P (x, y, 1, d) = w (u, v, 1) with w = d / (the source's own), x, y and d are three unknowns
    of three linear equations.
    """
    height, width = seen.inverse.shape
    u = seen.corner[0] + np.arange(width)[None, :]
    v = seen.corner[1] + np.arange(height)[:, None]
    own = np.where(seen.known & (seen.inverse > 0), seen.inverse, np.nan).astype(np.float64)
    p = seen.camera
    last = [p[0, 3] - u / own, p[1, 3] - v / own, p[2, 3] - 1 / own]
    minors = [
        p[1, 0] * p[2, 1] - p[2, 0] * p[1, 1],
        p[2, 0] * p[0, 1] - p[0, 0] * p[2, 1],
        p[0, 0] * p[1, 1] - p[1, 0] * p[0, 1],
    ]
    below = sum(m * each for m, each in zip(minors, last, strict=True))
    above = -sum(m * p[row, 2] for row, m in enumerate(minors))
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.asarray(above / below, np.float32)
    return Depths(values, seen.corner, 1)


def followed(
    shot: Shot, number: int, hole: Hole, wanted: set[int]
) -> dict[int, tuple[Values, Values]]:
    """Where a hole's points are in other frames, from vector to vector; far outside where a point
    was lost on the way: behind something, outside, or on a frame without vectors."""
    made = {}
    present = shot.neighbours(number)
    at = present.index(number)
    for way, frames in ((1, present[at:]), (-1, present[at::-1])):
        place = np.stack([hole.x, hole.y], axis=1).astype(np.float32)
        move = np.full_like(place, np.nan)
        for before, after in itertools.pairwise(frames):
            if after - before != way or not any((n - before) * way > 0 for n in wanted):
                break
            shot.check()
            _step(shot, before, after, place, move)
            if after in wanted:
                x, y = (np.where(np.isnan(axis), np.float32(-1e6), axis) for axis in place.T)
                made[after] = x, y
    return made


def _step(shot: Shot, before: int, after: int, place: Values, move: Values) -> None:
    """Points one frame on, or back, in place; NaN where they are lost. move: their last step."""
    there, back = (2, 0) if after > before else (0, 2)
    one, other = shot.codes(before).vectors, shot.codes(after).vectors
    if one is None or other is None:
        place[:] = np.nan
        return
    looks = [shot.look(number) for number in (before, after)]
    corners = np.array([(each.window.x, each.window.y) for each in looks if each], np.float32)
    one = one[:, :, there : there + 2]
    _follow(
        one,
        other[:, :, back : back + 2],
        corners,
        _expected(one, corners[0], place, move),
        place,
        move,
    )


def _expected(vectors: Values, corner: Values, place: Values, move: Values) -> Values:
    """The last step of each point, changed as those of all others are: an affine change."""
    if np.isnan(move).all():
        return move
    column, row = np.ascontiguousarray((place - corner).T)
    change = np.stack([looked_up(vectors[:, :, k], column, row) for k in (0, 1)], axis=1) - move
    flat = np.concatenate([place, np.ones((len(place), 1), np.float32)], axis=1).astype(np.float64)
    used = np.isfinite(change).all(axis=1) & np.isfinite(flat).all(axis=1)
    fitted = np.zeros((3, 2))
    for _ in range(3):
        if np.count_nonzero(used) < 12:
            break
        fitted = np.linalg.lstsq(flat[used], change[used].astype(np.float64), rcond=None)[0]
        off = np.linalg.norm(change - flat @ fitted, axis=1)
        used = off <= 2 * np.nanmedian(off) + 1e-3
    return np.asarray(move + flat @ fitted, np.float32)


@numba.njit(nogil=True, cache=True)
def _follow(one, other, corners, like, place, move):  # type: ignore[no-untyped-def]
    for n in range(len(place)):
        x, y = place[n, 0], place[n, 1]
        dx, dy = _vector(
            one, x - corners[0, 0], y - corners[0, 1], like[n, 0], like[n, 1], AS_EXPECTED
        )
        home, _ = _vector(other, x + dx - corners[1, 0], y + dy - corners[1, 1], -dx, -dy, RETURNS)
        if np.isnan(home):
            place[n] = np.nan
        else:
            place[n, 0], place[n, 1] = x + dx, y + dy
            move[n, 0], move[n, 1] = dx, dy


@numba.njit(nogil=True, cache=True)
def _vector(vectors, x, y, like_x, like_y, loose):  # type: ignore[no-untyped-def]
    """Between the four around a place, of those that are as expected: at an edge two things that
    move apart are not mixed. NaN where there are none. like: NaN where nothing is expected."""
    height, width, _ = vectors.shape
    nothing = np.float32(np.nan), np.float32(np.nan)
    if not (x >= 0 and y >= 0 and x <= width - 1 and y <= height - 1):
        return nothing
    left, top = int(x), int(y)
    total, dx, dy = np.float32(0), np.float32(0), np.float32(0)
    for row in range(top, min(top + 2, height)):
        for column in range(left, min(left + 2, width)):
            weight = (1 - abs(x - column)) * (1 - abs(y - row))
            vx, vy = vectors[row, column, 0], vectors[row, column, 1]
            off = 0.0 if np.isnan(like_x) else np.hypot(vx - like_x, vy - like_y)
            if weight > 1e-3 and off <= loose:  # not of NaN
                total += weight
                dx += weight * vx
                dy += weight * vy
    if total < 1e-3:
        return nothing
    return np.float32(dx / total), np.float32(dy / total)
