"""A character on its way to the server: what its folder holds, as JSON, if consent allows it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BacklotError, InvalidInput
from ..tools import ToolSpec, Value
from . import consent as consents
from . import faces
from .folder import Character, find_all, load
from .pictures import remember
from .references import looks, read_all

if TYPE_CHECKING:
    from ..client import Studio

KIND = "character"
_NO_USE = "describe"


def with_characters(
    studio: Studio, spec: ToolSpec, params: Mapping[str, Value]
) -> dict[str, Value]:
    """Parameters with characters' folders replaced by what is in them (see `sent`).

    What a character is used for is the parameter "mode", as far as the tool has one.
    """
    replaced = dict(params)
    for param in spec.params:
        value = replaced.get(param.name)
        if param.kind == KIND and isinstance(value, (str, os.PathLike)) and str(value):
            use = str(spec.values(params).get("mode", consents.CHECK))
            replaced[param.name] = sent(studio, value, use)
    return replaced


def sent(studio: Studio, given: str | os.PathLike[str], use: str) -> str:
    """A character as tools take it: JSON. JSON comes back as it is, for it was sent before.

    use: "check" or "lock", held against the record of consent and the show's policy; a refusal
    and a use under a record are logged in the folder.

    Raises: ConsentDenied, NotFound, UnreadableFile, VersionMismatch, InvalidInput (without
    references); and, where a reference has to be measured again, what the server raises.
    """
    text = os.fspath(given)
    if text.lstrip().startswith("{"):
        return text
    character = load(text)
    faces.forget_what_ended(character)
    if use != _NO_USE:
        rules = consents.policy(character.folder)
        consents.demand(character.folder, character.consent, use, rules)
    references = read_all(character)
    remember(references)
    if not references:
        raise InvalidInput(
            f"{character.name} has no references yet.",
            "Add a frame in which it looks as it should: `backlot character add`.",
        )
    fields = {
        "name": character.name,
        "regions": sorted(character.regions),
        "cryptomatte": {name: list(ids) for name, ids in sorted(character.mattes.items())},
        "threshold": character.threshold,
        "thresholds": {
            name: region.threshold
            for name, region in sorted(character.regions.items())
            if region.threshold is not None
        },
        "spreads": dict(character.calibration.spreads) if character.calibration else {},
        "fixed": sorted(name for name, region in character.regions.items() if region.fixed),
        "references": [
            {
                "id": each.id,
                "costume": each.costume,
                "light": each.light,
                "looks": looks(studio, character, each),
            }
            for each in references
        ],
    }
    if use == consents.CHECK:
        face = faces.gathered(studio, character)
        fields |= {} if face.why else {"face": face.fields()}
    return json.dumps(fields, sort_keys=True)


def regions_of(spec: ToolSpec, values: Mapping[str, Value]) -> dict[str, tuple[str, ...]]:
    """The regions of the character that was sent, with their names in Cryptomatte; {} without."""
    text = next((str(values.get(p.name, "")) for p in spec.params if p.kind == KIND), "")
    if not text.lstrip().startswith("{"):
        return {}
    try:
        fields = json.loads(text)
        ids = fields.get("cryptomatte", {})
        return {str(name): tuple(ids.get(name, ())) for name in fields["regions"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput("What was given is no character.", "Name its folder.") from error


def library(folder: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The characters in a folder, as pickers and `backlot character list` show them.

    One that cannot be read is listed with its "problem". Raises: NotFound (no such folder).
    """
    return [_listed(path) for path in find_all(folder)]


def _listed(path: Path) -> dict[str, Any]:
    try:
        return summary(load(path))
    except BacklotError as error:
        return {"name": path.name, "folder": str(path), "problem": error.sentence}


def summary(character: Character) -> dict[str, Any]:
    """A character in a few values that JSON has. Raises: UnreadableFile."""
    faces.forget_what_ended(character)
    references = read_all(character)
    return {
        "name": character.name,
        "folder": str(character.folder),
        "regions": sorted(character.regions),
        "references": len(references),
        "costumes": sorted({each.costume for each in references if each.costume}),
        "consent": consent_state(character),
    }


def consent_state(character: Character) -> str:
    """The record of consent in a few words, for lists: "until 2027-01-01", "revoked", "none"."""
    record, today = character.consent, date.today()
    if record is None:
        return "none on record"
    if record.revoked is not None and today >= record.revoked:
        return f"revoked on {record.revoked}"
    if record.ends is not None:
        return f"{'ended' if today > record.ends else 'until'} {record.ends}"
    if record.begins is not None and today < record.begins:
        return f"from {record.begins}"
    return "on record"
