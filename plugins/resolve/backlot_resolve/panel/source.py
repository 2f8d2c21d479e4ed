"""Which clips: under the playhead, selected, between the marks, or under markers of a colour."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QAbstractListModel, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from . import style
from .controls import QuietCombo

PLAYHEAD, SELECTED, MARKS, MARKERS, ALL = "playhead", "selected", "marks", "markers", "all"
_MODES = (
    (PLAYHEAD, "Playhead", "The clip under the playhead, and it follows"),
    (SELECTED, "Selected", "The clips that are selected on the timeline"),
    (MARKS, "In–Out", "What lies between the marks, of every clip"),
    (MARKERS, "Markers", "What lies under markers of a colour; one frame long, the whole clip"),
    (ALL, "All", "Every clip: choose in the list"),
)
_CLIP = Qt.ItemDataRole.UserRole


def short(name: str) -> str:
    """A clip's name without the numbers and ending of its files."""
    return re.sub(r"[._]?(\[[\d-]+\]|%\d*d)?\.\w{2,4}$", "", name) or name


class Clips(QAbstractListModel):
    """Clips as rows. Repainting, not rebuilding, is what a long timeline needs."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []

    def show(self, rows: list[dict[str, Any]]) -> None:
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def rowCount(self, parent: Any = None) -> int:  # noqa: N802
        return len(self.rows)

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row["name"]
        if role == Qt.ItemDataRole.ToolTipRole:
            handles = "handles {} before, {} after".format(*row["handles"])
            facts = f"{row['in']} to {row['out']}, {row['frames']} frames, {handles}"
            problem = f"\n{row['problem']} {row['hint']}" if row["problem"] else ""
            return f"{row['name']}\n{facts}{problem}"
        return row if role == _CLIP else None


class QuietList(QListView):
    """A list that says so when it is empty."""

    def __init__(self, empty: str) -> None:
        super().__init__()
        self._empty = empty

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if self.model() is not None and self.model().rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(QColor(style.FAINT))
            area = self.viewport().rect().adjusted(16, 0, -16, 0)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area, flags, self._empty)


class ClipRow(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Any) -> QSize:  # noqa: N802
        return QSize(120, 40)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Any) -> None:
        row, area = index.data(_CLIP), option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor("#2f3a43"))
            painter.fillRect(QRect(area.left(), area.top(), 2, area.height()), QColor(style.ACCENT))
        inner = area.adjusted(10, 5, -8, -5)
        top = QRect(inner.left(), inner.top(), inner.width(), 15)
        low = QRect(inner.left(), inner.top() + 15, inner.width(), 15)
        metrics = painter.fontMetrics()
        right = f"V{row['track']}"
        painter.setPen(QColor(style.FAINT))
        painter.drawText(top, Qt.AlignmentFlag.AlignRight, right)
        painter.setPen(QColor(style.DIM if row["problem"] else style.TEXT))
        name = metrics.elidedText(
            short(row["name"]), Qt.TextElideMode.ElideMiddle, top.width() - 30
        )
        painter.drawText(top, Qt.AlignmentFlag.AlignLeft, name)
        painter.setPen(QColor(style.WARN if row["problem"] else style.FAINT))
        frames = f"{row['part']} of {row['frames']}" if row.get("part") else row["frames"]
        facts = f"{row['in']}   {frames} fr   {row['size'][0]}×{row['size'][1]}"
        problem = row["problem"].rpartition("” ")[2]
        text = problem[:1].upper() + problem[1:] or facts
        if row["locked"] and not row["problem"]:
            text += "   track locked"
        painter.drawText(
            low, Qt.AlignmentFlag.AlignLeft,
            metrics.elidedText(text, Qt.TextElideMode.ElideRight, low.width()),
        )  # fmt: skip
        painter.restore()


class Source(QWidget):
    """Emits `chosen` whenever other clips would be taken."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.look: dict[str, Any] = {}
        self._modes = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        bar = QHBoxLayout()
        bar.setSpacing(2)
        for mode, text, tip in _MODES:
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.setProperty("mode", mode)
            self._modes.addButton(button)
            self._buttons[mode] = button
            bar.addWidget(button, 1)
            button.setSizePolicy(
                button.sizePolicy().horizontalPolicy().Expanding,
                button.sizePolicy().verticalPolicy(),
            )
        self._buttons[PLAYHEAD].setChecked(True)
        self._modes.buttonToggled.connect(lambda _, on: self._refresh() if on else None)
        self.colour = QuietCombo()
        self.colour.setToolTip("The colour of the markers")
        self.colour.currentIndexChanged.connect(self._refresh)
        self.model = Clips()
        self.list = QuietList("No clip here")
        self.list.setModel(self.model)
        self.list.setItemDelegate(ClipRow(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setAccessibleName("Clips")
        self.list.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit())
        self.count = QLabel("")
        self.count.setObjectName("dim")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(bar)
        column.addWidget(self.colour)
        column.addWidget(self.list, 1)
        column.addWidget(self.count)
        self.colour.hide()

    @property
    def mode(self) -> str:
        checked = self._modes.checkedButton()
        return str(checked.property("mode")) if checked else PLAYHEAD

    def set_mode(self, mode: str) -> None:
        if mode in self._buttons and self._buttons[mode].isEnabled():
            self._buttons[mode].setChecked(True)

    def read(self, look: dict[str, Any]) -> None:
        """A timeline as the companion reads it."""
        self.look = look
        known = look.get("selection", False)
        self._buttons[SELECTED].setEnabled(known)
        self._buttons[SELECTED].setToolTip(
            _MODES[1][2] if known else "Resolve tells what is selected from version 21.0 on"
        )
        if not known and self.mode == SELECTED:
            self._buttons[PLAYHEAD].setChecked(True)
        marks = look.get("marks")
        self._buttons[MARKS].setEnabled(bool(marks))
        self._buttons[MARKS].setToolTip(
            _MODES[2][2] if marks else "Set marks in and out on the timeline first (19.1 and later)"
        )
        colours = sorted({marker[2] for marker in look.get("markers", [])})
        self._buttons[MARKERS].setEnabled(bool(colours))
        shown = [self.colour.itemText(i) for i in range(self.colour.count())]
        if shown != colours:
            self.colour.clear()
            self.colour.addItems(colours)
        self._refresh()

    def follow(self, where: dict[str, Any]) -> None:
        """The playhead or the selection moved."""
        if (self.look.get("current"), self.look.get("selected")) != (
            where["current"],
            where["selected"],
        ):
            self.look |= {"current": where["current"], "selected": where["selected"]}
            if self.mode in (PLAYHEAD, SELECTED):
                self._refresh()

    def clips(self) -> list[dict[str, Any]]:
        """Those to work on: the rows selected in the list, or all it shows (unless it shows
        every clip there is)."""
        rows = [self.model.rows[i.row()] for i in self.list.selectionModel().selectedRows()]
        return rows or ([] if self.mode == ALL else list(self.model.rows))

    def ranges(self) -> list[list[int]]:
        """The frames of the timeline that are marked, [first, end] each; none for whole clips."""
        marks = self.look.get("marks")
        if self.mode == MARKS and marks:
            return [list(marks)]
        if self.mode == MARKERS:
            return [[first, end] for first, end in self._marked() if end - first > 1]
        return []

    def _marked(self) -> list[tuple[int, int]]:
        wanted = self.colour.currentText()
        return [(m[0], m[0] + m[1]) for m in self.look.get("markers", []) if m[2] == wanted]

    def _refresh(self) -> None:
        self.colour.setVisible(self.mode == MARKERS)
        kept = {row["id"] for row in self._selected()}
        self.model.show(self._rows())
        for number, row in enumerate(self.model.rows):
            if row["id"] in kept:
                self.list.selectionModel().select(
                    self.model.index(number), self.list.selectionModel().SelectionFlag.Select
                )
        shown = len(self.model.rows)
        total = len(self.look.get("clips", []))
        self.count.setText(f"{shown} of {total} clips" if shown else "")
        self.chosen.emit()

    def _selected(self) -> list[dict[str, Any]]:
        return [self.model.rows[i.row()] for i in self.list.selectionModel().selectedRows()]

    def _rows(self) -> list[dict[str, Any]]:
        look, mode = self.look, self.mode
        clips: list[dict[str, Any]] = look.get("clips", [])
        if mode == PLAYHEAD:
            return [clip for clip in clips if clip["id"] == look.get("current")]
        if mode == SELECTED:
            return [clip for clip in clips if clip["id"] in look.get("selected", [])]
        if mode == MARKS and look.get("marks"):
            return self._cut([clip for clip in clips if _touches(clip, *look["marks"])])
        if mode == MARKERS:
            spans = self._marked()
            return self._cut([c for c in clips if any(_touches(c, *span) for span in spans)])
        return clips if mode == ALL else []

    def _cut(self, clips: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """With the number of marked frames, where that is not all of a clip."""
        ranges, rows = self.ranges(), []
        for clip in clips:
            spans = [(max(a, clip["start"]), min(b, clip["end"])) for a, b in ranges]
            marked = sum(max(0, end - first) for first, end in spans)
            part = marked if 0 < marked < clip["frames"] else 0
            rows.append(clip | {"part": part} if part else clip)
        return rows


def _touches(clip: dict[str, Any], first: int, end: int) -> bool:
    return bool(clip["start"] < end and first < clip["end"])
