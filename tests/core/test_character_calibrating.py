"""Calibration: what undrifted shots say of a production's light changes what counts as drift."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backlot
from backlot.character import calibrating, folder, references, shotlist
from backlot.character import check as checks
from backlot.character.check import Check
from backlot.character.sending import sent
from backlot.client import Studio
from backlot.errors import InvalidInput, UnreadableFile
from tests.server.characters import REGIONS, WARM, frame, matte

ODD = {"hair": (0.0, 0.26, -0.14)}
"""What this show's lamps do to hair, in every shot."""
REDDER = {"coat": (0.0, 0.35, 0.0)}


@pytest.fixture
def hero(tmp_path: Path) -> folder.Character:
    made = folder.new(tmp_path / "hero", "Hero", tuple(REGIONS))
    references.add(made, frame(1), matte())
    return made


def shoot(where: Path, **shots: dict[str, tuple[float, float, float]]) -> tuple[shotlist.Shot, ...]:
    for at, (name, drift) in enumerate(shots.items()):
        (where / name).mkdir(parents=True)
        for number in (1001, 1002):
            picture = frame(number + 10 * at, light=WARM if at % 2 else (0, 0, 0), drift=drift)
            backlot.write(where / name / f"plate.{number}.exr", picture)
            backlot.write(where / name / f"roto.{number}.exr", matte())
    return shotlist.read(where)


def odds(studio: Studio, hero: folder.Character, shots: tuple, out: Path) -> dict[str, float]:
    found = checks.run(studio, Check(sent(studio, hero.folder, "check"), shots, out))
    return {verdict.region: verdict.odds for result in found for verdict in result.verdicts}


def test_what_right_shots_show_is_no_drift_afterwards_and_drift_still_is(
    studio: Studio, hero: folder.Character, tmp_path: Path
) -> None:
    right = shoot(tmp_path / "right", **{f"sh{n}": ODD for n in range(6)})
    new = shoot(tmp_path / "new", odd={**ODD, **REDDER})
    before = odds(studio, hero, new, tmp_path / "before")
    made = calibrating.calibrate(studio, str(hero.folder), right)
    assert made.calibration is not None
    assert made.calibration.shots == 6
    assert made.calibration.spreads["hair"] > 1.2
    assert made.calibration.spreads["hair"] == max(made.calibration.spreads.values())
    assert made.calibration.spreads["trousers"] < 1
    after = odds(studio, hero, new, tmp_path / "after")
    assert after["hair"] < before["hair"] - 0.5, "what all shots show is no longer a surprise"
    assert after["coat"] > 0, "a change that the right shots do not show is found"
    again = calibrating.calibrate(studio, str(hero.folder), right)
    assert again == made, "an earlier calibration has no part in it"
    assert calibrating.cleared(str(hero.folder)).calibration is None
    assert odds(studio, hero, new, tmp_path / "cleared") == before


def test_it_is_in_the_folder_and_held_to_what_it_can_be(hero: folder.Character) -> None:
    path = hero.folder / folder.FILE
    fields = json.loads(path.read_text())
    assert "calibration" not in fields
    fields["calibration"] = {"shots": 3, "spreads": {"coat": 1.5}}
    path.write_text(json.dumps(fields))
    assert folder.load(hero.folder).calibration == folder.Calibration(3, {"coat": 1.5})
    for bad in ({"coat": -1}, {"coat": "much"}, {"coat": float("nan")}, None):
        path.write_text(json.dumps({**fields, "calibration": {"shots": 3, "spreads": bad}}))
        with pytest.raises(UnreadableFile):
            folder.load(hero.folder)


def test_shots_that_show_nothing_calibrate_nothing(
    studio: Studio, hero: folder.Character, tmp_path: Path
) -> None:
    shots = shoot(tmp_path / "dark", sh1={})
    for path in (tmp_path / "dark").rglob("plate.*.exr"):
        backlot.write(path, frame(1, light=(-9.0, 0, 0)))
    before = (hero.folder / folder.FILE).read_bytes()
    with pytest.raises(InvalidInput, match="Nothing of the character"):
        calibrating.calibrate(studio, str(hero.folder), shots)
    assert (hero.folder / folder.FILE).read_bytes() == before


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_a_spread_stays_within_bounds_and_one_shot_spoils_little(surprise: list[float]) -> None:
    assert 0.5 <= calibrating.spread(surprise) <= 5.0
    assert calibrating.spread([*surprise, 1e9]) - calibrating.spread(surprise) <= 2.0


def test_few_shots_say_little() -> None:
    assert calibrating.spread([]) == 1
    assert calibrating.spread([0.2]) > calibrating.spread([0.2] * 20)
    assert calibrating.spread([3.0]) < calibrating.spread([3.0] * 20)
