"""The rendered characters: what their drift is said to be, and light by addition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backlot_server.look import colour
from benchmarks import character_scores as scores
from examples.characters import cast, lights

LAB = st.tuples(st.floats(0, 100), st.floats(-90, 90), st.floats(-90, 90))


@given(LAB, LAB)
def test_differences_are_those_of_the_product(one: tuple, other: tuple) -> None:
    assume(abs(one[1] * other[2] - one[2] * other[1]) > 1e-3)  # opposite hues have two middles
    written_again = cast.difference(np.array(one), np.array(other))
    assert written_again == pytest.approx(float(colour.difference(one, other)), abs=1e-6)


def test_two_characters_are_frozen_out_with_sets_and_cameras_of_their_own() -> None:
    frozen = [each for each in cast.CAST if each.frozen]
    assert [each.name for each in frozen] == ["ivo", "jun"]
    for name, view in cast.FROZEN_VIEWS.items():
        assert view.azimuth != cast.VIEWS[name].azimuth
        assert view.wall != cast.VIEWS[name].wall


@pytest.mark.parametrize("character", cast.CAST, ids=lambda each: each.name)
def test_drift_is_the_same_on_every_machine_and_as_large_as_it_is_said(
    character: cast.Character,
) -> None:
    variants = cast.drifts(character)
    assert variants == cast.drifts(character)
    assert [len(each) for each in variants] == [1, 1, 1, 1, 2]
    for variant in variants:
        for region, drift in variant.items():
            cloth = character.cloths[region]
            assert cloth.times(drift.gain).tone != cloth.tone
            assert 0 < drift.whole < 12.5
            assert drift.chroma < 2.5 or drift.kind != "lightness"


def test_light_adds_up() -> None:
    rng = np.random.default_rng(2)
    groups = {name: rng.random((4, 5, 3)).astype(np.float32) for name in lights.GROUPS}
    one = lights.Light({"key": (0.5, (1.0, 0.5, 0.2))}, "easy")
    other = lights.Light({"sky": (2.0, 6500)}, "easy", 1.0)
    both = lights.Light({**one.groups, "sky": (4.0, 6500)}, "easy")
    added = lights.lit(groups, one) + lights.lit(groups, other)
    np.testing.assert_allclose(added, lights.lit(groups, both), rtol=1e-5)
    np.testing.assert_allclose(lights.lit(groups, one), groups["key"] * [0.5, 0.25, 0.1], rtol=1e-5)


def test_a_plate_has_grain_and_is_held_where_the_camera_clips() -> None:
    picture = np.full((60, 60, 3), 0.2, np.float32)
    picture[:5] = 50
    one, again, other = (lights.plate(picture, seed) for seed in ("a", "a", "b"))
    assert one.dtype == np.float16
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert (one[:5] == lights.CLIP).all()
    assert 0.003 < one[6:, :, 1].astype(np.float32).std() < 0.008


def test_area_and_false_alarms() -> None:
    assert scores.area([3, 4], [1, 2]) == 1
    assert scores.area([1, 2], [1, 2]) == 0.5
    assert scores.false_alarms(list(range(10, 20)), [*range(5), 11, 12, 30, 40, 50]) == 50
