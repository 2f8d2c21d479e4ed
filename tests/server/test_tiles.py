import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot.errors import Cancelled, OutOfMemory, Unsupported
from backlot_server import tiles
from backlot_server.engines import onnx
from backlot_server.reel import Reel
from backlot_server.tiles import Tiler, cut, mirrored, spans
from tests.server.cards import install

RGB = (0, 1, 2)


@given(
    size=st.integers(1, 400),
    count=st.integers(0, 40),
    margin=st.integers(0, 9),
    border=st.integers(0, 9),
    multiple=st.sampled_from([1, 2, 8]),
)
def test_spans_cover_an_axis_once_and_keep_their_margins(size, count, margin, border, multiple):
    margin, border = margin * multiple, min(border, margin) * multiple
    length = 2 * margin + multiple * (1 + count)
    found = spans(size, length, margin, border, multiple)
    assert found[0].keep == 0
    assert found[-1].keep_end == size
    for before, after in itertools.pairwise(found):
        assert before.keep_end == after.keep
    for span in found:
        assert span.start % multiple == -border % multiple
        assert span.keep - span.start >= (border if span is found[0] else margin)
        room = span.start + length - span.keep_end
        assert room >= (border if span is found[-1] else margin)


def test_beyond_its_ends_a_picture_is_mirrored():
    assert mirrored(-3, 9, 4).tolist() == [2, 1, 0, 0, 1, 2, 3, 3, 2]
    assert mirrored(-3, 5, 1).tolist() == [0] * 5


@pytest.fixture
def card(tmp_path):
    return install(tmp_path, "texture-x2.onnx")


def through(card, pixels, area, channels=RGB, network=None, **how):
    tiler = Tiler(network or onnx.load(card, str(card.path)), card)
    tiler.area = area
    height, width, _ = pixels.shape
    scale = card.scale
    result = np.full((height * scale, width * scale, pixels.shape[2]), -7, pixels.dtype)
    rows = tiler.run(
        (height, width),
        lambda a, b: pixels[a:b],
        channels,
        lambda a, b: (result[a:b], channels),
        **how,
    )
    covered = list(rows)
    assert covered[0][0] == 0
    assert covered[-1][1] == height * scale
    return result


def picture(height, width, count=3, dtype=np.float32):
    return np.random.default_rng(height).gamma(0.5, 2.0, (height, width, count)).astype(dtype)


@pytest.mark.parametrize("name", ["texture-x2.onnx", "texture-x4.onnx", "grey-x2.onnx"])
@pytest.mark.parametrize("area", [40 * 40, 40 * 90, 1000])
def test_tiles_have_no_seams(tmp_path, name, area):
    card = install(tmp_path, name, channels=1 if "grey" in name else 3)
    pixels = picture(101, 130)
    whole, tiled = through(card, pixels, 10**9), through(card, pixels, area)
    assert len(cut(card, 101, 130, area).rows) > 1
    np.testing.assert_allclose(tiled, whole, atol=1e-5, rtol=1e-5)


def test_our_networks_see_the_picture_and_nothing_else(tmp_path):
    card = install(tmp_path, "texture-x2.onnx", source="clean", size="fast")
    network = onnx.load(card, str(card.path))
    pixels = picture(61, 50)
    whole = network(np.ascontiguousarray(np.sqrt(pixels).transpose(2, 0, 1)[None]))
    expected = np.square(np.maximum(whole[0].transpose(1, 2, 0), 0))
    for area in (10**9, 1700):
        np.testing.assert_allclose(through(card, pixels, area), expected, atol=1e-5, rtol=1e-5)


def test_tiles_are_multiples_of_what_a_network_asks_for(tmp_path):
    card = install(tmp_path, "eights-x2.onnx", multiple=8)
    pixels = picture(61, 93)
    whole, tiled = through(card, pixels, 10**9), through(card, pixels, 48 * 48)
    np.testing.assert_allclose(tiled, whole, atol=1e-5, rtol=1e-5)


def test_a_network_of_one_size_takes_any_picture(tmp_path):
    fixed = install(tmp_path, "fixed-x2.onnx", fixed=[48, 64])
    free = install(tmp_path, "texture-x2.onnx")
    for pixels in (picture(5, 7), picture(70, 200)):
        np.testing.assert_allclose(
            through(fixed, pixels, 1)[2:-2, 2:-2],
            through(free, pixels, 10**9)[2:-2, 2:-2],
            atol=1e-5,
            rtol=1e-5,
        ) if pixels.shape[0] > 48 else None
        assert np.isfinite(through(fixed, pixels, 1)).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (33, 1), (2, 16384), (40, 37)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_any_size_goes_through(card, shape, dtype):
    result = through(card, picture(*shape, dtype=dtype), 64 * 512)
    assert np.isfinite(result).all()
    assert result.min() >= 0


def test_channels_that_are_not_named_are_not_written(card):
    pixels = picture(20, 20, 5)
    result = through(card, pixels, 10**9, channels=(4, 0, 2))
    assert (result[:, :, [1, 3]] == -7).all()
    swapped = through(card, pixels[:, :, [4, 0, 2]], 10**9)
    np.testing.assert_array_equal(result[:, :, [4, 0, 2]], swapped)


def test_results_stay_above_zero_unless_asked(card):
    pixels = np.zeros((30, 30, 3), np.float32)
    pixels[10:20, 10:20] = 1000.0
    assert through(card, pixels, 10**9).min() == 0.0
    assert through(card, pixels, 10**9, hold="").min() < -1.0


