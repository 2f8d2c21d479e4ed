"""The list of jobs and results, and what can be done with one."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QListView, QMenu, QToolButton, QWidget

from ..landing import ABOVE, FUSION, IN_CLIP, TAKE
from ..store import ACTIVE
from .jobs import JobRow, Jobs
from .link import Link
from .source import QuietList, short

Job = dict[str, Any]


class Results(QuietList):
    """bar: the buttons, to be put above the list."""

    said = Signal(str, str, str)
    """A sentence, a hint, and "bad", "warn" or "calm"."""
    compared = Signal(str, str)
    """Pictures of a frame before and after; "" while they are made."""
    again = Signal(dict)
    """What was asked for a job, to be asked again."""

    def __init__(self, link: Link) -> None:
        super().__init__("Results appear here, and stay")
        self._link = link
        self.jobs = Jobs()
        self.setModel(self.jobs)
        self.setItemDelegate(JobRow(self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Jobs and results")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.buttons: dict[str, QToolButton] = {}
        self.bar = self._build_bar()
        self._comparing = ""
        self.selectionModel().selectionChanged.connect(self._chosen)
        self.jobs.dataChanged.connect(self._chosen)
        self.jobs.layoutChanged.connect(self._chosen)
        link.job.connect(self.tell)

    def _build_bar(self) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        for name, text, tip, action in (
            ("ab", "A/B", "Show the result or the original on the timeline (T)", self.a_b),
            ("accept", "Accept", "Show it on the timeline and tick it (A)", self.accept),
            ("place", "Place", "Put the result on the timeline again", self._places),
            ("again", "Re-run", "Load its settings, to change and run again", self._again),
            ("resume", "Resume", "Go on where it stopped; finished frames are kept", self._resume),
            ("report", "Report", "How far each frame can be trusted, and the worst", self._report),
            ("reveal", "Reveal", "Open its folder", self._reveal),
            ("cancel", "Cancel", "Stop it; finished frames are kept (Del)", self.cancel),
        ):
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.clicked.connect(action)
            button.setEnabled(False)
            row.addWidget(button)
            self.buttons[name] = button
        return bar

    def reload(self) -> None:
        """The results of the open project, from disk."""
        self._link.ask("results", self.jobs.reset)

    def tell(self, job: Job) -> None:
        """A job that is new or changed."""
        self.jobs.put(job)
        if job["state"] in ("failed", "parked"):
            kind = "bad" if job["state"] == "failed" else "warn"
            self.said.emit(f"{short(job['clip'])}: {job['sentence']}", job["hint"], kind)

    @property
    def job(self) -> Job | None:
        """The chosen one."""
        chosen = self.selectionModel().selectedRows()
        return self.jobs.rows[chosen[0].row()] if chosen else None

    def _chosen(self, *_: Any) -> None:
        job = self.job
        active = bool(job and job["state"] in ACTIVE)
        made = bool(job and job["pattern"] and not active)
        placed = bool(made and job and job["place"] in (*IN_CLIP, ABOVE))
        for name, on in (
            ("ab", placed), ("accept", placed and job is not None and not job["accepted"]),
            ("place", made), ("again", job is not None and not active),
            ("resume", bool(job and job["state"] in ("failed", "cancelled"))),
            ("report", bool(job and job.get("report"))),
            ("reveal", job is not None), ("cancel", active),
        ):  # fmt: skip
            self.buttons[name].setEnabled(on)
        if job is None or not made:
            self._comparing = ""
        elif self._comparing != job["id"]:
            self._compare(job)

    def _compare(self, job: Job) -> None:
        """A finished result beside its plate, in the preview."""
        self._comparing = job["id"]
        self.compared.emit("", "")

        def shown(made: dict[str, Any]) -> None:
            if self._comparing == job["id"]:
                self.compared.emit(made["before"], made["after"])

        self._link.ask("compare", shown, self._failed, job=job["id"])

    def a_b(self) -> None:
        """Switch what the timeline shows: the result, or what was there before."""
        job = self.job
        if job is None or not self.buttons["ab"].isEnabled():
            return
        shown = not self.jobs.shown.get(job["id"], True)

        def done(answer: dict[str, Any]) -> None:
            self.jobs.shown[job["id"]] = answer["shown"]
            which = "the result" if answer["shown"] else "the original"
            self.said.emit(f"{short(job['clip'])} shows {which}.", "", "calm")

        self._link.ask("show", done, self._failed, job=job["id"], shown=shown)

    def accept(self) -> None:
        """The result that stays: shown, and ticked in the list in place of others of its clip."""
        job = self.job
        if job is None or not self.buttons["accept"].isEnabled():
            return

        def done(jobs: list[Job]) -> None:
            self.jobs.shown[job["id"]] = True
            for each in jobs:
                self.jobs.put(each)

        self._link.ask("accept", done, self._failed, job=job["id"])

    def cancel(self) -> None:
        job = self.job
        if job is not None and job["state"] in ACTIVE:
            self._link.ask("cancel", None, self._failed, job=job["id"])

    def _places(self) -> None:
        job = self.job
        if job is None:
            return
        menu, button = QMenu(self), self.buttons["place"]
        for place, text in (
            (TAKE, "As a take"), (FUSION, "In its Fusion composition"),
            (ABOVE, "On the track above"),
        ):  # fmt: skip
            menu.addAction(text, partial(self._place, job, place))
        menu.exec(button.mapToGlobal(button.rect().bottomLeft()))

    def _place(self, job: Job, place: str) -> None:
        def placed(now: Job) -> None:
            self.tell({**job, **now})

        self._link.ask("place", placed, self._failed, job=job["id"], place=place)

    def _again(self) -> None:
        job = self.job
        if job is not None:
            self.again.emit(job["asked"])

    def _resume(self) -> None:
        job = self.job
        if job is not None:
            self._link.ask("resume", None, self._failed, job=job["id"])

    def _reveal(self) -> None:
        job = self.job
        if job is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(job["folder"]))

    def _report(self) -> None:
        job = self.job
        if job is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(job["report"]))

    def _reject(self, files: bool) -> None:
        job = self.job
        if job is not None and job["state"] not in ACTIVE:
            self._link.ask(
                "reject", lambda _: self.jobs.drop(job["id"]), self._failed,
                job=job["id"], files=files,
            )  # fmt: skip

    def _menu(self, at: Any) -> None:
        job = self.job
        if job is None:
            return
        menu = QMenu(self)
        for name, button in self.buttons.items():
            if button.isEnabled() and name != "place":
                menu.addAction(button.text(), button.click)
        if job["state"] not in ACTIVE:
            menu.addSeparator()
            menu.addAction("Remove from the list", lambda: self._reject(files=False))
            menu.addAction("Delete its frames", lambda: self._reject(files=True))
        menu.exec(self.viewport().mapToGlobal(at))

    def _failed(self, error: dict[str, str]) -> None:
        self.said.emit(error["sentence"], error["hint"], "bad")
