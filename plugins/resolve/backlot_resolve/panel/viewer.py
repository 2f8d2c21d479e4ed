"""The preview: before and after under a wipe, and the drawing of a matte on top."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from . import style
from .overlay import Overlay
from .pictures import Pictures

WIPE, BOX, ELLIPSE, BRUSH = "wipe", "box", "ellipse", "brush"
_GRIP = 14.0


class Viewer(QWidget):
    """mode: what the mouse does. shapes: as `mattes.rasterise` takes them."""

    drawn = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(360, 220)
        self.setAccessibleName("Preview")
        self.before: QPixmap | None = None
        self.after: QPixmap | None = None
        self.message = "Choose a clip and press P for a preview of one frame"
        self.hint = ""
        self.busy = False
        self.split = 0.5
        self.mode = WIPE
        self.erase = False
        self.radius = 0.02
        self.shapes: list[dict[str, Any]] = []
        self.show_matte = True
        self._zoom, self._offset = 1.0, QPointF(0, 0)
        self._shape: dict[str, Any] | None = None
        self._drag: QPointF | None = None
        self._wiping = False
        self._mouse: QPointF | None = None
        self._held = False
        self._overlay, self._pictures = Overlay(), Pictures(self)
        self._scaled: dict[int, QPixmap] = {}

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(720, 420)

    def show_frames(self, before: str, after: str) -> None:
        """Pictures by path; "" for none. They appear when they are read."""
        self._pictures.load([before, after], self._shown)

    def _shown(self, pictures: list[QPixmap | None]) -> None:
        self.before, self.after = pictures
        self.busy = False
        self.update()

    def say(self, message: str, hint: str = "", busy: bool = False) -> None:
        """A sentence in place of a picture, or over it while something is made."""
        self.message, self.hint, self.busy = message, hint, busy
        self.update()

    def clear(self) -> None:
        self._pictures.forget()
        self.before = self.after = None
        self._zoom, self._offset = 1.0, QPointF(0, 0)
        self.update()

    def undo(self) -> None:
        if self.shapes:
            self.shapes.pop()
            self.drawn.emit()
            self.update()

    def clear_shapes(self) -> None:
        self.shapes.clear()
        self._shape = None
        self.drawn.emit()
        self.update()

    # ---- geometry -------------------------------------------------------------------------

    def _frame(self) -> QRectF:
        """Where the picture lies on the widget."""
        picture = self.before or self.after
        if picture is None or picture.isNull():
            return QRectF(self.rect())
        room = QRectF(self.rect()).adjusted(8, 8, -8, -8)
        scale = min(room.width() / picture.width(), room.height() / picture.height()) * self._zoom
        width, height = picture.width() * scale, picture.height() * scale
        middle = room.center() + self._offset
        return QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height)

    def _fraction(self, position: QPointF) -> list[float]:
        frame = self._frame()
        return [
            min(1.0, max(0.0, (position.x() - frame.x()) / frame.width())),
            min(1.0, max(0.0, (position.y() - frame.y()) / frame.height())),
        ]

    # ---- painting -------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._zoom < 4)
        painter.fillRect(self.rect(), QColor("#121314"))
        if self.before is None and self.after is None:
            self._paint_message(painter)
            return
        frame = self._frame()
        if self.before is not None:
            self._paint_picture(painter, frame, self.before)
        if self.after is not None and not self._held:
            self._paint_after(painter, frame)
        if self.show_matte:
            self._paint_shapes(painter, frame)
        self._paint_cursor(painter, frame)
        if self.busy:
            self._paint_busy(painter)

    def _paint_after(self, painter: QPainter, frame: QRectF) -> None:
        assert self.after is not None
        x = frame.x() + frame.width() * self.split
        painter.save()
        painter.setClipRect(QRectF(x, frame.y(), frame.right() - x, frame.height()))
        self._paint_picture(painter, frame, self.after)
        painter.restore()
        painter.setPen(QPen(QColor(255, 255, 255, 150), 1))
        top, bottom = max(frame.top(), 0.0), min(frame.bottom(), float(self.height()))
        painter.drawLine(QPointF(x, top), QPointF(x, bottom))
        painter.setBrush(QColor(255, 255, 255, 220))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QPointF(x, (top + bottom) / 2), 4.5, 4.5)
        self._tag(painter, "before", QPointF(frame.x() + 10, top + 10), left=True)
        self._tag(painter, "after", QPointF(frame.right() - 10, top + 10), left=False)

    def _tag(self, painter: QPainter, text: str, at: QPointF, left: bool) -> None:
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(text) + 12
        box = QRectF(at.x() if left else at.x() - width, at.y(), width, metrics.height() + 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 120))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(QColor(230, 232, 235, 210))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_message(self, painter: QPainter) -> None:
        painter.setPen(QColor(style.DIM))
        middle = QRectF(self.rect()).adjusted(40, 0, -40, -10)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(middle, flags, self.message)
        if self.hint:
            painter.setPen(QColor(style.FAINT))
            painter.drawText(middle.translated(0, 26), flags, self.hint)

    def _paint_busy(self, painter: QPainter) -> None:
        text = self.message or "Making the preview"
        width = painter.fontMetrics().horizontalAdvance(text) + 28
        box = QRectF(self.width() / 2 - width / 2, self.height() - 44, width, 28)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 170))
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(QColor(style.TEXT))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_shapes(self, painter: QPainter, frame: QRectF) -> None:
        shapes = [*self.shapes, *([self._shape] if self._shape else [])]
        judged = self.after is not None and self.mode == WIPE  # not through red
        self._overlay.paint(
            painter, shapes, frame, self.size(), self.devicePixelRatioF(), filled=not judged
        )

    def _paint_picture(self, painter: QPainter, frame: QRectF, picture: QPixmap) -> None:
        """Scaled once for a size, not at every move of the wipe."""
        if self._zoom > 1.0:
            painter.drawPixmap(frame, picture, QRectF(picture.rect()))
            return
        key, size = picture.cacheKey(), frame.size().toSize() * self.devicePixelRatioF()
        if self._scaled.get(key, QPixmap()).size() != size:
            known = {p.cacheKey() for p in (self.before, self.after) if p is not None}
            self._scaled = {k: p for k, p in self._scaled.items() if k in known}
            smooth = Qt.TransformationMode.SmoothTransformation
            self._scaled[key] = picture.scaled(size, mode=smooth)
        scaled = self._scaled[key]
        painter.drawPixmap(frame, scaled, QRectF(scaled.rect()))

    def _paint_cursor(self, painter: QPainter, frame: QRectF) -> None:
        if self.mode == BRUSH and self._mouse is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(240, 240, 240, 190), 1))
            radius = self.radius * frame.width()
            painter.drawEllipse(self._mouse, radius, radius)

    # ---- mouse and keys -------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        position = event.position()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag = position - self._offset
        elif event.button() == Qt.MouseButton.LeftButton and self.before is not None:
            if self.mode == WIPE:
                self._wiping = True
                self._move_wipe(position)
            else:
                point = self._fraction(position)
                self._shape = {"kind": self.mode, "points": [point, point], "erase": self.erase}
                if self.mode == BRUSH:
                    self._shape |= {"points": [point], "radius": self.radius}
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        position = event.position()
        self._mouse = position
        if self._drag is not None:
            self._offset = position - self._drag
        elif self._wiping:
            self._move_wipe(position)
        elif self._shape is not None:
            point = self._fraction(position)
            if self.mode == BRUSH:
                self._shape["points"].append(point)
            else:
                self._shape["points"][-1] = point
        near = self.mode == WIPE and self.after is not None and self._near_wipe(position)
        drawing = self.mode != WIPE
        self.setCursor(
            Qt.CursorShape.SplitHCursor
            if near
            else Qt.CursorShape.CrossCursor
            if drawing
            else Qt.CursorShape.ArrowCursor
        )
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._drag = None
        self._wiping = False
        if self._shape is not None:
            (x0, y0), (x1, y1) = self._shape["points"][0], self._shape["points"][-1]
            if self.mode == BRUSH or (abs(x1 - x0) > 0.004 and abs(y1 - y0) > 0.004):
                self.shapes.append(self._shape)
            self._shape = None
            self.drawn.emit()
        self.update()

    def leaveEvent(self, event: Any) -> None:  # noqa: N802
        self._mouse = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        if self.before is None:
            return
        at = self._fraction(event.position())
        self._zoom = min(32.0, max(1.0, self._zoom * 1.0015 ** event.angleDelta().y()))
        if self._zoom == 1.0:
            self._offset = QPointF(0, 0)
        else:
            frame = self._frame()
            under = QPointF(frame.x() + at[0] * frame.width(), frame.y() + at[1] * frame.height())
            self._offset += event.position() - under
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        step = 0.05 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0.01
        if event.key() == Qt.Key.Key_Left:
            self.split = max(0.0, self.split - step)
        elif event.key() == Qt.Key.Key_Right:
            self.split = min(1.0, self.split + step)
        elif event.key() == Qt.Key.Key_BracketLeft:
            self.radius = max(0.003, self.radius / 1.2)
        elif event.key() == Qt.Key.Key_BracketRight:
            self.radius = min(0.3, self.radius * 1.2)
        elif event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._held = True
        else:
            super().keyPressEvent(event)
            return
        self.update()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._held = False
            self.update()
        else:
            super().keyReleaseEvent(event)

    def _move_wipe(self, position: QPointF) -> None:
        self.split = self._fraction(position)[0]

    def _near_wipe(self, position: QPointF) -> bool:
        frame = self._frame()
        return bool(abs(position.x() - (frame.x() + frame.width() * self.split)) < _GRIP)
