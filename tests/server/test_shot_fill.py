"""Fill over a shot: what other frames saw is what comes back, and nothing else moves."""

from __future__ import annotations

import re

import numpy as np
import pytest

from backlot.errors import Cancelled, InvalidInput, MissingFrame
from backlot.frame import Frame, Window
from backlot_server.tools import fill

from .jobs import LocalJob
from .shots import FIRST, HEIGHT, WIDTH, Shot, disc, matte_frame, run, texture


@pytest.fixture(scope="module")
def shot() -> Shot:
    return Shot()


@pytest.fixture(scope="module")
def made(shot: Shot) -> dict[int, np.ndarray]:
    return shot.filled()[0]


def test_what_other_frames_show_comes_back(shot: Shot, made: dict[int, np.ndarray]) -> None:
    still, _ = shot.filled(FIRST + 5, mode="still")
    assert shot.error(FIRST + 5, still[FIRST + 5]) < 28
    assert min(shot.error(number, made[number]) for number in shot.numbers) > 36


def test_every_bit_outside_the_matte_stays(shot: Shot, made: dict[int, np.ndarray]) -> None:
    for number in shot.numbers:
        outside = shot.mattes[number] == 0
        assert made[number][outside].tobytes() == shot.plates[number][outside].tobytes()


def test_the_same_bits_wherever_the_range_is_cut(shot: Shot, made: dict[int, np.ndarray]) -> None:
    for part in (shot.numbers[:3], shot.numbers[3:4], shot.numbers[:3:-1]):
        again, _ = run(shot.inputs(), *part)
        for number in part:
            assert again[number].tobytes() == made[number].tobytes()


def test_light_that_changes_is_followed() -> None:
    shot = Shot(light=[1 + 0.35 * np.sin(2.1 * at) for at in range(12)])
    made, _ = shot.filled(*shot.numbers[3:6])
    assert min(shot.error(number, made[number]) for number in made) > 34


def test_grain_of_the_sources_is_averaged() -> None:
    shot = Shot(shift=0.0, noise=0.02)
    made, _ = shot.filled(FIRST + 6)
    hole = shot.mattes[FIRST + 6] > 0
    assert (made[FIRST + 6] - shot.truth[FIRST + 6])[hole].std() < 0.5 * 0.02


def test_what_no_frame_has_seen_does_not_boil() -> None:
    """An object that never leaves its place on a picture that moves with it."""
    hidden = Shot(count=20, shift=0.0, matte=lambda _: disc(48, 80, 14), noise=0.004)
    numbers = hidden.numbers[:6]
    carried, _ = hidden.filled(*numbers)
    alone, _ = hidden.filled(*numbers, mode="still")

    hole = hidden.mattes[FIRST] > 0

    def boil(frames: dict[int, np.ndarray]) -> float:
        steps = np.diff([frames[number][hole] for number in numbers], axis=0)
        return float(np.abs(steps).mean())

    assert boil(carried) < boil(alone) / 3
    assert np.isfinite(carried[FIRST]).all()


def test_frames_beyond_a_cut_are_no_sources() -> None:
    one, other = Shot(count=6), Shot(count=6)
    world = texture(HEIGHT, WIDTH, seed=9)
    for number, plate in other.plates.items():
        hole = other.mattes[number] > 0
        one.plates[number + 6] = np.where(hole[:, :, None], plate, 1.5 - world)
        one.mattes[number + 6] = np.roll(other.mattes[number], 50, axis=1)
        one.truth[number + 6] = 1.5 - world
    before, _ = Shot(count=6).filled(FIRST + 4)
    across, _ = one.filled(FIRST + 4)
    assert across[FIRST + 4].tobytes() == before[FIRST + 4].tobytes()


def test_an_approved_frame_is_the_truth_there_and_is_carried() -> None:
    shot = Shot(count=20, matte=lambda at: disc(48, 60 - 1.5 * at, 14))
    middle = FIRST + 9
    clean = shot.truth[middle].copy()
    clean[43:53, 40:52] = (0.05, 0.9, 0.2)
    inputs = shot.inputs(clean={middle: Frame(clean, number=middle)})
    made, _ = run(inputs, middle, middle + 2)
    hole = shot.mattes[middle] > 0
    np.testing.assert_array_equal(made[middle][hole], clean[hole])
    outside = ~hole
    assert made[middle][outside].tobytes() == shot.plates[middle][outside].tobytes()
    mark = made[middle + 2][46:50, 40:46].mean(axis=(0, 1))
    assert mark[1] > 0.7
    assert mark[0] < 0.3


def test_the_artist_is_told_where_a_clean_frame_would_help() -> None:
    hidden = Shot(count=5, matte=lambda at: disc(48, 60 - 1.5 * at, 14))
    _, job = hidden.filled()
    assert any("A clean frame 100" in sentence for sentence in job.warnings)


