"""The manifest: what is written is what is read, by whoever writes and whenever it is cut off."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlot.claim import Claim
from backlot.errors import CannotWrite, VersionMismatch
from backlot.manifest import Entry, Manifest, Recipe, Stamp, combine, stamp
from backlot.tools import Curve, Input, Param, ToolSpec

SPEC = ToolSpec(
    "soften",
    "Soften",
    "",
    "1",
    (Input("source"),),
    (
        Param("amount", "float", 0.0, animatable=True),
        Param("steps", "int", 1, animatable=True),
        Param("mode", "choice", "a", choices=(("a", ""), ("b", ""))),
    ),
)
PLAIN = Recipe("soften", "1", SPEC.values({}), {"source": "plate.####.exr"}, fingerprint="f")

words = st.text(max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
curves = st.dictionaries(st.integers(-9999, 9999), numbers, min_size=1, max_size=4).map(
    lambda keys: Curve(tuple(keys.items()))
)
params = st.dictionaries(words, st.one_of(numbers, st.booleans(), st.integers(), words, curves))
recipes = st.builds(Recipe, words, words, params, st.dictionaries(words, words), words, words)
stamps = st.builds(
    Stamp, st.text("0123456789abcdef", min_size=32, max_size=32), st.integers(0), st.integers()
)
entries = st.builds(
    Entry,
    state=st.sampled_from(["done", "failed"]),
    recipe=recipes,
    inputs=st.dictionaries(words, words),
    output=st.none() | stamps,
    engine=words,
    exact=st.none() | st.booleans(),
    code=words,
    sentence=words,
    hint=words,
)


@settings(max_examples=40, deadline=None)
@given(frames=st.dictionaries(st.integers(-9999, 99999), entries, max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, frames) -> None:
    path = tmp_path_factory.mktemp("take") / "clean.####.exr.backlot.json"
    written = Manifest(path, "clean.####.exr")
    for number, entry in frames.items():
        written.record(number, entry)
    read = Manifest(path, "clean.####.exr")
    assert read.frames == frames
    assert not read.damaged
    if frames:
        assert json.loads(path.read_text())["manifest"] == 1


def test_it_is_visible_beside_the_frames_and_names_its_sequence() -> None:
    assert Manifest.path_for(Path("shot/clean.####.exr")).name == "clean.####.exr.backlot.json"


def test_paths_are_relative_so_that_a_moved_shot_stays_whole(tmp_path: Path) -> None:
    shot = tmp_path / "shot"
    (shot / "plate").mkdir(parents=True)
    (shot / "out").mkdir()
    (shot / "plate" / "a.1.exr").write_bytes(b"pixels")
    manifest = Manifest(shot / "out" / "a.####.exr.backlot.json", "a.####.exr")
    before = manifest.stamp(shot / "plate" / "a.1.exr")
    manifest.save()
    shot.rename(tmp_path / "moved")
    moved = Manifest(tmp_path / "moved" / "out" / "a.####.exr.backlot.json", "a.####.exr")
    assert moved.files == {"../plate/a.1.exr": before}


def test_an_untouched_file_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    path.write_bytes(b"one")
    known = stamp(path)
    path.write_bytes(b"two")  # the same size
    os.utime(path, ns=(known.mtime_ns, known.mtime_ns))
    assert stamp(path, known) == known, "same size and time: taken as unchanged, not read"
    os.utime(path, ns=(known.mtime_ns, known.mtime_ns + 1))
    assert stamp(path, known).digest != known.digest


def test_a_touched_file_has_the_same_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    path.write_bytes(b"one")
    known = stamp(path)
    os.utime(path)
    assert stamp(path, known).digest == known.digest


def test_the_digest_of_a_window_knows_its_order() -> None:
    assert combine(["a"]) == "a"
    assert combine(["a", "b"]) != combine(["b", "a"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "2"}, ["tool version"]),
        ({"fingerprint": "other"}, ["engine"]),
        ({"layer": "diffuse"}, ["layer"]),
        ({"colorspace": "ACEScg"}, ["colorspace"]),
        ({"compression": "zip"}, ["compression"]),
        ({"params": SPEC.values({"mode": "b"})}, ["mode"]),
        ({"params": SPEC.values({"amount": 1.0, "steps": 2})}, ["amount", "steps"]),
        ({"inputs": {"source": "elsewhere/plate.####.exr"}}, []),
        ({"engine": "the same by another name"}, []),
    ],
)
def test_what_makes_a_frame_stale_is_named(change, words) -> None:
    other = Recipe(**{**vars(PLAIN), **change})
    assert other.differences(PLAIN, SPEC, 1) == words


def test_a_changed_curve_matters_only_where_its_value_changed() -> None:
    def at(keys) -> Recipe:
        return Recipe(**{**vars(PLAIN), "params": SPEC.values({"amount": Curve(keys)})})

    old, new = at(((1, 0.0), (5, 1.0))), at(((1, 0.0), (5, 1.0), (9, 0.0)))
    assert [n for n in range(1, 10) if new.differences(old, SPEC, n)] == [6, 7, 8, 9]


def test_a_damaged_manifest_is_told_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.backlot.json"
    path.write_text('{"manifest": 1, "frames": {"1"')
    manifest = Manifest(path, "a")
    assert manifest.damaged
    assert manifest.frames == {}
    manifest.record(1, Entry("failed", PLAIN, sentence="no"))
    assert Manifest(path, "a").frames[1].sentence == "no"


def test_a_newer_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.backlot.json"
    path.write_text('{"manifest": 99, "made_by": "backlot 9.0"}')
    with pytest.raises(VersionMismatch, match=r"newer Backlot \(backlot 9.0\)"):
        Manifest(path, "a")
    assert json.loads(path.read_text())["manifest"] == 99


def test_where_it_cannot_be_written_nothing_is_left(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "gone" / "a.backlot.json", "a")
    with pytest.raises(CannotWrite):
        manifest.record(1, Entry("done", PLAIN))
    assert list(tmp_path.iterdir()) == []


def test_two_runs_on_other_frames_of_one_take_keep_each_others_frames(tmp_path: Path) -> None:
    """What two chunks of a farm job do, here from many threads at once."""
    path = tmp_path / "a.backlot.json"

    def chunk(numbers: range) -> None:
        with Claim(tmp_path / ".a.lock", numbers) as claim:
            manifest = Manifest(path, "a", claim.manifest)
            for number in numbers:
                manifest.record(number, Entry("done", PLAIN))

    threads = [threading.Thread(target=chunk, args=(range(i, 40, 4),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Manifest(path, "a").frames) == list(range(40))
    assert [p.name for p in tmp_path.iterdir()] == ["a.backlot.json"]
