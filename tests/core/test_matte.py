"""What may change: coverage by coordinates, growth, and originals put back bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backlot.frame import DATA, Frame, Window
from backlot.matte import coverage, restore, support


def matte(values, x=0, y=0):
    values = np.asarray(values, np.float32)
    height, width = values.shape
    return Frame(values, data_window=Window(x, y, width, height), meaning=DATA)


def test_coverage_follows_coordinates_not_array_positions():
    cover = coverage(matte([[1, 0.5]], x=3, y=2), Window(2, 1, 4, 3))
    expected = np.zeros((3, 4), np.float32)
    expected[1, 1:3] = 1, 0.5
    np.testing.assert_array_equal(cover, expected)


def test_coverage_of_a_matte_elsewhere_is_nothing():
    assert not coverage(matte([[1.0]], x=100), Window(0, 0, 4, 4)).any()


def test_broken_matte_values_stay_in_range():
    cover = coverage(matte([[np.nan, np.inf, -np.inf, -1, 7]]), Window(0, 0, 5, 1))
    np.testing.assert_array_equal(cover[0], [0, 1, 0, 0, 1])


@pytest.mark.parametrize("names", ["RGBA", "YA"])
def test_a_painted_picture_is_a_matte_though_its_alpha_is_full(names: str) -> None:
    """Painters and renderers write alpha 1 everywhere."""
    drawn = np.zeros((130, 5, len(names)), np.float16)
    drawn[:, :, -1] = 1
    window = Window(0, 0, 5, 130)
    assert not coverage(Frame(drawn, tuple(names), meaning="data"), window).any(), "an empty one"
    drawn[100:, 2:, :-1] = 0.5
    cover = coverage(Frame(drawn, tuple(names), meaning="data"), window)
    assert (cover[100:, 2:] == 0.5).all()
    assert cover.sum() == 30 * 3 * 0.5
    for at, value in (((0, 0, -1), 0.0), ((129, 4, 0), 0.25)):
        if names == "YA" and at[2] == 0:
            continue
        other = drawn.copy()
        other[at] = value
        cover = coverage(Frame(other, tuple(names), meaning="data"), window)
        assert np.array_equal(cover, other[:, :, -1]), "alpha, or colour, says something"


def test_alpha_is_the_matte_where_there_is_one():
    pixels = np.zeros((1, 2, 4), np.float16)
    pixels[0, 1, 3] = 1
    cover = coverage(Frame(pixels, channels=("R", "G", "B", "A")), Window(0, 0, 2, 1))
    assert list(cover[0]) == [0, 1]
    box = Frame(pixels[:, 1:], ("R", "G", "B", "A"), Window(1, 0, 1, 1), Window(0, 0, 2, 1))
    cover = coverage(box, Window(0, 0, 2, 1))
    assert list(cover[0]) == [0, 1], "a box that is cropped to itself has alpha 1 everywhere"


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)),
    st.floats(0, 6),
)
def test_support_is_the_square_neighbourhood(mask, radius):
    steps = int(np.ceil(radius))
    grown = support(mask.astype(np.float32), radius)
    for y, x in np.ndindex(mask.shape):
        near = mask[max(0, y - steps) : y + steps + 1, max(0, x - steps) : x + steps + 1]
        assert grown[y, x] == near.any()


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.uint16, (4, 5, 3)),
    hnp.arrays(np.uint16, (4, 5, 3)),
    hnp.arrays(bool, (4, 5)),
)
def test_restore_keeps_every_bit_outside(original, changed, allowed):
    """Bits, not values: NaN payloads and negative zeros too."""
    result = changed.copy().view(np.float16)
    restore(original.view(np.float16), result, allowed)
    expected = np.where(allowed[:, :, None], changed, original)
    np.testing.assert_array_equal(result.view(np.uint16), expected)


@pytest.mark.parametrize("radius", [0, 3])
def test_empty_matte_allows_nothing(radius):
    assert not support(np.zeros((5, 5), np.float32), radius).any()
