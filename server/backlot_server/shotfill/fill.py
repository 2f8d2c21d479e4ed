"""One frame of a shot: what its sources show behind the matte, and what nobody has seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..membrane import Mask, Values
from . import depth, layers, parallax, register, rendered
from .depth import LEAST_SEEN
from .gather import Maps, Seen, Sources, agreement, gathered, off_ring, parted
from .merge import lighting
from .parallax import Cameras
from .points import Hole, channels, holed, mapped, shown, target_values
from .register import Matrix, Pair
from .sampling import sample
from .shot import NEAR, Shot

MOST = 24
"""Sources at most."""
ENOUGH = 4
"""Sources that are wanted for each point where the camera turns; elsewhere as many as may be."""
FLAT = 0.35
"""Points this many pixels off the plane, and one plane does not do."""
ASTRAY, LESS_ASTRAY = 0.02, 0.5
"""Part of the points that may be off it, and what is left of that with cameras and distances."""
CLEARLY = 0.7
"""Part of the squared misfit around the hole that depth may leave, to be taken for them."""
BETTER = 0.7
AS_TOLD = 0.15
"""Pixels by which a renderer's distances may explain points worse."""
CALM = 20.0
DOUBTED = 0.005, 0.05
"""Part of the hole on which they do not, from which on something may move there; where there is
depth."""
STEPS = 2
"""Frames on either side whose fills a frame's is held against."""


