import numpy as np
import pytest

from backlot.frame import Frame
from backlot_server import grain
from backlot_server.graininess import bounds, measure, measured
from backlot_server.tools import upscale
from tests.server.jobs import LocalJob, make

RGB = (0, 1, 2)


def scene(height=256, width=320):
    """Shapes and gradients, in codes (square roots of light) from 0.1 to 0.9."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    plane = 0.3 + 0.4 * x / width
    plane = np.where((x - 90) ** 2 + (y - 100) ** 2 < 50**2, 0.15, plane)
    plane = np.where((x > 200) & (x < 280) & (y > 60 + x / 4) & (y < 220), 0.85, plane)
    return np.stack([plane, plane * 0.8, plane * 0.9], axis=2).astype(np.float32)


def noise(shape, soft, seed=1):
    found = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    if soft:
        for axis in (0, 1):
            found = sum(
                weight * np.roll(found, shift, axis)
                for weight, shift in zip((0.25, 0.5, 0.25), (-1, 0, 1), strict=True)
            )
    return found / found.std()


def strength(codes):
    return 0.01 + 0.02 * codes


def lit(codes):
    return codes * np.abs(codes)


def codes_of(pixels):
    pixels = pixels.astype(np.float32)
    return np.sign(pixels) * np.sqrt(np.abs(pixels))


@pytest.fixture(params=[False, True], ids=["white", "soft"])
def grained(request):
    codes = scene()
    added = noise(codes.shape, request.param) * strength(codes)
    return lit(codes + added).astype(np.float16), added


def lag(found):
    """How alike neighbours are."""
    return float((found[:, 1:] * found[:, :-1]).mean() / (found**2).mean())


def test_strength_is_measured_at_each_brightness(grained):
    found = measure(grained[0], RGB)
    np.testing.assert_allclose(found.strength, strength(found.levels), rtol=0.25)
    assert np.abs(np.log(found.strength / strength(found.levels))).mean() < 0.12


def test_grain_is_taken_out_and_shapes_stay(grained):
    pixels, added = grained
    clean = pixels.copy()
    grain.remove(clean, RGB, measure(pixels, RGB))
    left = codes_of(clean) - scene()
    assert left.std() < 0.4 * added.std()
    assert np.abs(left.mean()) < 1e-3


def test_grain_made_anew_has_its_strength_and_its_spectrum(grained):
    pixels, added = grained
    smooth = lit(scene()).astype(np.float32)
    made = smooth.copy()
    grain.put(made, RGB, measure(pixels, RGB), 7)
    found = codes_of(made) - codes_of(smooth)
    assert found.std() == pytest.approx(added.std(), rel=0.15)
    assert lag(found) == pytest.approx(lag(added), abs=0.12)
    assert abs(found.mean()) < 1e-3


@pytest.mark.parametrize("soft", [False, True], ids=["white", "soft"])
def test_grain_made_anew_is_neither_weaker_nor_stronger(soft):
    flat = np.full((540, 960, 3), 0.45, np.float32)
    added = noise(flat.shape, soft) * 0.01
    made = lit(flat)
    grain.put(made, RGB, measure(lit(flat + added).astype(np.float16), RGB), 7)
    assert (codes_of(made) - flat).std() == pytest.approx(added.std(), rel=0.06)


def bars(codes):
    codes[:40] = codes[-40:] = 0.0


def blown_out(codes):
    codes[:90] = np.minimum(codes[:90] + 0.5, 0.8)
    codes[codes.max(axis=2) >= 0.8] = 0.8


def title(codes):
    codes[400:480, 300:700] = (0.42, 0.4, 0.45)


@pytest.mark.parametrize("sensor", [False, True])
@pytest.mark.parametrize("spoilt", [bars, blown_out, title])
def test_what_is_black_or_clipped_or_plain_does_not_take_the_grain_away(spoilt, sensor):
    codes = scene(540, 960)
    codes += noise(codes.shape, True) * strength(codes)
    whole = measured(lit(codes).astype(np.float16), RGB).grain(sensor)
    spoilt(codes)
    part = measured(lit(codes).astype(np.float16), RGB).grain(sensor)
    for level in (0.3, 0.4, 0.5, 0.6):
        expected, found = (np.interp(level, each.levels, each.strength) for each in (whole, part))
        assert found == pytest.approx(expected, rel=0.2)


def ring_of(apart, steep=0.0):
    """Two pictures of one thing and where both are known: a frame 24 pixels wide around nothing."""
    codes = np.repeat(np.linspace(0.2, 0.8, 400, dtype=np.float32)[None, :, None], 300, axis=0)
    codes = codes + np.zeros((300, 400, 3), np.float32)
    codes[::2, 200:] += steep
    known = np.zeros(codes.shape[:2], bool)
    known[20:-20, 20:-20] = True
    known[44:-44, 44:-44] = False
    here = codes + noise(codes.shape, True, 1) * strength(codes)
    there = codes + noise(codes.shape, True, 2) * strength(codes) * 0.5 + apart(codes)
    return lit(here), lit(there), np.full(known.shape, 0.25, np.float32), known


@pytest.mark.parametrize(
    "apart", [lambda codes: 0.0, lambda codes: 0.02], ids=["the same light", "other light"]
)
def test_two_pictures_of_one_thing_say_how_strong_grain_is_at_most(apart):
    for level, bound in bounds(*ring_of(apart)):
        assert bound == pytest.approx(strength(level), rel=0.25)


def test_where_two_pictures_are_not_in_keeping_is_passed_over():
    """The brighter half has lines, and lies a line lower."""
    here, there, left, known = ring_of(lambda codes: 0.0, steep=0.05)
    there[:, 200:] = np.roll(there[:, 200:], 1, axis=0)
    found = dict(bounds(here, there, left, known))
    assert any(level > 0.55 for level in found)
    for level, bound in found.items():
        assert bound > 0.8 * strength(level)
        if level < 0.45:
            assert bound == pytest.approx(strength(level), rel=0.25)


def test_texture_is_not_taken_for_grain_where_a_bound_is_told():
    """All blocks brighter than 0.5 are rough."""
    codes = np.repeat(np.linspace(0.2, 0.8, 640, dtype=np.float32)[None, :, None], 300, axis=0)
    codes = codes + noise((300, 640, 3), False) * 0.008
    codes[:, 240:] += noise((300, 400, 3), True, 3) * 0.05
    rough = measured(lit(codes).astype(np.float16), RGB)
    held = rough.grain(sensor=True, also=[(0.6, 0.008), (0.75, 0.008)])
    assert rough.grain(sensor=False).strength.max() > 0.04
    np.testing.assert_allclose(held.strength, 0.008, rtol=0.15)


def test_each_frame_has_grain_of_its_own_and_always_the_same(grained):
    found = measure(grained[0], RGB)
    flat = np.full((90, 70, 3), 0.3, np.float32)
    frames = []
    for number in (1, 1, 2, -1):
        frames.append(flat.copy())
        grain.put(frames[-1], RGB, found, number)
    np.testing.assert_array_equal(frames[0], frames[1])
    for other in frames[2:]:
        alike = np.corrcoef((frames[0] - 0.3).reshape(-1), (other - 0.3).reshape(-1))[0, 1]
        assert abs(alike) < 0.05


@pytest.mark.parametrize("strips", [1, 2, 5])
def test_strips_do_not_show(grained, monkeypatch, strips):
    pixels = grained[0]
    found = measure(pixels, RGB)

    def cut(work, rows):
        for n in range(strips):
            work(rows * n // strips, rows * (n + 1) // strips)

    whole = pixels.copy()
    grain.remove(whole, RGB, found)
    grain.put(whole, RGB, found, 3)
    monkeypatch.setattr(grain, "in_strips", cut)
    parts = pixels.copy()
    grain.remove(parts, RGB, found)
    grain.put(parts, RGB, found, 3)
    # Blocks lie elsewhere at the ends of strips only where the picture ends.
    np.testing.assert_allclose(
        parts.astype(np.float32), whole.astype(np.float32), atol=2e-3, rtol=2e-3
    )


@pytest.mark.parametrize("shape", [(1, 1), (7, 200), (8, 8), (30, 9)])
def test_small_pictures_pass(shape):
    pixels = np.random.default_rng(0).random((*shape, 3)).astype(np.float16)
    found = measure(pixels, RGB)
    if found is not None:
        grain.remove(pixels, RGB, found)
        grain.put(pixels, RGB, found, 1)
    assert np.isfinite(pixels).all()


def test_a_picture_without_grain_has_none():
    plain = np.full((64, 64, 3), 0.5, np.float16)
    assert measure(plain, RGB) is None
    plain[20:30, 20:50] = 0.7
    assert measure(plain, RGB) is None


def test_highlights_and_negatives_survive():
    pixels = lit(scene() + noise((256, 320, 3), False) * 0.01).astype(np.float16)
    pixels[100:140, 100:140] = 1000.0
    pixels[200:220, 40:90] = -1.0
    found = measure(pixels, RGB)
    grain.remove(pixels, RGB, found)
    assert pixels[110:130, 110:130].min() > 990
    assert pixels[205:215, 50:80].max() < -0.9


@pytest.mark.parametrize("network", ["sinc", "fast"])
def test_an_upscale_keeps_matches_or_removes_grain(grained, network):
    pixels, added = grained
    source = Frame(np.dstack([pixels, np.ones(pixels.shape[:2], np.float16)]))
    plain = codes_of(make(upscale, Frame(lit(scene())), network=network).frame.pixels)

    def left(choice):
        job = LocalJob(upscale.SPEC, {"source": source}, {"grain": choice, "network": network})
        frame = upscale.run(job, 5).frame
        assert (frame.pixels[:, :, 3] == 1).all()
        return (codes_of(frame.pixels[:, :, :3]) - plain)[20:-20, 20:-20]

    kept, matched, removed = left("keep"), left("match"), left("remove")
    assert removed.std() < 0.5 * kept.std()
    assert (matched - removed).std() == pytest.approx(added.std(), rel=0.2)
    assert lag(matched - removed) == pytest.approx(lag(added), abs=0.12)
    assert lag(kept) > lag(matched)
