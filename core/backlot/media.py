"""Pictures on disk: open a file whole, take one layer out as a frame, put a result back.

    image = Image.open("plate.1001.exr")
    sent = image.frame()
    image.put("", result, sent, allowed).save("clean.1001.exr")

Whatever was not asked to change keeps the file's own values, bit for bit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import color, imagefile, imagewriting, layers, pixeltypes
from .errors import InvalidInput, Unsupported
from .export import OWN, SHARED, Attribute, write
from .frame import COLOR, DATA, Frame, Pixels, Window
from .imagefile import Part
from .layers import Layer
from .sequence import MOVIES

__all__ = ["Image", "read", "write"]


@dataclass(frozen=True, eq=False)
class Image:
    """Everything in one file: parts, layers, pixel types, windows, attributes.

    Immutable; pixels are read from the file when first needed. colorspace: what a person said
    the colour layers are in; None: what the file and the OCIO config say.
    """

    path: str
    parts: tuple[Part, ...]
    colorspace: str | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str], colorspace: str | None = None) -> Image:
        """Raises: MissingFrame, UnreadableFile (empty, cut short, unknown), Unsupported (deep)."""
        path = os.fspath(path)
        return cls(path, imagefile.read_parts(path), colorspace)

    @cached_property
    def _layers(self) -> tuple[Layer, ...]:
        return layers.layers_of([part.header() for part in self.parts])

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, the first view's; "" is the main RGBA."""
        return tuple(each.name for each in self._layers if each.view == self.views[0])

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views, as in ("left", "right"); ("",) where there is only one."""
        return tuple(dict.fromkeys(each.view for each in self._layers))

    def meant(self, layer: str, view: str = "") -> str:
        """The full name of a layer; of "", that of the main RGBA, or of what stands for it.

        Raises: NotFound.
        """
        return layers.find(self._layers, layer, view).name

    @property
    def timecode(self) -> str:
        """hh:mm:ss:ff of the first part that has one (";" before drop frames), else ""."""
        for part in self.parts:
            value = part.spec.get_string_attribute("smpte:TimeCode", "")
            if value:
                return str(value)
        return ""

    @property
    def shared(self) -> tuple[Attribute, ...]:
        """Attributes of the first part that mean the same in a file of another format."""
        return tuple(
            (each.name, str(each.type), each.value)
            for each in self.parts[0].spec.extra_attribs
            if each.name in SHARED or not (each.name in OWN or set(":/") & set(each.name))
        )

    def frame(
        self, layer: str = "", colorspace: str | None = None, number: int = 0, view: str = ""
    ) -> Frame:
        """One layer as it travels: colour as scene-linear ACEScg, premultiplied; data as it is.

        float16 where the file has half throughout the layer, else float32; integers are 0 to 1
        before their conversion. Depth, vectors, ids and mattes (see layers.py), and any layer
        whose colour space is the config's data space, mean "data".

        Raises: NotFound (layer, view), UnreadableFile, InvalidInput (colour space).
        """
        return self._frame(layers.find(self._layers, layer, view), colorspace, number, view)

    def matte(self, layer: str = "", number: int = 0, view: str = "") -> Frame:
        """A layer, or one channel by its name ("R", "roto.G"), with its values as they are.

        Raises: NotFound, UnreadableFile.
        """
        return self._frame(layers.find_matte(self._layers, layer, view), "data", number, view)

    def data(self, words: Sequence[str], number: int = 0, view: str = "") -> Frame:
        """Passes as they are, looked for by what their layers are called: see layers.find_passes.

        Raises: NotFound, UnreadableFile, InvalidInput (layers that belong together and differ in
        window).
        """
        found = layers.find_passes(self._layers, words, view)
        first, *others = (self._frame(each, "data", number, view) for each in found)
        if any(each.data_window != first.data_window for each in others):
            raise InvalidInput(
                f"{', '.join(each.name for each in found)} do not cover the same pixels.",
                "Write them with one data window.",
            )
        if not others:
            return first
        return first.with_pixels(
            np.concatenate([each.pixels for each in (first, *others)], axis=2),
            channels=sum((each.channels for each in others), first.channels),
        )

    def _frame(self, found: Layer, colorspace: str | None, number: int, view: str) -> Frame:
        part = self.parts[found.part]
        space = self._space(found, colorspace)
        dtype = pixeltypes.frame_dtype(part.dtype_of(found.channels))
        pixels = np.empty((part.spec.height, part.spec.width, len(found.channels)), dtype)
        for values, at in _stored(part.lean(found.channels), found):
            pixeltypes.to_float(values, pixels[:, :, at])
        if space and _converts(found, part, space):
            wide = pixels.astype(np.float32, copy=False)
            wide = color.to_working(wide, space, straight=_straight(found, part))
            pixels = pixeltypes.from_float(wide, dtype)
        return Frame(
            pixels,
            found.names,
            *_windows(part.spec),
            pixel_aspect=part.spec.get_float_attribute("PixelAspectRatio", 1.0) or 1.0,
            meaning=COLOR if space else DATA,
            number=number,
            view=view,
        )

    def put(
        self,
        layer: str,
        frame: Frame,
        sent: Frame,
        allowed: npt.NDArray[np.bool_] | None = None,
        colorspace: str | None = None,
    ) -> Image:
        """This image with `frame` in place of a layer; what did not change stays, bit for bit.

        sent: what `frame(layer)` gave and the tool received. A value of the result that has the
        bits it was sent with keeps the file's own value; so does everything where `allowed`,
        (height, width) over the data window, is False. Where file and working space differ,
        red, green and blue of a pixel depend on each other and count as one. Other values come
        back to the file's colour space and pixel type.

        Raises: InvalidInput (sizes or channels differ), NotFound (layer).
        """
        found = layers.find(self._layers, layer, sent.view)
        part = self.parts[found.part]
        _check_like(frame, sent, allowed)
        changed = ~pixeltypes.same_bits(frame.pixels, sent.pixels)
        space = self._space(found, colorspace)
        converts = bool(space) and _converts(found, part, space)
        if converts:
            _tie_colors(changed, found, color.mixes_alpha(space, _straight(found, part)))
        if allowed is not None:
            changed &= allowed[:, :, None]
        rows = np.flatnonzero(changed.any(axis=(1, 2)))
        if not rows.size:
            return self
        band = slice(int(rows[0]), int(rows[-1]) + 1)
        values = frame.pixels[band]
        if converts:
            wide = values.astype(np.float32)
            values = color.from_working(wide, space, straight=_straight(found, part))
        return self._with_values(found, values, changed[band], band)

    def _with_values(
        self, layer: Layer, values: Pixels, changed: npt.NDArray[np.bool_], band: slice
    ) -> Image:
        part = self.parts[layer.part]
        touched = {run for run in part.runs for c in layer.channels if run.begin <= c < run.end}
        blocks = [
            block.copy() if run in touched else block
            for run, block in zip(part.runs, part.blocks, strict=True)
        ]
        fresh = part.with_blocks(blocks)
        for stored, at in _stored(fresh, layer):
            encoded = pixeltypes.from_float(values[:, :, at], stored.dtype)
            np.copyto(stored[band], encoded, where=changed[:, :, at])
        return self._with_part(layer.part, fresh)

    def rescaled(
        self, frames: Mapping[str | tuple[str, str], Frame], colorspace: str | None = None
    ) -> Image:
        """The same layout at another size: every layer from `frames`, which are not compared.

        frames: by layer, or (layer, view) in files of several views. Windows and pixel aspect
        are the frames'; pixel types, parts, attributes and timecode are kept.

        Raises: InvalidInput when a layer has no frame, or layers of one part differ in window.
        """
        given = {
            layers.find(self._layers, *((key, "") if isinstance(key, str) else key)): frame
            for key, frame in frames.items()
        }
        missing = [each.name or "the main RGBA" for each in self._layers if each not in given]
        if missing:
            raise InvalidInput(
                f"A file of another size needs all its layers; {', '.join(missing)} is not there.",
                "Scale every layer of the file.",
            )
        parts = [
            self._rescaled_part(
                part, {each: frame for each, frame in given.items() if each.part == n}, colorspace
            )
            for n, part in enumerate(self.parts)
        ]
        return replace(self, parts=tuple(parts))

    def _rescaled_part(
        self, part: Part, frames: Mapping[Layer, Frame], colorspace: str | None
    ) -> Part:
        first = next(iter(frames.values()))
        window = first.data_window
        if any(frame.data_window != window for frame in frames.values()):
            raise InvalidInput("Layers of one part must have one data window.")
        spec = imagefile.resized(part.spec, first)
        values = {
            layer: self._file_values(layer, frame, colorspace) for layer, frame in frames.items()
        }
        (run, *more), (layer, *others) = part.runs, frames
        if not more and not others and layer.channels == tuple(range(run.begin, run.end)):
            return part.with_blocks([pixeltypes.from_float(values[layer], run.dtype)], spec)
        shape = (window.height, window.width)
        fresh = part.with_blocks(
            [np.zeros((*shape, run.end - run.begin), run.dtype) for run in part.runs], spec
        )
        for layer in frames:
            for stored, at in _stored(fresh, layer):
                stored[...] = pixeltypes.from_float(values[layer][:, :, at], stored.dtype)
        return fresh

    def _file_values(self, layer: Layer, frame: Frame, colorspace: str | None) -> Pixels:
        """A frame's pixels in the colour space of the layer's file, not yet of its type."""
        _check_channels(frame, layer.names)
        part, space = self.parts[layer.part], self._space(layer, colorspace)
        if not space or not _converts(layer, part, space):
            return frame.pixels
        wide = frame.pixels.astype(np.float32)
        return color.from_working(wide, space, straight=_straight(layer, part))

    def save(self, path: str | os.PathLike[str], compression: str | None = None) -> None:
        """Write the file whole or not at all. Compression and pixel types are the source's.

        Raises: CannotWrite (disk full, read-only, no permission), Unsupported (another format:
            values of one format mean something else in another).
        """
        path = os.fspath(path)
        if not same_format(path, self.path):
            raise Unsupported(
                f"{Path(path).name} is of another format than {Path(self.path).name}.",
                "Keep the format, or write the frame alone with backlot.write.",
            )
        imagewriting.write_parts(path, self.parts, compression)

    def _with_part(self, number: int, part: Part) -> Image:
        parts = list(self.parts)
        parts[number] = part
        return replace(self, parts=tuple(parts))

    def _space(self, layer: Layer, colorspace: str | None) -> str:
        """The colour space of a layer in the file; "" for data."""
        part = self.parts[layer.part]
        if layer.meaning == DATA:
            return ""
        integer = all(np.dtype(each).kind in "ui" for each in part.dtype_of(layer.channels))
        space = color.space_of(
            self.path, part.attributes, integer=integer, explicit=colorspace or self.colorspace
        )
        return "" if color.is_data(space) else space


def read(
    path: str | os.PathLike[str], layer: str = "", colorspace: str | None = None, number: int = 0
) -> Frame:
    """One layer of a picture as a frame: `Image.open` and `Image.frame` in one.

    Of a movie: the frame of that number, counted from 1, or its first.
    """
    if os.fspath(path).lower().endswith(MOVIES):
        from .movie import Movie

        with Movie(path, colorspace=colorspace) as movie:
            return movie.frame(number or movie.start)
    return Image.open(path, colorspace).frame(layer, number=number)


def same_format(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> bool:
    """Whether a file can be written as it was read: all layers, pixel types and attributes."""
    family = {".tiff": ".tif", ".jpeg": ".jpg"}
    first, second = (Path(path).suffix.lower() for path in (a, b))
    return family.get(first, first) == family.get(second, second)


def _windows(spec: Any) -> tuple[Window, Window]:
    data = Window(spec.x, spec.y, spec.width, spec.height)
    return data, Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height)


def _stored(part: Part, layer: Layer) -> Iterator[tuple[Pixels, slice | int]]:
    """Views of a layer's values in the file, and where each belongs in a frame."""
    whole = part.together(layer.channels)
    if whole is not None:
        yield whole, slice(None)
        return
    for i, position in enumerate(layer.channels):
        yield part.channel(position), i


