"""Queue and results in one list: what runs on top, the newest result below it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from backlot.report import duration

from ..store import ACTIVE
from . import curve, style
from .source import short

_JOB = Qt.ItemDataRole.UserRole
_WORDS = {
    "queued": "waiting",
    "plate": "taking the plate",
    "running": "running",
    "placing": "placing",
    "done": "done",
    "parked": "in its bin",
    "failed": "failed",
    "cancelled": "cancelled",
}
_CURVE = 72
"""Pixels of a curve."""
_PLACES = {"take": "take", "above": "track above", "fusion": "Fusion", "bin": "bin"}


class Jobs(QAbstractListModel):
    """Jobs by id, active first."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self._count = 0
        self.shown: dict[str, bool] = {}
        """Which results the timeline shows now, as far as A/B was used."""

    def put(self, job: dict[str, Any]) -> None:
        """A job that is new or changed."""
        for number, row in enumerate(self.rows):
            if row["id"] == job["id"]:
                moved = (row["state"] in ACTIVE) != (job["state"] in ACTIVE)
                self.rows[number] = {**row, **job}
                if not moved:
                    self.dataChanged.emit(self.index(number), self.index(number))
                    return
                break
        else:
            self._count += 1
            self.rows.append(job | {"order": self._count})
        self.layoutAboutToBeChanged.emit()
        self.rows.sort(key=_rank)
        self.layoutChanged.emit()

    def reset(self, jobs: list[dict[str, Any]]) -> None:
        """What is on disk, with what is running kept as it is."""
        running = [row for row in self.rows if row["state"] in ACTIVE]
        known = {row["id"] for row in running}
        self.beginResetModel()
        rest = [job for job in jobs if job["id"] not in known]
        self.rows[:] = running + [job | {"order": -n} for n, job in enumerate(rest)]
        self.endResetModel()

    def drop(self, identity: str) -> None:
        for number, row in enumerate(self.rows):
            if row["id"] == identity:
                self.beginRemoveRows(QModelIndex(), number, number)
                del self.rows[number]
                self.endRemoveRows()
                return

    def rowCount(self, parent: Any = None) -> int:  # noqa: N802
        return len(self.rows)

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{row['clip']}, {row['label']}: {says(row)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            lines = [f"{row['clip']}  {row['label']}", says(row), row.get("engine", "")]
            lines += [
                row.get("hint", ""),
                *row.get("findings", []),
                *row.get("notes", []),
                row.get("folder", ""),
            ]
            return "\n".join(line for line in lines if line)
        return row if role == _JOB else None


def _rank(row: dict[str, Any]) -> tuple[bool, int]:
    """What runs first, in the order of the queue; then results, the newest first."""
    active = row["state"] in ACTIVE
    return (not active, row["order"] if active else -row["order"])


def says(row: dict[str, Any]) -> str:
    """How a job stands, in one line."""
    state = row["state"]
    if state == "running":
        left = row.get("left")
        part = f"{row.get('fraction', 0.0):.0%}"
        return f"{part}, {duration(left)} left" if left else part
    if state in ("plate", "queued", "placing"):
        return str(row.get("what") or _WORDS[state])
    if state in ("failed", "parked", "cancelled"):
        return f"{_WORDS[state]}: {row['sentence']}" if row["sentence"] else _WORDS[state]
    if row.get("findings") and not row.get("report"):
        return "; ".join(row["findings"])
    place = _PLACES.get(row.get("place", ""), "")
    tick = ", accepted" if row.get("accepted") else ""
    found = "".join(f". {each}" for each in row.get("findings", ()))
    return f"{row['frames']} frames in {duration(row['seconds'])}, {place}{tick}{found}"


class JobRow(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Any) -> QSize:  # noqa: N802
        return QSize(200, 42)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Any) -> None:
        row, area = index.data(_JOB), option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor("#2f3a43"))
        state = row["state"]
        colour = {
            "done": style.GOOD, "failed": style.BAD, "parked": style.WARN,
            "cancelled": style.FAINT,
        }.get(state, style.ACCENT)  # fmt: skip
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawEllipse(area.left() + 11, area.top() + 12, 7, 7)
        inner = area.adjusted(28, 5, -12, -6)
        metrics = painter.fontMetrics()
        top = QRect(inner.left(), inner.top(), inner.width(), 15)
        low = QRect(inner.left(), inner.top() + 15, inner.width(), 15)
        painter.setPen(QColor(style.DIM))
        painter.drawText(top, Qt.AlignmentFlag.AlignRight, row["label"])
        painter.setPen(QColor(style.TEXT))
        room = top.width() - metrics.horizontalAdvance(row["label"]) - 12
        painter.drawText(
            top, Qt.AlignmentFlag.AlignLeft,
            metrics.elidedText(short(row["clip"]), Qt.TextElideMode.ElideMiddle, room),
        )  # fmt: skip
        if row.get("curve") and state == "done":
            low.setRight(low.right() - _CURVE - 10)
            place = QRect(low.right() + 10, low.top() + 2, _CURVE, 11)
            curve.draw(painter, place, row["curve"], row["limit"])
        text = {"failed": style.BAD, "parked": style.WARN}.get(state, style.DIM)
        painter.setPen(QColor(text))
        painter.drawText(
            low, Qt.AlignmentFlag.AlignLeft,
            metrics.elidedText(says(row), Qt.TextElideMode.ElideRight, low.width()),
        )  # fmt: skip
        if state in ACTIVE:
            bar = QRect(inner.left(), area.bottom() - 4, inner.width(), 2)
            painter.fillRect(bar, QColor("#33363b"))
            part = row.get("fraction", 0.0) if state == "running" else 0.0
            painter.fillRect(
                QRect(bar.left(), bar.top(), round(bar.width() * part), 2), QColor(style.ACCENT)
            )
        painter.restore()
