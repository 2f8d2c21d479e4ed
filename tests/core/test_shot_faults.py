"""The shot runner when something is wrong: bad frames, other runs, cancel, lost servers."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from backlot.claim import Claim
from backlot.client import Studio
from backlot.errors import (
    Cancelled,
    InvalidInput,
    NotFound,
)
from backlot.report import Update
from backlot.shot import estimate, process
from tests.plates import damage, raw, write_shot
from tests.takes import FRAMES, files, numbers, path_of


def _remove(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _garbage(path: Path) -> None:
    path.write_bytes(b"no picture at all" * 50)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_remove, "missing-frame"),
        (damage, "unreadable-file"),
        (_empty, "unreadable-file"),
        (_garbage, "unreadable-file"),
    ],
)
def test_a_bad_frame_is_reported_and_the_rest_is_finished(
    studio: Studio, source: str, out: str, spoil, code
) -> None:
    bad = path_of(source, 1003)
    good = bad.read_bytes()
    spoil(bad)
    take = process(studio, "passthrough", source, out)
    assert numbers(take.failed) == [1003]
    assert take.exit_code == 3
    (failed,) = take.failed
    assert failed.error is not None
    assert failed.error.code == code
    assert bad.name in failed.error.sentence
    assert len(take.done) == len(FRAMES) - 1
    assert not path_of(out, 1003).exists()
    bad.write_bytes(good)
    again = process(studio, "passthrough", source, out)
    assert numbers(again.done) == [1003]
    assert again.exit_code == 0


def test_a_gap_at_the_end_is_a_shorter_shot_and_a_step_is_no_gap(
    studio: Studio, tmp_path: Path, out: str
) -> None:
    source, _ = write_shot(tmp_path, range(1, 12, 2))
    assert list(estimate(studio, "passthrough", source, out).todo) == [1, 3, 5, 7, 9, 11]


def test_negative_frames_and_stills(studio: Studio, tmp_path: Path, out: str) -> None:
    source, _ = write_shot(tmp_path, range(-2, 2))
    assert numbers(process(studio, "passthrough", source, out).done) == [-2, -1, 0, 1]
    single = str(tmp_path / "out" / "still.exr")
    take = process(studio, "passthrough", source.replace("####", "0001"), single)
    assert numbers(take.done) == [1]
    assert np.array_equal(raw(single), raw(source.replace("####", "0001")))


@pytest.mark.parametrize("out_name", ["plate/plate.####.exr", "plate/../plate/plate.%04d.exr"])
def test_an_input_is_never_overwritten(studio: Studio, source: str, tmp_path: Path, out_name: str):
    before = files(source)
    with pytest.raises(InvalidInput, match=r"The output plate\.1001\.exr is a file of the input"):
        process(studio, "passthrough", source, str(tmp_path / out_name))
    assert files(source) == before


def test_an_input_behind_a_link_is_never_overwritten(studio: Studio, source: str, tmp_path: Path):
    (tmp_path / "out").symlink_to(tmp_path / "plate")
    with pytest.raises(InvalidInput, match="is a file of the input"):
        process(studio, "passthrough", source, str(tmp_path / "out" / "plate.####.exr"))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"source": "nothing.####.exr"}, NotFound, "no frame of nothing"),
        ({"out": "one.exr"}, InvalidInput, "6 frames cannot be written to one file"),
        ({"out": "one.mov"}, InvalidInput, "is a movie"),
        ({"tool": "upscale", "layer": "diffuse"}, InvalidInput, "scales all layers"),
        ({"seconds": "soon"}, InvalidInput, "seconds must be a number"),
        ({"strength": 1}, InvalidInput, "no parameter strength"),
        ({"frames": "1001-x"}, InvalidInput, "is not a frame range"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_made(
    studio: Studio, source: str, tmp_path: Path, given, error, words
) -> None:
    given = {"tool": "passthrough", "source": source, "out": "out/copy.####.exr", **given}
    given |= {name: str(tmp_path / given[name]) for name in ("out", "source")}
    with pytest.raises(error, match=words):
        process(studio, **given)
    assert not (tmp_path / "out").exists()


def test_another_run_on_the_same_frames_is_refused(studio: Studio, source: str, out: str) -> None:
    lock = Path(out).parent / ".copy.####.exr.backlot.lock"
    lock.parent.mkdir()
    with Claim(lock, [1006, 1007]):
        with pytest.raises(InvalidInput, match="Frame 1006 of this take is being made"):
            process(studio, "passthrough", source, out)
        assert len(process(studio, "passthrough", source, out, frames="1001-1005").done) == 5


def test_leftovers_of_a_killed_run_are_removed_and_strangers_are_not(
    studio: Studio, source: str, out: str
) -> None:
    folder = Path(out).parent
    folder.mkdir()
    ours = (".copy.1002.backlot.exr", "..copy.1003.backlot.exr.0123abcd.part")
    theirs = (".copy.2002.backlot.exr", ".hidden", "copy.1002.exr.part")
    for name in (*ours, *theirs):
        (folder / name).write_bytes(b"half a fra")
    process(studio, "passthrough", source, out)
    left = set(files(out))
    assert left.isdisjoint(ours)
    assert left.issuperset(theirs)


def test_cancel_leaves_whole_frames_and_the_rest_is_made_later(
    studio: Studio, source: str, out: str
) -> None:
    cancel = threading.Event()

    def progress(update: Update) -> None:
        if update.finished == 2:
            cancel.set()

    with pytest.raises(Cancelled):
        process(studio, "passthrough", source, out, seconds=0.2, progress=progress, cancel=cancel)
    made = [number for number in FRAMES if path_of(out, number).exists()]
    assert 2 <= len(made) < len(FRAMES)
    again = process(studio, "passthrough", source, out, seconds=0.2)
    assert numbers(again.kept) == made


def test_what_the_progress_callback_raises_ends_the_run(studio: Studio, source: str, out: str):
    def progress(update: Update) -> None:
        if update.report is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process(studio, "passthrough", source, out, seconds=0.1, progress=progress)
    assert not any(name.startswith(".") for name in files(out))


def test_progress_tells_every_frame_once_and_counts_down(studio: Studio, source: str, out: str):
    updates: list[Update] = []
    process(studio, "passthrough", source, out, seconds=0.1, progress=updates.append)
    assert [u.kind for u in updates if u.kind in ("plan", "started")] == ["plan", "started"]
    told = [u.report.number for u in updates if u.report]
    assert sorted(told) == list(FRAMES)
    assert [u.finished for u in updates if u.report] == list(range(1, 7))
    assert all(str(update) for update in updates)
    assert updates[-1].seconds_left == 0.0
