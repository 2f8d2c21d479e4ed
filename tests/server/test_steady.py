"""Upscale with the help of the frames around: steadier, and nothing else for the worse."""

from __future__ import annotations

import numpy as np
import pytest

import backlot
from backlot.frame import Frame, Window
from backlot.shot import process
from backlot_server import steady, tiles
from backlot_server.tools import upscale
from tests.server.cards import install
from tests.server.jobs import LocalJob

FRAMES = tuple(range(1, 8))
STEP = 1.5
"""Pixels of the truth by which the camera moves each frame."""


def world(height=160, width=240):
    """A picture with edges and detail as finely as its raster holds, 0 to 1 in codes."""
    rng = np.random.default_rng(5)
    picture = np.full((height, width), 0.4, np.float32)
    y, x = np.mgrid[:height, :width]
    for _ in range(160):
        cy, cx, r = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(2, 14)
        turned = rng.uniform(0, 3)
        u = (x - cx) * np.cos(turned) + (y - cy) * np.sin(turned)
        v = (y - cy) * np.cos(turned) - (x - cx) * np.sin(turned)
        inside = np.clip(r - np.maximum(abs(u), abs(v) * 1.7), 0, 1)
        picture += inside * (rng.uniform(0.05, 0.95) - picture)
    return np.stack([picture, 0.9 * picture, 0.7 * picture], axis=2)


def seen(number):
    """What the camera sees on a frame at full size: (96, 128, 3), light."""
    from scipy.ndimage import shift

    codes = shift(world(), (0, -STEP * number, 0), order=3, mode="nearest")
    return np.square(np.clip(codes[20:116, 40:168], 0, None)).astype(np.float32)


def halved(light):
    """Each 2x2 pixels' mean, of codes: as aliased as a sensor's."""
    codes = np.sqrt(light).reshape(48, 2, 64, 2, 3).mean(axis=(1, 3))
    return np.square(codes).astype(np.float32)


@pytest.fixture(scope="module")
def truth():
    return {number: seen(number) for number in FRAMES}


@pytest.fixture(scope="module")
def sources(truth):
    return {number: Frame(halved(light), number=number) for number, light in truth.items()}


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    monkeypatch.setattr("backlot_server.models.SHIPPED", tmp_path / "none")
    install(tmp_path / "models", "texture-x2.onnx", "clean-x2-fast", source="clean", size="fast")


def made(sources, frames=FRAMES, on=True, **values):
    values = {"network": "sinc", "steady": on, **values}
    job = LocalJob(upscale.SPEC, {"source": sources}, values, frames)
    return {number: upscale.run(job, number).frame.pixels for number in frames}


def error(results, truth):
    inside = np.s_[8:-8, 8:-8]
    return np.sqrt(np.mean([
        np.square(np.sqrt(abs(results[n])) - np.sqrt(truth[n]))[inside] for n in results
    ]))  # fmt: skip


def shimmer(results):
    """Change between frames two apart, which is by a whole number of pixels."""
    by = round(2 * STEP)
    changes = [
        np.sqrt(abs(results[n + 2]))[8:-8, 8 : -8 - by]
        - np.sqrt(abs(results[n]))[8:-8, 8 + by : -8]
        for n in range(3, 4)
    ]
    return float(np.sqrt(np.mean(np.square(changes))))


def test_a_pan_shimmers_less_and_is_closer_to_the_truth(sources, truth):
    alone, steadied = made(sources, on=False), made(sources)
    assert shimmer(steadied) < 0.6 * shimmer(alone)
    assert error(steadied, truth) < 0.98 * error(alone, truth)


def test_a_part_of_a_shot_gives_the_same_bits(sources):
    whole = made(sources)
    for frames in ((4,), (5, 4), (3, 4, 5)):
        part = made(sources, frames)
        for number in frames:
            assert part[number].tobytes() == whole[number].tobytes()


def test_every_frame_goes_through_the_network_once(sources, monkeypatch):
    seen = []
    original = tiles.Tiler._through
    monkeypatch.setattr(
        tiles.Tiler, "_through", lambda self, batch: seen.append(1) or original(self, batch)
    )
    made(sources, network="fast")
    assert len(seen) == len(FRAMES)


def test_over_a_cut_nothing_is_taken(sources):
    rng = np.random.default_rng(0)
    other = {n: Frame(rng.random((48, 64, 3), np.float32), number=n) for n in (3, 4, 5)}
    cut = {**sources, **{n: other[n] for n in (4, 5)}, 3: sources[3]}
    alone, steadied = made(cut, (3,), on=False)[3], made({3: cut[3], 4: cut[4], 5: cut[5]}, (3,))[3]
    assert np.abs(steadied - alone).max() < 0.02
    assert np.abs(made(sources, (3,))[3] - alone).max() > 0.05


