"""A check over shots: what it finds, that it goes on where it was, and the report of it."""

from __future__ import annotations

import json
import threading
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import backlot
from backlot import Frame
from backlot.character import check as checks
from backlot.character import folder, references, report, results, sending, shotlist
from backlot.character.check import Check
from backlot.client import Studio
from backlot.errors import Cancelled
from backlot.report import Update
from tests.server.characters import REGIONS, WARM, frame, matte

FRAMES = range(1001, 1007)
REDDER = {"coat": (0.0, 0.30, 0.0)}


def write(where: Path, number: int, picture: Frame, cover: Frame | None = None) -> None:
    where.mkdir(parents=True, exist_ok=True)
    backlot.write(where / f"plate.{number}.exr", picture)
    backlot.write(where / f"roto.{number}.exr", cover or matte())


@pytest.fixture
def hero(tmp_path: Path) -> folder.Character:
    made = folder.new(tmp_path / "hero", "Hero", tuple(REGIONS))
    references.add(made, frame(1), matte(), light="studio")
    return made


@pytest.fixture
def show(tmp_path: Path) -> Path:
    """One shot in another light, one with a redder coat, one in black and white."""
    for number in FRAMES:
        write(tmp_path / "show" / "sh010", number, frame(number, light=WARM))
        write(tmp_path / "show" / "sh020", number, frame(number, drift=REDDER))
        grey = frame(number).pixels.copy()
        grey[..., :3] = grey[..., 1:2]
        write(tmp_path / "show" / "sh030", number, Frame(grey, number=number))
    return tmp_path / "show"


class Told(list[Update]):
    """Updates as they come; frames that were measured."""

    def __call__(self, update: Update) -> None:
        self.append(update)

    @property
    def measured(self) -> int:
        return sum(update.kind in ("progress", "warning") for update in self)


def run(studio: Studio, hero: folder.Character, listed: Path, out: Path, **options) -> tuple:
    """Outcome, results by shot, and what was told."""
    shots = shotlist.read(listed)
    text = sending.sent(studio, hero.folder, "check")
    source = listed if listed.suffix == ".otio" else None
    checked = report.begin(out, hero, references.read_all(hero), shots, source)
    told = Told()
    found = checks.run(studio, Check(text, shots, out), progress=told, **options)
    by_shot = {result.shot: result for result in found}
    return report.write(checked), by_shot, told


def verdicts(result: results.ShotResult) -> Mapping[str, str]:
    return {verdict.region: verdict.verdict for verdict in result.verdicts}


def test_what_changed_is_found_and_light_is_not_taken_for_it(
    studio: Studio, hero: folder.Character, show: Path, tmp_path: Path
) -> None:
    outcome, found, told = run(studio, hero, show, tmp_path / "out")
    assert verdicts(found["sh010"]) == dict.fromkeys(REGIONS, "unchanged")
    assert verdicts(found["sh020"]) == {**dict.fromkeys(REGIONS, "unchanged"), "coat": "changed"}
    (coat,) = [verdict for verdict in found["sh020"].verdicts if verdict.region == "coat"]
    assert coat.spans == ((1001, 1006),)
    assert "redder" in coat.towards
    assert verdicts(found["sh030"]) == dict.fromkeys(REGIONS, "cannot tell")
    assert {verdict.why for verdict in found["sh030"].verdicts} == {
        "the picture is black and white"
    }
    assert str(outcome) == "shots: 1 changed, 1 unchanged, 1 cannot all be told"
    assert told.measured == 18
    assert told[-1].finished == told[-1].total == 18


def test_one_tiny_one_alone_and_one_that_is_not_there(
    studio: Studio, hero: folder.Character, tmp_path: Path
) -> None:
    """A few pixels a region, another character's mattes only, and out of the picture."""
    cover = matte().pixels
    small, alone, gone = np.zeros_like(cover), np.zeros_like(cover), np.zeros_like(cover)
    small[20:22] = cover[20:22] * (np.arange(cover.shape[1]) % 10 < 1)[:, None]
    alone[..., [2, -1]] = cover[..., [2, 2]]
    for name, pixels in (("small", small), ("alone", alone), ("gone", gone)):
        masks = Frame(pixels, matte().channels, meaning="data")
        write(tmp_path / "show" / name, 1001, frame(1001), masks)
    _, found, _ = run(studio, hero, tmp_path / "show", tmp_path / "out")
    for name in ("small", "alone", "gone"):
        assert set(verdicts(found[name]).values()) == {"cannot tell"}, name
    coat = {name: next(v for v in found[name].verdicts if v.region == "coat") for name in found}
    assert coat["small"].why == "it is too small in the picture"
    assert coat["alone"].why == "fewer than three of the character's regions can be compared"
    assert not found["gone"].picture.exists()


