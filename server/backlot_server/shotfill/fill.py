"""One frame of a shot: what its sources show behind the matte, and what nobody has seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values, distance, membrane
from . import register
from .merge import Index, Merged, Samples, lighting, lit, merge, sample
from .register import Matrix, Pair
from .shot import NEAR, Look, Shot, colours, smooth

RING = 20
"""Pixels around the hole by which light and seams are told."""
BENT = 8.0
"""Of them, those next to the hole that the fill is bent to meet."""
SEAM_BLUR = 3.0
SEAM_STEADY = 0.006
"""Steps at the rim below this, in code, are taken for grain."""
FADE = 10.0
"""Frames of distance after which a source counts a third."""
LEAST_SEEN = 0.004
"""A source that shows less of the hole than this is left out."""
PROBES = 4000


@dataclass(frozen=True)
class Hole:
    """The pixels of a target that matter: its hole and the ring of known ones around it.

    ys, xs: (points,) in the frame's own pixels. inside (points,): in the hole. x, y: in the one
    coordinate system of all windows.
    """

    shape: tuple[int, int]
    ys: Index
    xs: Index
    inside: Mask
    x: Values
    y: Values


@dataclass(frozen=True)
class Seen:
    """What the sources show at a hole's points. merged: see `merge.Merged`, colours in the target's
    light. sources: their frame numbers. exact (points, channels): of the best source, or None.
    alike (points,): the part of 1 by which the sources agree.
    """

    hole: Hole
    merged: Merged
    sources: tuple[int, ...]
    exact: npt.NDArray[Any] | None
    pairs: dict[int, Pair]


def holed(look: Look, covered: Mask) -> Hole:
    """The points of a frame's hole and ring."""
    ring = (look.away > 0) & (look.away <= RING) & ~covered
    ys, xs = (at.astype(np.int32) for at in np.nonzero(covered | ring))
    inside = covered[ys, xs]
    x, y = ((at + o).astype(np.float32) for at, o in ((xs, look.window.x), (ys, look.window.y)))
    return Hole(covered.shape, ys, xs, inside, x, y)


def sources(number: int, present: list[int], near: int = NEAR) -> list[int]:
    """Which of the frames present a target is filled from: a rule of their numbers alone."""
    at = present.index(number)
    close = present[max(0, at - near) : at] + present[at + 1 : at + 1 + near]
    return sorted({*close, *(n for n in present if n % near == 0 and n != number)})


def mapped(homography: Matrix, hole: Hole) -> tuple[Values, Values]:
    """Where a hole's points lie in a source, in the one coordinate system."""
    points = register.moved(homography, np.stack([hole.x, hole.y], axis=1))
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])


def shows(shot: Shot, number: int, guess: Matrix, hole: Hole) -> float:
    """The part of the hole that a source shows."""
    look = shot.look(number)
    assert look is not None
    inside = np.nonzero(hole.inside)[0]
    picked = inside[:: max(1, len(inside) // PROBES)]
    at = register.moved(guess, np.stack([hole.x[picked], hole.y[picked]], axis=1))
    column, row = np.rint(at - register.origin(look)).astype(np.int64).T
    height, width = look.away.shape
    there = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    row[~there] = column[~there] = 0
    return float(np.mean(there & (look.away[row, column] > 0)))


def target_values(shot: Shot, number: int, hole: Hole) -> Values:
    """The target's own codes at the points of the ring; what is in the hole means nothing."""
    return np.asarray(shot.codes(number).smooth[hole.ys, hole.xs], np.float32)


def seen(shot: Shot, number: int, covered: Mask) -> Seen:
    """What the sources show of a target's hole, in its light."""
    look = shot.look(number)
    assert look is not None
    hole = holed(look, covered)
    guesses = register.chained(shot, number, shot.neighbours(number))
    pairs: dict[int, Pair] = {}
    for source in sources(number, sorted(guesses)):
        if shows(shot, source, guesses[source], hole) < LEAST_SEEN:
            continue
        found = register.pair(shot, number, source, guesses[source])
        if found is not None:
            pairs[source] = found
    return gathered(shot, number, hole, pairs)


def gathered(shot: Shot, number: int, hole: Hole, pairs: dict[int, Pair]) -> Seen:
    assert shot.parts is not None
    target = target_values(shot, number, hole)
    count, channels = target.shape
    order = tuple(sorted(pairs))
    samples = Samples(
        np.zeros((len(order), count, channels), np.float32), np.zeros((len(order), count), np.uint8)
    )
    listed = smooth(shot.parts, channels + len(shot.parts.exact))
    colour = [listed.index(channel) for channel in colours(shot.parts)]
    lead = [listed.index(channel) for channel in dict.fromkeys(shot.parts.color[0])]
    off = np.zeros(len(order))
    places = []
    for at, source in enumerate(order):
        look = shot.look(source)
        assert look is not None
        x, y = mapped(pairs[source].homography, hole)
        x, y = x - look.window.x, y - look.window.y
        sample(shot.codes(source).smooth, look.away, x, y, samples.values[at], samples.seen[at])
        usable = ~hole.inside & (samples.seen[at] > 0)
        factors = lighting(samples.values[at], target, usable, colour)
        lit(samples.values[at], factors)
        off[at] = _misfit(samples.values[at], target, usable, lead)
        places.append((x, y))
    trust = _trust(number, order, off)
    merged = merge(samples, trust, lead)
    return Seen(hole, merged, order, _exact(shot, order, places, merged.best), pairs)


def _misfit(values: Values, target: Values, usable: Mask, lead: list[int]) -> float:
    """How badly a source fits the ring, as a mean square; most wrong pixels held."""
    if np.count_nonzero(usable) < 20:
        return math.nan
    apart = (values[usable][:, lead] - target[usable][:, lead]) ** 2
    return float(np.minimum(apart, 0.01).mean())


def _trust(number: int, order: tuple[int, ...], off: npt.NDArray[np.float64]) -> Values:
    """How much each source counts: near ones and those that fit the ring more."""
    away = np.abs(np.array(order, float) - number)
    trust = np.exp(-away / FADE)
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
