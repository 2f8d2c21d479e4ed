"""A still with holes: where each may be filled from, and all of them filled, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from backlot.errors import InvalidInput, MissingFrame
from backlot.frame import Frame, Window
from backlot.matte import coverage

from . import bars, fillnetwork
from .candidates import Region
from .holes import Box, pieces
from .inpainting import Inpainter, colours
from .job import Job
from .membrane import Mask, Values, distance
from .pixels import Pixels
from .roles import roles
from .stillfill import fill

MARGIN = (96, 384)
"""Least and most of the surroundings that are read, in pixels; between them a hole's own size."""
SOURCES = 4000
"""So many pixels to copy from are looked for before the margin is thought wide enough."""
GAP = 64
"""Unknown rows between the plate and the reference below it."""


def made(
    plate: Plate,
    seed: int,
    blend: float,
    step: Callable[[float], None],
    inpainter: Inpainter | None = None,
) -> Iterator[tuple[Box, Mask, Values]]:
    """What belongs into each piece of a plate's holes, as it is made.

    Args:
        seed, blend: see `stillfill.fill`.
        step: called often with the part of all that is done; may raise.
        inpainter: somebody else's network, that makes the colours.
    """
    parts = roles(plate.source)
    colour = sorted({channel for layer in parts.color for channel in layer})
    others = len(colour) < len(plate.source.channels)
    network = fillnetwork.opened()
    done, total = 0, np.count_nonzero(plate.hole)
    for box, mine in pieces(plate.hole):
        count = int(np.count_nonzero(mine))

        def on(part: float, done: int = done, count: int = count) -> None:
            step((done + part * count) / total)

        region = plate.region(box, mine)
        if inpainter is None or others or not colour:
            values = fill(region, parts, network, seed, blend, on)
        else:
            values = np.zeros((count, len(plate.source.channels)), np.float32)
        if inpainter is not None and colour:
            values[:, colour] = colours(inpainter, region, parts, blend)[:, colour]
            on(1.0)
        plate.paint_bars(box, mine, values)
        plate.remember(box, mine, values)
        yield box, mine, values
        done += count


def sized(matte: Frame, source: Frame, name: str) -> Frame:
    """The matte itself. InvalidInput where it is not of the plate's size."""
    ours, theirs = source.display_window, matte.display_window
    if (ours.width, ours.height) != (theirs.width, theirs.height):
        raise InvalidInput(
            f"The {name} is {theirs.width}x{theirs.height}, the plate is "
            f"{ours.width}x{ours.height}.",
            f"Give a {name} of the plate's size.",
        )
    return matte


