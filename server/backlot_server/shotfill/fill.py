"""One frame of a shot: what its sources show behind the matte, and what nobody has seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values, distance, membrane
from . import depth, layers, parallax, register, rendered
from .depth import LEAST_SEEN
from .merge import Index, Merged, Samples, lighting, lit, merge, sample
from .points import Hole, channels, holed, mapped, shown, target_values
from .register import Matrix, Pair
from .shot import NEAR, Shot

BENT = 8.0
"""Of them, those next to the hole that the fill is bent to meet."""
SEAM_BLUR = 3.0
SEAM_STEADY = 0.006
"""Steps at the rim below this, in code, are taken for grain."""
FADE, FADE_STILL = 10.0, 30.0
"""Frames of distance after which a source counts a third, and when the camera stands still: then
far ones are as good as near ones, and as many as may be take part."""
NOISY = 4.0
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

APART, OFTEN = 0.03, 3.0
"""Sources that lie so far apart in the hole, in code, and so many times further than around it, do
not agree."""
CALM = 20.0
DOUBTED = 0.005, 0.05
"""Part of the hole on which they do not, from which on something may move there; where there is
depth."""
STEPS = 2
"""Frames on either side whose fills a frame's is held against."""
Maps = dict[int, tuple[Values, Values]]
"""For each source x and y of every point of the hole, in the one coordinate system."""


@dataclass(frozen=True)
class Seen:
    """What the sources show at a hole's points. merged: see `merge.Merged`, colours in the target's
    light. sources: their frame numbers. exact (points, channels): of the best source, or None.
    moves (points, 2): from a point to where the best source has it, x and y. pairs: how they were
    registered. near: where the next few frames have each point, where that took depth; else none.
    lights: the factors that bring those to the target's light. layers: what moves by itself, of
    which nothing is in all this; crossed (points,): whether sources with it do not agree, or None.
    """

    hole: Hole
    merged: Merged
    sources: tuple[int, ...]
    exact: npt.NDArray[Any] | None
    moves: Values
    pairs: dict[int, Pair]
    near: Maps
    lights: dict[int, Values]
    layers: tuple[layers.Layer, ...] = ()
    crossed: Mask | None = None


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
    maps, estimated = _maps(shot, number, hole, pairs, lights)
    fade = FADE_STILL if still else FADE
    found = gathered(shot, number, hole, pairs, lights, maps, fade)
    moving = () if codes.vectors is not None else _moving(shot, number, found, estimated or told)
    if moving:
        found = _without(shot, number, found, moving, lights, maps, fade)
    if estimated and (moving or _off(pairs) <= FLAT):
        # few points are off the plane, perhaps nowhere near the hole
        plane = _flat(pairs, hole)
        flat = gathered(shot, number, hole, pairs, lights, plane, fade)
        if moving:
            flat = _without(shot, number, flat, moving, lights, plane, fade)
        if _off_ring(shot, number, found) > CLEARLY * _off_ring(shot, number, flat):
            return flat
    if not estimated:
        return found
    near = {n: maps[n] for n in maps if abs(n - number) <= STEPS}
    return replace(found, near=near, lights={n: lights[n] for n in near})


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


def _without(
    shot: Shot,
    number: int,
    found: Seen,
    moving: tuple[layers.Layer, ...],
    lights: dict[int, Values],
    maps: Maps,
    fade: float,
) -> Seen:
    """The same without what moves by itself, which is put beside it."""
    rest = gathered(shot, number, found.hole, found.pairs, lights, maps, fade, moving)
    crossed = found.merged.spread > agreement(found)
    return replace(_filled_up(rest, found), layers=moving, crossed=crossed)


def agreement(found: Seen, usual: float = 50.0) -> float:
    """How far sources may lie apart, in code, and still agree: told by the known ring, by the
    middle of it or another percentile."""
    ring = found.merged.spread[~found.hole.inside & (found.merged.best >= 0)]
    return max(APART, OFTEN * float(np.percentile(ring, usual)) if len(ring) else 0.0)


