"""Files as OpenImageIO has them: parts with their own pixel types, read bit for bit.

Nothing here knows colour. Colour functions of OpenImageIO are never used: see color.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813

from .errors import (
    MissingFrame,
    TooLarge,
    UnreadableFile,
    Unsupported,
)
from .frame import Frame, Pixels
from .layers import Header

MAX_SIDE = 65536
MAX_CHANNELS = 1024

_DTYPES: dict[str, Any] = {
    "uint8": np.uint8,
    "int8": np.int8,
    "uint16": np.uint16,
    "int16": np.int16,
    "uint": np.uint32,
    "int": np.int32,
    "half": np.float16,
    "float": np.float32,
    "double": np.float64,
}
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}

_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

# Its own default counts all cores of the machine, not those that we may use.
oiio.attribute("threads", _CORES)
oiio.attribute("exr_threads", _CORES)
# A picture of 32768 pixels a side in four float channels is the most that is read.
oiio.attribute("limits:imagesize_MB", 1 << 14)
oiio.attribute("limits:channels", MAX_CHANNELS)
oiio.attribute("limits:resolution", MAX_SIDE)


@dataclass(frozen=True)
class Run:
    """Neighbouring channels of one pixel type: positions begin to end, end not included."""

    begin: int
    end: int
    dtype: Any


@dataclass(frozen=True, eq=False)
class Part:
    """One part (subimage) of a file.

    spec: OpenImageIO's description; runs: its channels by pixel type; blocks: their pixels,
    (height, width, end - begin) each, read when first asked for.
    """

    path: str
    number: int
    spec: Any
    runs: tuple[Run, ...]
    _blocks: list[Pixels] = field(default_factory=list)
    _asked: set[tuple[int, ...]] = field(default_factory=set)

    @property
    def blocks(self) -> list[Pixels]:
        if not self._blocks:
            self._blocks[:] = _read_blocks(self)  # two threads may both read, and agree
        return self._blocks

    @property
    def straight(self) -> bool:
        """Whether alpha is not premultiplied into the file's colour."""
        return bool(self.spec.get_int_attribute("oiio:UnassociatedAlpha", 0))

    @property
    def attributes(self) -> dict[str, Any]:
        return {each.name: each.value for each in self.spec.extra_attribs}

    def header(self) -> Header:
        kept = self.attributes
        views = kept.get("multiView") or ()
        return Header(
            channels=tuple(self.spec.channelnames),
            name=str(kept.get("oiio:subimagename") or kept.get("name") or ""),
            view=str(kept.get("view") or ""),
            views=(views,) if isinstance(views, str) else tuple(views),
            cryptomattes=tuple(
                str(value)
                for name, value in kept.items()
                if name.startswith("cryptomatte/") and name.endswith("/name")
            ),
        )

    def dtype_of(self, channels: Sequence[int]) -> list[Any]:
        return [
            np.dtype(run.dtype) for c in channels for run in self.runs if run.begin <= c < run.end
        ]

    def channel(self, position: int) -> Pixels:
        """One channel, (height, width), of its own pixel type. A view of the block."""
        for run, block in zip(self.runs, self.blocks, strict=True):
            if run.begin <= position < run.end:
                return block[:, :, position - run.begin]
        raise IndexError(position)

    def together(self, channels: Sequence[int]) -> Pixels | None:
        """Channels, (height, width, n), as a view of their block; None where they are scattered."""
        first, last = channels[0], channels[-1]
        if list(channels) != list(range(first, last + 1)):
            return None
        for run, block in zip(self.runs, self.blocks, strict=True):
            if run.begin <= first and last < run.end:
                return block[:, :, first - run.begin : last + 1 - run.begin]
        return None

    def lean(self, channels: tuple[int, ...]) -> Part:
        """This part for reading a few of its channels, without keeping all the others in memory.

        A file of sixty channels is opened for one matte, or read ahead for its beauty alone. Who
        asks for further channels gets the whole part, read once and kept.
        """
        few = 2 * len(channels) <= self.spec.nchannels
        if self._blocks or not few or self._asked - {channels}:
            return self
        self._asked.add(channels)
        first, last = min(channels), max(channels) + 1
        runs = tuple(
            Run(max(run.begin, first), min(run.end, last), run.dtype)
            for run in self.runs
            if run.begin < last and first < run.end
        )
        return replace(self, runs=runs, _blocks=[])

    def with_blocks(self, blocks: list[Pixels], spec: Any = None) -> Part:
        return replace(self, spec=spec or self.spec, _blocks=blocks, _asked=set())


