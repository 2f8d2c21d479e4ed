"""The plugin's folder on the path where it is not installed, and a Resolve to talk to."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

_PLUGIN = str(Path(__file__).parents[2] / "plugins" / "resolve")
if _PLUGIN not in sys.path:
    sys.path.insert(0, _PLUGIN)

from tests.hosts.resolve.harness import API, Simulator, plate, scene  # noqa: E402


class Desk:
    """A simulated Resolve with a project open, and a connection to it."""

    def __init__(self, folder: Path, first: int, count: int, **profile: Any) -> None:
        from backlot_resolve import keep, render, scripting

        settings = profile.pop("settings", {})
        self.folder = folder
        self.simulator = Simulator(folder, **profile)
        self.pattern = plate(folder / "media", "plate", range(first, first + count))
        scene(self.simulator, self.pattern, first, count, **settings)
        self.do, self.fault, self.state = (
            self.simulator.do, self.simulator.fault, self.simulator.state,
        )  # fmt: skip
        self.before = self.state()
        self._connect: Callable[[], Any] = scripting.connect
        self.journal = keep.Journal(folder / "journal.json")
        self.notes: list[str] = []
        self.cancel = threading.Event()
        self.render = render

    def connect(self) -> Any:
        self.scripting = self._connect()
        return self.scripting

    @property
    def renderer(self) -> Any:
        return self.render.Renderer(self.scripting, self.journal, self.notes, self.cancel)

    def application(self) -> Any:
        import DaVinciResolveScript

        return DaVinciResolveScript.scriptapp("Resolve")

    def changed(self, state: dict[str, Any] | None = None) -> set[str]:
        """What differs from the start, our own bin left aside."""
        now = state or self.state()
        now["pool"]["folders"].pop("Backlot", None)
        return {name for name in now if now[name] != self.before[name]}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Desk]]:
    """Start a Resolve: desk(version="20.3", first=1001, settings={...}). Connected by default."""
    started: list[Desk] = []
    monkeypatch.setenv("RESOLVE_SCRIPT_API", str(API))
    modules = str(API / "Modules")
    monkeypatch.syspath_prepend(modules)

    def start(first: int = 1001, count: int = 30, connect: bool = True, **profile: Any) -> Desk:
        made = Desk(tmp_path, first, count, **profile)
        started.append(made)
        monkeypatch.setenv("BACKLOT_SIMULATOR", made.simulator.path)
        if connect:
            made.connect()
        return made

    yield start
    for made in started:
        made.simulator.close()
