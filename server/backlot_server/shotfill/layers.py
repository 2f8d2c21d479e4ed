"""Things that move behind the object, laid over what stands still: each a layer of its own.

J. Wang and E. Adelson, "Representing moving images with layers" (1994). A layer is what the frames
on which a thing was followed show of it, brought over by its own motion. It is taken only where it
explains what can be seen of the thing better than what stands still does.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values
from . import register
from .merge import Merged, Samples, merge
from .moving import Coarse, brought, coarse, middle, moving, part_of, warped
from .moving import still as behind
from .points import Hole, channels, target_values
from .register import undone
from .sampling import sample
from .shot import Shot
from .sweep import looked_up
from .things import Thing, body_drawn, things

FADE = 6.0
"""Frames of distance after which a frame's part in a layer is a third."""
BETTER = 0.5
"""Part of the squared misfit of what stands still that a layer may have."""
WORSE = 1.2
"""What it may have of that on the frame itself: all that is seen there may lie in a shadow."""
FEWEST_SEEN, EVIDENCE = 40, 3
"""Pixels of a layer that must be seen on the frame and so many on either side."""
SOLID, SURELY = 0.5, 0.9
FEWER, MORE = 0.2, 0.6
"""Parts of the frames that must show a thing at a point of it, for none and all of its cover: what
looks like the background there is taken for it."""
AGREE = 0.05
AROUND = 17
"""Pixels across of the disc around a thing's points in which its outline is."""
HIDES, VOTES = 0.6, 1.5
"""Part of the frames, and how many, that must show what stands still where a thing should be."""
_HELD = 0.04


@dataclass(frozen=True)
class Layer:
    """Of a thing on a frame. at: the part of the coarse frame that it is on. cover: (height, width)
    float32, 0 to 1. picture: (height, width, 3) codes, right where cover is not 0."""

    thing: Thing
    at: Coarse
    cover: Values
    picture: Values


@dataclass(frozen=True)
class Laid:
    """What layers lay over a hole's points. values (points, channels) codes; cover (points,) 0 to
    1; squares, spread (points,): see `merge.Merged`; source (points,): the number of the frame that
    counts most; moves (points, 2): to where it has the point; exact (points, channels) or None."""

    values: Values
    cover: Values
    squares: Values
    spread: Values
    source: npt.NDArray[np.int64]
    moves: Values
    exact: npt.NDArray[Any] | None


def layers(shot: Shot, number: int) -> tuple[Layer, ...]:
    """Of all things on a frame that explain it better, the farthest first."""
    shot.tell("following what moves by itself")
    found = []
    for thing in things(shot, number):
        shot.check()
        layer = _layer(shot, number, thing)
        if layer is not None and _explains(shot, number, layer):
            found.append(_behind_what_stands(shot, number, layer))
    return _ordered(shot, found)


def still(shot: Shot, number: int, found: tuple[Layer, ...], place: tuple[Values, Values]) -> Mask:
    """Where a frame shows nothing that moves by itself: nothing that differs there from other
    frames, and no layer.

    place: x and y of points in the one coordinate system.
    """
    one = coarse(shot, number)
    mask = moving(shot, number).mask.astype(np.float32)
    for layer in found:
        if number in layer.thing.ways:
            mask = np.maximum(mask, _on(layer, shot, number)[0])
    mask = np.asarray(cv2.dilate((mask > FEWER).astype(np.float32), np.ones((3, 3), np.uint8)))
    return np.asarray(_looked_up(one, mask, *place) == 0)


def better(
    shot: Shot, number: int, hole: Hole, found: tuple[Layer, ...], misfit: Values
) -> tuple[Layer, ...]:
    """Those that fit the known ring around a hole better than what else is known there.

    misfit (points,): of that, as a mean square over colours; NaN where nothing is known.
    """
    kept = []
    target = target_values(shot, number, hole)
    _, lead = channels(shot, target.shape[1])
    for layer in found:
        over = laid(shot, number, hole, (layer,))
        told = ~hole.inside & (over.cover > SURELY) & np.isfinite(misfit)
        ours = ((over.values[told][:, lead] - target[told][:, lead]) ** 2).mean(axis=1)
        theirs = np.minimum(misfit[told], _HELD)
        if len(theirs) >= FEWEST_SEEN and np.minimum(ours, _HELD).sum() < BETTER * theirs.sum():
            kept.append(layer)
    return tuple(kept)


