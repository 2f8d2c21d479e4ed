"""Mattes carried along a shot: they follow what moves, and say where they cannot."""

import numpy as np
import pytest

from backlot import Frame
from backlot.errors import InvalidInput, MissingFrame
from backlot_server.tools import character_carry
from tests.server.jobs import LocalJob

TALL, WIDE, KEY = 120, 200, 5


def moved(number: int) -> tuple[float, float]:
    """Of the disc, right and down, a frame."""
    return 3.0 * (number - KEY), -1.5 * (number - KEY)


def disc(number: int) -> np.ndarray:
    y, x = np.mgrid[:TALL, :WIDE].astype(np.float32)
    right, down = moved(number)
    return np.clip(26 - np.hypot(x - 100 - right, y - 60 - down), 0, 1)


def shot(number: int, dtype: type = np.float16) -> Frame:
    """A worn disc in front of a wall; both with texture, and grain of their own on every frame."""
    rng = np.random.default_rng(1)
    wall, worn = (_smooth(rng.normal(0, 1, (TALL + 80, WIDE + 80))) for _ in range(2))
    right, down = (round(v) for v in moved(number))
    skin = worn[40 - down : 40 - down + TALL, 40 - right : 40 - right + WIDE]
    cover = disc(number)
    level = 0.2 * np.exp(wall[40:-40, 40:-40]) * (1 - cover) + 0.4 * np.exp(skin) * cover
    grained = level + np.random.default_rng(number).normal(0, 0.004, level.shape)
    rgb = grained[..., None] * np.array([1.0, 0.8, 0.6])
    pixels = np.concatenate([rgb, np.ones((TALL, WIDE, 1))], axis=-1)
    return Frame(pixels.astype(dtype), number=number)


def _smooth(noise: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(0.5 * 4 * cv2.GaussianBlur(noise, (0, 0), 2.5))


def mattes() -> Frame:
    cover = disc(KEY)
    left = cover * (np.arange(WIDE) < 100)
    pixels = np.stack([left, cover - left, cover], axis=-1).astype(np.float16)
    return Frame(pixels, ("left", "right", "A"), meaning="data", number=KEY)


def carried(numbers: list[int], shots: dict[int, Frame] | None = None) -> dict:
    shots = shots or {n: shot(n) for n in range(1, 12)}
    job = LocalJob(
        character_carry.SPEC,
        {"source": shots, "matte": {KEY: mattes()}},
        {"key": KEY},
        tuple(numbers),
    )
    return {n: character_carry.run(job, n) for n in numbers}


def overlap(made: Frame, true: np.ndarray) -> float:
    cover = made.pixels[..., -1].astype(np.float32) > 0.5
    return float((cover & (true > 0.5)).sum() / (cover | (true > 0.5)).sum())


def test_on_its_own_frame_a_matte_is_what_it_was():
    made = carried([KEY])[KEY]
    assert np.array_equal(made.frame.pixels, mattes().pixels)
    assert made.frame.channels == ("left", "right", "A")
    assert made.measured == {"confidence": {"left": 1.0, "right": 1.0, "A": 1.0}, "steps": 0}


@pytest.mark.parametrize("number", [1, 8, 11])
def test_a_matte_follows_what_it_covers_both_ways(number):
    made = carried([number])[number]
    assert overlap(made.frame, disc(number)) > 0.85 > 0.75 > overlap(mattes(), disc(number))
    assert made.measured["confidence"]["A"] > 0.6
    _, columns = np.nonzero(made.frame.pixels[..., 0] > 0.5)
    assert abs(columns.mean() - (88.6 + moved(number)[0])) < 3, "regions keep their places"


def test_what_comes_out_does_not_hang_on_the_order():
    ahead = carried([6, 7, 9])
    again = carried([9, 7])
    for number in (7, 9):
        assert np.array_equal(ahead[number].frame.pixels, again[number].frame.pixels)
        assert ahead[number].measured == again[number].measured


def test_behind_something_confidence_is_lost():
    shots = {n: shot(n) for n in range(1, 12)}
    for number in (8, 9, 10, 11):
        shots[number].pixels[:, 60:180, :3] = np.float16(0.3)
    made = carried([7, 9], shots)
    assert made[9].measured["confidence"]["A"] < 0.5 < made[7].measured["confidence"]["A"]


def test_not_finite_pixels_and_frames_of_other_sizes():
    shots = {n: shot(n, np.float32) for n in range(1, 9)}
    shots[6].pixels[50:60, 90:110, :3] = (np.nan, np.inf, -np.inf)
    assert overlap(carried([8], shots)[8].frame, disc(8)) > 0.85
    shots[7] = Frame(shots[7].pixels[:100].copy(), number=7)
    with pytest.raises(InvalidInput, match="another size"):
        carried([8], shots)
    del shots[7]
    with pytest.raises(MissingFrame):
        carried([8], shots)
