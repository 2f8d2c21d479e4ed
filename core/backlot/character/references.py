"""References: frames in which the character looks as it should, with mattes and descriptors.

A reference's name ends in a hash of its pixels. It is put into place by a rename and never written
again, so that nothing is locked, half a reference is never seen, and version control has no file
that two people changed. Descriptors can be made again from it at any time.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import media
from ..atomic import cannot_write
from ..errors import BacklotError, InvalidInput, NotFound, UnreadableFile
from ..events import FrameFailed, Result
from ..frame import Frame, Window
from ..tools import Value
from .folder import DESCRIPTORS, REFERENCES, Character, read_json, write_json
from .mattes import ALL, box

if TYPE_CHECKING:
    from ..client import Studio

TOOL = "character-lock"
FRAME, MATTES, FILE = "frame.exr", "mattes.exr", "reference.json"
_ADDING = ".adding-"
_DAY = 86400.0
_MARGIN = 0.25
"""What is kept around the character, as a share of its size."""


@dataclass(frozen=True)
class Reference:
    """One reference. folder: where it lies; its name is the id.

    shot, number: which frame it was; costume, light, view, notes: as people call them.
    regions: those that its mattes have.
    """

    folder: Path
    shot: str = ""
    number: int = 0
    costume: str = ""
    light: str = ""
    view: str = ""
    notes: str = ""
    regions: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.folder.name

    def frame(self) -> Frame:
        """The picture, cropped to the character. Raises: MissingFrame, UnreadableFile."""
        return media.read(self.folder / FRAME, number=self.number)

    def mattes(self) -> Frame:
        """A channel for each region, and "A". Raises: MissingFrame, UnreadableFile."""
        from .mattes import Mattes

        pattern = str(self.folder / MATTES)
        return Mattes(pattern, dict.fromkeys(self.regions, ())).frame(self.number)

    def digest(self) -> str:
        """BLAKE3 of its pictures as they are now. Raises: UnreadableFile."""
        return _digest(self.folder)


def add(
    character: Character,
    frame: Frame,
    mattes: Frame,
    *,
    shot: str = "",
    costume: str = "",
    light: str = "",
    view: str = "",
    notes: str = "",
) -> Reference:
    """Put a reference into the character's folder.

    mattes: as `Mattes.frame` gives them, with a channel for at least one region.

    Raises: InvalidInput (no region, an empty matte, there already), CannotWrite.
    """
    regions = tuple(name for name in mattes.channels if name != ALL)
    if not regions:
        raise InvalidInput(
            "A reference needs a matte for each region, and this is one matte of everything.",
            "Give files of the regions' names, layers called so, or a Cryptomatte.",
        )
    around = box(mattes, _MARGIN)
    if around is None:
        raise InvalidInput(
            f"The mattes of frame {frame.number} are empty.", "Choose a frame that shows it."
        )
    parent = character.folder / REFERENCES
    _sweep(parent)
    making = parent / f"{_ADDING}{secrets.token_hex(6)}"
    try:
        making.mkdir(parents=True)
        media.write(making / FRAME, _cropped(frame, around))
        media.write(making / MATTES, _cropped(mattes, around), pixel_type="half")
        made = Reference(making, shot, frame.number, costume, light, view, notes, regions)
        write_json(making / FILE, _fields(made))
        target = parent / _name(shot, frame.number, _digest(making))
        if target.exists():
            raise InvalidInput(
                f"{character.name} has this reference already: {target.name}.",
                "Its reference.json can be changed in a text editor.",
            )
        os.rename(making, target)
    except OSError as error:
        if error.errno in _TAKEN:
            raise InvalidInput(f"{character.name} has this reference already.") from error
        raise cannot_write(parent, error) from error
    finally:
        if making.exists():
            shutil.rmtree(making, ignore_errors=True)
    return read(target)


def read(folder: Path) -> Reference:
    """One reference. Raises: UnreadableFile, NotFound."""
    fields = read_json(folder / FILE)
    try:
        regions = fields["regions"]
        if not isinstance(regions, list):
            raise TypeError("its regions are not a list")
        texts = {name: str(fields.get(name) or "") for name in _TEXTS}
        return Reference(
            folder,
            number=int(fields.get("frame", 0)),
            regions=tuple(str(name) for name in regions),
            **texts,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableFile(
            f"{folder / FILE} is damaged: {error}.", "Restore it, or remove the reference's folder."
        ) from error


def read_all(character: Character) -> tuple[Reference, ...]:
    """All references, in the order of their ids. Raises: UnreadableFile."""
    parent = character.folder / REFERENCES
    with suppress(FileNotFoundError, NotADirectoryError):
        return tuple(
            read(each)
            for each in sorted(parent.iterdir())
            if each.is_dir() and not each.name.startswith(".")
        )
    return ()


def looks(studio: Studio, character: Character, reference: Reference) -> dict[str, Any]:
    """What the tool measures of a reference's regions, from descriptors/ where they still hold.

    Raises: UnreadableFile, MissingFrame, and what the server raises.
    """
    finders = sorted(m.sha256[:16] for m in studio.models() if m.purpose == "face detection")
    key = "-".join([reference.digest(), studio.tool(TOOL).version, *finders])
    path = character.folder / DESCRIPTORS / f"{reference.id}.json"
    with suppress(UnreadableFile, NotFound):
        kept = read_json(path)
        if kept.get("made_from") == key and isinstance(kept.get("looks"), dict):
            return dict(kept["looks"])
    measured = describe(studio, reference.frame(), reference.mattes())
    with suppress(BacklotError, OSError):  # a show's disk may be read-only here
        path.parent.mkdir(exist_ok=True)
        write_json(path, {"made_from": key, "looks": measured})
    return measured


def describe(studio: Studio, frame: Frame, mattes: Frame) -> dict[str, Any]:
    """Measure the regions of a frame on the server. Returns: looks by region."""
    return dict(measured(studio, TOOL, frame, mattes, mode="describe").get("regions", {}))


def measured(
    studio: Studio, tool: str, frame: Frame, mattes: Frame, **params: Value
) -> dict[str, Any]:
    """What a tool tells of one frame. Raises: what fails it, and what the server raises."""
    inputs = {"source": frame, "matte": mattes}

    def given(name: str, _: int) -> Frame:
        return inputs[name]

    found: dict[str, Any] = {}
    with studio.submit(
        tool, [frame.number], given, list(inputs), params, priority="interactive"
    ) as running:
        for event in running:
            if isinstance(event, FrameFailed):
                raise event.error
            if isinstance(event, Result):
                found = dict(event.measured)
    return found


_TEXTS = ("shot", "costume", "light", "view", "notes")
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)
"""Somebody else put the same reference into place a moment ago."""


def _sweep(parent: Path) -> None:
    """Remove what somebody who was killed while adding left behind, a day later."""
    for left in parent.glob(f"{_ADDING}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _DAY:
                shutil.rmtree(left)


def _fields(made: Reference) -> Mapping[str, Any]:
    texts = {name: getattr(made, name) for name in _TEXTS}
    return {**texts, "frame": made.number, "regions": sorted(made.regions)}


def _name(shot: str, number: int, digest: str) -> str:
    word = re.sub(r"[^\w\-]+", "_", shot).strip("_.-")[:40] or "frame"
    return f"{word}_{number}_{digest[:10]}"


def _digest(folder: Path) -> str:
    from blake3 import blake3

    digest = blake3()
    for name in (FRAME, MATTES):
        try:
            digest.update((folder / name).read_bytes())
        except OSError as error:
            raise UnreadableFile(
                f"{folder / name} cannot be read: {error.strerror}.",
                "Restore it, or remove the reference's folder.",
            ) from error
    return str(digest.hexdigest(16))


def _cropped(frame: Frame, window: Window) -> Frame:
    common = frame.data_window.intersect(window)
    if common is None:
        raise InvalidInput("The mattes lie outside of the picture.", "Render them at its format.")
    x, y = common.x - frame.data_window.x, common.y - frame.data_window.y
    pixels = frame.pixels[y : y + common.height, x : x + common.width]
    return frame.with_pixels(pixels, data_window=common)
