"""What no frame has seen: made once, on key frames, and carried from there, so that it stays.

Keys are the frames whose number can be divided by EVERY, and of a shorter shot the one in its
middle. A key takes what the key before it has made, as far as that reaches, and makes only the
rest; so all of a shot shows one invention, wherever its range is cut.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from backlot.frame import Window

from .. import bars
from ..encoding import decoded, encoded
from ..membrane import Mask, Values
from . import blur, fill, focus, layers, register
from .depth import completed, through
from .fill import STEPS
from .gather import Seen
from .look import CURVE, colours, smooth
from .merge import lighting, lit
from .points import Hole, channels, mapped, target_values
from .register import Matrix
from .sampling import sample
from .seam import bent
from .shot import Shot

EVERY = 16
KEPT = 12
KEPT_ALONE, ALONE_BYTES = 2 * STEPS + 2, 250 << 20
GUESSED = 0.5
"""Part of a hole whose depth may be a guess, from around it, for what nobody saw to follow it."""

Invent = Callable[[int, Mask, Values, Mask], Values]
"""(frame number, covered, known, unseen) to the unseen pixels, scene-linear, all channels.

covered: the hole; known (pixels of the hole, channels): what is in it so far, scene-linear; unseen:
those of the whole frame to be made, in the order of np.nonzero."""


@dataclass(frozen=True)
class Complete:
    """A hole with everything in it.

    values (points, channels) codes of the smooth channels; exact or None; squares (points,): see
    `merge.Merged`; unseen (points,): no frame shows it; laid (points,): something that moves by
    itself is over it.
    """

    seen: Seen
    values: Values
    exact: npt.NDArray[Any] | None
    squares: Values
    unseen: Mask
    laid: Mask


@dataclass(frozen=True)
class _Key:
    """A finished part of a key frame: window, and its codes (height, width, channels)."""

    window: Window
    smooth: npt.NDArray[np.float16]
    exact: npt.NDArray[Any] | None


@dataclass(frozen=True)
class Artist:
    """What the artist gave: how to invent, and how much to bend the fill of a frame."""

    invent: Invent
    blend: Callable[[int], float]


def alone(shot: Shot, number: int, covered: Mask, artist: Artist) -> Complete:
    """A frame filled by itself; those of the last few frames are kept."""
    kept: OrderedDict[int, Complete] = shot.kept.setdefault("alone", OrderedDict())
    if number not in kept:
        kept[number] = complete(shot, number, covered, artist)
    kept.move_to_end(number)
    made = kept[number]
    used = sum(_bytes(each) for each in kept.values())
    while len(kept) > KEPT_ALONE or (used > ALONE_BYTES and len(kept) > 1):
        used -= _bytes(kept.popitem(last=False)[1])
    return made


def _bytes(thing: Any) -> int:
    """Of all arrays in it."""
    if isinstance(thing, np.ndarray):
        return int(thing.nbytes)
    if isinstance(thing, dict):
        return sum(_bytes(each) for each in thing.values())
    if isinstance(thing, tuple):
        return sum(_bytes(each) for each in thing)
    if hasattr(thing, "__dataclass_fields__"):
        return sum(_bytes(getattr(thing, each.name)) for each in fields(thing))
    return 0


def complete(shot: Shot, number: int, covered: Mask, artist: Artist) -> Complete:
    """Everything behind a frame's matte: what others saw, what keys hold, what has to be made."""
    found = fill.seen(shot, number, covered)
    hole = found.hole
    target = target_values(shot, number, hole)
    colour, lead = channels(shot, target.shape[1])
    merged = blur.matched(shot, number, hole, found.merged, target, lead)
    merged = focus.matched(hole, merged, target, colour, lead)
    shown = merged.best >= 0
    values = np.where(hole.inside[:, None], merged.values, target)
    exact = found.exact
    if exact is None and shot.parts is not None and shot.parts.exact:
        theirs = shot.codes(number).exact
        assert theirs is not None
        exact = theirs[hole.ys, hole.xs].copy()
    if (hole.inside & shown).any():
        good = ~hole.inside & shown
        if found.layers:
            good &= layers.still(shot, number, found.layers, (hole.x, hole.y))
        add = bent(hole, merged.values, target, good, artist.blend(number))
        values[hole.inside & shown] += add[hole.inside & shown]
    barred = _barred(shot, number, hole, covered, values, exact)
    unseen = hole.inside & ~shown & ~barred
    squares = np.where(unseen, np.float32(0), merged.squares)
    squares[barred], found.merged.spread[barred] = 1, 0
    if unseen.any():
        _carry(shot, number, found, values, exact, unseen, artist)
    made = Complete(found, values, exact, squares, unseen, np.zeros_like(unseen))
    return _overlaid(shot, number, made) if found.layers else made