def _straight(layer: Layer, part: Part) -> bool:
    return part.straight and len(layer.names) in (2, 4)


def _converts(layer: Layer, part: Part, space: str) -> bool:
    """Whether the layer's colour differs between the file and the wire."""
    return not color.is_working(space) or _straight(layer, part)


def _tie_colors(changed: npt.NDArray[np.bool_], layer: Layer, with_alpha: bool) -> None:
    """A change of one colour channel is a change of all of that pixel, in place."""
    count = len(layer.names)
    has_alpha = count in (2, 4)
    colors = count - has_alpha
    last = count if has_alpha and with_alpha else colors
    touched = changed[:, :, 0].copy()
    for channel in range(1, last):
        touched |= changed[:, :, channel]
    changed[:, :, :colors] = touched[:, :, None]


def _check_like(frame: Frame, sent: Frame, allowed: npt.NDArray[np.bool_] | None) -> None:
    _check_channels(frame, sent.channels)
    if frame.data_window != sent.data_window:
        raise InvalidInput(
            f"The result is {frame.width}x{frame.height} pixels, the plate is "
            f"{sent.width}x{sent.height}, or lies elsewhere.",
            "Use rescaled() for results of another size.",
        )
    if allowed is not None and allowed.shape != frame.pixels.shape[:2]:
        raise InvalidInput(f"The matte is {allowed.shape}, the plate {frame.pixels.shape[:2]}.")


def _check_channels(frame: Frame, names: tuple[str, ...]) -> None:
    if frame.channels != names:
        raise InvalidInput(
            f"The result has the channels {', '.join(frame.channels)}, "
            f"the layer has {', '.join(names)}."
        )
