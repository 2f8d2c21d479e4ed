"""The characters library as the panel shows it, and what a check of a shot found, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from backlot.errors import BacklotError, NotFound

from . import store

KIND = "character"


def default_library(root: Path) -> Path:
    """Beside the results of all projects: a character outlives a project."""
    return root / "Characters"


def listed(library: Path) -> list[dict[str, Any]]:
    """Each character of a library, by name; a damaged one with its problem.

    Raises: nothing for a library that is not there yet: it is empty.
    """
    from backlot.character import folder

    try:
        found = folder.find_all(library)
    except NotFound:
        return []
    return [_row(path) for path in found]


def _row(path: Path) -> dict[str, Any]:
    from backlot.character import folder

    references = sum(1 for _ in (path / folder.REFERENCES).glob("*/reference.json"))
    row = {"name": path.name, "path": str(path), "regions": [], "references": references}
    try:
        known = folder.load(path)
    except BacklotError as error:
        return row | {"problem": error.sentence, "hint": error.hint}
    return row | {"name": known.name, "regions": list(known.regions), "problem": "", "hint": ""}


def new(library: Path, name: str, regions: Iterable[str] = ()) -> dict[str, Any]:
    """A character of this name in the library. Raises: InvalidInput, CannotWrite."""
    from backlot.character import folder

    made = folder.new(library / store.safe(name), name, tuple(regions))
    return _row(made.folder)


def sentences(frames: Iterable[tuple[int, Mapping[str, Any]]]) -> list[str]:
    """What was found of each region of a shot; none where the tool judged nothing.

    frames: (number, what the tool measured).
    """
    from backlot.character import verdicts

    told = [(number, measured["regions"]) for number, measured in frames if _judges(measured)]
    names = sorted({name for _, regions in told for name in regions})
    found = [
        verdicts.of_shot(name, [(number, regions.get(name, {})) for number, regions in told])
        for name in names
    ]
    order = (verdicts.CHANGED, verdicts.CANNOT_TELL, verdicts.UNCHANGED)
    return [str(each) for each in sorted(found, key=lambda each: order.index(each.verdict))]


def _judges(measured: Mapping[str, Any]) -> bool:
    return any("verdict" in region for region in measured.get("regions", {}).values())
