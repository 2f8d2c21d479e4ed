"""Motion blur: what is filled into a blurred plate is as blurred as the plate is there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from backlot_server.shotfill import blur, focus

from .shots import FIRST, HEIGHT, WIDTH, Shot, disc, texture

OPEN, SUBFRAMES = 0.5, 8
NUMBER = FIRST + 5


class Blurred(Shot):
    """A camera that pans so many pixels each frame, its shutter open for half of it; the object
    moves, too. A matte covers all that the object touches."""

    def __init__(self, *speeds: float) -> None:
        self.truth, self.plates, self.mattes, self.sharp = {}, {}, {}, {}
        world = texture(HEIGHT + 20, WIDTH + 40 + int(sum(speeds)))
        place = 0.0
        for at, speed in enumerate(speeds):
            truths, plates, covers = [], [], []
            for along in np.arange(SUBFRAMES) / SUBFRAMES * OPEN:
                move = np.float32([[1, 0, -10 - place - speed * along], [0, 1, -10]])
                seen = cv2.warpAffine(world, move, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
                cover = disc(48, 30 + 9 * (at + along), 11)
                truths.append(seen)
                plates.append(np.where(cover[:, :, None] > 0, [0.9, 0.1, 0.1], seen))
                covers.append(cover)
            number, place = FIRST + at, place + speed
            self.sharp[number] = truths[0]
            self.truth[number] = np.mean(truths, axis=0).astype(np.float32)
            self.plates[number] = np.mean(plates, axis=0).astype(np.float32)
            self.mattes[number] = np.max(covers, axis=0).astype(np.float32)


def sharpness(shot: Blurred, made: np.ndarray, truth: np.ndarray) -> float:
    """Steps across, over those of a truth, in the hole."""
    hole = shot.mattes[NUMBER] > 0
    steps = [
        np.abs(np.diff(np.sqrt(np.maximum(each, 0)), axis=1, append=0))[hole].mean()
        for each in (made, truth)
    ]
    return float(steps[0] / steps[1])


def test_a_fill_is_as_blurred_as_its_plate() -> None:
    shot = Blurred(*[9.0] * 10)
    made, _ = shot.filled(NUMBER)
    assert shot.error(NUMBER, made[NUMBER]) > 36
    assert 0.95 < sharpness(shot, made[NUMBER], shot.truth[NUMBER]) < 1.05
    assert sharpness(shot, made[NUMBER], shot.sharp[NUMBER]) < 0.95


def test_a_frame_that_a_bump_has_blurred_is_filled_from_sharper_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shot = Blurred(2, 2, 2, 2, 2, 12, 2, 2, 2, 2)
    made, _ = shot.filled(NUMBER)
    assert shot.error(NUMBER, made[NUMBER]) > 46
    assert 0.95 < sharpness(shot, made[NUMBER], shot.truth[NUMBER]) < 1.08
    monkeypatch.setattr(blur, "BETTER", 0.0)
    monkeypatch.setattr(focus, "WORTH", 0.0)
    made, _ = shot.filled(NUMBER)
    assert shot.error(NUMBER, made[NUMBER]) < 40
    assert sharpness(shot, made[NUMBER], shot.truth[NUMBER]) > 1.15


def test_what_is_as_sharp_is_not_blurred() -> None:
    """Grain is no reason: the fill has less of it than the plate."""
    shot = Shot(shift=6.0, noise=0.02)
    made, _ = shot.filled(NUMBER)
    steps = [
        np.abs(np.diff(np.sqrt(np.maximum(each, 0)), axis=1, append=0))[shot.mattes[NUMBER] > 0]
        for each in (made[NUMBER], shot.truth[NUMBER])
    ]
    assert steps[0].mean() / steps[1].mean() > 0.95