def laid(shot: Shot, number: int, hole: Hole, found: tuple[Layer, ...]) -> Laid:
    """Layers over a hole and the ring around it."""
    count, width = len(hole.xs), shot.codes(number).smooth.shape[2]
    own = shot.codes(number).exact
    made = Laid(
        np.zeros((count, width), np.float32),
        np.zeros(count, np.float32),
        np.ones(count, np.float32),
        np.zeros(count, np.float32),
        np.full(count, number, np.int64),
        np.zeros((count, 2), np.float32),
        None if own is None else own[hole.ys, hole.xs],
    )
    for layer in found:
        cover = _looked_up(layer.at, layer.cover, hole.x, hole.y)
        _lay(shot, number, hole, layer.thing, cover, made)
    return made


def _lay(shot: Shot, number: int, hole: Hole, thing: Thing, cover: Values, made: Laid) -> None:
    """One layer over those before, in place."""
    mine = np.nonzero(cover > 0.01)[0]
    if not len(mine):
        return
    order = [n for n in sorted(thing.seen) if n != number]
    points = np.stack([hole.x[mine], hole.y[mine]], axis=1)
    merged = _gathered(shot, number, thing, order, points)
    part = np.where(merged.best >= 0, cover[mine], 0).astype(np.float32)
    left = (1 - part) * made.cover[mine]
    share = part / np.maximum(part + left, 1e-6)
    for ours, theirs in (
        (made.values, merged.values),
        (made.squares, merged.squares),
        (made.spread, merged.spread),
    ):
        weight = share if ours.ndim == 1 else share[:, None]
        ours[mine] = theirs * weight + ours[mine] * (1 - weight)
    made.cover[mine] = part + left
    solid = part > SOLID
    best = np.array([*order, number], np.int64)[merged.best]
    made.source[mine[solid]] = best[solid]
    for source in order:
        at = np.nonzero(solid & (best == source))[0]
        there = register.moved(thing.ways[source], points[at])
        made.moves[mine[at]] = there - points[at]
        if made.exact is not None:
            made.exact[mine[at]] = _nearest(shot, source, there)


def _nearest(shot: Shot, source: int, points: Values) -> npt.NDArray[Any]:
    """The exact channels of a source's nearest pixels."""
    look, exact = shot.look(source), shot.codes(source).exact
    assert look is not None
    assert exact is not None
    column, row = np.rint(points - register.origin(look)).astype(np.int64).T
    values: npt.NDArray[Any] = exact[
        row.clip(0, exact.shape[0] - 1), column.clip(0, exact.shape[1] - 1)
    ]
    return values


def _gathered(shot: Shot, number: int, thing: Thing, order: list[int], points: Values) -> Merged:
    """What the frames on which a thing was followed show of it at points of a target."""
    width = shot.codes(number).smooth.shape[2]
    samples = Samples(
        np.zeros((len(order), len(points), width), np.float32),
        np.zeros((len(order), len(points)), np.uint8),
    )
    _, lead = channels(shot, width)
    for at, source in enumerate(order):
        shot.check()
        look = shot.look(source)
        assert look is not None
        there = register.moved(thing.ways[source], points)
        x, y = (np.ascontiguousarray(each) for each in (there - register.origin(look)).T)
        sample(shot.codes(source).smooth, look.away, x, y, samples.values[at], samples.seen[at])
        mask = moving(shot, source).mask.astype(np.float32)
        samples.seen[at][_looked_up(coarse(shot, source), mask, *there.T) < SOLID] = 0
    trust = np.exp(-np.abs(np.array(order, float) - number) / FADE)
    return merge(samples, trust.astype(np.float32), lead, 0.0)


def _looked_up(at: Coarse, values: Values, x: Values, y: Values) -> Values:
    """Values on a coarse frame at points of the one coordinate system; 0 outside."""
    across, down = register.moved(undone(at.place), np.stack([x, y], axis=1)).T
    found = looked_up(
        values, np.ascontiguousarray(across), np.ascontiguousarray(down), cv2.INTER_LINEAR
    )
    return np.nan_to_num(found)


