"""`backlot fill --report`: a take's confidence over its frames, and its worst frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import backlot
from backlot import rated
from backlot.errors import InvalidInput
from backlot.frame import Frame
from backlot.report import DONE, FrameReport, Take
from tests.cli.conftest import CommandLine
from tests.server.shots import FIRST, Shot, disc, matte_frame

DOT = (230, 159, 0)
WORDS = ("fill", "plate.####.exr", "--matte", "roto.####.exr", "--out", "out/clean.####.exr")


def files(folder: Path, shot: Shot) -> None:
    for number in shot.numbers:
        plate = Frame(shot.plates[number].astype(np.float16), number=number)
        backlot.write(folder / f"plate.{number}.exr", plate)
        backlot.write(folder / f"roto.{number}.exr", matte_frame(shot.mattes[number], number))


def take(*values: float) -> Take:
    frames = [
        FrameReport(number, DONE, Path(f"clean.{number}.exr"), measured={"confidence": value})
        for number, value in enumerate(values, FIRST)
    ]
    return Take("fill", "clean.####.exr", tuple(frames))


def test_the_worst_frames_are_those_of_least_confidence() -> None:
    found = rated.worst(take(1.0, 0.4, 0.9, 0.2, 0.4), 3)
    assert [frame.number for frame in found] == [FIRST + 3, FIRST + 1, FIRST + 4]
    assert rated.worst(take(1.0, 1.0)) == []


def test_a_report_shows_the_curve_and_the_worst_frames(cli: CommandLine) -> None:
    """The matte grows: what it hides on the first frame is seen on none."""
    files(cli.folder, Shot(count=5, shift=0.0, matte=lambda at: disc(48, 80, 10 + 3 * at)))
    said = cli(*WORDS, "--report", "out/report.png", "--json")
    assert said.code == 0, said.err
    measured = {e["frame"]: e["measured"] for e in said.events if e["event"] == "frame"}
    assert min(measured, key=lambda n: measured[n]["confidence"]) == FIRST
    sheet = np.asarray(Image.open(cli.folder / "out" / "report.png").convert("RGB"))
    dots = np.argwhere((sheet == DOT).all(axis=2))
    assert len(dots) > 5 * 20, "every frame has doubt here, and a dot on the curve"
    first = dots[dots[:, 1] < dots[:, 1].min() + 8]
    last = dots[dots[:, 1] > dots[:, 1].max() - 8]
    assert first[:, 0].mean() > last[:, 0].mean(), "the first is lower"
    assert sheet.shape[0] > 3 * 300, "three rows of pictures"
    red = (sheet[:, :, 0] > 180) & (sheet[:, :, 1] < 130) & (sheet[:, :, 2] < 130)
    assert red.any(), "the plate with the object, beside the frame without it"


def test_a_report_that_cannot_be_is_said_before_the_work(cli: CommandLine) -> None:
    files(cli.folder, Shot(count=3))
    said = cli(*WORDS, "--report", "out/report.jpg")
    assert said.code == 2
    assert "is no PNG" in said.err
    assert not (cli.folder / "out").exists()


def test_a_take_of_which_nothing_is_known_is_finished_all_the_same(cli: CommandLine) -> None:
    files(cli.folder, Shot(count=2, matte=lambda at: disc(0, 0, -1)))
    said = cli(*WORDS, "--report", "out/report.png")
    assert said.code == 0
    assert "Nothing was measured" in said.err
    assert "2 done" in said.out


def test_stills_are_not_rated(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Nothing was measured") as error:
        rated.write(Take("fill", "clean.####.exr", ()), "plate.exr", None, tmp_path / "a.png")
    assert error.value.hint


@pytest.mark.parametrize(
    "words",
    [
        (*WORDS, "--reference", "ref.png", "--report", "ref.png"),
        (*WORDS, "--reference", "ref.png", "--report", "link/ref.png"),
        (*WORDS[:-1], "clean.####.png", "--report", "clean.1002.png"),
        (*WORDS[:-1], "ref.png", "--reference", "ref.png", "--variants", "2"),
    ],
)
def test_a_sheet_never_takes_the_place_of_a_frame(cli: CommandLine, words) -> None:
    files(cli.folder, Shot(count=2))
    (cli.folder / "link").symlink_to(cli.folder)
    Image.new("RGB", (8, 8)).save(cli.folder / "ref.png")
    before = (cli.folder / "ref.png").read_bytes()
    said = cli(*words)
    assert said.code == 2
    assert "Give the sheet a name of its own." in said.err
    assert (cli.folder / "ref.png").read_bytes() == before
