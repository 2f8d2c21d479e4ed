"""`backlot upscale --compare`: a sheet of crops, made of the artist's own frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import backlot
from backlot.comparison import busiest
from backlot.frame import Frame, Window
from tests.cli.conftest import CommandLine


def plate(folder: Path) -> None:
    """A flat frame with one busy corner, its data window larger than its format."""
    pixels = np.full((120, 160, 3), 0.18, np.float16)
    pixels[70:110, 100:150] = np.random.default_rng(0).random((40, 50, 3)) * 2
    frame = Frame(pixels, "RGB", Window(-8, -4, 160, 120), Window(0, 0, 144, 112))
    backlot.write(folder / "busy.1001.exr", frame)


def test_every_network_stands_beside_the_filter(cli: CommandLine) -> None:
    plate(cli.folder)
    words = ("upscale", "busy.####.exr", "--compare", "--scale", "4")
    said = cli(*words, "--out", "sheet.png", "--json")
    assert said.code == 0, said.err
    names = [way["name"] for way in said.json["ways"]]
    assert names[0] == "sinc"
    assert {"fast", "fine"} <= set(names)
    assert "clean-x4-fast" not in names
    sheet = np.asarray(Image.open(cli.folder / "sheet.png").convert("RGB"), np.int32)
    assert sheet.shape[1] > len(names) * 360
    assert sorted(path.name for path in cli.folder.glob("*.png")) == ["sheet.png"]
    assert not list(cli.folder.glob("*.backlot*")), "nothing but the sheet is written"
    wide = 360 + 12
    row = sheet[sheet.shape[0] - 1500 :]  # what is below the overview
    columns = [row[:, 12 + n * wide : n * wide + wide] for n in range(len(names) + 1)]
    for one, other in ((0, 1), (1, 2), (2, 3)):
        assert np.abs(columns[one] - columns[other]).max() > 8, (
            "every column is a picture of its own"
        )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("busy.####.exr", "--out", "sheet.exr"), "is no PNG"),
        (("busy.0002.exr", "--out", "sheet.png"), "There is no busy.0002.exr"),
        (("busy.####.exr", "--out", "sheet.png", "--scale", "0"), "scale cannot be 0"),
    ],
)
def test_what_cannot_be_compared_is_said(cli: CommandLine, words, sentence) -> None:
    plate(cli.folder)
    said = cli("upscale", "--compare", *words)
    assert said.code != 0
    assert sentence in said.err
    assert not (cli.folder / "sheet.png").exists()


def test_tools_that_keep_the_size_do_not_offer_it(cli: CommandLine) -> None:
    assert "--compare" in cli("upscale", "--help").out
    assert "--compare" not in cli("fill", "--help").out


def test_the_busiest_parts_are_found_and_do_not_overlap() -> None:
    picture = np.full((100, 300, 3), 90, np.uint8)
    noise = np.random.default_rng(1).integers(0, 255, (40, 40, 3))
    for left in (20, 140, 250):
        picture[30:70, left : left + 40] = noise
    found = busiest(picture, 50, Window(-10, 5, 300, 100))
    assert len(found) == 3
    for left in (20, 140, 250):
        centre = Window(left - 10 + 15, 5 + 45, 10, 10)
        assert sum(part.intersect(centre) == centre for part in found) == 1
    assert busiest(picture, 500, Window(0, 0, 300, 100)) == [Window(0, 0, 300, 100)]