def read_parts(path: str) -> tuple[Part, ...]:
    """The parts of a file; their pixels are read when first asked for.

    Raises: MissingFrame, UnreadableFile, Unsupported (deep), TooLarge.
    """
    with opened(path) as source:
        parts: list[Part] = []
        while source.seek_subimage(len(parts), 0):
            spec = oiio.ImageSpec(source.spec())
            _check(path, spec)
            parts.append(Part(path, len(parts), spec, runs_of(spec)))
        source.geterror()
    return tuple(parts)


def resized(spec: Any, frame: Frame) -> Any:
    """A copy of a description with the windows and pixel aspect of a frame."""
    spec = oiio.ImageSpec(spec)
    window, display = frame.data_window, frame.display_window
    spec.x, spec.y, spec.width, spec.height = window.x, window.y, window.width, window.height
    spec.full_x, spec.full_y = display.x, display.y
    spec.full_width, spec.full_height = display.width, display.height
    spec["PixelAspectRatio"] = float(frame.pixel_aspect)
    return spec


def runs_of(spec: Any) -> tuple[Run, ...]:
    formats = [str(f) for f in spec.channelformats] or [str(spec.format)] * spec.nchannels
    runs: list[Run] = []
    for position, name in enumerate(formats):
        dtype = np.dtype(_DTYPES[name])
        if runs and runs[-1].dtype == dtype:
            runs[-1] = replace(runs[-1], end=position + 1)
        else:
            runs.append(Run(position, position + 1, dtype))
    return tuple(runs)


@contextmanager
def opened(path: str) -> Iterator[Any]:
    name = Path(path).name
    try:
        size = os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFrame(f"{name} is not there.", f"Looked for {path}.") from error
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be read: {error.strerror}.") from error
    if os.path.isdir(path):
        raise UnreadableFile(f"{name} is a folder, not an image.", "Name a file or a sequence.")
    if not os.access(path, os.R_OK):
        raise UnreadableFile(f"{name} cannot be read: no permission.", "Ask for read permission.")
    if size == 0:
        raise UnreadableFile(f"{name} is empty (0 bytes).", "Render or copy this frame again.")
    hints = oiio.ImageSpec()
    hints["oiio:UnassociatedAlpha"] = 1
    source = oiio.ImageInput.open(path, hints)
    if source is None:
        raise _unreadable(path, oiio.geterror())
    try:
        yield source
    finally:
        source.close()


def _check(path: str, spec: Any) -> None:
    name = Path(path).name
    if spec.deep:
        raise Unsupported(f"{name} is a deep image.", "Flatten it to RGBA first (DeepToImage).")
    if spec.depth > 1:
        raise Unsupported(f"{name} is a volume, not a picture.")
    if max(spec.width, spec.height) > MAX_SIDE or spec.nchannels > MAX_CHANNELS:
        raise TooLarge(
            f"{name} has {spec.width}x{spec.height} pixels in {spec.nchannels} channels.",
            f"The limit is {MAX_SIDE} pixels a side and {MAX_CHANNELS} channels.",
        )


def _read_blocks(part: Part) -> list[Pixels]:
    name = Path(part.path).name
    blocks: list[Pixels] = []
    with opened(part.path) as source:
        for run in part.runs:
            try:
                read = source.read_image(
                    part.number, 0, run.begin, run.end, _NAMES[np.dtype(run.dtype)]
                )
            except MemoryError as error:
                raise TooLarge(f"{name} does not fit into memory.") from error
            reason = source.geterror()
            if read is None or reason:
                raise _unreadable(part.path, reason)
            shape = (part.spec.height, part.spec.width, run.end - run.begin)
            blocks.append(np.ascontiguousarray(read).reshape(shape))
    return blocks


def _unreadable(path: str, reason: str) -> UnreadableFile:
    name = Path(path).name
    error = UnreadableFile(
        f"{name} is damaged, cut short or of an unknown format.",
        "Render or copy this frame again.",
    )
    error.__cause__ = OSError(reason.strip())  # in the library's words, for BACKLOT_DEBUG=1
    return error
