"""One frame on another raster: every channel by the way that fits what it is.

Colour goes through networks, with the alpha that belongs to it, so that their edges match; or
through the sinc filter. Mattes go through the sinc filter. All of them are held in the range of the
samples around. Ids, depth, normals, positions and vectors take the nearest sample, and vectors grow
with the picture. Premultiplied colour stays premultiplied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from backlot.errors import BacklotError, Cancelled, OutOfMemory
from backlot.frame import Frame

from . import grain, graininess
from .encoding import encoded
from .job import Job, half_or_float
from .models import Card
from .networks import chain, family, load
from .pixels import Holes, Pixels, put_back, set_aside
from .reel import RGB, Reel
from .resample import Axis, axis, nearest, resample
from .roles import Roles, roles
from .steady import RADIUS, Raster, View, steadied
from .tiles import Hold, Tiler

Layer = tuple[int, int, int]
Step = Callable[[float], None]

SINC = "Sinc"

BAND = 128
"""Rows of the result that are filtered at once."""

_CODES = "power2"

_COLOR = 0.97
"""What colour takes of the time of a frame."""


def enlarge(job: Job, number: int, source: Frame, result: Frame) -> str:
    """Fill `result` with `source` on its raster. Returns the engine, as in `Made`."""
    work, holes = _begun(job, number, source, result)
    steady = job.values(number)["steady"] and work.parts.color
    engine = _steadily(work) if steady else work.color()
    work.grain_again()
    work.rest()
    if holes is not None:
        rows, columns = work.axes()
        put_back(holes, result.pixels, rows.nearest, columns.nearest)
    return engine


def _begun(
    job: Job, number: int, source: Frame, result: Frame, quiet: bool = False
) -> tuple[_Work, Holes | None]:
    parts = roles(source)
    filtered = {channel for layer in parts.color for channel in layer} | {*parts.smooth}
    clean, holes = set_aside(source.pixels, tuple(sorted(filtered)))
    return _Work(job, number, source, clean, result, parts, quiet), holes


def _steadily(work: _Work) -> str:
    """Enlarge colour with the help of the frames around. Returns the engine.

    What frames gave is kept for the next ones. A neighbour that is not there, or cannot be made, is
    done without.
    """
    job, number = work.job, work.number
    kept: dict[int, Seen | None] = job.state.setdefault("seen", {})
    near = [number + step for step in range(-RADIUS, RADIUS + 1)]
    for gone in set(kept) - set(near):
        del kept[gone]
    own = kept.get(number) or work.seen()
    kept[number] = own
    for other in near:
        if other not in kept:
            kept[other] = _neighbour(work, other, own)
        job.check()
    found = [seen for at in near if at != number and (seen := kept[at]) is not None]
    around = [seen.view for seen in found if seen.channels == own.channels]
    rows, columns = work.places()
    work.done, work.grains = set(own.done), own.grains
    raster = Raster(rows, columns, work.factors)
    steadied(own.view, around, raster, work.result.pixels, own.channels)
    return own.engine


def _neighbour(work: _Work, number: int, own: Seen) -> Seen | None:
    """Another frame of the shot, enlarged; None when it is not there or no help."""
    try:
        source = work.job.read("source", number)
        same = source.number == number and source.channels == work.source.channels
        windows = source.data_window, source.display_window
        if not same or windows != (work.source.data_window, work.source.display_window):
            return None
        scratch = np.empty_like(work.result.pixels)
        result = work.result.with_pixels(scratch, number=number)
        other, _ = _begun(work.job, number, source, result, quiet=True)
        if np.array_equal(other.clean, work.clean):
            return None
        return other.seen()
    except (Cancelled, OutOfMemory):
        raise
    except BacklotError:
        return None


@dataclass(frozen=True)
class Seen:
    """A frame that was enlarged, as its neighbours need it.

    channels: of the result, those in `view`. done: those that a network made.
    """

    view: View
    channels: tuple[int, ...]
    done: frozenset[int]
    engine: str
    grains: Mapping[Layer, graininess.Grain]


@dataclass
class _Work:
    """One frame under way. clean: the source's pixels, finite where they are interpolated."""

    job: Job
    number: int
    source: Frame
    clean: Pixels
    result: Frame
    parts: Roles
    quiet: bool = False
    """Whether progress belongs to another frame."""
    done: set[int] = field(default_factory=set)
    """Channels that went through the network."""
    grains: Mapping[Layer, graininess.Grain] = field(default_factory=dict)
    """What is to be put on again."""

    @property
    def values(self) -> Mapping[str, Any]:
        return self.job.values(self.number)

    @property
    def factors(self) -> tuple[float, float]:
        """How much wider and how much higher the picture becomes."""
        before, after = self.source.display_window, self.result.display_window
        return after.width / before.width, after.height / before.height

    def axes(self, enlarged: int = 1) -> tuple[Axis, Axis]:
        """Rows and columns of the result from the source, or from it enlarged a whole times."""
        old, new = self.source.data_window, self.result.data_window
        sx, sy = self.factors
        n = enlarged
        return (
            axis(old.height * n, old.y * n, new.height, new.y, sy / n),
            axis(old.width * n, old.x * n, new.width, new.x, sx / n),
        )

    def places(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Where the result's rows and columns lie on the source's, in samples."""
        old, new = self.source.data_window, self.result.data_window
        sx, sy = self.factors
        rows = (np.arange(new.height) + new.y + 0.5) / sy - 0.5 - old.y
        columns = (np.arange(new.width) + new.x + 0.5) / sx - 0.5 - old.x
        return rows.astype(np.float64), columns.astype(np.float64)

    def color(self) -> str:
        """Enlarge what is colour, without its grain where that is to go. Returns the engine."""
        self.grains = self._take_grain()
        return self._networks() or self._sinc()

    def seen(self) -> Seen:
        """Enlarge what is colour, and keep what the frames around need of it."""
        engine = self.color()
        colors = {channel for layer in self.parts.color for channel in layer}
        channels = tuple(sorted(colors | self.done))
        small = encoded(self.clean[:, :, self.parts.color[0]], _CODES)
        large = encoded(self.result.pixels[:, :, channels], _CODES)
        return Seen(View(small, large), channels, frozenset(self.done), engine, self.grains)

    def grain_again(self) -> None:
        """Put on grain as it was measured."""
        for layer, found in self.grains.items():
            self.job.check()
            grain.put(self.result.pixels, layer, found, self.number)

    def _take_grain(self) -> dict[Layer, graininess.Grain]:
        """Take grain out of the source where that is wanted; what is to be put on again."""
        wanted = self.values["grain"]
        found = {}
        for layer in self.parts.color if wanted != "keep" else ():
            self.job.check()
            measured = graininess.measure(self.clean, layer)
            if measured is None:
                continue
            if self.clean is self.source.pixels:
                self.clean = self.clean.copy()
            grain.remove(self.clean, layer, measured)
            if wanted == "match":
                found[layer] = measured
        return found

    def _networks(self) -> str:
        """Enlarge colour by networks. "" when none is wanted, needed or here."""
        layers = self.parts.color
        detail = float(self.values["detail"])
        if not layers or self.values["network"] == "sinc" or detail == 0.0:
            return ""
        cards = family(self.values)
        if not cards:
            self._warn_once("No network is installed: the sinc filter is used.")
        self._say_other_size(cards)
        tilers = [self._tiler(card) for card in chain(cards, max(self.factors))]
        if not tilers:
            return ""
        layers += self._sharp_alphas(cards)
        whole = float(tilers[0].card.scale)
        direct = len(tilers) == 1 and self.factors == (whole, whole) and detail == 1.0
        for n, layer in enumerate(layers):
            hold = "range" if layer[0] in self.parts.alpha else self._hold
            step = partial(self._progress, n, len(layers))
            if direct:
                self._direct(tilers[0], layer, hold, step)
            else:
                self._filtered(tilers, layer, hold, detail, step)
        self.done.update(layer[0] for layer in layers)
        return " + ".join(dict.fromkeys(tiler.network.label for tiler in tilers))

    def _say_other_size(self, cards: Mapping[int, Card]) -> None:
        wanted, footage = self.values["network"], self.values["footage"]
        other = next((card for card in cards.values() if card.size not in ("", wanted)), None)
        if wanted != "auto" and other is not None:
            self._warn_once(
                f"There is no {wanted} network for {footage} footage: {other.name} is used."
            )

    @property
    def _hold(self) -> Hold:
        return "" if self.values["ringing"] else "sign"

    def _sharp_alphas(self, cards: Mapping[int, Card]) -> tuple[Layer, ...]:
        """Alphas to go through the network as grey: those with edges, and only through ours.

        Other people's networks were not made for mattes.
        """
        if self.values["alpha"] != "network" or not all(card.size for card in cards.values()):
            return ()
        varied = [at for at in self.parts.alpha if np.ptp(self.clean[:, :, at]) > 0]
        return tuple((at, at, at) for at in varied)

    def rest(self) -> None:
        """Enlarge what is not colour."""
        rows, columns = self.axes()
        smooth = tuple(at for at in self.parts.smooth if at not in self.done)
        self.job.check()
        resample(self.clean, smooth, rows, columns, self.result.pixels, smooth)
        sx, sy = self.factors
        growth = dict.fromkeys(self.parts.wide, sx) | dict.fromkeys(self.parts.high, sy)
        for at in self.parts.exact:
            self.job.check()
            nearest(self.source.pixels, at, rows, columns, self.result.pixels, growth.get(at, 1.0))

    def _direct(self, tiler: Tiler, layer: Layer, hold: Hold, step: Step) -> None:
        """Through one network, straight into the result."""
        size = self.clean.shape[0], self.clean.shape[1]
        made = tiler.run(
            size,
            lambda start, end: self.clean[start:end],
            layer,
            lambda start, end: (self.result.pixels[start:end], layer),
            hold=hold,
            step=step,
        )
        for _ in made:
            pass

    def _filtered(
        self, tilers: list[Tiler], layer: Layer, hold: Hold, detail: float, step: Step
    ) -> None:
        """Through some networks, then to size by the sinc filter, in bands of rows."""
        reel, enlarged = self._reel(tilers, layer, hold)
        rows, columns = self.axes(enlarged)
        ringing = not hold
        height, width = self.result.height, self.result.width
        for start in range(0, height, BAND):
            end = min(start + BAND, height)
            part = rows.part(start, end)
            first, last = part.reads()
            band = np.empty((end - start, width, 3), np.float32)
            made = reel.rows(first, last)
            resample(made, RGB, part, columns, band, RGB, ringing=ringing, first_row=first)
            if detail < 1.0:
                base = np.empty_like(band)
                plain, across = self.axes()
                part = plain.part(start, end)
                resample(self.clean, layer, part, across, base, RGB, ringing=ringing)
                band = base + np.float32(detail) * (band - base)
            self._store(band, layer, start, end)
            step(end / height)

    def _reel(self, tilers: list[Tiler], layer: Layer, hold: Hold) -> tuple[Reel, int]:
        """What the networks make of a layer, row by row, and how much larger it is."""
        height, width, _ = self.clean.shape
        reels = self.job.state.setdefault("reels", {})
        rows: Callable[[int, int], Pixels] = lambda start, end: self.clean[start:end]  # noqa: E731
        channels, enlarged = layer, 1
        for tiler in tilers:
            size = height * enlarged, width * enlarged
            enlarged *= tiler.card.scale
            key = enlarged, width * enlarged
            reel = reels.setdefault(key, None) or Reel(width * enlarged)
            reels[key] = reel
            reel.rewind(
                tiler.run(
                    size,
                    rows,
                    channels,
                    reel.place,
                    hold=hold,
                    step=lambda fraction: self.job.check(),
                )
            )
            rows, channels = reel.rows, RGB
        return reel, enlarged

    def _sinc(self) -> str:
        """Enlarge colour by the sinc filter."""
        channels = tuple(sorted({channel for layer in self.parts.color for channel in layer}))
        rows, columns = self.axes()
        height = self.result.height if channels else 0
        ringing = not self._hold
        for start in range(0, height, BAND):
            end = min(start + BAND, height)
            part, band = rows.part(start, end), self.result.pixels[start:end]
            resample(self.clean, channels, part, columns, band, channels, ringing=ringing)
            self._progress(0, 1, end / height)
        return SINC

    def _store(self, band: Pixels, layer: Layer, start: int, end: int) -> None:
        pixels = self.result.pixels
        into = list(dict.fromkeys(layer))
        if len(into) == 1:
            band = band.mean(axis=2, keepdims=True)
        pixels[start:end, :, into] = half_or_float(band, pixels.dtype)

    def _tiler(self, card: Card) -> Tiler:
        tilers = self.job.state.setdefault("tilers", {})
        if card.name not in tilers:
            tilers[card.name] = Tiler(load(card), card)
        return tilers[card.name]  # type: ignore[no-any-return]

    def _progress(self, n: int, layers: int, fraction: float) -> None:
        if self.quiet:
            self.job.check()
            return
        self.job.progress(self.number, _COLOR * (n + fraction) / layers)

    def _warn_once(self, sentence: str) -> None:
        if sentence not in self.job.state.setdefault("warned", set()):
            self.job.state["warned"].add(sentence)
            self.job.warn(self.number, sentence)