def _barred(
    shot: Shot,
    number: int,
    hole: Hole,
    covered: Mask,
    values: Values,
    exact: npt.NDArray[Any] | None,
) -> Mask:
    """Which covered points lie in a bar; they are given what it has, in place."""
    look, codes = shot.look(number), shot.codes(number)
    assert look is not None
    barred = hole.inside & look.bars.inside(hole.ys, hole.xs)
    if barred.any():
        at = hole.ys[barred], hole.xs[barred]
        values[barred] = bars.colours(look.bars, codes.smooth, covered, *at)
        if exact is not None and codes.exact is not None:
            exact[barred] = bars.colours(look.bars, codes.exact, covered, *at)
    return barred


def _overlaid(shot: Shot, number: int, made: Complete) -> Complete:
    """With what moves by itself over it."""
    seen, hole = made.seen, made.seen.hole
    over = layers.laid(shot, number, hole, seen.layers)
    part = np.where(hole.inside, over.cover, np.float32(0))
    solid = part > layers.SOLID
    values = made.values * (1 - part[:, None]) + over.values * part[:, None]
    squares = made.squares * (1 - part) ** 2 + over.squares * part**2
    merged = replace(
        seen.merged,
        spread=np.where(solid, over.spread, seen.merged.spread),
        best=seen.merged.best.copy(),
    )
    sources = tuple(sorted({*seen.sources, *over.source[solid].tolist()}))
    numbers = np.array([*seen.sources, -1])[merged.best]
    numbers[solid] = over.source[solid]
    merged.best[:] = np.where(merged.best >= 0, np.searchsorted(sources, numbers), -1)
    merged.best[solid] = np.searchsorted(sources, numbers[solid])
    exact = made.exact
    if exact is not None and over.exact is not None:
        exact = np.where(solid[:, None], over.exact, exact)
    moves = np.where(solid[:, None], over.moves, seen.moves)
    crossed = solid if seen.crossed is None else seen.crossed | solid
    seen = replace(seen, merged=merged, sources=sources, moves=moves, crossed=crossed)
    return Complete(seen, values, exact, squares, made.unseen & ~solid, part > 0)


def _carry(
    shot: Shot,
    number: int,
    found: Seen,
    values: Values,
    exact: npt.NDArray[Any] | None,
    unseen: Mask,
    artist: Artist,
) -> None:
    """Fill the unseen points from keys, and what is then left by invention, in place."""
    hole, left = found.hole, unseen.copy()
    reach = register.chained(shot, number, shot.neighbours(number))
    keys = _keys(sorted(reach))
    before = [key for key in keys if key < number]
    after = [key for key in keys if key > number] if number not in keys else []
    if number in keys:
        before, after = before[-1:], []
    one = before[-1] if before else None
    other = after[0] if after else None
    whole = _whole(found)
    shown = {
        key: _shown(shot, number, key, reach[key], found, values, left, whole, artist)
        for key in (one, other)
        if key is not None
    }
    _mix(
        hole,
        values,
        exact,
        left,
        [shown[k] for k in (one, other) if k is not None],
        _share(number, one, other),
    )
    for key in sorted((*before[:-1], *after[1:]), key=lambda k: (abs(k - number), k)):
        if not left.any():
            break
        _mix(
            hole,
            values,
            exact,
            left,
            [_shown(shot, number, key, reach[key], found, values, left, whole, artist)],
            0.0,
        )
    if left.any():
        _invented(shot, number, hole, values, exact, left, artist)


def _whole(found: Seen) -> Values | None:
    """The depth of all of a hole; None where it is told of too little of it, or of nothing."""
    if found.depth is None or np.isnan(found.depth[found.hole.inside]).mean() > GUESSED:
        return None
    return completed(found.hole, found.depth)


def _share(number: int, one: int | None, other: int | None) -> float:
    """How much of the later of two keys is seen."""
    if one is None or other is None:
        return 0.0
    return (number - one) / (other - one)


