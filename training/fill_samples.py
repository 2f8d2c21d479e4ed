"""What the fill network learns from: holes in generated images, and what the methods say of them.

``python -m training.fill_samples --cache IMAGES --out SAMPLES --images 1000``. Runs in the
product's environment: the methods are the product's own, and so is what the network is shown.

Samples are kept in shards of 25 images: ``0000.npy`` (n, 17, 64, 64) float16 holds what the network
is shown (12 planes), what the truth has more than the votes (3), how much the answer counts (1),
and where the hole is (1). ``samples.json`` names the images' generator, the code of this step and
every shard by its hash; the trainer opens nothing else.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import generate
from training.data import ForeignDataError, open_cache
from training.fill_holes import PARTS, holes

SIDE = 64
SHARD = 25
PER_IMAGE = 12
SHOWN = 12
PLANES = SHOWN + 5
MANIFEST = "samples.json"
VALIDATION = "validation"
VALIDATION_SEED = 1
OFTEN = (0.42, 0.48, 0.10)
"""Of wires, blobs and large holes."""
_MINE = ("fill_holes", "fill_samples")


def code_hash() -> str:
    """Hash of the code that makes samples out of images."""
    digest = hashlib.sha256()
    for name in _MINE:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()


def of_image(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float16]:
    """Samples (PER_IMAGE, PLANES, SIDE, SIDE) of a generated image (H, W, 3) with holes."""
    from backlot_server import fillnetwork
    from backlot_server.candidates import Region, candidates
    from backlot_server.encoding import decoded
    from backlot_server.membrane import distance
    from backlot_server.platecode import CURVE, code_of
    from backlot_server.roles import Roles
    from backlot_server.stillfill import edges_around

    colour = Roles(((0, 1, 2),), (), (), (), frozenset(), frozenset())
    hole = holes(rng, *image.shape[:2], str(rng.choice(list(PARTS), p=OFTEN)))
    plate = decoded(image / np.float32(255), CURVE)
    pixels = np.where(hole[:, :, None], np.float32(0), plate)
    region = Region(pixels, hole, hole, ~hole)
    said = candidates(region, colour, int(rng.integers(1 << 20)), lambda part: None)
    base, depth = said.mean + said.lack, distance(hole)
    contrast = float(edges_around(said, region).mean())
    planes = np.zeros((PLANES, *hole.shape), np.float32)
    planes[:SHOWN] = fillnetwork.shown(said, hole, base, depth, contrast)
    planes[SHOWN : SHOWN + 3, hole] = (code_of(plate, said.gain)[hole] - base).T
    planes[-2] = np.where(hole, fillnetwork.heard(depth), 0)
    planes[-1] = hole
    return np.stack([_around(planes, hole, rng) for _ in range(PER_IMAGE)]).astype(np.float16)


def _around(
    planes: NDArray[np.float32], hole: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float32]:
    """A window that holds a random pixel of the hole."""
    ys, xs = np.nonzero(hole)
    n = int(rng.integers(len(ys)))
    top, left = (
        int(np.clip(at - rng.integers(8, SIDE - 8), 0, size - SIDE))
        for at, size in ((ys[n], hole.shape[0]), (xs[n], hole.shape[1]))
    )
    return planes[:, top : top + SIDE, left : left + SIDE]


def _write(folder: Path, cache: Path, seed: int, number: int) -> tuple[str, str]:
    """One shard, written whole. Number -1: of the validation images."""
    name = f"{VALIDATION if number < 0 else format(number, '04d')}.npy"
    if number < 0:
        images = list(generate.images(VALIDATION_SEED, 0, SHARD))
    else:
        first = number * SHARD
        shard = np.load(cache / f"{first // generate.SHARD:04d}.npy", mmap_mode="r")
        images = list(shard[first % generate.SHARD :][:SHARD])
    found = [
        of_image(np.asarray(image), np.random.default_rng([seed, number + 1, n]))
        for n, image in enumerate(images)
    ]
    part = folder / f"{name}.part"
    with part.open("wb") as stream:
        np.save(stream, np.concatenate(found))
    digest = generate.file_hash(part)
    part.replace(folder / name)
    return name, digest


def _manifest(folder: Path, seed: int) -> dict[str, object]:
    path = folder / MANIFEST
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    facts = {"generator": generate.generator_hash(), "code": code_hash(), "seed": seed}
    return {**facts, "shards": {}}


def make(folder: Path, cache: Path, seed: int, images: int, workers: int) -> None:
    """Add what is missing of the samples of the cache's first ``images`` images.

    Raises ForeignDataError if the cache is not the generator's, or the samples are of other code.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = _manifest(folder, seed)
    if (manifest["generator"], manifest["code"]) != (generate.generator_hash(), code_hash()):
        raise ForeignDataError(f"{folder} was made by other code: delete it, it is made again")
    open_cache(cache, images)
    shards = dict(manifest["shards"])
    numbers = [-1, *range(images // SHARD)]
    names = [f"{VALIDATION if n < 0 else format(n, '04d')}.npy" for n in numbers]
    missing = [n for n, name in zip(numbers, names, strict=True) if name not in shards]
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    with multiprocessing.get_context("spawn").Pool(workers, _alone) as pool:
        for name, digest in pool.imap_unordered(partial(_write, folder, cache, seed), missing):
            shards[name] = digest
            manifest["shards"] = dict(sorted(shards.items()))
            (folder / f"{MANIFEST}.part").write_text(json.dumps(manifest, indent=1))
            (folder / f"{MANIFEST}.part").replace(folder / MANIFEST)


def _alone() -> None:
    """One thread a worker: they share the cores already."""
    from backlot_server import parallel

    parallel.threads = lambda: 1


def open_samples(folder: Path, images: int) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Samples of the first ``images`` images (n, PLANES, SIDE, SIDE), and those of validation.

    Raises ForeignDataError if something is not what this code made of this generator's images.
    """
    manifest = _manifest(folder, 0)
    if (manifest["generator"], manifest["code"]) != (generate.generator_hash(), code_hash()):
        raise ForeignDataError(f"{folder} was made by other code: delete it, it is made again")
    found = []
    for name in (f"{VALIDATION}.npy", *(f"{n:04d}.npy" for n in range(images // SHARD))):
        path = folder / name
        if manifest["shards"].get(name) != (path.exists() and generate.file_hash(path)):
            raise ForeignDataError(f"{path} is not what this code wrote: run training.fill_samples")
        found.append(np.load(path, allow_pickle=False))
    return np.concatenate(found[1:]), found[0]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make the samples that the fill network learns.")
    parser.add_argument("--cache", type=Path, default=Path("build/training/images/plain"))
    parser.add_argument("--out", type=Path, default=Path("build/training/fill"))
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    given = parser.parse_args()
    make(given.out, given.cache, given.seed, given.images, given.workers)


if __name__ == "__main__":
    main()
