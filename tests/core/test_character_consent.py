"""Consent: nothing is measured or changed outside of what was agreed, and a line says so."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from backlot.character import consent
from backlot.character.consent import Consent, Policy, demand, policy
from backlot.errors import ConsentDenied, UnreadableFile

TODAY = date(2026, 11, 21)
FULL = Consent(
    "A. Performer",
    "legal/agreement-17.pdf",
    "ab" * 32,
    ("check",),
    ("dune-fox", "dune-fox-2"),
    date(2026, 1, 1),
    date(2026, 12, 31),
)


def log(folder: Path) -> list[dict[str, object]]:
    path = folder / consent.LOG
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def refused(folder: Path, record: Consent | None, use: str, rules: Policy, day: date) -> str:
    with pytest.raises(ConsentDenied) as told:
        demand(folder, record, use, rules, day)
    assert told.value.hint
    last = log(folder)[-1]
    assert (last["allowed"], last["why"], last["use"]) == (False, str(told.value), use)
    return str(told.value)


def test_within_the_record_it_is_done_and_logged(tmp_path: Path) -> None:
    for day in (date(2026, 1, 1), TODAY, TODAY, TODAY, date(2026, 12, 31)):
        demand(tmp_path, FULL, "check", Policy("dune-fox"), day)
    assert [entry["allowed"] for entry in log(tmp_path)] == [True] * 3
    assert set(log(tmp_path)[0]) == {"allowed", "at", "by", "production", "use", "why"}


@pytest.mark.parametrize(
    ("changes", "use", "production", "day", "said"),
    [
        ({}, "lock", "dune-fox", TODAY, "did not agree to lock, only to check"),
        ({}, "face-embedding", "dune-fox", TODAY, "did not agree to face-embedding"),
        ({}, "check", "other", TODAY, "agreed for dune-fox, dune-fox-2, and this is 'other'"),
        ({}, "check", "", TODAY, "a production that is not named"),
        ({}, "check", "dune-fox", date(2025, 12, 31), "begins on 2026-01-01"),
        ({}, "check", "dune-fox", date(2027, 1, 1), "ended on 2026-12-31"),
        ({"revoked": "2026-11-21"}, "check", "dune-fox", TODAY, "revoked consent on 2026-11-21"),
        ({"allowed": []}, "check", "dune-fox", TODAY, "only to nothing"),
    ],
)
def test_outside_the_record_it_is_refused_and_logged(
    tmp_path: Path, changes: dict, use: str, production: str, day: date, said: str
) -> None:
    record = Consent.from_fields({**FULL.fields(), **changes})
    assert said in refused(tmp_path, record, use, Policy(production), day)


def test_without_a_record_the_show_decides(tmp_path: Path) -> None:
    demand(tmp_path, None, "lock", Policy("dune-fox"), TODAY)
    assert log(tmp_path) == []
    said = refused(tmp_path, None, "check", Policy("dune-fox", demands=True), TODAY)
    assert "no record of consent, and this show demands one" in said
    refused(tmp_path, None, "check", Policy("dune-fox", demands=True), TODAY)
    assert len(log(tmp_path)) == 2


def test_a_record_comes_back_as_it_was() -> None:
    fields = FULL.fields()
    assert fields["may_train"] is False
    assert json.loads(json.dumps(fields)) == fields
    assert Consent.from_fields(fields) == FULL


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"may_train": True}, "may_train is not false"),
        ({"may_train": None}, "may_train is not false"),
        ({"may_train": 0}, "may_train is not false"),
        ({"allowed": ["check", "clone"]}, "it allows clone"),
        ({"allowed": "check"}, "is not a list"),
        ({"productions": "dune-fox"}, "is not a list"),
        ({"holder": " "}, "nobody is named"),
        ({"until": "31.12.2026"}, "cannot be understood"),
        ({"until": 2026}, "is no day"),
        ({"revoked": True}, "is no day"),
    ],
)
def test_a_record_that_cannot_be_understood_allows_nothing(changes: dict, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said) as told:
        Consent.from_fields({**FULL.fields(), **changes})
    assert "Nothing is done with this character" in told.value.hint


def test_the_policy_of_a_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(consent.SHOW, raising=False)
    monkeypatch.delenv(consent.PRODUCTION, raising=False)
    deep = tmp_path / "show" / "assets" / "hero"
    deep.mkdir(parents=True)
    assert policy(deep) == Policy()
    monkeypatch.setenv(consent.PRODUCTION, "named")
    assert policy(deep) == Policy("named")
    file = tmp_path / "show" / consent.POLICY
    file.write_text('{"production": "dune-fox", "consent_required": true}')
    assert policy(deep) == Policy("dune-fox", True, file)
    other = tmp_path / "other.json"
    other.write_text("{}")
    monkeypatch.setenv(consent.SHOW, str(other))
    assert policy(deep) == Policy("named", False, other)
    for broken in ("", "[]", '{"consent_required": "no"}', '{"production": 3}'):
        other.write_text(broken)
        with pytest.raises(UnreadableFile, match=r"policy .* cannot be read"):
            policy(deep)


def test_a_use_that_cannot_be_logged_is_not_done(tmp_path: Path) -> None:
    from backlot.errors import CannotWrite

    (tmp_path / consent.LOG).mkdir()
    with pytest.raises(CannotWrite):
        demand(tmp_path, FULL, "check", Policy("dune-fox"), TODAY)
    with pytest.raises(ConsentDenied):
        demand(tmp_path, FULL, "lock", Policy("dune-fox"), TODAY)
