"""Things that move by themselves, followed from frame to frame: where each has what it has."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from ..membrane import Mask
from . import register
from .aligned import aligned
from .motions import SPACING, Motion, motions, placed
from .moving import coarse, moving
from .register import Matrix, Points, undone
from .shot import Shot

WITHIN = 18
"""Frames before and after within which a thing is followed."""
SEEDS = 6
"""Frames before and after from which things are followed."""
ON_IT = 0.5
"""Part of a motion's points that must lie on a thing, to be that thing's."""
FEW = 0.2
"""Part of a thing's points, as most are seen on some frame, below which it is looked for as a
whole."""
MOST = 0.6
"""Part of them from which on a frame tells how a thing has turned."""
SUDDEN = 0.03
"""Widths of the picture by which a thing's step may differ from its last one."""
BRIDGE, FROM = 4, 8
"""Frames for which a thing may be lost, and from how many frames before it is looked for."""
FITS = 0.5
"""Part of what is seen of a thing that may differ on a frame which is a source for it."""
_REACH = 2 * SPACING - 1


@dataclass
class Thing:
    """ways: from one frame to each that it was followed to. body: (n, 2) points on it, as that
    frame would have them. seen: by frame, how many points of it were seen; others lie between."""

    ways: dict[int, Matrix]
    body: Points
    seen: dict[int, int] = field(default_factory=dict)


def things(shot: Shot, number: int) -> list[Thing]:
    """Those that are on a frame or pass through it, whether it shows them or hides them, as it
    would have them."""
    present = [n for n in shot.neighbours(number) if abs(n - number) <= SEEDS]
    starts = [
        (seed, after, at)
        for seed in present
        for after in (seed + 1, seed - 1)
        if after in present
        for at in range(len(motions(shot, seed, after)))
    ]
    starts.sort(key=lambda s: (-len(motions(shot, s[0], s[1])[s[2]].start), abs(s[0] - number), s))
    found: list[Thing] = []
    for seed, after, at in starts:
        motion = motions(shot, seed, after)[at]
        if any(seed in t.ways and _on_it(shot, seed, t, motion) > ON_IT for t in found):
            continue
        key = "thing", seed, after, at
        if key not in shot.kept:
            shot.kept[key] = _followed(shot, seed, motion)
        found.append(shot.kept[key])
    there = [_as_of(thing, number) for thing in found if number in thing.ways]
    return _different(shot, there, number)


def _different(shot: Shot, found: list[Thing], number: int) -> list[Thing]:
    """Each thing once: of two that go the same way the one that is seen on the frame, or more."""
    found = sorted(found, key=lambda t: (number not in t.seen, -max(t.seen.values())))
    kept: list[Thing] = []
    for thing in found:
        if not any(_alike(shot, thing, other) for other in kept):
            kept.append(thing)
    return kept


def _alike(shot: Shot, thing: Thing, other: Thing) -> bool:
    """Whether a thing lies on another on most frames on which both are seen."""
    both = [n for n in thing.seen if n in other.seen]
    lies = []
    for number in both:
        one, two = body_drawn(shot, number, thing) > 0, body_drawn(shot, number, other) > 0
        lies.append(np.count_nonzero(one & two) > ON_IT * np.count_nonzero(one))
    return bool(lies) and float(np.mean(lies)) > ON_IT


def _on_it(shot: Shot, number: int, thing: Thing, motion: Motion) -> float:
    """The part of a motion's points that lies on a thing."""
    return float(np.mean(_on(shot, number, thing, motion.start)))


def _on(shot: Shot, number: int, thing: Thing, points: Points) -> Mask:
    """Which points of a frame lie on a thing."""
    drawn = body_drawn(shot, number, thing)
    column, row = np.rint(register.moved(undone(coarse(shot, number).place), points)).T.astype(int)
    height, width = drawn.shape
    return np.asarray(drawn[row.clip(0, height - 1), column.clip(0, width - 1)] > 0)


