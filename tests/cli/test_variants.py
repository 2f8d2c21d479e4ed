"""`backlot fill --variants`: takes with seeds in a row, side by side on a sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import backlot
from backlot.frame import Frame
from tests.cli.conftest import CommandLine

GAP, CAPTION = 12, 22


def plate(folder: Path) -> None:
    """Two frames of noise and a matte of a disc."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:100, :140]
    hole = np.hypot(y - 50, x - 70) <= 16
    for number in (1001, 1002):
        pixels = rng.random((100, 140, 3)).astype(np.float16)
        backlot.write(folder / f"plate.{number}.exr", Frame(pixels))
        matte = Frame(hole.astype(np.float32)[:, :, None], ("A",), meaning="data")
        backlot.write(folder / f"roto.{number}.exr", matte)


WORDS = ("fill", "plate.####.exr", "--matte", "roto.####.exr", "--mode", "still")


def tiles(path: Path, count: int) -> list[np.ndarray]:
    """The pictures of a sheet of one or two rows of up to four."""
    sheet = np.asarray(Image.open(path).convert("RGB"), np.int32)
    rows = -(-count // 4)
    columns = min(count, 4)
    height = (sheet.shape[0] - 2 * GAP - CAPTION) // rows - CAPTION - GAP
    width = (sheet.shape[1] - GAP) // columns - GAP
    found = []
    for at in range(count):
        top = 2 * GAP + CAPTION + (at // 4) * (height + CAPTION + GAP)
        left = GAP + (at % 4) * (width + GAP)
        found.append(sheet[top : top + height, left : left + width])
    return found


def test_each_take_is_what_its_seed_makes(cli: CommandLine) -> None:
    plate(cli.folder)
    said = cli(*WORDS, "--seed", "7", "--variants", "4", "--out", "takes.png", "--json")
    assert said.code == 0, said.err
    assert said.json["seeds"] == [7, 8, 9, 10]
    shown = tiles(cli.folder / "takes.png", 5)
    for one in range(5):
        for other in range(one):
            assert (shown[one] != shown[other]).mean() > 0.01, "each is a picture of its own"
    again = cli(*WORDS, "--seed", "7", "--variants", "4", "--out", "again.png")
    assert again.code == 0
    assert "--seed 7 to --seed 10" in again.out
    for one, other in zip(shown[1:], tiles(cli.folder / "again.png", 5)[1:], strict=True):
        assert np.array_equal(one, other)
    left = {path.name for path in cli.folder.iterdir()}
    assert not [name for name in left if "take." in name or "backlot" in name]


def test_the_take_that_was_chosen_comes_back_by_its_seed(cli: CommandLine) -> None:
    plate(cli.folder)
    assert cli(*WORDS, "--variants", "2", "--range", "1002", "--out", "takes.png").code == 0
    made = cli(*WORDS, "--range", "1002", "--seed", "2", "--out", "clean.####.exr")
    assert made.code == 0, made.err
    from backlot.sheet import displayed

    chosen = displayed(backlot.read(cli.folder / "clean.1002.exr"))
    shown = tiles(cli.folder / "takes.png", 3)[2]
    inner = chosen[45:55, 65:75]
    times = shown.shape[0] // 97  # what changes and its surroundings: 33 + 2 * 32 pixels
    windows = np.lib.stride_tricks.sliding_window_view(shown[::times, ::times], inner.shape)
    assert (windows[:, :, 0] == inner).all(axis=(2, 3, 4)).any(), "the same pixels, repeated"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--variants", "1", "--out", "takes.png"), "1 variants cannot be shown"),
        (("--variants", "99", "--out", "takes.png"), "99 variants cannot be shown"),
        (("--variants", "3", "--out", "takes.exr"), "is no PNG"),
        (("--variants", "3", "--out", "takes.png", "--range", "1009"), "1009"),
    ],
)
def test_what_cannot_be_shown_is_said(cli: CommandLine, words, sentence) -> None:
    plate(cli.folder)
    said = cli(*WORDS, *words)
    assert said.code != 0
    assert sentence in said.err
    assert not (cli.folder / "takes.png").exists()


def test_tools_without_a_seed_do_not_offer_it(cli: CommandLine) -> None:
    assert "--variants" in cli("fill", "--help").out
    assert "--variants" not in cli("upscale", "--help").out
