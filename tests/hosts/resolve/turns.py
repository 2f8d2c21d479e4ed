"""How long the panel's event loop is held, turn by turn: a 300-clip timeline, worked with.

    python -m tests.hosts.resolve.turns            # Xvfb or offscreen will do

Prints, for each thing that a person does, the longest turn in wall and in processor time. Wall time
says what a person feels on this machine now, processor time what the panel itself cost.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .harness import API, Simulator, plate, scene

CLIPS, RESULTS = 300, 150


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="br-"))
    os.environ.update(
        RESOLVE_SCRIPT_API=str(API),
        BACKLOT_RUNTIME=str(folder / "run"),
        BACKLOT_HOME=str(folder / "home"),
        BACKLOT_RESULTS=str(folder / "results"),
    )
    simulator = Simulator(folder)
    scene(simulator, plate(folder / "media", "plate", range(1001, 1031)), 1001, 30)
    simulator.do(f"""
timeline.tracks[0].items[:] = [
    TimelineItem(resolve, timeline, source, start + 20 * n, 10, 2) for n in range({CLIPS})]""")
    os.environ["BACKLOT_SIMULATOR"] = simulator.path
    try:
        _measure(folder)
    finally:
        from backlot import local

        simulator.close()
        local.stop()


class Turns:
    """Longest turns, by what was done."""

    def __init__(self, app) -> None:  # type: ignore[no-untyped-def]
        self.app = app
        self.found: dict[str, tuple[float, float]] = {}

    def until(self, what: str, done: Callable[[], object], seconds: float = 90.0) -> None:
        wall, cpu = self.found.get(what, (0.0, 0.0))
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            w, c = time.perf_counter(), time.thread_time()
            self.app.processEvents()
            wall = max(wall, time.perf_counter() - w)
            cpu = max(cpu, time.thread_time() - c)
            self.found[what] = wall, cpu
            time.sleep(0.002)

    def do(self, what: str, action: Callable[[], object], seconds: float = 0.4) -> None:
        """An action, and what it sets off for a while."""
        w, c = time.perf_counter(), time.thread_time()
        action()
        spent = time.perf_counter() - w, time.thread_time() - c
        end = time.monotonic() + seconds
        self.until(what, lambda: time.monotonic() > end)
        self.found[what] = tuple(map(max, spent, self.found[what]))  # type: ignore[assignment]


def _measure(folder: Path) -> None:
    from backlot_resolve.panel.style import dress
    from backlot_resolve.panel.window import Window
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    dress(app)
    turns = Turns(app)
    began = time.perf_counter()
    window = Window()
    window.show()
    app.processEvents()
    turns.found["start (once)"] = (time.perf_counter() - began, 0.0)
    turns.until("timeline and tools are read", lambda: window.look and window.tool.spec)
    turns.do("all 300 clips shown", lambda: window.source.set_mode("all"))
    bar = window.source.list.verticalScrollBar()
    for part in range(1, 21):
        turns.do("scrolling", lambda p=part: bar.setValue(bar.maximum() * p // 20), 0.05)
    turns.do("read again", window.refresh, 1.5)
    turns.do("all clips selected", window.source.list.selectAll)
    jobs = [_job(n) for n in range(RESULTS)]
    turns.do("150 results listed", lambda: window.results.jobs.reset(jobs))
    for n in range(30):
        job = _job(0) | {"state": "running", "fraction": n / 30, "left": 9.0}
        turns.do("progress of a job", lambda j=job: window.results.jobs.put(j), 0.02)
    pictures = _pictures(folder)
    turns.do("a preview of 1920x1080 shown", lambda: window.viewer.show_frames(*pictures))
    window.tool.choice.setCurrentIndex(max(0, window.tool.choice.findData("fill")))
    window.tool.matte.setCurrentIndex(window.tool.matte.findData("drawn"))
    turns.until("the tool changed", lambda: False, 0.4)
    window.tool.shapes[:] = _strokes()
    turns.do("12 brush strokes painted", window.viewer.drawn.emit)
    for n in range(20):
        window.viewer.split = n / 20
        turns.do("wipe over strokes", window.viewer.update, 0.03)
    for what, (wall, cpu) in turns.found.items():
        print(f"{what:34} {wall * 1e3:7.1f} ms wall {cpu * 1e3:7.1f} ms cpu")
    sys.stdout.flush()
    window.close()


def _job(number: int) -> dict[str, object]:
    return {
        "id": str(number), "state": "done", "clip": f"A{number:03d}_C001.exr",
        "label": "Fill v001", "engine": "", "notes": [], "folder": "", "hint": "", "sentence": "",
        "frames": 10, "seconds": 4.0, "place": "take", "pattern": "", "asked": {},
    }  # fmt: skip


def _pictures(folder: Path) -> tuple[str, str]:
    import numpy as np
    from backlot_resolve import images

    noise = np.random.default_rng(1).integers(0, 255, (1080, 1920, 3), np.uint8)
    for name in ("one.png", "two.png"):
        images.write(folder / name, noise, "uint8")
    return str(folder / "one.png"), str(folder / "two.png")


def _strokes() -> list[dict[str, object]]:
    import math

    return [
        {"kind": "brush", "radius": 0.03, "erase": n % 4 == 3, "points": [
            [0.5 + 0.03 * n * math.cos(t / 12), 0.5 + 0.03 * n * math.sin(t / 12)]
            for t in range(150)]}
        for n in range(1, 13)
    ]  # fmt: skip


if __name__ == "__main__":
    main()
    os._exit(0)
