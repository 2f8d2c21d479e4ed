"""Every notation of a range and of a sequence means one thing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot.errors import InvalidInput
from backlot.sequence import Sequence, parse_frames, show_frames


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("1001-1004", (1001, 1002, 1003, 1004)),
        ("1001-1006x2", (1001, 1003, 1005)),
        ("1-3,20", (1, 2, 3, 20)),
        ("1-3, 20 7", (1, 2, 3, 20, 7)),
        ("-5--3", (-5, -4, -3)),
        ("-2-1", (-2, -1, 0, 1)),
        ("7", (7,)),
        ("-7", (-7,)),
        ("3-1", (3, 2, 1)),
        ("1-3,2-4", (1, 2, 3, 4)),
        (" 1001-1002 ", (1001, 1002)),
    ],
)
def test_ranges(text: str, frames: tuple[int, ...]) -> None:
    assert parse_frames(text) == frames


@pytest.mark.parametrize(
    "text", ["", "a", "1-", "1-2-3-4", "1.5", "1-10x0", "x2", "1--", "1;2", "1-9999999999"]
)
def test_no_ranges(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_frames(text)
    assert "1001-1040" in caught.value.hint


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=30))
def test_shown_ranges_parse_to_the_same_frames(frames: list[int]) -> None:
    assert set(parse_frames(show_frames(frames))) == set(frames)


def test_shown_ranges_are_short() -> None:
    assert show_frames(range(1001, 1041)) == "1001-1040"
    assert show_frames([1, 3, 5, 7, 20]) == "1-7x2,20"
    assert show_frames([1, 9]) == "1,9"
    assert show_frames([]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "a/plate.####.exr",
        "a/plate.%04d.exr",
        "a/plate.@@@@.exr",
        "a/plate.$F4.exr",
        "a/plate.${F4}.exr",
        "a/plate.<frame>.exr",
        "a/plate.<frame04>.exr",
        "a/plate.<FRAME4>.exr",
        "a/plate.<f4>.exr",
        "a/plate.{frame:04d}.exr",
        "a/plate.{frame}.exr",
        "a/plate.[1001-1040].exr",
        "a/plate.1001-1040####.exr",
        "a/plate.1001-1040%04d.exr",
        "a/plate.####.exr 1001-1040",
    ],
)
def test_notations(text: str) -> None:
    sequence = Sequence.parse(text)
    assert str(sequence) == "a/plate.####.exr"
    assert sequence.path(7) == "a/plate.0007.exr"
    assert sequence.path(123456) == "a/plate.123456.exr"
    assert sequence.path(-5) == "a/plate.-005.exr"
    assert not sequence.is_still
    assert not sequence.is_movie
    assert sequence.given == (tuple(range(1001, 1041)) if "1040" in text else ())


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("plate.%d.exr", "plate.7.exr"),
        ("plate.#.exr", "plate.7.exr"),
        ("plate.$F.exr", "plate.7.exr"),
        ("plate_########.exr", "plate_00000007.exr"),
        ("shot.1001.####.exr", "shot.1001.0007.exr"),
        ("sh010-020_####.exr", "sh010-020_0007.exr"),
        ("1001-1040####.exr", "0007.exr"),
        ("frames/####/beauty.exr", "frames/0007/beauty.exr"),
        ("C#/job.####.tif", "C#/job.0007.tif"),
        ("user@host/plate.%04d.exr", "user@host/plate.0007.exr"),
        ("price$FOO.####.exr", "price$FOO.0007.exr"),
    ],
)
def test_odd_names(text: str, path: str) -> None:
    assert Sequence.parse(text).path(7) == path


@pytest.mark.parametrize(
    ("text", "still"),
    [
        ("matte.exr", True),
        ("matte.1001.exr", True),
        ("C#/matte.exr", True),
        ("user@host/m.exr", True),
        ("shot_v003.tif", True),
        ("cut.MOV", False),
        ("a/clip.1001.mp4", False),
    ],
)
def test_one_file_serves_every_frame(text: str, still: bool) -> None:
    sequence = Sequence.parse(text)
    assert sequence.path(1) == sequence.path(1040) == text
    assert (sequence.is_still, sequence.is_movie) == (still, not still)
    assert str(sequence) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plate.1001.exr", "plate.####.exr"),
        ("plate_1001.exr", "plate_####.exr"),
        ("plate1001.exr", "plate####.exr"),
        ("sh.1001.5.exr", "sh.####.5.exr"),  # not frame 5
        ("plate.001001.exr", "plate.######.exr"),
        ("shot010_v003.exr", "shot010_v003.exr"),
        ("matte.0001.exr", "matte.0001.exr"),
    ],
)
def test_a_numbered_file_with_a_range(text: str, shown: str) -> None:
    assert str(Sequence.parse(text, range(1001, 1041))) == shown
    assert str(Sequence.parse(text, (1001,))) == text


def test_negative_numbers() -> None:
    assert Sequence.parse("a.-005.exr", range(-5, 3)).path(-4) == "a.-004.exr"
    assert Sequence.parse("a.-005.exr", range(-5, 3)).path(2) == "a.0002.exr"


@pytest.mark.parametrize("text", ["", "  ", "folder/", "a.####.%04d.exr"])
def test_what_cannot_be_meant(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Sequence.parse(text)
    assert caught.value.hint


def test_frames_on_disk(tmp_path: Path) -> None:
    there = ("0999", "1001", "1003", "12345", "-005", "-0007", "0042")
    for name in (*there, "01234", "x", "1001.5", ""):
        (tmp_path / f"plate.{name}.exr").touch()
    (tmp_path / "plate.1002.jpg").touch()
    (tmp_path / "other.1005.exr").touch()
    sequence = Sequence.parse(tmp_path / "plate.####.exr")
    assert sequence.frames() == (-7, -5, 42, 999, 1001, 1003, 12345)
    assert all(Path(sequence.path(number)).exists() for number in sequence.frames())
    assert Sequence.parse(tmp_path / "plate.%d.exr").frames() == (1001, 1003, 12345)
    assert Sequence.parse(tmp_path / "none" / "plate.####.exr").frames() == ()
    assert Sequence.parse(tmp_path / "plate.1001.exr").frames() == ()


def test_frames_in_folders(tmp_path: Path) -> None:
    for number in (1, 2, 4):
        (tmp_path / f"{number:04}").mkdir()
    for number in (1, 4):
        (tmp_path / f"{number:04}" / "beauty.exr").touch()
    assert Sequence.parse(tmp_path / "####" / "beauty.exr").frames() == (1, 4)


def test_padding_that_was_not_said_is_found_on_disk(tmp_path: Path) -> None:
    (tmp_path / "a.000012.exr").touch()
    assert str(Sequence.parse(tmp_path / "a.<frame>.exr")).endswith("a.######.exr")
    assert str(Sequence.parse(tmp_path / "b.<frame>.exr")).endswith("b.####.exr")


def test_glob_signs_in_a_path_are_only_signs(tmp_path: Path) -> None:
    folder = tmp_path / "a[1]*"
    folder.mkdir()
    (folder / "p.0001.exr").touch()
    assert Sequence.parse(folder / "p.####.exr").frames() == (1,)
