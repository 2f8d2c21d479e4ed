"""The shot runner on real files through a real server."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import backlot
from backlot import Curve, local
from backlot.claim import Claim
from backlot.client import Studio, connect
from backlot.errors import (
    BacklotError,
    Cancelled,
    InvalidInput,
    NotFound,
    ServerUnavailable,
)
from backlot.events import Result
from backlot.finish import Finish
from backlot.local import Endpoint
from backlot.media import Image
from backlot.report import Update
from backlot.shot import _Run, estimate, process
from tests.plates import HEIGHT, WIDTH, damage, plate, raw, write_layers, write_shot

FRAMES = range(1001, 1007)


@pytest.fixture(scope="module")
def studio(shared_server) -> Iterator[Studio]:
    with connect(endpoint=shared_server.endpoint, client="test") as opened:
        yield opened


@pytest.fixture
def source(tmp_path: Path) -> str:
    return write_shot(tmp_path, FRAMES)[0]


@pytest.fixture
def out(tmp_path: Path) -> str:
    return str(tmp_path / "out" / "copy.####.exr")


def numbers(frames) -> list[int]:
    return [frame.number for frame in frames]


def files(out: str) -> dict[str, int]:
    """Everything in the output folder, hidden files too, with its time of change."""
    return {path.name: path.stat().st_mtime_ns for path in Path(out).parent.iterdir()}


def test_a_take_is_made_whole_and_is_bit_exact(studio: Studio, source: str, out: str) -> None:
    take = process(studio, "passthrough", source, out)
    assert numbers(take.done) == list(FRAMES)
    assert take.exit_code == 0
    for number in FRAMES:
        name = f"{number}.exr"
        before = raw(source.replace("####.exr", name))
        assert np.array_equal(before, raw(out.replace("####.exr", name)))
    assert sorted(files(out)) == [
        "copy.####.exr.backlot.json",
        *(f"copy.{number}.exr" for number in FRAMES),
    ], "no lock, no temporary file"


def test_the_second_run_makes_and_writes_nothing(studio: Studio, source: str, out: str) -> None:
    process(studio, "passthrough", source, out)
    before = files(out)
    take = process(studio, "passthrough", source, out)
    assert (take.done, len(take.kept)) == ((), len(FRAMES))
    after = files(out)
    before.pop("copy.####.exr.backlot.json")
    after.pop("copy.####.exr.backlot.json")
    assert after == before


def _path(pattern: str, number: int) -> Path:
    return Path(pattern.replace("####", str(number)))


def _touch(source: str, out: str) -> None:
    os.utime(_path(source, 1003))
    os.utime(_path(out, 1004))


def _change_pixel(source: str, out: str) -> None:
    frame = plate(1003)
    frame.pixels[5, 5, 0] += 1
    backlot.write(_path(source, 1003), frame)


def _delete_output(source: str, out: str) -> None:
    _path(out, 1004).unlink()


def _paint_over_output(source: str, out: str) -> None:
    backlot.write(_path(out, 1005), plate(7))


def _cut_output(source: str, out: str) -> None:
    damage(_path(out, 1006))


@pytest.mark.parametrize(
    ("change", "stale", "why"),
    [
        pytest.param(_touch, [], "", id="touched only"),
        pytest.param(_change_pixel, [1003], "source changed", id="a pixel of the source"),
        pytest.param(_delete_output, [1004], "its file is gone", id="output deleted"),
        pytest.param(_paint_over_output, [1005], "its file was changed", id="output changed"),
        pytest.param(_cut_output, [1006], "its file was changed", id="output cut short"),
    ],
)
def test_only_what_is_stale_is_made(studio: Studio, source: str, out: str, change, stale, why):
    process(studio, "passthrough", source, out)
    change(source, out)
    plan = estimate(studio, "passthrough", source, out)
    assert plan.todo == dict.fromkeys(stale, why)
    take = process(studio, "passthrough", source, out)
    assert numbers(take.done) == stale
    for number in FRAMES:
        assert np.array_equal(raw(_path(source, number)), raw(_path(out, number)))
    assert not estimate(studio, "passthrough", source, out).todo


def test_a_changed_parameter_makes_every_frame(studio: Studio, source: str, out: str) -> None:
    process(studio, "passthrough", source, out)
    plan = estimate(studio, "passthrough", source, out, seconds=0.01)
    assert plan.todo == dict.fromkeys(FRAMES, "seconds changed")
    assert numbers(process(studio, "passthrough", source, out, seconds="0.01").done) == list(FRAMES)
    assert not estimate(studio, "passthrough", source, out, seconds=0.01).todo


def test_a_changed_curve_makes_the_frames_it_changes(studio: Studio, source: str, out: str):
    def run(*keys: tuple[float, float]) -> list[int]:
        given = {"network": "sinc", "detail": Curve(keys), "scale": 1.5}
        return numbers(process(studio, "upscale", source, out, **given).done)

    assert run((1001, 0.0), (1003, 1.0)) == list(FRAMES)
    assert run((1001, 0.0), (1003, 1.0)) == []
    assert run((1001, 0.0), (1003, 1.0), (1006, 0.5)) == [1004, 1005, 1006]


def test_a_range_extends_a_take(studio: Studio, source: str, out: str) -> None:
    assert numbers(process(studio, "passthrough", source, out, frames="1001-1002").done) == [
        1001,
        1002,
    ]
    assert numbers(process(studio, "passthrough", source, out, frames=[1004, 1002]).done) == [1004]
    assert numbers(process(studio, "passthrough", source, out).kept) == [1001, 1002, 1004]


def test_force_makes_finished_frames_again(studio: Studio, source: str, out: str) -> None:
    process(studio, "passthrough", source, out)
    take = process(studio, "passthrough", source, out, frames="1002", force=True)
    assert numbers(take.done) == [1002]


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
    bad = _path(source, 1003)
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
    assert not _path(out, 1003).exists()
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
    made = [number for number in FRAMES if _path(out, number).exists()]
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


def test_all_layers_go_through_a_tool_that_scales(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "plate").mkdir()
    for number in (1, 2, 3):
        write_layers(tmp_path / "plate" / f"p.{number:04d}.exr", number)
    source, out = str(tmp_path / "plate" / "p.####.exr"), str(tmp_path / "out" / "p.####.exr")
    take = process(studio, "upscale", source, out, network="sinc", scale=2)
    assert numbers(take.done) == [1, 2, 3]
    before, after = (
        Image.open(tmp_path / "plate/p.0002.exr"),
        Image.open(tmp_path / "out/p.0002.exr"),
    )
    assert after.layers == before.layers
    assert after.timecode == before.timecode
    assert after.parts[0].attributes["shot"] == "sq010_sh020"
    for layer in before.layers:
        old, new = before.frame(layer), after.frame(layer)
        assert (new.width, new.height) == (2 * WIDTH, 2 * HEIGHT)
        assert (new.channels, new.pixels.dtype) == (old.channels, old.pixels.dtype)
    depth = before.frame("depth").pixels
    assert set(np.unique(after.frame("depth").pixels)) <= set(np.unique(depth)), "never mixed"


def test_single_files_among_layered_ones_are_scaled_too(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "plate").mkdir()
    backlot.write(tmp_path / "plate" / "p.0001.exr", plate(1))
    write_layers(tmp_path / "plate" / "p.0002.exr")
    source, out = str(tmp_path / "plate" / "p.####.exr"), str(tmp_path / "out" / "p.####.exr")
    take = process(studio, "upscale", source, out, network="sinc", scale=2)
    assert numbers(take.done) == [1, 2]
    assert len(Image.open(tmp_path / "out" / "p.0002.exr").layers) == 4


def test_layered_files_survive_a_lost_server(
    server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BACKLOT_RUNTIME", str(server.folder))
    (tmp_path / "plate").mkdir()
    for number in range(1, 7):
        write_layers(tmp_path / "plate" / f"p.{number:04d}.exr", number)

    def progress(update: Update) -> None:
        if update.finished == 2 and update.report:
            server.process.kill()

    source, out = str(tmp_path / "plate" / "p.####.exr"), str(tmp_path / "out" / "p.####.exr")
    try:
        with connect(endpoint=server.endpoint) as studio:
            given = {"network": "sinc", "scale": 2, "progress": progress}
            take = process(studio, "upscale", source, out, **given)
    finally:
        local.stop()
    assert numbers(take.done) == list(range(1, 7))


def test_other_layers_of_a_file_stay_as_they_are(studio: Studio, tmp_path: Path) -> None:
    write_layers(tmp_path / "p.exr")
    process(studio, "passthrough", tmp_path / "p.exr", tmp_path / "o.exr", layer="glow")
    for layer in ("", "depth", "glow", "id"):
        assert np.array_equal(raw(tmp_path / "p.exr", layer), raw(tmp_path / "o.exr", layer))


def test_another_format_is_written_as_a_picture_of_its_own(studio: Studio, tmp_path: Path):
    backlot.write(tmp_path / "p.1001.png", plate(1))
    take = process(studio, "passthrough", tmp_path / "p.1001.png", tmp_path / "p.1001.exr")
    assert take.exit_code == 0
    png, exr = backlot.read(tmp_path / "p.1001.png"), backlot.read(tmp_path / "p.1001.exr")
    assert np.allclose(exr.pixels, png.pixels, rtol=2e-3, atol=1e-5)


def test_a_lost_server_is_connected_to_again(
    server, monkeypatch: pytest.MonkeyPatch, source: str, out: str
) -> None:
    monkeypatch.setenv("BACKLOT_RUNTIME", str(server.folder))
    kinds: list[str] = []

    def progress(update: Update) -> None:
        kinds.append(update.kind)
        if update.finished == 2 and "reconnect" not in kinds:
            server.process.kill()

    try:
        with connect(endpoint=server.endpoint) as studio:
            take = process(studio, "passthrough", source, out, seconds=0.15, progress=progress)
    finally:
        local.stop()
    assert take.exit_code == 0
    assert len(take.done) == len(FRAMES)
    assert kinds.count("reconnect") == 1


def test_a_server_that_was_told_to_end_is_not_started_again(
    server, monkeypatch: pytest.MonkeyPatch, source: str, out: str
) -> None:
    monkeypatch.setenv("BACKLOT_RUNTIME", str(server.folder))

    def progress(update: Update) -> None:
        if update.finished == 2:
            server.process.terminate()

    with (
        connect(endpoint=server.endpoint) as studio,
        pytest.raises(ServerUnavailable, match="told to end"),
    ):
        process(studio, "passthrough", source, out, seconds=0.15, progress=progress)
    server.process.wait(20)
    assert local.find() is None
    assert len(list(Path(out).parent.glob("copy.*.exr"))) >= 2


def test_a_lost_worker_costs_a_retry(server, source: str, out: str) -> None:
    killed: list[int] = []

    def progress(update: Update) -> None:
        if update.finished == 2 and not killed:
            killed.append(studio.status().devices[0].worker_pid)
            os.kill(killed[0], signal.SIGKILL)

    with connect(endpoint=server.endpoint) as studio:
        take = process(studio, "passthrough", source, out, seconds=0.15, progress=progress)
    assert killed
    assert take.exit_code == 0
    assert len(take.done) == len(FRAMES)


def test_a_frame_that_always_takes_its_worker_down_does_not_keep_the_others(
    server, source: str, out: str
) -> None:
    """The worker is killed whenever it works on frame 1003."""
    over = threading.Event()
    bad = threading.Event()

    def progress(update: Update) -> None:
        if update.kind == "progress":
            (bad.set if update.number == 1003 else bad.clear)()

    def killer(studio: Studio) -> None:
        while not over.is_set():
            if bad.wait(0.05):
                bad.clear()
                os.kill(studio.status().devices[0].worker_pid, signal.SIGKILL)

    with connect(endpoint=server.endpoint) as studio:
        thread = threading.Thread(target=killer, args=(studio,))
        thread.start()
        try:
            take = process(studio, "passthrough", source, out, seconds=0.3, progress=progress)
        finally:
            over.set()
            thread.join()
    assert numbers(take.failed) == [1003]
    assert take.failed[0].error is not None
    assert take.failed[0].error.code == "worker-lost"
    assert len(take.done) == len(FRAMES) - 1


def test_a_slow_disk_holds_the_job_back(
    studio: Studio, tmp_path: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never more than a few results are in memory, however much faster the tool is."""
    source, _ = write_shot(tmp_path, range(1, 21))
    write, events_of = Finish.write, _Run._events
    come, held = 0, []

    def slow(self, number, results):
        time.sleep(0.03)
        report = write(self, number, results)
        held.append(come - len(held))
        return report

    def counted(self, *args, **given):
        nonlocal come
        for event in events_of(self, *args, **given):
            come += isinstance(event, Result)
            yield event

    monkeypatch.setattr(Finish, "write", slow)
    monkeypatch.setattr(_Run, "_events", counted)
    assert len(process(studio, "passthrough", source, out).done) == 20
    assert 2 <= max(held) <= 4


def test_the_take_says_itself(studio: Studio, source: str, out: str) -> None:
    _path(source, 1002).unlink()
    take = process(studio, "passthrough", source, out)
    assert "5 done, 1 failed" in str(take)
    assert [frame.path for frame in take.frames] == [_path(out, n) for n in FRAMES]
    assert isinstance(take.failed[0].error, BacklotError)


def test_through_the_studio(endpoint: Endpoint, source: str, out: str) -> None:
    with connect(endpoint=endpoint) as opened:
        assert opened.process("passthrough", source, out=out).exit_code == 0
