"""Frames refuse what cannot be meant, in a sentence, and keep what describes them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot.errors import InvalidInput
from backlot.frame import Frame, Window, default_channels, split_layer

windows = st.builds(
    Window,
    st.integers(-5000, 5000),
    st.integers(-5000, 5000),
    st.integers(1, 5000),
    st.integers(1, 5000),
)


def test_a_plain_array_becomes_a_frame():
    frame = Frame(np.zeros((4, 6, 3), np.float16))
    assert frame.channels == ("R", "G", "B")
    assert frame.data_window == frame.display_window == Window(0, 0, 6, 4)


def test_a_flat_array_is_one_channel():
    assert Frame(np.zeros((4, 6), np.float32)).pixels.shape == (4, 6, 1)


@pytest.mark.parametrize(
    ("pixels", "fields", "said"),
    [
        (np.zeros((4, 6, 3), np.uint8), {}, "uint8"),
        (np.zeros((4, 6, 3), np.float64), {}, "float64"),
        (np.zeros((0, 6, 3), np.float16), {}, "not an image"),
        (np.zeros(7, np.float16), {}, "not an image"),
        (np.zeros((4, 6, 3), np.float16), {"channels": ("R", "G")}, "do not fit"),
        (np.zeros((4, 6, 2), np.float16), {"channels": ("R", "R")}, "do not fit"),
        (np.zeros((4, 6, 3), np.float16), {"data_window": Window(0, 0, 4, 6)}, "4x6"),
        (np.zeros((4, 6, 3), np.float16), {"meaning": "picture"}, "picture"),
        (np.zeros((4, 6, 3), np.float16), {"pixel_aspect": 0.0}, "aspect"),
    ],
)
def test_what_cannot_be_meant_is_refused(pixels, fields, said):
    with pytest.raises(InvalidInput, match=said):
        Frame(pixels, **fields)


def test_an_empty_window_is_refused():
    with pytest.raises(InvalidInput):
        Window(0, 0, 0, 5)


@given(windows, windows)
def test_intersection_is_what_both_cover(a, b):
    both = a.intersect(b)
    assert both == b.intersect(a)
    if both is None:
        assert a.x_end <= b.x or b.x_end <= a.x or a.y_end <= b.y or b.y_end <= a.y
    else:
        assert both.intersect(a) == both == both.intersect(b)


@given(windows, st.integers(1, 8))
def test_whole_scales_are_exact(window, scale):
    assert window.scaled(scale, scale) == Window(
        window.x * scale, window.y * scale, window.width * scale, window.height * scale
    )


@given(st.integers(-99, 99), st.integers(1, 99), st.integers(1, 99), st.floats(0.3, 5))
def test_windows_that_touch_still_touch_when_scaled(x, left, right, scale):
    a = Window(x, 0, left, 1).scaled(scale, 1)
    b = Window(x + left, 0, right, 1).scaled(scale, 1)
    if scale >= 1:
        assert a.x_end == b.x


def test_index_names_what_is_missing():
    frame = Frame(np.zeros((1, 1, 3), np.float16))
    assert frame.index("B", "R") == (2, 0)
    with pytest.raises(InvalidInput, match="no channel Z"):
        frame.index("R", "Z")


def test_names():
    assert default_channels(4) == ("R", "G", "B", "A")
    assert default_channels(6)[5] == "channel.5"
    assert split_layer("diffuse.left.R") == ("diffuse.left", "R")
    assert split_layer("R") == ("", "R")
