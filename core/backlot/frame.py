"""A frame: pixels and everything that describes them. What travels between client and server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InvalidInput

Pixels = npt.NDArray[Any]

COLOR = "color"
DATA = "data"


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels: x and y of its top left corner (y grows downwards), its size.

    OpenEXR writes inclusive corners; a window of width 1 there is xMin == xMax.
    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise InvalidInput(
                f"A window of {self.width}x{self.height} pixels is empty.",
                "Give a width and a height of at least 1.",
            )

    @property
    def x_end(self) -> int:
        return self.x + self.width

    @property
    def y_end(self) -> int:
        return self.y + self.height

    def intersect(self, other: Window) -> Window | None:
        """The part that both cover; None when they do not touch."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        x_end, y_end = min(self.x_end, other.x_end), min(self.y_end, other.y_end)
        return Window(x, y, x_end - x, y_end - y) if x_end > x and y_end > y else None

    def scaled(self, sx: float, sy: float) -> Window:
        """This window on a raster sx times as wide and sy times as high.

        Edges are rounded to the nearest pixel, so that windows that touched still touch.
        """
        x, y = round(self.x * sx), round(self.y * sy)
        return Window(x, y, max(1, round(self.x_end * sx) - x), max(1, round(self.y_end * sy) - y))


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of one view.

    pixels: (height, width, channels), float16 or float32, top row first, covering the data
        window. C-contiguous, or the upside-down view of such an array, as applications whose
        first row is the bottom one keep it; anything else is copied. Colour is scene-linear with
        ACEScg primaries; values below 0 and far above 1 are normal, NaN and infinity may occur.
        Alpha, where there is one, is premultiplied into colour.
    channels: a name for each, as in "R", "G", "B", "A" or "depth.Z".
    data_window: where the pixels lie; display_window: the picture as framed. None: both are
        (0, 0, width, height).
    pixel_aspect: width over height of one pixel.
    meaning: "color", or "data" for mattes, depth, vectors and ids, which no colour conversion
        and no colour network may touch.
    """

    pixels: Pixels
    channels: tuple[str, ...] = ()
    data_window: Window = field(default=None)  # type: ignore[assignment]
    display_window: Window = field(default=None)  # type: ignore[assignment]
    pixel_aspect: float = 1.0
    meaning: str = COLOR
    number: int = 0
    view: str = ""

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.ndim == 2:
            pixels = pixels[:, :, None]
        if pixels.ndim != 3 or 0 in pixels.shape:
            raise InvalidInput(
                f"Pixels of shape {self.pixels.shape} are not an image.",
                "Give an array of height x width x channels.",
            )
        if pixels.dtype not in (np.float16, np.float32):
            raise InvalidInput(
                f"Pixels of type {pixels.dtype} cannot travel.",
                "Convert them to float16 or float32; backlot.media does so for files.",
            )
        height, width, count = pixels.shape
        channels = tuple(self.channels) or default_channels(count)
        if len(channels) != count or len(set(channels)) != count:
            raise InvalidInput(
                f"{count} channels of pixels and the names {', '.join(channels)} do not fit.",
                "Give one name of its own for every channel.",
            )
        if self.meaning not in (COLOR, DATA):
            raise InvalidInput(f"A frame means 'color' or 'data', not {self.meaning!r}.")
        if not 0 < self.pixel_aspect < float("inf"):
            raise InvalidInput(f"A pixel aspect of {self.pixel_aspect} is not possible.")
        window = self.data_window or Window(0, 0, width, height)
        if (window.width, window.height) != (width, height):
            raise InvalidInput(
                f"The data window is {window.width}x{window.height}, "
                f"the pixels are {width}x{height}.",
                "Crop or pad the pixels to the data window.",
            )
        assign = object.__setattr__
        upside_down = pixels[::-1].flags.c_contiguous
        assign(self, "pixels", pixels if upside_down else np.ascontiguousarray(pixels))
        assign(self, "channels", channels)
        assign(self, "data_window", window)
        assign(self, "display_window", self.display_window or window)

    @property
    def width(self) -> int:
        return self.data_window.width

    @property
    def height(self) -> int:
        return self.data_window.height

    def index(self, *names: str) -> tuple[int, ...]:
        """Positions of the named channels, all of which must be there."""
        missing = [name for name in names if name not in self.channels]
        if missing:
            raise InvalidInput(
                f"This frame has no channel {', '.join(missing)}.",
                f"It has {', '.join(self.channels)}.",
            )
        return tuple(self.channels.index(name) for name in names)

    def with_pixels(self, pixels: Pixels, **changes: Any) -> Frame:
        """The same frame with other pixels, and other fields where named."""
        return replace(self, pixels=pixels, **changes)


def default_channels(count: int) -> tuple[str, ...]:
    """Names for unnamed channels: A, YA, RGB, RGBA, then numbered."""
    known: Sequence[str] = {1: "A", 2: "YA", 3: "RGB", 4: "RGBA"}.get(count, "")
    return tuple(known) or tuple(f"channel.{i}" for i in range(count))


def split_layer(channel: str) -> tuple[str, str]:
    """The layer and the component of a channel: ("", "R"), ("diffuse.left", "R")."""
    layer, _, component = channel.rpartition(".")
    return layer, component
