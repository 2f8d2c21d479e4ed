"""Whole files or none: parts written bit for bit, and every error of the disk seen.

Nothing here knows colour, see imagefile.py.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813

from .atomic import atomic, cannot_write
from .errors import BacklotError, CannotWrite, InvalidInput, UnreadableFile, Unsupported
from .frame import Pixels
from .imagefile import Part, opened, read_parts

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
        with opened(temporary) as source:
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
