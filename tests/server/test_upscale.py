import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlot.errors import Cancelled
from backlot.frame import Frame, Window
from backlot.tools import Curve
from backlot_server import enlarge, networks, tiles
from backlot_server.models import SHIPPED, read_card
from backlot_server.tools import upscale
from tests.server.cards import install
from tests.server.jobs import LocalJob, make


@pytest.fixture
def calls(monkeypatch):
    """What is fed to networks."""
    seen = []
    original = tiles.Tiler._through

    def spy(self, batch):
        seen.append(batch.copy())
        return original(self, batch)

    monkeypatch.setattr(tiles.Tiler, "_through", spy)
    return seen


def picture(height=20, width=30, count=3, dtype=np.float16, seed=0):
    return np.random.default_rng(seed).gamma(0.5, 1.0, (height, width, count)).astype(dtype)


def made(source, **values):
    return make(upscale, source, **values)


@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    corner=st.tuples(st.integers(-30, 30), st.integers(-30, 30)),
    scale=st.floats(1.0, 4.0),
    exact=st.tuples(st.integers(0, 25), st.integers(0, 25)),
)
@settings(max_examples=60)
def test_windows_are_those_that_the_spec_promises(size, corner, scale, exact):
    height, width = size
    display = Window(3, -4, 20, 10)
    source = Frame(picture(height, width), "RGB", Window(*corner, width, height), display, 1.5)
    values = {"network": "sinc", "scale": scale, "width": exact[0], "height": exact[1]}
    frame = made(source, **values).frame
    plain = upscale.SPEC.values_at(upscale.SPEC.values(values), 1)
    windows = upscale.SPEC.output_windows(plain, source.data_window, display)
    assert (frame.data_window, frame.display_window) == windows
    assert frame.pixel_aspect == 1.5
    if any(exact):
        wanted = [side or None for side in exact]
        assert (frame.display_window.width, frame.display_window.height) == (
            wanted[0] or frame.display_window.width,
            wanted[1] or frame.display_window.height,
        )


@pytest.mark.parametrize("network", ["sinc", "fast"])
@pytest.mark.parametrize("scale", [1.5, 2.0, 3.0, 4.0])
@pytest.mark.parametrize("corner", [(0, 0), (-7, 5)])
def test_a_pixel_lies_where_it_belongs(own, network, scale, corner):
    """On a ramp the value of a pixel is the place of its centre: half a pixel off would show."""
    install(own, "smooth-x2.onnx", "clean-x2-fast", source="clean", size="fast", encoding="linear")
    x, y = corner
    values = (np.arange(40) + x) * 2.0 + (np.arange(40)[:, None] + y) * 3.0
    ramp = np.repeat((values / 255 + 0.2).astype(np.float32)[:, :, None], 3, axis=2)
    window = Window(x, y, 40, 40)
    frame = made(
        Frame(ramp, "RGB", window, Window(0, 0, 40, 40)), network=network, scale=scale
    ).frame
    at_x = (np.arange(frame.width) + frame.data_window.x + 0.5) / scale - 0.5
    at_y = (np.arange(frame.height) + frame.data_window.y + 0.5) / scale - 0.5
    expected = (at_x * 2.0 + at_y[:, None] * 3.0) / 255 + 0.2
    inside = slice(round(5 * scale), -round(5 * scale))
    error = frame.pixels[inside, inside] - expected[inside, inside, None]
    assert np.abs(error).max() < 1e-4


def test_a_scale_of_one_returns_the_same_bits():
    source = Frame(picture(dtype=np.float32))
    result = made(source, scale=1.0)
    assert result.frame.pixels.tobytes() == source.pixels.tobytes()


