"""A fill is as sharp as the plate, though its sources are sharper or softer."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from backlot_server.shotfill import focus
from backlot_server.shotfill.merge import nothing
from backlot_server.shotfill.points import Hole

from .shots import FIRST, HEIGHT, WIDTH, Shot, disc, texture


def soft(picture: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), sigma) if sigma else picture


def pulled(shot: Shot, sigmas: list[float]) -> Shot:
    """The background out of focus by so much, the object in it."""
    for number, sigma in zip(shot.numbers, sigmas, strict=True):
        shot.truth[number] = soft(shot.truth[number], sigma)
        hole = shot.mattes[number][:, :, None] > 0
        shot.plates[number] = np.where(hole, shot.plates[number], shot.truth[number])
    return shot


@pytest.mark.parametrize(("there", "elsewhere", "least"), [(2.5, 0.0, 40), (0.0, 0.7, 53)])
def test_a_pull_of_focus_is_followed(there: float, elsewhere: float, least: float) -> None:
    sigmas = [there if at in (5, 6) else elsewhere for at in range(12)]
    shot = pulled(Shot(), sigmas)
    made, _ = shot.filled(FIRST + 5)
    assert shot.error(FIRST + 5, made[FIRST + 5]) > least


def merged_and_hole(values: np.ndarray) -> tuple[Hole, focus.Merged]:
    cover = disc(48, 80, 20)
    ys, xs = (at.astype(np.int32) for at in np.nonzero(disc(48, 80, 40) > 0))
    hole = Hole((HEIGHT, WIDTH), ys, xs, cover[ys, xs] > 0, xs.astype("f4"), ys.astype("f4"))
    merged = nothing(len(ys), values.shape[2])
    merged.values[:], merged.best[:], merged.squares[:] = values[ys, xs], 0, 0.1
    return hole, merged


@pytest.mark.parametrize(("theirs", "ours"), [(0.0, 2.0), (0.0, 0.8), (0.8, 0.0), (1.5, 0.8)])
def test_what_the_plate_shows_around_the_hole_is_made_in_it(theirs: float, ours: float) -> None:
    world = texture(HEIGHT, WIDTH)
    source, truth = soft(world, theirs), soft(world, ours)
    hole, merged = merged_and_hole(source)
    grain = np.random.default_rng(1).normal(0, 0.01, truth.shape).astype(np.float32)
    target = (truth + grain)[hole.ys, hole.xs]
    made = focus.matched(hole, merged, target, [0, 1, 2], [0, 1, 2])
    off = [
        np.sqrt(np.mean((each - truth[hole.ys, hole.xs])[hole.inside] ** 2))
        for each in (merged.values, made.values)
    ]
    assert off[1] < 0.45 * off[0]
    assert (made.squares < 0.1).all() == (ours > theirs)


def test_grain_alone_changes_nothing() -> None:
    world = texture(HEIGHT, WIDTH)
    hole, merged = merged_and_hole(world)
    grain = np.random.default_rng(1).normal(0, 0.03, world.shape).astype(np.float32)
    target = (world + grain)[hole.ys, hole.xs]
    assert focus.matched(hole, merged, target, [0, 1, 2], [0, 1, 2]) is merged


def test_lamps_do_not_ring_and_data_stays() -> None:
    world = np.concatenate([texture(HEIGHT, WIDTH), np.ones((HEIGHT, WIDTH, 1), np.float32)], 2)
    world[46:50, 78:82, :3] = 7.0
    world[40:44, 78:82, 3] = 5.0
    hole, merged = merged_and_hole(np.concatenate([soft(world[..., :3], 1.0), world[..., 3:]], 2))
    target = world[hole.ys, hole.xs]
    made = focus.matched(hole, merged, target, [0, 1, 2], [0, 1, 2])
    assert (made.values[:, :3] != merged.values[:, :3]).any()
    assert made.values[:, :3].min() >= merged.values[:, :3].min()
    assert made.values[:, :3].max() <= merged.values[:, :3].max()
    np.testing.assert_array_equal(made.values[:, 3], merged.values[:, 3])
