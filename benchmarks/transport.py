"""What a UHD frame costs on its way to the server and back, over one warm memory copy."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .figures import Figure, medians, own_server, percentile

if TYPE_CHECKING:
    import backlot

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
            """Into an array of the caller's own."""
            studio.run("passthrough", source=frame, out=result)

        def lent(studio: backlot.Studio) -> None:
            """The result where it lies, in memory that the server lends."""
            studio.run("passthrough", source=frame)

        copying, sharing = medians(lambda: np.copyto(copy, source), lambda: by(shared), rounds=30)
        once_more, lending = medians(
            lambda: np.copyto(copy, source), lambda: lent(shared), rounds=30
        )
        again, streaming = medians(lambda: np.copyto(copy, source), lambda: by(stream), rounds=9)
        if not np.array_equal(result.view(np.uint16), source.view(np.uint16)):
            raise AssertionError("pass-through changed pixels")
        note = f"copy {copying * 1e3:.1f} ms"
        yield Figure("UHD RGBA half, one call, shared memory / copy", sharing / copying, "x", 4.0,
                     f"{note}, into an array of the caller's own")  # fmt: skip
        yield Figure("the same, the result where it lies / copy", lending / once_more, "x", 4.0,
                     note)  # fmt: skip
        yield Figure("the same, a frame of a job / copy", _in_a_job(shared, frame) / copying, "x",
                     4.0, note)  # fmt: skip
        yield Figure("UHD RGBA half, one call, chunk stream / copy", streaming / again, "x", 40.0,
                     note)  # fmt: skip
        yield from _hello(shared, stream, frame)


def _in_a_job(studio: backlot.Studio, frame: backlot.Frame) -> float:
    """The median seconds from one result to the next, in a job of 40 frames."""
    from backlot.events import Result

    came = []
    with studio.submit("passthrough", range(40), lambda *_: frame, ["source"], {}) as job:
        for event in job:
            if isinstance(event, Result):
                came.append(time.perf_counter())
    return statistics.median(b - a for a, b in itertools.pairwise(came[4:]))


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
