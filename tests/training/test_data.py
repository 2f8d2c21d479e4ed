"""The trainer reads the generator's own cache and refuses any other; JPEG is the standard's."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from training import generate
from training.data import ForeignDataError, Patches, open_cache
from training.degrade import jpeg
from training.recipes import Recipe

RECIPE = Recipe("test", 2, "clean", "fast", 16, 2, iterations=1, images=4, patch=24, batch=3)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A cache of one shard of four images."""
    cache = tmp_path_factory.mktemp("made")
    folder = cache / RECIPE.look
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generate, "SHARD", 4)
        name, digest = generate._write_shard(folder, 5, RECIPE.look, 0)
    manifest = {"generator": generate.generator_hash(), "seed": 5, "look": RECIPE.look}
    manifest["shards"] = {name: digest}
    (folder / generate.MANIFEST).write_text(json.dumps(manifest))
    return cache


@pytest.fixture
def cache(made, tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "SHARD", 4)
    return shutil.copytree(made, tmp_path / "cache")


def rewrite(cache, **changes):
    path = cache / RECIPE.look / generate.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_patches_are_pairs_and_repeatable(cache):
    first, second = Patches(RECIPE, cache), Patches(RECIPE, cache)
    low, high = first.batch()
    assert (low.shape, high.shape) == ((3, 3, 24, 24), (3, 3, 48, 48))
    assert low.dtype == high.dtype == np.float32
    assert low.min() >= 0
    assert high.max() <= 1
    reduced = high.reshape(3, 3, 24, 2, 24, 2).mean(axis=(3, 5))
    assert np.abs(reduced - low).mean() < 0.03
    assert all(np.array_equal(a, b) for a, b in zip((low, high), second.batch(), strict=True))


def test_looks_that_are_joined_come_in_equal_parts(cache):
    folder = shutil.copytree(cache / RECIPE.look, cache / "photo")
    squares = np.random.default_rng(0).integers(0, 40, (4, 48, 48, 3), np.uint8)
    dark = squares.repeat(8, axis=1).repeat(8, axis=2)
    np.save(folder / "0000.npy", dark)
    manifest = json.loads((folder / generate.MANIFEST).read_text())
    manifest["shards"] = {"0000.npy": generate.file_hash(folder / "0000.npy")}
    (folder / generate.MANIFEST).write_text(json.dumps(manifest))
    both = dataclasses.replace(RECIPE, look=f"{RECIPE.look}+photo", batch=300)
    _, high = Patches(both, cache).batch()
    share = np.mean([patch.max() < 40 / 255 for patch in high])
    assert 0.35 < share < 0.65


def test_a_cache_of_another_generator_is_refused(cache):
    rewrite(cache, generator="0" * 64)
    with pytest.raises(ForeignDataError, match="not made by this generator"):
        open_cache(cache / RECIPE.look, 4)


def test_a_shard_changed_since_is_refused(cache):
    shard = np.load(cache / RECIPE.look / "0000.npy")
    shard[0, 0, 0] = 255 - shard[0, 0, 0]
    np.save(cache / RECIPE.look / "0000.npy", shard)
    with pytest.raises(ForeignDataError, match="not what the generator wrote"):
        open_cache(cache / RECIPE.look, 4)


def test_a_shard_that_is_not_in_the_manifest_is_refused(cache):
    rewrite(cache, shards={})
    with pytest.raises(ForeignDataError, match="not in the manifest"):
        open_cache(cache / RECIPE.look, 4)


@pytest.mark.parametrize(("seed", "look"), [(6, "plain"), (5, "photo")])
def test_another_seed_or_look_is_not_mixed_in(cache, seed, look):
    with pytest.raises(ValueError, match="another generator, seed or look"):
        generate.fill(cache / RECIPE.look, seed, look, count=8)


@pytest.mark.parametrize("subsample", [False, True])
def test_jpeg_loses_more_at_lower_quality(subsample):
    image = next(generate.images(3, 0, 1))[:72, :90].transpose(2, 0, 1).astype(np.float32)
    errors = []
    for quality in (95, 75, 45):
        result = jpeg(image, quality, subsample, 5, 3)
        assert result.shape == image.shape
        errors.append(np.abs(result - image).mean())
    assert errors == sorted(errors)


def test_jpeg_leaves_flat_grey_alone():
    grey = np.full((3, 40, 40), 128, np.float32)
    assert np.array_equal(jpeg(grey, 75, True, 0, 0), grey)
