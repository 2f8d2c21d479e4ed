"""What every benchmark shares: a figure with its bound, a server of its own, a clock."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure. bound: what it must stay at or below; least: at or above."""

    what: str
    value: float
    unit: str
    bound: float | None = None
    note: str = ""
    least: float | None = None

    @property
    def held(self) -> bool | None:
        if self.bound is None and self.least is None:
            return None
        return (self.bound is None or self.value <= self.bound) and (
            self.least is None or self.value >= self.least
        )

    @property
    def needed(self) -> str:
        """The bound in words: "<= 4 x"."""
        if self.least is not None and self.bound is not None:
            return f"{self.least:g} to {self.bound:g} {self.unit}"
        if self.least is not None:
            return f">= {self.least:g} {self.unit}"
        return "" if self.bound is None else f"<= {self.bound:g} {self.unit}"


@contextmanager
def own_server(idle: float = 0.0) -> Iterator[str]:
    """A server for this benchmark alone, gone afterwards. Yields its runtime folder."""
    from backlot import local

    before = os.environ.get("BACKLOT_RUNTIME")
    with tempfile.TemporaryDirectory(prefix="backlot-bench-") as folder:
        os.chmod(folder, 0o700)
        os.environ["BACKLOT_RUNTIME"] = folder
        try:
            local.start(idle=idle)
            yield folder
        finally:
            local.stop()
            if before is None:
                del os.environ["BACKLOT_RUNTIME"]
            else:
                os.environ["BACKLOT_RUNTIME"] = before


def medians(*tasks: Callable[[], object], rounds: int = 15) -> list[float]:
    """The median seconds of each task, all tasks in turn in every round, after two warm-ups."""
    taken: list[list[float]] = [[] for _ in tasks]
    for turn in range(rounds + 2):
        for task, times in zip(tasks, taken, strict=True):
            start = time.perf_counter()
            task()
            if turn >= 2:
                times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in taken]


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
