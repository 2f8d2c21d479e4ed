"""Letterbox and pillarbox: no part of what the camera saw."""

from __future__ import annotations

import numpy as np
import pytest

from backlot.frame import Frame
from backlot_server.bars import Bars, colours, found
from backlot_server.tools import fill

from .jobs import make
from .shots import FIRST, Shot, disc, matte_frame, run, texture

HEIGHT, WIDTH = 96, 160
SIDES = {"letterbox": (12, 12, 0, 0), "pillarbox": (0, 0, 18, 17), "line": (0, 0, 0, 1)}


def boxed(picture: np.ndarray, sides: tuple[int, int, int, int], colour: float = 0.0) -> np.ndarray:
    made = np.full_like(picture, colour)
    part = Bars(*picture.shape[:2], *sides).picture()
    made[part] = picture[part]
    return made


def sides_of(picture: np.ndarray, known: np.ndarray | None = None) -> tuple[int, int, int, int]:
    known = np.ones(picture.shape[:2], bool) if known is None else known
    bars = found(picture.astype(np.float16), (0, 1, 2), known)
    return bars.top, bars.bottom, bars.left, bars.right


@pytest.mark.parametrize("sides", [*SIDES.values(), (9, 9, 12, 12)])
@pytest.mark.parametrize("colour", [0.0, 0.18])
def test_bars_are_found(sides: tuple[int, int, int, int], colour: float) -> None:
    assert sides_of(boxed(texture(HEIGHT, WIDTH), sides, colour)) == sides


def test_bars_may_have_a_trace_of_noise_and_something_in_them_that_is_covered() -> None:
    picture = boxed(texture(HEIGHT, WIDTH), SIDES["letterbox"])
    picture[:12] += np.random.default_rng(1).uniform(0, 1e-4, (12, WIDTH, 1)).astype(np.float32)
    picture[4:8, 30:60] = 0.8
    known = np.ones((HEIGHT, WIDTH), bool)
    known[3:9, 29:61] = False
    assert sides_of(picture, known) == SIDES["letterbox"]
    picture[4:8, 30:90] = 0.8
    assert sides_of(picture) == (0, 0, 0, 0)


def test_bars_may_have_something_written_into_them() -> None:
    picture = boxed(texture(HEIGHT, WIDTH), SIDES["letterbox"])
    picture[3:8, 40:70] = picture[88:92, 60:80] = 0.8
    assert sides_of(picture) == SIDES["letterbox"]


def test_pictures_without_bars_have_none() -> None:
    night = 0.002 + 0.001 * np.random.default_rng(1).standard_normal((HEIGHT, WIDTH, 3))
    sky = boxed(texture(HEIGHT, WIDTH), (30, 0, 0, 0))
    infinite = texture(HEIGHT, WIDTH)
    infinite[0] = np.nan
    for picture in (texture(HEIGHT, WIDTH), np.full((HEIGHT, WIDTH, 3), 0.2), night, sky, infinite):
        assert sides_of(picture) == (0, 0, 0, 0)


def test_a_plate_of_ids_alone_has_none() -> None:
    cover = disc(20, 20, 5)
    ids = np.full((HEIGHT, WIDTH, 1), 7, np.float32)
    frame = Frame(np.where(cover[:, :, None] > 0, 9, ids).astype(np.float32), ("id",))
    made = make(fill, {"source": frame, "matte": matte_frame(cover, 1)}, mode="still").frame.pixels
    np.testing.assert_array_equal(made, ids)


def test_pixels_of_bars_get_the_colour_of_their_own_bar() -> None:
    picture = boxed(texture(HEIGHT, WIDTH), SIDES["letterbox"])
    picture[-12:] = 0.5
    bars = found(picture, (0, 1, 2), np.ones((HEIGHT, WIDTH), bool))
    ys, xs = np.array([0, 11, 90]), np.array([0, 70, 159])
    covered = np.zeros((HEIGHT, WIDTH), bool)
    covered[:5] = True
    assert bars.inside(ys, xs).all()
    got = colours(bars, picture.astype(np.float16), covered, ys, xs)
    np.testing.assert_array_equal(got, np.repeat([[0.0], [0.0], [0.5]], 3, axis=1))


def test_pixels_away_from_bars_are_counted() -> None:
    away = Bars(8, 12, top=2, right=3).away()
    assert away[:, 0].tolist() == [0, 0, 1, 2, 3, 4, 5, 6]
    assert away[7].tolist() == [6, 6, 6, 6, 5, 4, 3, 2, 1, 0, 0, 0]
    assert (Bars(8, 12).away() == 255).all()


@pytest.mark.parametrize("name", SIDES)
def test_a_shot_with_bars_is_filled_as_well_as_without(name: str) -> None:
    """An object that leaves the picture behind a bar, before a camera that moves."""
    plain, barred = (Shot(shift=2.5, matte=lambda at: disc(70, 30 + 9 * at, 20)) for _ in range(2))
    for each in (barred.plates, barred.truth):
        for number, picture in each.items():
            each[number] = boxed(picture, SIDES[name])
    part = np.zeros((HEIGHT, WIDTH), bool)
    part[Bars(HEIGHT, WIDTH, *SIDES[name]).picture()] = True
    for number in (FIRST + 3, FIRST + 6):
        (one, _), (other, job) = (run(shot.inputs(), number) for shot in (plain, barred))
        one, other = one[number], other[number]
        assert not [said for said in job.warnings if "Low confidence" in said]
        hole = barred.mattes[number] > 0
        off = [np.abs(made - plain.truth[number])[hole & part].mean() for made in (one, other)]
        assert off[1] < 1.3 * off[0] + 0.002
        assert not other[hole & ~part].any()
        assert other[~hole].tobytes() == barred.plates[number][~hole].tobytes()


def test_ids_in_a_bar_are_the_bars() -> None:
    """Where the object reached into it: of a channel that is copied, not mixed."""
    shot = Shot(shift=2.5, matte=lambda at: disc(70, 30 + 9 * at, 20))
    inputs = shot.inputs()
    for number, picture in shot.plates.items():
        cover = shot.mattes[number][:, :, None] > 0
        boxes = np.where(boxed(np.ones_like(picture), SIDES["letterbox"])[:, :, :1] > 0, 5, 2)
        plate = boxed(picture, SIDES["letterbox"])
        plate[cover[:, :, 0]] = picture[cover[:, :, 0]]
        named = np.concatenate([plate, np.where(cover, 9, boxes)], 2).astype(np.float32)
        inputs["source"][number] = Frame(named, ("R", "G", "B", "id"), number=number)
    made = run(inputs, FIRST + 5)[0][FIRST + 5]
    assert (made[84:, :, 3] == 2).all()
    assert (made[12:84, :, 3] == 5).all()


def test_a_still_takes_nothing_from_a_bar() -> None:
    picture = boxed(np.float32(0.4) + 0.1 * texture(HEIGHT, WIDTH), SIDES["letterbox"])
    cover = np.zeros((HEIGHT, WIDTH), np.float32)
    cover[60:, 60:90] = 1.0
    plate = np.where(cover[:, :, None] > 0, np.float32(3.0), picture)
    frame = Frame(plate.astype(np.float32))
    made = make(fill, {"source": frame, "matte": matte_frame(cover, 1)}, mode="still").frame.pixels
    assert made[60:84, 60:90].min() > 0.9 * picture[12:84].min()
    assert not made[84:, 60:90].any()
