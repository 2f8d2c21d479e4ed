"""Depth that wavers from frame to frame: fills are held against their neighbours'."""

from __future__ import annotations

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
