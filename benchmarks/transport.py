"""What a UHD frame costs on its way to the server and back, over one warm memory copy."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np

from .figures import Figure, medians, own_server, percentile

UHD = (2160, 3840, 4)


def figures() -> Iterator[Figure]:
    import backlot

    source = np.random.default_rng(1).random(UHD, np.float32).astype(np.float16)
    copy = np.empty_like(source)
    result = np.empty_like(source)
    frame = backlot.Frame(source)
    with (
        own_server(),
        backlot.connect(transport="shared") as shared,
        backlot.connect(transport="stream") as stream,
    ):

        def by(studio: backlot.Studio) -> None:
            studio.run("passthrough", source=frame, out=result)

        copying, sharing, streaming = medians(
            lambda: np.copyto(copy, source), lambda: by(shared), lambda: by(stream)
        )
        if not np.array_equal(result.view(np.uint16), source.view(np.uint16)):
            raise AssertionError("pass-through changed pixels")
        note = f"copy {copying * 1e3:.1f} ms"
        yield Figure("UHD RGBA half, shared memory / copy", sharing / copying, "x", 4.0, note)
        yield Figure("UHD RGBA half, chunk stream / copy", streaming / copying, "x", 40.0, note)
        yield from _hello(shared, stream, frame)


def _hello(shared: object, stream: object, frame: object) -> Iterator[Figure]:
    """How long a small call takes while frames travel both ways."""
    for name, studio in (("shared memory", shared), ("chunk stream", stream)):
        over = threading.Event()

        def travel(studio: object = studio, over: threading.Event = over) -> None:
            while not over.is_set():
                studio.run("passthrough", source=frame)  # type: ignore[attr-defined]

        thread = threading.Thread(target=travel)
        thread.start()
        waited = []
        try:
            for _ in range(1000):
                start = time.perf_counter()
                studio.greet()  # type: ignore[attr-defined]
                waited.append(time.perf_counter() - start)
                time.sleep(0.002)
        finally:
            over.set()
            thread.join()
        note = f"median {percentile(waited, 0.5) * 1e3:.1f} ms"
        value = percentile(waited, 0.99) * 1e3
        yield Figure(f"Hello p99 while frames travel by {name}", value, "ms", 10.0, note)
