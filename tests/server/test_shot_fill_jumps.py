"""Neighbours between which corners cannot be followed, and which are of one shot all the same."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from backlot.frame import Frame

from .shots import FIRST, HEIGHT, WIDTH, Shot, disc, matte_frame, run, texture


def seen_beyond(level: float, glitch: range) -> Shot:
    """What the object hides up to a glitch is seen beyond it alone."""
    late = glitch.stop - FIRST
    shot = Shot(count=late + 6, matte=lambda at: disc(48, 60 + 15 * max(0, at - late + 1), 12))
    for other in glitch:
        shot.plates[other] = np.full_like(shot.plates[other], level)
    return shot


@pytest.mark.parametrize("jump", [28, 44])
def test_a_camera_that_jumps_is_followed(jump: int) -> None:
    world = texture(HEIGHT + jump, WIDTH + 2 * jump)
    rng = np.random.default_rng(2)
    shot = Shot()
    for at, number in enumerate(shot.numbers):
        y, x = rng.integers(0, jump), (at % 2) * jump + rng.integers(0, jump // 2)
        hole = shot.mattes[number][:, :, None] > 0
        shot.truth[number] = world[y : y + HEIGHT, x : x + WIDTH]
        shot.plates[number] = np.where(hole, np.float32(0.9), shot.truth[number])
    made, _ = shot.filled(*shot.numbers[4:8])
    assert min(shot.error(number, made[number]) for number in made) > 36


@pytest.mark.parametrize("level", [0.0, 60.0])
def test_a_flash_or_a_black_frame_is_no_cut(level: float) -> None:
    shot = seen_beyond(level, range(FIRST + 5, FIRST + 7))
    made, _ = shot.filled(FIRST + 3)
    assert shot.error(FIRST + 3, made[FIRST + 3]) > 36


def test_more_frames_of_something_else_are_one() -> None:
    """What is beyond them is not taken."""
    shot = seen_beyond(0.0, range(FIRST + 5, FIRST + 8))
    whole, _ = shot.filled(FIRST + 3)
    for number in shot.numbers[8:]:
        shot.plates[number] = 0.5 * shot.plates[number]
    again, _ = shot.filled(FIRST + 3)
    assert again[FIRST + 3].tobytes() == whole[FIRST + 3].tobytes()


def test_a_background_far_out_of_focus_is_followed() -> None:
    """Where most corners are grain."""
    height, width, count, sigma = 270, 480, 10, 0.025
    soft = cv2.GaussianBlur(texture(height, width + 16 * count, seed=3), (0, 0), 16)
    rows, columns = np.mgrid[:height, :width]
    rng = np.random.default_rng(7)
    plates, mattes, truth = {}, {}, {}
    for at in range(count):
        number = FIRST + at
        truth[number] = soft[:, 16 * at : 16 * at + width]
        cover = np.hypot(rows - 130, columns - 150 - 25 * at) < 36
        grain = rng.normal(0, sigma, truth[number].shape)
        plate = np.where(cover[:, :, None], [0.9, 0.1, 0.1], truth[number] + grain)
        plates[number] = Frame(plate.astype(np.float32), number=number)
        mattes[number] = matte_frame(cover, number)
    made, _ = run({"source": plates, "matte": mattes}, FIRST + 5)
    hole = mattes[FIRST + 5].pixels[:, :, 0] > 0
    off = (made[FIRST + 5] - truth[FIRST + 5])[hole]
    assert off.std() < 1.1 * sigma / np.sqrt(count)


@pytest.mark.parametrize(("grows", "least"), [(False, 47), (True, 51)], ids=["rolls", "zooms"])
def test_a_camera_that_rolls_or_zooms_is_followed_exactly(grows: bool, least: float) -> None:
    """To a part of a pixel also where patches of far frames are turned, or of another size."""
    fine = np.random.default_rng(1).normal(0, 1, (2 * HEIGHT, 2 * WIDTH, 3)).astype(np.float32)
    world = texture(2 * HEIGHT, 2 * WIDTH, seed=4) + 0.2 * cv2.GaussianBlur(fine, (0, 0), 1.0)
    world = np.clip(world, 0.02, None)
    shot = Shot(matte=lambda at: disc(48, 40 + 8 * at, 14))
    for at, number in enumerate(shot.numbers):
        angle, size = (0.0, 0.9 + 0.06 * at) if grows else (25 * np.sin(at / 2), 1.0)
        move = cv2.getRotationMatrix2D((WIDTH, HEIGHT), angle, size)
        move[:, 2] -= WIDTH / 2, HEIGHT / 2
        seen = cv2.warpAffine(world, move, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
        hole = shot.mattes[number][:, :, None] > 0
        shot.truth[number] = np.maximum(seen, 0)
        shot.plates[number] = np.where(hole, np.float32([0.9, 0.1, 0.1]), shot.truth[number])
    made, job = shot.filled(*shot.numbers[3:9])
    assert min(shot.error(number, made[number]) for number in made) > least
    assert not job.warnings
