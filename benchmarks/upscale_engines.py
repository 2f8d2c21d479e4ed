"""What each network costs on two cores: engines beside PyTorch, then frames through the server.

Engines and PyTorch run the same network on the same picture by turns, 960x540, so that a busy
moment meets all of them; medians. PyTorch needs a Python that has it: BACKLOT_TORCH names one, else
that figure is left out. Frames are 1080p to UHD, half RGB; memory is the most that the worker held,
all libraries and both pictures included.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .figures import Figure, medians, own_server

CORES = 2
ROUNDS = 7
SIDES = (540, 960)
NETWORKS = ("clean-x2-fast", "clean-x2-fine")
LEAST = 2.0
WAYS: dict[str, dict[str, Any]] = {
    "fast": {"network": "fast"},
    "fine": {"network": "fine"},
    "compressed": {"network": "fast", "footage": "compressed"},
    "sinc": {"network": "sinc"},
    "fast steady": {"network": "fast", "steady": True},
}
MOST = {"fast": 2.0}
FRAMES = 6
"""Of each way; the first two are not counted."""


def figures() -> Iterator[Figure]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(cores)[-CORES:]))
    try:
        for name in NETWORKS:
            yield from engines(name)
        for way, values in WAYS.items():
            yield from frames(way, values)
    finally:
        os.sched_setaffinity(0, cores)


def engines(name: str) -> Iterator[Figure]:
    """Every engine that can run here, and the best of those that are faithful over PyTorch."""
    from backlot_server import models, networks, tuning

    card = models.find(name)
    batch = np.random.default_rng(0).random((1, 3, *SIDES), np.float32)
    loaded = {
        key: engine.load(card, str(models.verify(card)), CORES)
        for key, engine in networks.all_engines().items()
        if ".onnx" in engine.SUFFIXES and not engine.available()
    }
    tasks: dict[str, Callable[[], object]] = {
        key: (lambda run=run: run(batch)) for key, run in loaded.items()
    }
    with torch_run(card) as torch:
        if torch is not None:
            tasks["PyTorch"] = torch
        seconds = dict(zip(tasks, medians(*tasks.values(), rounds=ROUNDS), strict=True))
    exact = loaded[tuning.REFERENCE](batch).copy()
    errors = {key: tuning.error_of(run(batch), exact) for key, run in loaded.items()}
    for key, taken in seconds.items():
        note = f"error {errors[key]:.1e}" if key in errors else "plain, float32"
        yield Figure(f"{name}, 960x540, {key}", taken, "s", None, note)
    faithful = [key for key, error in errors.items() if error <= tuning.FAITHFUL]
    best = min(faithful, key=lambda key: seconds[key])
    if "PyTorch" in seconds:
        ratio = seconds["PyTorch"] / seconds[best]
        yield Figure(f"{name}, PyTorch / {best}", ratio, "x", None, f"median of {ROUNDS}", LEAST)


@contextmanager
def torch_run(card: Any) -> Iterator[Callable[[], object] | None]:
    """A function that runs a network once in PyTorch, in a child; None where there is no such."""
    python = os.environ.get("BACKLOT_TORCH", "")
    if not python:
        yield None
        return
    script = Path(__file__).with_name("torch_reference.py")
    weights = card.path.with_suffix(".safetensors")
    words = [str(weights), str(card.scale), str(CORES), *(str(side) for side in SIDES)]
    with subprocess.Popen(
        [python, str(script), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        said, told = child.stdout, child.stdin
        assert said is not None
        assert told is not None
        said.readline()

        def run() -> None:
            told.write("run\n")
            told.flush()
            said.readline()

        yield run
        told.close()


def frames(way: str, values: dict[str, Any]) -> Iterator[Figure]:
    """Seconds a frame through a server of its own, and what its worker held at most."""
    import backlot
    from backlot.errors import MissingFrame
    from backlot.events import Result

    rng = np.random.default_rng(0)
    large = np.kron(rng.random((144, 256, 3)), np.ones((8, 8, 1))).astype(np.float16)

    def read(_: str, number: int) -> backlot.Frame:
        if number not in range(FRAMES):
            raise MissingFrame(f"There is no frame {number}.")
        pixels = np.ascontiguousarray(large[:1080, 3 * number : 3 * number + 1920])
        return backlot.Frame(pixels, number=number)

    with own_server(), backlot.connect() as studio:
        params = {"scale": 2.0, **values}
        with studio.submit("upscale", list(range(FRAMES)), read, ["source"], params) as job:
            times = [time.perf_counter() for event in job if isinstance(event, Result)]
        held = _most_held()
    taken = [after - before for before, after in itertools.pairwise(times[1:])]
    note = f"median of {len(taken)}, {CORES} cores, load {os.getloadavg()[0]:.1f}; "
    note += f"the worker held {held / 2**30:.2f} GiB at most"
    what = f"1080p to UHD, {way}, a frame"
    yield Figure(what, statistics.median(taken), "s", MOST.get(way), note)


def _most_held() -> int:
    """Bytes of the largest resident set that a worker of this server has had."""
    import psutil

    from backlot import local

    endpoint = local.find()
    assert endpoint is not None
    found = [
        int(line.split()[1]) << 10
        for process in psutil.Process(endpoint.pid).children(recursive=True)
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    return max(found)
