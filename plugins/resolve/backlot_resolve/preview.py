"""One frame before and after, as pictures for the panel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import images, mattes, plates, render, store
from .edit import Clip, Edit, file_of
from .frames import Source, Span
from .job import Request

if TYPE_CHECKING:
    from backlot.client import Studio

WIDEST = 1920


def route_of(clip: Clip, wanted: str) -> str:
    """Files are read directly where they can be: that disturbs nobody."""
    return plates.DIRECT if wanted == plates.ISOLATED and clip.direct else wanted


def take(
    renderer: render.Renderer,
    edit: Edit,
    clip: Clip,
    request: Request,
    span: Span[Source],
    folder: Path,
) -> tuple[plates.Plate, str]:
    """The plate of one frame, and the matte. Talks to Resolve; see `plates.take_out`."""
    identity = (clip.path, request.route, request.space, str(clip.placement))
    here = store.plate_folder(folder, edit.project, store.safe(clip.name), *identity)
    route = route_of(clip, request.route)
    plate = plates.take_out(renderer, edit, clip, route, here, only=span, space=request.space)
    matte = mattes.resolve(renderer, edit, clip, plate, request.matte, here / "matte")
    return plate, matte


def run(studio: Studio, request: Request, plate: plates.Plate, matte: str, folder: Path) -> Path:
    """The tool on that frame; the finished file."""
    number = plate.needed.first.frame
    done = studio.process(
        request.tool,
        plate.pattern,
        str(folder / "after.%04d.exr"),
        frames=str(number),
        colorspace=plate.colour.ocio or None,
        priority="interactive",
        **request.given(studio.tool(request.tool), matte),
    )
    if done.failed and done.failed[0].error is not None:
        raise done.failed[0].error
    return Path(file_of(str(folder / "after.%04d.exr"), number))


def picture(path: str, space: str, out: Path) -> tuple[int, int]:
    """A PNG of a frame as sRGB, not wider than WIDEST. Returns the frame's own size.

    Values above 1 are clipped: this is a picture to judge a change by, not to grade by.
    """
    from backlot import color, media

    frame = media.read(path, colorspace=space or None)
    width, height = frame.width, frame.height
    step = -(-width // WIDEST)
    pixels = frame.pixels[::step, ::step].astype(np.float32)
    rgb = pixels[:, :, :3] if pixels.shape[2] >= 3 else np.repeat(pixels[:, :, :1], 3, 2)
    shown = color.from_working(np.ascontiguousarray(rgb), color.default_space(integer=True))
    bits = (np.clip(np.nan_to_num(shown), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    images.write(out, bits, "uint8")
    return width, height