def test_negative_pictures_keep_their_values(card):
    pixels = np.full((30, 30, 3), -1.0, np.float16)
    inside = through(card, pixels, 10**9)[10:-10, 10:-10]
    assert (np.abs(inside.astype(np.float32) + 1.0) < 0.3).all()
    assert inside.max() < 0


def test_mattes_stay_within_the_pixels_around(card):
    pixels = np.zeros((30, 40, 3), np.float16)
    pixels[8:20, 8:25] = 1.0
    free, kept = through(card, pixels, 10**9, hold=""), through(card, pixels, 900, hold="range")
    assert free.min() < 0
    assert free.max() > 1
    assert (kept.min(), kept.max()) == (0, 1)
    assert (kept[18:38, 18:48] == 1).all()
    assert (kept[:14] == 0).all()
    inside = (free > 0) & (free < 1)
    near = np.abs(kept.astype(np.float32) - free.astype(np.float32))[inside]
    assert np.quantile(near, 0.5) < 0.05


class Spy:
    """A network that counts, and fails as told."""

    def __init__(self, network, error=None, largest=10**9):
        self.network, self.error, self.largest = network, error, largest
        self.shapes = []
        self.label = network.label

    def __call__(self, batch):
        self.shapes.append(batch.shape)
        if self.error and batch.shape[2] * batch.shape[3] > self.largest:
            raise self.error
        return self.network(batch)


def test_tiles_shrink_until_there_is_memory(card):
    network = onnx.load(card, str(card.path))
    spy = Spy(network, OutOfMemory("No room."), 60 * 60)
    pixels = picture(150, 150)
    result = through(card, pixels, 10**9, network=spy)
    np.testing.assert_allclose(result, through(card, pixels, 10**9), atol=1e-5, rtol=1e-5)


def test_no_memory_at_all_is_said(card):
    spy = Spy(onnx.load(card, str(card.path)), OutOfMemory("No room."), 0)
    with pytest.raises(OutOfMemory):
        through(card, picture(150, 150), 10**9, network=spy)


@pytest.mark.parametrize("free", [8 << 30, 1 << 30, 64 << 20])
def test_a_tile_takes_half_of_what_is_free(card, monkeypatch, free):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=free))
    tiler = tiles.Tiler(Spy(onnx.load(card, str(card.path))), card)
    assert tiler.area == tiles.area_of(card, min(tiles.BUDGET, free // 2))


def test_where_not_even_the_smallest_tile_fits_it_is_said_before_the_machine_swaps(
    card, monkeypatch
):
    spy = Spy(onnx.load(card, str(card.path)))
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=1 << 20))
    with pytest.raises(OutOfMemory, match="1 MiB are free"):
        tiles.Tiler(spy, card)
    assert spy.shapes == []


def test_a_network_that_gives_nan_is_refused(tmp_path):
    card = install(tmp_path, "nan-x2.onnx")
    with pytest.raises(Unsupported, match="no numbers"):
        through(card, picture(20, 20), 10**9)


def test_a_network_of_another_scale_than_its_card_is_refused(tmp_path):
    card = install(tmp_path, "texture-x4.onnx", scale=2)
    with pytest.raises(Unsupported, match="another size"):
        through(card, picture(20, 20), 10**9)


def test_it_stops_between_tiles(card):
    def stop(fraction):
        if fraction > 0.2:
            raise Cancelled("Stopped.")

    spy = Spy(onnx.load(card, str(card.path)))
    with pytest.raises(Cancelled):
        through(card, picture(200, 200), 2500, network=spy, step=stop)
    tiles_in_all = len(cut(card, 200, 200, 2500).rows) * len(cut(card, 200, 200, 2500).columns)
    assert len(spy.shapes) < 0.4 * tiles_in_all


def test_every_tile_has_one_shape_and_fits_the_budget(card):
    spy = Spy(onnx.load(card, str(card.path)))
    through(card, picture(200, 500), 10000, network=spy)
    assert len(set(spy.shapes)) == 1
    assert spy.shapes[0][2] * spy.shapes[0][3] <= 10000


def test_the_budget_decides_the_tile(card):
    assert tiles.area_of(card, 1 << 30) == pytest.approx(4 * tiles.area_of(card, 1 << 28), rel=1e-3)


def test_networks_that_take_more_memory_get_smaller_tiles(card):
    areas = [
        tiles.area_of(replace(card, recipe=recipe))
        for recipe in (
            {"features": 32},
            {"features": 48},
            {"features": 48, "mirrors": 2},
            {"features": 48, "mirrors": 4},
        )
    ]
    assert areas == sorted(areas, reverse=True)
    assert areas[1] / areas[3] == pytest.approx(16 / 7, rel=0.05)


def test_a_reel_gives_rows_in_order_and_forgets():
    made = []

    def rows(reel):
        for start in range(0, 100, 10):
            room, channels = reel.place(start, start + 10)
            assert channels == RGB
            room[:] = np.arange(start, start + 10)[:, None, None]
            made.append(start)
            yield

    reel = Reel(4)
    for _ in range(2):
        made.clear()
        reel.rewind(rows(reel))
        for start in range(0, 91, 3):
            got = reel.rows(start, start + 9)
            assert got[:, 0, 0].tolist() == list(range(start, start + 9))
            assert made[-1] <= start + 9
    assert len(reel._room) <= 30
