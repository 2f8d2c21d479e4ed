"""Fill: bits outside the matte, the plate's range and channels inside it, and every odd matte."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backlot.errors import Cancelled, InvalidInput
from backlot.frame import DATA, Frame, Window
from backlot.matte import support
from backlot_server import parallel
from backlot_server.holes import LARGEST, pieces, shaped
from backlot_server.tools import discover, fill

from .jobs import LocalJob, Supply, make


def picture(height: int = 60, width: int = 80, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Slanted stripes with some noise: a hole in them can be filled well or badly."""
    y, x = np.mgrid[:height, :width]
    wave = 0.5 + 0.3 * np.sin((x + 0.5 * y) * 0.7)
    noise = np.random.default_rng(seed).normal(0, 0.01, (height, width, channels))
    return (wave[:, :, None] * np.linspace(1.0, 0.4, channels) + noise).astype(np.float32)


def matte(hole: np.ndarray, window: Window | None = None) -> Frame:
    return Frame(hole.astype(np.float32)[:, :, None], ("A",), window, meaning=DATA)


def disc(height: int, width: int, y: float, x: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.hypot(rows - y, columns - x) <= radius


def filled(plate: Frame, hole: np.ndarray, **values: float) -> np.ndarray:
    return make(fill, {"source": plate, "matte": matte(hole)}, **values).frame.pixels


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((one - other) ** 2)))


def test_it_is_discovered_with_its_matte_rule() -> None:
    spec = discover()["fill"].SPEC
    assert spec.output.matte == "matte"
    assert spec.reach(spec.values({"grow": 3, "feather": 4})) == 7
    assert [given.name for given in spec.inputs if given.required] == ["source", "matte"]


def test_a_wire_across_a_pattern_vanishes() -> None:
    truth = picture()
    hole = np.zeros(truth.shape[:2], bool)
    hole[:, 38:42] = True
    plate = np.where(hole[:, :, None], np.float32(5.0), truth)
    made = filled(Frame(plate), hole)
    assert psnr(made[hole], truth[hole]) > 30
    assert made[~hole].tobytes() == truth[~hole].tobytes()


def test_a_large_hole_in_texture_is_as_lively_as_the_texture() -> None:
    rng = np.random.default_rng(3)
    truth = (0.3 + 0.1 * rng.normal(size=(160, 160, 3))).astype(np.float32)
    hole = disc(160, 160, 80, 80, 30)
    made = filled(Frame(np.where(hole[:, :, None], np.float32(0), truth)), hole)
    inner = disc(160, 160, 80, 80, 24)
    assert 0.6 < made[inner].std() / truth[inner].std() < 1.2
    assert abs(made[inner].mean() - truth[inner].mean()) < 0.02


shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shapes,
    st.sampled_from([np.float16, np.float32]),
    st.integers(-20, 20),
    st.integers(-2, 5),
    st.integers(0, 5),
    st.integers(0, 2**31),
)
def test_every_bit_outside_the_matte_stays(
    shape: tuple[int, int], kind: type, offset: int, grow: int, feather: int, seed: int
) -> None:
    height, width = shape
    rng = np.random.default_rng(seed)
    pixels = rng.normal(0.2, 1.0, (height, width, 5)).astype(kind)
    odd = rng.random(pixels.shape)
    pixels[odd < 0.02] = np.nan
    pixels[odd > 0.99] = np.inf
    names = ("R", "G", "B", "A", "depth.Z")
    plate = Frame(pixels, names, Window(offset, -offset, width, height))
    soft = rng.random((height, width)) * (rng.random((height, width)) < 0.1)
    soft[0, 0] = 0.0
    cover = matte(soft, plate.data_window)
    inputs: dict[str, Supply] = {"source": plate, "matte": cover}
    try:
        made = make(fill, inputs, grow=grow, feather=feather)
    except InvalidInput:  # nothing is left to copy from
        return
    reach = max(grow, 0) + feather
    outside = ~support(soft.astype(np.float32), reach)
    assert made.frame.pixels[outside].tobytes() == pixels[outside].tobytes()
    assert (made.frame.data_window, made.frame.channels) == (plate.data_window, names)
    assert made.frame.pixels.dtype == kind
    assert np.isfinite(made.frame.pixels[(soft > 0) & (grow >= 0)][:, :4]).all()


