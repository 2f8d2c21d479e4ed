"""A character on its way to the server: what is in its folder, if consent allows it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import backlot
from backlot.character import folder, references, sending
from backlot.character.consent import Consent
from backlot.client import Studio
from backlot.errors import ConsentDenied, InvalidInput
from backlot.events import Result
from backlot.shot import process
from tests.server.characters import REGIONS, frame, matte

REDDER = {"coat": (0.0, 0.30, 0.0)}


@pytest.fixture
def hero(tmp_path: Path) -> folder.Character:
    made = folder.new(tmp_path / "hero", "Hero", tuple(REGIONS))
    references.add(made, frame(1), matte(), shot="sh010", costume="coat")
    return made


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """Three frames in which the coat is redder than it should be, and their mattes."""
    for number in (1001, 1002, 1003):
        backlot.write(tmp_path / "shot" / f"plate.{number}.exr", frame(number, drift=REDDER))
        backlot.write(tmp_path / "shot" / f"roto.{number}.exr", matte())
    return tmp_path / "shot"


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shot").mkdir()
    monkeypatch.delenv("BACKLOT_SHOW", raising=False)
    monkeypatch.delenv("BACKLOT_PRODUCTION", raising=False)


def test_what_is_sent_is_what_the_tool_takes(studio: Studio, hero: folder.Character) -> None:
    text = sending.sent(studio, hero.folder, "check")
    fields = json.loads(text)
    assert set(fields["references"][0]["looks"]) == set(REGIONS)
    assert fields["references"][0]["costume"] == "coat"
    assert sending.sent(studio, text, "check") == text
    assert not (hero.folder / "consent.log").exists()


def test_descriptors_are_kept_until_the_reference_changes(
    studio: Studio, hero: folder.Character
) -> None:
    (reference,) = references.read_all(hero)
    first = references.looks(studio, hero, reference)
    path = hero.folder / "descriptors" / f"{reference.id}.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "looks": {"told": "by the file"}}))
    assert references.looks(studio, hero, reference) == {"told": "by the file"}
    backlot.write(reference.folder / "frame.exr", frame(2))
    second = references.looks(studio, hero, reference)
    assert set(second) == set(first)
    assert second != first
    for broken in ("", "[]", '{"made_from": 3}'):
        path.write_text(broken)
        assert references.looks(studio, hero, reference) == second


def test_a_character_without_references_is_refused(studio: Studio, tmp_path: Path) -> None:
    made = folder.new(tmp_path / "other", "Other", ["face"])
    with pytest.raises(InvalidInput, match="Other has no references yet"):
        sending.sent(studio, made.folder, "check")


def test_a_take_with_a_character_s_folder(
    studio: Studio, hero: folder.Character, shot: Path
) -> None:
    take = process(
        studio,
        "character-lock",
        shot / "plate.####.exr",
        shot / "locked.####.exr",
        matte=str(shot / "roto.####.exr"),
        character=str(hero.folder),
        mode="lock",
        verify=True,
    )
    assert [one.state for one in take.frames] == ["done"] * 3, [str(one) for one in take.frames]
    assert all(one.exact for one in take.frames)
    for one in take.frames:
        verdicts = {name: said["verdict"] for name, said in one.measured["regions"].items()}
        assert verdicts["coat"] == "changed"
        assert "changed" not in {v for name, v in verdicts.items() if name != "coat"}
    coat = np.s_[12:52, 20 + 2 * 48 + 6 : 16 + 3 * 48 - 6]
    right, wrong = (frame(1002, drift=drift).pixels[coat] for drift in (None, REDDER))
    locked = backlot.read(shot / "locked.1002.exr").pixels[coat]
    far = np.abs(wrong.astype("f4") - right)[..., :3].mean()
    assert np.abs(locked.astype("f4") - right)[..., :3].mean() < 0.45 * far


def test_a_changed_character_makes_takes_stale(
    studio: Studio, hero: folder.Character, shot: Path
) -> None:
    def again() -> list[str]:
        take = process(
            studio,
            "character-lock",
            shot / "plate.####.exr",
            shot / "locked.####.exr",
            matte=str(shot / "roto.####.exr"),
            character=str(hero.folder),
        )
        return [one.state for one in take.frames]

    assert again() == ["done"] * 3
    assert again() == ["kept"] * 3
    references.add(hero, frame(5), matte(), shot="sh020")
    assert again() == ["done"] * 3


def test_consent_is_asked_for_before_anything_is_sent(
    studio: Studio, hero: folder.Character
) -> None:
    record = Consent("A. Performer", uses=("check",), ends=date(2999, 1, 1))
    folder.save(replace(hero, consent=record))
    frames = {"source": frame(1), "matte": matte()}

    def run(mode: str) -> list[Result]:
        params = {"character": str(hero.folder), "mode": mode}
        with studio.submit(
            "character-lock", [1], lambda name, _: frames[name], list(frames), params
        ) as running:
            return [event for event in running if isinstance(event, Result)]

    (result,) = run("check")
    assert result.measured["regions"]["coat"]["verdict"] == "unchanged"
    with pytest.raises(ConsentDenied, match="did not agree to lock"):
        run("lock")
    folder.save(replace(hero, consent=replace(record, revoked=date(2026, 1, 1))))
    with pytest.raises(ConsentDenied, match="revoked consent"):
        run("check")
    log = [json.loads(line) for line in (hero.folder / "consent.log").read_text().splitlines()]
    assert [(entry["use"], entry["allowed"]) for entry in log] == [
        ("check", True),
        ("lock", False),
        ("check", False),
    ]


def test_the_library_of_a_show(hero: folder.Character, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "character.json").write_text("{")
    broken, listed = sending.library(tmp_path)
    assert "is not JSON" in broken["problem"]
    assert listed == {
        "name": "Hero",
        "folder": str(hero.folder),
        "regions": sorted(REGIONS),
        "references": 1,
        "costumes": ["coat"],
        "consent": "none on record",
    }


def test_a_region_may_have_a_threshold_of_its_own(
    studio: Studio, hero: folder.Character, shot: Path
) -> None:
    regions = {**hero.regions, "coat": folder.Region("coat", threshold=40.0)}
    folder.save(replace(hero, regions=regions))
    take = process(
        studio,
        "character-lock",
        shot / "plate.####.exr",
        shot / "checked.####.exr",
        matte=str(shot / "roto.####.exr"),
        character=str(hero.folder),
    )
    assert {one.measured["regions"]["coat"]["verdict"] for one in take.frames} != {"changed"}


def test_what_cannot_change_is_told_to_the_tool(studio: Studio, tmp_path: Path) -> None:
    wears = [name for name in REGIONS if name != "shoes"]
    made = folder.new(tmp_path / "hero", "Hero", wears, fixed=["shoes"])
    references.add(made, frame(1), matte())
    assert folder.load(made.folder).regions["shoes"].fixed
    assert json.loads(sending.sent(studio, made.folder, "check"))["fixed"] == ["shoes"]
