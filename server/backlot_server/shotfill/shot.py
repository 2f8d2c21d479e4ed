"""The frames of a shot as the fill sees them: read once, as codes, within bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from backlot.errors import InvalidInput, MissingFrame, NotFound, UnreadableFile
from backlot.frame import Frame, Window

from ..encoding import encoded
from ..job import Job
from ..membrane import Mask, Values
from ..roles import Roles, roles
from .passes import depth_pass, vector_pass

CURVE = "srgb"
NEAR = 8
"""All frames within so many of a target are its sources."""
FAR = 48
"""Beyond them, up to here, those whose number can be divided by NEAR."""
CODES_BYTES = 400 << 20
LOOKS_BYTES = 500 << 20
_LOCAL = 33
_FLAT = 0.02
_MOST_CODE = 60000.0
_GAP = 4

Cover = Callable[[int, Frame], Values]


@dataclass(frozen=True)
class Look:
    """What registration needs of a frame.

    window: its data window. clean: what lies behind the matte is known here: an approved frame
    took its place. gray: (height, width) uint8, local contrast evened out, so that light
    that changes does not matter. away: (height, width) uint8, pixels to the nearest one that is
    covered by the matte or not finite, 255 at most; 0 where that is so itself. small: a thumbnail
    of its codes. cover: see `covered`, packed.
    """

    number: int
    window: Window
    clean: bool
    gray: npt.NDArray[np.uint8]
    away: npt.NDArray[np.uint8]
    small: Values
    cover: npt.NDArray[np.uint8]

    @property
    def bytes(self) -> int:
        return int(self.gray.nbytes + self.away.nbytes + self.cover.nbytes)

    @property
    def covered(self) -> Mask:
        """(height, width): by the matte, grown and feathered, unless an approved frame says what is
        there."""
        shape = self.gray.shape
        return np.unpackbits(self.cover, count=shape[0] * shape[1]).reshape(shape).astype(bool)


@dataclass(frozen=True)
class Codes:
    """The pixels of a frame. smooth: (height, width, channels) float16, colours on the sRGB curve,
    all else as it is; exact: what is never interpolated, in the plate's own type, or None. depth,
    vectors: as passes.py reads them, float32, or None where there are none.
    """

    smooth: npt.NDArray[np.float16]
    exact: npt.NDArray[Any] | None
    depth: Values | None = None
    vectors: Values | None = None

    @property
    def bytes(self) -> int:
        every = (self.smooth, self.exact, self.depth, self.vectors)
        return sum(int(each.nbytes) for each in every if each is not None)


class Shot:
    """The frames that one job may see. Nothing in it depends on which frames the job makes."""

    def __init__(self, job: Job, cover: Cover) -> None:
        self._job, self._cover = job, cover
        self._looks: OrderedDict[int, Look | None] = OrderedDict()
        self._codes: OrderedDict[int, Codes] = OrderedDict()
        self._format: tuple[int, tuple[int, int], tuple[str, ...]] | None = None
        self.parts: Roles | None = None
        self.display = Window(0, 0, 1, 1)
        self.target = 0
        """The frame that is being made: its pixels stay in shared memory until it is."""
        self.kept: dict[Any, Any] = {}
        """What other modules keep of frames and pairs: small, and the same for every order."""

    def check(self) -> None:
        """Raise Cancelled when somebody asked for it."""
        self._job.check()

    @property
    def middle(self) -> tuple[float, float]:
        """Where the axis of the lens meets the picture, in the one coordinate system."""
        display = self.display
        return display.x + (display.width - 1) / 2, display.y + (display.height - 1) / 2

    def look(self, number: int) -> Look | None:
        """None where plate or matte is missing. InvalidInput where the format changes."""
        if number not in self._looks:
            self._load(number)
        self._looks.move_to_end(number)
        return self._looks[number]

    def codes(self, number: int) -> Codes:
        """Only of frames that have a look."""
        if number not in self._codes:
            self._load(number)
        self._codes.move_to_end(number)
        return self._codes[number]

    def neighbours(self, number: int) -> list[int]:
        """The frames within reach that exist, in order; ends where several in a row are missing."""
        found = [number]
        for step in (-1, 1):
            missing = 0
            for away in range(1, FAR + 1):
                if self.look(number + step * away) is None:
                    missing += 1
                    if missing == _GAP:
                        break
                else:
                    missing = 0
                    found.append(number + step * away)
        return sorted(found)

    def moves(self, number: int) -> bool:
        """Whether there is a shot around a frame: other frames, that are not the same picture.

        A still that a caller gives for every number is none.
        """
        look = self.look(number)
        if look is None:
            return False
        others = [self.look(number + away) for away in (-1, 1, -2, 2, FAR // 2)]
        there = [other for other in others if other is not None]
        return any(
            not (np.array_equal(one.gray, look.gray) and np.array_equal(one.away, look.away))
            for one in there
        )

    def _load(self, number: int) -> None:
        self._job.check()
        try:
            source = self._read("source", number)
            self._same_format(number, source)
            cover = self._covered(number, source)
        except (MissingFrame, UnreadableFile, NotFound):
            self._looks[number] = None
            self._release(number)
            return
        look, codes = _seen(source, number, cover, self._approved(number, source))
        depth = self._pass("depth", number, source, depth_pass)
        vectors = self._pass("vectors", number, source, vector_pass)
        codes = replace(codes, depth=depth, vectors=vectors)
        self._looks[number], self._codes[number] = look, codes
        self._release(number)
        _within(self._looks, LOOKS_BYTES)
        _within(self._codes, CODES_BYTES)

    def _covered(self, number: int, source: Frame) -> Values:
        """The matte; one that does not fit fails its own frame, and is missing for the others."""
        try:
            return self._cover(number, source)
        except InvalidInput as error:
            if number == self.target:
                raise
            raise MissingFrame(error.sentence, error.hint) from error

    def _approved(self, number: int, source: Frame) -> Frame | None:
        """The clean frame of that number, if there is one."""
        if "clean" not in self._job.inputs:
            return None
        try:
            clean = self._read("clean", number)
        except (MissingFrame, UnreadableFile, NotFound):
            return None
        return over(clean, source)

    def _pass(
        self, name: str, number: int, source: Frame, read: Callable[[Frame], Values]
    ) -> Values | None:
        """What a renderer told of a frame, over the plate's data window; NaN outside its own."""
        if name not in self._job.inputs:
            return None
        try:
            frame = self._read(name, number)
        except (MissingFrame, UnreadableFile, NotFound):
            return None
        ours, theirs = source.display_window, frame.display_window
        if (ours.width, ours.height) != (theirs.width, theirs.height):
            raise InvalidInput(
                f"The {name} is {theirs.width}x{theirs.height}, the plate is "
                f"{ours.width}x{ours.height}.",
                "Give passes of the plate's size.",
            )
        values = read(frame)
        if frame.data_window == source.data_window:
            return values
        shape = source.data_window.height, source.data_window.width, *values.shape[2:]
        whole = np.full(shape, np.nan, np.float32)
        common = source.data_window.intersect(frame.data_window)
        if common is not None:
            here, there = _part(common, source.data_window), _part(common, frame.data_window)
            whole[here] = values[there]
        return whole

    def _read(self, name: str, number: int) -> Frame:
        frame = self._job.read(name, number)
        if frame.number != number:  # a caller with one picture, which it gives for any number
            raise MissingFrame(f"There is only one frame of the {name}.")
        return frame

    def _release(self, number: int) -> None:
        if number != self.target:
            for name in {"source", "matte", "clean", "depth", "vectors"} & self._job.inputs | {
                "source"
            }:
                self._job.release(name, number)

    def _same_format(self, number: int, source: Frame) -> None:
        size = source.display_window.width, source.display_window.height
        if self._format is None:
            self._format = number, size, source.channels
            self.display = source.display_window
            self.parts = roles(source)
        first, common, channels = self._format
        if size != common:
            raise InvalidInput(
                f"Frame {number} is {size[0]}x{size[1]}, frame {first} is {common[0]}x{common[1]}.",
                "Fill each part of one format by itself.",
            )
        if source.channels != channels:
            raise InvalidInput(
                f"Frame {number} has other channels than frame {first}.",
                "Fill frames of the same channels together.",
            )


