"""Depth that wavers from frame to frame: fills are held against their neighbours'."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from backlot_server.shotfill import keys, settle
from backlot_server.shotfill.fill import STEPS

from .shots import FAR_AWAY, FIRST, Deep, run

PART = tuple(range(FIRST + 4, FIRST + 9))


@pytest.fixture(scope="module")
def deep() -> Deep:
    return Deep(noise=0.01)


@pytest.fixture(scope="module")
def made(deep: Deep) -> dict[int, np.ndarray]:
    return run(deep.inputs(), *PART)[0]


def boil(deep: Deep, made: dict[int, np.ndarray]) -> float:
    """How the blurred errors of one frame differ from those of the next where the wall is behind
    the object on both, along the wall's motion of one pixel."""
    steps = []
    for number in PART[:-1]:
        errors = []
        for n in (number, number + 1):
            off = np.sqrt(np.maximum(made[n], 0)) - np.sqrt(np.maximum(deep.truth[n], 0))
            errors.append(cv2.GaussianBlur(off, (0, 0), 2.0))
        hidden = [(deep.mattes[n] > 0) & (deep.depth[n] == FAR_AWAY) for n in (number, number + 1)]
        both = hidden[0][:, :-1] & hidden[1][:, 1:]
        steps.append((errors[1][:, 1:] - errors[0][:, :-1])[both].ravel())
    return float(np.sqrt(np.mean(np.concatenate(steps) ** 2)))


def test_fills_that_are_held_against_their_neighbours_boil_less(
    deep: Deep, made: dict[int, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "settled", keys.complete)
    alone, _ = run(deep.inputs(), *PART)
    assert boil(deep, made) < 0.75 * boil(deep, alone)
    for number in PART:
        assert deep.error(number, made[number]) > deep.error(number, alone[number]) - 0.2


def test_the_same_bits_wherever_the_range_is_cut(deep: Deep, made: dict[int, np.ndarray]) -> None:
    for part in (PART[2:3], PART[:0:-1]):
        again, _ = run(deep.inputs(), *part)
        for number in part:
            assert again[number].tobytes() == made[number].tobytes()


def test_each_frame_is_filled_by_itself_but_once(
    deep: Deep, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled: list[int] = []
    complete = keys.complete

    def counted(shot, number, covered, artist):
        filled.append(number)
        return complete(shot, number, covered, artist)

    monkeypatch.setattr(keys, "complete", counted)
    run(deep.inputs(), *PART)
    assert len(filled) == len(set(filled)) == len(PART) + 2 * STEPS


def test_what_nobody_saw_moves_with_what_it_is_part_of() -> None:
    """Something that always hides the same part of a post, which moves twice as far as the wall
    that most points lie on."""
    deep = Deep(noise=0.004)
    for at, number in enumerate(deep.numbers):
        cover = np.zeros(deep.mattes[number].shape, np.float32)
        left = 138 - 2 * at + 3
        cover[44:64, left : left + 13] = 1.0
        shown = np.where(deep.mattes[number][:, :, None] > 0, deep.truth[number], 0)
        plate = np.where(shown > 0, shown, deep.plates[number])
        deep.plates[number] = np.where(cover[:, :, None] > 0, np.float32([0.9, 0.1, 0.1]), plate)
        deep.mattes[number] = cover
    numbers = deep.numbers[4:7]
    made, _ = run(deep.inputs(depth=deep.depths()), *numbers)

    def change(step: int) -> float:
        steps = []
        for n, after in pairwise(numbers):
            left = 138 - 2 * (n - FIRST) + 6
            here = made[n][48:60, left : left + 7]
            steps.append(np.abs(made[after][48:60, left - step : left - step + 7] - here).mean())
        return float(np.mean(steps))

    assert change(2) < 0.5 * change(1)
