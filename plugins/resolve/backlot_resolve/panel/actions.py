"""What can be done with the chosen clips and tool, what it costs, and doing it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from backlot.report import duration

from .link import Link
from .source import Source
from .tool import Tool
from .viewer import Viewer


class Actions(QWidget):
    """Preview and Run. preview_of: (clip id) or ("job",) that the preview shows, () for none."""

    said = Signal(str, str, str)
    """A sentence, a hint, and its kind; an empty sentence takes the last one back."""
    referenced = Signal(dict)
    """A reference was added: the library as it is now, and a sentence."""

    def __init__(self, link: Link, source: Source, tool: Tool, view: Viewer) -> None:
        super().__init__()
        self._link, self._source, self._tool, self._viewer = link, source, tool, view
        self.preview_of: tuple[Any, ...] = ()
        column = QVBoxLayout(self)
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
        self.preview_button.clicked.connect(self.preview)
        self.run_button.clicked.connect(self.run)
        self._estimate_timer = QTimer(self, singleShot=True, interval=350)
        self._estimate_timer.timeout.connect(self._estimate)

    def chosen(self) -> None:
        """Other clips, other settings: what can be done, and what it will cost."""
        clips, request = self._source.clips(), self._tool.request()
        able = [clip for clip in clips if self._possible(clip, request)]
        ready = bool(able and request)
        drawn = not request or request["matte"].get("source") != "drawn" or self._tool.shapes
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
        if self.preview_of and self.preview_of[0] not in (first, "job"):
            self.preview_of = ()
            self._viewer.clear()
            self._viewer.say("Press P for a preview of one frame")
        self._viewer.update()

    @staticmethod
    def _possible(clip: dict[str, Any], request: dict[str, Any] | None) -> bool:
        if request is None:
            return False
        if request["route"] == "graded":
            return True
        return not clip["problem"] and (request["route"] != "direct" or clip["direct"])

    def _able(self) -> list[dict[str, Any]]:
        request = self._tool.request()
        return [clip for clip in self._source.clips() if self._possible(clip, request)]

    def _estimate(self) -> None:
        able, request = self._able(), self._tool.request()
        if not able or request is None:
            return
        handles = 0 if request["route"] == "graded" else request["handles"]
        frames = sum(
            clip.get("part", clip["frames"]) + sum(min(handles, h) for h in clip["handles"])
            for clip in able
        )

        def told(reply: dict[str, Any]) -> None:
            seconds = reply["seconds_per_frame"]
            time = f", about {duration(seconds * frames)}" if seconds > 0 else ""
            self.cost.setText(f"{frames} frames{time}\n{reply['engine']}")

        self._link.ask(
            "estimate", told, lambda error: self.cost.setText(error["sentence"]),
            clip=able[0]["id"], tool=request["tool"], params=request["params"],
        )  # fmt: skip

    def preview(self) -> None:
        """One frame of the first chosen clip, before and after."""
        able, request = self._able(), self._tool.request()
        if not able or request is None:
            return
        clip = able[0]
        undrawn = request["matte"].get("source") == "drawn" and not self._tool.shapes
        if undrawn:
            request = request | {"matte": {}}
        self.preview_of = (clip["id"],)
        self._viewer.say("Making the preview", busy=True)
        self.said.emit("", "", "bad")

        def shown(made: dict[str, Any]) -> None:
            if self.preview_of == (clip["id"],):
                self._viewer.show_frames(made["before"], made["after"])
                self._viewer.say("", "")

        def failed(error: dict[str, str]) -> None:
            self._viewer.say(error["sentence"], error["hint"])
            self.said.emit(error["sentence"], error["hint"], "bad")

        self._link.ask(
            "preview", shown, failed,
            clip=clip["id"], frame=self._playhead_frame(clip), request=request,
            run=not undrawn,
        )  # fmt: skip

    def add_reference(self) -> None:
        """The frame under the playhead into the chosen character's folder, with its mattes."""
        able, request = self._able(), self._tool.request()
        if not able or request is None:
            self.said.emit("There is no clip to take a frame of.", "Choose one.", "warn")
            return
        self._link.ask(
            "add_reference", self.referenced.emit, self._failed,
            clip=able[0]["id"], frame=self._playhead_frame(able[0]), request=request,
            library=self._tool.library,
        )  # fmt: skip

    def _playhead_frame(self, clip: dict[str, Any]) -> int:
        """The playhead as a record frame, or -1 for the clip's middle."""
        from ..timecode import Rate

        try:
            return Rate.parse(self._source.look["rate"]).frame(self._source.look["playhead"])
        except Exception:  # no playhead on this page: the middle of the clip will do
            return -1

    def run(self) -> None:
        """Queue all chosen clips."""
        able, request = self._able(), self._tool.request()
        if not able or request is None or not self.run_button.isEnabled():
            return
        self._tool.remember()
        self._link.ask(
            "submit", None, self._failed,
            clips=[clip["id"] for clip in able], ranges=self._source.ranges(), request=request,
        )  # fmt: skip

    def _failed(self, error: dict[str, str]) -> None:
        self.said.emit(error["sentence"], error["hint"], "bad")
