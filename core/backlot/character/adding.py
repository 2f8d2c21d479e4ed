"""What people put into a character's folder: frames of files, and records of consent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import InvalidInput
from ..frame import DATA, Frame
from ..media import Image
from ..sequence import Sequence as Files
from . import faces, references
from . import folder as folders
from .check import Plate
from .consent import CHECK, LOCK, USES, Consent, hash_of, parse_date
from .folder import Character
from .mattes import ALL, of_shot
from .references import Reference


def add_frame(
    folder: str,
    plate: str,
    mattes: str,
    frame: int,
    words: Mapping[str, str],
    colorspace: str = "",
) -> Reference:
    """Add a reference from files. frame: its number; -1 for a still, or the only one there is.

    words: shot, costume, light, view, notes. colorspace: where the file does not say it.

    Raises: InvalidInput (which frame?), MissingFrame, and what `references.add` raises.
    """
    character = folders.load(folder)
    picture = _picture(plate, frame, colorspace)
    cover = of_shot(mattes, plate, character.mattes).frame(picture.number)
    shot = {"shot": shot_name(plate)}
    given = {name: text for name, text in words.items() if text}
    return references.add(character, picture, cover, **(shot | given))


def frame_with_matte(plate: str, matte: str, frame: int) -> tuple[Frame, Frame]:
    """A frame of files, and one matte of a whole character: "" for the plate's own alpha.

    Raises: as `add_frame`; InvalidInput where the plate is asked for its alpha and has none.
    """
    picture = _picture(plate, frame, "")
    path = Files.parse(matte or plate).path(picture.number)
    cover = Image.open(path).frame("", DATA, picture.number)
    if not matte and ALL not in cover.channels:
        raise InvalidInput(f"{plate} has no alpha.", "Give a matte of the character: --matte.")
    return picture, cover


def _picture(plate: str, frame: int, colorspace: str) -> Frame:
    """frame: -1 for a still, or the only one there is."""
    source = Files.parse(plate)
    if frame < 0 and not source.is_still:
        there = source.given or source.frames()
        if len(there) != 1:
            raise InvalidInput(
                f"{plate} has {len(there)} frames.", "Say which is the reference: --frame 1017."
            )
        frame = there[0]
    number = max(frame, 0)
    opened = Plate(plate, colorspace)
    try:
        picture = opened.frame(number)
    finally:
        opened.close()
    return picture.with_pixels(picture.pixels, number=number)


def shot_name(plate: str) -> str:
    """What a shot is called of which only the plate is known: its files' name, no number."""
    return re.sub(r"[._\-\d]*(\.\w+)?\Z", "", Path(Files.parse(plate).before).name) or "shot"


def record_consent(
    folder: str,
    holder: str,
    agreement: str,
    allow: Sequence[str] | None,
    productions: Sequence[str] | None,
    days: tuple[str, str, str],
) -> Character:
    """Write a character's record of consent; what is not given stays as it was recorded.

    days: from, until and revoked, as 2026-11-21.
    Raises: InvalidInput, CannotWrite.
    """
    character = folders.load(folder)
    before = character.consent
    holder = holder or (before.holder if before else "")
    if not holder.strip():
        raise InvalidInput("Nobody is named who agreed.", "Name the performer: --holder.")
    unknown = set(allow or ()) - set(USES)
    if unknown:
        raise InvalidInput(
            f"{', '.join(sorted(unknown))} cannot be allowed.", f"Allow {', '.join(USES)}."
        )
    begins, ends, revoked = (
        parse_date(text, what)
        for text, what in zip(days, ("--from", "--until", "--revoke"), strict=True)
    )
    record = before or Consent(holder, uses=(CHECK, LOCK))
    record = replace(
        record,
        holder=holder,
        uses=record.uses if allow is None else tuple(allow),
        productions=record.productions if productions is None else tuple(productions),
        begins=begins or record.begins,
        ends=ends or record.ends,
        revoked=revoked or record.revoked,
    )
    if agreement:
        record = replace(record, agreement=agreement, hash=hash_of(agreement))
    made = replace(character, consent=record)
    folders.save(made)
    faces.forget_what_ended(made)
    return made
