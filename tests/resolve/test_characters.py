"""The characters library in the companion and the panel, and a shot that is checked."""

from __future__ import annotations

import json
import os

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from backlot_resolve import characters

from backlot.character import folder
from backlot.errors import InvalidInput

from .conftest import until
from .talks import submit

SENT = [
    {"verdict": "changed", "size": 5.0, "why": "", "from": [50, 10, 10], "to": [50, 20, 12]},
    {"verdict": "unchanged", "size": 0.3, "why": "", "from": [50, 10, 10], "to": [50, 10, 10]},
    {"verdict": "cannot tell", "why": "dark"},
]


def test_a_library_lists_what_is_there_and_says_what_is_damaged(tmp_path):
    assert characters.listed(tmp_path / "none") == []
    folder.new(tmp_path / "hero", "Hero", ("coat", "hair"))
    folder.new(tmp_path / "worn")
    (tmp_path / "worn" / folder.FILE).write_text("{half")
    rows = {row["name"]: row for row in characters.listed(tmp_path)}
    assert rows["Hero"]["regions"] == ["coat", "hair"]
    assert "problem" not in rows["Hero"]
    assert rows["worn"]["problem"]


def test_a_new_character_is_a_folder_and_never_over_another(tmp_path):
    made = characters.new(tmp_path, "The Hero", ["coat"])
    assert folder.load(made).name == "The Hero"
    with pytest.raises(InvalidInput, match="already"):
        characters.new(tmp_path, "The Hero")


def test_what_changed_is_said_first():
    names = ("coat", "face", "hair")
    frames = [(n, {"regions": dict(zip(names, SENT, strict=True))}) for n in range(1001, 1011)]
    said = characters.sentences(frames)
    assert said[0].startswith("coat changed by 5.0")
    assert said[1].startswith("hair cannot be told")
    assert said[2].startswith("face unchanged")
    face = {"verdict": "other", "why": "", "similarity": 0.1, "same": 0.4, "other": 0.3}
    said = characters.sentences([(n, {**measured, "face": face}) for n, measured in frames])
    assert said[0] == "likeness of another face: 0.10 (1001-1010)"
    assert said[1].startswith("coat changed")
    assert characters.sentences([(1, {}), (2, {"quality": 1}), (3, {"regions": {"a": {}}})]) == []


def test_drift_is_a_curve_over_the_frames():
    regions = {"coat": {"verdict": "changed"}}
    frames = [(3, {"regions": regions, "drift": 6.0}), (1, {"regions": regions, "drift": 1.0})]
    assert characters.curve([*frames, (2, {"regions": regions, "drift": None})]) == [1.0, None, 6.0]
    assert characters.curve([(1, {"quality": 1})]) == []


@pytest.fixture
def mattes(tmp_path):
    """Red, green and blue are a region each."""
    (tmp_path / "mattes").mkdir()
    for number in range(1001, 1031):
        cover = np.zeros((36, 64, 4), np.float32)
        for at in range(3):
            cover[2:34, 2 + 20 * at : 20 + 20 * at, at] = 1.0
        cover[..., 3] = cover[..., :3].max(2)
        image = oiio.ImageBuf(oiio.ImageSpec(64, 36, 4, "half"))
        image.set_pixels(oiio.ROI(0, 64, 0, 36), cover)
        image.write(str(tmp_path / "mattes" / f"who.{number}.exr"))
    return {"source": "sequence", "path": str(tmp_path / "mattes" / "who.%04d.exr")}


def described(spoken, d, mattes, tmp_path):
    """The character as the tool's own measurement of a frame has it."""
    take = spoken.companion.studio().process(
        "character-lock", d.pattern, str(tmp_path / "m" / "m.%04d.exr"), frames="1010",
        matte=mattes["path"], mode="describe",
    )  # fmt: skip
    looks = take.frames[0].measured["regions"]
    references = [{"id": "r1", "costume": "", "looks": looks}]
    return json.dumps({"regions": list(looks), "references": references})