def test_a_ramp_to_1000_and_to_minus_1_keeps_its_range() -> None:
    column = np.geomspace(0.01, 1000, 90, dtype=np.float32)
    column[:10] = np.linspace(-1, 0, 10)
    pixels = np.repeat(np.tile(column, (64, 1))[:, :, None], 3, axis=2)
    hole = disc(64, 90, 32, 60, 10)
    made = filled(Frame(pixels), hole)
    assert made.min() >= -1
    assert made.max() <= 1000
    assert np.median(np.abs(np.log(made[hole] / pixels[hole]))) < 0.2
    hole = disc(64, 90, 32, 4, 5)
    made = filled(Frame(pixels), hole)
    assert made[hole].min() >= -1
    assert made[hole].min() < -0.2


def test_exposure_does_not_matter() -> None:
    truth = picture()
    hole = disc(60, 80, 30, 40, 7)
    one = filled(Frame(truth), hole)
    dark = filled(Frame(truth * np.float32(2**-8)), hole)
    np.testing.assert_allclose(dark * 2**8, one, rtol=2e-3, atol=2e-3)


def test_what_is_not_finite_is_no_source_and_comes_back_outside() -> None:
    pixels = picture()
    pixels[10:20, 10:30] = np.nan
    pixels[40:45, 60:70, 1] = np.inf
    hole = disc(60, 80, 28, 40, 9)
    pixels[28, 40] = np.nan
    made = filled(Frame(pixels), hole)
    assert np.isfinite(made[hole]).all()
    assert made[~hole].tobytes() == pixels[~hole].tobytes()


@pytest.mark.filterwarnings("error")
def test_infinite_depth_is_copied_and_does_not_disturb_colour() -> None:
    pixels = np.concatenate([picture(), np.full((60, 80, 1), np.inf, np.float32)], axis=2)
    hole = disc(60, 80, 30, 40, 6)
    made = filled(Frame(pixels, ("R", "G", "B", "depth.Z")), hole)
    assert np.isposinf(made[hole][:, 3]).all()
    assert np.isfinite(made[hole][:, :3]).all()


