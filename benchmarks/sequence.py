"""A 1080p sequence to UHD: the whole product path over the bare engine for the same frames."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .figures import Figure, own_server

FRAMES = {"fast": 24, "fine": 5}
WIDTH, HEIGHT = 1920, 1080


def figures() -> Iterator[Figure]:
    import backlot
    from backlot import media

    with tempfile.TemporaryDirectory(prefix="backlot-bench-") as name:
        folder = Path(name)
        for number in range(1, max(FRAMES.values()) + 1):
            media.write(folder / f"plate.{number:04d}.exr", backlot.Frame(_plate(number)))
        with own_server(), backlot.connect() as studio:
            fast, note = _ratio(studio, folder, "fast")
            yield Figure("1080p to UHD sequence, fast / bare engine", fast[0] / fast[1], "x", 1.05,
                         note)  # fmt: skip
            yield Figure("1080p to UHD, fast network, a frame", fast[0], "s", 2.0)
            fine, note = _ratio(studio, folder, "fine")
            yield Figure("1080p to UHD sequence, fine / bare engine", fine[0] / fine[1], "x", 1.05,
                         note)  # fmt: skip


def _ratio(studio: Any, folder: Path, size: str) -> tuple[tuple[float, float], str]:
    """Seconds a frame of the product and of the bare engine before and after it."""
    import backlot

    options = {"scale": 2, "network": size}
    studio.run("upscale", source=backlot.Frame(_plate(0)), **options)  # load and warm up
    before = _bare_engine(f"clean-x2-{size}")
    source, out, frames = folder / "plate.####.exr", folder / size / "up.####.exr", FRAMES[size]
    start = time.perf_counter()
    studio.process("upscale", str(source), out=str(out), frames=f"1-{frames}", **options)
    product = (time.perf_counter() - start) / frames
    bare = (before + _bare_engine(f"clean-x2-{size}")) / 2
    return (product, bare), f"{product:.2f} s a frame, bare engine {bare:.2f} s"


def _plate(number: int) -> np.ndarray:
    """A moving picture with structure and grain, (HEIGHT, WIDTH, 3) half."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    waves = 0.5 + 0.4 * np.sin((x + 3 * number) / 23) * np.cos(y / 31)
    grain = np.random.default_rng(number).normal(0, 0.01, (HEIGHT, WIDTH, 3))
    return (waves[..., None] * (1.0, 0.8, 0.6) + grain).astype(np.float16)


def _bare_engine(name: str) -> float:
    """Seconds a frame for the network alone, on a whole float frame that is already encoded."""
    from backlot_server import models, networks

    network = networks.load(models.find(name))
    batch = np.ascontiguousarray(_plate(0).astype(np.float32).transpose(2, 0, 1)[None])
    network(batch)
    start = time.perf_counter()
    for _ in range(3):
        network(batch)
    return (time.perf_counter() - start) / 3
