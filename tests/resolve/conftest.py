"""The plugin's folder on the path where it is not installed, and a Resolve to talk to."""

from __future__ import annotations

import os
import sys
import threading
import time
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


@pytest.fixture(scope="session")
def _application():
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    pytest.importorskip(
        "PySide6.QtWidgets", reason="pip install 'backlot[panel]'", exc_type=ImportError
    )
    from backlot_resolve.panel.style import dress
    from PySide6.QtWidgets import QApplication

    made = QApplication.instance() or QApplication([])
    dress(made)
    return made


@pytest.fixture
def app(_application):
    """Widgets end with their test, in the thread they were made in: threads of other tests may
    collect garbage, and a widget destroyed there with a timer running ends the process."""
    import shiboken6

    yield _application
    for widget in _application.topLevelWidgets():
        if shiboken6.isValid(widget) and widget.parent() is None:
            shiboken6.delete(widget)


def until(app, condition, seconds=20.0, seen=None):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, seen or "it did not happen"
        app.processEvents()
        time.sleep(0.005)


@pytest.fixture
def panel(app, desk, tmp_path, monkeypatch):
    """A window beside a simulated Resolve, with a server of its own where a test asks for one."""
    from backlot_resolve.panel.window import Window

    windows = []
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BACKLOT_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("BACKLOT_RUNTIME", str(tmp_path / "none"))

    def start(server=None, **profile):
        made = desk(connect=False, **profile)
        if server is not None:
            monkeypatch.setenv("BACKLOT_RUNTIME", str(server.folder))
        window = Window()
        windows.append(window)
        window.show()
        window.activateWindow()  # on a screen without a window manager nothing else does
        until(app, window.isActiveWindow)
        until(app, lambda: window.look)
        if server is not None:
            until(app, lambda: window.tool.spec)
        return made, window

    monkeypatch.setattr(Window, "_ask_tools", _ask_tools_if_served(Window._ask_tools))
    yield start
    for window in windows:
        window.close()


def _ask_tools_if_served(original):
    def ask(self):
        if not os.environ["BACKLOT_RUNTIME"].endswith("none"):
            original(self)

    return ask


@pytest.fixture
def talk(desk, tmp_path, monkeypatch, shared_server):
    from .talks import Talk

    made = []
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BACKLOT_RUNTIME", str(shared_server.folder))

    def start(**profile):
        d = desk(**profile)
        spoken = Talk(tmp_path / "results")
        made.append(spoken)
        spoken.look = spoken.ask("look")
        return d, spoken

    yield start
    for spoken in made:
        spoken.companion.close()