def test_ids_are_copied_never_averaged() -> None:
    ids = np.array([[3.0, 1e30], [-7.5, 2e-30]], np.float32)
    stripes = (np.mgrid[:60, :80][1] // 10) % 2
    pixels = ids[stripes]
    hole = disc(60, 80, 30, 40, 9)
    plate = np.where(hole[:, :, None], np.float32(0), pixels)
    made = filled(Frame(plate, ("id.R", "id.G"), meaning=DATA), hole)
    pairs = {tuple(value) for value in made[hole].tolist()}
    assert pairs <= {tuple(value) for value in ids.tolist()}


def test_all_channels_follow_the_same_match() -> None:
    colour = picture(channels=1)
    pixels = np.concatenate([colour] * 3 + [colour * 0.5, colour * 4 + 1], axis=2)
    hole = disc(60, 80, 30, 40, 8)
    made = filled(Frame(pixels, ("R", "G", "B", "A", "spec.A")), hole)
    assert psnr(made[hole][:, 3] / 0.5, pixels[hole][:, 3] / 0.5) > 20
    np.testing.assert_allclose((made[hole][:, 4] - 1) / 4, made[hole][:, 3] / 0.5, atol=0.05)


def test_a_soft_matte_blends_in_scene_linear() -> None:
    pixels = picture()
    hole = np.zeros((60, 80), np.float32)
    hole[20:40, 30:50] = 1.0
    whole = filled(Frame(pixels), hole)
    half = filled(Frame(pixels), hole * np.float32(0.25))
    np.testing.assert_allclose(half, pixels * 0.75 + whole * 0.25, atol=1e-5)
    np.testing.assert_allclose(filled(Frame(pixels), hole, strength=0.25), half, atol=1e-6)


def test_same_seed_same_bits_on_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    plate, hole = Frame(picture(120, 160)), disc(120, 160, 60, 80, 25)
    first = filled(plate, hole, seed=5)
    monkeypatch.setattr(parallel, "threads", lambda: 1)
    assert filled(plate, hole, seed=5).tobytes() == first.tobytes()
    assert filled(plate, hole, seed=6).tobytes() != first.tobytes()


def test_an_empty_matte_changes_no_bit_and_costs_nothing() -> None:
    plate = Frame(picture())
    job = LocalJob(fill.SPEC, {"source": plate, "matte": matte(np.zeros((60, 80)))})
    made = fill.run(job, 1)
    assert made.frame.pixels.tobytes() == plate.pixels.tobytes()
    assert made.engine == "Copy"
    assert len(job.fractions) == 1


def test_a_full_matte_says_that_nothing_is_left() -> None:
    for shape in ((60, 80), (1, 1)):
        plate = Frame(np.ones((*shape, 3), np.float32))
        with pytest.raises(InvalidInput, match="nothing on frame 1 to copy from") as error:
            filled(plate, np.ones(shape))
        assert "covers all of it" in str(error.value)
        assert error.value.hint


def test_a_matte_of_another_size_is_refused_one_of_another_window_is_aligned() -> None:
    plate = Frame(picture())
    with pytest.raises(InvalidInput, match="40x60, the plate is 80x60"):
        make(fill, {"source": plate, "matte": matte(np.ones((60, 40)))})
    window = Window(30, 20, 10, 10)
    cropped = Frame(np.ones((10, 10, 1), np.float32), ("A",), window, Window(0, 0, 80, 60))
    made = make(fill, {"source": plate, "matte": cropped}).frame.pixels
    changed = (made != plate.pixels).any(axis=2)
    assert changed[20:30, 30:40].mean() > 0.9
    changed[20:30, 30:40] = False
    assert not changed.any()


def test_a_matte_with_nan_covers_nothing_there() -> None:
    hole = np.zeros((60, 80), np.float32)
    hole[20:30, 20:30] = 1.0
    hole[20:25, 20:30] = np.nan
    plate = Frame(picture())
    made = filled(plate, hole)
    assert made[20:25].tobytes() == plate.pixels[20:25].tobytes()
    assert (made[25:30, 20:30] != plate.pixels[25:30, 20:30]).any()


@pytest.mark.parametrize(
    "hole",
    [
        disc(60, 80, 0, 0, 20),
        disc(60, 80, 30, 79, 12),
        ~disc(60, 80, 30, 40, 6),
        np.arange(60 * 80).reshape(60, 80) % 2 == 0,
        np.arange(60 * 80).reshape(60, 80) != 17,
    ],
    ids=["corner", "border", "all but an island", "every other", "all but one"],
)
def test_awkward_holes_are_filled_within_range(hole: np.ndarray) -> None:
    plate = Frame(picture())
    made = filled(plate, hole)
    known = plate.pixels[~hole]
    assert np.isfinite(made).all()
    assert (made[hole] >= known.min(axis=0)).all()
    assert (made[hole] <= known.max(axis=0)).all()


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (2, 2), (5, 300)])
def test_frames_of_any_size(shape: tuple[int, int]) -> None:
    hole = np.zeros(shape, bool)
    hole[0, 0] = True
    made = filled(Frame(picture(*shape)), hole)
    assert np.isfinite(made).all()


def test_cancelled_between_any_two_iterations() -> None:
    inputs = {"source": Frame(picture()), "matte": matte(disc(60, 80, 30, 40, 9))}
    job = LocalJob(fill.SPEC, inputs)
    fill.run(job, 1)
    assert job.checks > 20
    assert job.fractions == sorted(job.fractions)
    assert job.fractions[-1] == 1.0
    for after in (0, 5, job.checks - 2):
        with pytest.raises(Cancelled):
            fill.run(LocalJob(fill.SPEC, inputs, cancel_after=after), 1)


def two_halves() -> tuple[Frame, np.ndarray]:
    """Dark left, bright right, the hole on the seam."""
    pixels = np.full((80, 120, 3), 0.1, np.float32)
    pixels[:, 60:] = 0.8
    pixels += np.random.default_rng(1).normal(0, 0.01, pixels.shape).astype(np.float32)
    return Frame(pixels), disc(80, 120, 40, 60, 12)


