"""The characters library as the panel shows it, and what a check of a shot found, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from backlot.errors import NotFound

from . import store
from .edit import file_of
from .plates import Plate

KIND = "character"
USUAL = 3.0
"""CIEDE2000 from which a region has changed, where a character does not say."""


def default_library(root: Path) -> Path:
    """Beside the results of all projects: a character outlives a project."""
    return root / "Characters"


def listed(library: Path) -> list[dict[str, Any]]:
    """Each character of a library as `backlot.character.sending.library` tells it; a damaged one
    has a "problem". A library that is not there yet is empty."""
    from backlot.character import sending

    try:
        return sending.library(library)
    except NotFound:
        return []


def new(library: Path, name: str, regions: Iterable[str] = ()) -> Path:
    """A character of this name in the library: its folder. Raises: InvalidInput, CannotWrite."""
    from backlot.character import folder

    return folder.new(library / store.safe(name), name, tuple(regions)).folder


def add_reference(path: str, plate: Plate, matte: str, shot: str, costume: str = "") -> str:
    """The frame of a plate, with its mattes, into a character's folder. Returns: a sentence.

    matte: its files. Raises: NotFound, InvalidInput (no mattes of the regions), CannotWrite.
    """
    from backlot import media
    from backlot.character import folder, references
    from backlot.character.mattes import of_shot

    known, number = folder.load(path), plate.needed.first.frame
    here = file_of(plate.pattern, number)
    frame = media.read(here, colorspace=plate.colour.ocio or None, number=number)
    names = {name: region.cryptomatte for name, region in known.regions.items()}
    mattes = of_shot(matte, plate.pattern, names).frame(number)
    made = references.add(known, frame, mattes, shot=shot, costume=costume)
    return f"{known.name} has a reference more: {', '.join(made.regions)} of frame {number}."


def sentences(frames: Iterable[tuple[int, Mapping[str, Any]]]) -> list[str]:
    """What was found of each region of a shot, and of the face; none where the tool judged nothing.

    frames: (number, what the tool measured).
    """
    from backlot.character import likeness, verdicts

    frames = list(frames)
    face = likeness.of_shot((number, measured.get("face", {})) for number, measured in frames)
    told = [(number, measured["regions"]) for number, measured in frames if _judges(measured)]
    names = sorted({name for _, regions in told for name in regions})
    found = [
        verdicts.of_shot(name, [(number, regions.get(name, {})) for number, regions in told])
        for name in names
    ]
    order = (verdicts.CHANGED, verdicts.CANNOT_TELL, verdicts.UNCHANGED)
    lines = [str(each) for each in sorted(found, key=lambda each: order.index(each.verdict))]
    if face is None:
        return lines
    return [str(face), *lines] if face.verdict == likeness.OTHER else [*lines, str(face)]


def curve(frames: Iterable[tuple[int, Mapping[str, Any]]]) -> list[float | None]:
    """How far the character is from its references on each frame, CIEDE2000 of the region that is
    farthest; None where that cannot be told. Empty where the tool judged nothing."""
    told = [measured for _, measured in sorted(frames, key=lambda each: each[0])]
    return [each.get("drift") for each in told] if any(map(_judges, told)) else []


def _judges(measured: Mapping[str, Any]) -> bool:
    return any("verdict" in region for region in measured.get("regions", {}).values())
