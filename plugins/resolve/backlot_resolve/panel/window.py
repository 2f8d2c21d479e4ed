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
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from backlot.report import duration

from .. import colour
from . import style, viewer
from .banner import Banner
from .drawing import Drawing
from .link import Link
from .memory import Memory
from .results import Results
from .source import Source
from .tool import Tool

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
        self._preview_of: tuple[Any, ...] = ()
        self._asking = False
        self.source, self.viewer, self.tool = Source(), viewer.Viewer(), Tool(self.memory)
        self.viewer.shapes = self.tool.shapes
        self.drawing, self.results = Drawing(self.viewer), Results(self.link)
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
        right = _pane("Tool", self.tool, self._build_actions())
        middle = QSplitter(Qt.Orientation.Vertical)
        middle.setChildrenCollapsible(False)
        middle.addWidget(_pane("Preview", self.viewer, head=self.drawing))
        middle.addWidget(_pane("Jobs and results", self.results, head=self.results.bar))
        middle.setSizes([430, 240])
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        self.columns.setChildrenCollapsible(False)
        for pane in (left, middle, right):
            self.columns.addWidget(pane)
        self.columns.setSizes([270, 660, 320])
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

    def _build_actions(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        self.cost = QLabel("")
        self.cost.setObjectName("dim")
        self.cost.setWordWrap(True)
        self.preview_button = QPushButton("Preview")
        self.preview_button.setToolTip("One frame, before and after (P)")
        self.run_button = QPushButton("Run")
        self.run_button.setObjectName("primary")
        self.run_button.setToolTip("All chosen clips (Ctrl+Return)")
        row = QHBoxLayout()
        row.addWidget(self.preview_button)
        row.addWidget(self.run_button, 1)
        column.addWidget(self.cost)
        column.addLayout(row)
        return box

    def _connect(self) -> None:
        self.results.said.connect(self._said)
        self.results.compared.connect(self._compared)
        self.results.again.connect(self._load)
        self.link.failed.connect(self._failed)
        self.link.waiting.connect(self._waiting)
        self.source.chosen.connect(self._chosen)
        self.tool.changed.connect(self._chosen)
        self.tool.matte_wanted.connect(self.drawing.allow)
        self.viewer.drawn.connect(self._chosen)
        self.preview_button.clicked.connect(self.preview)
        self.run_button.clicked.connect(self.run)
        self._estimate_timer = QTimer(self, singleShot=True, interval=350)
        self._estimate_timer.timeout.connect(self._estimate)
        self._follow_timer = QTimer(self, interval=_FOLLOW)
        self._follow_timer.timeout.connect(self._follow)
        self._follow_timer.start()

    def _shortcuts(self) -> None:
        choose = self.drawing.choose
        for keys, action in (
            ("R", self.refresh), ("P", self.preview), ("Ctrl+Return", self.run),
            ("Ctrl+Enter", self.run), ("W", lambda: choose(viewer.WIPE)),
            ("1", lambda: choose(viewer.BOX)), ("2", lambda: choose(viewer.ELLIPSE)),
            ("3", lambda: choose(viewer.BRUSH)), ("E", self.drawing.erase.toggle),
            ("Ctrl+Z", self.viewer.undo), ("T", self.results.a_b), ("Esc", self.banner.hide),
            ("Del", self.results.cancel),
        ):  # fmt: skip
            QShortcut(QKeySequence(keys), self).activated.connect(action)

    def _restore(self) -> None:
        geometry = self.memory.get("geometry", "")
        if geometry:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        else:
            self.resize(QSize(1260, 800))
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
        self._chosen()

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

    def _chosen(self) -> None:
        """Other clips, other settings: what can be done, and what it will cost."""
        clips, request = self.source.clips(), self.tool.request()
        able = [clip for clip in clips if self._possible(clip, request)]
        ready = bool(able and request)
        drawn = not request or request["matte"].get("source") != "drawn" or self.tool.shapes
        self.preview_button.setEnabled(ready)
        self.run_button.setEnabled(bool(ready and drawn))
        count = f" {len(able)} clips" if len(able) > 1 else ""
        self.run_button.setText(f"Run{count}")
        if ready and not drawn:
            self.cost.setText("Draw on the preview what may change.")
        elif clips and not able:
            self.cost.setText(f"{clips[0]['problem']} {clips[0]['hint']}".strip())
        elif ready:
            self._estimate_timer.start()
        else:
            self.cost.setText("")
        first = able[0]["id"] if able else ""
        if self._preview_of and self._preview_of[0] not in (first, "job"):
            self._preview_of = ()
            self.viewer.clear()
            self.viewer.say("Press P for a preview of one frame")
        self.viewer.update()

    @staticmethod
    def _possible(clip: dict[str, Any], request: dict[str, Any] | None) -> bool:
        if request is None:
            return False
        if request["route"] == "graded":
            return True
        return not clip["problem"] and (request["route"] != "direct" or clip["direct"])

    def _able(self) -> list[dict[str, Any]]:
        request = self.tool.request()
        return [clip for clip in self.source.clips() if self._possible(clip, request)]

    def _estimate(self) -> None:
        able, request = self._able(), self.tool.request()
        if not able or request is None:
            return
        handles = 0 if request["route"] == "graded" else request["handles"]
        frames = sum(
            clip["frames"] + sum(min(handles, h) for h in clip["handles"]) for clip in able
        )

        def told(reply: dict[str, Any]) -> None:
            seconds = reply["seconds_per_frame"]
            time = f", about {duration(seconds * frames)}" if seconds > 0 else ""
            self.cost.setText(f"{frames} frames{time}\n{reply['engine']}")

        self.link.ask(
            "estimate", told, lambda error: self.cost.setText(error["sentence"]),
            clip=able[0]["id"], tool=request["tool"], params=request["params"],
        )  # fmt: skip

    def preview(self) -> None:
        """One frame of the first chosen clip, before and after."""
        able, request = self._able(), self.tool.request()
        if not able or request is None:
            return
        clip = able[0]
        undrawn = request["matte"].get("source") == "drawn" and not self.tool.shapes
        if undrawn:
            request = request | {"matte": {}}
        self._preview_of = (clip["id"],)
        self.viewer.say("Making the preview", busy=True)
        if self.banner.property("kind") == "bad":
            self.banner.hide()

        def shown(made: dict[str, Any]) -> None:
            if self._preview_of == (clip["id"],):
                self.viewer.show_frames(made["before"], made["after"])
                self.viewer.say("", "")

        def failed(error: dict[str, str]) -> None:
            self.viewer.say(error["sentence"], error["hint"])
            self.banner.say(error["sentence"], error["hint"], "bad")

        self.link.ask(
            "preview", shown, failed,
            clip=clip["id"], frame=self._playhead_frame(clip), request=request,
            run=not undrawn,
        )  # fmt: skip

    def _playhead_frame(self, clip: dict[str, Any]) -> int:
        """The playhead as a record frame, or -1 for the clip's middle."""
        from ..timecode import Rate

        try:
            return Rate.parse(self.look["rate"]).frame(self.look["playhead"])
        except Exception:  # no playhead on this page: the middle of the clip will do
            return -1

    def run(self) -> None:
        """Queue all chosen clips."""
        able, request = self._able(), self.tool.request()
        if not able or request is None or not self.run_button.isEnabled():
            return
        self.tool.remember()
        self.link.ask(
            "submit", None, self._failed, clips=[clip["id"] for clip in able], request=request
        )

    # ---- results --------------------------------------------------------------------------

    def _said(self, sentence: str, hint: str, kind: str) -> None:
        self.banner.say(sentence, hint, kind)
        if kind == "calm":
            QTimer.singleShot(1800, self.banner.hide)

    def _compared(self, before: str, after: str) -> None:
        self._preview_of = ("job",)
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
