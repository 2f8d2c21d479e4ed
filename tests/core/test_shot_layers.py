"""The shot runner over layers and formats, and beside a slow disk."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import backlot
from backlot import local, order
from backlot.client import Studio, connect
from backlot.errors import (
    BacklotError,
    InvalidInput,
    ServerUnavailable,
)
from backlot.events import Result
from backlot.finish import Finish
from backlot.intake import Intake
from backlot.local import Endpoint
from backlot.manifest import Manifest
from backlot.media import Image
from backlot.report import Update
from backlot.shot import _Run, process
from tests.plates import HEIGHT, WIDTH, plate, raw, write_layers, write_shot
from tests.takes import FRAMES, numbers, path_of


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
    path_of(source, 1002).unlink()
    take = process(studio, "passthrough", source, out)
    assert "5 done, 1 failed" in str(take)
    assert [frame.path for frame in take.frames] == [path_of(out, n) for n in FRAMES]
    assert isinstance(take.failed[0].error, BacklotError)


def test_through_the_studio(endpoint: Endpoint, source: str, out: str) -> None:
    with connect(endpoint=endpoint) as opened:
        assert opened.process("passthrough", source, out=out).exit_code == 0


def inputs_of(studio: Studio, tmp_path: Path, layer: object = "", **given: object) -> Intake:
    """What a fill of one frame reads, as the server would ask for it."""
    given = {"matte": tmp_path / "p.exr", **given}
    asked = order.take(
        studio.tool("fill"), tmp_path / "p.exr", tmp_path / "o.exr", layer=layer, **given
    )
    return Intake(asked, Manifest(asked.manifest_path, asked.name))


def test_a_pass_is_found_among_the_layers_of_a_render(studio: Studio, tmp_path: Path) -> None:
    write_layers(tmp_path / "p.exr")
    frame = inputs_of(studio, tmp_path, depth=tmp_path / "p.exr").read("depth", 1)
    assert frame.channels == ("depth.Z",)
    assert frame.meaning == "data"
    assert np.array_equal(frame.pixels.view(np.uint32), raw(tmp_path / "p.exr", "depth"))


def test_layers_of_other_inputs_are_named(studio: Studio, tmp_path: Path) -> None:
    write_layers(tmp_path / "p.exr")
    layers = {"matte": "id", "depth": "glow"}
    intake = inputs_of(studio, tmp_path, layers, depth=tmp_path / "p.exr")
    assert np.array_equal(intake.matte(1).pixels.view(np.uint32), raw(tmp_path / "p.exr", "id"))
    assert intake.read("depth", 1).channels == ("glow.R", "glow.G", "glow.B")
    assert intake.plate(1, "").frame.channels == ("R", "G", "B", "A")


def test_a_layer_that_is_not_there_says_how_to_name_one(studio: Studio, tmp_path: Path) -> None:
    write_layers(tmp_path / "p.exr")
    with pytest.raises(InvalidInput, match=r"cannot be used as the matte: .*'roto'") as told:
        inputs_of(studio, tmp_path, {"matte": "roto"}).matte(1)
    assert "--layer matte=NAME" in told.value.hint
    assert "depth" in told.value.hint
    with pytest.raises(InvalidInput, match="named for depth, which is no input of this job"):
        inputs_of(studio, tmp_path, {"depth": "roto"})


def test_another_layer_is_another_take(studio: Studio, tmp_path: Path) -> None:
    write_layers(tmp_path / "p.exr")
    cover = np.zeros((HEIGHT, WIDTH, 1), np.float32)
    cover[2:4, 2:4] = 1.0
    backlot.write(tmp_path / "m.exr", backlot.Frame(cover, meaning="data"))
    given = {"matte": tmp_path / "m.exr", "depth": tmp_path / "p.exr", "mode": "still"}
    for layers, state in (({}, "done"), ({}, "kept"), ({"depth": "glow"}, "done")):
        take = process(
            studio, "fill", tmp_path / "p.exr", tmp_path / "o.exr", layer=layers, **given
        )
        assert [frame.state for frame in take.frames] == [state]


def test_a_matte_may_be_one_channel(studio: Studio, tmp_path: Path) -> None:
    """A black and white picture whose alpha is full everywhere is common."""
    write_layers(tmp_path / "p.exr")
    whole = Image.open(tmp_path / "p.exr").frame()
    for name, at in (("R", 0), ("green", 1), ("glow.B", 2)):
        cover = inputs_of(studio, tmp_path, {"matte": name}).matte(1)
        wanted = whole if "." not in name else Image.open(tmp_path / "p.exr").frame("glow")
        assert np.array_equal(cover.pixels[:, :, 0], wanted.pixels[:, :, at])
        assert cover.meaning == "data"


def test_a_plate_that_is_its_own_matte_means_its_alpha(studio: Studio, tmp_path: Path) -> None:
    """Also of a plate without colour: its alpha may be full."""
    grey = np.full((HEIGHT, WIDTH, 4), 0.5, np.float16)
    grey[:, :, 3] = 1
    backlot.write(tmp_path / "p.exr", backlot.Frame(grey))
    cover = inputs_of(studio, tmp_path).matte(1)
    assert cover.channels == ("A",)
    assert (cover.pixels == 1).all()


def test_one_render_may_be_plate_matte_and_depth(studio: Studio, tmp_path: Path) -> None:
    """Each is read for what it is, whichever was read first."""
    write_layers(tmp_path / "p.exr")
    for names in (["source", "matte", "depth"], ["depth", "matte", "source"]):
        intake = inputs_of(studio, tmp_path, depth=tmp_path / "p.exr")
        found = {name: intake.read(name, 1) for name in names}
        assert found["depth"].channels == ("depth.Z",)
        assert found["source"].meaning == "color"
        assert found["matte"].meaning == "data"


def test_clean_frames_that_say_no_space_are_in_the_plate_s(studio: Studio, tmp_path: Path) -> None:
    """Else what an application renders for both would be two colours."""
    cover = backlot.Frame(np.ones((HEIGHT, WIDTH, 1), np.float16), ("A",), meaning="data")
    backlot.write(tmp_path / "m.exr", cover)
    write_layers(tmp_path / "p.0001.exr")
    write_layers(tmp_path / "ok.0001.exr")
    backlot.write(tmp_path / "own.exr", plate(), colorspace="lin_rec2020")
    for name, alike in (("ok.####.exr", True), ("own.exr", False)):
        asked = order.take(
            studio.tool("fill"),
            *[tmp_path / "p.####.exr", tmp_path / "o.####.exr"],
            matte=tmp_path / "m.exr",
            clean=tmp_path / name,
            colorspace="lin_rec709",
        )
        intake = Intake(asked, Manifest(asked.manifest_path, asked.name))
        ours, clean = intake.read("source", 1), intake.read("clean", 1)
        assert np.array_equal(ours.pixels, clean.pixels) == alike
    wanted = Image.open(tmp_path / "own.exr").frame().pixels
    assert np.array_equal(clean.pixels, wanted, equal_nan=True), "a file that says its space"