def body_drawn(shot: Shot, number: int, thing: Thing, reach: int = _REACH) -> npt.NDArray[np.uint8]:
    """The coarse frame's pixels within some of a thing's points."""
    one = coarse(shot, number)
    height, width = one.known.shape
    drawn = np.zeros((height, width), np.uint8)
    body = register.moved(undone(one.place) @ thing.ways[number], thing.body)
    column, row = np.rint(body).T.astype(int)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    drawn[row[inside], column[inside]] = 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    return np.asarray(cv2.dilate(drawn, disc), np.uint8)


def _followed(shot: Shot, seed: int, motion: Motion) -> Thing:
    """A thing as of a seed, from frame to frame as far as it goes."""
    present = [n for n in shot.neighbours(seed) if abs(n - seed) <= WITHIN]
    thing = Thing({seed: np.eye(3)}, motion.start, {seed: len(motion.start)})
    at = present.index(seed)
    for way in (present[at:], present[at::-1]):
        for before, after in itertools.pairwise(way):
            if after in thing.ways:
                continue
            past = [n for n in way if n in thing.ways]
            step = _step(shot, thing, past, after)
            if step is None and not _bridged(shot, thing, past, way[way.index(after) :]):
                step = _step(shot, thing, past, after, 0.0)
                if step is None:
                    break
            if step is not None:
                _gone_on(shot, thing, before, after, step)
    return _aligned(shot, thing)


def _gone_on(shot: Shot, thing: Thing, before: int, after: int, step: Motion) -> None:
    more = step.start[~_on(shot, before, thing, step.start)]
    back = undone(thing.ways[before])
    thing.body = np.concatenate([thing.body, register.moved(back, more)])
    thing.ways[after] = step.matrix @ thing.ways[before]
    thing.seen[after] = len(step.start)


def _step(shot: Shot, thing: Thing, past: list[int], after: int, few: float = FEW) -> Motion | None:
    """The motion that is most likely the thing's; None where that is not sure."""
    before = past[-1]
    best, most = None, 0.0
    for each in motions(shot, before, after):
        on_it = _on_it(shot, before, thing, each)
        if on_it > ON_IT and on_it * len(each.start) > most:
            best, most = each, on_it * len(each.start)
    if best is None or most < few * max(thing.seen.values()):
        return None
    if len(past) > 1:
        middle = register.moved(thing.ways[before], thing.body.mean(axis=0, keepdims=True))
        expected = register.moved(_last_step(thing, past), middle)
        off = np.linalg.norm(register.moved(best.matrix, middle) - expected)
        if off > SUDDEN * shot.display.width:
            return None
    return best


def _last_step(thing: Thing, past: list[int]) -> Matrix:
    if len(past) < 2:
        return np.eye(3)
    return np.asarray(thing.ways[past[-1]] @ undone(thing.ways[past[-2]]))


def _bridged(shot: Shot, thing: Thing, past: list[int], ahead: list[int]) -> bool:
    """Look for the whole of a thing on the next frame or a little further on; frames between get
    what lies between. Whether it was found."""
    last = past[-1]
    step = _last_step(thing, past)
    known = sorted(
        (n for n in thing.seen if abs(n - last) <= FROM),
        key=lambda n: (-thing.seen[n], abs(n - last)),
    )[:2]
    expected = thing.ways[last]
    for after in ahead[:BRIDGE]:
        expected = step @ expected
        for source in known:
            body = register.moved(thing.ways[source], thing.body)
            likely = expected @ undone(thing.ways[source])
            found = placed(shot, source, after, body, likely, abs(after - last))
            if found is None:
                continue
            there = found[0] @ thing.ways[source]
            weak = _step(shot, thing, past, ahead[0], 0.0) if after != ahead[0] else None
            if weak is not None:
                _gone_on(shot, thing, last, ahead[0], weak)
                return True
            for between in ahead[: ahead.index(after)]:
                part = (between - last) / (after - last)
                thing.ways[between] = (1 - part) * thing.ways[last] + part * there
            thing.ways[after], thing.seen[after] = there, found[1]
            return True
    return False


