"""The window: source on the left, preview and jobs in the middle, tool on the right."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from .. import colour
from . import style, viewer
from .actions import Actions
from .banner import Banner
from .drawing import Drawing
from .link import Link
from .memory import Memory
from .results import Results
from .source import Source
from .tool import Tool

_TOOL_WIDTH = 320
_FOLLOW = 1500
"""Milliseconds between looks at the playhead, while the panel is in front."""


class Window(QMainWindow):
    """Everything on screen. `link` is what it knows of the world."""

    def __init__(self, link: Link | None = None, memory: Memory | None = None) -> None:
        super().__init__()
        self.setWindowTitle("Backlot")
        self.setMinimumSize(960, 620)
        self.memory = memory or Memory()
        self.link = link or Link(self)
        self.look: dict[str, Any] = {}
        self._asking = False
        self.source, self.viewer, self.tool = Source(), viewer.Viewer(), Tool(self.memory)
        self.viewer.shapes = self.tool.shapes
        self.drawing, self.results = Drawing(self.viewer), Results(self.link)
        self.doing = Actions(self.link, self.source, self.tool, self.viewer)
        self.banner = Banner()
        self._build()
        self._connect()
        self._shortcuts()
        self._restore()
        self.source.list.setFocus()
        self.link.start()
        self.refresh()
        self._ask_tools()

    # ---- building -------------------------------------------------------------------------

    def _build(self) -> None:
        self.where = QLabel("Looking for Resolve")
        self.where.setObjectName("title")
        self.dot = QLabel("●")
        self.machine = QLabel("")
        self.machine.setObjectName("dim")
        again = QToolButton()
        again.setText("Refresh")
        again.setToolTip("Read the timeline again (R)")
        again.clicked.connect(self.refresh)
        top = QHBoxLayout()
        top.setContentsMargins(4, 0, 4, 0)
        top.setSpacing(8)
        self.version = QLabel("")
        self.version.setObjectName("dim")
        self.pin = QToolButton()
        self.pin.setText("On top")
        self.pin.setCheckable(True)
        self.pin.setToolTip("Stay in front of Resolve")
        self.pin.toggled.connect(self._pinned)
        for label in (self.dot, self.where, self.version):
            top.addWidget(label)
        top.addStretch(1)
        top.addWidget(self.machine)
        top.addWidget(self.pin)
        top.addWidget(again)
        left = _pane("Source", self.source)
        right = _pane("Tool", self.tool, self.doing)
        middle = QSplitter(Qt.Orientation.Vertical)
        middle.setChildrenCollapsible(False)
        middle.addWidget(_pane("Preview", self.viewer, head=self.drawing))
        middle.addWidget(_pane("Jobs and results", self.results, head=self.results.bar))
        middle.setSizes([430, 240])
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        self.columns.setChildrenCollapsible(False)
        for pane in (left, middle, right):
            self.columns.addWidget(pane)
        right.setMinimumWidth(_TOOL_WIDTH)
        self.columns.setSizes([270, 660, 340])
        self.columns.setStretchFactor(1, 1)
        self.rows = middle
        ground = QWidget()
        column = QVBoxLayout(ground)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.banner)
        column.addWidget(self.columns, 1)
        self.setCentralWidget(ground)

    def _connect(self) -> None:
        self.results.said.connect(self._said)
        self.results.compared.connect(self._compared)
        self.results.again.connect(self._load)
        self.link.failed.connect(self._failed)
        self.link.waiting.connect(self._waiting)
        self.source.chosen.connect(self.doing.chosen)
        self.tool.changed.connect(self.doing.chosen)
        self.tool.matte_wanted.connect(self.drawing.allow)
        self.tool.library_wanted.connect(self._ask_characters)
        self.tool.character_made.connect(self._new_character)
        self.tool.reference_wanted.connect(self.doing.add_reference)
        self.doing.referenced.connect(self._characters)
        self.viewer.drawn.connect(self.doing.chosen)
        self.doing.said.connect(self._said)
        self._follow_timer = QTimer(self, interval=_FOLLOW)
        self._follow_timer.timeout.connect(self._follow)
        self._follow_timer.start()

    def _shortcuts(self) -> None:
        choose = self.drawing.choose
        for keys, action in (
            ("R", self.refresh), ("P", self.doing.preview), ("Ctrl+Return", self.doing.run),
            ("Ctrl+Enter", self.doing.run), ("W", lambda: choose(viewer.WIPE)),
            ("1", lambda: choose(viewer.BOX)), ("2", lambda: choose(viewer.ELLIPSE)),
            ("3", lambda: choose(viewer.BRUSH)), ("E", self.drawing.erase.toggle),
            ("Ctrl+Z", self.viewer.undo), ("T", self.results.a_b), ("A", self.results.accept),
            ("Esc", self.banner.hide), ("Del", self.results.cancel),
        ):  # fmt: skip
            QShortcut(QKeySequence(keys), self).activated.connect(action)

    def _restore(self) -> None:
        geometry = self.memory.get("geometry", "")
        if geometry:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        else:
            self.resize(QSize(1320, 820))
        for name, splitter in (("columns", self.columns), ("rows", self.rows)):
            sizes = self.memory.get(name, None)
            if sizes and len(sizes) == len(splitter.sizes()):
                splitter.setSizes(sizes)
        self.source.set_mode(self.memory.get("source", "playhead"))
        self.pin.setChecked(bool(self.memory.get("pin", False)))
        self._connected(False)

    # ---- Resolve --------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the timeline and the results anew."""
        self.link.ask("look", self._looked, self._not_looked)

    def _looked(self, look: dict[str, Any]) -> None:
        known = self.look.get("project_id")
        self.look = look
        self._connected(True)
        self.where.setText(f"{look['project']}  ›  {look['timeline']}")
        edition = look["edition"].removeprefix("DaVinci Resolve").strip()
        self.version.setText(f"Resolve {edition} {look['version']} · {look['rate']} fps")
        self.source.read(look)
        self.tool.matte_clips([clip for clip in look["clips"] if not clip["problem"]])
        if self.banner.property("kind") == "bad":
            self.banner.hide()
        if known != look["project_id"]:
            self.results.reload()

    def _not_looked(self, error: dict[str, str]) -> None:
        self._connected(False)
        self.look = {}
        self.where.setText("No timeline")
        self.version.setText("")
        self.source.read({})
        self.banner.say(error["sentence"], error["hint"], "bad", "Try again", self.refresh)

    def _connected(self, on: bool) -> None:
        self.dot.setStyleSheet(f"color: {style.GOOD if on else style.FAINT}; font-size: 9px;")
        self.doing.chosen()

    def _follow(self) -> None:
        if self.isActiveWindow() and not self.isMinimized() and not self._asking:
            self._asking = True
            self.link.ask("where", self._followed, self._lost_sight)

    def _followed(self, where: dict[str, Any]) -> None:
        self._asking = False
        same = (where["project_id"], where["timeline"]) == (
            self.look.get("project_id"),
            self.look.get("timeline"),
        )
        known = {clip["id"] for clip in self.look.get("clips", [])}
        if not same or (where["current"] and where["current"] not in known):
            self.refresh()
            return
        self.look["playhead"] = where["playhead"]
        self.source.follow(where)

    def _lost_sight(self, error: dict[str, str]) -> None:
        self._asking = False
        if self.look:
            self._not_looked(error)

    def _waiting(self, sentence: str) -> None:
        if sentence:
            self.banner.say(
                sentence, "Backlot goes on by itself when it is closed.", "warn",
                "Let go", self.link.restart,
            )  # fmt: skip
        elif self.banner.property("kind") == "warn" and "dialog" in self.banner.label.text():
            self.banner.hide()

    def _failed(self, error: dict[str, str]) -> None:
        kind = "calm" if error["code"] == "companion" else "bad"
        self.banner.say(error["sentence"], error["hint"], kind)
        if error["code"] == "companion":
            self._asking = False
            QTimer.singleShot(1500, self.refresh)

    # ---- the tool -------------------------------------------------------------------------

    def _ask_tools(self) -> None:
        self.machine.setText("starting the server")
        self.link.ask("tools", self._offered, self._no_tools)

    def _offered(self, specs: list[dict[str, Any]]) -> None:
        self.tool.offer(specs, colour.names())
        self.link.ask("status", self._status)

    def _no_tools(self, error: dict[str, str]) -> None:
        self.machine.setText("no server")
        self.banner.say(error["sentence"], error["hint"], "bad", "Try again", self._ask_tools)

    def _ask_characters(self, library: str) -> None:
        self.link.ask("characters", self._characters, self._failed, library=library)

    def _new_character(self, name: str, regions: str) -> None:
        library = self.memory.get("library", "")
        self.link.ask(
            "new_character", self._characters, self._failed,
            library=library, name=name, regions=regions,
        )  # fmt: skip

    def _characters(self, found: dict[str, Any]) -> None:
        self.memory.set("library", found["library"])
        self.tool.offer_characters(found)
        if found.get("made"):
            self._said(f"Made {found['made']}.", "Now add frames that show it well.", "calm")
        if found.get("said"):
            self._said(found["said"], "", "calm")

    def _status(self, found: dict[str, Any]) -> None:
        devices = found["status"].get("devices", [])
        names = [device.get("name", "") for device in devices]
        loaded = [model.get("label", "") for model in found["models"] if model.get("loaded", False)]
        self.machine.setText(
            " · ".join(filter(None, [f"Server on {' and '.join(names)}", *loaded[:1]]))
        )
        lines = [f"{d.get('name', '')}: {d.get('description', '')}" for d in devices]
        lines += [f"{m.get('label', '')}  ({m.get('licence_code', '')})" for m in found["models"]]
        lines.append(f"Results in {found['root']}, {found['used'] / 1e6:.0f} MB")
        self.machine.setToolTip("\n".join(lines))

    # ---- results --------------------------------------------------------------------------

    def _said(self, sentence: str, hint: str, kind: str) -> None:
        if sentence:
            self.banner.say(sentence, hint, kind)
        elif self.banner.property("kind") == kind:
            self.banner.hide()
        if kind == "calm":
            QTimer.singleShot(1800, self.banner.hide)

    def _compared(self, before: str, after: str) -> None:
        self.doing.preview_of = ("job",)
        if before:
            self.viewer.show_frames(before, after)
        else:
            self.viewer.say("Reading the result", busy=True)

    def _load(self, request: dict[str, Any]) -> None:
        self.tool.load(request)
        self.viewer.update()

    # ---- in front -------------------------------------------------------------------------

    def _pinned(self, on: bool) -> None:
        shown = self.isVisible()
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, on)
        if shown:
            self.show()  # changing the flag hides a window

    def come_forward(self) -> None:
        """Be seen: a second start of the panel asked for it."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    # ---- leaving --------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._follow()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self._follow_timer.stop()
        self.tool.remember()
        self.memory.values |= {
            "geometry": bytes(self.saveGeometry().toBase64().data()).decode(),
            "columns": self.columns.sizes(),
            "rows": self.rows.sizes(),
            "source": self.source.mode,
            "pin": self.pin.isChecked(),
        }
        self.memory.save()
        self.hide()  # the companion may have to put something back first
        self.link.close()
        super().closeEvent(event)


def _pane(heading: str, *widgets: QWidget, head: QWidget | None = None) -> QFrame:
    pane = QFrame()
    pane.setObjectName("pane")
    column = QVBoxLayout(pane)
    column.setContentsMargins(10, 8, 10, 10)
    column.setSpacing(8)
    row = QHBoxLayout()
    label = QLabel(heading.upper())
    label.setObjectName("heading")
    row.addWidget(label)
    row.addStretch(1)
    if head is not None:
        row.addWidget(head)
    column.addLayout(row)
    for number, widget in enumerate(widgets):
        column.addWidget(widget, 0 if number else 1)
    return pane