def test_things_that_move_behind_the_object_are_flagged() -> None:
    still, moving = Shot(shift=0.5, noise=0.01), Shot(shift=0.5, noise=0.01)
    for at, number in enumerate(moving.numbers):
        ball = disc(50, 20 + 10 * at, 9) > 0
        hole = moving.mattes[number] > 0
        moving.plates[number][ball & ~hole] = (0.1, 0.1, 0.9)
    number = FIRST + 5
    job = LocalJob(fill.SPEC, moving.inputs(), {}, (number,))
    flagged = fill.run(job, number).measured
    assert any("Low confidence" in sentence for sentence in job.warnings)
    quiet = LocalJob(fill.SPEC, still.inputs(), {}, (number,))
    usual = fill.run(quiet, number).measured
    assert not quiet.warnings
    assert flagged["confidence"] < usual["confidence"]


@pytest.mark.parametrize(
    "matte",
    [
        pytest.param(lambda at: disc(48, 30 + 9 * at, 11) * (at % 2), id="flickering"),
        pytest.param(lambda at: disc(48, 20 + 40 * (at % 4), 9), id="faster than its size"),
        pytest.param(lambda at: 0.5 * disc(48, 30 + 9 * at, 11), id="soft"),
        pytest.param(lambda at: disc(48, 30 + 9 * at, 14) - disc(48, 30 + 9 * at, 5), id="holes"),
        pytest.param(lambda at: disc(0, 9 * at, 20), id="at the border"),
    ],
)
def test_awkward_mattes(matte: object) -> None:
    shot = Shot(matte=matte)  # type: ignore[arg-type]
    soft = matte(1).max() == 0.5  # type: ignore[operator]
    made, _ = shot.filled(*shot.numbers[3:7])
    for number, pixels in made.items():
        hole = shot.mattes[number] > 0
        assert pixels[~hole].tobytes() == shot.plates[number][~hole].tobytes()
        if soft:
            expected = 0.5 * shot.plates[number] + 0.5 * shot.truth[number]
            assert np.abs(pixels - expected)[hole].mean() < 0.01
        elif hole.any():
            assert shot.error(number, pixels) > 33


def test_an_empty_matte_copies_and_a_full_one_on_some_frame_is_filled_from_the_others() -> None:
    shot = Shot()
    shot.mattes[FIRST + 4][:] = 0
    shot.mattes[FIRST + 5][:] = 1
    job = LocalJob(fill.SPEC, shot.inputs(), {}, (FIRST + 4, FIRST + 5))
    copied = fill.run(job, FIRST + 4)
    assert copied.engine == "Copy"
    assert copied.frame.pixels.tobytes() == shot.plates[FIRST + 4].tobytes()
    whole = fill.run(job, FIRST + 5).frame.pixels
    assert np.isfinite(whole).all()


def test_a_full_matte_everywhere_says_that_nothing_is_left() -> None:
    shot = Shot(count=4, matte=lambda _: np.ones((HEIGHT, WIDTH), np.float32))
    with pytest.raises(InvalidInput, match="nothing"):
        shot.filled(FIRST + 1)


def test_frames_without_a_matte_are_no_sources_and_fail_alone(shot: Shot) -> None:
    inputs = shot.inputs()
    del inputs["matte"][FIRST + 3]  # type: ignore[attr-defined, union-attr]
    made, job = run(inputs, FIRST + 2, FIRST + 4)
    assert min(shot.error(number, made[number]) for number in made) > 34
    with pytest.raises(MissingFrame):
        fill.run(job, FIRST + 3)


def test_one_frame_of_a_shot_is_a_still(shot: Shot) -> None:
    number = FIRST + 5
    alone = Frame(shot.plates[number], number=number)
    cover = matte_frame(shot.mattes[number], number)
    single = {"source": {number: alone}, "matte": {number: cover}}
    same = {"source": alone, "matte": cover}
    expected, _ = shot.filled(number, mode="still")
    for inputs in (single, same):
        made, _ = run(inputs, number)
        assert made[number].tobytes() == expected[number].tobytes()


def test_another_resolution_is_refused_with_a_sentence(shot: Shot) -> None:
    inputs = shot.inputs()
    number = FIRST + 7
    inputs["source"][number] = Frame(np.zeros((48, 80, 3), np.float32), number=number)  # type: ignore[index]
    inputs["matte"][number] = matte_frame(np.zeros((48, 80)), number)  # type: ignore[index]
    with pytest.raises(InvalidInput, match="is 80x48, frame 1006 is 160x96") as error:
        run(inputs, FIRST + 5)
    assert error.value.hint


