"""Upscale: a frame on a raster of any size, by a network or by a windowed sinc.

What each channel is decides what happens to it (`backlot_server.roles`): colour goes through the
network, and with it the alpha that belongs to it, so that their edges match; mattes go through the
sinc filter; both are held in the range of the samples around. Ids, depth, normals, positions and
vectors take the nearest sample, and vectors grow with the picture. Premultiplied colour stays it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from backlot.frame import Frame
from backlot.tools import Input, Output, Param, ToolSpec, Value

from ..job import Job, Made, Plan, fingerprint, half_or_float
from ..models import Card, catalogue

if TYPE_CHECKING:
    from ..pixels import Pixels
    from ..reel import Reel
    from ..resample import Axis
    from ..roles import Roles
    from ..tiles import Hold, Tiler

Layer = tuple[int, int, int]
Step = Callable[[float], None]

SINC = "Sinc"
COPY = "Copy"
RGB = (0, 1, 2)
PART = 0.97
"""Of a frame's time goes to colour."""

BAND = 128
"""Rows of the result that are filtered at once."""

_SIZES = {"auto": ("fast", "fine"), "fast": ("fast", "fine"), "fine": ("fine", "fast")}


def _networks() -> tuple[tuple[str, str], ...]:
    own = [card for card in catalogue().values() if card.purpose == "upscale" and not card.size]
    return (
        ("auto", "Automatic"),
        ("fast", "Fast network"),
        ("fine", "Fine network"),
        ("sinc", "No network: sinc filter"),
        *((card.name, card.label or card.name) for card in own),
    )


SPEC = ToolSpec(
    name="upscale",
    label="Upscale",
    summary="Enlarge frames to any size, with every channel treated as what it is.",
    version="1",
    inputs=(Input("source", "image", "Source", "The frames to enlarge."),),
    params=(
        Param(
            "scale",
            "float",
            2.0,
            "Scale",
            minimum=1.0,
            maximum=8.0,
            step=0.5,
            unit="x",
            group="Size",
            help="How much larger, unless a width or a height is given.",
        ),
        Param(
            "width",
            "int",
            0,
            "Width",
            minimum=0,
            maximum=65536,
            unit="px",
            group="Size",
            help="Exact width of the picture as framed. 0: from the height, or by scale.",
        ),
        Param(
            "height",
            "int",
            0,
            "Height",
            minimum=0,
            maximum=65536,
            unit="px",
            group="Size",
            help="Exact height of the picture as framed. 0: from the width, or by scale.",
        ),
        Param(
            "network",
            "choice",
            "auto",
            "Network",
            choices=_networks(),
            help="What restores the detail. Fine is slower and more exact than fast.",
        ),
        Param(
            "footage",
            "choice",
            "clean",
            "Footage",
            choices=(("clean", "Clean"), ("compressed", "Compressed or noisy")),
            help="Compressed: smooths artefacts and noise away, and some true texture with them.",
        ),
        Param(
            "detail",
            "float",
            1.0,
            "Detail",
            minimum=0.0,
            maximum=1.0,
            step=0.05,
            help="How much of the network's detail: 0 is the sinc filter alone.",
            animatable=True,
        ),
        Param(
            "alpha",
            "choice",
            "network",
            "Alpha",
            choices=(("network", "As colour"), ("sinc", "Sinc filter")),
            help="As colour: alpha's edges become as sharp as those of the colour it goes with, at "
            "the price of one more layer. An alpha of one value costs nothing.",
        ),
        Param(
            "ringing",
            "bool",
            False,
            "Allow ringing",
            help="Let colour swing below zero and beyond its surroundings at hard edges.",
        ),
    ),
    output=Output(size="scale", scale_param="scale", width_param="width", height_param="height"),
)


def plan(values: Mapping[str, Value]) -> Plan:
    cards = family(values)
    if not cards:
        return Plan(SINC, fingerprint(SPEC, SINC))
    from ..networks import load

    engine = load(next(iter(cards.values()))).label
    return Plan(engine, fingerprint(SPEC, engine, *(card.sha256 for card in cards.values())))


def family(values: Mapping[str, Any]) -> dict[int, Card]:
    """The networks that these values ask for, by scale; none for the sinc filter.

    Where there is none of the size or for the footage, the next best one is taken.
    """
    wanted, footage = values["network"], values["footage"]
    if wanted == "sinc":
        return {}
    cards = [card for card in catalogue().values() if card.purpose == "upscale"]
    if wanted not in _SIZES:
        return {card.scale: card for card in cards if card.name == wanted}
    for source in (footage, "clean"):
        for size in _SIZES[wanted]:
            found = [card for card in cards if (card.source, card.size) == (source, size)]
            if found:
                return {card.scale: card for card in sorted(found, key=lambda card: card.scale)}
    return {}


