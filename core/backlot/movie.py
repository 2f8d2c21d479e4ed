"""Movies in, as frames: exact random access, fast in sequence, with their timecode.

Frames are counted from 1, as Nuke and Blender count them, unless another start is given; the
timecode travels beside the numbers and does not replace them.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

import av

from . import color, yuv
from .declared import REC709, SRGB
from .errors import InvalidInput, MissingFrame, UnreadableFile
from .export import Attribute
from .frame import COLOR, DATA, Frame

# (primaries, transfer) by ITU-T H.273, and what configs call that space. Video made for a
# display and by a camera curve are both tagged 1, 1; Backlot reads it by the camera's curve.
_SPACES: dict[tuple[int, int], tuple[str, ...]] = {
    (1, 1): REC709,
    (1, 6): REC709,
    (1, 4): ("Gamma 2.2 Rec.709 - Texture", "g22_rec709"),
    (1, 8): ("Linear Rec.709 (sRGB)", "lin_rec709"),
    (1, 13): SRGB,
    (12, 13): ("srgb_p3d65", "sRGB Encoded P3-D65 - Texture"),
    (9, 8): ("Linear Rec.2020", "lin_rec2020"),
    (9, 16): ("Rec.2100-PQ - Display", "rec2100_pq_display"),
    (9, 18): ("Rec.2100-HLG - Display", "rec2100_hlg_display"),
}


class Movie:
    """An open movie. Frames may be asked for in any order; in order is fastest.

    start: the number of the first frame. colorspace: what a person said the pixels are in; None:
    what the stream's metadata says.

    Raises: MissingFrame, UnreadableFile.
    """

    def __init__(
        self, path: str | os.PathLike[str], start: int = 1, colorspace: str | None = None
    ) -> None:
        self.path = os.fspath(path)
        self.start = start
        self.colorspace = colorspace
        self._lock = Lock()
        self._container, self._stream = _open(self.path)
        try:
            self._times, self._keys = _index(self._stream, self._container, self.path)
        except BaseException:
            self._container.close()
            raise
        self._decoder: Iterator[Any] | None = None
        self._next = 0
        self._seekable = True

    @property
    def frames(self) -> tuple[int, ...]:
        """The numbers of all frames, in order."""
        return tuple(range(self.start, self.start + len(self._times)))

    @property
    def rate(self) -> float:
        """Frames per second; 0 where the file does not say."""
        return float(self._stream.average_rate or 0)

    def timecode(self, number: int) -> str:
        """hh:mm:ss:ff of a frame (";ff" counts drop frames), "" where the movie has none."""
        first = _first_timecode(self._container)
        if not first or not self._stream.average_rate:
            return ""
        return _advance(first, round(self.rate), number - self.start)

    def attributes(self, number: int) -> tuple[Attribute, ...]:
        """Timecode and rate of a frame, as an image file says them (see `export.write`)."""
        rate = self._stream.average_rate
        if not rate:
            return ()
        told: list[Attribute] = [
            ("FramesPerSecond", "rational2i", (rate.numerator, rate.denominator))
        ]
        if timecode := self.timecode(number):
            told.append(("smpte:TimeCode", "timecode", (_packed(timecode, round(self.rate)), 0)))
        return tuple(told)

    def frame(self, number: int, colorspace: str | None = None) -> Frame:
        """One frame as scene-linear ACEScg float32: RGB, RGBA or Y.

        Range and matrix are the stream's. Alpha, which movies hold straight, is premultiplied.
        Raises: MissingFrame, UnreadableFile, InvalidInput when nobody says the colour space.
        """
        with self._lock:
            picture = self._picture(number)
        explicit = colorspace or self.colorspace
        named = color.space(explicit) if explicit else ""
        rgb = picture.format.is_rgb
        values = yuv.to_rgb(
            picture,
            _matrix_of(picture, bool(named)) if not rgb else 0,
            picture.color_range == yuv.FULL or picture.format.name.startswith("yuvj"),
            centred=self._stream.codec_context.name == "mjpeg",
        )
        space = named or self._space(picture)
        meaning = DATA if color.is_data(space) else COLOR
        if meaning == COLOR:
            values = color.to_working(values, space, straight=values.shape[2] == 4)
        return Frame(
            values,
            ("Y",) if values.shape[2] == 1 else ("R", "G", "B", "A")[: values.shape[2]],
            pixel_aspect=float(self._stream.sample_aspect_ratio or 1) or 1.0,
            meaning=meaning,
            number=number,
        )

    def close(self) -> None:
        self._container.close()

    def __enter__(self) -> Movie:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _picture(self, number: int) -> Any:
        index = number - self.start
        name = Path(self.path).name
        if not 0 <= index < len(self._times):
            last = self.start + len(self._times) - 1
            raise MissingFrame(
                f"{name} has no frame {number}.", f"It has frames {self.start} to {last}."
            )
        try:
            self._seek(index)
            picture = self._decode_to(index)
            if picture is None and self._seekable:
                self._rewind()
                picture = self._decode_to(index)
        except av.FFmpegError as error:
            self._decoder = None
            raise UnreadableFile(f"Frame {number} of {name} is damaged: {error}.") from error
        if picture is None or picture.is_corrupt:
            self._decoder = None
            raise UnreadableFile(f"Frame {number} of {name} cannot be decoded.", "Re-encode it.")
        return picture

    def _seek(self, index: int) -> None:
        """Go to the keyframe before a frame, unless decoding on is at least as near."""
        at = bisect_right(self._keys, index)
        key = self._keys[at - 1] if at else 0
        going = self._decoder is not None and self._next <= index
        if going and (key <= self._next or not self._seekable):
            return
        if not self._seekable:
            self._rewind()
            return
        self._container.seek(self._times[key], stream=self._stream, backward=True)
        self._decoder = self._container.decode(self._stream)

    def _rewind(self) -> None:
        """Start over: for containers whose times are not those of their frames after a seek."""
        self._seekable = False
        self._container.close()
        self._container, self._stream = _open(self.path)
        self._decoder = self._container.decode(self._stream)

    def _decode_to(self, index: int) -> Any:
        """The picture of that place in the movie; None when decoding goes past it."""
        wanted = self._times[index]
        for picture in self._decoder or ():
            if picture.pts is not None and picture.pts >= wanted:
                self._next = index + 1
                return picture if picture.pts == wanted else None
        return None

    def _space(self, picture: Any) -> str:
        name = Path(self.path).name
        hint = "Name it with --colorspace, as in --colorspace camera_rec709."
        tags = (int(picture.color_primaries), int(picture.color_trc))
        if tags not in _SPACES:
            unsaid = yuv.UNSPECIFIED in tags
            raise InvalidInput(
                f"{name} does not say which colour space it is in."
                if unsaid
                else f"{name} is in a colour space (H.273 {tags[0]}, {tags[1]}) that has no name.",
                hint,
            )
        found = color.find(_SPACES[tags])
        if found is None:
            raise InvalidInput(f"{name} is {_SPACES[tags][0]}; the OCIO config lacks it.", hint)
        return found


def _open(path: str) -> tuple[Any, Any]:
    name = Path(path).name
    if not os.path.exists(path):
        raise MissingFrame(f"{name} is not there.", f"Looked for {path}.")
    try:
        container = av.open(path)
    except (av.FFmpegError, OSError) as error:
        raise UnreadableFile(f"{name} is damaged or no movie: {error}.") from error
    if not container.streams.video:
        container.close()
        raise UnreadableFile(f"{name} holds no picture.", "Name a movie with a video track.")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    return container, stream


def _index(stream: Any, container: Any, path: str) -> tuple[list[int], list[int]]:
    """The presentation time of every frame, in order, and which of them start a group."""
    entries = list(stream.index_entries)
    if entries and len(entries) == stream.frames and all(each.is_keyframe for each in entries):
        return [each.timestamp for each in entries], list(range(len(entries)))
    times: dict[int, bool] = {}
    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard:
                if packet.pts is None:
                    raise UnreadableFile(
                        f"{Path(path).name} does not say when its frames are shown.",
                        "Re-encode it, or render an image sequence.",
                    )
                times[packet.pts] = bool(packet.is_keyframe)
    except av.FFmpegError as error:
        raise UnreadableFile(f"{Path(path).name} is damaged: {error}.") from error
    if not times:
        raise UnreadableFile(f"{Path(path).name} has no frames.")
    ordered = sorted(times)
    return ordered, [i for i, time in enumerate(ordered) if times[time]]


def _matrix_of(picture: Any, named: bool) -> int:
    """The stream's matrix. Where it says none and a person named the space: by size, as usual."""
    matrix = int(picture.colorspace)
    if matrix != yuv.UNSPECIFIED or not named:
        return matrix if matrix != yuv.UNSPECIFIED else 1
    return 1 if picture.height >= 720 or picture.width >= 1280 else 6