def _layer(shot: Shot, number: int, thing: Thing) -> Layer | None:
    """A thing as the frames on which it was followed show it."""
    near = [n for n in sorted(thing.seen) if n != number]
    body = body_drawn(shot, number, thing, AROUND)
    if len(near) < 2 or not body.any():
        return None
    one = part_of(coarse(shot, number), body)
    body = body[one.box]
    shape = (len(near), *body.shape)
    pictures = np.full((*shape, 3), np.nan, np.float32)
    marks, weights = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for at, source in enumerate(near):
        two = coarse(shot, source)
        picture, known = brought(thing.ways[source], one, two)
        mask = moving(shot, source).mask.astype(np.float32)
        marks[at] = warped(mask, thing.ways[source], one, two)
        usable = known & (body > 0)
        weights[at] = usable * np.exp(-abs(source - number) / FADE)
        shown = usable & (marks[at] > SOLID)
        pictures[at][shown] = picture[shown]
    common, _ = middle(pictures, 1)
    off = np.mean((pictures - common) ** 2, axis=3)
    agrees = np.where(np.isfinite(off), np.exp(-np.nan_to_num(off) / (2 * AGREE**2)), 0)
    part = weights * marks * agrees
    share = part.sum(axis=0)
    cover = share / np.maximum(weights.sum(axis=0), 1e-6)
    whole = np.nan_to_num(pictures, copy=False)
    mean = (whole * part[..., None]).sum(axis=0) / np.maximum(share, 1e-6)[..., None]
    cover = np.clip((cover - FEWER) / (MORE - FEWER), 0, 1).astype(np.float32)
    return Layer(thing, one, cover, mean.astype(np.float32))


def _on(layer: Layer, shot: Shot, other: int) -> tuple[Values, Values]:
    """Cover and picture of a layer as another frame would have them."""
    back, there = undone(layer.thing.ways[other]), coarse(shot, other)
    return warped(layer.cover, back, there, layer.at), warped(layer.picture, back, there, layer.at)


def _misfit(picture: Values, truth: Values) -> float:
    return float(np.minimum(((picture - truth) ** 2).mean(axis=1), _HELD).sum())


def _explains(shot: Shot, number: int, layer: Layer) -> bool:
    """Whether what is seen of it, on the frame and a few around it, is rather as the layer has it
    than as what stands still is, and on the frame itself not clearly less so."""
    total = np.zeros(3)
    for other in range(number - EVIDENCE, number + EVIDENCE + 1):
        if other not in layer.thing.ways or (other != number and other not in layer.thing.seen):
            continue
        there = coarse(shot, other)
        background, shown = behind(shot, other)
        cover, picture = _on(layer, shot, other)
        seen = (cover > SURELY) & (there.known > 0) & (shown > 0)
        truth = there.picture[seen].astype(np.float32)
        ours, theirs = _misfit(picture[seen], truth), _misfit(background[seen], truth)
        count = int(np.count_nonzero(seen))
        if other == number and count >= FEWEST_SEEN and ours > WORSE * theirs:
            return False
        total += ours, theirs, count
    return bool(total[2] >= FEWEST_SEEN and total[0] < BETTER * total[1])


def _behind_what_stands(shot: Shot, number: int, layer: Layer) -> Layer:
    """A layer without what is hidden by things that stand still nearer to the camera: other frames
    show those where the layer should be."""
    ways = register.chained(shot, number, shot.neighbours(number))
    hides, votes = np.zeros_like(layer.cover), np.zeros_like(layer.cover)
    for other in layer.thing.seen:
        if other == number or other not in ways:
            continue
        there, background = coarse(shot, other), moving(shot, other)
        cover, _ = _on(layer, shot, other)
        told = ((cover > SURELY) & (there.known > 0) & (background.shown > 0)).astype(np.float32)
        votes += warped(told, ways[other], layer.at, there)
        hides += warped(told * (background.mask == 0), ways[other], layer.at, there)
    front = ((hides > HIDES * votes) & (votes > VOTES)).astype(np.uint8)
    front = np.asarray(cv2.morphologyEx(front, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.uint8)
    return replace(layer, cover=layer.cover * (front == 0))


def _ordered(shot: Shot, found: list[Layer]) -> tuple[Layer, ...]:
    """The farthest first: of two, the one that frames show where both should be is nearer."""
    nearer = [0] * len(found)
    for a, b in itertools.combinations(range(len(found)), 2):
        nearer[a if _nearer(shot, found[a], found[b]) else b] += 1
    return tuple(found[at] for at in sorted(range(len(found)), key=lambda n: (nearer[n], -n)))


def _nearer(shot: Shot, one: Layer, other: Layer) -> bool:
    off = [0.0, 0.0]
    for at in one.thing.seen:
        if at not in other.thing.seen:
            continue
        there = coarse(shot, at)
        drawn = [_on(layer, shot, at) for layer in (one, other)]
        both = (there.known > 0) & (drawn[0][0] > SURELY) & (drawn[1][0] > SURELY)
        truth = there.picture[both].astype(np.float32)
        for k, (_, picture) in enumerate(drawn):
            off[k] += _misfit(picture[both], truth)
    return off[0] <= off[1]
