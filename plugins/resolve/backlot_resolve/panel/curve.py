"""What was measured over a shot, small enough for a row of the list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRect
from PySide6.QtGui import QColor, QPainter, QPen

from . import style


def draw(painter: QPainter, area: QRect, sizes: Sequence[float | None], limit: float) -> None:
    """Left to right the frames, from the bottom up the sizes. None: it cannot be told, a gap.

    limit: a faint line; what is above it is drawn as a warning.
    """
    top = 1.2 * max([2 * limit, *(size for size in sizes if size is not None)])

    def at(number: int, size: float) -> QPointF:
        along = number / max(1, len(sizes) - 1)
        return QPointF(
            area.left() + along * area.width(), area.bottom() - size / top * area.height()
        )

    painter.setPen(QPen(QColor(style.FAINT), 1))
    painter.drawLine(QLineF(at(0, limit), at(max(1, len(sizes) - 1), limit)))
    for number, size in enumerate(sizes):
        if size is None:
            continue
        painter.setPen(QPen(QColor(style.WARN if size >= limit else style.GOOD), 1.5))
        before = sizes[number - 1] if number else None
        start = at(number, size) if before is None else at(number - 1, before)
        painter.drawLine(QLineF(start, at(number, size) + QPointF(0.5, 0.0)))
