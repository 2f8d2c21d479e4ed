"""Files as OpenImageIO has them: parts with their own pixel types, read and written bit for bit.

Nothing here knows colour. Colour functions of OpenImageIO are never used: see color.py.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813

from .atomic import atomic, cannot_write
from .errors import (
    BacklotError,
    CannotWrite,
    InvalidInput,
    MissingFrame,
    TooLarge,
    UnreadableFile,
    Unsupported,
)
from .frame import Frame, Pixels
from .layers import Header

MAX_SIDE = 65536
MAX_CHANNELS = 1024

# Files up to this many bytes of pixels are encoded in memory before they go to disk.
STAGED = 256 << 20
WRITABLE = (".exr", ".tif", ".tiff", ".png", ".dpx", ".jpg", ".jpeg")
_SMALL = (".png", ".jpg", ".jpeg")
_EXR = ("none", "rle", "zip", "zips", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab")
_TIFF = ("none", "lzw", "zip", "packbits")
_COMPRESSIONS = {
    ".exr": _EXR,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".jpg": ("jpeg",),
    ".jpeg": ("jpeg",),
}
_BAND = 1024

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
    with _opened(path) as source:
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
def _opened(path: str) -> Iterator[Any]:
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
    with _opened(part.path) as source:
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


def write_parts(path: str, parts: Sequence[Part], compression: str | None = None) -> None:
    """Write a whole file or nothing: temporary name in the same folder, fsync, rename.

    Raises: CannotWrite, Unsupported (a format that cannot hold these pixel types), InvalidInput.
    """
    check_writable(path, compression)
    target = Path(path)
    sink = oiio.ImageOutput.create(target.name)
    if sink is None:
        raise no_such_format(path)
    specs = [_spec_for(sink, part, compression) for part in parts]
    if len(parts) > 1 and not sink.supports("multiimage"):
        raise Unsupported(f"{target.name} cannot hold {len(parts)} parts.", "Write OpenEXR.")
    raw = sum(part.spec.image_bytes() for part in parts)
    small = raw <= STAGED or target.suffix.lower() in _SMALL
    in_memory = small and hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd")
    with atomic(target) as temporary:
        if in_memory:
            _write_staged(sink, temporary, target, parts, specs)
        else:
            _write(sink, temporary, target, parts, specs)
            _read_back(temporary, target)


def check_writable(path: str | os.PathLike[str], compression: str | None = None) -> None:
    """Whether a file of this name can be written, by its ending.

    compression: a name that the format knows, with a level after a colon or without: "dwaa:100".
    Raises: Unsupported (the format), InvalidInput (the compression).
    """
    name, suffix = Path(path).name, Path(path).suffix.lower()
    if suffix not in WRITABLE:
        raise no_such_format(name)
    known = _COMPRESSIONS.get(suffix, ())
    if compression and compression.partition(":")[0] not in known:
        choice = f"Use {', '.join(known)}." if known else "Its format has only one: name none."
        raise InvalidInput(f"{name} cannot be compressed with {compression!r}.", choice)


def no_such_format(path: str) -> Unsupported:
    return Unsupported(
        f"{Path(path).name} is of a format that cannot be written.",
        "Use .exr, .tif, .png, .dpx or .jpg.",
    )


def _write_staged(
    sink: Any, temporary: str, target: Path, parts: Sequence[Part], specs: list[Any]
) -> None:
    """Encode into memory, then copy to disk where every error of the disk is seen.

    OpenImageIO's writers say that all is well when the last buffer did not fit the disk, PNG's
    says so always, and JPEG's ends the process.
    """
    staged = os.memfd_create(target.name)
    try:
        _write(sink, f"/proc/self/fd/{staged}", target, parts, specs)
        size = os.fstat(staged).st_size
        if size >= _file_limit():
            raise OSError(errno.EFBIG, "")
        done = 0
        descriptor = os.open(temporary, os.O_WRONLY)
        try:
            while done < size:
                done += os.sendfile(descriptor, staged, done, size - done)
        finally:
            os.close(descriptor)
    finally:
        os.close(staged)


def _file_limit() -> float:
    """The largest file that this process may write; a staged file of that size is cut short."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return float("inf") if limit == resource.RLIM_INFINITY else limit