@pytest.mark.parametrize(
    "values", [{"scale": 2.0}, {"scale": 3.0}, {"scale": 8.0}, {"detail": 0.5}]
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_ramp_into_highlights_and_below_zero_keeps_its_range(textures, values, dtype):
    ramp = np.linspace(-1, 1000, 64, dtype=np.float32)
    source = Frame(np.repeat(np.repeat(ramp[None, :, None], 24, 0), 3, 2).astype(dtype))
    for network in ("sinc", "fast"):
        pixels = made(source, network=network, **values).frame.pixels.astype(np.float32)
        scale = pixels.shape[0] // 24
        inside = pixels[8 * scale : -8 * scale]
        assert inside.min() >= -1.5
        assert inside[:, -2 * scale :].max() > 900
        assert inside.min() < -0.4


@pytest.mark.parametrize("exposure", [1 / 64, 1 / 4, 8.0, 64.0])
def test_exposure_changes_nothing_but_exposure(textures, exposure):
    source = picture(dtype=np.float32)
    plain = made(Frame(source)).frame.pixels
    brighter = made(Frame(source * np.float32(exposure))).frame.pixels
    np.testing.assert_allclose(brighter / exposure, plain, rtol=2e-5, atol=1e-6)


def shipped_cards():
    cards = [read_card(path) for path in sorted(SHIPPED.glob("*.json"))]
    return [card for card in cards if card.purpose == "upscale"]


@pytest.mark.parametrize("card", shipped_cards(), ids=lambda card: card.name)
def test_our_networks_keep_flat_fields_range_and_exposure(card):
    assert card.margin > 0
    assert card.verdict == "green"
    network = networks.load(card)
    tiler = tiles.Tiler(network, card)

    def run(pixels):
        height, width, _ = pixels.shape
        out = np.empty((height * card.scale, width * card.scale, 3), np.float32)
        for _ in tiler.run(
            (height, width), lambda a, b: pixels[a:b], (0, 1, 2), lambda a, b: (out[a:b], (0, 1, 2))
        ):
            pass
        return out

    source = picture(40, 48, dtype=np.float32)
    plain = run(source)
    for exposure in (1 / 64, 64.0):
        scaled = run(source * np.float32(exposure)) / exposure
        np.testing.assert_allclose(scaled, plain, rtol=1e-4, atol=1e-5)
    highlight = np.full((40, 48, 3), 1000.0, np.float32)
    inside = slice(card.margin * card.scale, -card.margin * card.scale)
    np.testing.assert_allclose(run(highlight)[inside, inside], 1000.0, rtol=1e-3)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"scale": 2.0}, ["clean-x2-fast"]),
        ({"scale": 4.0}, ["clean-x4-fast"]),
        ({"scale": 3.0}, ["clean-x4-fast"]),
        ({"scale": 1.2}, ["clean-x2-fast"]),
        ({"scale": 8.0}, ["clean-x4-fast", "clean-x2-fast"]),
        ({"scale": 2.1}, ["clean-x4-fast"]),
        ({"width": 45, "height": 99}, ["clean-x4-fast", "clean-x2-fast"]),
        ({"width": 15}, []),
        ({"detail": 0.0}, []),
        ({"network": "sinc"}, []),
    ],
)
def test_networks_are_chained_to_reach_a_size(textures, values, expected):
    engine = made(Frame(picture()), **values).engine
    names = [part.split(", ")[1] for part in engine.split(" + ")] if "," in engine else []
    assert names == expected


def test_one_network_serves_every_scale(own):
    install(own, "texture-x2.onnx", "clean-x2-fast", source="clean", size="fast")
    result = made(Frame(picture(6, 7)), scale=5.0)
    assert result.frame.pixels.shape == (30, 35, 3)
    assert result.engine.endswith("clean-x2-fast")


@pytest.mark.parametrize("scale", [2.0, 4.0])
def test_bands_and_tiles_of_a_chain_have_no_seams(own, textures, monkeypatch, scale):
    (own / "clean-x4-fast.json").unlink()
    source = Frame(picture(70, 60, dtype=np.float32))
    whole = made(source, scale=scale).frame.pixels
    monkeypatch.setattr(enlarge, "BAND", 11)
    monkeypatch.setattr(tiles, "area_of", lambda card, budget: 1700)
    tiled = made(source, scale=scale).frame.pixels
    np.testing.assert_allclose(tiled, whole, rtol=1e-4, atol=1e-5)


