"""What a target's sources show of its hole, put together, in its light."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values
from . import layers
from .merge import Index, Merged, Source, merge, merged, nothing, sampled
from .parallax import Cameras
from .points import Hole, channels, target_values
from .register import Pair
from .shot import Shot

FADE, FADE_STILL = 10.0, 30.0
"""Frames of distance after which a source counts a third, and when the camera stands still: then
far ones are as good as near ones, and as many as may be take part."""
NOISY = 4.0
APART, OFTEN = 0.03, 3.0
"""Sources that lie so far apart in the hole, in code, and so many times further than around it, do
not agree."""
Maps = dict[int, tuple[Values, Values]]
"""For each source x and y of every point of the hole, in the one coordinate system."""


@dataclass(frozen=True)
class Sources:
    """Those of a target. pairs: how they were registered. lights: the factors that bring them to
    the target's light. still: the camera stands still."""

    pairs: dict[int, Pair]
    lights: dict[int, Values]
    still: bool

    @property
    def fade(self) -> float:
        return FADE_STILL if self.still else FADE


@dataclass(frozen=True)
class Seen:
    """What the sources show at a hole's points. merged: see `merge.Merged`, colours in the target's
    light. sources: their frame numbers. exact (points, channels): of the best source, or None.
    moves (points, 2): from a point to where the best source has it, x and y. pairs: how they were
    registered. near: where the next few frames have each point, where that took depth; else none.
    lights: the factors that bring those to the target's light. layers: what moves by itself, of
    which nothing is in all this; crossed (points,): whether sources with it do not agree, or None.
    depth (points,): inverse distances, NaN where none is told, or None; cameras: those it is for.
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
    depth: Values | None = None
    cameras: Mapping[int, Cameras] = field(default_factory=dict)


def gathered(
    shot: Shot,
    number: int,
    hole: Hole,
    known: Sources,
    maps: Maps,
    without: tuple[layers.Layer, ...] = (),
) -> Seen:
    """What sources show at a hole's points, each where a map has them.

    without: without what moves by itself.
    """
    target = target_values(shot, number, hole)
    _, lead = channels(shot, target.shape[1])
    order = tuple(sorted(maps))
    sources = []
    for source in order:
        look = shot.look(source)
        assert look is not None
        shot.check()
        usable = layers.still(shot, source, without, maps[source]) if without else None
        codes = shot.codes(source).smooth
        corner = look.window.x, look.window.y
        light = known.lights[source]
        sources.append(Source(codes, look.away, corner, *maps[source], light, usable))
    ring, inside = np.nonzero(~hole.inside)[0], np.nonzero(hole.inside)[0]
    around = sampled(sources, ring, target.shape[1])
    off = [
        _misfit(values, target[ring], seen > 0, lead)
        for values, seen in zip(around.values, around.seen, strict=True)
    ]
    trust = _trust(number, order, np.array(off), known.fade)
    noisy = NOISY if known.still else 0.0
    made = nothing(*target.shape)
    made.put(ring, merge(around, trust, lead, noisy))
    if sources and len(inside):
        made.put(inside, merged(sources, inside, trust, lead, noisy))
    moves = np.zeros((len(target), 2), np.float32)
    for at, source in enumerate(order):
        mine = made.best == at
        for axis, (to, start) in enumerate(zip(maps[source], (hole.x, hole.y), strict=True)):
            moves[mine, axis] = to[mine] - start[mine]
    exact = _exact(shot, order, sources, made.best)
    return Seen(hole, made, order, exact, moves, known.pairs, {}, {})


def parted(
    shot: Shot,
    number: int,
    found: Seen,
    moving: tuple[layers.Layer, ...],
    known: Sources,
    maps: Maps,
) -> Seen:
    """The same without what moves by itself, which is put beside it."""
    rest = gathered(shot, number, found.hole, known, maps, moving)
    crossed = found.merged.spread > agreement(found)
    return replace(_filled_up(rest, found), layers=moving, crossed=crossed)


def _filled_up(rest: Seen, found: Seen) -> Seen:
    """What only sources show that were left out, as they show it."""
    lost = (rest.merged.best < 0) & (found.merged.best >= 0)
    one, other = rest.merged, found.merged
    for name in ("values", "squares", "spread", "best"):
        getattr(one, name)[lost] = getattr(other, name)[lost]
    rest.moves[lost] = found.moves[lost]
    if rest.exact is not None and found.exact is not None:
        rest.exact[lost] = found.exact[lost]
    return rest


def agreement(found: Seen, usual: float = 50.0) -> float:
    """How far sources may lie apart, in code, and still agree: told by the known ring, by the
    middle of it or another percentile."""
    ring = found.merged.spread[~found.hole.inside & (found.merged.best >= 0)]
    return max(APART, OFTEN * float(np.percentile(ring, usual)) if len(ring) else 0.0)


def off_ring(shot: Shot, number: int, found: Seen) -> float:
    """How badly what the sources show fits the known ring, as a mean square."""
    hole, made = found.hole, found.merged
    target = target_values(shot, number, hole)
    _, lead = channels(shot, target.shape[1])
    usable = ~hole.inside & (made.best >= 0)
    if found.layers:
        usable &= layers.still(shot, number, found.layers, (hole.x, hole.y))
    return _misfit(made.values, target, usable, lead)


def _misfit(values: Values, target: Values, usable: Mask, lead: list[int]) -> float:
    """How badly values fit a target, as a mean square; most wrong pixels held."""
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
    shot: Shot, order: tuple[int, ...], sources: list[Source], best: Index
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
        places = zip((sources[at].x, sources[at].y), sources[at].corner, strict=True)
        x, y = (np.rint(each[mine] - start).astype(np.int64) for each, start in places)
        values[mine] = theirs[y.clip(0, theirs.shape[0] - 1), x.clip(0, theirs.shape[1] - 1)]
    return values
