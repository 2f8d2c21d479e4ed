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
from .edit import Clip, Edit, file_of
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

    image = oiio.ImageInput.open(file_of(plate.pattern, plate.needed.first.frame))
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

    Each shape: {"kind": "box" | "ellipse" | "brush", "points": [[x, y] ...] in fractions of width
    and height, "radius": of a brush, in fractions of the width, "erase": bool}. A box and an
    ellipse lie between their first and last point. Only the pixels near a stroke are looked at.
    Returns: (height, width) float32, top row first.
    """
    cover = np.zeros((height, width), np.float32)
    for shape in shapes:
        points = np.asarray(shape["points"], np.float32) * (width, height)
        radius = float(shape.get("radius", 0.02)) * width if shape["kind"] == "brush" else 0.0
        stroke = np.zeros_like(cover)
        for part in _parts(shape["kind"], points):
            _stamp(stroke, shape["kind"], part, radius)
        if shape.get("erase"):
            np.minimum(cover, 1.0 - stroke, out=cover)
        else:
            np.maximum(cover, stroke, out=cover)
    return cover


def _parts(kind: str, points: Any) -> list[Any]:
    """A stroke's segments; a box or ellipse as its two corners."""
    if kind != "brush":
        return [(points[0], points[-1])]
    return list(pairwise(points)) if len(points) > 1 else [(points[0], points[0])]


def _stamp(stroke: npt.NDArray[np.float32], kind: str, part: Any, radius: float) -> None:
    """Raise the coverage of one part, in place."""
    a, b = (np.asarray(point, np.float32) for point in part)
    low = np.floor(np.minimum(a, b) - radius - 1).astype(int).clip(0)
    high = np.ceil(np.maximum(a, b) + radius + 1).astype(int)
    window = stroke[low[1] : high[1], low[0] : high[0]]
    y, x = np.mgrid[: window.shape[0], : window.shape[1]].astype(np.float32) + 0.5
    inside = np.clip(0.5 - _distance(kind, a - low, b - low, radius, x, y), 0.0, 1.0)
    np.maximum(window, inside, out=window)


def _distance(kind: str, a: Any, b: Any, radius: float, x: Any, y: Any) -> Any:
    """Pixels to the edge, negative inside."""
    if kind == "brush":
        along = b - a
        length = float(along @ along)
        t = ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / length if length else 0.0 * x
        t = np.clip(t, 0.0, 1.0)
        return np.hypot(x - a[0] - t * along[0], y - a[1] - t * along[1]) - radius
    (cx, cy), (rx, ry) = (a + b) / 2, np.maximum(np.abs(b - a) / 2, 0.5)
    if kind == "ellipse":
        return (np.hypot((x - cx) / rx, (y - cy) / ry) - 1.0) * min(rx, ry)
    return np.maximum(np.abs(x - cx) - rx, np.abs(y - cy) - ry)


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
        shutil.copy(file_of(taken.pattern, source.frame), file_of(made, number))
    return made
