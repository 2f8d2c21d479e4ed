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

from backlot.frame import Frame

from . import grain
from .job import Job, half_or_float
from .models import Card
from .networks import chain, family, load
from .pixels import Pixels, put_back, set_aside
from .reel import RGB, Reel
from .resample import Axis, axis, nearest, resample
from .roles import Roles, roles
from .tiles import Hold, Tiler

Layer = tuple[int, int, int]
Step = Callable[[float], None]

SINC = "Sinc"

BAND = 128
"""Rows of the result that are filtered at once."""

_COLOR = 0.97
"""What colour takes of the time of a frame."""


def enlarge(job: Job, number: int, source: Frame, result: Frame) -> str:
    """Fill `result` with `source` on its raster. Returns the engine, as in `Made`."""
    parts = roles(source)
    filtered = {channel for layer in parts.color for channel in layer} | {*parts.smooth}
    clean, holes = set_aside(source.pixels, tuple(sorted(filtered)))
    work = _Work(job, number, source, clean, result, parts)
    engine = work.color()
    work.rest()
    if holes is not None:
        rows, columns = work.axes()
        put_back(holes, result.pixels, rows.nearest, columns.nearest)
    return engine


@dataclass
class _Work:
    """One frame under way. clean: the source's pixels, finite where they are interpolated."""

    job: Job
    number: int
    source: Frame
    clean: Pixels
    result: Frame
    parts: Roles
    done: set[int] = field(default_factory=set)
    """Channels that went through the network."""

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

    def color(self) -> str:
        """Enlarge what is colour. Returns the engine."""
        grains = self._take_grain()
        engine = self._networks() or self._sinc()
        for layer, found in grains.items():
            self.job.check()
            grain.put(self.result.pixels, layer, found, self.number)
        return engine

    def _take_grain(self) -> dict[Layer, grain.Grain]:
        """Take grain out of the source where that is wanted; what is to be put on again."""
        wanted = self.values["grain"]
        found = {}
        for layer in self.parts.color if wanted != "keep" else ():
            self.job.check()
            measured = grain.measure(self.clean, layer)
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
        self.job.progress(self.number, _COLOR * (n + fraction) / layers)

    def _warn_once(self, sentence: str) -> None:
        if sentence not in self.job.state.setdefault("warned", set()):
            self.job.state["warned"].add(sentence)
            self.job.warn(self.number, sentence)
