"""Upscaled pictures against their originals, by the standard protocol (training/score.py).

Ours by the product's own way: the reduced picture as PNG, `backlot upscale`, PNG; what the network
alone gets, without files and colour management, is in the note. Beside it bicubic, Lanczos, and
those that `peers` finds. Pictures: scikit-image's photographs, generated images that no network
saw, and a folder that BACKLOT_TEST_SETS names, with a folder for each set. Set5 and Urban100 have
bounds; they are for acceptance: nothing was trained on them or chosen by them. Urban100's files at
half size (SRF_2/HR of some archives) give other figures.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from training import generate, resample, score
from training.card import jpeg75

from . import peers
from .figures import Figure, own_server

GENERATED_SEED, GENERATED = 1, 12
WAYS = {
    "fast": {"network": "fast"},
    "fine": {"network": "fine"},
    "compressed": {"network": "fast", "footage": "compressed"},
    "sinc": {"network": "sinc"},
}
MUST = {
    ("Set5", 2): {"fast": 37.2, "fine": 37.5},
    ("Urban100", 2): {"fast": 30.0, "fine": 30.9},
    ("Set5", 4): {"fast": 30.9, "fine": 31.4},
}
PUBLISHED = {
    ("Set5", 2): "published: FSRCNN 37.00, CARN-M 37.53, IMDN 38.00",
    ("Urban100", 2): "published: FSRCNN 29.88, CARN-M 31.23, IMDN 32.17",
    ("Set5", 4): "published: FSRCNN 30.71, CARN-M 31.92, IMDN 32.21",
}
"""Trained on photographs."""

Pictures = dict[str, score.Image]


def figures() -> Iterator[Figure]:
    import backlot

    with own_server(), backlot.connect() as studio:
        for name, pictures in sets().items():
            for scale in (2, 4):
                yield from _set(studio, name, pictures, scale)
                yield from _set(studio, name, pictures, scale, jpeg75)


def sets() -> dict[str, Pictures]:
    """Pictures by set and name, (height, width, 3) uint8."""
    drawn = generate.images(GENERATED_SEED, 0, GENERATED)
    found: dict[str, Pictures] = {
        "photographs": score.photographs(),
        "generated": {str(number): picture for number, picture in enumerate(drawn)},
    }
    given = os.environ.get("BACKLOT_TEST_SETS", "")
    for folder in sorted(path for path in Path(given).iterdir() if path.is_dir()) if given else ():
        found[folder.name] = score.folder(folder)
    return found


def _set(
    studio: Any, name: str, pictures: Pictures, scale: int, spoil: Any = None
) -> Iterator[Figure]:
    """One set at one scale by all that can do it."""
    spoilt = " of JPEG 75" if spoil else ""
    cubic = peers.interpolation(scale, resample.bicubic)
    sinc = peers.interpolation(scale, resample.lanczos3)
    others = {"bicubic": cubic, "Lanczos": sinc, **peers.found(scale)}
    ways = {key: _rounded(upscale) for key, upscale in others.items()}
    ways |= {key: _ours(studio, scale, values) for key, values in WAYS.items()}
    for way, upscale in ways.items():
        start = time.perf_counter()
        scores = [score.score(upscale, picture, scale, spoil) for picture in pictures.values()]
        psnr, ssim = np.mean(scores, axis=0)
        took = (time.perf_counter() - start) / len(scores)
        note = f"SSIM {ssim:.4f}, {took:.2f} s a picture"
        note += _alone(way, pictures, scale, spoil) if way in WAYS else ""
        must = None if spoil else MUST.get((name, scale), {}).get(way)
        if must:
            note += "; " + PUBLISHED[name, scale]
        yield Figure(f"{name} x{scale}{spoilt}, {way}", float(psnr), "dB", None, note, must)


def _rounded(upscale: peers.Upscale) -> score.Upscale:
    return lambda picture: score.to_uint8(upscale(picture.astype(np.float64)))


def _ours(studio: Any, scale: int, values: dict[str, Any]) -> score.Upscale:
    """From file to file by the server."""
    from skimage.io import imread, imsave

    def upscale(picture: score.Image) -> score.Image:
        with tempfile.TemporaryDirectory(prefix="backlot-bench-") as folder:
            small, large = Path(folder, "small.png"), Path(folder, "large.png")
            imsave(small, picture, check_contrast=False)
            studio.process("upscale", str(small), out=str(large), scale=float(scale), **values)
            return np.ascontiguousarray(imread(large)[..., :3])

    return upscale


def _alone(way: str, pictures: Pictures, scale: int, spoil: Any) -> str:
    """What the network gets by itself, for the note; "" where there is none."""
    from backlot_server import networks

    values = {"network": "sinc", "footage": "clean", **WAYS[way]}
    card = networks.family(values).get(scale)
    if card is None:
        return ""
    upscale, _ = score.network(card.path)
    scores = [score.score(upscale, picture, scale, spoil) for picture in pictures.values()]
    psnr, ssim = np.mean(scores, axis=0)
    return f"; network alone {psnr:.2f} / {ssim:.4f}"