def test_texture_is_taken_from_where_the_artist_says() -> None:
    plate, hole = two_halves()
    right = np.zeros((80, 120), np.float32)
    right[:, 75:] = 1.0
    inputs: dict[str, Supply] = {"source": plate, "matte": matte(hole), "texture": matte(right)}
    data = Frame(plate.pixels, ("id.X", "id.Y", "id.W"), meaning=DATA)
    made = make(fill, inputs | {"source": data}).frame.pixels
    assert made[hole].min() > 0.7
    with pytest.raises(InvalidInput, match="copy from"):
        make(fill, inputs | {"texture": matte(np.zeros((80, 120)))})


def test_a_reference_frame_is_copied_from() -> None:
    truth = picture(80, 120, seed=4)
    truth[35:45, 55:65] = (0.9, 0.1, 0.1)
    hole = disc(80, 120, 40, 60, 15)
    plate = Frame(np.where(hole[:, :, None], np.float32(0), truth))
    inputs: dict[str, Supply] = {"source": plate, "matte": matte(hole)}
    alone = make(fill, inputs).frame.pixels
    made = make(fill, inputs | {"reference": Frame(truth)}).frame.pixels
    assert psnr(made[hole], truth[hole]) > psnr(alone[hole], truth[hole]) + 6
    assert made[~hole].tobytes() == plate.pixels[~hole].tobytes()
    other = Frame(picture(40, 50, seed=4))
    assert np.isfinite(make(fill, inputs | {"reference": other}).frame.pixels).all()
    with pytest.raises(InvalidInput, match="reference has no channel G, B"):
        make(fill, inputs | {"reference": Frame(truth[:, :, :1], ("R",))})


def test_edge_blend_takes_the_seam_of_a_brighter_reference_away() -> None:
    truth = picture(80, 120, seed=4)
    hole = disc(80, 120, 40, 60, 12)
    plate = Frame(np.where(hole[:, :, None], np.float32(0), truth))
    inputs: dict[str, Supply] = {
        "source": plate,
        "matte": matte(hole),
        "reference": Frame(truth * np.float32(1.2)),
    }
    with_seam = make(fill, inputs, blend=0.0).frame.pixels
    without = make(fill, inputs, blend=1.0).frame.pixels
    assert psnr(without[hole], truth[hole]) > psnr(with_seam[hole], truth[hole]) + 3


def test_growing_and_shrinking_follow_a_disc() -> None:
    cover = np.zeros((60, 80), np.float32)
    cover[30, 40] = 1.0
    grown = shaped(cover, 10, 0)
    np.testing.assert_array_equal(grown > 0, disc(60, 80, 30, 40, 10))
    np.testing.assert_array_equal(shaped(grown, -10, 0) > 0, cover > 0)
    border = np.zeros((60, 80), np.float32)
    border[:20] = 1.0
    np.testing.assert_array_equal(shaped(border, -5, 0)[:, 0] > 0, np.arange(60) < 15)


@pytest.mark.parametrize("feather", [1, 2, 3, 8, 30])
def test_a_feather_falls_off_outside_within_its_width(feather: int) -> None:
    cover = disc(120, 120, 60, 60, 15).astype(np.float32)
    soft = shaped(cover, 0, feather)
    assert (soft[cover == 1] == 1).all()
    assert not soft[~support(cover, feather)].any()
    edge = soft[60, 75:]
    assert (np.diff(edge) <= 0).all()
    if feather >= 8:
        assert abs(edge[feather // 2] - 0.5) < 0.15


def test_pieces_cover_every_hole_once() -> None:
    rng = np.random.default_rng(2)
    hole = np.zeros((300, 2500), bool)
    hole[150, :] = True
    for y, x in rng.integers(0, 250, (6, 2)):
        hole[y : y + 9, x * 9 : x * 9 + 14] = True
    seen = np.zeros(hole.shape, int)
    for (top, left, bottom, right), mine in pieces(hole):
        assert mine.shape == (bottom - top, right - left)
        assert max(mine.shape) <= LARGEST
        seen[top:bottom, left:right] += mine
    np.testing.assert_array_equal(seen, hole)


def test_a_long_wire_is_filled_in_pieces_without_a_seam() -> None:
    truth = picture(40, 2300)
    hole = np.zeros(truth.shape[:2], bool)
    hole[18:22] = True
    made = filled(Frame(np.where(hole[:, :, None], np.float32(9), truth)), hole)
    error = np.abs(made - truth)[hole].reshape(4, 2300, 3).mean(axis=(0, 2))
    assert error.max() < 0.15