def test_detail_goes_from_the_filter_to_the_network(textures):
    source = Frame(picture(dtype=np.float32))
    sinc = made(source, network="sinc").frame.pixels
    full = made(source).frame.pixels
    half = made(source, detail=0.5).frame.pixels
    np.testing.assert_allclose(half, (sinc + full) / 2, rtol=1e-4, atol=1e-5)
    curve = Curve(((1, 0.0), (3, 1.0)))
    job = LocalJob(upscale.SPEC, {"source": source}, {"detail": curve}, (1, 2, 3))
    by_frame = [upscale.run(job, number).frame.pixels for number in (1, 2, 3)]
    for result, expected in zip(by_frame, (sinc, half, full), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


def layers(height=12, width=10):
    rng = np.random.default_rng(3)
    names = ["R", "G", "B", "A", "id", "depth.Z", "motion.x", "motion.y", "roto", "diffuse.R"]
    names += ["diffuse.G", "diffuse.B"]
    pixels = rng.gamma(0.5, 1.0, (height, width, len(names))).astype(np.float32)
    pixels[:, :, 3] = rng.integers(0, 2, (height, width))
    pixels[:, :, 4] = rng.integers(0, 2**31, (height, width), np.uint32).view(np.float32)
    pixels[:, :, 8] = rng.random((height, width)) > 0.5
    return Frame(pixels, tuple(names))


def test_every_channel_is_treated_as_what_it_is(textures, calls):
    source = layers()
    result = made(source, scale=2.0).frame

    def plane(name, frame=result):
        return frame.pixels[:, :, frame.index(name)[0]]

    repeated = np.arange(24) // 2, np.arange(20) // 2
    for name in ("id", "depth.Z"):
        expected = plane(name, source)[repeated[0][:, None], repeated[1]]
        assert plane(name).tobytes() == np.ascontiguousarray(expected).tobytes()
    for name in ("motion.x", "motion.y"):
        expected = plane(name, source)[repeated[0][:, None], repeated[1]]
        np.testing.assert_array_equal(plane(name), expected * 2)
    for name in ("A", "roto"):
        assert plane(name).min() >= 0.0
        assert plane(name).max() <= 1.0
        assert len(np.unique(plane(name))) > 2
    assert len(calls) == 3  # two layers of colour and the alpha of one
    fed = np.concatenate([batch.reshape(-1) for batch in calls])
    assert fed.max() <= np.sqrt(source.pixels[:, :, [0, 1, 2, 9, 10, 11]].max()) * 1.001


def test_alpha_becomes_as_sharp_as_its_colour(textures, calls):
    pixels = picture(40, 40, 4, np.float32)
    pixels[:, :, 3] = 0
    pixels[10:30, 12:33, 3] = 1
    sharp = made(Frame(pixels)).frame.pixels[:, :, 3]
    assert len(calls) == 2
    assert (sharp.min(), sharp.max()) == (0, 1)
    smooth = made(Frame(pixels), alpha="sinc").frame.pixels[:, :, 3]
    assert len(calls) == 3
    assert np.abs(sharp - smooth).max() > 0.01
    assert np.abs(sharp - smooth).mean() < 0.05
    pixels[:, :, 3] = 1
    assert (made(Frame(pixels)).frame.pixels[:, :, 3] == 1).all()
    assert len(calls) == 4


def test_alpha_does_not_go_through_other_peoples_networks(own, calls):
    install(own, "texture-x2.onnx", "theirs")
    values = {**upscale.SPEC.values({}), "network": "theirs"}
    job = LocalJob(upscale.SPEC, {"source": Frame(picture(count=4))})
    job.values = lambda number: values
    assert "theirs" in upscale.run(job, 1).engine
    assert len(calls) == 1


def test_vectors_grow_along_each_axis_by_its_own_factor(own):
    frame = made(layers(), network="sinc", width=30, height=12).frame
    source = layers()
    x, y = frame.index("motion.x", "motion.y")
    np.testing.assert_allclose(
        frame.pixels[:, :, x], np.repeat(source.pixels[:, :, x] * 3, 3, axis=1), rtol=1e-6
    )
    np.testing.assert_array_equal(frame.pixels[:, :, y], np.repeat(source.pixels[:, :, y], 3, 1))


@pytest.mark.parametrize("channels", ["RGB", "A", ("crypto00.r", "crypto00.g", "crypto00.b")])
def test_data_never_goes_through_a_network(textures, calls, channels):
    source = Frame(picture(count=len(channels)), tuple(channels), meaning="data")
    result = made(source)
    assert calls == []
    assert result.engine == "Sinc"
    assert result.frame.meaning == "data"


def test_premultiplied_edges_stay_empty_outside(textures):
    pixels = np.zeros((24, 24, 4), np.float16)
    pixels[8:16, 8:16] = [5.0, 0.5, 0.1, 1.0]
    result = made(Frame(pixels)).frame.pixels
    assert result.min() >= 0
    far = np.ones((48, 48), bool)
    far[8:40, 8:40] = False
    assert (result[far] == 0).all()
    assert (result[20:28, 20:28, 3] == 1).all()


@pytest.mark.parametrize("network", ["sinc", "fast"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_stays_where_it_was_and_spreads_nowhere(textures, network, wrong):
    pixels = picture(24, 24, 4)
    clean = made(Frame(pixels.copy()), network=network).frame.pixels
    pixels[10, 12, 1] = wrong
    result = made(Frame(pixels), network=network).frame.pixels
    block = np.zeros(result.shape, bool)
    block[20:22, 24:26, 1] = True
    np.testing.assert_array_equal(result[block], np.full(4, wrong, np.float16))
    assert np.isfinite(result[~block]).all()
    near = np.abs(result.astype(np.float32) - clean.astype(np.float32))
    near[8:36, 12:40] = 0
    assert near.max() == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (2, 16384)])
@pytest.mark.parametrize("values", [{}, {"scale": 1.3}, {"network": "sinc"}, {"width": 3}])
def test_any_size(textures, shape, values):
    if shape[1] == 16384 and values.get("width"):
        values = {"width": 4096}
    result = made(Frame(picture(*shape, count=4)), **values).frame
    assert np.isfinite(result.pixels).all()
    assert result.pixels.min() >= 0
    assert result.pixels.max() > 0


@pytest.mark.parametrize("shape", [(16384, 24), (24, 16384)])
@pytest.mark.parametrize("network", ["sinc", "fast"])
def test_as_long_as_16k(textures, shape, network):
    along = np.linspace(0.2, 0.8, max(shape), dtype=np.float16)
    ramp = np.broadcast_to(along if shape[1] > shape[0] else along[:, None], shape)
    result = made(Frame(np.repeat(ramp[:, :, None], 3, axis=2)), network=network).frame.pixels
    assert result.shape == (2 * shape[0], 2 * shape[1], 3)
    line = result[:, 24, 1] if shape[0] > shape[1] else result[24, :, 1]
    wanted = np.linspace(0.2, 0.8, 32768)
    np.testing.assert_allclose(line[64:-64], wanted[64:-64], rtol=0.04)


def test_luminance_goes_through_the_network_as_grey(textures, calls):
    source = picture(count=1, dtype=np.float32)
    result = made(Frame(source, ("Y",)))
    assert "texture" in result.engine or "clean" in result.engine
    np.testing.assert_array_equal(calls[-1][0, 0], calls[-1][0, 2])
    rgb = made(Frame(np.repeat(source, 3, 2))).frame.pixels.mean(axis=2)
    np.testing.assert_allclose(result.frame.pixels[:, :, 0], rgb, rtol=1e-4, atol=1e-5)
    other = made(Frame(source, ("Y",)), scale=1.9).frame.pixels
    assert other.shape == (38, 57, 1)


@pytest.mark.parametrize("values", [{}, {"scale": 1.7}, {"network": "sinc"}, {"detail": 0.5}])
def test_progress_rises_to_the_end_and_it_can_be_cancelled(textures, monkeypatch, values):
    monkeypatch.setattr(tiles, "area_of", lambda card, budget: 1700)
    source = {"source": Frame(picture(120, 120, 4))}
    job = LocalJob(upscale.SPEC, source, values)
    upscale.run(job, 1)
    assert job.fractions == sorted(job.fractions)
    assert job.fractions[-1] == 1.0
    assert job.checks >= 4
    stopped = LocalJob(upscale.SPEC, source, values, cancel_after=1)
    with pytest.raises(Cancelled):
        upscale.run(stopped, 1)


def test_ringing_is_allowed_only_on_request(textures):
    pixels = np.zeros((24, 24, 3), np.float32)
    pixels[8:16, 8:16] = 1000.0
    for network in ("sinc", "fast"):
        assert made(Frame(pixels), network=network).frame.pixels.min() == 0
        assert made(Frame(pixels), network=network, ringing=True).frame.pixels.min() < -1
