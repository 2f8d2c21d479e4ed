"""A crop sheet: what each network makes of an artist's own frame, beside the sinc filter."""

from __future__ import annotations

import os
from collections.abc import Sequence as Numbers
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import media, sequence, sheet
from .errors import InvalidInput, NotFound
from .frame import Frame, Window
from .tools import NETWORK, ToolSpec

if TYPE_CHECKING:
    from .client import Studio

AUTO = "auto"
SINC = "sinc"

CROPS = 3
SIDE = 360
"""Pixels of a crop of the result, at least, along each side."""
_AROUND = 48
_OVERVIEW = 300
_LINE = 3


@dataclass(frozen=True)
class Way:
    """One column. seconds: for the whole frame, below 0 where that is not known."""

    name: str
    label: str
    engine: str
    seconds: float

    @property
    def caption(self) -> str:
        time = f", {self.seconds:.1f} s a frame" if self.seconds >= 0 else ""
        return f"Lanczos{time}" if self.name == SINC else f"{self.label} ({self.engine}{time})"


def compare(
    studio: Studio,
    tool: str,
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    frames: str | Numbers[int] | None = None,
    layer: str = "",
    colorspace: str | None = None,
    **given: Any,
) -> list[Way]:
    """Enlarge the busiest parts of one frame in every way that the tool has, side by side.

    source, frames, layer, colorspace, given: as for `shot.process`; the first frame is taken.
    out: the PNG, replaced whole.
    Raises: InvalidInput, NotFound, what reading and running raise, CannotWrite.
    """
    spec = studio.tool(tool)
    if not spec.comparable:
        raise InvalidInput(f"{spec.label} has no networks to compare.", "Use it with upscale.")
    sheet.check_name(out, [source])
    frame = _first(source, frames, layer, colorspace)
    params = {name: value for name, value in given.items() if name != NETWORK}
    ways = [
        _way(studio, spec, {**params, NETWORK: value}, label, frame)
        for value, label in spec.param(NETWORK).choices
        if value != AUTO
    ]
    ways.sort(key=lambda way: way.name != SINC)
    large = spec.output_windows(
        spec.values_at(spec.values(params), frame.number), frame.data_window, frame.display_window
    )[1]
    factors = (
        large.width / frame.display_window.width,
        large.height / frame.display_window.height,
    )
    shown = sheet.displayed(frame)
    parts = busiest(shown, max(16, round(SIDE / max(factors))), frame.data_window)
    rows = [[sheet.Tile(_overview(shown, frame, parts), "the frame, and what is shown below")]]
    rows += [_row(studio, spec, frame, part, params, ways, factors) for part in parts]
    before = f"{frame.display_window.width}x{frame.display_window.height}"
    title = f"{Path(source).name}, {before} to {large.width}x{large.height}"
    sheet.write_sheet(out, title, rows)
    return ways


def _first(
    source: str | os.PathLike[str],
    frames: str | Numbers[int] | None,
    layer: str,
    colorspace: str | None,
) -> Frame:
    """The first of the frames that are meant."""
    numbers = sequence.parse_frames(frames) if isinstance(frames, str) else tuple(frames or ())
    found = sequence.Sequence.parse(source, numbers)
    numbers = numbers or found.given or (() if found.is_still else found.frames()) or (0,)
    path = Path(found.path(numbers[0]))
    if not path.is_file():
        raise NotFound(f"There is no {path.name}.", "Check the path and the range.")
    frame = media.read(path, layer, colorspace, numbers[0])
    return frame.with_pixels(frame.pixels, number=numbers[0])


def _way(studio: Studio, spec: ToolSpec, params: dict[str, Any], label: str, frame: Frame) -> Way:
    height, width, channels = frame.pixels.shape
    found = studio.estimate(spec.name, params, width, height, channels)
    engine = found.engine.rpartition(",")[0] or found.engine
    return Way(params[NETWORK], label, engine, found.seconds_per_frame)


