"""Light or drift, weighed: on shifts that were made of a known light and a known drift."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot_server.look import colour, evidence
from backlot_server.look.evidence import Shift, weigh

ERROR, DRIFT = np.eye(2) * 0.02**2, np.eye(2) * 0.15**2
ALONG, ACROSS = colour.planckian(), colour.beside()


def shifts(count, light, drift, seed=0, tones=None):
    """drift: by region, (2,). Errors are half as large as they are said to be."""
    rng = np.random.default_rng(seed)
    tones = rng.uniform(0.05, 0.6, (count, 3)) if tones is None else tones
    moved = light + rng.normal(0, 0.01, (count, 2))
    for region, by in drift.items():
        moved[region] += by
    return [Shift(m, ERROR, DRIFT, t) for m, t in zip(moved, tones, strict=True)]


@given(st.integers(0, 50), st.floats(-0.9, 0.9))
def test_a_light_alone_is_no_drift_and_is_told(seed, warmth):
    """Grey regions: which primaries the light multiplies does not matter to them."""
    weighed = weigh(shifts(6, warmth * ALONG, {}, seed, np.full((6, 3), 0.2)))
    assert (weighed.odds < -1.3).all()
    assert np.linalg.norm(weighed.light - warmth * ALONG) < 0.05


@given(st.integers(0, 50), st.floats(-0.9, 0.9), st.integers(0, 4), st.floats(0, 6.28))
def test_what_drifted_is_named_and_how_much(seed, warmth, region, angle):
    by = 0.3 * np.array([np.cos(angle), np.sin(angle)])
    made = shifts(5, warmth * ALONG, {region: by}, seed, np.full((5, 3), 0.2))
    weighed = weigh(made)
    assert weighed.odds.argmax() == region
    assert weighed.odds[region] > 3
    assert np.linalg.norm(weighed.drift[region] - by) < 0.12
    assert np.linalg.eigvalsh(weighed.sure[region]).min() > 0


@pytest.mark.parametrize(("count", "drifted"), [(5, 2), (6, 2), (7, 3), (9, 3)])
def test_several_that_drifted_at_once(count, drifted):
    by = {n: 0.35 * (ACROSS if n % 2 else -ACROSS) + 0.1 * ALONG for n in range(drifted)}
    weighed = weigh(shifts(count, 0.5 * ALONG, by, 3, np.full((count, 3), 0.2)))
    assert (weighed.odds[:drifted] > 0).all()
    assert (weighed.odds[drifted:] < -1.3).all()


def test_a_light_that_multiplied_rec_709_is_no_drift_either():
    """Saturated cloths move by up to 0.1 otherwise than ACEScg has it; errors here are 0.02."""
    tones = np.array([[0.5, 0.1, 0.08], [0.1, 0.3, 0.1], [0.1, 0.15, 0.5], [0.4, 0.35, 0.3],
                      [0.2, 0.1, 0.05]])  # fmt: skip
    gain = np.array([1.6, 1.0, 0.45])
    lit = (tones @ evidence._TO_709.T * gain) @ evidence._FROM_709.T
    moved = (colour.opponent(lit) - colour.opponent(tones))[:, 1:]
    assert np.ptp(moved, axis=0).max() > 0.1
    weighed = weigh([Shift(m, ERROR, DRIFT, t) for m, t in zip(moved, tones, strict=True)])
    assert (weighed.odds < -1.3).all()


def test_the_order_of_regions_does_not_matter():
    made = shifts(6, 0.3 * ALONG, {2: np.array([0.2, -0.1])}, 4)
    order = [3, 0, 5, 2, 4, 1]
    one, other = weigh(made), weigh([made[n] for n in order])
    np.testing.assert_allclose(one.odds[order], other.odds, atol=1e-6)
    np.testing.assert_allclose(one.drift[order], other.drift, atol=1e-6)


def test_larger_errors_make_less_of_the_same_shift():
    made = shifts(5, 0.3 * ALONG, {1: np.array([0.12, 0.0])}, 5)
    odds = []
    for factor in (0.5, 1.0, 4.0, 16.0):
        loose = [Shift(s.moved, s.error * factor, s.drift, s.tone) for s in made]
        odds.append(weigh(loose).odds[1])
    assert odds == sorted(odds, reverse=True)
