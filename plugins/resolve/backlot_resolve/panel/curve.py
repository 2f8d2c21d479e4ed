"""A character's drift over a shot, small enough for a row of the list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRect
from PySide6.QtGui import QColor, QPainter, QPen

from . import style

USUAL = 3.0
"""CIEDE2000 from which a region has changed, where a character does not say: a faint line."""
_LEAST = 2 * USUAL


def draw(painter: QPainter, area: QRect, sizes: Sequence[float | None]) -> None:
    """Left to right the frames, from the bottom up CIEDE2000. None: it cannot be told, a gap."""
    top = max([_LEAST, *(size for size in sizes if size is not None)])

    def at(number: int, size: float) -> QPointF:
        along = number / max(1, len(sizes) - 1)
        return QPointF(
            area.left() + along * area.width(), area.bottom() - size / top * area.height()
        )

    painter.setPen(QPen(QColor(style.FAINT), 1))
    painter.drawLine(QLineF(at(0, USUAL), at(max(1, len(sizes) - 1), USUAL)))
    for number, size in enumerate(sizes):
        if size is None:
            continue
        painter.setPen(QPen(QColor(style.WARN if size >= USUAL else style.GOOD), 1.5))
        before = sizes[number - 1] if number else None
        start = at(number, size) if before is None else at(number - 1, before)
        painter.drawLine(QLineF(start, at(number, size) + QPointF(0.5, 0.0)))
