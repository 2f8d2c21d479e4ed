"""A character's mattes, from whatever a show has: one frame with a channel for each region."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import cryptomatte, pixeltypes
from ..errors import InvalidInput, MissingFrame, NotFound
from ..frame import DATA, Frame, Window
from ..imagefile import Part
from ..matte import coverage
from ..media import Image
from ..sequence import Sequence as Files

ALL = "A"
"""The channel of all regions together: where a correction may change the picture."""


@dataclass(frozen=True)
class Mattes:
    """Where a shot's mattes are.

    pattern: files in any notation; with "{region}" in it a file for each region; else files whose
    layers or channels are called as the regions, or with Cryptomatte, or with one alpha for the
    whole character. regions: names, each with those it has in a Cryptomatte (none: its own).
    """

    pattern: str
    regions: Mapping[str, Sequence[str]]

    def paths(self, number: int) -> tuple[Path, ...]:
        """The files of a frame that are there."""
        named = self._by_region(number).values() if self._split else [self._path("", number)]
        return tuple(path for path in named if path.exists())

    def frame(self, number: int) -> Frame:
        """Coverage of each region, float16, 0 to 1, on one data window; "A" is all of them.

        Regions that are not in the frame's mattes have no channel. One matte of the whole
        character has "A" alone.

        Raises: MissingFrame, UnreadableFile, NotFound (files that have none of the regions).
        """
        found = self._split_files(number) if self._split else self._one_file(number)
        return _together(found, number)

    @property
    def _split(self) -> bool:
        return "{region}" in self.pattern

    def _path(self, region: str, number: int) -> Path:
        return Path(Files.parse(self.pattern.replace("{region}", region)).path(number))

    def _by_region(self, number: int) -> dict[str, Path]:
        return {region: self._path(region, number) for region in self.regions}

    def _split_files(self, number: int) -> dict[str, Frame]:
        there = {name: path for name, path in self._by_region(number).items() if path.exists()}
        if not there:
            raise MissingFrame(
                f"Frame {number} has no mattes: nothing is at {self.pattern}.",
                "Write a matte for each region, or correct the shot list.",
            )
        return {name: Image.open(path).frame("", "data", number) for name, path in there.items()}

    def _one_file(self, number: int) -> dict[str, Frame]:
        image = Image.open(self._path("", number))
        named = {region: _called(image, region, number) for region in self.regions}
        if any(named.values()):
            return {region: frame for region, frame in named.items() if frame is not None}
        if cryptomatte.cryptomattes(image):
            return self._by_id(image, number)
        try:
            alone = image.frame("", "data", number)
        except NotFound:
            alone = None
        if alone is None or (len(alone.channels) > 1 and ALL not in alone.channels):
            raise NotFound(
                f"{Path(image.path).name} has no matte of {', '.join(self.regions)}.",
                f"Its layers are {', '.join(each or 'the main one' for each in image.layers)}; "
                "call them as the regions, or give the character the names of its Cryptomatte.",
            )
        return {ALL: alone}

    def _by_id(self, image: Image, number: int) -> dict[str, Frame]:
        found, failure = {}, None
        for region, names in self.regions.items():
            try:
                found[region] = cryptomatte.matte(image, list(names) or [region], number=number)
            except NotFound as error:
                failure = failure or error
        if not found and failure is not None:
            raise failure
        return found


def of_shot(pattern: str, plate: str, regions: Mapping[str, Sequence[str]]) -> Mattes:
    """Mattes of a shot; without a pattern those in the plate's own files."""
    if not regions:
        raise InvalidInput("The character has no regions.", "Add a reference with its mattes.")
    if not pattern and Files.parse(plate).is_movie:
        raise InvalidInput(
            f"{Path(plate).name} is a movie, which has no mattes in it.",
            "Give the shot's mattes as files of their own.",
        )
    return Mattes(os.path.abspath(pattern or plate), regions)


def box(cover: Frame, margin: float = 0.0) -> Window | None:
    """The rectangle that the whole character covers, and a margin as a share of its size.

    None where the character is not in the frame.
    """
    alpha = cover.pixels[:, :, cover.channels.index(ALL)] > 0
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return None
    height, width = int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)
    extra = round(margin * max(height, width))
    window = cover.data_window
    return Window(
        window.x + int(columns[0]) - extra,
        window.y + int(rows[0]) - extra,
        width + 2 * extra,
        height + 2 * extra,
    )


def _called(image: Image, region: str, number: int) -> Frame | None:
    """The channel that is called as a region: face, face.A, roto.face; None without one.

    Of a layer with several channels its alpha, or else its first.
    """
    found: list[tuple[bool, Part, int]] = []
    for part in image.parts:
        title = str(part.attributes.get("oiio:subimagename") or "")
        for position, channel in enumerate(part.spec.channelnames):
            words = f"{title}.{channel}".lower().split(".")
            if region.lower() in words:
                found.append((words[-1] in ("a", "alpha", region.lower()), part, position))
    if not found:
        return None
    _, part, position = max(found, key=lambda each: each[0])
    spec = part.spec
    cover = np.empty((spec.height, spec.width), np.float32)
    pixeltypes.to_float(part.channel(position), cover)
    return Frame(
        cover,
        (ALL,),
        Window(spec.x, spec.y, spec.width, spec.height),
        Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
        pixel_aspect=spec.get_float_attribute("PixelAspectRatio", 1.0) or 1.0,
        meaning=DATA,
        number=number,
    )


def _together(found: Mapping[str, Frame], number: int) -> Frame:
    frames = list(found.values())
    window = _around([frame.data_window for frame in frames])
    covers = [coverage(frame, window) for frame in frames]
    names = list(found)
    if names != [ALL]:
        whole = np.minimum(np.sum(covers, axis=0, dtype=np.float32), 1.0)
        names, covers = [ALL, *names], [whole, *covers]
    first = frames[0]
    return Frame(
        np.stack(covers, axis=-1).astype(np.float16),
        tuple(names),
        window,
        first.display_window,
        pixel_aspect=first.pixel_aspect,
        meaning=DATA,
        number=number,
    )


def _around(windows: Sequence[Window]) -> Window:
    x, y = min(w.x for w in windows), min(w.y for w in windows)
    return Window(x, y, max(w.x_end for w in windows) - x, max(w.y_end for w in windows) - y)