@pytest.mark.filterwarnings("error")
def test_what_is_not_finite_is_no_source(shot: Shot) -> None:
    inputs = shot.inputs()
    broken = shot.plates[FIRST + 4].copy()
    broken[20:70, 40:120] = np.nan
    inputs["source"][FIRST + 4] = Frame(broken, number=FIRST + 4)  # type: ignore[index]
    made, _ = run(inputs, FIRST + 4, FIRST + 5)
    assert shot.error(FIRST + 5, made[FIRST + 5]) > 34
    hole = shot.mattes[FIRST + 4] > 0
    assert np.isfinite(made[FIRST + 4][hole]).all()
    assert made[FIRST + 4][~hole].tobytes() == broken[~hole].tobytes()


def test_alpha_and_ids_come_along() -> None:
    shot = Shot()
    ids = np.float32(7.25)
    names = ("R", "G", "B", "A", "id.R")
    plates = {}
    for number, plate in shot.plates.items():
        hole = shot.mattes[number] > 0
        alpha = np.where(hole, np.float32(1), shot.truth[number][:, :, 0])
        others = [alpha, np.where(hole, np.float32(-3), ids)]
        plates[number] = Frame(np.dstack([plate, *others]), names, number=number)
    made, _ = run(shot.inputs(source=plates), FIRST + 5)
    hole = shot.mattes[FIRST + 5] > 0
    assert (made[FIRST + 5][hole][:, 4] == ids).all()
    assert np.abs(made[FIRST + 5][:, :, 3] - shot.truth[FIRST + 5][:, :, 0])[hole].mean() < 0.02


def test_data_windows_may_differ_from_frame_to_frame(shot: Shot) -> None:
    inputs = shot.inputs()
    full = Window(0, 0, WIDTH, HEIGHT)
    for at, number in enumerate(shot.numbers):
        part = Window(at, 2, WIDTH - at, HEIGHT - 4)
        pixels = shot.plates[number][2 : HEIGHT - 2, at:]
        frame = Frame(np.ascontiguousarray(pixels), ("R", "G", "B"), part, full, number=number)
        inputs["source"][number] = frame  # type: ignore[index]
    made, _ = run(inputs, FIRST + 5)
    whole = shot.plates[FIRST + 5].copy()
    whole[2 : HEIGHT - 2, 5:] = made[FIRST + 5]
    assert shot.error(FIRST + 5, whole) > 34


def test_cancelled_anywhere(shot: Shot) -> None:
    job = LocalJob(fill.SPEC, shot.inputs(), {}, (FIRST + 5,))
    fill.run(job, FIRST + 5)
    for after in (0, job.checks // 2, job.checks - 1):
        stopped = LocalJob(fill.SPEC, shot.inputs(), {}, (FIRST + 5,), cancel_after=after)
        with pytest.raises(Cancelled):
            fill.run(stopped, FIRST + 5)


def test_what_a_fill_was_made_of_can_be_seen(shot: Shot) -> None:
    number = FIRST + 5
    hole = shot.mattes[number] > 0
    shown = {}
    for kind in ("confidence", "source", "across", "down"):
        made, _ = shot.filled(number, show=kind)
        assert made[number][~hole].tobytes() == shot.plates[number][~hole].tobytes()
        assert (np.ptp(made[number][hole], axis=1) == 0).all()
        shown[kind] = made[number][hole][:, 0]
    assert (shown["confidence"] > 0.5).mean() > 0.95
    assert set(np.unique(shown["source"])) <= set(range(-5, 7)) - {0}
    np.testing.assert_allclose(shown["across"], -1.5 * shown["source"], atol=0.2)
    np.testing.assert_allclose(shown["down"], -0.3 * shown["source"], atol=0.2)


def test_of_what_nobody_saw_confidence_is_nothing_and_of_an_approved_frame_all() -> None:
    hidden = Shot(count=5, matte=lambda at: disc(48, 60 - 1.5 * at, 14))
    number = FIRST + 2
    hole = hidden.mattes[number] > 0
    made, _ = hidden.filled(number, show="confidence")
    assert (made[number][hole] == 0).any()
    inputs = hidden.inputs(clean={number: Frame(hidden.truth[number], number=number)})
    made, _ = run(inputs, number, show="confidence")
    assert (made[number][hole] == 1).all()
    made, _ = hidden.filled(number, mode="still", show="confidence")
    assert (made[number][hole] == 0).all()


def test_what_takes_long_on_the_first_frame_is_told_with_the_time_left() -> None:
    hidden = Shot(count=14, shift=0.0, matte=lambda _: disc(48, 80, 14), noise=0.004)
    _, job = hidden.filled(FIRST)
    told = [message for message in job.messages if message]
    looking = r"looking at the frames around it: 5 of 4\d, about \d+ s left"
    assert any(re.fullmatch(looking, each) for each in told)
    assert any("filling key frame 1008" in each for each in told)
    assert all(part == 0 for part, each in zip(job.fractions, job.messages, strict=True) if each)