def test_without_neighbours_that_fit_a_frame_is_as_if_alone(sources):
    alone = made(sources, (4,), on=False)[4]
    still = Frame(sources[4].pixels, number=0)
    for given in (
        {4: sources[4]},
        still,
        {n: Frame(sources[4].pixels, number=n) for n in FRAMES},
        {n: Frame(f.pixels, "RGB", Window(n, 0, 64, 48), Window(0, 0, 80, 48), number=n)
         for n, f in sources.items()} | {4: sources[4]},
    ):  # fmt: skip
        np.testing.assert_allclose(made(given, (4,))[4], alone, rtol=1e-6, atol=1e-7)


def test_what_is_no_number_spreads_to_no_other_frame(sources):
    hurt = {n: f.pixels.copy() for n, f in sources.items()}
    hurt[4][20:24, 30:34] = np.nan
    result = made({n: Frame(p, number=n) for n, p in hurt.items()})
    assert all(np.isfinite(result[n]).all() for n in FRAMES if n != 4)
    lost = np.isnan(result[4])
    assert lost[40:48, 60:68].all()
    assert lost.sum() == 8 * 8 * 3


@pytest.mark.parametrize("exposure", [1 / 64, 64.0])
def test_exposure_changes_nothing_but_exposure(sources, exposure):
    gain = np.float32(exposure)
    brighter = {n: Frame(f.pixels * gain, number=n) for n, f in sources.items()}
    plain, scaled = made(sources, (4,))[4], made(brighter, (4,))[4] / exposure
    np.testing.assert_allclose(scaled, plain, rtol=1e-3, atol=1e-5)


def test_nothing_rings_below_zero_or_over_what_is_there(sources):
    bright = {n: f.pixels.copy() for n, f in sources.items()}
    for n, pixels in bright.items():
        pixels[10:14, 20 - n : 24 - n] = 1000.0
        pixels[30:40, :] = 0.0
    result = made({n: Frame(p, number=n) for n, p in bright.items()}, (4,))[4]
    assert result.min() == 0.0
    assert result.max() <= 1001.0


def test_alpha_goes_along_and_data_stays(sources):
    rng = np.random.default_rng(2)
    full = {}
    for n, frame in sources.items():
        ids = rng.integers(0, 2**31, (48, 64, 1), np.uint32).view(np.float32)
        alpha = (frame.pixels[:, :, :1] > 0.3).astype(np.float32)
        pixels = np.concatenate([frame.pixels, alpha, ids], axis=2)
        full[n] = Frame(pixels, ("R", "G", "B", "A", "id"), number=n)
    result = made(full, (4,), network="fast")[4]
    assert (result[:, :, 3].min(), result[:, :, 3].max()) == (0, 1)
    expected = full[4].pixels[np.arange(96) // 2][:, np.arange(128) // 2, 4]
    assert result[:, :, 4].tobytes() == np.ascontiguousarray(expected).tobytes()


@pytest.mark.parametrize("grain", ["match", "remove"])
def test_grain_is_put_on_after_it(sources, grain):
    rng = np.random.default_rng(3)
    noisy = {
        n: Frame(np.square(np.sqrt(f.pixels) + rng.normal(0, 0.03, f.pixels.shape)).astype("f4"),
                 number=n)
        for n, f in sources.items()
    }  # fmt: skip
    result = made(noisy, (4,), grain=grain)[4]
    codes = np.sqrt(abs(result))
    flat = codes[1:] - codes[:-1]
    assert (np.median(np.abs(flat)) > 0.01) == (grain == "match")


@pytest.mark.parametrize("shape", [(1, 1), (15, 40), (16, 16), (17, 300)])
def test_any_size(shape):
    rng = np.random.default_rng(0)
    small = {n: Frame(rng.random((*shape, 3)).astype(np.float16), number=n) for n in (1, 2, 3)}
    assert np.isfinite(made(small, (2,), scale=1.7)[2].astype(np.float32)).all()


@pytest.mark.parametrize(("on", "again"), [(False, [3]), (True, [1, 2, 3, 4, 5])])
def test_a_changed_frame_has_those_made_again_that_saw_it(endpoint, tmp_path, sources, on, again):
    for number, frame in sources.items():
        backlot.write(tmp_path / f"plate.{number:04d}.exr", frame)
    given = {"network": "sinc", "steady": on, "scale": 2}
    paths = str(tmp_path / "plate.####.exr"), str(tmp_path / "large.####.exr")
    with backlot.connect(endpoint=endpoint) as studio:
        assert len(process(studio, "upscale", *paths, **given).done) == len(FRAMES)
        backlot.write(tmp_path / "plate.0003.exr", Frame(sources[3].pixels * 2))
        take = process(studio, "upscale", *paths, **given)
    assert sorted(frame.number for frame in take.done) == again


def test_the_two_radii_are_one():
    assert upscale.RADIUS == steady.RADIUS
