"""Any picture through any network, in bounded memory and without seams.

A picture is cut into tiles of one shape. Tiles overlap by the network's margin on the sides where
they meet, so that every pixel is made from all that it depends on, as if the picture went through
whole. Where a picture has to be continued beyond its ends, it is mirrored, the same for every
tiling. Tiles begin at whole multiples of what the network asks for.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from backlot.errors import OutOfMemory, Unsupported

from .encoding import Index, Tensor, decode, decoded, encode
from .engines import Network
from .models import Card
from .parallel import in_strips
from .pixels import Pixels

BUDGET = 1 << 30
"""Bytes that a network may take for one tile; half of what is free where that is less."""

BORDER = 8
"""Pixels by which a picture is continued at its ends for other people's networks.

Ours continue it themselves, and are the better for it (0.1 dB in the outermost pixels).
"""

_UNKNOWN_COST = 16 << 10
_BUFFERS = 7
_LEAST = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Span:
    """Along one axis: a tile reads from `start` on and gives the result of `keep` to `keep_end`."""

    start: int
    keep: int
    keep_end: int


def spans(size: int, length: int, margin: int, border: int, multiple: int) -> list[Span]:
    """Tiles of one length that cover an axis.

    Args: length, margin and border are multiples of `multiple`, length over twice the margin.
    """
    padded = _up(size + 2 * border, multiple)
    if padded <= length:
        return [Span(-border, 0, size)]
    count = math.ceil((padded - 2 * margin) / (length - 2 * margin))
    steps = (padded - length) // multiple
    starts = [n * steps // (count - 1) * multiple - border for n in range(count)]
    edges = [0, *(start + margin for start in starts[1:]), size]
    return [
        Span(start, min(keep, size), min(end, size))
        for start, keep, end in zip(starts, edges[:-1], edges[1:], strict=True)
    ]


def mirrored(start: int, length: int, size: int) -> Index:
    """Indices of a picture's axis from `start` on, mirrored at both ends, end samples repeated."""
    index = np.arange(start, start + length) % (2 * size)
    return np.where(index < size, index, 2 * size - 1 - index)


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


@dataclass(frozen=True)
class Grid:
    """How a picture of one size is cut. shape: (height, width) of what the network sees."""

    shape: tuple[int, int]
    rows: list[Span]
    columns: list[Span]


@lru_cache(maxsize=64)
def cut(card: Card, height: int, width: int, area: int) -> Grid:
    """The tiling that gives the network least to do, with tiles of at most `area` pixels.

    Where the margins leave no room for that, with the smallest tiles that are sensible.
    """
    margin = _up(card.margin, card.multiple)
    border = 0 if card.source else min(margin, _up(BORDER, card.multiple))
    highs = _lengths(height, margin, border, card.multiple)
    wides = _lengths(width, margin, border, card.multiple)
    if card.fixed:
        highs, wides = ({length: 1} for length in card.fixed)
    best, least = (min(highs), min(wides)), math.inf
    for high, down in highs.items():
        for wide, across in wides.items():
            if high * wide <= area:
                if high * wide * down * across < least:
                    best, least = (high, wide), high * wide * down * across
                break
    return Grid(
        best,
        spans(height, best[0], margin, border, card.multiple),
        spans(width, best[1], margin, border, card.multiple),
    )


def _lengths(size: int, margin: int, border: int, multiple: int) -> dict[int, int]:
    """Tile lengths that divide an axis evenly, longest first, and the number of tiles of each."""
    padded = _up(size + 2 * border, multiple)
    lengths: dict[int, int] = {}
    for count in range(1, size + 1):
        length = _up(math.ceil((padded + 2 * margin * (count - 1)) / count), multiple)
        if count > 1 and length < 2 * margin + _LEAST:
            break
        lengths.setdefault(length, count)
    return lengths


def area_of(card: Card, budget: int = BUDGET) -> int:
    """Pixels of a tile within a budget of bytes.

    Measured with our networks: at most 7 buffers of all features of a layer, and 3 for each
    further mirror image that they see. What others take is not known; networks that convolve at
    full size take most.
    """
    features = card.recipe.get("features")
    buffers = _BUFFERS + 3 * (int(card.recipe.get("mirrors", 1)) - 1)
    cost = 4 * buffers * int(features) if features else _UNKNOWN_COST
    return budget // (cost + 4 * card.channels * (1 + card.scale**2))


