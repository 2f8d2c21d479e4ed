"""Where a tool's matte comes from: alpha, a clip, a drawing, a sequence on disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backlot.errors import InvalidInput, NotFound

from . import images
from .edit import Clip, Edit
from .frames import Source
from .plates import ISOLATED, Plate, take_out
from .render import Renderer

NONE, ALPHA, CLIP, DRAWN, SEQUENCE = "none", "alpha", "clip", "drawn", "sequence"
SOURCES = (NONE, ALPHA, CLIP, DRAWN, SEQUENCE)


def resolve(
    renderer: Renderer, edit: Edit, clip: Clip, plate: Plate, asked: dict[str, Any], folder: Path
) -> str:
    """The matte as a sequence or still for the shot runner, "" for none.

    asked: {"source": one of SOURCES, and "clip": id | "shapes": [...] | "path": str}.
    folder: for what has to be made. Raises: InvalidInput, NotFound, and those of `take_out`.
    """
    source = asked.get("source", NONE)
    if source == NONE:
        return ""
    if source == ALPHA:
        return _alpha(plate)
    if source == SEQUENCE:
        if not asked.get("path"):
            raise InvalidInput("No matte sequence was chosen.", "Choose its files.")
        return str(asked["path"])
    if source == DRAWN:
        return _drawn(asked.get("shapes") or [], plate.size, folder)
    if source == CLIP:
        return _from_clip(renderer, edit, clip, plate, edit.clip(str(asked.get("clip"))), folder)
    raise InvalidInput(f"There is no matte source {source!r}.", f"Use {', '.join(SOURCES)}.")


def _alpha(plate: Plate) -> str:
    import OpenImageIO as oiio  # noqa: N813

    first = plate.pattern % plate.needed.first.frame if "%" in plate.pattern else plate.pattern
    image = oiio.ImageInput.open(first)
    names = list(image.spec().channelnames) if image else []
    if image:
        image.close()
    if "A" not in names:
        raise NotFound("This clip has no alpha.", "Choose another matte, or draw one.")
    return plate.pattern


def _drawn(shapes: Sequence[dict[str, Any]], size: tuple[int, int], folder: Path) -> str:
    """A still that serves every frame."""
    if not shapes:
        raise InvalidInput("Nothing is drawn yet.", "Draw on the preview what should change.")
    cover = rasterise(shapes, *size)
    path = folder / "drawn.exr"
    images.write(path, cover[:, :, None], "half", ("A",))
    return str(path)


def rasterise(shapes: Sequence[dict[str, Any]], width: int, height: int) -> npt.NDArray[np.float32]:
    """Drawn shapes as coverage, 0 to 1, with edges one pixel soft.

    Each shape: {"kind": "box" | "ellipse" | "brush" | "polygon", "points": [[x, y] ...] in
    fractions of width and height, "radius": of a brush, in fractions of the width, "erase": bool}.
    Returns: (height, width) float32, top row first.
    """
    y, x = np.mgrid[:height, :width].astype(np.float32) + 0.5
    cover = np.zeros((height, width), np.float32)
    for shape in shapes:
        points = np.asarray(shape["points"], np.float32) * (width, height)
        if len(points) < 1:
            continue
        distance = _distance(shape, points, x, y, width)
        inside = np.clip(0.5 - distance, 0.0, 1.0)
        erase = shape.get("erase")
        cover = np.minimum(cover, 1.0 - inside) if erase else np.maximum(cover, inside)
    return cover


def _distance(
    shape: dict[str, Any], points: Any, x: Any, y: Any, width: int
) -> npt.NDArray[np.float32]:
    """Pixels to the edge of a shape, negative inside."""
    kind = shape["kind"]
    if kind == "brush":
        radius = float(shape.get("radius", 0.02)) * width
        ends = pairwise(points) if len(points) > 1 else [(points[0],) * 2]
        nearest = np.minimum.reduce([_segment(a, b, x, y) for a, b in ends])
        return np.asarray(nearest - radius, np.float32)
    if kind == "polygon":
        return _polygon(points, x, y)
    (x0, y0), (x1, y1) = points.min(0), points.max(0)
    cx, cy, rx, ry = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2
    if kind == "ellipse":
        rx, ry = max(rx, 0.5), max(ry, 0.5)
        away = np.hypot((x - cx) / rx, (y - cy) / ry)
        return np.asarray((away - 1.0) * min(rx, ry), np.float32)
    return np.asarray(np.maximum(np.abs(x - cx) - rx, np.abs(y - cy) - ry), np.float32)


def _segment(a: Any, b: Any, x: Any, y: Any) -> npt.NDArray[np.float32]:
    along = b - a
    length = float(along @ along)
    t = ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / length if length else 0.0
    t = np.clip(t, 0.0, 1.0)
    return np.asarray(np.hypot(x - a[0] - t * along[0], y - a[1] - t * along[1]), np.float32)


def _polygon(points: Any, x: Any, y: Any) -> npt.NDArray[np.float32]:
    if len(points) < 3:
        return np.full(x.shape, 1e9, np.float32)
    inside = np.zeros(x.shape, bool)
    edge = np.full(x.shape, np.inf, np.float32)
    for a, b in zip(points, np.roll(points, -1, 0), strict=True):
        edge = np.minimum(edge, _segment(a, b, x, y))
        if a[1] != b[1]:
            crosses = (a[1] > y) != (b[1] > y)
            inside ^= crosses & (x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0])
    return np.where(inside, -edge, edge)


def _from_clip(
    renderer: Renderer, edit: Edit, clip: Clip, plate: Plate, matte: Clip, folder: Path
) -> str:
    """Another clip of the timeline, its frames numbered as the plate's that it lies over."""
    if clip.placement is None or matte.placement is None:
        raise InvalidInput("That clip cannot serve as a matte.", matte.hint or clip.hint)
    both = clip.record.intersect(matte.record)
    if both is None:
        raise InvalidInput(
            f"“{matte.name}” does not lie over “{clip.name}”.", "Choose a clip at the same time."
        )
    taken = take_out(
        renderer, edit, matte, ISOLATED, folder / "clip", only=matte.placement.used(both)
    )
    made = str(folder / "matte.%04d.exr")
    for number in range(plate.span.first.frame, plate.span.end.frame):
        record = clip.placement.record.first + (number - clip.placement.used().first.frame)
        if clip.placement.ratio != 1:
            record = clip.placement.first_record(Source(number))
        held = min(max(record.frame, both.first.frame), both.last.frame)
        source = matte.placement.source(type(record)(held))
        shutil.copy(taken.pattern % source.frame, made % number)
    return made
