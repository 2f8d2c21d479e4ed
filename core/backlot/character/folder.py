"""A character's folder: what it is, its references with mattes, and what was measured of them.

    hero/
      character.json                   name, notes, regions, costumes, thresholds, consent
      references/<id>/reference.json   shot, frame, costume, light, view, hashes
      references/<id>/frame.exr, mattes.exr
      descriptors/<id>.json            numbers, made again when the reference changes
      consent.log                      refusals and uses, a line each

A reference is a folder of its own and is never changed after it was put into place, so that two
people who add some at once, on a shared disk or on two branches, touch no common file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..atomic import atomic, cannot_write
from ..errors import InvalidInput, NotFound, UnreadableFile, VersionMismatch
from .consent import LOG, Consent

VERSION = 1
FILE = "character.json"
REFERENCES = "references"
DESCRIPTORS = "descriptors"
THRESHOLD = 3.0
"""CIEDE2000 from which a region has changed, where the character does not say."""

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_\-]*\Z")
Fields = dict[str, Any]


@dataclass(frozen=True)
class Region:
    """A part of the character with a colour of its own: face, hair, coat.

    cryptomatte: what it is called in renders' Cryptomatte, if not as here; "hero/coat*" stands for
    all names of that shape. threshold: CIEDE2000 from which it has changed; None: the character's.
    fixed: it cannot change, and tells the light: a colour chart, a prop, a wall of the set.
    """

    name: str
    cryptomatte: tuple[str, ...] = ()
    threshold: float | None = None
    fixed: bool = False


@dataclass(frozen=True)
class Calibration:
    """What a production's undrifted shots said: how far off the measuring is in its light.

    shots: how many. spreads: by region, what variances of errors are multiplied by.
    """

    shots: int
    spreads: Mapping[str, float]


@dataclass(frozen=True)
class Character:
    """What character.json says. folder: where it lies.

    regions: in the order of the file. thresholds apply where a region has none of its own.
    """

    folder: Path
    name: str
    notes: str = ""
    regions: Mapping[str, Region] = field(default_factory=dict)
    threshold: float = THRESHOLD
    consent: Consent | None = None
    calibration: Calibration | None = None

    @property
    def mattes(self) -> dict[str, tuple[str, ...]]:
        """Region names, with what each is called in a Cryptomatte."""
        return {name: region.cryptomatte for name, region in self.regions.items()}

    def fields(self) -> Fields:
        """As character.json has it."""
        calibrated = {} if self.calibration is None else {"calibration": vars(self.calibration)}
        return calibrated | {
            "backlot_character": VERSION,
            "name": self.name,
            "notes": self.notes,
            "threshold": self.threshold,
            "regions": {
                name: _without_defaults(region) for name, region in sorted(self.regions.items())
            },
            "consent": None if self.consent is None else self.consent.fields(),
        }


def new(
    folder: str | os.PathLike[str],
    name: str = "",
    regions: Sequence[str] = (),
    notes: str = "",
    fixed: Sequence[str] = (),
) -> Character:
    """Make a character's folder. The folder may be there, but no character in it.

    fixed: regions that cannot change, beside those of the character itself.

    Raises: InvalidInput (it is one already, a region's name), CannotWrite.
    """
    path = Path(folder)
    if (path / FILE).exists():
        raise InvalidInput(
            f"{path} is a character already.", "`backlot character show` shows it; choose another."
        )
    known = _regions(regions) | {
        name: replace(region, fixed=True) for name, region in _regions(fixed).items()
    }
    made = Character(path, name or path.resolve().name, notes, known)
    try:
        (path / REFERENCES).mkdir(parents=True, exist_ok=True)
        with atomic(path / ".gitattributes") as temporary:
            Path(temporary).write_text(f"{LOG} merge=union\n", "utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error
    save(made)
    return made


def save(character: Character) -> None:
    """Write character.json, whole or not at all. Raises: CannotWrite."""
    write_json(character.folder / FILE, character.fields())


def load(folder: str | os.PathLike[str]) -> Character:
    """The character in a folder, or the one whose character.json is named.

    Raises: NotFound, UnreadableFile (broken, or somebody else's JSON), VersionMismatch.
    """
    path = Path(folder)
    path = path.parent if path.name == FILE else path
    if not path.is_dir():
        raise NotFound(
            f"There is no character at {path}.",
            "Name its folder; `backlot character new` makes one.",
        )
    if not (path / FILE).exists():
        raise NotFound(
            f"{path} is no character: it has no {FILE}.",
            "Name a character's folder; `backlot character new` makes one.",
        )
    fields = read_json(path / FILE)
    version = fields.get("backlot_character")
    if not isinstance(version, int):
        raise UnreadableFile(
            f"{path / FILE} is not a character of Backlot's.",
            "Another program wrote it. Name another folder, or make a character with "
            "`backlot character new`.",
        )
    if version > VERSION:
        raise VersionMismatch(
            f"{path.name} was written by a newer Backlot (format {version}, this one knows "
            f"{VERSION}).",
            "Update Backlot.",
        )
    try:
        return _from_fields(path, fields)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFile(
            f"{path / FILE} is damaged: {error}.",
            "Restore it from version control, or correct it in a text editor.",
        ) from error


def find_all(folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Folders of characters in a folder and one level below, in the order of their names."""
    path = Path(folder)
    if not path.is_dir():
        raise NotFound(f"{path} is no folder.", "Name the folder that holds the characters.")
    found = [path] if (path / FILE).exists() else []
    return (*found, *sorted(each.parent for each in path.glob(f"*/{FILE}")))


def read_json(path: Path) -> Fields:
    """An object from a JSON file. Raises: NotFound, UnreadableFile."""
    try:
        fields = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(f"{path} is not there.", "Restore it from version control.") from None
    except (OSError, ValueError, RecursionError) as error:
        conflict = b"<<<<<<<" in _head(path)
        raise UnreadableFile(
            f"{path} is not JSON{': it has a merge conflict in it' if conflict else ''}.",
            "Resolve the conflict in a text editor." if conflict else "Restore it, or correct it.",
        ) from error
    if not isinstance(fields, dict):
        raise UnreadableFile(f"{path} is not an object of JSON.", "Restore it, or correct it.")
    return fields


def write_json(path: Path, fields: Mapping[str, Any]) -> None:
    """Sorted keys, a value a line, so that version control merges what can be merged."""
    text = json.dumps(fields, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with atomic(path) as temporary:
        Path(temporary).write_text(text + "\n", "utf-8")


def checked_word(word: str, what: str) -> str:
    """A name that serves as a file's and a channel's too. Raises: InvalidInput."""
    if not _WORD.match(word) or len(word) > 64:
        raise InvalidInput(
            f"A {what} cannot be called {word!r}.",
            "Use letters, digits, - and _, beginning with a letter.",
        )
    return word


def _regions(names: Sequence[str]) -> dict[str, Region]:
    """Regions by name; "coat=hero/coat*" gives the name in Cryptomatte too."""
    found = {}
    for each in names:
        name, _, ids = each.partition("=")
        crypto = tuple(part.strip() for part in ids.split(",") if part.strip())
        found[name] = Region(checked_word(name, "region"), crypto)
    return found


def _without_defaults(region: Region) -> Fields:
    fields: Fields = {}
    if region.cryptomatte:
        fields["cryptomatte"] = list(region.cryptomatte)
    if region.threshold is not None:
        fields["threshold"] = region.threshold
    if region.fixed:
        fields["fixed"] = True
    return fields


def _from_fields(path: Path, fields: Fields) -> Character:
    regions = {
        str(name): Region(
            checked_word(str(name), "region"),
            tuple(str(each) for each in said.get("cryptomatte", ())),
            None if said.get("threshold") is None else float(said["threshold"]),
            bool(said.get("fixed", False)),
        )
        for name, said in fields.get("regions", {}).items()
    }
    consent, calibration = fields.get("consent"), fields.get("calibration")
    return Character(
        path,
        str(fields.get("name") or path.name),
        str(fields.get("notes") or ""),
        regions,
        float(fields.get("threshold", THRESHOLD)),
        None if consent is None else Consent.from_fields(consent),
        None if calibration is None else _calibration(calibration),
    )


def _calibration(fields: Fields) -> Calibration:
    spreads = {str(name): float(value) for name, value in fields["spreads"].items()}
    if not all(0 < value < float("inf") for value in spreads.values()):
        raise ValueError("a spread is no positive number")
    return Calibration(int(fields["shots"]), spreads)


def _head(path: Path) -> bytes:
    try:
        return path.read_bytes()[:100_000]
    except OSError:
        return b""
