"""A frame as a file of its own, in the pixel type and colour that its format is read with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813

from . import color, imagefile, imagewriting, pixeltypes
from .errors import Unsupported
from .frame import COLOR, Frame
from .imagefile import Part

_DTYPES: dict[str, Any] = {
    "half": np.float16,
    "float": np.float32,
    "uint8": np.uint8,
    "uint16": np.uint16,
}
# What each format holds; the first is the default, or the frame's own where it is among them.
_TYPES = {
    ".exr": ("half", "float"),
    ".tif": ("float", "half", "uint16", "uint8"),
    ".png": ("uint8", "uint16"),
    ".dpx": ("uint16", "uint8"),
    ".jpg": ("uint8",),
}
_SAME = {".tiff": ".tif", ".jpeg": ".jpg"}

Attribute = tuple[str, str, Any]
"""Name, type and value, as OpenImageIO has them."""

SHARED = frozenset(("smpte:TimeCode", "smpte:KeyCode"))
"""What several formats keep under a name with a prefix; other prefixes are of one format."""

OWN = frozenset(
    ("acesImageContainerFlag", "channels", "chromaticities", "colorInteropID", "compression",
     "DateTime", "ICCProfile", "multiView", "name", "Orientation", "PixelAspectRatio",
     "planarconfig", "ResolutionUnit", "screenWindowCenter", "screenWindowWidth", "Software",
     "textureformat", "view", "XResolution", "YResolution")
)  # fmt: skip
"""What describes the file and not the picture: a file of another format has its own."""


def write(
    path: str | os.PathLike[str],
    frame: Frame,
    colorspace: str | None = None,
    pixel_type: str | None = None,
    compression: str | None = None,
    attributes: Sequence[Attribute] = (),
) -> None:
    """A frame as a file of its own, whole or not at all.

    By default OpenEXR and TIFF keep the frame's half or float as scene-linear ACEScg (EXR says so
    by its chromaticities; both are ZIP compressed), PNG and JPEG become 8-bit sRGB and DPX 16-bit
    sRGB; so does TIFF of an integer `pixel_type`. Data is never converted. JPEG has no alpha:
    colour is written as it is over black. All but OpenEXR show the display window only.

    pixel_type: half, float, uint8 or uint16. compression: a name that the format knows.
    attributes: what else the file is to say, such as its timecode, as far as its format can.
    Raises: CannotWrite, Unsupported (format, pixel type, number of channels), InvalidInput
        (colour space, compression).
    """
    path = os.fspath(path)
    suffix = Path(path).suffix.lower()
    suffix = _SAME.get(suffix, suffix)
    pixel_type = _pixel_type(path, suffix, frame, pixel_type)
    if suffix != ".exr":
        frame = _framed(frame)
    count = leading_colors(frame)
    if suffix == ".jpg" and count in (2, 4) and count == len(frame.channels):
        frame = frame.with_pixels(frame.pixels[..., :-1], channels=frame.channels[:-1])
        count -= 1
    if suffix == ".jpg" and len(frame.channels) not in (1, 3):
        raise Unsupported(f"JPEG cannot hold {len(frame.channels)} channels.", "Write OpenEXR.")
    target = _target_space(frame, colorspace, pixel_type)
    straight = suffix == ".png" and count in (2, 4)
    values = frame.pixels
    if count and (target or straight):
        values = values.astype(np.float32)
        values[..., :count] = color.from_working(
            values[..., :count], target or color.working(), straight=straight
        )
    spec = _new_spec(frame, pixel_type, suffix == ".png")
    for name, kind, value in attributes:
        spec.attribute(name, oiio.TypeDesc(kind), value)
    if compression or suffix in (".exr", ".tif"):
        spec["compression"] = compression or "zip"
    tag = color.primaries(target) if suffix == ".exr" and frame.meaning == COLOR else None
    if tag:
        spec.attribute("chromaticities", "float[8]", tag)
    pixels = pixeltypes.from_float(values, _DTYPES[pixel_type])
    imagewriting.write_parts(path, [Part(path, 0, spec, imagefile.runs_of(spec), [pixels])])


def _pixel_type(path: str, suffix: str, frame: Frame, asked: str | None) -> str:
    known = _TYPES.get(suffix)
    if known is None:
        raise imagewriting.no_such_format(path)
    own = "half" if frame.pixels.dtype == np.float16 else "float"
    found = asked or (own if own in known else known[0])
    if found not in known:
        raise Unsupported(
            f"{Path(path).name} cannot hold pixels of type {found}.", f"Use {' or '.join(known)}."
        )
    return found


def _target_space(frame: Frame, colorspace: str | None, pixel_type: str) -> str:
    """The space to write in; "" where the values stay as they are."""
    if frame.meaning != COLOR:
        return ""
    if colorspace:
        target = color.space(colorspace)
        return "" if color.is_data(target) else target
    return color.default_space(True) if pixel_type.startswith("uint") else ""


def leading_colors(frame: Frame) -> int:
    """How many of the first channels are one colour: Y, YA, RGB or RGBA; 0 for data."""
    names = "".join(name.rpartition(".")[2] for name in frame.channels[:4])
    kinds = [kind for kind in ("RGBA", "RGB", "YA", "Y") if names.startswith(kind)]
    return len(kinds[0]) if kinds and frame.meaning == COLOR else 0


def _framed(frame: Frame) -> Frame:
    """The picture inside the display window, black where there are no pixels."""
    window, display = frame.data_window, frame.display_window
    if window == display:
        return frame
    pixels = np.zeros((display.height, display.width, len(frame.channels)), frame.pixels.dtype)
    common = window.intersect(display)
    if common:
        pixels[
            common.y - display.y : common.y_end - display.y,
            common.x - display.x : common.x_end - display.x,
        ] = frame.pixels[
            common.y - window.y : common.y_end - window.y,
            common.x - window.x : common.x_end - window.x,
        ]
    return frame.with_pixels(pixels, data_window=display)


def _new_spec(frame: Frame, pixel_type: str, straight: bool) -> Any:
    spec = oiio.ImageSpec(frame.width, frame.height, len(frame.channels), pixel_type)
    spec.channelnames = frame.channels
    spec.alpha_channel = frame.channels.index("A") if "A" in frame.channels else -1
    if straight:
        spec["oiio:UnassociatedAlpha"] = 1
    return imagefile.resized(spec, frame)
