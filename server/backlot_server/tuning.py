"""Which engine is fastest on this machine: measured once, kept in a file that people can read."""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from backlot.errors import BacklotError, CannotWrite

from .engines import Engine, Network, Tensor
from .models import Card, home, verify

FAITHFUL = 2.0**-12
"""The error up to which an engine is chosen by itself: root mean square over the largest value.

Half's own rounding step near white is 2**-11.
"""

REFERENCE = "onnx"
_SIDE = 512
_ROUNDS = 5


@dataclass(frozen=True)
class Timing:
    """One network on one engine. seconds: for a megapixel of input; error: see `FAITHFUL`.

    problem: why it could not be measured, then the others are 0.
    """

    engine: str
    seconds: float = 0.0
    error: float = 0.0
    problem: str = ""


def file() -> Path:
    """Where measurements are kept."""
    return home() / "engines.json"


def tune(
    cards: Mapping[str, Card],
    engines: Mapping[str, Engine],
    report: Callable[[str, Timing], None] = lambda name, timing: None,
) -> dict[str, list[Timing]]:
    """Measure networks on all engines that can run here, and keep the result for `tuned`.

    Args: report is called with a network's name and each of its timings.
    Returns: timings by network, fastest first, those with a problem last.
    Raises: CannotWrite.
    """
    found: dict[str, list[Timing]] = {}
    for name, card in cards.items():
        fitting = {
            key: engine
            for key, engine in engines.items()
            if card.path.suffix.lower() in engine.SUFFIXES and not engine.available()
        }
        found[name] = _measure(card, fitting)
        for timing in found[name]:
            report(name, timing)
    _write(cards, found)
    return found


def tuned(card: Card) -> str:
    """The fastest faithful engine measured on this machine for a network; "" when not measured."""
    try:
        changed = file().stat().st_mtime_ns
    except OSError:
        return ""
    return _read(file(), changed).get(card.sha256, "")


def _measure(card: Card, engines: Mapping[str, Engine]) -> list[Timing]:
    batch = probe(card, _SIDE)
    height, width = batch.shape[2:]
    loaded: dict[str, Network] = {}
    timings = []
    for name, engine in engines.items():
        try:
            loaded[name] = engine.load(card, str(verify(card)))
            loaded[name](batch)
        except BacklotError as error:
            loaded.pop(name, None)
            timings.append(Timing(name, problem=error.sentence))
    seconds: dict[str, list[float]] = {name: [] for name in loaded}
    for _ in range(_ROUNDS):  # by turns, so that a busy moment meets all of them
        for name, network in loaded.items():
            start = time.perf_counter()
            network(batch)
            seconds[name].append(time.perf_counter() - start)
    exact = loaded[REFERENCE](batch).copy() if REFERENCE in loaded else None
    measured = [
        Timing(
            name,
            round(statistics.median(seconds[name]) / (height * width) * 1e6, 4),
            0.0 if exact is None else error_of(network(batch), exact),
        )
        for name, network in loaded.items()
    ]
    return sorted(measured, key=lambda timing: timing.seconds) + timings


def probe(card: Card, side: int) -> Tensor:
    """A picture with shapes, a ramp and some grain, from 0 to about 1, for a network to work on."""
    height, width = card.fixed or (side, side)
    y, x = np.mgrid[:height, :width]
    plane = np.where((x // 12 + y // 17) % 3 == 0, 0.8, 0.2 + 0.5 * x / width)
    planes = np.stack([plane * (1 - 0.2 * c) for c in range(card.channels)])[None]
    grain = np.random.default_rng(0).normal(0, 0.02, planes.shape)
    made: Tensor = np.abs(planes + grain).astype(np.float32)
    return made


def error_of(made: Tensor, exact: Tensor) -> float:
    """Root mean square of the difference over the largest value."""
    return float(np.sqrt(np.mean((made - exact) ** 2)) / max(float(np.abs(exact).max()), 1e-9))


def _machine() -> str:
    return f"{platform.node()}, {platform.machine()}, {os.cpu_count()} threads"


def _write(cards: Mapping[str, Card], found: Mapping[str, list[Timing]]) -> None:
    networks = _kept(file())
    for name, timings in found.items():
        good = [t for t in timings if not t.problem and t.error <= FAITHFUL]
        networks[cards[name].sha256] = {
            "name": name,
            "engine": good[0].engine if good else "",
            "timings": [asdict(timing) for timing in timings],
        }
    text = json.dumps({"machine": _machine(), "networks": networks}, indent=2)
    try:
        file().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file().parent, delete=False) as made:
            made.write(text + "\n")
        os.replace(made.name, file())
    except OSError as error:
        raise CannotWrite(
            "The measurements cannot be kept.", "Make the settings folder writable."
        ) from error


def _kept(path: Path) -> dict[str, dict[str, Any]]:
    """What was measured, by the SHA-256 of weights; nothing when on another machine."""
    try:
        kept: dict[str, Any] = json.loads(path.read_text())
        if kept["machine"] != _machine():
            return {}
        return {str(sha256): dict(entry) for sha256, entry in kept["networks"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> dict[str, str]:
    """Chosen engines by the SHA-256 of weights, as of a state of the file."""
    return {sha256: str(entry.get("engine", "")) for sha256, entry in _kept(path).items()}
