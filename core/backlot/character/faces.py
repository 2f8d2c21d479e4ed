"""A character's face: vectors of its references, kept in its folder, where consent allows it.

    hero/faces/<reference id>.json    the vector, its pose, what it was made from
    hero/faces/.gitignore             everything: what is in version control cannot be taken back

Vectors are biometric data. They are made by networks that a studio installed, only under a record
of consent that names face-embedding, and go when it ends. In what is sent they are left out but
for their hash, and put in at the last moment, so that no take, manifest or report holds them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..atomic import atomic
from ..errors import BacklotError
from ..frame import DATA, Frame
from ..tools import ToolSpec
from . import consent as consents
from .bounds import Bound, Face, bounds
from .consent import FACE
from .folder import Character, Fields, find_all, load, read_json, write_json
from .references import Reference, measured, read_all

if TYPE_CHECKING:
    from ..client import Studio

FOLDER = "faces"
TOOL = "character-face"
VERSION = 1
NO_NETWORK = "no face network is installed"
_PURPOSES = ("face detection", "face recognition")

WHY = {
    "no-face": "no face is seen",
    "small-face": "the face is too small in the picture",
    "turned-face": "the face is turned away",
    "blurred-face": "the face is too blurred",
    "dark": "the face is too dark",
    "clipped": "the face is overexposed",
    "other-networks": "the face networks were exchanged while it ran",
    "no-face-reference": "no reference of this costume shows it",
    "no-face-bound": "nothing says how near is near enough for these networks",
    "near-bound": "it is neither near enough nor far enough",
}
"""Why a face cannot be compared, by the tool's code."""


@dataclass(frozen=True)
class Faces:
    """What is known of a character's face.

    why: why faces are not compared, as the end of a sentence; "" where they are. key, networks:
    which networks made the vectors, by hash and in words. basis: what the bounds rest on.
    """

    why: str = ""
    key: str = ""
    networks: str = ""
    faces: tuple[Face, ...] = ()
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    basis: str = ""

    def __str__(self) -> str:
        if self.why:
            return f"Faces are not compared: {self.why.rstrip('.')}."
        near = ", ".join(f"{each.same:.2f} {pose}" for pose, each in self.bounds.items())
        same = f"; the same from {near}" if near else ""
        return f"Faces are compared by {self.networks}; {self.basis}{same}."

    def fields(self) -> Fields:
        """As it is sent, but for the vectors: their hash stands for them."""
        from blake3 import blake3

        said = {
            "key": self.key,
            "bounds": {pose: each.fields() for pose, each in sorted(self.bounds.items())},
        }
        vectors = [{"id": e.id, "costume": e.costume, "vector": e.text} for e in self.faces]
        text = json.dumps([said, vectors], sort_keys=True)
        known = str(blake3(text.encode()).hexdigest(16))
        _sent[known] = vectors
        return {**said, "hash": known}


def gathered(studio: Studio, character: Character) -> Faces:
    """A character's face for a check. What is missing of it is measured; what consent no longer
    allows is removed, whether or not networks are installed.

    Other characters beside it are what must not be taken for it, as far as their own consent
    allows that; those of the same performer are not.
    """
    forget_what_ended(character)
    installed = _installed(studio)
    if installed.get("missing"):
        return Faces(str(installed["missing"]))
    reason = _refused(character)
    if reason:
        return Faces(reason)
    try:
        own = _all_of(studio, character, installed)
    except BacklotError as error:
        return Faces(error.sentence)
    usable = tuple(face for face in own if face.text)
    if not usable:
        codes = {face.why for face in own}
        words = WHY.get(codes.pop(), "") if len(codes) == 1 else ""
        return Faces(f"no reference shows it well enough{f': {words}' if words else ''}")
    others = _others(studio, character, installed)
    made, basis = bounds(usable, others, installed.get("published", {}))
    return Faces("", str(installed["key"]), str(installed["networks"]), usable, made, basis)


def told(studio: Studio, character: Character) -> str:
    """How a check compares faces, or why it does not, as a sentence."""
    return str(gathered(studio, character))


