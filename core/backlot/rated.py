"""How far the frames of a take can be trusted: a curve and the worst of them, as one PNG.

For takes whose tool measures `confidence`, from 0 (nothing is known) to 1, of each frame; what else
it measured of a frame as a part of 1 is told beside.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import media, sequence, sheet
from .errors import InvalidInput
from .matte import coverage
from .report import FrameReport, Take
from .tools import CONFIDENCE

WORST = 6
_WIDE, _HIGH, _LEFT, _FOOT = 920, 190, 44, 22
_SIDE = 300
_AROUND = 0.3
"""Part of the matte's size that is shown around it."""
_LEAST_WIDE = 1.1
"""Of the height of what is shown: there is room for words below."""
_LINE, _AREA, _MARK, _RULE = (86, 180, 233), (30, 52, 66), (230, 159, 0), (58, 58, 62)
_WORDS = (138, 138, 146)


def confidences(take: Take) -> dict[int, float]:
    """Of every finished frame that was rated, by number."""
    found = {frame.number: frame.measured.get(CONFIDENCE) for frame in take.frames}
    return {n: float(value) for n, value in found.items() if isinstance(value, (int, float))}


def worst(take: Take, count: int = WORST) -> list[FrameReport]:
    """Those frames that can be trusted least, the worst first; none that leave no doubt."""
    rated = confidences(take)
    frames = [frame for frame in take.frames if rated.get(frame.number, 1.0) < 1.0]
    return sorted(frames, key=lambda frame: (rated[frame.number], frame.number))[:count]


def write(
    take: Take,
    source: str | os.PathLike[str],
    matte: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    *,
    layer: str = "",
    matte_layer: str = "",
    colorspace: str | None = None,
) -> None:
    """The sheet of a take, replaced whole.

    source, matte, their layers, colorspace: as `shot.process` was given them. out: the PNG.
    Raises: InvalidInput (no PNG, a take that was not rated), what reading raises, CannotWrite.
    """
    sheet.check_name(out, [each for each in (source, matte, take.out) if each is not None])
    rated = confidences(take)
    if not rated:
        raise InvalidInput(
            f"Nothing was measured of {Path(take.out).name} that a report could show.",
            "Frames that are filled from a whole shot are measured.",
        )
    shown = worst(take)
    rows = [[sheet.Tile(_curve(rated, [f.number for f in shown]), "confidence of each frame, %")]]
    numbers = [frame.number for frame in take.frames]
    plates = sequence.Sequence.parse(source, numbers)
    mattes = None if matte is None else sequence.Sequence.parse(matte, numbers)
    named = (layer, matte_layer)
    pairs = [_pair(frame, plates, mattes, named, colorspace) for frame in shown]
    rows += [pairs[at] + (pairs[at + 1] if at + 1 < len(pairs) else []) for at in
             range(0, len(pairs), 2)]  # fmt: skip
    lowest = min(rated.values())
    title = f"{Path(take.out).name}: {len(rated)} frames, the lowest confidence {lowest:.0%}"
    sheet.write_sheet(out, title, rows)


def _curve(rated: dict[int, float], marked: list[int]) -> sheet.Display:
    """Confidence over frame numbers, the marked ones with a dot."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (_WIDE, _HIGH), (24, 24, 26))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(12)
    first, last = min(rated), max(rated)
    base, top = _HIGH - _FOOT, 8

    def place(number: int, value: float) -> tuple[float, float]:
        along = (number - first) / max(1, last - first)
        return _LEFT + along * (_WIDE - _LEFT - 12), base - value * (base - top)

    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = place(first, value)[1]
        pen.line([(_LEFT, y), (_WIDE - 12, y)], _RULE)
        pen.text((_LEFT - 8, y), f"{100 * value:.0f}", _WORDS, font=font, anchor="rm")
    for number in _ticks(first, last):
        x, anchor = place(number, 0.0)[0], {first: "lt", last: "rt"}.get(number, "mt")
        pen.text((x, base + 7), str(number), _WORDS, font=font, anchor=anchor)
    points = [place(number, rated[number]) for number in sorted(rated)]
    ends = [(points[-1][0], base), (points[0][0], base)]
    pen.polygon([*points, *ends], _AREA)
    pen.line(points, _LINE, width=2)
    for number in marked:
        x, y = place(number, rated[number])
        pen.ellipse([x - 4, y - 4, x + 4, y + 4], _MARK)
    return np.asarray(picture, np.uint8)


def _ticks(first: int, last: int) -> list[int]:
    """Few round numbers from first to last, both of them among these."""
    step = next(n for k in range(9) for n in (10**k, 2 * 10**k, 5 * 10**k) if last - first <= 9 * n)
    inner = range(-(-first // step) * step, last + 1, step)
    far = [number for number in inner if min(number - first, last - number) > step / 2]
    return sorted({first, *far, last})


def _pair(
    report: FrameReport,
    plates: sequence.Sequence,
    mattes: sequence.Sequence | None,
    named: tuple[str, str],
    colorspace: str | None,
) -> list[sheet.Tile]:
    """A frame's plate and result, around the matte. named: their layers."""
    number, (layer, matte_layer) = report.number, named
    plate = media.read(plates.path(number), layer, colorspace, number)
    made = media.read(report.path, layer, colorspace, number)
    cover = None
    if mattes is not None:
        image = media.Image.open(mattes.path(number))
        cover = coverage(image.matte(matte_layer, number), plate.data_window)
    inside = np.ones(plate.pixels.shape[:2], bool) if cover is None else cover > 0
    part = _part(inside)
    before = _sized(sheet.displayed(plate)[part], inside[part])
    after = _sized(sheet.displayed(made)[part], None)
    head = f"frame {number}: confidence {report.measured[CONFIDENCE]:.0%}"
    return [sheet.Tile(before, head), sheet.Tile(after, _words(report.measured))]


def _part(inside: npt.NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns of a region, with room around it, wider than high where that fits."""
    ends = []
    for axis in (1, 0):
        at = np.nonzero(inside.any(axis=axis))[0]
        low, high = (int(at[0]), int(at[-1]) + 1) if len(at) else (0, inside.shape[1 - axis])
        room = max(16, round(_AROUND * (high - low)))
        ends.append((max(0, low - room), min(inside.shape[1 - axis], high + room)))
    (top, bottom), (left, right) = ends
    more = max(0, round(_LEAST_WIDE * (bottom - top)) - (right - left)) // 2
    return slice(top, bottom), slice(max(0, left - more), min(inside.shape[1], right + more))


def _sized(picture: sheet.Display, inside: npt.NDArray[np.bool_] | None) -> sheet.Display:
    """A picture as high as its row, with the outline of a region that is inside."""
    from PIL import Image

    size = max(1, round(picture.shape[1] * _SIDE / picture.shape[0])), _SIDE
    made = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC), np.uint8)
    if inside is None:
        return made
    region = Image.fromarray(inside.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    return sheet.outlined(made, np.asarray(region) > 0)


def _words(measured: Any) -> str:
    """What else was measured of a frame: "unseen 10%, apart 7%"."""
    parts = {n: v for n, v in measured.items() if isinstance(v, (int, float)) and 0 <= v <= 1}
    others = {name: value for name, value in parts.items() if name != CONFIDENCE}
    return ", ".join(f"{name.replace('_', ' ')} {value:.0%}" for name, value in others.items())