def _keys(present: list[int]) -> list[int]:
    return [n for n in present if n % EVERY == 0] or [present[len(present) // 2]]


def _shown(
    shot: Shot,
    number: int,
    key: int,
    guess: Matrix,
    found: Seen,
    values: Values,
    left: Mask,
    whole: Values | None,
    artist: Artist,
) -> tuple[Values, npt.NDArray[Any] | None, Mask]:
    """What a key holds at a hole's points, in the target's light and bent to meet its rim."""
    assert shot.parts is not None
    hole = found.hole
    made = _key(shot, key, artist)
    if whole is not None and key in found.cameras:
        x, y = through(found.cameras[key], hole, whole, None, 0.0)
    else:
        pair = found.pairs.get(key) or register.pair(shot, number, key, guess)
        x, y = mapped(guess if pair is None else pair.homography, hole)
    x, y = x - made.window.x, y - made.window.y
    theirs = np.zeros_like(values)
    there = np.zeros(len(values), np.uint8)
    look = shot.look(key)
    assert look is not None
    sample(made.smooth, look.bars.away(), x, y, theirs, there)
    shown = there > 0
    colour, _ = channels(shot, values.shape[1])
    lit(theirs, lighting(theirs, values, shown & ~left, colour))
    theirs += bent(hole, theirs, values, shown & ~left, artist.blend(number))
    exact = None
    if made.exact is not None:
        column, row = (np.rint(axis).astype(np.int64) for axis in (x, y))
        rows, columns = made.exact.shape[:2]
        exact = made.exact[row.clip(0, rows - 1), column.clip(0, columns - 1)]
    return theirs, exact, shown


def _mix(
    hole: Hole,
    values: Values,
    exact: npt.NDArray[Any] | None,
    left: Mask,
    shown: list[tuple[Values, npt.NDArray[Any] | None, Mask]],
    share: float,
) -> None:
    """One key, or two of which the second is seen to a share, into what is left, in place."""
    if not shown:
        return
    both = left & shown[0][2] & shown[-1][2]
    first, second = shown[0], shown[-1]
    values[both] = first[0][both] * np.float32(1 - share) + second[0][both] * np.float32(share)
    nearer = first if share < 0.5 else second
    if exact is not None and nearer[1] is not None:
        exact[both] = nearer[1][both]
    left &= ~both
    for theirs, named, there in shown:
        mine = left & there
        values[mine] = theirs[mine]
        if exact is not None and named is not None:
            exact[mine] = named[mine]
        left &= ~mine


def _key(shot: Shot, number: int, artist: Artist) -> _Key:
    """A key frame, finished."""
    kept: dict[int, _Key] = shot.kept.setdefault("keys", {})
    if number not in kept:
        shot.tell(f"filling key frame {number}, which others take from what no frame shows")
        made = _finished(shot, number, artist)
        while len(kept) >= KEPT:
            del kept[next(iter(kept))]
        kept[number] = made
    return kept[number]


def _finished(shot: Shot, number: int, artist: Artist) -> _Key:
    look, codes = shot.look(number), shot.codes(number)
    assert look is not None
    covered = look.covered
    if not covered.any():
        return _Key(look.window, codes.smooth, codes.exact)
    made = alone(shot, number, covered, artist)
    inside = made.seen.hole.inside
    ys, xs = made.seen.hole.ys[inside], made.seen.hole.xs[inside]
    smooth_codes = codes.smooth.copy()
    smooth_codes[ys, xs] = made.values[inside]
    exact = None
    if codes.exact is not None and made.exact is not None:
        exact = codes.exact.copy()
        exact[ys, xs] = made.exact[inside]
    return _Key(look.window, smooth_codes, exact)


def _invented(
    shot: Shot,
    number: int,
    hole: Hole,
    values: Values,
    exact: npt.NDArray[Any] | None,
    left: Mask,
    artist: Artist,
) -> None:
    """Fill what is left by the still fill, in place."""
    assert shot.parts is not None
    unseen = np.zeros(hole.shape, bool)
    unseen[hole.ys[left], hole.xs[left]] = True
    covered = np.zeros(hole.shape, bool)
    covered[hole.ys[hole.inside], hole.xs[hole.inside]] = True
    inside = hole.inside
    known = linear(shot, values[inside], None if exact is None else exact[inside])
    made = artist.invent(number, covered, known, unseen)
    listed = smooth(shot.parts, made.shape[1])
    at = [listed.index(channel) for channel in colours(shot.parts)]
    codes = made[:, listed].astype(np.float32)
    codes[:, at] = encoded(codes[:, at], CURVE)
    values[left] = codes
    if exact is not None:
        exact[left] = made[:, list(shot.parts.exact)]


def linear(shot: Shot, values: Values, exact: npt.NDArray[Any] | None) -> Values:
    """All channels of some points, scene-linear.

    Args: values (points, smooth channels) codes; exact (points, exact channels) or None.
    """
    assert shot.parts is not None
    parts = shot.parts
    listed = smooth(parts, values.shape[1] + len(parts.exact))
    made = np.zeros((len(values), values.shape[1] + len(parts.exact)), np.float32)
    made[:, listed] = values
    colour = colours(parts)
    made[:, colour] = decoded(made[:, colour], CURVE)
    if exact is not None:
        made[:, list(parts.exact)] = exact
    return made
