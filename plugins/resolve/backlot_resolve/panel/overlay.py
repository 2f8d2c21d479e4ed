"""The drawn matte over the preview, as pixels.

Uniting the outlines of brush strokes costs more than a tenth of a second for a dozen of them, at
every move of the mouse; painting them costs little, and what is finished is painted once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from . import style

_FILL = 0.3
_AROUND = ((-1, 0), (1, 0), (0, -1), (0, 1))


class Overlay:
    """Shapes as `mattes.rasterise` takes them, tinted."""

    def __init__(self) -> None:
        self._key: Any = None
        self._cover, self._edge = QPixmap(), QPixmap()

    def paint(
        self,
        painter: QPainter,
        shapes: Sequence[dict[str, Any]],
        frame: QRectF,
        size: QSize,
        ratio: float,
        filled: bool,
    ) -> None:
        """frame: where the picture lies on a widget of `size`; ratio: pixels of the screen in one
        of the widget's. filled: the area too, not its edge alone."""
        key = (frame.getRect(), size.toTuple(), ratio, tuple(_fingerprint(s) for s in shapes))
        if key != self._key:
            self._key = key
            self._cover = self._covered(shapes, frame, size, ratio)
            self._edge = self._edged()
        painter.drawPixmap(0, 0, self._edge)
        if filled:
            painter.setOpacity(_FILL)
            painter.drawPixmap(0, 0, self._cover)
            painter.setOpacity(1.0)

    @staticmethod
    def _covered(
        shapes: Sequence[dict[str, Any]], frame: QRectF, size: QSize, ratio: float
    ) -> QPixmap:
        cover = _transparent(size * ratio, ratio)
        painter = QPainter(cover)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for shape in shapes:
            mode = QPainter.CompositionMode
            erase = mode.CompositionMode_DestinationOut
            painter.setCompositionMode(
                erase if shape.get("erase") else mode.CompositionMode_SourceOver
            )
            _stamp(painter, shape, frame)
        painter.end()
        return cover

    def _edged(self) -> QPixmap:
        """One pixel around what is covered."""
        edge = _transparent(self._cover.size(), self._cover.devicePixelRatio())
        painter = QPainter(edge)
        for x, y in _AROUND:
            painter.drawPixmap(x, y, self._cover)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationOut)
        painter.drawPixmap(0, 0, self._cover)
        painter.end()
        return edge


def _transparent(pixels: QSize, ratio: float) -> QPixmap:
    made = QPixmap(pixels)
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    return made


def _fingerprint(shape: dict[str, Any]) -> tuple[Any, ...]:
    """Points are only ever added at the end of a stroke, or the last one moved."""
    points = shape["points"]
    ends = tuple(points[0]), tuple(points[-1])
    return shape["kind"], len(points), ends, shape.get("radius"), bool(shape.get("erase"))


def _stamp(painter: QPainter, shape: dict[str, Any], frame: QRectF) -> None:
    points = [
        QPointF(frame.x() + x * frame.width(), frame.y() + y * frame.height())
        for x, y in shape["points"]
    ]
    tint = QColor(style.MATTE)
    if shape["kind"] == "brush":
        width = 2 * shape["radius"] * frame.width()
        pen = QPen(
            tint, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        )
        painter.setPen(pen)
        if len(points) > 1:
            painter.drawPolyline(points)
        else:
            painter.drawPoint(points[0])
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tint)
    box = QRectF(points[0], points[-1]).normalized()
    if shape["kind"] == "ellipse":
        painter.drawEllipse(box)
    else:
        painter.drawRect(box)
