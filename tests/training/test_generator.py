"""The generator: deterministic, plausible, and fed by nothing but random numbers."""

import ast
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from training import generate, resample, score
from training.looks import LOOKS
from training.noise import NoiseBank

SOURCES = Path(generate.__file__).parent
ALLOWED = {
    "__future__",
    "argparse",
    "collections",
    "dataclasses",
    "functools",
    "hashlib",
    "json",
    "math",
    "multiprocessing",
    "numpy",
    "os",
    "pathlib",
    "scipy",
    "training",
}
READERS = {"fromfile", "loadtxt", "genfromtxt", "memmap", "urlopen", "imread", "frombuffer"}


@pytest.fixture(scope="module", params=LOOKS)
def look(request):
    return request.param


@pytest.fixture(scope="module")
def images(look):
    return list(generate.images(seed=7, first=0, count=3, look=look))


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_an_image_is_eight_bit_rgb_with_contrast(images):
    for image in images:
        assert image.shape == (generate.SIZE, generate.SIZE, 3)
        assert image.dtype == np.uint8
        assert image.std() > 5


def test_an_image_depends_on_seed_index_and_look_alone(images, look):
    bank = NoiseBank(7)
    assert np.array_equal(generate.image(7, 2, bank, look), images[2])
    assert not np.array_equal(generate.image(8, 2, NoiseBank(8), look), images[2])
    others = (generate.image(7, 2, bank, other) for other in LOOKS if other != look)
    assert not any(np.array_equal(other, images[2]) for other in others)


def test_sizes_are_as_broad_as_in_nature(images):
    """The spectrum of natural pictures falls about as 1 / f; so must that of ours."""
    slopes = []
    for image in images:
        luma = image.mean(axis=2)
        window = np.hanning(len(luma))
        spectrum = np.abs(np.fft.rfft2((luma - luma.mean()) * np.outer(window, window)))
        frequency = np.hypot(np.fft.fftfreq(len(luma))[:, None], np.fft.rfftfreq(len(luma)))
        band = (frequency > 0.02) & (frequency < 0.3)
        slopes.append(np.polyfit(np.log(frequency[band]), np.log(spectrum[band] + 1e-6), 1)[0])
    assert -2.2 < np.mean(slopes) < -0.6


def test_the_generator_imports_nothing_that_reads_pictures():
    for name in generate._SOURCES:
        roots = {module.split(".")[0] for module in imports(SOURCES / f"{name}.py")}
        assert roots <= ALLOWED, f"{name} imports {roots - ALLOWED}"


def test_the_generator_hash_covers_every_module_an_image_depends_on():
    seen, waiting = set(), ["generate"]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for node in ast.walk(ast.parse((SOURCES / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "training":
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module.startswith("training."):
                waiting.append(node.module.split(".")[1])
    assert seen == set(generate._SOURCES)


def test_only_the_manifest_is_read_by_the_generator():
    """No function that reads files is called, but for the manifest, sources and shards to hash."""
    for name in generate._SOURCES:
        tree = ast.parse((SOURCES / f"{name}.py").read_text(encoding="utf-8"))
        called = {
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
        }
        assert not called & READERS
        if name != "generate":
            assert not called & {"open", "read_text", "read_bytes", "load"}


def test_reduction_follows_the_half_pixel_convention():
    ramp = np.arange(64, dtype=float)
    low = resample.bicubic(64, 32) @ ramp
    assert np.allclose(low[4:-4], 2 * np.arange(32)[4:-4] + 0.5)
    high = resample.bicubic(32, 64) @ np.arange(32, dtype=float)
    assert np.allclose(high[8:-8], (np.arange(64)[8:-8] + 0.5) / 2 - 0.5)


def structure(image):
    """Medians over 16 px blocks with detail: how far it runs one way (0..1), and what a picture of
    half the size cannot hold of it over the finest that it holds.
    """
    luma = image[:384, :384].astype(float).mean(axis=2)
    down, up = resample.bicubic(384, 192), resample.bicubic(192, 384)
    small = down @ luma @ down.T
    lost = luma - up @ small @ up.T
    finest = small - gaussian_filter(small, 1)
    dy, dx = np.gradient(small)

    def blocks(plane, side):
        return plane.reshape(24, side, 24, side).mean(axis=(1, 3))

    xx, yy, xy, fine = (blocks(a, 8) for a in (dx * dx, dy * dy, dx * dy, finest**2))
    busy = fine > 1
    ways = np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-9)
    share = np.sqrt(blocks(lost**2, 16)[busy] / fine[busy])
    return np.median(ways[busy]), np.median(share)


def test_the_look_of_photographs_is_nearer_to_them():
    """The look was set by scikit-image's photographs: two of them. Nothing learns from them."""
    photo, plain = (
        np.median([structure(i) for i in generate.images(5, 0, 8, look)], axis=0)
        for look in ("photo", "plain")
    )
    pictures = score.photographs()
    real = np.mean([structure(pictures[n]) for n in ("coffee", "motorcycle_left")], axis=0)
    assert (np.abs(photo - real) < np.abs(plain - real)).all(), (photo, plain, real)
