"""A 1080p sequence to UHD: the whole product path over the bare engine for the same frames."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .figures import Figure, own_server

FRAMES = 12
WIDTH, HEIGHT = 1920, 1080


def figures() -> Iterator[Figure]:
    import backlot
    from backlot import media

    with tempfile.TemporaryDirectory(prefix="backlot-bench-") as name:
        folder = Path(name)
        for number in range(1, FRAMES + 1):
            media.write(folder / f"plate.{number:04d}.exr", backlot.Frame(_plate(number)))
        with own_server(), backlot.connect() as studio:
            studio.run("upscale", source=backlot.Frame(_plate(0)), scale=2)  # load and warm up
            bare = _bare_engine()
            start = time.perf_counter()
            studio.process(
                "upscale", str(folder / "plate.####.exr"), out=str(folder / "up.####.exr"), scale=2
            )
            product = (time.perf_counter() - start) / FRAMES
            bare = (bare + _bare_engine()) / 2
    note = f"{product:.2f} s a frame, bare engine {bare:.2f} s"
    yield Figure("1080p to UHD sequence / bare engine", product / bare, "x", 1.10, note)
    yield Figure("1080p to UHD, fast network, a frame", product, "s", 2.0)


def _plate(number: int) -> np.ndarray:
    """A moving picture with structure and grain, (HEIGHT, WIDTH, 3) half."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    waves = 0.5 + 0.4 * np.sin((x + 3 * number) / 23) * np.cos(y / 31)
    grain = np.random.default_rng(number).normal(0, 0.01, (HEIGHT, WIDTH, 3))
    return (waves[..., None] * (1.0, 0.8, 0.6) + grain).astype(np.float16)


def _bare_engine() -> float:
    """Seconds a frame for the network alone, on a whole float frame that is already encoded."""
    from backlot_server import models, networks

    network = networks.load(models.find("clean-x2-fast"))
    batch = np.ascontiguousarray(_plate(0).astype(np.float32).transpose(2, 0, 1)[None])
    network(batch)
    start = time.perf_counter()
    for _ in range(3):
        network(batch)
    return (time.perf_counter() - start) / 3
