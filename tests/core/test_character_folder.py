"""A character's folder: what artists read and copy, and what several of them do to it at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backlot import Frame
from backlot.character import folder, references, sending
from backlot.errors import (
    BacklotError,
    CannotWrite,
    InvalidInput,
    NotFound,
    UnreadableFile,
    VersionMismatch,
)
from tests.server.characters import REGIONS, frame, matte


@pytest.fixture
def hero(tmp_path: Path) -> folder.Character:
    return folder.new(tmp_path / "hero", "Hero", tuple(REGIONS), "The tall one")


def files(path: Path) -> list[str]:
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


def test_a_new_character_is_a_folder_that_an_artist_can_read(tmp_path: Path) -> None:
    made = folder.new(tmp_path / "hero", regions=["face", "coat=hero/coat*,hero/belt"])
    assert files(made.folder) == [".gitattributes", "character.json"]
    text = (made.folder / "character.json").read_text()
    assert json.loads(text)["regions"]["coat"] == {"cryptomatte": ["hero/coat*", "hero/belt"]}
    assert text.index('"backlot_character"') < text.index('"name"') < text.index('"regions"')
    back = folder.load(made.folder)
    assert back == folder.load(made.folder / "character.json")
    assert (back.name, list(back.regions)) == ("hero", ["coat", "face"])
    assert back.mattes == {"face": (), "coat": ("hero/coat*", "hero/belt")}
    with pytest.raises(InvalidInput, match="is a character already"):
        folder.new(made.folder)


@pytest.mark.parametrize("word", ["", "a b", "../x", "1", "A" * 65, "face/left", "é"])
def test_region_names_serve_as_channels_and_files(tmp_path: Path, word: str) -> None:
    with pytest.raises(InvalidInput, match="region cannot be called"):
        folder.new(tmp_path / "hero", regions=[word])
    assert not (tmp_path / "hero").exists()


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("", UnreadableFile, "is not JSON"),
        ("[1]", UnreadableFile, "not an object"),
        ('{"name": "x"}', UnreadableFile, "not a character of Backlot"),
        ('{"backlot_character": 2}', VersionMismatch, "newer Backlot"),
        ('{"backlot_character": 1, "regions": []}', UnreadableFile, "damaged"),
        ('{"backlot_character": 1, "threshold": "x"}', UnreadableFile, "damaged"),
        ('{"backlot_character": 1, "regions": {"a": 3}}', UnreadableFile, "damaged"),
        ("<<<<<<< mine\n{}\n=======\n", UnreadableFile, "merge conflict"),
        ("[" * 100_000, UnreadableFile, "is not JSON"),
    ],
)
def test_broken_foreign_and_newer_folders(
    hero: folder.Character, text: str, kind: type[BacklotError], said: str
) -> None:
    (hero.folder / folder.FILE).write_text(text)
    with pytest.raises(kind, match=said) as told:
        folder.load(hero.folder)
    assert told.value.hint


def test_what_is_no_character_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no character at"):
        folder.load(tmp_path / "gone")
    with pytest.raises(NotFound, match=r"it has no character\.json"):
        folder.load(tmp_path)


def test_a_reference_keeps_the_pixels_around_the_character(hero: folder.Character) -> None:
    plate = frame(1017, tall=200)
    cover = matte(200).pixels.copy()
    cover[:, 100:] = 0
    mattes = Frame(cover, matte().channels, meaning="data", number=1017)
    made = references.add(
        hero, plate, mattes, shot="sq10/sh 20", costume="coat", light="dusk", view="front"
    )
    assert made.id.startswith("sq10_sh_20_1017_")
    assert (made.number, made.costume, made.light, made.view) == (1017, "coat", "dusk", "front")
    assert files(made.folder) == ["frame.exr", "mattes.exr", "reference.json"]
    (kept,) = references.read_all(folder.load(hero.folder))
    assert kept == made
    window = kept.frame().data_window
    assert (window.x, window.height) == (0, 200)
    assert window.width < plate.width
    assert kept.frame().display_window == plate.display_window
    crop = plate.pixels[:, : window.width]
    np.testing.assert_array_equal(kept.frame().pixels, crop)
    assert set(kept.mattes().channels) == {"A", *REGIONS}
    with pytest.raises(InvalidInput, match="has this reference already"):
        references.add(hero, plate, mattes, shot="sq10/sh 20", notes="again")
    assert len(references.read_all(hero)) == 1


def test_references_that_say_nothing_are_refused(hero: folder.Character) -> None:
    alone = Frame(np.ones((64, 280, 1), np.float16), ("A",), meaning="data")
    with pytest.raises(InvalidInput, match="one matte of everything"):
        references.add(hero, frame(), alone)
    empty = Frame(np.zeros_like(matte().pixels), matte().channels, meaning="data")
    with pytest.raises(InvalidInput, match="mattes of frame 1 are empty"):
        references.add(hero, frame(), empty)
    assert list((hero.folder / "references").iterdir()) == []


def test_a_disk_that_cannot_be_written(hero: folder.Character, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lost = replace(hero, folder=tmp_path / "file")
    with pytest.raises(CannotWrite):
        references.add(lost, frame(), matte())


def test_damaged_references_are_named(hero: folder.Character) -> None:
    made = references.add(hero, frame(), matte())
    (made.folder / "reference.json").write_text('{"regions": "face"}')
    with pytest.raises(UnreadableFile, match=r"reference\.json is damaged"):
        references.read_all(hero)
    (listed,) = sending.library(hero.folder)
    assert "damaged" in listed["problem"]


def test_what_a_killed_add_left_is_no_reference_and_goes_a_day_later(
    hero: folder.Character,
) -> None:
    fresh, old = (hero.folder / "references" / f".adding-{word}" for word in ("a", "b"))
    for left in (fresh, old):
        left.mkdir()
        (left / "frame.exr").write_bytes(b"half")
    os.utime(old, (1, 1))
    references.add(hero, frame(), matte())
    assert len(references.read_all(hero)) == 1
    assert (fresh.exists(), old.exists()) == (True, False)


ADD = """
import sys
from backlot.character import folder, references
from tests.server.characters import frame, matte
hero = folder.load(sys.argv[1])
for n in range(int(sys.argv[2]), int(sys.argv[2]) + 6):
    references.add(hero, frame(n), matte(), shot="sh010")
