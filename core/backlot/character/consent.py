"""Consent: what a performer, or who holds the rights to a character, agreed to; kept in the folder.

The record says what is allowed; it does not prove it. The agreement itself is named and known by
its hash, so that a person can hold the paper against the record.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from getpass import getuser
from pathlib import Path
from typing import Any

from ..atomic import cannot_write
from ..errors import ConsentDenied, InvalidInput, UnreadableFile

CHECK, LOCK, FACE = "check", "lock", "face-embedding"
USES = (CHECK, LOCK, FACE)
LOG = "consent.log"
POLICY = "backlot-show.json"
PRODUCTION = "BACKLOT_PRODUCTION"
SHOW = "BACKLOT_SHOW"


@dataclass(frozen=True)
class Consent:
    """One record. holder: who agreed; agreement: where the paper is; hash: BLAKE3 of it, or "".

    uses: of check, lock and face-embedding, those allowed. productions: where; empty: in all.
    begins, ends: first and last day, both included; None: no limit. revoked: the day from which
    nothing is allowed any more. Training is never allowed.
    """

    holder: str
    agreement: str = ""
    hash: str = ""
    uses: tuple[str, ...] = (CHECK, LOCK)
    productions: tuple[str, ...] = ()
    begins: date | None = None
    ends: date | None = None
    revoked: date | None = None

    def fields(self) -> dict[str, Any]:
        """As character.json has it."""
        return {
            "holder": self.holder,
            "agreement": self.agreement,
            "agreement_blake3": self.hash,
            "allowed": sorted(self.uses),
            "productions": sorted(self.productions),
            "from": _text(self.begins),
            "until": _text(self.ends),
            "revoked": _text(self.revoked),
            "may_train": False,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Consent:
        """A record as it is in the file; one that cannot be understood allows nothing.

        Raises: UnreadableFile.
        """
        try:
            if fields.get("may_train") is not False:
                raise ValueError("may_train is not false, and Backlot trains on nobody's face")
            uses = _words(fields["allowed"])
            unknown = set(uses) - set(USES)
            if unknown:
                raise ValueError(f"it allows {', '.join(sorted(unknown))}, which is not known here")
            holder = fields["holder"]
            if not isinstance(holder, str) or not holder.strip():
                raise ValueError("nobody is named who agreed")
            return cls(
                holder,
                str(fields.get("agreement") or ""),
                str(fields.get("agreement_blake3") or ""),
                uses,
                _words(fields.get("productions", ())),
                _date(fields.get("from")),
                _date(fields.get("until")),
                _date(fields.get("revoked")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise UnreadableFile(
                f"The consent record cannot be understood: {what}.",
                "Nothing is done with this character until a person has corrected it.",
            ) from error

    def refuses(self, use: str, production: str, today: date) -> str:
        """Why the use is not allowed, as a sentence; "" when it is."""
        if self.revoked is not None and today >= self.revoked:
            return f"{self.holder} revoked consent on {self.revoked}."
        if use not in self.uses:
            allowed = " and ".join(self.uses) or "nothing"
            return f"{self.holder} did not agree to {use}, only to {allowed}."
        if self.begins is not None and today < self.begins:
            return f"The consent of {self.holder} begins on {self.begins}."
        if self.ends is not None and today > self.ends:
            return f"The consent of {self.holder} ended on {self.ends}."
        if self.productions and production not in self.productions:
            named = f"{production!r}" if production else "a production that is not named"
            return f"{self.holder} agreed for {', '.join(self.productions)}, and this is {named}."
        return ""


@dataclass(frozen=True)
class Policy:
    """What a show demands: backlot-show.json, looked for upwards, or named by $BACKLOT_SHOW.

    production: the show's name. demands: whether characters without a record are refused.
    """

    production: str = ""
    demands: bool = False
    path: Path | None = None


def policy(beginning: str | os.PathLike[str]) -> Policy:
    """The show's policy that holds for a folder. $BACKLOT_PRODUCTION names the production too.

    Raises: UnreadableFile (a policy that cannot be read demands nothing less than being read).
    """
    named = os.environ.get(SHOW, "").strip()
    path = Path(named) if named else _upwards(Path(beginning).resolve())
    production = os.environ.get(PRODUCTION, "").strip()
    if path is None:
        return Policy(production)
    try:
        fields = json.loads(path.read_text("utf-8"))
        said, demands = fields.get("production", ""), fields.get("consent_required", False)
        if not isinstance(said, str) or not isinstance(demands, bool):
            raise ValueError
    except (OSError, ValueError, AttributeError) as error:
        raise UnreadableFile(
            f"The show's policy {path} cannot be read.",
            'It is JSON: {"production": "...", "consent_required": true}.',
        ) from error
    return Policy(said or production, demands, path)


def demand(
    folder: Path, consent: Consent | None, use: str, rules: Policy, today: date | None = None
) -> None:
    """Raise ConsentDenied unless the use is allowed. Either is a line in the folder's log, a use
    that is allowed once a day and process: an artist's slider asks ten times a second.

    A record binds, demanded or not; without one all is allowed unless the show demands one. A log
    that cannot be written, as on a read-only disk, does not stop a refusal, but it stops a use
    that a record covers.
    """
    day = today or date.today()
    if consent is None:
        if not rules.demands:
            return
        reason = f"{folder.name} has no record of consent, and this show demands one."
        hint = "Record it: `backlot character consent`, or use a character that has one."
    else:
        reason = consent.refuses(use, rules.production, day)
        hint = "Ask who keeps the agreements. Nothing was measured or changed."
        if reason and consent.productions and not rules.production:
            hint = f"Name the production in {POLICY} or ${PRODUCTION}."
    asked = (folder.absolute(), use, rules.production, day)
    if not reason and asked in _logged:
        return
    try:
        _log(folder, use, rules.production, reason)
        _logged.add(asked)
    except OSError as error:
        if not reason:
            raise cannot_write(folder / LOG, error) from error
    if reason:
        raise ConsentDenied(reason, hint)


def permitted(folder: Path, consent: Consent | None, use: str, rules: Policy) -> str:
    """Why a use that needs a record, demanded by the show or not, is refused; "" where it is not.

    Either is a line in the folder's log, once a day and process; where that cannot be written,
    nothing is allowed.
    """
    if consent is None:
        return f"no record of consent allows {use}"
    day = date.today()
    reason = consent.refuses(use, rules.production, day)
    asked = (folder.absolute(), use, rules.production, day, reason)
    if asked not in _answered:
        try:
            _log(folder, use, rules.production, reason)
            _answered.add(asked)
        except OSError:
            reason = reason or f"{folder / LOG} cannot be written"
    return reason


def hash_of(agreement: str | os.PathLike[str]) -> str:
    """BLAKE3 of the agreement's file, 64 hexadecimal digits. Raises: InvalidInput."""
    from blake3 import blake3

    try:
        return str(blake3(Path(agreement).read_bytes()).hexdigest())
    except OSError as error:
        raise InvalidInput(
            f"The agreement {agreement} cannot be read.", "Name the file that was signed."
        ) from error