def _aligned(shot: Shot, thing: Thing) -> Thing:
    """All its ways from the frame that shows most of it, each told by all pixels of it."""
    first = max(thing.seen, key=lambda n: (thing.seen[n], -n))
    thing = _as_of(thing, first)
    most = thing.seen[first]
    well = [n for n in sorted(thing.seen) if thing.seen[n] >= FEW * most]
    whole = [n for n in well if thing.seen[n] >= MOST * most]
    drawn = body_drawn(shot, first, thing) * moving(shot, first).mask * coarse(shot, first).known
    for number in sorted(thing.ways, key=lambda n: (n not in well, n)):
        if number == first:
            continue
        shot.check()
        if number not in well:
            thing.ways[number] = _between(thing, well, number)
        if number not in whole:
            middle = _middle_seen(shot, first, number, drawn, thing.ways[number])
            thing.ways[number] = _turned(thing, whole, number, middle)
        found, off = aligned(
            coarse(shot, first), drawn, coarse(shot, number), moving(shot, number).mask,
            thing.ways[number], number not in well,
        )  # fmt: skip
        if off <= FITS:
            thing.seen.setdefault(number, 1)
            thing.ways[number] = found
        else:
            thing.seen.pop(number, None)
    return thing


def _middle_seen(
    shot: Shot, first: int, number: int, drawn: npt.NDArray[np.uint8], way: Matrix
) -> npt.NDArray[np.float64]:
    """The middle of that part of a thing which another frame shows, or else of all of it, in the
    one coordinate system."""
    one, two = coarse(shot, first), coarse(shot, number)
    ys, xs = np.nonzero(drawn)
    points = register.moved(one.place, np.stack([xs, ys], axis=1).astype(np.float32))
    column, row = np.rint(register.moved(undone(two.place) @ way, points)).T.astype(int)
    height, width = two.known.shape
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    row, column = row.clip(0, height - 1), column.clip(0, width - 1)
    seen = inside & ((two.known * moving(shot, number).mask)[row, column] > 0)
    return np.asarray((points[seen] if seen.any() else points).mean(axis=0), np.float64)


def _turned(thing: Thing, whole: list[int], number: int, middle: npt.NDArray[np.float64]) -> Matrix:
    """A way that is told by a part of a thing, turned about a point as the frames on either side
    that show most of it have it; beyond them, as it is but for its size and shape."""
    before, after = [n for n in whole if n < number][-1:], [n for n in whole if n > number][:1]
    near = [*before, *after]
    made: Matrix = thing.ways[number].copy()
    turn: Matrix = thing.ways[near[0]][:2, :2]
    if len(near) > 1:
        part = (number - near[0]) / (near[1] - near[0])
        turn = (1 - part) * turn + part * thing.ways[near[1]][:2, :2]
    else:
        own = made[:2, :2] @ undone(turn)
        angle = float(np.arctan2(own[1, 0] - own[0, 1], own[0, 0] + own[1, 1]))
        sine, cosine = np.sin(angle), np.cos(angle)
        turn = np.array([[cosine, -sine], [sine, cosine]]) @ turn
    made[:2, 2] = (made @ [*middle, 1])[:2] - turn @ middle
    made[:2, :2] = turn
    return made


def _between(thing: Thing, well: list[int], number: int) -> Matrix:
    """What lies between the ways to frames that show a thing well, on a curve through two on either
    side (Lagrange's); as it is where only one side does."""
    before, after = [n for n in well if n < number][-2:], [n for n in well if n > number][:2]
    if not before or not after:
        return thing.ways[number]
    made = np.zeros((3, 3))
    for at in (*before, *after):
        others = [n for n in (*before, *after) if n != at]
        part = np.prod([(number - n) / (at - n) for n in others])
        made += part * thing.ways[at]
    return made


def _as_of(thing: Thing, number: int) -> Thing:
    """The same, as another frame has it."""
    here = thing.ways[number]
    back = undone(here)
    ways = {n: np.asarray(way @ back) for n, way in thing.ways.items()}
    return Thing(ways, register.moved(here, thing.body), dict(thing.seen))
