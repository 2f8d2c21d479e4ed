"""Pictures of the panel at work, for the documentation.

    python -m tests.hosts.resolve.screenshots docs/images

Needs the panel and server extras and a display (Xvfb will do). Uses the demo project, a server of
its own, and ends both.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .demo import build
from .harness import API, Simulator


def main(target: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="br-"))
    os.environ.update(
        RESOLVE_SCRIPT_API=str(API),
        BACKLOT_RUNTIME=str(folder / "run"),
        BACKLOT_HOME=str(folder / "home"),
        BACKLOT_RESULTS=str(folder / "results"),
    )
    simulator = Simulator(folder)
    build(simulator)
    os.environ["BACKLOT_SIMULATOR"] = simulator.path
    target.mkdir(parents=True, exist_ok=True)
    try:
        _photograph(simulator, target)
    finally:
        from backlot import local

        simulator.close()
        local.stop()


def _photograph(simulator: Simulator, target: Path) -> None:
    from backlot_resolve.panel.style import dress
    from backlot_resolve.panel.window import Window
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    dress(app)
    window = Window()
    window.show()

    def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            app.processEvents()
            time.sleep(0.01)

    def snap(name: str) -> None:
        until(lambda: False, 0.6)
        window.grab().save(str(target / f"resolve-{name}.jpg"), quality=90)

    until(lambda: window.look and window.tool.spec)
    window.source.set_mode("all")
    window.source.list.setCurrentIndex(window.source.model.index(0))
    window.doing.preview()
    until(lambda: window.viewer.after is not None)
    snap("preview")
    _fill(window, until, snap)
    window.source.list.clearSelection()
    window.source.set_mode("marks")
    window.tool.place.setCurrentIndex(window.tool.place.findData("above"))
    window.doing.run()
    until(lambda: any(row["state"] == "running" for row in window.results.jobs.rows))
    snap("running")
    until(
        lambda: (
            window.results.jobs.rows
            and not any(
                row["state"] in ("queued", "plate", "running", "placing")
                for row in window.results.jobs.rows
            )
        )
    )
    window.results.setCurrentIndex(window.results.jobs.index(window.results.jobs.rowCount() - 1))
    until(lambda: window.viewer.after is not None)
    snap("results")
    simulator.do("resolve.open.clear()")
    window.refresh()
    until(lambda: "waiting" in window.banner.label.text())
    snap("waiting")
    simulator.do("resolve.open.set()")
    window.close()


def _fill(window, until, snap) -> None:  # type: ignore[no-untyped-def]
    """A drawn matte and what fill makes of it, where the server has the tool."""
    index = window.tool.choice.findData("fill")
    if index < 0:
        return
    window.tool.choice.setCurrentIndex(index)
    window.tool.matte.setCurrentIndex(window.tool.matte.findData("drawn"))
    window.tool.shapes[:] = [
        {"kind": "ellipse", "points": [[0.535, 0.73], [0.685, 0.86]]},
        {"kind": "brush", "radius": 0.05, "points": [[0.30, 0.83], [0.33, 0.88], [0.37, 0.84]]},
    ]
    window.viewer.drawn.emit()
    window.viewer.after = None
    window.doing.preview()
    until(lambda: window.viewer.after is not None)
    snap("fill")
    window.tool.choice.setCurrentIndex(window.tool.choice.findData("upscale"))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
