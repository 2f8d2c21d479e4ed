"""Which pixels of a region are measured: windows, steps, and mattes with odd values in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot import Frame, Window
from backlot.matte import coverage
from backlot_server.look.sampling import extents, glance, sampled

DISPLAY = Window(0, 0, 400, 300)


def picture(window: Window) -> Frame:
    """Every pixel says where it is."""
    y, x = np.mgrid[window.y : window.y_end, window.x : window.x_end].astype(np.float32)
    return Frame(np.stack([x, y, x * 0 + 7], axis=-1), data_window=window, display_window=DISPLAY)


def matte(window: Window, pixels: np.ndarray) -> Frame:
    return Frame(
        pixels.astype(np.float16), ("A",), data_window=window, display_window=DISPLAY,
        meaning="data",
    )  # fmt: skip


def taken(source: Frame, given: Frame) -> tuple[np.ndarray, np.ndarray]:
    return sampled(source, (0, 1, 2), given, 0, extents(given.pixels)[0])


@given(st.integers(-30, 60), st.integers(-30, 60), st.integers(-20, 40), st.integers(-20, 40))
def test_colour_and_coverage_are_of_the_same_places(px, py, mx, my):
    source = picture(Window(px, py, 90, 80))
    rng = np.random.default_rng((px + 50) * 200 + my + 50)
    cut = matte(Window(mx, my, 60, 50), rng.random((50, 60)) * (rng.random((50, 60)) > 0.5))
    rgb, cover = taken(source, cut)
    assert rgb.shape[:2] == cover.shape
    whole = coverage(cut, source.data_window)
    inside = cover > 0
    x, y = (rgb[inside][:, channel].astype(int) for channel in (0, 1))
    assert np.array_equal(cover[inside], whole[y - py, x - px])
    assert np.count_nonzero(cover) == np.count_nonzero(whole), "none is left out of a small region"


def test_a_large_region_is_sampled_evenly():
    window = Window(0, 0, 400, 300)
    rgb, cover = taken(picture(window), matte(window, np.ones((300, 400))))
    assert 6_000 < cover.size < 20_000
    steps = np.diff(rgb[0, :, 0])
    assert (steps == steps[0]).all()
    assert steps[0] > 1


def test_nothing_and_nothing_in_common():
    window = Window(0, 0, 40, 30)
    none = matte(window, np.zeros((30, 40)))
    assert extents(none.pixels)[0][1] == -1
    apart = matte(Window(200, 200, 20, 20), np.ones((20, 20)))
    for cut in (none, apart):
        rgb, cover = taken(picture(window), cut)
        assert not cover.any()
        assert rgb.shape[:2] == cover.shape


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_odd_values_in_a_matte(dtype):
    pixels = np.zeros((6, 8, 1), dtype)
    pixels[1, 2], pixels[3, 5], pixels[4, 1], pixels[5, 7] = np.nan, 0.5, -1, -0.0
    assert extents(pixels)[0].tolist() == [1, 3, 2, 5, 2]
    window = Window(0, 0, 8, 6)
    given = Frame(pixels, ("A",), data_window=window, display_window=DISPLAY, meaning="data")
    _, cover = taken(picture(window), given)
    assert np.isfinite(cover).all()
    assert cover.max() == 0.5


def test_a_glance_keeps_small_pictures_whole():
    small, large = (picture(Window(0, 0, side, side)) for side in (200, 2000))
    assert glance(small, (2, 1, 0)).shape == (200, 200, 3)
    assert (glance(small, (2, 1, 0))[..., 0] == 7).all()
    assert glance(large, (0, 1, 2)).shape[0] < 500
