"""The object's shadow as a second matte: what lies in it stays, in the light of other frames."""

from __future__ import annotations

import numpy as np
import pytest

from backlot.errors import InvalidInput

from .shots import FIRST, HEIGHT, WIDTH, Shot, disc, matte_frame, run

NUMBER = FIRST + 6
DARK = np.float32([0.35, 0.4, 0.5])


class Shaded(Shot):
    """An object with a shadow to its right, in which a leaf lies on one frame alone."""

    def __init__(self) -> None:
        super().__init__(count=12, shift=1.0, noise=0.004)
        self.shade: dict[int, np.ndarray] = {}
        for at, number in enumerate(self.numbers):
            x = 30 + 9 * at
            shade = disc(60, x + 22, 13) * (self.mattes[number] == 0)
            if number == NUMBER:
                leaf = disc(58, x + 22, 4)[:, :, None] > 0
                for picture in (self.truth[number], self.plates[number]):
                    picture[leaf[:, :, 0]] = (0.1, 0.45, 0.05)
                self.leaf = leaf[:, :, 0]
            dark = shade[:, :, None] > 0
            self.plates[number] = np.where(dark, self.plates[number] * DARK, self.plates[number])
            self.shade[number] = shade
            self.mattes[number] = np.maximum(self.mattes[number], shade)


@pytest.fixture(scope="module")
def shot() -> Shaded:
    return Shaded()


def shadows(shot: Shaded, strength: float = 1.0):
    return {n: matte_frame(strength * shade, n) for n, shade in shot.shade.items()}


def off(shot: Shaded, made: np.ndarray, where: np.ndarray) -> float:
    """Mean difference to the truth of the square root of light."""
    codes = [np.sqrt(np.maximum(each[where], 0)) for each in (made, shot.truth[NUMBER])]
    return float(np.abs(codes[0] - codes[1]).mean())


def test_what_lies_in_a_shadow_stays_and_the_shadow_goes(shot: Shaded) -> None:
    replaced, _ = run(shot.inputs(), NUMBER)
    kept, _ = run(shot.inputs(shadow=shadows(shot)), NUMBER)
    shaded = shot.shade[NUMBER] > 0
    assert off(shot, shot.plates[NUMBER], shaded) > 0.15
    assert off(shot, kept[NUMBER], shaded) < 0.03
    assert off(shot, replaced[NUMBER], shot.leaf) > 0.15
    assert off(shot, kept[NUMBER], shot.leaf) < 0.08
    outside = shot.mattes[NUMBER] == 0
    assert kept[NUMBER][outside].tobytes() == shot.plates[NUMBER][outside].tobytes()
    of_object = (shot.mattes[NUMBER] > 0) & ~shaded
    np.testing.assert_array_equal(kept[NUMBER][of_object], replaced[NUMBER][of_object])


def test_the_plate_s_own_grain_stays_in_a_shadow(shot: Shaded) -> None:
    """Another drawing of grain under the shadow comes out as another drawing of grain."""
    rng = np.random.default_rng(8)
    kept, _ = run(shot.inputs(shadow=shadows(shot)), NUMBER)
    shaded = shot.shade[NUMBER] > 0
    before = shot.plates[NUMBER].copy()
    shot.plates[NUMBER][shaded] += rng.normal(0, 0.01, (int(shaded.sum()), 3)).astype(np.float32)
    try:
        again, _ = run(shot.inputs(shadow=shadows(shot)), NUMBER)
    finally:
        shot.plates[NUMBER] = before
    assert np.abs(again[NUMBER] - kept[NUMBER])[shaded].mean() > 0.008


def test_where_a_shadow_s_matte_is_soft_both_are_mixed(shot: Shaded) -> None:
    replaced, _ = run(shot.inputs(), NUMBER)
    kept, _ = run(shot.inputs(shadow=shadows(shot)), NUMBER)
    mixed, _ = run(shot.inputs(shadow=shadows(shot, 0.5)), NUMBER)
    expected = (kept[NUMBER] + replaced[NUMBER]) / 2
    np.testing.assert_allclose(mixed[NUMBER], expected, atol=1e-5)


def test_a_shadow_of_another_size_is_refused(shot: Shaded) -> None:
    small = {n: matte_frame(np.ones((HEIGHT // 2, WIDTH // 2)), n) for n in shot.numbers}
    with pytest.raises(InvalidInput, match="shadow is 80x48"):
        run(shot.inputs(shadow=small), NUMBER)


def test_what_a_frame_alone_makes_nothing_of_is_told(shot: Shaded) -> None:
    given = shot.inputs(shadow=shadows(shot))
    for mode, count in (("still", 1), ("shot", 0)):
        _, job = run(given, NUMBER, NUMBER + 1, mode=mode)
        assert len([each for each in job.warnings if "nothing was made of shadow" in each]) == count