class Plate:
    """A frame with holes, and where they may be filled from."""

    def __init__(self, job: Job, number: int, source: Frame, hole: Mask) -> None:
        self.source = source
        self.hole = hole
        self._averaged = [c for c in range(len(source.channels)) if c not in roles(source).exact]
        self._made: list[tuple[Box, Mask, Values]] = []
        self._bars = bars.found(source.pixels, self._averaged, ~hole)
        self._outside = np.ones_like(hole)
        self._outside[self._bars.picture()] = False
        self._reference = job.read("reference", number) if "reference" in job.inputs else None
        self._texture: Mask | None = None
        if "texture" in job.inputs:
            texture = sized(job.read("texture", number), source, "texture matte")
            self._texture = coverage(texture, source.data_window) >= 0.5
        self._lines = _lines(job, number, source) if "lines" in job.inputs else None
        if self._reference is not None:
            self._picked = _channels_of(self._reference, source)

    def region(self, box: Box, mine: Mask) -> Region:
        """A piece of the hole with its surroundings, and the reference where there is one."""
        around = self._around(box)
        top, left, bottom, right = around
        pixels = self.source.pixels[top:bottom, left:right].astype(np.float32)
        unknown = (self.hole | self._outside)[top:bottom, left:right] | ~self._finite(pixels)
        hole = np.zeros_like(unknown)
        hole[box[0] - top : box[2] - top, box[1] - left : box[3] - left] = mine
        self._recall(around, pixels, unknown)
        unknown |= hole
        pixels[unknown] = 0.0
        if self._reference is None:
            lines = None if self._lines is None else self._lines[top:bottom, left:right]
            return Region(pixels, hole, unknown, self._allowed(around) & ~unknown, lines=lines)
        return self._with_reference(around, pixels, hole, unknown)

    def paint_bars(self, box: Box, mine: Mask, made: Values) -> None:
        """Give what lies in a bar its colour, in place."""
        if self._bars.none:
            return
        ys, xs = (at + first for at, first in zip(np.nonzero(mine), box, strict=False))
        barred = self._bars.inside(ys, xs)
        at = ys[barred], xs[barred]
        made[barred] = bars.colours(self._bars, self.source.pixels, self.hole, *at)

    def remember(self, box: Box, mine: Mask, made: Values) -> None:
        """What was filled is known to the pieces that follow, though never copied from."""
        self._made.append((box, mine, made))

    def _recall(self, around: Box, pixels: Values, unknown: Mask) -> None:
        for box, mine, made in self._made:
            top, left = max(box[0], around[0]), max(box[1], around[1])
            bottom, right = min(box[2], around[2]), min(box[3], around[3])
            if top >= bottom or left >= right:
                continue
            values = np.zeros((*mine.shape, made.shape[1]), np.float32)
            values[mine] = made
            theirs = np.s_[top - box[0] : bottom - box[0], left - box[1] : right - box[1]]
            ours = np.s_[top - around[0] : bottom - around[0], left - around[1] : right - around[1]]
            pixels[ours][mine[theirs]] = values[theirs][mine[theirs]]
            unknown[ours][mine[theirs]] = False

    def _around(self, box: Box) -> Box:
        """A box and its surroundings, wide enough to hold something to copy from."""
        height, width = self.hole.shape
        margin = int(np.clip(max(box[2] - box[0], box[3] - box[1]), *MARGIN))
        while True:
            around = (
                max(0, box[0] - margin),
                max(0, box[1] - margin),
                min(height, box[2] + margin),
                min(width, box[3] + margin),
            )
            if self._reference is not None:
                return around
            sources = int(np.count_nonzero(self._allowed(around)))
            whole = around == (0, 0, height, width)
            if whole and not sources:
                number = self.source.number
                if self.hole.all():
                    raise InvalidInput(
                        f"There is nothing on frame {number} to copy from: the matte covers all of "
                        "it, and no other frame shows what is behind.",
                        "A matte is the alpha of its file: see that it is not full. Or give a "
                        "reference or a clean frame.",
                    )
                raise InvalidInput(
                    f"There is nothing on frame {number} to copy from.",
                    "Leave a part of the plate outside the matte and inside the texture matte, "
                    "or give a reference.",
                )
            if whole or sources >= SOURCES:
                return around
            margin *= 2

    def _finite(self, pixels: Pixels) -> Mask:
        return np.asarray(np.isfinite(pixels[:, :, self._averaged]).all(axis=2))

    def _allowed(self, box: Box) -> Mask:
        """Where on the plate texture may come from."""
        part = np.s_[box[0] : box[2], box[1] : box[3]]
        allowed = ~(self.hole | self._outside)[part] & self._finite(self.source.pixels[part])
        return allowed if self._texture is None else allowed & self._texture[part]

    def _with_reference(self, around: Box, pixels: Values, hole: Mask, unknown: Mask) -> Region:
        """The plate above, the reference below: of a frame as large as the plate the same part."""
        assert self._reference is not None
        other, known = _cropped(self._reference, self.source, around)
        values = np.zeros((*known.shape, len(self._picked)), np.float32)
        for c, at in enumerate(self._picked):
            values[:, :, c] = 1.0 if at is None else other[:, :, at]
        known &= self._finite(values)
        values[~known] = 0.0
        if not known.any():
            raise InvalidInput(
                "The reference shows nothing where the plate is to be filled.",
                "Give one that covers the hole's surroundings.",
            )
        height, width = hole.shape
        size = height + GAP + known.shape[0], max(width, known.shape[1])
        below = np.s_[height + GAP :, : known.shape[1]]
        canvas = np.zeros((*size, pixels.shape[2]), np.float32)
        canvas[:height, :width], canvas[below] = pixels, values
        holes, unknowns, allowed = np.zeros(size, bool), np.ones(size, bool), np.zeros(size, bool)
        holes[:height, :width], unknowns[:height, :width] = hole, unknown
        unknowns[below], allowed[below] = ~known, known
        same = _same_size(self._reference, self.source)
        return Region(canvas, holes, unknowns, allowed, (height + GAP, 0) if same else None)


def _lines(job: Job, number: int, source: Frame) -> Values | None:
    """Pixels from the nearest line, (height, width); None where none is drawn on this frame."""
    try:
        matte = sized(job.read("lines", number), source, "matte of lines")
    except MissingFrame:
        return None
    drawn = coverage(matte, source.data_window) >= 0.5
    return distance(~drawn) if drawn.any() else None


def _same_size(one: Frame, other: Frame) -> bool:
    a, b = one.display_window, other.display_window
    return (a.width, a.height) == (b.width, b.height)


def _channels_of(reference: Frame, source: Frame) -> list[int | None]:
    """Which of the reference's channels is each of the plate's; None: opaque."""
    missing = [n for n in source.channels if n not in reference.channels and n != "A"]
    if missing:
        raise InvalidInput(
            f"The reference has no channel {', '.join(missing)}.",
            "Give one with the plate's channels.",
        )
    return [
        reference.channels.index(n) if n in reference.channels else None for n in source.channels
    ]


def _cropped(reference: Frame, source: Frame, around: Box) -> tuple[Values, Mask]:
    """The reference's pixels and where there are any: the part around a hole, or all of it."""
    pixels, window = reference.pixels, reference.data_window
    if not _same_size(reference, source):
        return pixels.astype(np.float32), np.ones(pixels.shape[:2], bool)
    ours = source.data_window
    wanted = Window(
        ours.x + around[1], ours.y + around[0], around[3] - around[1], around[2] - around[0]
    )
    values = np.zeros((wanted.height, wanted.width, pixels.shape[2]), np.float32)
    known = np.zeros((wanted.height, wanted.width), bool)
    common = wanted.intersect(window)
    if common is not None:
        here = np.s_[
            common.y - wanted.y : common.y_end - wanted.y,
            common.x - wanted.x : common.x_end - wanted.x,
        ]
        there = np.s_[
            common.y - window.y : common.y_end - window.y,
            common.x - window.x : common.x_end - window.x,
        ]
        values[here], known[here] = pixels[there], True
    return values, known
