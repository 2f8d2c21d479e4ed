"""Grain of a fill: what putting frames together leaves of it, and what is added to that."""

from __future__ import annotations

import numpy as np
import pytest

from backlot_server.shotfill import regrain, settle

from .shots import FIRST, Deep, Shot, disc, run

NOISE = 0.01


def drawn(shot: Shot, seed: int) -> Shot:
    """The same shot with another drawing of grain."""
    rng = np.random.default_rng(seed)
    for number, plate in shot.plates.items():
        shot.plates[number] = (plate + rng.normal(0, NOISE, plate.shape)).astype(np.float32)
    return shot


def test_what_is_left_of_the_grain_is_known_where_depth_is_told(monkeypatch) -> None:
    """Fills that are held against their neighbours' are means of means, and of plates."""
    number, told = FIRST + 6, []
    put = regrain.put

    def watched(job, shot, source, hole, made, filled):
        told.append(made.squares[made.seen.hole.inside & ~made.unseen])
        assert made.seen.near
        put(job, shot, source, hole, made, filled)

    monkeypatch.setattr(regrain, "put", watched)
    one, other = (run(drawn(Deep(), seed).inputs(), number)[0][number] for seed in (1, 2))
    hole = Deep().mattes[number] > 0
    left = float(np.median(np.abs((one - other)[hole])) / 0.6745 / np.sqrt(2)) ** 2 / NOISE**2
    assert float(np.median(told)) == pytest.approx(left, rel=0.4)
    assert left < 0.5


def test_plates_have_grain_of_their_own_and_fills_have_it_in_common() -> None:
    fills = np.array([0.2, 0.1, 0.0], np.float32)
    plates = np.array([[0, 0], [0.25, 0.25], [0.5, 0.5]], np.float32)
    np.testing.assert_allclose(settle._left(fills, plates), [0.2, 0.125 + 0.15, 0.5], atol=1e-6)


@pytest.mark.parametrize("bars", [False, True])
def test_a_fill_is_as_grainy_as_its_plate(bars: bool) -> None:
    """A small one, all of it texture: other frames tell that from grain. Also where black bars,
    without any, lie above and below."""
    number = FIRST + 6
    shot = drawn(Shot(shift=0.0, matte=lambda at: disc(48, 30 + 9 * at, 11)), 1)
    for plate in shot.plates.values() if bars else ():
        plate[:16] = plate[-16:] = 0.0
    bare, final = (run(shot.inputs(), number, grain=g)[0][number] for g in (0.0, 1.0))
    hole = shot.mattes[number] > 0
    left = (bare - shot.truth[number])[hole].std()
    added = (final - bare)[hole].std()
    assert np.hypot(left, added) == pytest.approx(NOISE, rel=0.35)
