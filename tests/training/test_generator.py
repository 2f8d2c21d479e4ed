"""The generator: deterministic, plausible, and fed by nothing but random numbers."""

import ast
from pathlib import Path

import numpy as np
import pytest

from training import generate, resample
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


@pytest.fixture(scope="module")
def images():
    return list(generate.images(seed=7, first=0, count=3))


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


def test_an_image_depends_on_seed_and_index_alone(images):
    bank = NoiseBank(7)
    assert np.array_equal(generate.image(7, 2, bank), images[2])
    assert not np.array_equal(generate.image(8, 2, NoiseBank(8)), images[2])


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