def parse_date(text: str, what: str) -> date | None:
    """A day as 2026-11-21; None for "". Raises: InvalidInput."""
    try:
        return _date(text or None)
    except ValueError:
        raise InvalidInput(f"{what} {text!r} is no day.", "Write it as 2026-11-21.") from None


_logged: set[tuple[Path, str, str, date]] = set()
_answered: set[tuple[Path, str, str, date, str]] = set()


def _log(folder: Path, use: str, production: str, refused: str) -> None:
    """One line, in one write to the end of the file, so that lines of two processes do not mix."""
    entry = {
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "use": use,
        "production": production,
        "by": _user(),
        "allowed": not refused,
        "why": refused,
    }
    line = json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n"
    descriptor = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return ""


def _upwards(folder: Path) -> Path | None:
    for each in (folder, *folder.parents):
        if (each / POLICY).is_file():
            return each / POLICY
    return None


def _words(given: Any) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ValueError(f"{given!r} is not a list")
    if not all(isinstance(each, str) for each in given):
        raise ValueError(f"{given!r} is not a list of words")
    return tuple(given)


def _date(given: Any) -> date | None:
    if given is None or given == "":
        return None
    if not isinstance(given, str):
        raise ValueError(f"{given!r} is no day")
    return date.fromisoformat(given)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
