"""The shot runner on real files through a real server."""

from __future__ import annotations

import os

import numpy as np
import pytest

import backlot
from backlot import Curve
from backlot.client import Studio
from backlot.shot import estimate, process
from tests.plates import damage, plate, raw
from tests.takes import FRAMES, files, numbers, path_of


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


def _touch(source: str, out: str) -> None:
    os.utime(path_of(source, 1003))
    os.utime(path_of(out, 1004))


def _change_pixel(source: str, out: str) -> None:
    frame = plate(1003)
    frame.pixels[5, 5, 0] += 1
    backlot.write(path_of(source, 1003), frame)


def _delete_output(source: str, out: str) -> None:
    path_of(out, 1004).unlink()


def _paint_over_output(source: str, out: str) -> None:
    backlot.write(path_of(out, 1005), plate(7))


def _cut_output(source: str, out: str) -> None:
    damage(path_of(out, 1006))


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
        assert np.array_equal(raw(path_of(source, number)), raw(path_of(out, number)))
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
