import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot.errors import Unsupported
from backlot_server.encoding import ENCODINGS, decode, decoded, encode, encoded

HALVES = np.arange(65536, dtype=np.uint16).view(np.float16)
HALVES = HALVES[np.isfinite(HALVES)]
RGB = (0, 1, 2)

every = pytest.mark.parametrize("encoding", ENCODINGS)


@every
def test_every_half_comes_back_exactly(encoding):
    back = decoded(encoded(HALVES, encoding), encoding)
    np.testing.assert_array_equal(back.astype(np.float16), HALVES)


@every
@given(value=st.floats(-65504, 65504, width=32))
def test_floats_come_back_within_a_hundredth_of_half_precision(encoding, value):
    back = float(decoded(encoded([value], encoding), encoding)[0])
    assert abs(back - value) <= 2.0**-11 * 0.01 * abs(value) + 1e-12


@every
def test_encodings_are_odd_and_rise(encoding):
    values = np.sort(np.abs(HALVES).astype(np.float32))
    codes = encoded(values, encoding)
    np.testing.assert_array_equal(encoded(-values, encoding), -codes)
    assert (np.diff(codes)[np.diff(values) > 0] > 0).all()


def test_the_codes_are_those_of_their_definitions():
    assert encoded([0.18], "srgb")[0] == pytest.approx(0.4614, abs=1e-4)
    assert encoded([0.18], "hybrid")[0] == pytest.approx(0.4614, abs=1e-4)
    np.testing.assert_allclose(
        encoded([1, 4, 16, 64], "hybrid"), [0.653, 0.769, 0.884, 1.0], atol=1e-3
    )
    assert encoded([64], "log")[0] == pytest.approx(1.0)
    assert encoded([4], "power2")[0] == 2.0


def test_an_encoding_that_is_not_known_is_refused():
    with pytest.raises(Unsupported, match="filmic"):
        encoded([1.0], "filmic")


@every
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_region_goes_into_planes_and_back(encoding, dtype):
    rng = np.random.default_rng(1)
    pixels = rng.normal(0, 20, (7, 9, 4)).astype(dtype)
    rows, columns = np.array([1, 2, 3, 3]), np.array([8, 7, 0])
    order = (2, 0, 3)
    tensor = encode(pixels, order, rows, columns, encoding, np.empty((1, 3, 4, 3), np.float32))
    region = pixels[rows[:, None], columns][:, :, order]
    expected = encoded(region, encoding).transpose(2, 0, 1)
    np.testing.assert_array_equal(tensor[0], expected)
    back = np.full((4, 3, 4), 7, dtype)
    assert decode(tensor[0], encoding, back, order)
    np.testing.assert_allclose(back[:, :, order], region, rtol=2e-6)
    assert (back[:, :, 1] == 7).all()


def test_decoding_holds_values_at_what_a_half_can_hold():
    codes = np.full((3, 1, 2), 1e4, np.float32) * np.array([1, -1], np.float32)
    pixels = np.empty((1, 2, 3), np.float16)
    assert decode(codes, "power2", pixels, RGB)
    np.testing.assert_array_equal(pixels[0, :, 0], [65504, -65504])


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_decoding_notices_what_is_not_finite(wrong):
    codes = np.ones((3, 2, 2), np.float32)
    codes[1, 1, 0] = wrong
    assert not decode(codes, "power2", np.empty((2, 2, 3), np.float16), RGB)


def test_decoding_raises_values_to_a_floor():
    codes = np.full((3, 4, 4), -2.0, np.float32)
    pixels = np.empty((4, 4, 3), np.float32)
    decode(codes, "power2", pixels, RGB, 0.0)
    assert (pixels == 0).all()
    floor = np.full((3, 2, 2), -1.0, np.float32)
    floor[:, 1, 1] = -10.0
    decode(codes, "power2", pixels, RGB, floor)
    assert (pixels[:2] == -1).all()
    assert (pixels[2:, 2:] == -4).all()


def test_one_channel_named_thrice_takes_the_mean():
    codes = np.stack([np.full((2, 2), value, np.float32) for value in (1, 2, 6)])
    pixels = np.zeros((2, 2, 2), np.float16)
    decode(codes, "linear", pixels, (1, 1, 1))
    assert (pixels == [0, 3]).all()