def _write(
    sink: Any, temporary: str, target: Path, parts: Sequence[Part], specs: list[Any]
) -> None:
    opened = sink.open(temporary, specs[0] if len(specs) == 1 else tuple(specs))
    for number, (part, spec) in enumerate(zip(parts, specs, strict=True)):
        if number and opened:
            opened = sink.open(temporary, spec, "AppendSubimage")
        if not opened or not sink.write_image(_interleaved(part)):
            reason = sink.geterror()
            sink.close()
            raise _unwritable(target, reason)
    if not sink.close():
        raise _unwritable(target, sink.geterror())


def _read_back(temporary: str, target: Path) -> None:
    """Decode a large file once: where it cannot be staged, that shows a tail that is lost."""
    lost = "what is on disk is not what was written"
    try:
        parts = read_parts(temporary)
        with _opened(temporary) as source:
            for part in parts:
                for y in range(0, part.spec.height, _BAND):
                    if not _readable(source, part, y, min(y + _BAND, part.spec.height)):
                        source.geterror()
                        raise _unwritable(target, lost)
    except UnreadableFile as error:
        raise _unwritable(target, lost) from error


def _readable(source: Any, part: Part, y: int, end: int) -> bool:
    top, left = part.spec.y, part.spec.x
    if part.spec.tile_width:
        right = left + part.spec.width
        window = (left, right, top + y, top + end)
        return source.read_tiles(part.number, 0, *window, 0, 1, 0, 1, "half") is not None
    return source.read_scanlines(part.number, 0, top + y, top + end, 0, 0, 1, "half") is not None


def _interleaved(part: Part) -> Pixels:
    """All channels in one array; half beside float as float, which holds every half exactly."""
    if len(part.blocks) == 1:
        return np.ascontiguousarray(part.blocks[0])
    pixels = np.empty((part.spec.height, part.spec.width, part.spec.nchannels), np.float32)
    for run, block in zip(part.runs, part.blocks, strict=True):
        if np.dtype(run.dtype) not in (np.float16, np.float32):
            raise Unsupported(
                f"Channel {part.spec.channelnames[run.begin]} holds integers beside floats.",
                "Keep integer ids in a part of their own.",
            )
        pixels[:, :, run.begin : run.end] = block
    return pixels


def _spec_for(sink: Any, part: Part, compression: str | None) -> Any:
    """The part's description for writing, without what OpenImageIO would make up."""
    spec, exr = oiio.ImageSpec(part.spec), sink.format_name() == "openexr"
    if compression:
        spec["compression"] = compression
        if compression != "none":
            spec.erase_attribute("acesImageContainerFlag")  # such a file is never compressed
    method = spec.get_string_attribute("compression", "zip")
    if exr and method in ("zip", "zips"):
        spec["compression"] = f"{method}:1"  # a quarter less processor time, 1 to 6 % more bytes
    spec.erase_attribute("textureformat")  # smaller copies for textures are not kept
    if exr:
        spec.erase_attribute("openexr:chunkCount")
        if spec.getattribute("DateTime") is None:
            # The writer stamps the time on files that have none; of another type it is left out.
            spec.attribute("DateTime", "float[2]", (0.0, 0.0))
    return spec


def _unwritable(target: Path, reason: str) -> BacklotError:
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        if os.strerror(number) in reason:
            return cannot_write(target, OSError(number, ""))
    with suppress(OSError, AttributeError):
        room = os.statvfs(target.parent)
        if room.f_bavail * room.f_frsize < 1 << 20:
            return cannot_write(target, OSError(errno.ENOSPC, ""))
    lines = [line for line in reason.splitlines() if "/" not in line]
    text = lines[0].strip().rstrip(".") if lines else "the writer failed"
    return CannotWrite(f"{target.name} cannot be written: {text}.")
