"""A tool's sub-command: what a person reads, what a farm trusts, what is left on disk."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import backlot
from backlot.errors import BY_CODE
from backlot.media import Image
from backlot.movie import Movie
from tests.cli.conftest import CommandLine
from tests.core.test_movie import encode, flat
from tests.plates import HEIGHT, WIDTH, damage, matte, raw

COPY = ("passthrough", "plate/plate.####.exr", "--out", "out/copy.####.exr")


def left(cli: CommandLine) -> list[str]:
    folder = cli.folder / "out"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def frames(*numbers: int) -> list[str]:
    return ["copy.####.exr.backlot.json", *(f"copy.{number}.exr" for number in numbers)]


def test_a_run_says_what_it_did(cli: CommandLine) -> None:
    said = cli(*COPY)
    assert said.code == 0, said.err
    assert said.out.startswith("out/copy.####.exr: 6 done in ")
    assert said.err.splitlines()[0] == "0 of 6: 6 frames to make, 0 finished and kept"
    assert "6 of 6: frame 100" in said.err
    assert all(f"frame {number} done" in said.err for number in range(1001, 1007))
    assert left(cli) == frames(*range(1001, 1007))
    again = cli(*COPY)
    assert (again.code, again.out[:28]) == (0, "out/copy.####.exr: 0 done, 6")


def test_json_is_one_object_a_line(cli: CommandLine) -> None:
    events = cli(*COPY, "--json", "--seconds", "0.05").events
    assert events[0]["event"] == "plan"
    made = {event["frame"]: event for event in events if event["event"] == "frame"}
    assert sorted(made) == list(range(1001, 1007))
    assert made[1001]["state"] == "done"
    assert made[1001]["engine"] == "Copy"
    assert made[1001]["seconds"] >= 0.05
    assert made[1001]["path"] == "out/copy.1001.exr"
    assert events[-1] == {
        "event": "end",
        "tool": "passthrough",
        "out": "out/copy.####.exr",
        "engine": "Copy",
        "done": 6,
        "kept": 0,
        "failed": [],
        "seconds": events[-1]["seconds"],
        "exit_code": 0,
    }


@pytest.mark.parametrize("spoil", [Path.unlink, damage, lambda path: path.write_bytes(b"")])
def test_a_bad_frame_gives_exit_code_3_and_its_sentence(cli: CommandLine, spoil) -> None:
    spoil(cli.folder / "plate" / "plate.1003.exr")
    said = cli(*COPY)
    assert said.code == 3
    assert "frame 1003 failed: plate.1003.exr " in said.err
    assert "Frame 1003 failed." in said.err
    assert left(cli) == frames(1001, 1002, 1004, 1005, 1006)
    told = cli(*COPY, "--json")
    assert told.code == told.events[-1]["exit_code"] == 3
    (failed,) = [event for event in told.events if event.get("state") == "failed"]
    assert failed["frame"] == 1003
    assert failed["code"] in ("missing-frame", "unreadable-file")
    assert failed["hint"]


def test_dry_run_says_what_is_missing_and_stale_and_writes_nothing(cli: CommandLine) -> None:
    cli(*COPY, "--range", "1001-1003")
    before = left(cli)
    (cli.folder / "out" / "copy.1002.exr").unlink()
    (cli.folder / "plate" / "plate.1005.exr").unlink()
    said = cli(*COPY, "--dry-run")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("4 of 6 frames to make with Copy: ")
    assert " on disk (" in lines[0]
    assert "  1002  its file is gone" in lines
    assert "  1004-1006  not made yet" in lines
    assert "  1001,1003  finished, kept" in lines or "  1001-1003x2  finished, kept" in lines
    assert "  1005  plate.1005.exr is not there." in lines
    told = cli(*COPY, "--dry-run", "--json").json
    assert told["todo"]["1002"] == "its file is gone"
    assert told["kept"] == [1001, 1003]
    assert list(told["missing"]) == ["1005"]
    assert told["bytes"] > 1000
    assert told["free_bytes"] > 0
    assert [name for name in before if name != "copy.1002.exr"] == left(cli)


def test_dry_run_on_nothing_leaves_no_folder(cli: CommandLine) -> None:
    assert cli(*COPY, "--dry-run").code == 0
    assert not (cli.folder / "out").exists()


def test_parameters_and_curves_are_options(cli: CommandLine) -> None:
    size = ("--network", "sinc", "--width", "20", "--ringing", "--range", "1001-1002")
    words = ("upscale", "plate/plate.####.exr", "-o", "out/up.####.exr", *size)
    said = cli(*words, "--set", "detail@1001=0,1002=1", "--compression", "piz")
    assert said.code == 0, said.err
    assert raw(cli.folder / "out" / "up.1001.exr").shape[1] == 20
    manifest = (cli.folder / "out" / "up.####.exr.backlot.json").read_text()
    assert '"detail": {"curve": [[1001.0, 0.0], [1002.0, 1.0]]}' in manifest
    assert '"ringing": true' in manifest
    again = ("--compression", "piz", "--set")
    assert "1 done, 1 kept" in cli(*words, *again, "detail@1001=0,1002=0.5").out
    assert "1 done, 1 kept" in cli(*words, *again, "detail=0.5").out, "1002 is as it was"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--seconds", "soon"), 2, "seconds must be a number, not 'soon'."),
        (("--seconds", "-1"), 2, "seconds cannot be -1."),
        (("--set", "seconds@1=0"), 2, "seconds cannot be animated."),
        (("--set", "nonsense"), 2, "--set nonsense cannot be understood."),
        (("--set", "a@1"), 2, "--set a@1 cannot be understood."),
        (("--range", "1001-x"), 2, "'1001-x' is not a frame range."),
        (("--out", "plate/plate.####.exr"), 2, "is a file of the input source."),
        (("--out", "out/a.####.exr 1001-1002"), 2, "The output names the frames 1001-1002, and"),
        (("--out", "out/a.####.gif"), 2, "a.1001.gif is of a format that cannot be written."),
        (("--compression", "zap"), 2, "cannot be compressed with 'zap'."),
        (("--secnods", "1"), 2, "No such option: --secnods"),
        (("--range",), 2, "Option '--range' requires an argument."),
        (("--layer", "diffuse"), 2, "There is no layer 'diffuse' in this file."),
        (("--layer", "depth=Z"), 2, "A layer is named for depth, which is no input of this job."),
        (("--colorspace", "nowhere"), 2, "no colour space 'nowhere'"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_and_a_hint(cli, words, code, sentence) -> None:
    said = cli(*COPY, "--json", *words)
    assert said.code == code, said.err
    assert sentence in " ".join(said.err.split())
    (told,) = said.events
    assert sentence in told["sentence"]
    assert told["hint"]
    assert left(cli) == [], "nothing is made, not even a folder"
    assert not (cli.folder / "out").exists()
    assert (told["event"], told["exit_code"]) == ("error", code)


def test_an_unknown_option_is_refused(cli: CommandLine) -> None:
    said = cli(*COPY, "--secnods", "1")
    assert said.code == 2
    assert "--seconds" in said.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_on_the_server_and_leaves_whole_frames(cli, number) -> None:
    process = cli.start(*COPY, "--seconds", "0.3")
    _until(lambda: len(left(cli)) >= 3)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped. Finished frames stay." in err
    assert "Traceback" not in err
    _until(lambda: not cli("status", "--json").json["jobs"])
    made = [name for name in left(cli) if name.endswith(".exr")]
    assert left(cli) == [*frames(), *made], "no lock, no temporary file"
    assert 1 <= len(made) < 6
    for name in made:
        source = cli.folder / "plate" / name.replace("copy", "plate")
        assert np.array_equal(raw(cli.folder / "out" / name), raw(source))
    assert f"{6 - len(made)} done, {len(made)} kept" in cli(*COPY, "--seconds", "0.3").out


def test_a_second_interrupt_ends_at_once(cli: CommandLine) -> None:
    process = cli.start(*COPY, "--seconds", "60")
    time.sleep(0.1)
    _until(lambda: any(job["state"] == "running" for job in cli("status", "--json").json["jobs"]))
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - begun < 20


def test_a_killed_run_is_taken_up_where_it_was(cli: CommandLine) -> None:
    """kill -9 at other moments; the 20 rounds are in tests/faults."""
    for wait in (1, 3, 5):
        process = cli.start(*COPY, "--seconds", "0.1", "--force")
        made = len([name for name in left(cli) if name.endswith(".exr")])
        _until(lambda made=made, wait=wait: len(left(cli)) >= wait or made == 6)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for path in (cli.folder / "out").glob("copy.*.exr"):
            source = cli.folder / "plate" / path.name.replace("copy", "plate")
            assert np.array_equal(raw(path), raw(source)), "torn"
    said = cli(*COPY, "--seconds", "0.1")
    assert said.code == 0
    assert left(cli) == frames(*range(1001, 1007))


FILL = ("fill", "plate/plate.####.exr", "--matte", "roto/roto.####.exr", "-o", "out/c.####.exr")


def test_a_clean_up_is_measured_to_be_exact(cli: CommandLine) -> None:
    said = cli(*FILL, "--range", "1001-1002", "--verify")
    assert said.code == 0, said.err
    assert "bit-exact outside the matte: yes (2 frames measured)" in said.out
    changed = raw(cli.folder / "out" / "c.1001.exr") != raw(cli.folder / "plate/plate.1001.exr")
    inside = backlot.read(cli.folder / "roto" / "roto.1001.exr").pixels[:, :, 0] > 0
    assert changed[inside].any()
    assert not changed[~inside].any()


def test_what_moved_is_no_success(cli: CommandLine) -> None:
    said = cli(*FILL, "--range", "1001", "--verify", "--compression", "dwaa")
    assert said.code == 1
    assert "bit-exact outside the matte: NO, in 1 frames (1 frames measured)" in said.out


def test_a_movie_becomes_frames_with_their_timecode(cli: CommandLine) -> None:
    pictures = [flat(40 * (number + 1)) for number in range(3)]
    encode(cli.folder / "a.mov", "mpeg4", "yuv420p", pictures, timecode="09:59:59:23")
    said = cli("passthrough", "a.mov", "--out", "out/a.####.exr")
    assert said.code == 0, said.err
    told = [Image.open(cli.folder / "out" / f"a.{number:04}.exr") for number in (1, 2, 3)]
    assert [image.timecode for image in told] == ["09:59:59:23", "10:00:00:00", "10:00:00:01"]
    assert tuple(told[0].parts[0].attributes["FramesPerSecond"]) == (24, 1)
    with Movie(cli.folder / "a.mov") as movie:
        assert np.array_equal(told[1].frame().pixels, movie.frame(2).pixels)


def test_a_message_of_a_damaged_file_is_for_people(cli: CommandLine) -> None:
    plate = cli.folder / "plate" / "plate.1001.exr"
    plate.write_bytes(plate.read_bytes()[:300])
    said = cli(*COPY, "--range", "1001,1009")
    assert "plate.1001.exr is damaged, cut short or of an unknown format. Render" in said.err
    assert "EXR_ERR" not in said.err
    assert "plate.1009.exr is not there. Looked for plate/plate.1009.exr.\n" in said.err


def test_mattes_that_do_not_fit_or_are_not_there_fail_their_frames(cli: CommandLine) -> None:
    roto = cli.folder / "roto"
    small = backlot.Frame(np.ones((8, 8, 1), np.float16), ("A",), meaning="data")
    backlot.write(roto / "roto.1002.exr", small)
    (roto / "roto.1003.exr").unlink()
    damage(roto / "roto.1004.exr")
    said = cli(*FILL, "--range", "1001-1005", "--json")
    assert said.code == 3
    told = {event["frame"]: event for event in said.events if event["event"] == "frame"}
    assert [told[number]["state"] for number in range(1001, 1006)] == [
        "done",
        "failed",
        "failed",
        "failed",
        "done",
    ]
    assert told[1002]["sentence"] == f"roto.1002.exr is 8x8, the plate is {WIDTH}x{HEIGHT}."
    assert told[1003]["code"] == "missing-frame"
    assert told[1004]["code"] == "unreadable-file"
    backlot.write(roto / "roto.1002.exr", matte())
    assert "3 done" in cli(*FILL, "--range", "1001,1002,1005").out, "1002 is a source of the others"
    assert "3 kept" in cli(*FILL, "--range", "1001,1002,1005").out
    backlot.write(roto / "roto.1001.exr", matte(20))
    plan = cli(*FILL, "--range", "1001,1002,1005", "--dry-run", "--json").json
    assert plan["todo"] == dict.fromkeys(("1001", "1002", "1005"), "matte changed")


def test_another_run_on_the_same_take_is_refused(cli: CommandLine) -> None:
    process = cli.start(*COPY, "--seconds", "0.5")
    _until(lambda: (cli.folder / "out" / ".copy.####.exr.backlot.lock").exists())
    said = cli(*COPY)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert said.code == 2
    assert "is being made by another run" in said.err
    assert cli(*COPY, "--seconds", "0").code == 0, "a killed run holds nothing"


def test_a_full_disk_is_told_and_nothing_torn_is_left(cli: CommandLine) -> None:
    """A limit on the size of files stands for a full disk: the write fails in the middle."""
    limit = (cli.folder / "plate" / "plate.1001.exr").stat().st_size // 2

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = subprocess.run(
        [sys.executable, "-m", "backlot", *COPY, "--json"],
        cwd=cli.folder,
        env=cli.environment(),
        preexec_fn=limited,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 4, process.stderr
    assert re.search(r"copy\.100\d\.exr cannot be written", process.stderr)
    assert not [name for name in left(cli) if name.endswith((".exr", ".part"))]
    assert cli(*COPY).code == 0


@pytest.fixture
def small_disk(cli: CommandLine):
    """A disk with room for three frames, where this user may mount one."""
    disk = cli.folder / "out"
    disk.mkdir()
    size = 3.5 * (cli.folder / "plate" / "plate.1001.exr").stat().st_size
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size:.0f}", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_up_keeps_whole_frames(cli: CommandLine, small_disk: Path) -> None:
    said = cli(*COPY, "--json")
    assert said.code == 4, said.err
    assert said.events[-1]["code"] == "cannot-write"
    assert "disk is full" in said.err
    made = [name for name in left(cli) if name.endswith(".exr")]
    assert made
    assert not [name for name in left(cli) if name.startswith(".")]
    for name in made:
        source = cli.folder / "plate" / name.replace("copy", "plate")
        assert np.array_equal(raw(small_disk / name), raw(source))
    subprocess.run(["mount", "-o", "remount,size=10m", str(small_disk)], check=True)
    assert f"{6 - len(made)} done, {len(made)} kept" in cli(*COPY).out


def test_a_read_only_folder_is_told(cli: CommandLine, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    said = cli(*COPY)
    assert said.code == 4
    assert "read-only" in said.err.lower()


def test_a_folder_that_cannot_be_made_is_told(cli: CommandLine) -> None:
    (cli.folder / "out").write_text("a file where a folder should be")
    said = cli(*COPY)
    assert said.code == 4
    assert "cannot be written" in said.err


def test_the_exit_code_of_a_pipe_that_closes_is_quiet(cli: CommandLine) -> None:
    command = f"{sys.executable} -m backlot {' '.join(COPY)} --json | head -1"
    process = subprocess.run(
        command.replace("####", "'####'"),
        shell=True,
        cwd=cli.folder,
        env=cli.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in process.stderr
    assert "BrokenPipe" not in process.stderr


def test_a_traceback_is_shown_only_to_who_asks(cli: CommandLine) -> None:
    process = cli.start(*COPY, "--range", "nonsense", BACKLOT_DEBUG="1")
    _, err = process.communicate(timeout=60)
    assert "Traceback" in err
    assert process.returncode != 0


def test_every_error_has_an_exit_code_of_the_table() -> None:
    assert {kind.exit_code for kind in BY_CODE.values()} <= {1, 2, 3, 4, 5, 6, 7, 130}


def _until(true, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
