"""A host's pixels in a buffer to a frame on the wire, and the result back, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import color
from ..buffers import Buffers
from ..errors import InvalidInput
from ..frame import COLOR, DATA, Frame, Pixels, default_channels
from ..matte import coverage, support
from ..pixeltypes import from_float, same_bits
from .protocol import Json, number_from_json, text_from_json

_DTYPES: dict[str, np.dtype[Any]] = {"half": np.dtype(np.float16), "float": np.dtype(np.float32)}
_ROWS = ("top", "bottom")


@dataclass(frozen=True)
class Layout:
    """How pixels lie in a buffer, and what they mean: the buffer object of docs/link.md.

    colorspace: "" is scene-linear. rows: which comes first. straight: colour is not premultiplied.
    """

    width: int
    height: int
    channels: tuple[str, ...]
    dtype: np.dtype[Any]
    rows: str = "top"
    meaning: str = COLOR
    colorspace: str = ""
    straight: bool = False

    @property
    def bytes(self) -> int:
        return self.width * self.height * len(self.channels) * self.dtype.itemsize

    def view(self, memory: Any) -> Pixels:
        """(height, width, channels), top row first, of the memory itself."""
        count = self.bytes // self.dtype.itemsize
        flat: npt.NDArray[Any] = np.frombuffer(memory, self.dtype, count)
        pixels = flat.reshape(self.height, self.width, len(self.channels))
        return pixels[::-1] if self.rows == "bottom" else pixels

    @property
    def converted(self) -> bool:
        """Whether colour conversion touches these pixels."""
        return self.meaning == COLOR and not color.is_data(self.space)

    @property
    def space(self) -> str:
        return color.space(self.colorspace or color.default_space(integer=False))


def layout_from_json(given: Mapping[str, Any]) -> Layout:
    """Raises: InvalidInput."""
    channels = given.get("channels")
    if isinstance(channels, int):
        channels = default_channels(channels) if 0 < channels < 1024 else None
    if not isinstance(channels, list | tuple) or not channels:
        raise InvalidInput("channels must be a count or a list of names.", "See docs/link.md.")
    return Layout(
        number_from_json(given, "width"),
        number_from_json(given, "height"),
        tuple(str(name) for name in channels),
        _DTYPES[_one_of(given, "type", tuple(_DTYPES), "float")],
        _one_of(given, "rows", _ROWS, "top"),
        _one_of(given, "meaning", (COLOR, DATA), COLOR),
        text_from_json(given, "colorspace", ""),
        _one_of(given, "alpha", ("premultiplied", "straight"), "premultiplied") == "straight",
    )


def layout_to_json(layout: Layout) -> Json:
    return {
        "width": layout.width,
        "height": layout.height,
        "channels": list(layout.channels),
        "type": next(name for name, dtype in _DTYPES.items() if dtype == layout.dtype),
        "rows": layout.rows,
        "meaning": layout.meaning,
        "colorspace": layout.colorspace,
        "alpha": "straight" if layout.straight else "premultiplied",
    }


def frame_in(memory: Any, layout: Layout, number: int, view: str, pool: Buffers) -> Frame:
    """What the buffer holds, as a frame for the wire.

    What needs no conversion is the buffer's own memory: it must not be written to before the
    frame is no longer used.

    Raises: InvalidInput when the buffer is too small or the colour space unknown.
    """
    if len(memory) < layout.bytes:
        raise InvalidInput(
            f"The buffer holds {len(memory)} bytes, its pixels would be {layout.bytes}.",
            "Ask for width x height x channels x 4 bytes, or x 2 for half.",
        )
    given = layout.view(memory)
    if not layout.converted:
        return Frame(given, layout.channels, meaning=DATA, number=number, view=view)
    pixels = pool.empty(given.shape, np.float32)
    np.copyto(pixels, given)
    pixels = color.to_working(pixels, layout.space, straight=layout.straight)
    return Frame(pixels, layout.channels, meaning=COLOR, number=number, view=view)


def layout_out(result: Frame, source: Layout, asked: Mapping[str, Any]) -> Layout:
    """How a result is handed to the host: as its main input came, where `asked` says nothing."""
    like = layout_to_json(source) | dict(asked)
    size = {"width": result.width, "height": result.height, "channels": list(result.channels)}
    return layout_from_json(like | size)


def put_out(result: Frame, layout: Layout, out: Pixels) -> None:
    """Write a result into `out`, a view of `layout`, converted to the host's colour space."""
    pixels = result.pixels
    if layout.converted and result.meaning == COLOR:
        floats = np.asarray(pixels, np.float32)
        pixels = color.from_working(floats, layout.space, straight=layout.straight)
    np.copyto(out, from_float(pixels, layout.dtype))


def put_changed(
    result: Frame,
    layout: Layout,
    out: Pixels,
    original: Pixels,
    sent: Frame,
    matte: Frame | None,
    reach: float,
) -> None:
    """As `put_out`, but the host's own bits wherever the tool changed nothing, or must not.

    A conversion of colour there and back is not exact to the last bit; pixels that were not
    touched must be. Only rows in which something changed are converted.
    out, original: (height, width, channels), as the host sees them; they may be the same.
    """
    if out.ctypes.data != original.ctypes.data:
        np.copyto(out, original)
    before, after = _words(sent.pixels), _words(result.pixels)
    rows = np.flatnonzero((before != after).any(axis=1))
    if not rows.size:
        return
    band = slice(int(rows[0]), int(rows[-1]) + 1)
    changed = np.asarray(~same_bits(result.pixels[band], sent.pixels[band]).all(axis=2))
    if matte is not None:
        changed &= support(coverage(matte, result.data_window), reach)[band]
    values = result.pixels[band]
    if layout.converted:
        floats = np.asarray(values, np.float32)
        values = color.from_working(floats, layout.space, straight=layout.straight)
    np.copyto(out[band], from_float(values, layout.dtype), where=changed[:, :, None])


def _words(pixels: Pixels) -> npt.NDArray[Any]:
    """Rows as the widest integers that fit, to be compared quickly."""
    rows = pixels.reshape(len(pixels), -1).view(np.uint8)
    width = next(size for size in (8, 4, 2) if rows.shape[1] % size == 0)
    return rows.view(f"u{width}")


def _one_of(given: Mapping[str, Any], name: str, known: tuple[str, ...], default: str) -> str:
    value = given.get(name, default)
    if value not in known:
        raise InvalidInput(f"{name} cannot be {value!r}.", f"Send one of {', '.join(known)}.")
    return str(value)