def chain(cards: Mapping[int, Card], factor: float) -> list[Card]:
    """The networks to go through so that the sinc filter has at most a tenth left to enlarge."""
    passes: list[Card] = []
    reached = 1.0
    while cards and factor > reached * (1.1 if passes else 1.0):
        enough = [scale for scale in cards if reached * scale >= factor]
        scale = min(enough) if enough else max(cards)
        if scale < 2:
            break
        passes.append(cards[scale])
        reached *= scale
    return passes


def run(job: Job, number: int) -> Made:
    source = job.read("source", number)
    values = job.values(number)
    data, display = job.spec.output_windows(values, source.data_window, source.display_window)
    result = job.blank(source, data_window=data, display_window=display)
    if (data, display) == (source.data_window, source.display_window):
        np.copyto(result.pixels, source.pixels)
        return Made(result, COPY)
    from ..pixels import put_back, set_aside
    from ..roles import roles

    parts = roles(source)
    filtered = {channel for layer in parts.color for channel in layer} | {*parts.smooth}
    clean, holes = set_aside(source.pixels, tuple(sorted(filtered)))
    work = _Work(job, number, source, clean, result, parts)
    engine = work.color()
    work.rest()
    if holes is not None:
        rows, columns = work.axes()
        put_back(holes, result.pixels, rows.nearest, columns.nearest)
    job.progress(number, 1.0)
    return Made(result, engine)


@dataclass(frozen=True)
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
        from ..resample import axis

        old, new = self.source.data_window, self.result.data_window
        sx, sy = self.factors
        n = enlarged
        return (
            axis(old.height * n, old.y * n, new.height, new.y, sy / n),
            axis(old.width * n, old.x * n, new.width, new.x, sx / n),
        )

    def color(self) -> str:
        """Enlarge what is colour. Returns the engine."""
        layers = self.parts.color
        detail = float(self.values["detail"])
        cards = family(self.values) if layers and detail > 0.0 else {}
        if layers and not cards and self.values["network"] != "sinc":
            self._warn_once("No network is installed: the sinc filter is used.")
        tilers = [self._tiler(card) for card in chain(cards, max(self.factors))]
        if not tilers:
            self._sinc(tuple(sorted({channel for layer in layers for channel in layer})))
            return SINC
        layers += self._sharp_alphas(cards)
        for n, layer in enumerate(layers):
            hold = "range" if layer[0] in self.parts.alpha else self._hold
            whole = float(tilers[0].card.scale)
            step = partial(self._progress, n, len(layers))
            if len(tilers) == 1 and self.factors == (whole, whole) and detail == 1.0:
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
        from ..resample import nearest, resample

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
        from ..resample import resample

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
        from ..reel import Reel

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

    def _sinc(self, channels: tuple[int, ...]) -> None:
        from ..resample import resample

        rows, columns = self.axes()
        for start in range(0, self.result.height if channels else 0, BAND):
            end = min(start + BAND, self.result.height)
            band = self.result.pixels[start:end]
            ringing = bool(self.values["ringing"])
            resample(
                self.clean,
                channels,
                rows.part(start, end),
                columns,
                band,
                channels,
                ringing=ringing,
            )
            self._progress(0, 1, end / self.result.height)

    def _store(self, band: Pixels, layer: Layer, start: int, end: int) -> None:
        pixels = self.result.pixels
        into = list(dict.fromkeys(layer))
        if len(into) == 1:
            band = band.mean(axis=2, keepdims=True)
        pixels[start:end, :, into] = half_or_float(band, pixels.dtype)

    def _tiler(self, card: Card) -> Tiler:
        from ..networks import load
        from ..tiles import Tiler

        tilers = self.job.state.setdefault("tilers", {})
        if card.name not in tilers:
            tilers[card.name] = Tiler(load(card), card)
        return tilers[card.name]  # type: ignore[no-any-return]

    def _progress(self, n: int, layers: int, fraction: float) -> None:
        self.job.progress(self.number, PART * (n + fraction) / layers)

    def _warn_once(self, sentence: str) -> None:
        if sentence not in self.job.state.setdefault("warned", set()):
            self.job.state["warned"].add(sentence)
            self.job.warn(self.number, sentence)
