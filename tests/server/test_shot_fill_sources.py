"""How a shot's frames are read, kept, and sampled: quickly, and with nothing lost by it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from backlot.frame import Frame, Window
from backlot_server.membrane import Values
from backlot_server.shotfill import merge, shot
from backlot_server.shotfill.look import coarser, looked, looked_again
from backlot_server.shotfill.sampling import sample
from backlot_server.tools import fill

from .jobs import LocalJob
from .shots import FIRST, Deep, Shot, run

SIZE = 40, 56


def _codes(channels: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 2, (*SIZE, channels)).astype(np.float16)


def _kernel(at: float) -> float:
    return float(np.sinc(at) * np.sinc(at / 3)) if abs(at) < 3 else 0.0


def _by_the_book(codes: np.ndarray, x: float, y: float) -> np.ndarray:
    """Lanczos' kernel of 6x6, its sum 1, within the values that it covers, borders repeated."""
    left, top = int(np.floor(x)), int(np.floor(y))
    columns, rows = (np.arange(at - 2, at + 4) for at in (left, top))
    across, down = (
        np.array([_kernel(at - n) for n in each]) for at, each in ((x, columns), (y, rows))
    )
    weights = down[:, None] * across
    part = codes[rows.clip(0, SIZE[0] - 1)][:, columns.clip(0, SIZE[1] - 1)].astype(np.float64)
    made = (part * (weights / weights.sum())[..., None]).sum(axis=(0, 1))
    return np.clip(made, part.min(axis=(0, 1)), part.max(axis=(0, 1)))


