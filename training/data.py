"""Training patches from the generator's cache, and from nothing else.

The cache is trusted only if its manifest carries the hash of the generator as it is now, and every
shard the hash its manifest gives: a picture from elsewhere cannot get in unnoticed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import generate, resample
from training.degrade import degrade
from training.recipes import Recipe

_FLATTEST = 6.0
_TRIES = 4


class ForeignDataError(Exception):
    """The cache holds something that this generator did not make."""


def open_cache(folder: Path, images: int) -> list[NDArray[np.uint8]]:
    """The shards (100, 384, 384, 3) that hold the first ``images`` images, memory-mapped.

    Raises ForeignDataError if the cache is not this generator's own, or lacks images.
    """
    manifest = generate.read_manifest(folder)
    if manifest["generator"] != generate.generator_hash():
        raise ForeignDataError(
            f"{folder} was not made by this generator: delete it, it is made again"
        )
    shards = []
    for number in range(-(-images // generate.SHARD)):
        path = folder / f"{number:04d}.npy"
        if path.name not in manifest["shards"]:
            raise ForeignDataError(f"{path} is not in the manifest: run training.generate")
        if generate.file_hash(path) != manifest["shards"][path.name]:
            raise ForeignDataError(f"{path} is not what the generator wrote: delete the cache")
        shards.append(np.load(path, mmap_mode="r", allow_pickle=False))
    return shards


def reduce(image: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """An image (H, W, 3), sides divisible by scale, reduced as the protocol does (bicubic)."""
    h, w = image.shape[:2]
    small = resample.apply(
        image.astype(np.float32),
        resample.bicubic(h, h // scale).astype(np.float32),
        resample.bicubic(w, w // scale).astype(np.float32),
    )
    return np.clip(np.round(small), 0, 255).astype(np.uint8)


class Patches:
    """Endless batches of pairs; their order depends on the recipe's seed alone.

    ``cache`` has a folder for each look.
    """

    def __init__(self, recipe: Recipe, cache: Path) -> None:
        self._recipe = recipe
        self._high = [open_cache(cache / look, recipe.images) for look in recipe.looks]
        self._low = [
            [np.stack([reduce(i, recipe.scale) for i in shard]) for shard in shards]
            for shards in self._high
        ]
        self.rng = np.random.default_rng(recipe.seed)

    def batch(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Low (B, 3, P, P) and high (B, 3, S * P, S * P) patches, 0..1, display-encoded."""
        pairs = [self._pair() for _ in range(self._recipe.batch)]
        low, high = (np.stack(side) for side in zip(*pairs, strict=True))
        return low / np.float32(255), high / np.float32(255)

    def _pair(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rng, scale, side = self.rng, self._recipe.scale, self._recipe.patch
        images = self._recipe.images
        for _ in range(_TRIES):
            look, i = divmod(int(rng.integers(images * len(self._high))), images)
            shard, i = divmod(i, generate.SHARD)
            y, x = rng.integers(0, generate.SIZE // scale - side + 1, 2)
            low = self._low[look][shard][i, y : y + side, x : x + side]
            if low[..., 1].std() >= _FLATTEST:
                break
        y, x, big = y * scale, x * scale, side * scale
        high = self._high[look][shard][i, y : y + big, x : x + big]
        low, high = (a.transpose(2, 0, 1).astype(np.float32) for a in (low, high))
        turns, mirror = int(rng.integers(4)), rng.random() < 0.5
        channels = rng.permutation(3) if rng.random() < 0.5 else np.arange(3)
        low, high = (np.rot90(a[channels], turns, (1, 2)) for a in (low, high))
        if mirror:
            low, high = low[:, :, ::-1], high[:, :, ::-1]
        if self._recipe.source == "compressed":
            low = degrade(rng, np.ascontiguousarray(low))
        return low, high
