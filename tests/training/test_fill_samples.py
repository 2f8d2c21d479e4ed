"""What the fill network learns from: holes, what the product says of them, and nothing else."""

import json

import numpy as np
import pytest

from training import fill_samples, generate
from training.data import ForeignDataError
from training.fill_holes import PARTS, holes

SHOWN, SIDE = fill_samples.SHOWN, fill_samples.SIDE


@pytest.mark.parametrize("kind", PARTS)
def test_holes_take_about_their_part_and_the_seed_alone_decides(kind):
    found = [holes(np.random.default_rng(seed), 256, 256, kind) for seed in (1, 1, 2)]
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    parts = [holes(np.random.default_rng(seed), 256, 256, kind).mean() for seed in range(8)]
    assert 0.6 * PARTS[kind] < np.mean(parts) < 2.2 * PARTS[kind]


@pytest.fixture(scope="module")
def samples():
    """Samples of a picture of stripes, and the picture."""
    y, x = np.mgrid[:128, :128]
    wave = 120 + 70 * np.sin((x + 0.5 * y) * 0.5)
    image = np.stack([wave, wave * 0.8, wave * 0.6], axis=2).astype(np.uint8)
    return fill_samples.of_image(image, np.random.default_rng(3)), image


def test_a_sample_holds_what_is_shown_and_what_is_lacking(samples):
    found, _ = samples
    planes = found.astype(np.float32)
    assert planes.shape == (fill_samples.PER_IMAGE, fill_samples.PLANES, SIDE, SIDE)
    hole = planes[:, -1:] > 0
    assert hole.any(axis=(1, 2, 3)).all(), "every window shows a part of a hole"
    lacking = planes[:, SHOWN : SHOWN + 3]
    assert not lacking[np.broadcast_to(~hole, lacking.shape)].any()
    repaired = planes[:, :3] + lacking
    across = np.abs(np.diff(repaired, axis=3)).mean()
    assert across < np.abs(np.diff(planes[:, :3], axis=3)).mean() * 1.5
    ratio = repaired[:, 1] / np.maximum(repaired[:, 0], 1e-3)
    assert np.ptp(ratio) < 0.15, "what is said and what lacks are the picture, hole and all"
    counts = planes[:, -2:-1]
    assert ((counts > 0) <= hole).all()
    assert counts.max() <= 1


def written(folder, seed=9):
    """A folder of two shards of noise, named as the sample maker names them."""
    rng = np.random.default_rng(seed)
    shards = {}
    for name in ("validation.npy", "0000.npy"):
        planes = rng.random((16, fill_samples.PLANES, SIDE, SIDE)).astype(np.float16)
        planes[:, -1] = planes[:, -1] > 0.7
        planes[:, -2] = planes[:, -1]
        np.save(folder / name, planes)
        shards[name] = generate.file_hash(folder / name)
    facts = {"generator": generate.generator_hash(), "code": fill_samples.code_hash()}
    manifest = {**facts, "seed": seed, "shards": shards}
    (folder / fill_samples.MANIFEST).write_text(json.dumps(manifest))
    return folder


def test_samples_of_other_code_or_changed_since_are_refused(tmp_path):
    folder = written(tmp_path)
    train, validation = fill_samples.open_samples(folder, 25)
    assert train.shape == validation.shape == (16, fill_samples.PLANES, SIDE, SIDE)
    with pytest.raises(ForeignDataError, match="not what this code wrote"):
        fill_samples.open_samples(folder, 50)
    manifest = json.loads((folder / fill_samples.MANIFEST).read_text())
    other = manifest | {"code": "0" * 64}
    (folder / fill_samples.MANIFEST).write_text(json.dumps(other))
    with pytest.raises(ForeignDataError, match="other code"):
        fill_samples.open_samples(folder, 25)
    (folder / fill_samples.MANIFEST).write_text(json.dumps(manifest))
    np.save(folder / "0000.npy", train + np.float16(1))
    with pytest.raises(ForeignDataError, match="not what this code wrote"):
        fill_samples.open_samples(folder, 25)
