"""CIEDE2000 against the pairs that were published with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot_server.look import colour

# Sharma, Wu, Dalal: The CIEDE2000 Color-Difference Formula (2005), table 1: some of each kind.
PAIRS = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0009), 7.1792),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0011), 7.2195),
    ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_published_pairs(one, other, expected):
    assert colour.difference(one, other) == pytest.approx(expected, abs=6e-5)
    assert colour.difference(other, one) == pytest.approx(expected, abs=6e-5)


@given(st.lists(st.floats(1e-3, 100.0), min_size=3, max_size=3))
def test_opponents_have_an_exact_inverse(rgb):
    assert np.allclose(colour.from_opponent(colour.opponent(rgb)), rgb, rtol=1e-10)


def test_white_is_neutral_and_lamps_are_warm():
    assert np.allclose(colour.lab([1.0, 1.0, 1.0]), (100, 0, 0), atol=1e-6)
    red, blue = colour.planckian()
    assert red > 0 > blue
