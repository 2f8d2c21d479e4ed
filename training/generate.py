"""Generate training images: ``python -m training.generate --out cache/photo --images 4000``.

Image number i of seed s depends on (s, i), its look and this code alone. Images are kept in shards
of 100: ``0000.npy`` (100, 384, 384, 3), uint8, display-encoded RGB. ``manifest.json`` names the
code that made them by its hash, and every shard by its own; the trainer reads nothing else. See
docs/training.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.looks import LOOKS
from training.noise import NoiseBank
from training.scene import SIZE, Scene

SHARD = 100
MANIFEST = "manifest.json"
_SOURCES = (
    "colour",
    "generate",
    "looks",
    "noise",
    "resample",
    "scene",
    "shapes",
    "strokes",
    "textures",
)


def generator_hash() -> str:
    """Hash of the source of every module an image depends on."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        source = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
        digest.update(f"{name}\n{source}".encode())
    return digest.hexdigest()


def image(seed: int, index: int, bank: NoiseBank, look: str) -> NDArray[np.uint8]:
    """Image ``index`` of ``seed`` (384, 384, 3); ``bank`` must be ``NoiseBank(seed)``."""
    return Scene(np.random.default_rng([seed, index]), bank, LOOKS[look]).render()


def images(seed: int, first: int, count: int, look: str = "plain") -> Iterator[NDArray[np.uint8]]:
    """Images first .. first + count - 1 of ``seed``, of one of ``looks.LOOKS``."""
    bank = NoiseBank(seed)
    for index in range(first, first + count):
        yield image(seed, index, bank, look)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_manifest(folder: Path) -> dict[str, object]:
    """The manifest of a cache, or an empty one for this generator if there is none."""
    path = folder / MANIFEST
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    return {"generator": generator_hash(), "size": SIZE, "shards": {}}


def _write_shard(folder: Path, seed: int, look: str, number: int) -> tuple[str, str]:
    name = f"{number:04d}.npy"
    partial_path = folder / f"{name}.part"
    with partial_path.open("wb") as stream:
        np.save(stream, np.stack(list(images(seed, number * SHARD, SHARD, look))))
    digest = file_hash(partial_path)
    partial_path.replace(folder / name)
    return name, digest


def fill(folder: Path, seed: int, look: str, count: int, workers: int = 1) -> None:
    """Add what is missing of the first ``count`` images of ``seed`` to the cache ``folder``.

    Raises ValueError if the cache was made by other code, from another seed or with another look.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(folder)
    asked = {"generator": generator_hash(), "seed": seed, "look": look}
    if any(manifest.setdefault(key, value) != value for key, value in asked.items()):
        raise ValueError(
            f"{folder} was made by another generator, seed or look: choose an empty folder"
        )
    shards = dict(manifest["shards"])
    missing = [n for n in range(-(-count // SHARD)) if f"{n:04d}.npy" not in shards]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the workers share the cores already
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for name, digest in pool.imap_unordered(partial(_write_shard, folder, seed, look), missing):
            shards[name] = digest
            manifest["shards"] = dict(sorted(shards.items()))
            text = json.dumps(manifest, indent=1)
            (folder / f"{MANIFEST}.part").write_text(text, encoding="utf-8")
            (folder / f"{MANIFEST}.part").replace(folder / MANIFEST)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Generate training images.")
    parser.add_argument("--out", type=Path, required=True, help="cache folder")
    parser.add_argument("--images", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--look", choices=sorted(LOOKS), default="photo")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    fill(arguments.out, arguments.seed, arguments.look, arguments.images, arguments.workers)


if __name__ == "__main__":
    main()
