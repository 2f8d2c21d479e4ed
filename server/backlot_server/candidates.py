"""What the methods say of a hole in a still: the smoothest surface, the spectrum, the exemplars.

They work on colour in an even code; other channels follow the same match.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backlot.matte import support

from . import exemplar
from .exemplar import Canvas, Index, Match
from .holes import bounds
from .membrane import Mask, Values, membrane
from .platecode import into_code
from .roles import Roles
from .spectral import extrapolate

GUIDE_PART = 0.3
"""Of the time, roughly."""
SMALL = 12000
SECOND = 1 << 40
"""In holes of fewer pixels, votes are the mean of two searches: what only one of them says, by
chance, counts half. The second search's seed is so much more."""

Step = Callable[[float], None]


@dataclass(frozen=True)
class Region:
    """A part of a picture with a hole.

    pixels: (height, width, channels) float32, scene-linear.
    hole: (height, width), what to make. unknown: what must not be read, the hole included.
    allowed: where texture may be taken from; never unknown.
    start: (rows, columns) from a pixel of the hole to where its like is to be expected.
    lines: (height, width) float32, pixels from the nearest drawn line; None without lines.
    """

    pixels: Values
    hole: Mask
    unknown: Mask
    allowed: Mask
    start: tuple[int, int] | None = None
    lines: Values | None = None


@dataclass(frozen=True)
class Candidates:
    """What the methods say of the pixels of a hole, all in code.

    gain: of the code, see `platecode`.
    values: (height, width, channels) known pixels, and the smoothest surface through the others;
        those channels of the region that may be averaged, `smooth` says which.
    lead: which of them patches were compared by.
    guide: (height, width, lead), the spectrum's. costs: (height, width), see `Match`.
    mean: (pixels of the hole, channels), the mean of the patches' votes.
    lack: the same shape, what must be added to the mean to meet the rim.
    best: (pixels of the hole,), from which pixel the one best patch takes it, row * width + column.
    """

    gain: float
    values: Values
    smooth: list[int]
    lead: list[int]
    guide: Values
    costs: Values
    mean: Values
    lack: Values
    best: Index


def candidates(region: Region, parts: Roles, seed: int, step: Step) -> Candidates:
    """What the methods say of a hole. Args: see `stillfill.fill`."""
    codes, gain = into_code(region.pixels, region.unknown, parts)
    shown = _shown(codes, region, parts)
    guide = extrapolate(shown, region.hole, region.unknown, lambda: step(0.0))
    _look_up(guide, shown, region)
    step(GUIDE_PART)
    canvas = Canvas(shown, region.hole, region.unknown, region.allowed, guide, region.lines)
    seeds = (seed, seed + SECOND) if np.count_nonzero(region.hole) < SMALL else (seed,)
    matches = []
    for n, each in enumerate(seeds):

        def on(part: float, n: int = n) -> None:
            step(GUIDE_PART + (1 - GUIDE_PART) * (n + part) / len(seeds))

        matches.append(exemplar.find(canvas, each, on, region.start))
    smooth = [c for c in range(codes.shape[2]) if c not in parts.exact]
    values = np.ascontiguousarray(codes[:, :, smooth])
    match = matches[0]
    ys, xs = (at.astype(np.int32) for at in np.nonzero(region.hole))
    mean = _voted(values, matches, region.hole)
    return Candidates(
        gain,
        values,
        smooth,
        _lead(parts, smooth),
        guide,
        match.costs,
        mean,
        _lack(values, region, matches) if smooth else mean,
        exemplar.chosen(match, ys, xs),
    )


def _look_up(guide: Values, shown: Values, region: Region) -> None:
    """Where the region says what is to be expected, that is the guide, in place."""
    if region.start is None:
        return
    ys, xs = np.nonzero(region.hole)
    y, x = ys + region.start[0], xs + region.start[1]
    inside = (y >= 0) & (y < region.hole.shape[0]) & (x >= 0) & (x < region.hole.shape[1])
    ys, xs, y, x = (at[inside] for at in (ys, xs, y, x))
    there = region.allowed[y, x]
    guide[ys[there], xs[there]] = shown[y[there], x[there]]


def _shown(codes: Values, region: Region, parts: Roles) -> Values:
    """The channels by which patches are compared: the first colour, or what else there is."""
    if parts.color:
        channels = list(dict.fromkeys(parts.color[0]))
        return np.ascontiguousarray(codes[:, :, channels])
    shown = codes[:, :, :3].copy()
    known = shown[~region.unknown]
    low, high = np.percentile(known, (1, 99), axis=0)
    scale = np.where(high > low, high - low, 1.0)
    return np.ascontiguousarray(np.clip((shown - low) / scale, -1, 2), np.float32)


def _voted(values: Values, matches: list[Match], where: Mask) -> Values:
    """What the patches say of these pixels, (pixels, channels): the mean over all searches."""
    ys, xs = (at.astype(np.int32) for at in np.nonzero(where))
    total = np.zeros((len(ys), values.shape[2]), np.float32)
    if values.shape[2]:
        for match in matches:
            said = values[where]
            exemplar.vote(values, match, ys, xs, exemplar.spread(match), said)
            total += said
    mean: Values = total / np.float32(len(matches))
    return mean


def _lack(values: Values, region: Region, matches: list[Match]) -> Values:
    """What the votes lack at the rim, carried on smoothly through the hole: added to them, their
    gradients stay and the seam goes (P. Perez et al., "Poisson Image Editing", 2003).

    Returns: (pixels of the hole, channels).
    """
    hole = region.hole
    rim = support(hole.astype(np.float32), 1) & ~region.unknown
    lack = np.zeros_like(values)
    lack[rim] = values[rim] - _voted(values, matches, rim)
    top, left, bottom, right = bounds(hole) or (0, 0, *hole.shape)
    part = np.s_[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1]
    return membrane(np.ascontiguousarray(lack[part]), ~rim[part])[hole[part]]


def _lead(parts: Roles, smooth: list[int]) -> list[int]:
    """Positions among the smooth channels of the first colour, or what else there is."""
    lead = list(dict.fromkeys(parts.color[0])) if parts.color else smooth[:3]
    return [smooth.index(channel) for channel in lead]