def test_an_overexposed_face_cannot_be_told(
    studio: Studio, hero: folder.Character, tmp_path: Path
) -> None:
    lit = frame(1001).pixels.copy()
    lit[:, :66, :3] = np.minimum(lit[:, :66, :3] * 60, 4)  # the face, as far as the camera holds
    write(tmp_path / "shot", 1001, Frame(lit, number=1001))
    shots = shotlist.read(tmp_path / "shot")
    text = sending.sent(studio, hero.folder, "check")
    (found,) = checks.run(studio, Check(text, shots, tmp_path / "out", clip=4.0))
    face = next(verdict for verdict in found.verdicts if verdict.region == "face")
    assert str(face) == "face cannot be told: it is overexposed"
    assert verdicts(found)["coat"] == "unchanged"


def test_an_intended_costume_has_references_of_its_own(
    studio: Studio, hero: folder.Character, show: Path, tmp_path: Path
) -> None:
    references.add(hero, frame(2, drift=REDDER), matte(), costume="red coat")
    table = tmp_path / "shots.csv"
    lines = [
        "shot,plate,mattes,costume",
        *(
            f"{name},show/sh020/plate.####.exr,show/sh020/roto.####.exr,{costume}"
            for name, costume in (("worn", "red coat"), ("any", ""), ("unknown", "armour"))
        ),
    ]
    table.write_text("\n".join(lines))
    _, found, _ = run(studio, hero, table, tmp_path / "out")
    assert verdicts(found["worn"])["coat"] == "unchanged"
    assert verdicts(found["any"])["coat"] == "unchanged"
    assert set(verdicts(found["unknown"]).values()) == {"cannot tell"}
    assert found["unknown"].verdicts[0].why == "no reference shows it"