def _first_timecode(container: Any) -> str:
    sources = [container.metadata, *(stream.metadata for stream in container.streams)]
    return next((str(each["timecode"]) for each in sources if each.get("timecode")), "")


def _advance(timecode: str, rate: int, count: int) -> str:
    """The timecode `count` frames later. Drop frames by SMPTE ST 12-1: 2 a minute per 30."""
    drops = ";" in timecode or "." in timecode
    hours, minutes, seconds, frames = (
        int(part) for part in timecode.replace(";", ":").replace(".", ":").split(":")
    )
    total = ((hours * 60 + minutes) * 60 + seconds) * rate + frames
    skip = round(rate / 15) if drops else 0
    minute = rate * 60 - skip
    ten = minute * 10 + skip
    if drops:
        passed = hours * 60 + minutes
        total -= skip * (passed - passed // 10)
    total = (total + count) % (ten * 144 if drops else rate * 86400)
    if drops:
        tens, rest = divmod(total, ten)
        total += skip * 9 * tens + (skip * ((rest - skip) // minute) if rest >= skip else 0)
    frames, total = total % rate, total // rate
    mark = ";" if drops else ":"
    return f"{total // 3600 % 24:02}:{total // 60 % 60:02}:{total % 60:02}{mark}{frames:02}"


def _packed(timecode: str, rate: int) -> int:
    """A timecode as OpenEXR and DPX hold it: SMPTE ST 12-1, two decimal digits a byte.

    Over 30 frames a second it counts pairs of frames, and bit 15 says which of the two it is.
    """
    *larger, frame = (int(part) for part in timecode.replace(";", ":").replace(".", ":").split(":"))
    second = rate > 30 and frame % 2
    digits = "".join(f"{part:02}" for part in (*larger, frame // 2 if rate > 30 else frame))
    drops = ";" in timecode or "." in timecode
    return int(digits, 16) | (drops << 6) | (bool(second) << 15)
