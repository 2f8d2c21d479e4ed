"""What the simulator renders: real files, decoded, colour-managed, composited and written."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import PyOpenColorIO as OCIO  # noqa: N814

from .media import MANAGED, SPACES

CONFIG = "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4"


@cache
def _processor(source: str, target: str) -> Any:
    config = OCIO.Config.CreateFromFile(CONFIG)
    return config.getProcessor(SPACES[source], SPACES[target]).getDefaultCPUProcessor()


def converted(pixels: Any, source: str, target: str) -> Any:
    """Colour of (height, width, 3 or 4) float32 from one space to another."""
    if source == target or not source or not target:
        return pixels
    out = np.ascontiguousarray(pixels, np.float32).copy()
    apply = _processor(source, target)
    (apply.applyRGBA if out.shape[2] == 4 else apply.applyRGB)(out)
    return out


@cache
def _read(path: str, _time: int) -> Any:
    source = oiio.ImageInput.open(path)
    if source is None:
        return None
    pixels = source.read_image(format="float")
    source.close()
    return pixels


def decoded(media: Any, offset: int) -> Any:
    """(height, width, channels) float32 of one frame, or None for a missing one."""
    number = media.first + min(max(offset, 0), media.count - 1)
    path = media.path(number)
    if number in media.missing or not path.is_file():
        return None
    return _read(str(path), path.stat().st_mtime_ns)


def item_pixels(item: Any, record: int, project: Any, height: int, width: int) -> Any:
    """RGBA float32 of an item on a timeline frame, in the timeline's space, or None."""
    media = item.media_item.media if item.media_item else None
    if media is None:
        return None
    offset = item.left + int((record - item.start) * item.ratio * item.speed)
    pixels = decoded(media, 0 if item.frozen else offset)
    if pixels is None:
        return None
    rgba = np.zeros((height, width, 4), np.float32)
    y, x = min(height, pixels.shape[0]), min(width, pixels.shape[1])
    rgba[:y, :x, :3] = pixels[:y, :x, :3]
    mode = item.media_item.properties.get("Alpha mode", "None")
    has_alpha = pixels.shape[2] > 3 and mode != "None"
    rgba[:y, :x, 3] = pixels[:y, :x, 3] if has_alpha else 1.0
    if item.comp:
        from . import fusion

        rgba = fusion.rendered(item.comps[item.comp], record - item.start, rgba)
    if has_alpha and mode == "Straight":
        rgba[..., :3] *= rgba[..., 3:4]
    if project.settings["colorScienceMode"] == MANAGED:
        source = item.media_item.properties.get("Input Color Space", "")
        rgba = converted(
            rgba, source or project.settings["colorSpaceInput"],
            item.timeline.GetSetting("colorSpaceTimeline"),
        )  # fmt: skip
    rgba[..., :3] *= np.float32(item.gain)
    shift = (round(item.properties["Tilt"]), round(item.properties["Pan"]))
    if any(shift):
        rgba = np.roll(rgba, (-shift[0], shift[1]), (0, 1))
    rgba *= np.float32(item.properties["Opacity"] / 100.0)
    return rgba


def frame(timeline: Any, record: int) -> Any:
    """RGBA float32 of a timeline frame: all enabled tracks, from below, in the output space."""
    project = timeline.project
    out = np.zeros((timeline.height, timeline.width, 4), np.float32)
    for track in timeline.tracks:
        for item in track.items:
            inside = item.start <= record < item.start + item.length
            if track.enabled and item.enabled and inside and not item.ghost:
                above = item_pixels(item, record, project, timeline.height, timeline.width)
                if above is not None:
                    out = above + out * (1.0 - above[..., 3:4])
    if project.settings["colorScienceMode"] == MANAGED:
        out = converted(
            out, timeline.GetSetting("colorSpaceTimeline"),
            timeline.GetSetting("colorSpaceOutput"),
        )  # fmt: skip
    return out


def resized(pixels: Any, width: int, height: int) -> Any:
    """The output scaling of a render: nearest, because only whether it happens matters here."""
    if (pixels.shape[1], pixels.shape[0]) == (width, height):
        return pixels
    rows = np.arange(height) * pixels.shape[0] // height
    columns = np.arange(width) * pixels.shape[1] // width
    return pixels[rows][:, columns]


def write(path: Path, pixels: Any, kind: str, alpha: bool, timecode: str) -> None:
    """A file as the render codec asks: RGBHalfZIP and its like."""
    half = kind.startswith("RGBHalf")
    spec = oiio.ImageSpec(
        pixels.shape[1], pixels.shape[0], 4 if alpha else 3, "half" if half else "float"
    )
    compression = kind.removeprefix("RGBHalf").removeprefix("RGBFloat").lower()
    spec.attribute("compression", compression or "none")
    spec.attribute("smpte:TimeCode", timecode.replace(";", ":"))
    out = oiio.ImageOutput.create(str(path))
    out.open(str(path), spec)
    out.write_image(np.ascontiguousarray(pixels[..., : spec.nchannels]))
    out.close()
