"""Contact sheets: frames side by side with captions, as a PNG that a person wants to look at."""

from __future__ import annotations

import os
from collections.abc import Iterable
from collections.abc import Sequence as Listed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from . import color
from .atomic import atomic, cannot_write
from .errors import InvalidInput
from .frame import Frame
from .sequence import Sequence

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_BACKGROUND = (24, 24, 26)
_TEXT = (208, 208, 212)
_QUIET = (138, 138, 146)
_GAP = 12
_CAPTION = 22

Display = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Tile:
    """A picture on a sheet: (height, width, 3) uint8 as displayed, and what it shows."""

    picture: Display
    caption: str


def displayed(frame: Frame) -> Display:
    """A frame as an sRGB screen shows it: (height, width, 3) uint8, clipped, data as grey.

    For looking only; nothing of it ever goes back into a plate.
    """
    pixels = frame.pixels.astype(np.float32)
    names = ("R", "G", "B")
    if set(names) <= set(frame.channels):
        rgb = np.ascontiguousarray(pixels[:, :, list(frame.index(*names))])
        if frame.meaning == "color":
            rgb = color.from_working(rgb, color.default_space(True))
    else:
        rgb = np.repeat(pixels[:, :, :1], 3, axis=2)
    return np.asarray(np.rint(np.clip(np.nan_to_num(rgb), 0, 1) * 255), np.uint8)


def outlined(picture: Display, inside: npt.NDArray[np.bool_]) -> Display:
    """The picture with the border of a region drawn in: what a matte covers.

    Args: picture (height, width, 3); inside (height, width).
    """
    shrunk = inside.copy()
    shrunk[1:] &= inside[:-1]
    shrunk[:-1] &= inside[1:]
    shrunk[:, 1:] &= inside[:, :-1]
    shrunk[:, :-1] &= inside[:, 1:]
    result: Display = picture.copy()
    result[inside] = result[inside] // 2 + np.array([0, 110, 60], np.uint8)
    result[inside & ~shrunk] = (0, 255, 140)
    return result


def check_name(out: str | os.PathLike[str], others: Iterable[str | os.PathLike[str]] = ()) -> None:
    """Raise InvalidInput where no sheet is written to: best before the work for it is done.

    others: files and sequences that are read, or written for themselves.
    """
    if Path(out).suffix.lower() != ".png":
        raise InvalidInput(f"{Path(out).name} is no PNG.", "Name the sheet, as in sheet.png.")
    for other in others:
        if Sequence.parse(other).holds(out):
            raise InvalidInput(
                f"{Path(out).name} is a file of {Path(other).name}.",
                "Give the sheet a name of its own.",
            )


def write_sheet(path: str | os.PathLike[str], title: str, rows: Listed[Listed[Tile]]) -> None:
    """Rows of tiles under a title. Tiles of a row share its height; the file is replaced whole.

    Raises: CannotWrite.
    """
    from PIL import Image, ImageDraw, ImageFont

    lines = [[_fitted(tile, max(len(t.picture) for t in row)) for tile in row] for row in rows]
    width = max(sum(p.width + _GAP for p in line) for line in lines) + _GAP
    height = _GAP * 2 + _CAPTION + sum(line[0].height + _CAPTION + _GAP for line in lines)
    sheet = Image.new("RGB", (width, height), _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, _GAP), title, _TEXT, font=ImageFont.load_default(16))
    small = ImageFont.load_default(13)
    y = _GAP * 2 + _CAPTION
    for row, line in zip(rows, lines, strict=True):
        x = _GAP
        for tile, picture in zip(row, line, strict=True):
            sheet.paste(picture, (x, y))
            pen.text((x, y + picture.height + 4), tile.caption, _QUIET, font=small)
            x += picture.width + _GAP
        y += line[0].height + _CAPTION + _GAP
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(target, error) from error
    with atomic(target) as temporary:
        sheet.save(temporary, "PNG")


def _fitted(tile: Tile, height: int) -> Picture:
    """A tile's picture at a row's height; a whole factor keeps its pixels square and sharp."""
    from PIL import Image

    picture = Image.fromarray(tile.picture)
    if picture.height == height:
        return picture
    sharp = height % picture.height == 0
    size = (round(picture.width * height / picture.height), height)
    kind = Image.Resampling.NEAREST if sharp else Image.Resampling.LANCZOS
    return picture.resize(size, kind)