@pytest.mark.parametrize("channels", [1, 3, 4, 6])
def test_a_place_between_pixels_is_as_the_kernel_says(channels: int) -> None:
    codes, rng = _codes(channels), np.random.default_rng(2)
    x = rng.uniform(0, SIZE[1] - 1, 400).astype(np.float32)
    y = rng.uniform(0, SIZE[0] - 1, 400).astype(np.float32)
    x[:40], y[20:60] = np.rint(x[:40]), np.rint(y[20:60])
    values, seen = np.zeros((400, channels), np.float32), np.zeros(400, np.uint8)
    sample(codes, np.full(SIZE, 255, np.uint8), x, y, values, seen)
    assert (seen == 255).all()
    wanted = [_by_the_book(codes, float(a), float(b)) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(values, wanted, atol=3e-5)


def test_nothing_comes_from_what_is_covered_or_outside() -> None:
    codes, away = _codes(3), np.full(SIZE, 9, np.uint8)
    away[10:20, 15:30] = 0
    codes[10:20, 15:30] = 1000
    rng = np.random.default_rng(3)
    x, y = (rng.uniform(-5, size + 5, 20000).astype(np.float32) for size in SIZE[::-1])
    away[(away > 0) & (np.hypot(*np.meshgrid(np.arange(56) - 22, np.arange(40) - 15)) < 18)] = 3
    values, seen = np.zeros((20000, 3), np.float32), np.zeros(20000, np.uint8)
    sample(codes, away, x, y, values, seen)
    inside = (x >= 0) & (y >= 0) & (x <= SIZE[1] - 1) & (y <= SIZE[0] - 1)
    assert not seen[~inside].any()
    assert values.max() < 2 + 0.04 * 1000  # two covered pixels may have 2 % each
    assert not values[seen == 0].any()
    assert np.count_nonzero(seen[inside]) > 0.7 * np.count_nonzero(inside)


def _sources(count: int) -> list[merge.Source]:
    rng = np.random.default_rng(4)
    made = []
    for at in range(5):
        away = np.where(rng.random(SIZE) < 0.02, 0, 40).astype(np.uint8)
        x, y = (rng.uniform(-2, size, count).astype(np.float32) for size in SIZE[::-1])
        x[:9] = -1  # where no source shows anything
        light = rng.uniform(0.8, 1.2, 3).astype(np.float32)
        usable = rng.random(count) < 0.7 if at % 2 else None
        made.append(merge.Source(_codes(3, seed=at), away, (7, -3), x + 7, y - 3, light, usable))
    return made


def test_sources_come_out_alike_however_many_points_are_taken_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = np.arange(3000)
    sources, trust = _sources(3000), np.float32([1, 0.8, 0.6, 0.4, 0.2])
    whole = merge.merge(merge.sampled(sources, chosen, 3), trust, [0, 1, 2], 0.0)
    assert (whole.best < 0).any()
    assert len(np.unique(whole.best)) == 6
    for piece in (4096, 128, 7):
        monkeypatch.setattr(merge, "AT_ONCE", piece)
        made = merge.merged(sources, chosen, trust, [0, 1, 2], 0.0)
        for name in ("values", "squares", "spread", "best"):
            assert getattr(made, name).tobytes() == getattr(whole, name).tobytes()
    some = merge.merged(sources, chosen[::3], trust, [0, 1, 2], 0.0)
    assert some.values.tobytes() == whole.values[::3].tobytes()


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_coarser_frame_is_the_mean_and_known_where_all_of_it_is(step: int) -> None:
    plate = Frame(np.random.default_rng(5).random((31, 47, 4)).astype(np.float16))
    cover = np.zeros((31, 47), np.float32)
    cover[12:16, 20:29] = 1
    look, codes = looked(plate, 1, cover, None)
    picture, known = coarser(codes, look, [0, 1, 2], step)
    padded: Values = codes.smooth[:, :, :3].astype(np.float32)
    padded = np.pad(padded, ((0, -31 % step), (0, -47 % step), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // step, padded.shape[1] // step
    means = padded.reshape(rows, step, columns, step, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(picture, means, atol=1e-6)
    near = np.pad(look.away > 1, ((0, -31 % step), (0, -47 % step)), mode="edge")
    np.testing.assert_array_equal(known, near.reshape(rows, step, columns, step).all(axis=(1, 3)))


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_a_frame_read_again_has_the_same_codes(kind: type) -> None:
    pixels = np.random.default_rng(6).normal(0.4, 2, (*SIZE, 5)).astype(kind)
    pixels[3, 4, 0], pixels[5, 6, 3], pixels[7, 8, 1] = np.nan, np.inf, 60000
    plate = Frame(pixels, ("R", "G", "B", "A", "depth.Z"))
    first = looked(plate, 1, np.zeros(SIZE, np.float32), None)[1]
    again = looked_again(plate)
    assert again.smooth.tobytes() == first.smooth.tobytes()
    assert not first.smooth[3, 4].any()
    assert not first.smooth[5, 6].any()
    assert np.isfinite(first.smooth.astype(np.float32)).all()
    np.testing.assert_array_equal(first.smooth[:, :, 3][1], pixels[1, :, 3].astype(np.float16))
    assert again.exact is not None
    assert again.exact.tobytes() == pixels[:, :, 4:].tobytes()


@pytest.mark.parametrize("made", [Shot, Deep])
def test_a_shot_of_which_little_is_kept_is_read_again_and_comes_out_alike(
    made: type[Shot], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made()
    middle = FIRST + 6
    clean = {middle: Frame(whole.truth[middle] * np.float32(0.9), number=middle)}
    numbers = whole.numbers[2:5]
    usual, job = run(whole.inputs(clean=clean), *numbers)
    monkeypatch.setattr(shot, "CODES_BYTES", 1)
    monkeypatch.setattr(shot, "LOOKS_BYTES", 1)
    scarce, again = run(whole.inputs(clean=clean), *numbers)
    assert again.asked.count(("source", middle)) > job.asked.count(("source", middle))
    for number in numbers:
        assert scarce[number].tobytes() == usual[number].tobytes()


def test_of_larger_frames_more_is_kept_but_not_more_than_a_part_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else each frame of UHD would be read again and again."""
    memory = SimpleNamespace(total=96 << 30)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    seen = shot.Shot(
        LocalJob(fill.SPEC, Shot().inputs()), lambda number, frame: frame.pixels[..., 0]
    )
    for size, more in (((640, 360), 1.0), ((1920, 1080), 1.0), ((3840, 2160), 4.0)):
        seen.display = Window(0, 0, *size)
        assert seen._larger == more
    memory.total = 8 << 30
    kept = shot.LOOKS_BYTES + shot.CODES_BYTES
    assert 1.0 < seen._larger < 4.0
    assert seen._larger * kept <= memory.total / 5
