"""The shipped networks keep what their cards say, measured with ONNX Runtime alone."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from training import resample, score

WEIGHTS = Path(__file__).parents[2] / "server" / "backlot_server" / "models" / "weights"
CARDS = sorted(WEIGHTS.glob("*-x?-*.json"))
KEYS = {
    *("name", "purpose", "label", "scale", "source", "size", "channels", "layout", "dtype"),
    *("encoding", "multiple", "margin", "parameters", "file", "bytes", "sha256", "licence"),
    *("verdict", "scores", "recipe", "limits"),
}
BUDGET = 12 << 20


@pytest.fixture(scope="module", params=CARDS, ids=lambda path: path.stem)
def network(request):
    card = json.loads(request.param.read_text(encoding="utf-8"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(
        WEIGHTS / card["file"], options, providers=["CPUExecutionProvider"]
    )
    return card, lambda x: session.run(None, {"x": x})[0]


def picture(height, width):
    """A picture with every frequency (1, 3, height, width), float32, 0..1."""
    return np.random.default_rng(4).random((1, 3, height, width), np.float32)


def test_there_are_networks_and_they_fit_the_package():
    assert CARDS
    files = [path for path in WEIGHTS.iterdir() if path.suffix in (".onnx", ".safetensors")]
    assert sum(path.stat().st_size for path in files) <= BUDGET


def test_the_card_describes_its_file(network):
    card, run = network
    content = (WEIGHTS / card["file"]).read_bytes()
    assert set(card) == KEYS
    assert card["sha256"] == hashlib.sha256(content).hexdigest()
    assert card["bytes"] == len(content)
    assert (WEIGHTS / card["file"]).with_suffix(".safetensors").exists()
    shape = run(np.zeros((2, 3, 5, 7), np.float32)).shape
    assert shape == (2, 3, 5 * card["scale"], 7 * card["scale"])


def test_one_pixel_is_enough(network):
    _, run = network
    colour = np.float32([0.2, 0.5, 0.9]).reshape(1, 3, 1, 1)
    assert np.allclose(run(colour), colour, atol=1e-5)


def test_exposure_passes_through_exactly(network):
    _, run = network
    x = picture(24, 31) - 0.2
    y = run(x)
    for exposure in 2.0 ** np.arange(-6, 7):
        assert np.array_equal(run(x * np.float32(exposure)), y * np.float32(exposure))
    assert np.allclose(run(x * np.float32(5.3)) / 5.3, y, atol=1e-5)


def test_a_flat_field_stays_what_it_is(network):
    _, run = network
    for level in (-0.5, 0.0, 0.18, 1.0, 60.0):
        flat = np.full((1, 3, 20, 20), level, np.float32)
        assert np.allclose(run(flat), level, rtol=1e-5, atol=1e-7)


def test_a_ramp_keeps_its_phase(network):
    """Output sample i lies at (i + 0.5) / scale - 0.5 of the input, not a pixel beside."""
    card, run = network
    scale, n = card["scale"], 64
    step = 1 / 64
    truth = ((np.arange(n * scale) + 0.5) / scale - 0.5) * step
    ramp = np.broadcast_to(np.arange(n, dtype=np.float32) * step, (1, 3, n, n))
    away = (card["margin"] + 1) * scale
    for axis in (3, 2):
        x = np.ascontiguousarray(ramp if axis == 3 else ramp.swapaxes(2, 3))
        y = np.moveaxis(run(x), axis, 3)[0, :, away:-away, away:-away]
        error = y - truth[away:-away]
        assert abs(error.mean()) < 0.02 * step
        assert np.abs(error).max() < 0.1 * step


def test_tiles_that_overlap_by_the_margin_are_exact(network):
    card, run = network
    margin, scale = card["margin"], card["scale"]
    x = picture(80, 90)
    top, bottom, left, right = 30, 44, 33, 52
    whole = run(x)[..., top * scale : bottom * scale, left * scale : right * scale]
    for overlap, exact in ((margin, True), (2, False)):
        rows = slice(top - overlap, bottom + overlap)
        columns = slice(left - overlap, right + overlap)
        crop = slice(overlap * scale, -overlap * scale)
        error = np.abs(run(np.ascontiguousarray(x[..., rows, columns]))[..., crop, crop] - whole)
        assert (error.max() < 1e-6) == exact


def test_a_photograph_comes_out_closer_than_with_lanczos(network):
    card, _ = network
    high = score.photographs()["coffee"]
    scale = card["scale"]
    upscale, _ = score.network(WEIGHTS / card["file"])
    ours, _ = score.score(upscale, high, scale)
    lanczos, _ = score.score(score.interpolation(resample.lanczos3, scale), high, scale)
    assert ours > lanczos + (1.0 if card["source"] == "clean" else 0.0)