def _doubtful(found: Seen, deep: bool) -> bool:
    """Whether sources do not agree on some of the hole, measured by the calmest of the ring: what
    moves may cross most of it. Where there is depth, that is a reason on more of it only."""
    inside = found.hole.inside
    limit = agreement(found, CALM)
    apart = inside & (found.merged.best >= 0) & (found.merged.spread > limit)
    part = DOUBTED[1 if deep else 0]
    return bool(np.count_nonzero(apart) > part * np.count_nonzero(inside))


def _filled_up(rest: Seen, found: Seen) -> Seen:
    """What only sources show that were left out, as they show it."""
    lost = (rest.merged.best < 0) & (found.merged.best >= 0)
    one, other = rest.merged, found.merged
    for field in ("values", "squares", "spread", "best"):
        getattr(one, field)[lost] = getattr(other, field)[lost]
    rest.moves[lost] = found.moves[lost]
    if rest.exact is not None and found.exact is not None:
        rest.exact[lost] = found.exact[lost]
    return rest


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
    ring = ring[:: max(1, len(ring) // 20000)]
    part = Hole(
        hole.shape, hole.ys[ring], hole.xs[ring], hole.inside[ring], hole.x[ring], hole.y[ring]
    )
    x, y = mapped(pair.homography, part)
    values = np.zeros((len(ring), shot.codes(source).smooth.shape[2]), np.float32)
    there = np.zeros(len(ring), np.uint8)
    x, y = x - look.window.x, y - look.window.y
    sample(shot.codes(source).smooth, look.away, x, y, values, there)
    colour, _ = channels(shot, values.shape[1])
    return lighting(values, target_values(shot, number, part), there > 0, colour)


def _maps(
    shot: Shot, number: int, hole: Hole, pairs: dict[int, Pair], lights: dict[int, Values]
) -> tuple[Maps, bool]:
    """By vectors or depth where a renderer gave them; else one plane where that suffices, else with
    the depth behind the matte. Also, whether that was it."""
    if shot.codes(number).vectors is not None:
        return rendered.followed(shot, number, hole, set(pairs)), False
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
            cameras = zip(found.sources, found.cameras, strict=True)
            return {
                u: depth.through(c, hole, distances, made.get(u), loose) for u, c in cameras
            }, given is None
    return _flat(pairs, hole), False


def _flat(pairs: dict[int, Pair], hole: Hole) -> Maps:
    return {source: mapped(pair.homography, hole) for source, pair in pairs.items()}


def gathered(
    shot: Shot,
    number: int,
    hole: Hole,
    pairs: dict[int, Pair],
    lights: dict[int, Values],
    maps: Maps,
    fade: float,
    without: tuple[layers.Layer, ...] = (),
) -> Seen:
    """without: without what moves by itself."""
    target = target_values(shot, number, hole)
    count, width = target.shape
    order = tuple(sorted(maps))
    samples = Samples(
        np.zeros((len(order), count, width), np.float32), np.zeros((len(order), count), np.uint8)
    )
    _, lead = channels(shot, width)
    off = np.zeros(len(order))
    places = []
    for at, source in enumerate(order):
        shot.check()
        look = shot.look(source)
        assert look is not None
        x, y = maps[source]
        x, y = x - look.window.x, y - look.window.y
        sample(shot.codes(source).smooth, look.away, x, y, samples.values[at], samples.seen[at])
        if without:
            samples.seen[at][~layers.still(shot, source, without, maps[source])] = 0
        lit(samples.values[at], lights[source])
        off[at] = _misfit(samples.values[at], target, ~hole.inside & (samples.seen[at] > 0), lead)
        places.append((x, y))
    trust = _trust(number, order, off, fade)
    merged = merge(samples, trust, lead, NOISY if fade == FADE_STILL else 0.0)
    moves = np.zeros((count, 2), np.float32)
    for at, source in enumerate(order):
        mine = merged.best == at
        for axis, (to, start) in enumerate(zip(maps[source], (hole.x, hole.y), strict=True)):
            moves[mine, axis] = to[mine] - start[mine]
    return Seen(hole, merged, order, _exact(shot, order, places, merged.best), moves, pairs,
                {}, {})  # fmt: skip


def _off_ring(shot: Shot, number: int, found: Seen) -> float:
    """How badly what the sources show fits the known ring, as a mean square."""
    hole, merged = found.hole, found.merged
    target = target_values(shot, number, hole)
    _, lead = channels(shot, target.shape[1])
    usable = ~hole.inside & (merged.best >= 0)
    if found.layers:
        usable &= layers.still(shot, number, found.layers, (hole.x, hole.y))
    return _misfit(merged.values, target, usable, lead)


def _misfit(values: Values, target: Values, usable: Mask, lead: list[int]) -> float:
    """How badly a source fits the ring, as a mean square; most wrong pixels held."""
    if np.count_nonzero(usable) < 20:
        return math.nan
    apart = (values[usable][:, lead] - target[usable][:, lead]) ** 2
    return float(np.minimum(apart, 0.01).mean())


def _trust(
    number: int, order: tuple[int, ...], off: npt.NDArray[np.float64], fade: float
) -> Values:
    """How much each source counts: near ones and those that fit the ring more."""
    away = np.abs(np.array(order, float) - number)
    trust = np.exp(-away / fade)
    if len(order) and np.isfinite(off).any():
        off = np.where(np.isfinite(off), off, np.nanmax(off))
        floor = off.min() + 1e-6
        trust *= floor / (floor + 2 * (off - off.min()))
    return np.asarray(trust, np.float32)


def _exact(
    shot: Shot, order: tuple[int, ...], places: list[tuple[Values, Values]], best: Index
) -> npt.NDArray[Any] | None:
    """Channels that are never interpolated: of the best source's nearest pixel."""
    assert shot.parts is not None
    if not shot.parts.exact or not order:
        return None
    first = shot.codes(order[0]).exact
    assert first is not None
    values = np.zeros((len(best), first.shape[2]), first.dtype)
    for at, source in enumerate(order):
        theirs = shot.codes(source).exact
        assert theirs is not None
        mine = np.nonzero(best == at)[0]
        x, y = (np.rint(axis[mine]).astype(np.int64) for axis in places[at])
        values[mine] = theirs[y.clip(0, theirs.shape[0] - 1), x.clip(0, theirs.shape[1] - 1)]
    return values


def bent(hole: Hole, values: Values, target: Values, known: Mask, blend: float) -> Values:
    """What must be added to a fill so that it meets the known pixels around it.

    The step at the rim, freed of grain, is carried on smoothly through the hole (P. Perez et al.,
    "Poisson Image Editing", 2003).

    Args: values, target (points, channels); known (points,): both are right there; elsewhere the
        correction is made.
    Returns: (points, channels).
    """
    top, left = hole.ys.min(), hole.xs.min()
    rows, columns = hole.ys - top, hole.xs - left
    size = int(rows.max()) + 1, int(columns.max()) + 1
    unknown = np.zeros(size, bool)
    unknown[rows, columns] = ~known
    outside = np.ones(size, bool)
    outside[rows, columns] = False
    near = known & (distance(~unknown)[rows, columns] <= BENT) if unknown.any() else known
    lack = np.zeros((*size, values.shape[1]), np.float32)
    weight = np.zeros(size, np.float32)
    lack[rows[near], columns[near]] = np.clip(target[near] - values[near], -0.25, 0.25)
    weight[rows[near], columns[near]] = 1.0
    blurred = cv2.GaussianBlur(lack, (0, 0), SEAM_BLUR)
    share = cv2.GaussianBlur(weight, (0, 0), SEAM_BLUR)
    blurred = blurred.reshape(lack.shape) / np.maximum(share, 1e-3)[:, :, None]
    blurred *= blurred**2 / (blurred**2 + np.float32(SEAM_STEADY**2))
    blurred[outside] = 0.0
    full = membrane(np.ascontiguousarray(blurred, np.float32), unknown)
    add: Values = np.float32(blend) * full[rows, columns]
    return add
