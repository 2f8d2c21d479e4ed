"""The frames of a shot as the fill sees them: read once, as codes, within bounded memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from backlot.errors import InvalidInput, MissingFrame, NotFound, UnreadableFile
from backlot.frame import Frame, Window

from ..job import Job
from ..membrane import Values
from ..roles import Roles, roles
from .look import Codes, Look, looked, looked_again
from .passes import depth_pass, vector_pass

NEAR = 8
"""All frames within so many of a target are its sources."""
FAR = 48
"""Beyond them, up to here, those whose number can be divided by NEAR."""
CODES_BYTES = 400 << 20
LOOKS_BYTES = 340 << 20
"""At 1920x1080 those of 77 frames: of about 65 the next frame needs them again. Of larger frames so
much more is kept as they are larger, but no more than a part of the machine's memory."""
HD, PART = 1920 * 1080, 6
_GAP = 4

Cover = Callable[[int, Frame], Values]


class Shot:
    """The frames that one job may see. Nothing in it depends on which frames the job makes."""

    def __init__(self, job: Job, cover: Cover) -> None:
        self._job, self._cover = job, cover
        self._looks: OrderedDict[int, Look | None] = OrderedDict()
        self._codes: OrderedDict[int, Codes] = OrderedDict()
        self._there: dict[int, bool] = {}
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

    def tell(self, doing: str) -> None:
        """What takes long now, for people. Of the first frames, whose neighbours have to be looked
        at, it says nothing to call a part of them done: the rest goes much faster."""
        self._job.progress(self.target, 0.0, doing)

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
        """Only of frames that have a look. MissingFrame where it is gone since."""
        if number not in self._codes:
            self._read_again(number)
        self._codes.move_to_end(number)
        return self._codes[number]

    def neighbours(self, number: int) -> list[int]:
        """The frames within reach that exist, in order; ends where several in a row are missing."""
        found = [number]
        for step in (-1, 1):
            ahead = range(number + step, number + step * (FAR + 1), step)
            waiting = _Waiting(self, sum(other not in self._there for other in ahead))
            missing = 0
            for other in ahead:
                new = other not in self._there
                if self._is_there(other):
                    missing = 0
                    found.append(other)
                else:
                    missing += 1
                    if missing == _GAP:
                        break
                if new:
                    waiting.one_more()
        return sorted(found)

    def _is_there(self, number: int) -> bool:
        """Whether a frame has a look, which may have had to go since it was read."""
        if number not in self._there:
            self._there[number] = self.look(number) is not None
        return self._there[number]

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
        look, codes = looked(source, number, cover, self._approved(number, source))
        self._looks[number] = look
        _within(self._looks, LOOKS_BYTES * self._larger)
        self._keep(number, source, codes)

    def _read_again(self, number: int) -> None:
        """The pixels of a frame that has a look."""
        look = self.look(number)
        if look is None or number in self._codes:
            return
        self._job.check()
        source = self._read("source", number)
        if look.clean:
            clean = self._approved(number, source)
            codes = looked_again(source, self._covered(number, source), clean)
        else:
            codes = looked_again(source)
        self._keep(number, source, codes)

    def _keep(self, number: int, source: Frame, codes: Codes) -> None:
        depth = self._pass("depth", number, source, depth_pass)
        vectors = self._pass("vectors", number, source, vector_pass)
        self._codes[number] = replace(codes, depth=depth, vectors=vectors)
        self._release(number)
        _within(self._codes, CODES_BYTES * self._larger)

    @property
    def _larger(self) -> float:
        """How much more than of 1920x1080 is kept."""
        import psutil

        most = float(psutil.virtual_memory().total) / PART / (LOOKS_BYTES + CODES_BYTES)
        return max(1.0, min(self.display.width * self.display.height / HD, most))

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
        if not np.isfinite(values).any():
            self._warn_empty(name, number)
            return None
        if frame.data_window == source.data_window:
            return values
        shape = source.data_window.height, source.data_window.width, *values.shape[2:]
        whole = np.full(shape, np.nan, np.float32)
        common = source.data_window.intersect(frame.data_window)
        if common is not None:
            here, there = _part(common, source.data_window), _part(common, frame.data_window)
            whole[here] = values[there]
        return whole

    def _warn_empty(self, name: str, number: int) -> None:
        """Say once that a pass tells nothing: it is then taken as one that is not there."""
        if self.kept.setdefault(f"empty {name}", number) == number:
            self._job.warn(
                self.target,
                f"The {name} of frame {number} is empty (0, negative or not a number): "
                "such frames are filled as without it.",
            )

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


class _Waiting:
    """Tells how long reading frames will take, by how long the first of them took."""

    def __init__(self, shot: Shot, count: int) -> None:
        self._shot, self._count = shot, count
        self._done, self._start = 0, time.monotonic()

    def one_more(self) -> None:
        self._done += 1
        if self._count > 1:
            each = (time.monotonic() - self._start) / self._done
            left = round(each * (self._count - self._done))
            so_far = f"{self._done} of {self._count}"
            self._shot.tell(f"looking at the frames around it: {so_far}, about {left} s left")


def _within(kept: OrderedDict[int, Any], limit: float) -> None:
    used = sum(each.bytes for each in kept.values() if each is not None)
    while used > limit and len(kept) > 2:
        _, oldest = kept.popitem(last=False)
        used -= 0 if oldest is None else oldest.bytes


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