def _within(kept: OrderedDict[int, Any], limit: int) -> None:
    used = sum(each.bytes for each in kept.values() if each is not None)
    while used > limit and len(kept) > 2:
        _, oldest = kept.popitem(last=False)
        used -= 0 if oldest is None else oldest.bytes


def colours(parts: Roles) -> list[int]:
    return sorted({channel for layer in parts.color for channel in layer})


def smooth(parts: Roles, count: int) -> list[int]:
    """The channels that may be interpolated."""
    return [channel for channel in range(count) if channel not in parts.exact]


def coded(pixels: npt.NDArray[Any], parts: Roles) -> tuple[Values, Mask]:
    """The smooth channels as codes, 0 where not finite, and whether all of them are finite.

    Args: pixels (height, width, channels). Returns: (height, width, smooth), (height, width).
    """
    chosen = smooth(parts, pixels.shape[2])
    values = np.asarray(pixels[:, :, chosen], np.float32)
    finite: Mask = np.asarray(np.isfinite(values).all(axis=2))
    if not finite.all():
        values[~finite] = 0.0
    at = [chosen.index(channel) for channel in colours(parts)]
    values[:, :, at] = encoded(values[:, :, at], CURVE)
    return values, finite


def over(clean: Frame, source: Frame) -> Frame:
    """An approved frame as large as the plate, in its channels and its data window."""
    ours, theirs = source.display_window, clean.display_window
    if (ours.width, ours.height) != (theirs.width, theirs.height):
        raise InvalidInput(
            f"The clean frame is {theirs.width}x{theirs.height}, the plate is "
            f"{ours.width}x{ours.height}.",
            "Give clean frames of the plate's size.",
        )
    missing = [name for name in source.channels if name not in clean.channels]
    pixels = source.pixels.astype(np.float32)
    common = source.data_window.intersect(clean.data_window)
    if common is not None:
        here, there = _part(common, source.data_window), _part(common, clean.data_window)
        for at, name in enumerate(source.channels):
            if name not in missing:
                pixels[here][:, :, at] = clean.pixels[there][:, :, clean.channels.index(name)]
    return source.with_pixels(pixels)


