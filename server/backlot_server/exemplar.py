"""Texture from the picture itself: for each patch of a hole the most similar one outside it.

A nearest-neighbour field is found from coarse to fine; on each level, searching and voting take
turns. Methods: C. Barnes et al., "PatchMatch" (2009), with the field of the step before as the only
one read, so that the result does not depend on the number of threads; Y. Wexler et al., "Space-Time
Completion of Video" (2007) for votes and their weights; patches whose neighbours were taken from
the same place are preferred, which keeps copied texture whole and sharp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backlot.matte import support

from . import patches
from .membrane import Mask, Values, any_of_four, distance, halved
from .parallel import in_strips

Field = npt.NDArray[np.int32]
Index = npt.NDArray[np.int32]

RADIUS = 3
"""Of a patch; it is smaller where the sources leave no room."""
COARSEST = 4.0
"""Depth of a hole, in pixels, at which the pyramid ends."""
LEAST_SOURCES = 64
TURNS = (10, 6, 3)
"""Searches and votes on the coarsest level, on the next, on all others."""
MANY = 40000
"""Pixels of a hole from which the finest levels make do with one turn less."""
SEARCHES = 3
JUMPS = (4, 2, 1)
REACH = 32
"""Pixels around a match that are searched, at random, on all levels but the coarsest."""
ANYWHERE = 1
"""Places tried anywhere in the sources, per search."""
TRUST_DECAY = 1.3
LEAST_TRUST = 0.1
"""A made pixel counts less in a patch the deeper it lies: divided by the decay per pixel."""
WHOLENESS = 0.2
WHOLE_LEVELS = 2
"""What breaking up copied texture costs, as a part of the mean difference, on the finest levels."""
VOTERS = 75.0
"""Percentile of the differences that sets how much worse patches count less."""
LINE = 0.1
LINE_REACH = 6.0
"""What it costs that one of two places lies on a drawn line and the other so many pixels away."""
PULL = 0.7
PULL_DEPTH = 10.0
"""How much the guide draws the estimate near the rim, and where that ends, in pixels."""


@dataclass(frozen=True)
class Canvas:
    """A picture with a hole and what may fill it.

    codes: (height, width, channels) float32, perceptually even, finite.
    hole: (height, width), what to make. unknown: what must not be read, the hole included.
    allowed: where texture may be taken from; never unknown.
    guide: (height, width, channels), a first estimate inside the hole.
    lines: (height, width) float32, pixels from the lines that the artist drew along structures, so
        that on a line comes what is on a line; None without.
    """

    codes: Values
    hole: Mask
    unknown: Mask
    allowed: Mask
    guide: Values
    lines: Values | None = None


@dataclass(frozen=True)
class Match:
    """Where each patch that touches a hole was found.

    sources: (height, width) int32, row * width + column of the centre of the patch that looks most
        like the one here; -1 where no patch is centred or it does not touch the hole.
    costs: (height, width) float32, the weighted mean squared difference of the two.
    radius: of the patches.
    """

    sources: Field
    costs: Values
    radius: int


def find(
    canvas: Canvas, seed: int, step: Callable[[float], None], start: tuple[int, int] | None = None
) -> Match:
    """Match the patches of a hole.

    Args:
        seed: other seeds give other, equally plausible results.
        step: called between iterations with the part that is done; may raise.
        start: (rows, columns) from a pixel to the place to look at first.
        canvas.allowed: not empty.
    Returns: the match on the finest level.
    """
    levels = _pyramid(canvas)
    turns = [_turns(n, levels) for n in range(len(levels))]
    done, total = 0, sum(count / 4**n for n, count in enumerate(turns))
    match: Match | None = None
    spent = 0.0
    for n in range(len(levels) - 1, -1, -1):
        level = _Level(levels[n], seed * 64 + n)
        level.begin(match, None if start is None else (start[0] >> n, start[1] >> n))
        whole = WHOLENESS if n < WHOLE_LEVELS else 0.0
        for turn in range(turns[n]):
            for _ in range(SEARCHES):
                level.search(whole, done)
                done += 1
                spent += 1 / SEARCHES / 4**n
                step(spent / total)
            if n or turn < turns[n] - 1:
                level.vote()
        match = level.match()
    assert match is not None
    return match


def _turns(n: int, levels: list[Canvas]) -> int:
    last = len(TURNS) - 1
    count = TURNS[last if n == 0 else min(len(levels) - 1 - n, last)]
    return count - 1 if np.count_nonzero(levels[n].hole) >= MANY else count


def _pyramid(canvas: Canvas) -> list[Canvas]:
    levels = [canvas]
    while True:
        last = levels[-1]
        deepest = float(distance(last.unknown)[last.hole].max(initial=0.0))
        if deepest <= COARSEST or min(last.hole.shape) < 8 * RADIUS:
            return levels
        codes, unknown = halved(last.codes, last.unknown)
        hole = any_of_four(last.hole) & unknown
        allowed = ~unknown & ~any_of_four(~last.allowed & ~last.unknown)
        guide, _ = halved(last.guide, np.zeros_like(last.unknown))
        if not hole.any() or _radius(allowed, LEAST_SOURCES) < RADIUS:
            return levels
        lines = None if last.lines is None else _halved_distance(last.lines)
        levels.append(Canvas(codes, hole, unknown, allowed, guide, lines))


def _halved_distance(away: Values) -> Values:
    """Distances on half the size, in its own pixels."""
    small, _ = halved(away[:, :, None], np.zeros(away.shape, bool))
    half: Values = small[:, :, 0] / np.float32(2.0)
    return half


def _labels(away: Values | None) -> Values:
    """By what places are told apart: the distance from a line, as far as that matters."""
    if away is None:
        return np.empty((0, 0), np.float32)
    scale = np.float32(np.sqrt(LINE) / LINE_REACH)
    labels: Values = np.minimum(away, np.float32(LINE_REACH)) * scale
    return labels


def _radius(allowed: Mask, least: int = 1) -> int:
    """Of the largest patches, up to RADIUS, that have at least so many places to come from."""
    for radius in range(RADIUS, 0, -1):
        if np.count_nonzero(_centres(allowed, radius)) >= least:
            return radius
    return 0


def _centres(allowed: Mask, radius: int) -> Mask:
    """Where a patch may be centred, all of it allowed and inside the picture."""
    return ~support((~allowed).astype(np.float32), radius) & _inside(allowed.shape, radius)


def _inside(shape: tuple[int, ...], radius: int) -> Mask:
    inside = np.zeros(shape, bool)
    inside[radius : shape[0] - radius, radius : shape[1] - radius] = True
    return inside


class _Level:
    """One level of the pyramid under way."""

    def __init__(self, canvas: Canvas, seed: int) -> None:
        self.canvas = canvas
        self.seed = np.uint64(seed)
        self.radius = _radius(canvas.allowed)
        self.possible = _centres(canvas.allowed, self.radius)
        self.places = np.flatnonzero(self.possible).astype(np.int32)
        centres = support(canvas.hole.astype(np.float32), self.radius)
        self.ys, self.xs = _where(centres & _inside(centres.shape, self.radius))
        self.hole_ys, self.hole_xs = _where(canvas.hole)
        away = distance(canvas.unknown)
        self.trust = np.maximum(TRUST_DECAY**-away, LEAST_TRUST).astype(np.float32)
        self.trust[canvas.unknown & ~canvas.hole] = 0.0
        depth = away[canvas.hole]
        self.pull = (PULL * np.clip(1.5 - depth / PULL_DEPTH, 0.0, 1.0))[:, None].astype(np.float32)
        self.codes = np.ascontiguousarray(canvas.codes).copy()
        height, width, channels = self.codes.shape
        self.flat = np.zeros((height, width * channels + patches.LANES), np.float32)
        self.labels = _labels(canvas.lines)
        if canvas.lines is not None:
            self.pull *= (canvas.lines[canvas.hole] >= LINE_REACH)[:, None]
        self.reach = max(canvas.hole.shape) // 2
        self.sources = np.full(canvas.hole.shape, -1, np.int32)
        self.costs = np.zeros(canvas.hole.shape, np.float32)
        self.spare = self.sources.copy(), self.costs.copy()

    def begin(self, coarser: Match | None, start: tuple[int, int] | None) -> None:
        """Take over the coarser level's match, or look at random places."""
        found = np.empty(len(self.ys), np.int32)
        patches.draw(self.seed, self.ys, self.xs, self.places, found)
        if coarser is not None:
            self.reach = min(self.reach, REACH)
            self._take(found, *self._doubled(coarser))
        elif start is not None:
            self._take(found, self.ys + start[0], self.xs + start[1])
        self.sources[self.ys, self.xs] = found
        if coarser is None:
            self.codes[self.canvas.hole] = self.canvas.guide[self.canvas.hole]
        else:
            self._vote(1.0)
        self._score()

    def _doubled(self, coarser: Match) -> tuple[Index, Index]:
        rows, columns = coarser.sources.shape
        y, x = np.minimum(self.ys // 2, rows - 1), np.minimum(self.xs // 2, columns - 1)
        source = coarser.sources[y, x]
        ys = np.where(source < 0, -1, source // columns * 2 + (self.ys & 1))
        return ys, source % columns * 2 + (self.xs & 1)

    def _take(self, found: Index, ys: Index, xs: Index) -> None:
        height, width = self.possible.shape
        good = (ys >= 0) & (ys < height) & (xs >= 0) & (xs < width)
        good[good] = self.possible[ys[good], xs[good]]
        found[good] = (ys * width + xs)[good]

    def _score(self) -> None:
        height, width, channels = self.codes.shape
        self.flat[:, : width * channels] = self.codes.reshape(height, -1)

        def work(start: int, end: int) -> None:
            patches.score(
                self.flat, self.trust, self.labels, self.ys[start:end], self.xs[start:end],
                self.sources, self.costs, self.radius,
            )  # fmt: skip

        in_strips(work, len(self.ys))

    def search(self, wholeness: float, turn: int) -> None:
        """One step of propagation and random search, from the field as it is to a new one."""
        cost = np.float32(wholeness * self._mean_cost())
        sources, costs = self.spare

        def work(start: int, end: int) -> None:
            patches.search(
                self.flat, self.trust, self.labels, self.ys[start:end], self.xs[start:end],
                self.sources, self.costs, sources, costs, self.possible, self.places,
                self.radius, np.uint64(turn), self.seed, JUMPS[turn % len(JUMPS)],
                self.reach, ANYWHERE, cost,
            )  # fmt: skip

        in_strips(work, len(self.ys))
        self.spare = self.sources, self.costs
        self.sources, self.costs = sources, costs

    def _mean_cost(self) -> float:
        costs = self.costs[self.ys, self.xs]
        return float(costs.mean(dtype=np.float64)) if len(costs) else 0.0

    def vote(self) -> None:
        self._vote(spread(self.match()))
        self._score()

    def _vote(self, width: float) -> None:
        made = self.codes[self.canvas.hole]
        vote(self.codes, self.match(), self.hole_ys, self.hole_xs, width, made)
        made += self.pull * (self.canvas.guide[self.canvas.hole] - made)
        self.codes[self.canvas.hole] = made

    def match(self) -> Match:
        return Match(self.sources, self.costs, self.radius)


def spread(match: Match) -> float:
    """The difference at which a patch's vote counts 1/e of a perfect one's."""
    costs = match.costs[match.sources >= 0]
    return float(np.percentile(costs, VOTERS)) + 1e-6 if len(costs) else 1e-6


def _where(mask: Mask) -> tuple[Index, Index]:
    ys, xs = np.nonzero(mask)
    return ys.astype(np.int32), xs.astype(np.int32)


def vote(values: Values, match: Match, ys: Index, xs: Index, width: float, made: Values) -> None:
    """Means of what all patches over each listed pixel say of it, into `made` (pixels, channels).

    A pixel over which there is no patch keeps what `made` holds.
    """

    def work(start: int, end: int) -> None:
        patches.vote(
            values, match.sources, match.costs, ys[start:end], xs[start:end],
            match.radius, np.float32(width), made[start:end],
        )  # fmt: skip

    in_strips(work, len(ys))


def chosen(match: Match, ys: Index, xs: Index) -> Index:
    """For each listed pixel the one pixel that the best patch over it says; -1 for none."""
    found = np.full(len(ys), -1, np.int32)
    patches.choose(match.sources, match.costs, ys, xs, match.radius, found)
    return found