def busiest(picture: sheet.Display, side: int, window: Window) -> list[Window]:
    """Up to CROPS windows of a picture with most detail, none over another.

    Args: picture (height, width, 3), whose first pixel lies at the corner of `window`.
    """
    grey = picture.mean(axis=2)
    detail = np.zeros_like(grey)
    detail[1:] += np.abs(np.diff(grey, axis=0))
    detail[:, 1:] += np.abs(np.diff(grey, axis=1))
    high, wide = min(side, grey.shape[0]), min(side, grey.shape[1])
    total = np.zeros((grey.shape[0] + 1, grey.shape[1] + 1))
    total[1:, 1:] = detail.cumsum(axis=0).cumsum(axis=1)
    rows = np.unique(np.r_[0 : grey.shape[0] - high + 1 : max(1, high // 4), grey.shape[0] - high])
    columns = np.unique(
        np.r_[0 : grey.shape[1] - wide + 1 : max(1, wide // 4), grey.shape[1] - wide]
    )
    y, x = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
    sums = total[y + high, x + wide] - total[y, x + wide] - total[y + high, x] + total[y, x]
    chosen: list[Window] = []
    for at in np.argsort(-sums, kind="stable"):
        part = Window(window.x + int(x[at]), window.y + int(y[at]), wide, high)
        if len(chosen) < CROPS and not any(part.intersect(other) for other in chosen):
            chosen.append(part)
    return chosen


def _overview(shown: sheet.Display, frame: Frame, parts: list[Window]) -> sheet.Display:
    """The frame, small, with a line around what is shown large."""
    step = max(1, shown.shape[0] // _OVERVIEW)
    small = np.ascontiguousarray(shown[::step, ::step])
    line = np.zeros(small.shape[:2], bool)
    for part in parts:
        top, left = part.y - frame.data_window.y, part.x - frame.data_window.x
        edges = (
            top // step,
            (top + part.height) // step,
            left // step,
            (left + part.width) // step,
        )
        y, y_end, x, x_end = edges
        line[y:y_end, x:x_end] = True
        line[y + _LINE : y_end - _LINE, x + _LINE : x_end - _LINE] = False
    small[line] = (0, 255, 140)
    return small


def _row(
    studio: Studio,
    spec: ToolSpec,
    frame: Frame,
    part: Window,
    params: dict[str, Any],
    ways: list[Way],
    factors: tuple[float, float],
) -> list[sheet.Tile]:
    """One part: as it is, and in every way."""
    around = Window(
        part.x - _AROUND, part.y - _AROUND, part.width + 2 * _AROUND, part.height + 2 * _AROUND
    ).intersect(frame.data_window)
    large = part.scaled(*factors)
    given_to: dict[str, Any] = {spec.inputs[0].name: _cut(frame, around or part), **params}
    made = [studio.run(spec.name, **{**given_to, NETWORK: way.name}) for way in ways]
    plain = _enlarged(sheet.displayed(_cut(frame, part)), large)
    tiles = [sheet.Tile(plain, "the source")]
    return tiles + [
        sheet.Tile(sheet.displayed(_cut(result, large)), way.caption)
        for result, way in zip(made, ways, strict=True)
    ]


def _cut(frame: Frame, window: Window) -> Frame:
    """A part of a frame, which stays where it is."""
    top, left = window.y - frame.data_window.y, window.x - frame.data_window.x
    pixels = frame.pixels[top : top + window.height, left : left + window.width]
    return frame.with_pixels(np.ascontiguousarray(pixels), data_window=window)


def _enlarged(picture: sheet.Display, to: Window) -> sheet.Display:
    """Pixels repeated until the picture has another's size."""

    def nearest(size: int, new: int) -> npt.NDArray[np.intp]:
        return np.minimum(np.arange(new) * size // new, size - 1)

    rows, columns = nearest(picture.shape[0], to.height), nearest(picture.shape[1], to.width)
    return np.ascontiguousarray(picture[rows[:, None], columns])
