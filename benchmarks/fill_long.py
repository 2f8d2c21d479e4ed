"""Fill over a hundred frames of 1920x1080: seconds a frame, and memory whatever the length.

Pan and dolly of the example shots, enlarged, forth and back until there are enough frames; each
with grain of its own, so that no two are the same. BACKLOT_SHOTS_ONLY as in fill_shots.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from . import shot_metrics as metrics
from .figures import Figure, own_server
from .fill_shots import FIRST, folders, write
from .memory import used

WIDTH, HEIGHT, COUNT = 1920, 1080, 100
SHOTS = ("pan", "dolly")
AT = 30
"""After so many frames all that a shot keeps is there."""


def figures() -> Iterator[Figure]:
    for folder in folders():
        if folder.name in SHOTS:
            yield from _long(metrics.Shot.load(folder))


def _long(shot: metrics.Shot) -> Iterator[Figure]:
    import backlot

    with tempfile.TemporaryDirectory(prefix="backlot-long-") as home, own_server():
        folder = Path(home)
        _enlarged(shot, folder)
        with backlot.connect() as studio:
            before = _worked()
            done, memory = _filled(studio, folder)
            worked = (_worked() - before) / len(done)
    steps = np.diff(done)
    middle = statistics.median(steps)
    each = (done[-1] - done[0]) / (len(done) - 1)
    note = f"median {middle:.1f}, slowest {max(steps):.0f}; the first after {done[0]:.0f} s"
    name = f"{WIDTH}x{HEIGHT}, {COUNT} frames of {shot.name}"
    yield Figure(f"{name}: seconds a frame", each, "s", 10.0, note)
    yield Figure(f"{name}: seconds of one core a frame", worked, "s")
    yield Figure(f"{name}: memory over idle, all of it", max(memory) / 1e9, "GB", 3.0)
    grown = max(memory) / max(memory[: len(memory) * AT // COUNT])
    yield Figure(f"{name}: memory, whole over the first {AT} frames", grown, "x", 1.15)


def _worked() -> float:
    """Seconds of processors that this process and the server have taken: the same on a busy
    machine."""
    own = psutil.Process()
    times = [each.cpu_times() for each in (own, *own.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def _enlarged(shot: metrics.Shot, folder: Path) -> None:
    import cv2

    turn = [*range(len(shot.plates)), *range(len(shot.plates) - 2, 0, -1)]
    for at in range(COUNT):
        plate, matte = shot.plates[turn[at % len(turn)]], shot.mattes[turn[at % len(turn)]]
        large = cv2.resize(plate, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        cover = cv2.resize(matte, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
        plates = [metrics.grained(large, at).astype(np.float16)]
        write(folder, plates, [cover], FIRST + at)


def _filled(studio: Any, folder: Path) -> tuple[list[float], list[float]]:
    """Seconds from the start to each finished frame; bytes over idle, sampled all along."""
    idle, memory, over = used(), list[float](), threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            memory.append(used() - idle)

    done: list[float] = []
    start = time.perf_counter()

    def note(update: Any) -> None:
        if update.kind == "frame":
            done.append(time.perf_counter() - start)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        studio.process(
            "fill",
            str(folder / "plate.####.exr"),
            str(folder / "out" / "fill.####.exr"),
            matte=str(folder / "matte.####.exr"),
            grow=3,
            progress=note,
        )
    finally:
        over.set()
        watcher.join()
    return done, memory
