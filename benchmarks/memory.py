"""Peak memory of client and server together for an 8K frame, over its input and output."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import numpy as np
import psutil

from .figures import Figure, own_server

WIDTH, HEIGHT = 8192, 4320


def figures() -> Iterator[Figure]:
    import backlot

    with own_server(), backlot.connect() as studio:
        small = backlot.Frame(np.zeros((64, 64, 4), np.float16))
        studio.run("upscale", source=small, scale=2)  # load the network
        idle = used()
        source = np.full((HEIGHT, WIDTH, 4), 0.18, np.float16)
        peak, over = [0.0], threading.Event()

        def watch() -> None:
            while not over.wait(0.05):
                peak[0] = max(peak[0], used())

        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.perf_counter()
        result = studio.run("upscale", source=backlot.Frame(source), scale=2)
        over.set()
        watcher.join()
        moved = source.nbytes + result.pixels.nbytes
    seconds = time.perf_counter() - start
    note = f"{(peak[0] - idle) / 1e9:.2f} GB over idle for {moved / 1e9:.2f} GB, {seconds:.0f} s"
    yield Figure("8192x4320 RGBA half to 2x: memory / (in + out)", (peak[0] - idle) / moved, "x",
                 3.0, note)  # fmt: skip


def used() -> float:
    """Bytes of this process and all below it, each shared page counted once (PSS)."""
    from backlot import local

    endpoint = local.find()
    roots = [psutil.Process(os.getpid())]
    if endpoint is not None:
        roots.append(psutil.Process(endpoint.pid))
    total = 0
    # A server that this process started is below it and named by its endpoint too.
    for process in {each for root in roots for each in (root, *root.children(recursive=True))}:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return float(total)