def _part(part: Window, whole: Window) -> tuple[slice, slice]:
    return np.s_[part.y - whole.y : part.y_end - whole.y, part.x - whole.x : part.x_end - whole.x]


def _seen(source: Frame, number: int, cover: Values, clean: Frame | None) -> tuple[Look, Codes]:
    parts = roles(source)
    pixels, covered = source.pixels, cover > 0
    if clean is not None:
        pixels = np.where(covered[:, :, None], clean.pixels, pixels)
        covered = np.zeros_like(covered)
    values, finite = coded(pixels, parts)
    np.clip(values, -_MOST_CODE, _MOST_CODE, out=values)
    known = (finite & ~covered).astype(np.uint8)
    near = np.full(known.shape, 255, np.uint8)
    if not known.all():
        away = cv2.distanceTransform(known, cv2.DIST_L2, 3)
        near = np.ceil(np.minimum(away, 255)).astype(np.uint8)
    listed = smooth(parts, pixels.shape[2])
    lead = [listed.index(channel) for channel in (*parts.color, tuple(listed))[0]]
    plane = np.clip(values[:, :, lead].mean(axis=2), -1, 4)
    small = cv2.resize(plane, (48, 27), interpolation=cv2.INTER_AREA)
    look = Look(number, source.data_window, clean is not None, _evened(plane), near, small,
                np.packbits(covered))  # fmt: skip
    exact = np.ascontiguousarray(pixels[:, :, list(parts.exact)]) if parts.exact else None
    return look, Codes(values.astype(np.float16), exact)


def _evened(plane: Values) -> npt.NDArray[np.uint8]:
    mean = cv2.blur(plane, (_LOCAL, _LOCAL))
    square = cv2.blur(plane * plane, (_LOCAL, _LOCAL))
    deviation = np.sqrt(np.maximum(square - mean * mean, 0))
    even = 128 + 48 * (plane - mean) / (deviation + np.float32(_FLAT))
    return np.asarray(np.clip(even, 0, 255), np.uint8)
