"""Fill's controls: each changes what it says, and a fill without it fails the test."""

from __future__ import annotations

import numpy as np
import pytest

from backlot.errors import InvalidInput
from backlot.frame import Frame
from backlot_server.tools import fill

from .jobs import Supply, make
from .test_fill import disc, matte, picture, psnr

HEIGHT, WIDTH = 160, 220
SKY, ROOF = (0.7, 0.8, 0.9), (0.15, 0.12, 0.1)


def roof() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A ridge before a sky, a hole over its apex, and a line along both of its edges."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    edge = 40 + 0.6 * np.abs(x - 110)
    pixels = np.where((y < edge)[:, :, None], np.float32(SKY), np.float32(ROOF))
    pixels += np.random.default_rng(1).normal(0, 0.02, pixels.shape).astype(np.float32)
    line = np.abs(y - edge) <= 1.5
    return pixels, disc(HEIGHT, WIDTH, 45, 110, 26), line


def misplaced(made: np.ndarray, truth: np.ndarray, hole: np.ndarray) -> float:
    """Part of the hole that shows roof for sky, or sky for roof."""
    bright = [pixels.mean(axis=2) > 0.45 for pixels in (made, truth)]
    return float((bright[0] != bright[1])[hole].mean())


def test_an_edge_is_continued_along_a_drawn_line() -> None:
    truth, hole, line = roof()
    plate = Frame(np.where(hole[:, :, None], np.float32(0), truth))
    inputs: dict[str, Supply] = {"source": plate, "matte": matte(hole)}
    alone = make(fill, inputs, mode="still").frame.pixels
    guided = make(fill, inputs | {"lines": matte(line)}, mode="still").frame.pixels
    assert misplaced(alone, truth, hole) > 0.01
    assert misplaced(guided, truth, hole) < 0.002
    assert psnr(guided[hole], truth[hole]) > psnr(alone[hole], truth[hole]) + 6
    assert guided[~hole].tobytes() == plate.pixels[~hole].tobytes()


def test_lines_where_none_is_drawn_change_no_bit() -> None:
    plate, hole = picture(), disc(60, 80, 30, 40, 7)
    inputs: dict[str, Supply] = {"source": Frame(plate), "matte": matte(hole)}
    none = np.zeros(hole.shape, bool)
    alone = make(fill, inputs, mode="still").frame.pixels
    blank = make(fill, inputs | {"lines": matte(none)}, mode="still").frame.pixels
    assert alone.tobytes() == blank.tobytes()


def test_a_frame_without_lines_is_filled_without() -> None:
    hole = disc(60, 80, 30, 40, 7)
    inputs: dict[str, Supply] = {"source": Frame(picture()), "matte": matte(hole)}
    alone = make(fill, inputs, mode="still").frame.pixels
    drawn = make(fill, inputs | {"lines": {7: matte(~hole)}}, mode="still").frame.pixels
    assert alone.tobytes() == drawn.tobytes()


def test_lines_of_another_size_are_refused() -> None:
    hole = disc(60, 80, 30, 40, 7)
    inputs: dict[str, Supply] = {"source": Frame(picture()), "matte": matte(hole)}
    with pytest.raises(InvalidInput, match="matte of lines is 81x60"):
        make(fill, inputs | {"lines": matte(np.ones((60, 81), bool))}, mode="still")


def test_strength_lays_the_fill_over_the_plate_in_light() -> None:
    plate, hole = picture(), disc(60, 80, 30, 40, 7)
    plate[hole] = 4.0
    inputs: dict[str, Supply] = {"source": Frame(plate), "matte": matte(hole)}
    whole = make(fill, inputs, mode="still").frame.pixels
    part = make(fill, inputs, mode="still", strength=0.25).frame.pixels
    np.testing.assert_allclose(part[hole], 0.25 * whole[hole] + 0.75 * 4.0, rtol=1e-5)
    none = make(fill, inputs, mode="still", strength=0.0)
    assert none.frame.pixels.tobytes() == plate.tobytes()
    assert none.engine == fill.COPY


def test_growing_takes_a_halo_with_the_object_and_shrinking_leaves_its_rim() -> None:
    truth, hole = picture(), disc(60, 80, 30, 40, 7)
    plate = truth.copy()
    plate[disc(60, 80, 30, 40, 9)] = 4.0
    inputs: dict[str, Supply] = {"source": Frame(plate), "matte": matte(hole)}
    assert make(fill, inputs, mode="still").frame.pixels.max() > 3.9, "the halo is still there"
    assert make(fill, inputs, mode="still", grow=3).frame.pixels.max() < 2
    shrunk = make(fill, inputs, mode="still", grow=-3).frame.pixels
    changed = (shrunk != plate).any(axis=2)
    assert not changed[~disc(60, 80, 30, 40, 5)].any()
    assert changed[disc(60, 80, 30, 40, 3)].all()


def test_a_feather_lets_the_plate_through_step_by_step_outside_the_matte_alone() -> None:
    plate, hole = picture(), disc(60, 80, 30, 40, 7)
    plate[disc(60, 80, 30, 40, 20)] += 3.0
    inputs: dict[str, Supply] = {"source": Frame(plate), "matte": matte(hole)}
    hard = make(fill, inputs, mode="still").frame.pixels
    soft = make(fill, inputs, mode="still", feather=8).frame.pixels
    outside = ~hole & disc(60, 80, 30, 40, 14)
    assert hard[outside].tobytes() == plate[outside].tobytes()
    assert (soft[outside] != plate[outside]).any(axis=1).mean() > 0.8
    far = ~disc(60, 80, 30, 40, 16)
    assert soft[far].tobytes() == plate[far].tobytes()


def test_another_seed_is_another_take_and_the_same_is_the_same() -> None:
    rng = np.random.default_rng(5)
    plate = rng.random((90, 120, 3), np.float32)
    hole = disc(90, 120, 45, 60, 20)
    inputs: dict[str, Supply] = {"source": Frame(plate), "matte": matte(hole)}
    takes = [make(fill, inputs, mode="still", seed=seed).frame.pixels for seed in (1, 2, 2)]
    assert takes[1].tobytes() == takes[2].tobytes()
    assert (takes[0] != takes[1])[hole].mean() > 0.5


def test_colour_and_alpha_are_float_no_step_of_8_bits() -> None:
    """A ramp whose whole range lies between two 8-bit codes, alpha too."""
    y, x = np.mgrid[:80, :100].astype(np.float32)
    ramp = 0.2 + 1e-5 * x
    alpha = 0.5 + 1e-5 * y
    truth = np.stack([ramp, ramp, ramp, alpha], axis=2).astype(np.float32)
    hole = disc(80, 100, 40, 50, 10)
    plate = Frame(np.where(hole[:, :, None], np.float32(0), truth), ("R", "G", "B", "A"))
    made = make(fill, {"source": plate, "matte": matte(hole)}, mode="still").frame.pixels
    np.testing.assert_allclose(made[hole], truth[hole], atol=3e-4)
    assert len(np.unique(made[hole][:, 3])) > 20
    assert len(np.unique(made[hole][:, 0])) > 20
