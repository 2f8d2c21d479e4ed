import numba
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from backlot_server.pixels import as_float, as_stored, put_back, raw, set_aside

EVERY_HALF = np.arange(65536, dtype=np.uint16).view(np.float16)


@numba.njit
def _there_and_back(values, out):
    for i in range(len(values)):
        out[i] = as_stored(as_float(values[i]), out)


def test_every_half_passes_through_a_kernel_unchanged():
    out = np.empty(65536, np.uint16)
    _there_and_back(raw(EVERY_HALF), out)
    same = out.view(np.float16)
    finite = np.isfinite(EVERY_HALF)
    np.testing.assert_array_equal(out[finite], raw(EVERY_HALF)[finite])
    np.testing.assert_array_equal(np.isnan(same), np.isnan(EVERY_HALF))


def test_floats_are_rounded_to_the_nearest_half_as_numpy_does():
    floats = np.random.default_rng(0).normal(0, 100, 10000).astype(np.float32)
    out = np.empty(10000, np.uint16)
    _there_and_back(floats, out)
    np.testing.assert_array_equal(out.view(np.float16), floats.astype(np.float16))


def test_a_picture_without_holes_is_not_copied():
    pixels = np.ones((4, 5, 3), np.float16)
    clean, holes = set_aside(pixels, (0, 1, 2))
    assert clean is pixels
    assert holes is None


PICTURES = arrays.arrays(
    st.sampled_from([np.float16, np.float32]),
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4)),
    elements=st.sampled_from([0.0, 1.0, -2.0, 1000.0, np.nan, np.inf, -np.inf]),
)


@given(PICTURES)
def test_holes_are_filled_from_around_and_put_back_bit_for_bit(pixels):
    channels = tuple(range(pixels.shape[2]))
    clean, holes = set_aside(pixels, channels)
    assert np.isfinite(clean).all()
    finite = np.isfinite(pixels)
    np.testing.assert_array_equal(clean[finite], pixels[finite])
    result = clean.copy()
    if holes is not None:
        put_back(holes, result, np.arange(pixels.shape[0]), np.arange(pixels.shape[1]))
    assert result.tobytes() == pixels.tobytes()


def test_a_hole_takes_the_mean_of_its_finite_neighbours():
    pixels = np.full((3, 3, 1), 4.0, np.float32)
    pixels[1, 1] = np.nan
    pixels[0, 0] = np.inf
    clean, _ = set_aside(pixels, (0,))
    assert clean[1, 1, 0] == clean[0, 0, 0] == 4.0


def test_channels_that_are_not_named_are_left_alone():
    pixels = np.full((2, 2, 2), np.nan, np.float16)
    pixels[:, :, 0] = 1.0
    clean, holes = set_aside(pixels, (0,))
    assert holes is None
    assert np.isnan(clean[:, :, 1]).all()
