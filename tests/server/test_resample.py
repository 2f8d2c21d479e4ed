import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlot_server.resample import axis, nearest, resample


def scaled(source, scale, *, start=(0, 0), to_start=None, size=None, **how):
    """All channels of a picture at a scale, its window at `start` (row, column)."""
    height, width, count = source.shape
    to_start = to_start or tuple(round(s * scale) for s in start)
    size = size or (round(height * scale), round(width * scale))
    result = np.empty((*size, count), source.dtype)
    rows = axis(height, start[0], size[0], to_start[0], scale)
    columns = axis(width, start[1], size[1], to_start[1], scale)
    channels = tuple(range(count))
    resample(source, channels, rows, columns, result, channels, **how)
    return result


def centres(size, scale, start=0, to_start=0):
    return (np.arange(size) + to_start + 0.5) / scale - 0.5 - start


SCALES = st.floats(0.2, 8.0)


@given(SCALES, st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=40)
def test_a_constant_stays_it_at_any_size(scale, height, width):
    source = np.full((height, width, 1), 1000.0, np.float32)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    np.testing.assert_allclose(scaled(source, scale, size=size), 1000.0, rtol=1e-6)


@given(SCALES, st.integers(-40, 40))
@settings(max_examples=40)
def test_a_ramp_keeps_its_phase_at_any_scale_and_window(scale, start):
    """The value of a ramp at a pixel is where its centre lies on the source."""
    width = 120
    source = np.arange(width, dtype=np.float32)[None, :, None] * 7 - 300
    to_width, to_start = round(width * scale), round(start * scale)
    result = np.empty((1, to_width, 1), np.float32)
    across = axis(width, start, to_width, to_start, scale)
    resample(source, (0,), axis(1, 0, 1, 0, 1.0), across, result, (0,))
    at = centres(to_width, scale, start, to_start)
    inside = (at > 20) & (at < width - 21)
    np.testing.assert_allclose(result[0, inside, 0], at[inside] * 7 - 300, atol=2e-3)


def test_a_scale_of_one_gives_the_same_bits():
    source = np.random.default_rng(0).normal(0, 9, (20, 21, 3)).astype(np.float16)
    assert scaled(source, 1.0).tobytes() == source.tobytes()
    assert scaled(source, 1.0, ringing=True).tobytes() == source.tobytes()


def test_a_highlight_rings_only_when_it_may():
    source = np.full((21, 21, 1), 0.18, np.float16)
    source[10, 10] = 1000.0
    calm = scaled(source, 2.0)
    assert calm.min() == np.float16(0.18)
    away = np.ones((42, 42), bool)
    away[19:23, 19:23] = False
    assert (calm[away] == np.float16(0.18)).all()
    assert scaled(source, 2.0, ringing=True).min() < -10


def test_the_local_range_of_mattes_is_never_left():
    source = np.random.default_rng(2).random((16, 16, 1)).astype(np.float32) > 0.5
    result = scaled(source.astype(np.float32), 3.0)
    assert result.min() >= 0.0
    assert result.max() <= 1.0


def test_making_it_smaller_does_not_alias():
    stripes = np.tile(np.array([0.0, 1.0], np.float32), 64)[None, :, None].repeat(128, 0)
    small = scaled(stripes, 0.25)
    assert np.abs(small[:, 4:-4] - 0.5).max() < 0.02


def test_a_crop_scales_as_the_whole_does():
    whole = np.random.default_rng(3).random((60, 60, 1)).astype(np.float32)
    large = scaled(whole, 1.5)
    crop = scaled(whole[10:50, 20:60], 1.5, start=(10, 20))
    np.testing.assert_allclose(
        crop[8:-8, 8:-12], large[15 + 8 : 75 - 8, 30 + 8 : 90 - 12], atol=1e-6
    )


def test_bands_are_the_same_as_the_whole():
    source = np.random.default_rng(4).random((33, 20, 2)).astype(np.float32)
    rows, columns = axis(33, 0, 50, 0, 50 / 33), axis(20, 0, 30, 0, 1.5)
    whole = np.empty((50, 30, 2), np.float32)
    resample(source, (0, 1), rows, columns, whole, (0, 1))
    banded = np.empty_like(whole)
    for start in range(0, 50, 7):
        part = rows.part(start, min(start + 7, 50))
        first, last = part.reads()
        band = banded[start : start + 7]
        resample(source[first:last], (0, 1), part, columns, band, (0, 1), first_row=first)
    np.testing.assert_array_equal(banded, whole)


def test_a_half_holds_what_it_can():
    source = np.zeros((8, 8, 1), np.float16)
    source[:, 4:] = 65504
    assert np.isfinite(scaled(source, 2.0, ringing=True)).all()


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_nearest_keeps_bits_or_multiplies(factor):
    source = np.array([0x13851A76, 0x7F800001], np.uint32).view(np.float32).reshape(1, 2, 1)
    if factor != 1.0:
        source = np.array([1.5, -3.0], np.float32).reshape(1, 2, 1)
    result = np.empty((2, 4, 1), np.float32)
    nearest(source, 0, axis(1, 0, 2, 0, 2.0), axis(2, 0, 4, 0, 2.0), result, factor)
    expected = source[0, [0, 0, 1, 1], 0] if factor == 1.0 else np.array([3, 3, -6, -6], np.float32)
    assert result[0, :, 0].tobytes() == result[1, :, 0].tobytes() == expected.tobytes()