"""


def test_two_processes_that_add_at_once_lose_nothing(hero: folder.Character) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", ADD, str(hero.folder), start])
        for start in ("100", "200")
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    numbers = sorted(each.number for each in references.read_all(hero))
    assert numbers == [*range(100, 106), *range(200, 206)]
    names = {Path(name).name for name in files(hero.folder)}
    assert names == {
        ".gitattributes",
        "character.json",
        "reference.json",
        "frame.exr",
        "mattes.exr",
    }


def git(where: Path, *words: str) -> str:
    own = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    said = subprocess.run(["git", *own, *words], cwd=where, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


def test_two_branches_that_add_references_merge(hero: folder.Character) -> None:
    from backlot.character.consent import Consent, Policy, demand

    record = Consent("A. Performer")
    git(hero.folder, "init", "-q", "-b", "main")
    demand(hero.folder, record, "check", Policy())
    git(hero.folder, "add", "-A")
    git(hero.folder, "commit", "-qm", "new")
    for branch, number in (("one", 100), ("two", 200)):
        git(hero.folder, "checkout", "-q", "-b", branch, "main")
        references.add(hero, frame(number), matte(), shot="sh010", notes=branch)
        references.add(hero, frame(7), matte(), shot="sh010")  # both add this one
        demand(hero.folder, record, "lock", Policy(branch))
        git(hero.folder, "add", "-A")
        git(hero.folder, "commit", "-qm", branch)
    git(hero.folder, "merge", "-q", "-m", "both", "one")
    assert git(hero.folder, "status", "--porcelain") == ""
    assert sorted(each.number for each in references.read_all(hero)) == [7, 100, 200]
    log = (hero.folder / "consent.log").read_text().splitlines()
    assert {json.loads(line)["production"] for line in log} == {"", "one", "two"}