def sources(
    shot: Shot, number: int, guesses: dict[int, Matrix], hole: Hole, enough: int
) -> list[int]:
    """Which of the frames within reach a target is filled from: a rule of their numbers and of
    what they show, never of which frames are made together.

    The nearest on both sides; then those that show most of what fewer than `enough` show so far.
    """
    present = sorted(guesses)
    at = present.index(number)
    near = present[max(0, at - NEAR) : at] + present[at + 1 : at + 1 + NEAR]
    others = [n for n in present if n not in near and n != number]
    others = [n for n in others if abs(n - number) <= 3 * NEAR or n % (NEAR // 2) == 0]
    seen_by = {n: shown(shot, n, guesses[n], hole) for n in (*near, *others)}
    chosen = [n for n in near if seen_by[n].mean() > LEAST_SEEN or abs(n - number) <= STEPS]
    count = np.sum([seen_by[n] for n in chosen], axis=0) if chosen else np.zeros(1, int)
    others.sort(key=lambda n: (abs(n - number), n))
    while others and len(chosen) < MOST:
        gains = [float(np.mean(seen_by[n] & (count < enough))) for n in others]
        best = int(np.argmax(gains))
        if gains[best] <= LEAST_SEEN:
            break
        source = others.pop(best)
        chosen.append(source)
        count = count + seen_by[source]
    return sorted(chosen)


def seen(shot: Shot, number: int, covered: Mask) -> Seen:
    """What the sources show of a target's hole, in its light."""
    look = shot.look(number)
    assert look is not None
    hole = holed(look, covered)
    guesses = register.chained(shot, number, shot.neighbours(number))
    pairs = _registered(shot, number, guesses, sources(shot, number, guesses, hole, ENOUGH), {})
    fixed = [np.array_equal(each.homography, np.eye(3)) for each in pairs.values()]
    still = bool(fixed) and float(np.mean(fixed)) > 0.5
    codes = shot.codes(number)
    told = codes.depth is not None or codes.vectors is not None
    if still or told or _deep(pairs):
        more = sources(shot, number, guesses, hole, MOST)
        pairs = _registered(shot, number, guesses, more, pairs)
    if still:
        pairs = {source: replace(each, homography=np.eye(3)) for source, each in pairs.items()}
    lights = {source: _light(shot, number, source, pairs[source], hole) for source in pairs}
    known = Sources(pairs, lights, still)
    maps, estimated, behind = _maps(shot, number, hole, pairs, lights)
    found = gathered(shot, number, hole, known, maps)
    moving = () if codes.vectors is not None else _moving(shot, number, found, estimated or told)
    if moving:
        found = parted(shot, number, found, moving, known, maps)
    if behind is not None:
        found = replace(found, depth=behind[0], cameras=behind[1])
    if not estimated:
        return found
    if (moving or _off(pairs) <= FLAT) and not _better(shot, number, found, known):
        return _of_plane(shot, number, hole, known, moving)
    near = {n: maps[n] for n in maps if abs(n - number) <= STEPS}
    return replace(found, near=near, lights={n: lights[n] for n in near})


def _better(shot: Shot, number: int, found: Seen, known: Sources) -> bool:
    """Whether depth fits the known ring clearly better than one plane does: where few points are
    off that, they are perhaps nowhere near the hole."""
    ring = found.hole.part(np.nonzero(~found.hole.inside)[0])
    flat = _of_plane(shot, number, ring, known, found.layers)
    return not off_ring(shot, number, found) > CLEARLY * off_ring(shot, number, flat)


def _of_plane(
    shot: Shot, number: int, hole: Hole, known: Sources, moving: tuple[layers.Layer, ...]
) -> Seen:
    """What sources show where all lies on one plane."""
    plane = _flat(known.pairs, hole)
    flat = gathered(shot, number, hole, known, plane)
    return parted(shot, number, flat, moving, known, plane) if moving else flat


def _moving(shot: Shot, number: int, found: Seen, deep: bool) -> tuple[layers.Layer, ...]:
    """What moves by itself, where sources do not agree; where there is depth only what that does
    not explain."""
    if not _doubtful(found, deep):
        return ()
    moving = layers.layers(shot, number)
    if not (deep and moving):
        return moving
    target = target_values(shot, number, found.hole)
    _, lead = channels(shot, target.shape[1])
    misfit = ((found.merged.values[:, lead] - target[:, lead]) ** 2).mean(axis=1)
    misfit[found.merged.best < 0] = np.nan
    return layers.better(shot, number, found.hole, moving, misfit)


def _doubtful(found: Seen, deep: bool) -> bool:
    """Whether sources do not agree on some of the hole, measured by the calmest of the ring: what
    moves may cross most of it. Where there is depth, that is a reason on more of it only."""
    inside = found.hole.inside
    limit = agreement(found, CALM)
    apart = inside & (found.merged.best >= 0) & (found.merged.spread > limit)
    part = DOUBTED[1 if deep else 0]
    return bool(np.count_nonzero(apart) > part * np.count_nonzero(inside))


def _registered(
    shot: Shot,
    number: int,
    guesses: dict[int, Matrix],
    chosen: list[int],
    before: dict[int, Pair],
) -> dict[int, Pair]:
    """Sources registered, near ones first; those of `before` as they are."""
    pairs: dict[int, Pair] = {}
    last: dict[bool, tuple[int, Pair]] = {}
    for source in sorted(chosen, key=lambda n: (abs(n - number), n)):
        later = source > number
        found = before.get(source)
        found = found or register.pair(shot, number, source, guesses[source], last.get(later))
        if found is not None:
            pairs[source] = found
            last[later] = source, found
    return pairs


def _off(pairs: dict[int, Pair]) -> float:
    """How far points lie from one plane in most sources, in pixels."""
    return float(np.percentile([each.residual for each in pairs.values()], 75)) if pairs else 0.0


def _astray(pairs: dict[int, Pair]) -> float:
    """The part of the points that is a pixel or more off that plane in most sources."""
    return float(np.percentile([each.astray for each in pairs.values()], 75)) if pairs else 0.0


def _deep(pairs: dict[int, Pair]) -> bool:
    """Whether one plane does not do: most points lie off it, or some lie far off it."""
    return _off(pairs) > FLAT or _astray(pairs) > ASTRAY


def _light(shot: Shot, number: int, source: int, pair: Pair, hole: Hole) -> Values:
    """The factors that bring a source to the target's light, told on a part of the ring."""
    look = shot.look(source)
    assert look is not None
    ring = np.nonzero(~hole.inside)[0]
    part = hole.part(ring[:: max(1, len(ring) // 20000)])
    x, y = mapped(pair.homography, part)
    values = np.zeros((len(part.xs), shot.codes(source).smooth.shape[2]), np.float32)
    there = np.zeros(len(part.xs), np.uint8)
    x, y = x - look.window.x, y - look.window.y
    sample(shot.codes(source).smooth, look.away, x, y, values, there)
    colour, _ = channels(shot, values.shape[1])
    return lighting(values, target_values(shot, number, part), there > 0, colour)


def _maps(
    shot: Shot, number: int, hole: Hole, pairs: dict[int, Pair], lights: dict[int, Values]
) -> tuple[Maps, bool, tuple[Values, dict[int, Cameras]] | None]:
    """By vectors or depth where a renderer gave them; else one plane where that suffices, else with
    the depth behind the matte. Also, whether that was it, and depth and cameras if there are."""
    if shot.codes(number).vectors is not None:
        return rendered.followed(shot, number, hole, set(pairs)), False, None
    off = _off(pairs)
    given = shot.codes(number).depth
    if len(pairs) >= 3 and (_deep(pairs) or given is not None):
        look = shot.look(number)
        assert look is not None
        corners = register.corners(shot, look)
        points = corners + register.origin(look)
        known = None
        if given is not None:
            column, row = np.rint(corners).astype(np.int64).T
            known = given[row, column]
        found = parallax.parallax(points, pairs, shot.middle, shot.display.width, known)
        if found is not None and (
            found.error < BETTER * off + (AS_TOLD if given is not None else 0)
            or found.astray < LESS_ASTRAY * _astray(pairs)
        ):
            loose = depth.LOOSE * (found.near - found.far)
            if given is None:
                distances, made = depth.depth_of(shot, number, hole, found, lights)
            else:
                distances, made = rendered.distances(shot, number, hole, found, loose)
            cameras = dict(zip(found.sources, found.cameras, strict=True))
            maps = {
                u: depth.through(c, hole, distances, made.get(u), loose) for u, c in cameras.items()
            }
            return maps, given is None, (distances, cameras)
    return _flat(pairs, hole), False, None


def _flat(pairs: dict[int, Pair], hole: Hole) -> Maps:
    return {source: mapped(pair.homography, hole) for source, pair in pairs.items()}