def supplied(spec: ToolSpec, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters with the vectors put in where a text of this process names them by their hash."""
    replaced = dict(params)
    for param in spec.params:
        text = replaced.get(param.name)
        if param.kind != "character" or not isinstance(text, str) or '"hash"' not in text:
            continue
        with suppress(ValueError, TypeError, AttributeError):
            fields = json.loads(text)
            vectors = _sent.get(fields["face"]["hash"]) if "face" in fields else None
            if vectors:
                fields["face"] = {**fields["face"], "vectors": vectors}
                replaced[param.name] = json.dumps(fields, sort_keys=True)
    return replaced


def forget(character: Character) -> int:
    """Remove what is kept of the character's face. Returns: of how many references.

    Raises: CannotWrite.
    """
    from ..atomic import cannot_write

    found = list((character.folder / FOLDER).glob("*.json"))
    for path in found:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error
    return len(found)


def forget_what_ended(character: Character) -> None:
    """Remove what is kept of the face where the record allows none, or no longer."""
    record, today = character.consent, date.today()
    ended = (
        record is None
        or FACE not in record.uses
        or (record.revoked is not None and today >= record.revoked)
        or (record.ends is not None and today > record.ends)
    )
    if ended:
        with suppress(BacklotError):  # on a disk that is read-only here; the next one removes it
            forget(character)


def kept(character: Character) -> int:
    """Of how many references a vector is kept."""
    return len(list((character.folder / FOLDER).glob("*.json")))


_sent: dict[str, list[dict[str, str]]] = {}
"""Vectors that this process sent, by their hash."""
_known: dict[tuple[str, ...], Fields] = {}
"""What the server said of the networks that it has, by their hashes."""


def _installed(studio: Studio) -> Fields:
    """What the server's networks are: "missing", or "key", "networks" and "published"."""
    if studio.remote:
        return {"missing": "the server is on another machine, and faces stay on this one"}
    found = tuple(sorted(m.sha256 for m in studio.models() if m.purpose in _PURPOSES and m.present))
    if not found or TOOL not in studio.tools():
        return {"missing": NO_NETWORK}
    if found not in _known:
        import numpy as np

        nothing = Frame(np.zeros((1, 1, 3), np.float16))
        matte = Frame(np.zeros((1, 1, 1), np.float16), ("A",), meaning=DATA)
        try:
            _known[found] = measured(studio, TOOL, nothing, matte)
        except BacklotError as error:
            return {"missing": error.sentence}
    return _known[found]


def _refused(character: Character, quiet: bool = False) -> str:
    """Why nothing may be made of the face; "" where it may. Either is logged, once a day.

    quiet: a refusal is not, for nobody asked for this character.
    """
    rules, record = consents.policy(character.folder), character.consent
    if quiet and (record is None or record.refuses(FACE, rules.production, date.today())):
        return "not allowed"
    return consents.permitted(character.folder, record, FACE, rules)


def _all_of(
    studio: Studio, character: Character, installed: Fields, own: bool = True
) -> list[Face]:
    """own: of the character that is checked; of others, a reference that is there is believed to be
    as it was, for its name is its hash, and there may be many."""
    found = read_all(character)
    _forget_lost(character, found)
    return [_of(studio, character, each, installed, own) for each in found]


def _forget_lost(character: Character, references: Sequence[Reference]) -> None:
    """Remove what is kept of references that are gone."""
    there = {each.id for each in references}
    with suppress(OSError):
        for path in (character.folder / FOLDER).glob("*.json"):
            if path.stem not in there:
                path.unlink(missing_ok=True)


def _of(
    studio: Studio, character: Character, reference: Reference, installed: Fields, own: bool
) -> Face:
    """A reference's face, from the folder where it still holds."""
    path = character.folder / FOLDER / f"{reference.id}.json"
    key = str(installed["key"])
    with suppress(BacklotError):
        fields = read_json(path)
        made_from = str(fields.get("made_from"))
        same = made_from == f"{reference.digest()}-{key}" if own else made_from.endswith(f"-{key}")
        if same and fields.get("blake3") == _hash(fields):
            return _face(reference, fields)
    told = measured(studio, TOOL, reference.frame(), reference.mattes())
    names = ("why", "pose", "yaw", "pitch", "height", "score", "sharpness", "vector")
    fields = {
        "backlot_face": VERSION,
        "made_from": f"{reference.digest()}-{key}",
        "networks": str(told.get("networks", "")),
        **{name: told[name] for name in names if name in told},
    }
    with suppress(BacklotError, OSError):  # a show's disk may be read-only here
        path.parent.mkdir(exist_ok=True)
        _ignored(path.parent)
        write_json(path, {**fields, "blake3": _hash(fields)})
    return _face(reference, fields)


def _face(reference: Reference, fields: Fields) -> Face:
    return Face(
        reference.id,
        reference.costume,
        str(fields.get("pose", "")),
        str(fields.get("vector", "")),
        str(fields.get("why", "")),
    )


def _hash(fields: Mapping[str, Any]) -> str:
    from blake3 import blake3

    text = json.dumps({k: v for k, v in fields.items() if k != "blake3"}, sort_keys=True)
    return str(blake3(text.encode()).hexdigest(16))


def _ignored(folder: Path) -> None:
    path = folder / ".gitignore"
    if not path.exists():
        with atomic(path) as temporary:
            Path(temporary).write_text("*\n", "utf-8")


def _others(studio: Studio, character: Character, installed: Fields) -> dict[str, Sequence[Face]]:
    """Faces of the other characters of the library, by name."""
    here = character.folder.resolve()
    found: dict[str, Sequence[Face]] = {}
    for path in find_all(here.parent):
        with suppress(BacklotError):
            other = None if path.resolve() == here else load(path)
            if other is None or _holder(other) == _holder(character):
                continue
            if _refused(other, quiet=True):
                continue
            known = _all_of(studio, other, installed, own=False)
            faces = [face for face in known if face.text]
            if faces:
                found[str(path)] = faces
    return found


def _holder(character: Character) -> str:
    return character.consent.holder.strip().casefold() if character.consent else ""
