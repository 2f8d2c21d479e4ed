"""`backlot character`: what an artist types, reads, and what automation trusts."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest

import backlot
from backlot import Frame
from tests.cli.conftest import CommandLine
from tests.server.characters import REGIONS, frame, matte

REDDER = {"coat": (0.0, 0.30, 0.0)}
REGION = tuple(word for name in REGIONS for word in ("--region", name))


def write(folder: Path, number: int, picture: Frame) -> None:
    """A plate, and a matte for each region."""
    folder.mkdir(parents=True, exist_ok=True)
    backlot.write(folder / f"plate.{number:04d}.exr", picture)
    for at, name in enumerate(REGIONS):
        cover = Frame(matte().pixels[..., [at]], ("A",), meaning="data")
        backlot.write(folder / f"roto.{name}.{number:04d}.exr", cover)


@pytest.fixture
def show(cli: CommandLine) -> CommandLine:
    """A show with a character, a shot as it should be, and one with a redder coat."""
    write(cli.folder / "ref", 1, frame(1))
    for number in range(1001, 1007):
        write(cli.folder / "shots" / "same", number, frame(number))
        write(cli.folder / "shots" / "redder", number, frame(number, drift=REDDER))
    assert cli("character", "new", "chars/hero", *REGION, "--name", "Hero").code == 0
    added = cli("character", "add", "chars/hero", "ref/plate.####.exr", *MATTES, "--shot", "sh001")
    assert added.code == 0, added.err
    assert added.out.startswith("sh001_1_")
    return cli


MATTES = ("--mattes", "ref/roto.{region}.####.exr", "--light", "studio")
CHECK = ("character", "check", "chars/hero")


def test_a_character_is_made_listed_and_shown(show: CommandLine) -> None:
    listed = show("character", "list", "chars", "--json").json["characters"]
    assert [(one["name"], one["references"]) for one in listed] == [("Hero", 1)]
    assert "Hero" in show("character", "list", "chars").out
    told = show("character", "show", "chars/hero", "--json").json
    assert sorted(told["regions"]) == sorted(REGIONS)
    assert told["references"][0]["light"] == "studio"
    assert "none on record" in show("character", "show", "chars/hero").out
    again = show("character", "new", "chars/hero", *REGION)
    assert (again.code, "is a character already" in again.err) == (2, True)


def test_a_check_ends_with_a_code_for_automation(show: CommandLine) -> None:
    same = show(*CHECK, "shots/same", "-o", "out/same")
    assert same.code == 0, same.out + same.err
    assert "coat unchanged" in same.out
    assert "Faces are not compared: no face network is installed." in " ".join(same.out.split())
    changed = show(*CHECK, "shots", "-o", "out/all")
    assert changed.code == 10
    assert "coat changed by" in changed.out
    assert "shots: 1 changed, 1 unchanged" in changed.out
    assert (show.folder / "out/all/report.html").exists()
    assert show("character", "report", "out/all").code == 10
    alone = Frame(matte().pixels[..., [0]], ("A",), meaning="data")
    backlot.write(show.folder / "whole.exr", alone)
    told = show(
        *CHECK, "shots/same/plate.####.exr", "-o", "out/open", "--mattes", "whole.exr", "--json"
    )
    assert (told.code, told.events[-1]["verdict"]) == (11, "cannot tell")


def test_a_check_tells_json_and_time_left(show: CommandLine) -> None:
    said = show(*CHECK, "shots", "-o", "out", "--json")
    kinds = [event["event"] for event in said.events]
    assert kinds[-1] == "end"
    assert said.events[-1]["exit_code"] == said.code == 10
    shots = {event["shot"]: event for event in said.events if event["event"] == "shot"}
    (coat,) = [one for one in shots["redder"]["regions"] if one["region"] == "coat"]
    assert coat["verdict"] == "changed"
    assert "redder" in coat["towards"]
    assert shots["same"]["verdict"] == "unchanged"
    again = show(*CHECK, "shots", "-o", "out", "--json")
    assert [event["event"] for event in again.events] == ["shot", "shot", "end"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_check_that_was_stopped_leaves_what_is_done(show: CommandLine, how: int) -> None:
    for number in range(1007, 1060):
        write(show.folder / "shots" / "same", number, frame(number))
    process = show.start(*CHECK, "shots", "-o", "out")
    lines = show.folder / "out" / "shots" / "same.jsonl"
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if lines.exists() and lines.read_text().count("\n") > 3:
            break
        time.sleep(0.01)
    process.send_signal(how)
    process.communicate(timeout=60)
    done = lines.read_text().splitlines()[1:-1]
    said = show(*CHECK, "shots", "-o", "out")
    assert said.code == 10
    kept = lines.read_text().splitlines()
    assert len(kept) == 1 + 59
    assert set(done) <= set(kept)


def test_lock_brings_back_what_changed_and_writes_a_cdl(show: CommandLine) -> None:
    said = show("character", "lock", "chars/hero", "shots", "-o", "out/{shot}/l.####.exr")
    assert said.code == 0, said.err
    assert "coat brought back by" in said.out
    right, wrong = frame(1003).pixels, frame(1003, drift=REDDER).pixels
    locked = backlot.read(show.folder / "out/redder/l.1003.exr").pixels
    coat = np.s_[12:52, 20 + 2 * 48 + 6 : 16 + 3 * 48 - 6, :3]
    far = np.abs(wrong[coat].astype("f4") - right[coat]).mean()
    assert np.abs(locked[coat].astype("f4") - right[coat]).mean() < 0.45 * far
    np.testing.assert_array_equal(locked[:8], wrong[:8])
    np.testing.assert_array_equal(backlot.read(show.folder / "out/same/l.1003.exr").pixels, right)
    cdl = (show.folder / "out/redder/redder.ccc").read_text()
    assert 'id="redder.coat"' in cdl
    assert cdl.count("<ColorCorrection ") == 1
    assert not (show.folder / "out/same/same.ccc").exists()
    over = show("character", "lock", "chars/hero", "shots", "-o", "out/l.####.exr")
    assert (over.code, "over each other" in over.err) == (2, True)


def test_regions_are_suggested_named_and_become_a_reference(show: CommandLine) -> None:
    whole = Frame(matte().pixels[..., [-1]], ("A",), meaning="data")
    backlot.write(show.folder / "whole.exr", whole)
    plate, given = "ref/plate.0001.exr", ("--matte", "whole.exr", "-o", "regions.exr")
    asked = show("character", "suggest", plate, *given)
    assert (asked.code, "parts: look at" in asked.out) == (0, True), asked.err
    assert not (show.folder / "regions.exr").exists(), "nothing before somebody named them"
    assert (show.folder / "regions.png").exists()
    named = show(
        "character",
        "suggest",
        plate,
        *given,
        "--region",
        "coat=1,2",
        "--region",
        "face=3",
        "--json",
    )
    assert named.json["regions"] == {"coat": [1, 2], "face": [3]}
    added = show("character", "add", "chars/hero", plate, "--mattes", "regions.exr")
    assert (added.code, added.out.rstrip().endswith(": coat, face")) == (0, True), added.out
    for wrong in (["face=x"], ["face=1", "--region", "coat=1"], ["1=2"], ["face=99"]):
        assert show("character", "suggest", plate, *given, "--region", *wrong).code == 2
    assert show("character", "suggest", "whole.exr", "-o", "x.exr").code == 2


def test_mattes_of_one_frame_are_carried_along_the_shot_and_can_be_checked_with(
    show: CommandLine,
) -> None:
    (show.folder / "m").mkdir()
    given = ("--mattes", "shots/redder/roto.{region}.####.exr", "--frame", "1003")
    command = ("character", "carry", "chars/hero")
    told = show(*command, "shots/redder/plate.####.exr", *given, "-o", "m/m.####.exr")
    assert told.code == 0, told.out + told.err
    assert "6 frames, confidence from" in told.out
    for name in REGIONS:
        (show.folder / f"shots/redder/roto.{name}.1002.exr").unlink()
    checked = show(*CHECK, "shots/redder/plate.####.exr", "-o", "out", "--mattes", "m/m.####.exr")
    assert (checked.code, "coat changed by" in checked.out) == (10, True), checked.err
    (show.folder / "shots/redder/plate.1005.exr").unlink()
    cut = show(
        *command, "shots/redder/plate.####.exr", *given, "-o", "m/n.####.exr", "--range",
        "1001-1006", "--json",
    )  # fmt: skip
    assert (cut.code, cut.json["look_at"]) == (11, [1005, 1006])


def test_calibration_is_written_told_and_taken_back(show: CommandLine) -> None:
    told = show("character", "calibrate", "chars/hero", "shots/same")
    assert (told.code, "calibrated on 1 shots: errors coat x" in told.out) == (0, True), told.err
    fields = json.loads((show.folder / "chars/hero/character.json").read_text())
    assert set(fields["calibration"]["spreads"]) == set(REGIONS)
    assert "calibrated on 1 shots" in show("character", "show", "chars/hero").out
    changed = show(*CHECK, "shots", "-o", "out")
    assert (changed.code, "coat changed by" in changed.out) == (10, True)
    assert show("character", "calibrate", "chars/hero").code == 2
    cleared = show("character", "calibrate", "chars/hero", "--clear", "--json")
    assert (cleared.code, cleared.json) == (0, {"calibration": None})


def test_consent_is_recorded_held_to_and_logged(show: CommandLine) -> None:
    paper = show.folder / "agreement.txt"
    paper.write_text("signed")
    recorded = show(
        "character", "consent", "chars/hero", "--holder", "A. Performer", "--allow", "check",
        "--agreement", "agreement.txt", "--production", "dune-fox", "--until", "2999-01-01",
    )  # fmt: skip
    assert (recorded.code, "until 2999-01-01" in recorded.out) == (0, True)
    record = json.loads((show.folder / "chars/hero/character.json").read_text())["consent"]
    assert len(record["agreement_blake3"]) == 64
    assert record["may_train"] is False
    named = {"BACKLOT_PRODUCTION": "dune-fox"}
    assert show(*CHECK, "shots/same", "-o", "out", **named).code == 0
    other = show(*CHECK, "shots/same", "-o", "out2", "--json")
    assert (other.code, other.json["code"]) == (7, "consent-denied")
    assert not (show.folder / "out2").exists()
    lock = show("character", "lock", "chars/hero", "shots/same", "-o", "l.####.exr", **named)
    assert (lock.code, "did not agree to lock" in lock.err) == (7, True)
    tool = show(
        "character-lock", "shots/same/plate.####.exr", "--matte", "shots/same/roto.face.####.exr",
        "--character", "chars/hero", "--mode", "lock", "--out", "l.####.exr", **named,
    )  # fmt: skip
    assert (tool.code, "did not agree to lock" in tool.err) == (7, True)
    assert not list(show.folder.glob("l.*"))
    show("character", "consent", "chars/hero", "--revoke", "2020-01-01")
    assert "revoked consent" in show(*CHECK, "shots/same", "-o", "out", **named).err
    log = [json.loads(line) for line in (show.folder / "chars/hero/consent.log").open()]
    assert [entry["allowed"] for entry in log] == [True, False, False, False, False]


def test_a_show_may_demand_consent(show: CommandLine) -> None:
    policy = show.folder / "backlot-show.json"
    policy.write_text('{"production": "dune-fox", "consent_required": true}')
    said = show(*CHECK, "shots/same", "-o", "out")
    assert (said.code, "this show demands one" in said.err) == (7, True)
    show("character", "consent", "chars/hero", "--holder", "A", "--production", "dune-fox")
    assert show(*CHECK, "shots/same", "-o", "out").code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("check", "chars/gone", "shots", "-o", "o"), 2, "There is no character at"),
        (("check", "chars/hero", "gone", "-o", "o"), 2, "Nothing is at gone"),
        (("add", "chars/hero", "shots/same/plate.####.exr"), 2, "has 6 frames"),
        (("add", "chars/hero", "shots/same/plate.1001.exr"), 2, "one matte of everything"),
        (("consent", "chars/hero"), 2, "Nobody is named"),
        (("consent", "chars/hero", "--holder", "A", "--until", "soon"), 2, "'soon' is no day"),
        (("consent", "chars/hero", "--holder", "A", "--allow", "clone"), 2, "clone cannot be"),
        (("report", "shots"), 2, "no results of a check"),
        (("list", "gone"), 2, "gone is no folder"),
    ],
)
def test_what_is_wrong_is_a_sentence(
    show: CommandLine, words: tuple[str, ...], code: int, said: str
) -> None:
    told = show("character", *words)
    assert (told.code, said in " ".join(told.err.split())) == (code, True), told.err