def test_shots_of_one_scene_are_judged_together_too(
    studio: Studio, hero: folder.Character, show: Path, tmp_path: Path
) -> None:
    table = tmp_path / "shots.csv"
    rows = [
        ("a", "sh020", "barn"),
        ("b", "sh020", "barn"),
        ("c", "sh010", "yard"),
        ("d", "sh010", ""),
    ]
    table.write_text(
        "shot,plate,mattes,scene\n"
        + "".join(f"{n},show/{p}/plate.####.exr,show/{p}/roto.####.exr,{s}\n" for n, p, s in rows)
    )
    run(studio, hero, table, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "report.json").read_text())["scenes"]
    assert {each["scene"] for each in told} == {"barn"}, "a scene of one shot is that shot"
    assert {e["region"]: e["verdict"] for e in told} == {
        **dict.fromkeys(REGIONS, "unchanged"),
        "coat": "changed",
    }
    assert "2 of 2 shots together" in told[0]["sentence"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<td>barn</td><td>2</td>" in page


def test_what_is_measured_is_kept(
    studio: Studio, hero: folder.Character, show: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    _, first, told = run(studio, hero, show, out)
    before = first["sh020"].path.read_bytes()
    _, again, told = run(studio, hero, show, out)
    assert told.measured == 0
    assert again["sh020"].path.read_bytes() == before
    backlot.write(show / "sh010" / "plate.1001.exr", frame(1001, drift=REDDER))
    _, _, told = run(studio, hero, show, out)
    assert told.measured == 5  # it, and those that it was smoothed with
    _, _, told = run(studio, hero, show, out, force=True)
    assert told.measured == 18
    references.add(hero, frame(9), matte())
    _, _, told = run(studio, hero, show, out)
    assert told.measured == 18


def test_a_check_that_was_stopped_goes_on(
    studio: Studio, hero: folder.Character, show: Path, tmp_path: Path
) -> None:
    out, cancel, told = tmp_path / "out", threading.Event(), Told()
    shots = shotlist.read(show)
    text = sending.sent(studio, hero.folder, "check")

    def stop(update: Update) -> None:
        told(update)
        if told.measured == 8:
            cancel.set()

    with pytest.raises(Cancelled):
        list(checks.run(studio, Check(text, shots, out), progress=stop, cancel=cancel))
    half = out / "shots" / "sh020.jsonl"
    with half.open("a") as file:
        file.write('{"frame":1006,"made_from":[[1,')  # as kill -9 leaves it
    done = len(results.frames(out / "shots" / "sh010.jsonl")) + len(results.frames(half))
    assert done >= 8
    _, found, again = run(studio, hero, show, out)
    assert again.measured == 18 - done
    assert [line["frame"] for line in results.frames(half)] == list(FRAMES)
    assert verdicts(found["sh020"])["coat"] == "changed"


def test_frames_that_cannot_be_measured_are_said_and_tried_again(
    studio: Studio, hero: folder.Character, show: Path, tmp_path: Path
) -> None:
    bad = show / "sh010" / "plate.1003.exr"
    bad.write_bytes(bad.read_bytes()[:500])
    (show / "sh020" / "roto.1002.exr").unlink()
    table = tmp_path / "shots.csv"
    table.write_text(
        "shot,plate,mattes\n"
        "sh010,show/sh010/plate.####.exr,show/sh010/roto.####.exr\n"
        "sh020,show/sh020/plate.####.exr,show/sh020/roto.####.exr\n"
        "gone,show/gone/plate.####.exr,\n"
    )
    outcome, found, _ = run(studio, hero, table, tmp_path / "out")
    assert [number for number, _ in found["sh010"].failed] == [1003]
    assert "plate.1003.exr" in found["sh010"].failed[0][1]
    assert [number for number, _ in found["sh020"].failed] == [1002]
    assert "has no frames" in found["gone"].failed[0][1]
    assert verdicts(found["sh020"])["coat"] == "changed"
    assert outcome.failed == 3
    backlot.write(bad, frame(1003, light=WARM))
    _, found, _ = run(studio, hero, table, tmp_path / "out")
    assert found["sh010"].failed == ()


def test_the_report(studio: Studio, hero: folder.Character, show: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(studio, hero, show, out)
    page = (out / "report.html").read_text()
    assert "http" not in page
    assert "<script" not in page
    assert page.count("data:image/png;base64,") == 4
    assert page.count("<polyline") == 10  # five regions in two shots; the third cannot be told
    assert "coat changed by" in page
    assert "the same person" in page.replace("\n", " ")
    told = json.loads((out / "report.json").read_text())
    assert (told["verdict"], told["changed"], told["unchanged"]) == ("changed", 1, 1)
    assert [shot["shot"] for shot in told["shots"]] == ["sh010", "sh020", "sh030"]
    markers = json.loads((out / "markers.otio").read_text())
    clips = markers["tracks"]["children"][0]["children"]
    (mark,) = clips[1]["markers"]
    assert (clips[0]["markers"], clips[2]["markers"]) == ([], [])
    assert mark["name"] == "Hero: coat changed"
    assert mark["marked_range"]["start_time"]["value"] == 1001
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.width > 1000
    again = report.write(report.load(out))
    assert again.verdict == "changed"
    assert (out / "report.html").read_text() == page


def test_names_in_the_report_are_text(
    studio: Studio, hero: folder.Character, show: Path, tmp_path: Path
) -> None:
    made = folder.new(tmp_path / "evil", "<b>Hero</b>", tuple(REGIONS))
    references.add(made, frame(1), matte(), light="<script>")
    run(studio, made, show / "sh010", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<b>Hero" not in page
    assert "<script>" not in page


def test_pictures_are_under_the_reference_s_light(
    studio: Studio, hero: folder.Character, show: Path, tmp_path: Path
) -> None:
    _, found, _ = run(studio, hero, show, tmp_path / "out")
    (one,) = (tmp_path / "out" / "references").iterdir()

    def face(path: Path) -> np.ndarray:
        with Image.open(path) as shown:
            pixels = np.asarray(shown.convert("RGB"), np.float32)
        height, width = pixels.shape[:2]
        return pixels[height // 3 : -height // 3, width // 10 : width // 6].mean((0, 1))

    assert np.abs(face(found["sh010"].picture) - face(one)).max() < 12
    lit = frame(1003, light=WARM).pixels[20:40, 30:60, :3].astype("f4").mean((0, 1))
    assert np.abs(lit / frame(1003).pixels[20:40, 30:60, :3].mean((0, 1)) - 1).max() > 0.1


def test_memory_does_not_grow_with_the_shots(tmp_path: Path) -> None:
    """The report of results that were written before: 20 shots of 100 frames, and 200 of them."""
    line = {
        "regions": {
            name: {"verdict": "unchanged", "size": 0.5, "from": [50, 1, 1], "to": [50, 1, 2]}
            for name in REGIONS
        },
        "light": [1, 1, 1],
    }

    def peak(count: int) -> int:
        out = tmp_path / str(count)
        shots = tuple(
            shotlist.Shot(f"sh{n:04d}", f"/s/{n}.####.exr", "", (1,)) for n in range(count)
        )
        for shot in shots:
            file = results.ShotFile(out, shot, {})
            file.begin(results.Line(number, [[1, 1]], line) for number in range(100))
            file.close()
        checked = report.Checked(out, "Hero", 3.0, tuple(REGIONS), shots)
        tracemalloc.start()
        try:
            report.write(checked)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2)
    few, many = peak(10), peak(100)
    assert many < few + 100 * 20_000  # the list itself; 100 frames' lines alone are some 150 kB
