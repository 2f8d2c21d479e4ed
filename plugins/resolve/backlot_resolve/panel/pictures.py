"""Pictures from disk, decoded off the UI thread: a 1920x1080 PNG takes tens of milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap


class Pictures(QObject):
    """Reads the newest that was asked for; what was asked before it is forgotten."""

    _read = Signal(int, list)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked = 0
        self._then: Callable[[list[QPixmap | None]], None] | None = None
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._read.connect(self._arrived)

    def load(self, paths: list[str], then: Callable[[list[QPixmap | None]], None]) -> None:
        """Give `then` the pictures, None for "" and for what cannot be read."""
        self._asked += 1
        self._then = then
        self._pool.start(_Reading(self._asked, paths, self._read))

    def forget(self) -> None:
        """Whatever is on its way is not shown any more."""
        self._asked += 1

    def _arrived(self, number: int, images: list[QImage]) -> None:
        if number == self._asked and self._then is not None:
            self._then([None if i.isNull() else QPixmap.fromImage(i) for i in images])


class _Reading(QRunnable):
    def __init__(self, number: int, paths: list[str], told: Any) -> None:
        super().__init__()
        self._number, self._paths, self._told = number, paths, told

    def run(self) -> None:
        images = [
            QImage(path).convertToFormat(QImage.Format.Format_RGB32) if path else QImage()
            for path in self._paths
        ]
        self._told.emit(self._number, images)