def test_a_checked_shot_says_what_it_found_and_nothing_is_placed(talk, mattes, tmp_path):
    d, spoken = talk()
    character = described(spoken, d, mattes, tmp_path)
    done = submit(
        spoken, tool="character-lock", handles=0, matte=mattes,
        params={"mode": "check", "character": character},
    )  # fmt: skip
    assert (done["state"], done["place"]) == ("done", ""), done
    assert len(done["findings"]) == 3
    assert d.changed() == set()
    assert spoken.ask("results")[0]["findings"] == done["findings"]
    assert len(done["curve"]) > 1
    assert all(size is None or size < 3 for size in done["curve"]), "held against itself"
    assert spoken.ask("results")[0]["curve"] == done["curve"]


def test_a_locked_shot_is_placed_as_any_other(talk, mattes, tmp_path):
    d, spoken = talk()
    character = described(spoken, d, mattes, tmp_path)
    done = submit(
        spoken, tool="character-lock", handles=0, matte=mattes,
        params={"mode": "lock", "character": character},
    )  # fmt: skip
    assert (done["state"], done["place"]) == ("done", "take"), done
    assert d.do("a.selected") == 2


def test_without_a_character_it_says_so(talk, mattes):
    d, spoken = talk()
    done = submit(spoken, tool="character-lock", handles=0, matte=mattes)
    assert done["state"] == "failed"
    assert "character" in done["sentence"]
    assert d.changed() == set()


def test_the_panel_shows_the_library_and_makes_a_character(
    app, panel, shared_server, monkeypatch, tmp_path
):
    from PySide6.QtWidgets import QInputDialog

    library = tmp_path / "results" / "Characters"
    folder.new(library / "hero", "Hero", ("coat",))
    answers = iter([("Villain", True), ("coat, hair", True)])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: next(answers))
    _, window = panel(server=shared_server)
    window.tool.choice.setCurrentIndex(window.tool.choice.findData("character-lock"))
    field = window.tool.controls.character
    until(app, lambda: field.choice.count() == 2)
    field.choice.setCurrentIndex(1)
    assert window.tool.request()["params"]["character"] == str(library / "hero")
    field._new()
    until(app, lambda: field.choice.count() == 3)
    assert field.value() == os.fspath(library / "Villain")
    assert list(folder.load(field.value()).regions) == ["coat", "hair"]


def test_a_frame_of_a_clip_becomes_a_reference_and_the_shot_is_held_against_it(talk, tmp_path):
    """Layers called as the regions go into the folder; the check is against that."""
    _, spoken = talk()
    names = ("coat", "face", "hair")
    for number in range(1001, 1031):
        channels = [f"{name}.A" for name in names] + ["A"]
        image = oiio.ImageBuf(oiio.ImageSpec(64, 36, 4, "half"))
        image.specmod().channelnames = channels
        cover = np.zeros((36, 64, 4), np.float32)
        for at in range(3):
            cover[2:34, 2 + 20 * at : 20 + 20 * at, at] = 1.0
        cover[..., 3] = cover[..., :3].max(2)
        image.set_pixels(oiio.ROI(0, 64, 0, 36), cover)
        image.write(str(tmp_path / f"who.{number}.exr"))
    matte = {"source": "sequence", "path": str(tmp_path / "who.%04d.exr")}
    made = spoken.ask("new_character", name="Hero", regions=", ".join(names))["made"]
    asked = {"tool": "character-lock", "label": "Lock", "matte": matte, "handles": 0,
             "params": {"character": made, "mode": "check"}}  # fmt: skip
    clip = spoken.look["clips"][0]["id"]
    told = spoken.ask("add_reference", clip=clip, frame=86406, request=asked)
    assert "frame 1009" in told["said"]
    assert [row["references"] for row in told["characters"]] == [1]
    again = spoken.try_("add_reference", clip=clip, frame=86406, request=asked)
    assert "already" in again["error"]["sentence"]
    spoken.ask("submit", clips=[clip], request=asked)
    done = spoken.job("done", "failed")
    assert done["state"] == "done", done
    assert len(done["findings"]) == 3
    told = {sentence.split()[0] for sentence in done["findings"]}
    assert told == set(names), "of noise nothing more can be said than that it was looked at"