def budget_of(card: Card) -> int:
    """Bytes for a tile on this machine as it is now. Raises OutOfMemory where none would fit."""
    import psutil

    free = int(psutil.virtual_memory().available)
    side = 2 * card.margin + _LEAST
    least = card.fixed[0] * card.fixed[1] if card.fixed else side * side
    if area_of(card, free) < least:
        raise OutOfMemory(
            f"There is not enough memory for {card.name}: {free >> 20} MiB are free.",
            "Close other programs, choose a smaller network, or sinc.",
        )
    return min(BUDGET, free // 2)


Hold = Literal["", "sign", "range"]
Place = Callable[[int, int], tuple[Pixels, tuple[int, int, int]]]
Source = Callable[[int, int], Pixels]


class Tiler:
    """A network, the card of it, and the memory that its tiles need, kept from frame to frame."""

    def __init__(self, network: Network, card: Card, budget: int = 0) -> None:
        """``budget``: bytes for a tile, 0 for what the machine has. Raises OutOfMemory."""
        self.network = network
        self.card = card
        self.area = area_of(card, budget or budget_of(card))
        self._batch: Tensor = np.empty((1, 3, 0, 0), np.float32)

    def run(
        self,
        size: tuple[int, int],
        source: Source,
        channels: tuple[int, int, int],
        place: Place,
        *,
        hold: Hold = "sign",
        step: Callable[[float], None] = lambda fraction: None,
    ) -> Iterator[tuple[int, int]]:
        """Put a picture through the network, one row of tiles after another.

        Args:
            size: (height, width) of the picture.
            source: called with rows from and up to; gives the picture's pixels of those rows,
                (rows, width, channels) half or float, finite.
            channels: red, green and blue in it; one named thrice for a single channel.
            place: called with rows of the result from and up to; gives the pixels to write them
                into, and which of their channels.
            hold: "sign" raises results that fall below 0 and below all the pixels around; "range"
                keeps them within the pixels around, as mattes want it; "" leaves them.
            step: called after each tile with the part of the picture that is done.
        Yields: rows of the result from and up to, that are written.
        Raises: OutOfMemory when not even the smallest tile fits, Unsupported when the network gives
            values that are no numbers; what `step` raises.
        """
        while True:
            grid = cut(self.card, *size, self.area)
            begun = False
            try:
                for rows in self._run(grid, size, source, channels, place, hold, step):
                    begun = True
                    yield rows
                return
            except OutOfMemory:
                self.area = grid.shape[0] * grid.shape[1] // 4
                if begun or cut(self.card, *size, self.area).shape == grid.shape:
                    raise
                _log.warning("Tiles of %dx%d take too much memory.", *grid.shape)

    def _run(
        self,
        grid: Grid,
        size: tuple[int, int],
        source: Source,
        channels: tuple[int, int, int],
        place: Place,
        hold: Hold,
        step: Callable[[float], None],
    ) -> Iterator[tuple[int, int]]:
        scale = self.card.scale
        done, total = 0, len(grid.rows) * len(grid.columns)
        for down in grid.rows:
            rows = mirrored(down.start, grid.shape[0], size[0])
            first, end = int(rows.min()), int(rows.max()) + 1
            pixels = source(first, end)
            target: tuple[Pixels, tuple[int, int, int]] | None = None
            for across in grid.columns:
                columns = mirrored(across.start, grid.shape[1], size[1])
                batch = self._encode(pixels, channels, rows - first, columns)
                made = self._through(batch)
                target = target or place(down.keep * scale, down.keep_end * scale)
                part = target[0][:, across.keep * scale : across.keep_end * scale]
                self._decode(batch, made, (down, across), part, target[1], hold)
                done += 1
                step(done / total)
            yield down.keep * scale, down.keep_end * scale

    def _room(self, shape: tuple[int, int]) -> Tensor:
        if self._batch.shape[2:] != shape:
            self._batch = np.zeros((1, 3, *shape), np.float32)
        return self._batch

    def _encode(
        self, pixels: Pixels, channels: tuple[int, int, int], rows: Index, columns: Index
    ) -> Tensor:
        batch = self._room((len(rows), len(columns)))

        def strip(start: int, end: int) -> None:
            part = batch[:, :, start:end]
            encode(pixels, channels, rows[start:end], columns, self.card.encoding, part)

        in_strips(strip, len(rows))
        return batch

    def _through(self, batch: Tensor) -> Tensor:
        """The network's result for an encoded batch (1, 3, H, W), as (3, H * scale, W * scale)."""
        if self.card.channels == 1:
            batch = batch.reshape(3, 1, *batch.shape[2:])
        if self.card.peak != 1.0:
            batch = batch * np.float32(self.card.peak)
        made = self.network(batch)
        height, width = (side * self.card.scale for side in batch.shape[2:])
        if made.size != 3 * height * width:
            raise Unsupported(
                f"The network {self.card.name} gives a picture of another size than its card says.",
                "Choose another network, or sinc.",
            )
        made = made.reshape(3, height, width)
        return made / np.float32(self.card.peak) if self.card.peak != 1.0 else made

    def _decode(
        self,
        batch: Tensor,
        made: Tensor,
        spans: tuple[Span, Span],
        part: Pixels,
        into: tuple[int, int, int],
        hold: Hold,
    ) -> None:
        down, across = spans
        scale, encoding = self.card.scale, self.card.encoding
        top, left = down.keep - down.start, across.keep - across.start
        height, width = down.keep_end - down.keep, across.keep_end - across.keep
        inside = (slice(None), slice(top, top + height), slice(left, left + width))
        floor: float | Tensor = 0.0 if hold else -math.inf
        ceiling: Tensor | None = None
        if hold == "range" or (hold and batch.min() < 0.0):
            floor = decoded(_around(batch[0], np.minimum)[inside], encoding)
        if hold == "sign" and isinstance(floor, np.ndarray):
            floor = np.minimum(floor, np.float32(0.0))
        if hold == "range":
            ceiling = decoded(_around(batch[0], np.maximum)[inside], encoding)
        finite = True

        def strip(start: int, end: int) -> None:
            nonlocal finite
            rows = slice((top + start) * scale, (top + end) * scale)
            columns = slice(left * scale, (left + width) * scale)
            low = floor[:, start:end] if isinstance(floor, np.ndarray) else floor
            high = None if ceiling is None else ceiling[:, start:end]
            out = part[start * scale : end * scale]
            if not decode(made[:, rows, columns], encoding, out, into, low, high):
                finite = False

        in_strips(strip, height)
        if not finite:
            raise Unsupported(
                f"The network {self.card.name} gives values that are no numbers for this frame.",
                "Choose another network, or sinc.",
            )


def _around(planes: Tensor, choose: np.ufunc) -> Tensor:
    """The lowest or the highest of the 3x3 pixels around each, (3, height, width)."""
    for axis in (1, 2):
        turned = np.moveaxis(planes, axis, 0)
        found = turned.copy()
        choose(found[1:], turned[:-1], out=found[1:])
        choose(found[:-1], turned[1:], out=found[:-1])
        planes = np.moveaxis(found, 0, axis)
    return planes
