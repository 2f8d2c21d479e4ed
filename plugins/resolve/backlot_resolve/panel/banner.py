"""A line above everything: what happened and what to do next."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton


class Banner(QFrame):
    """A sentence and what to do next. Not a dialog: those fall behind Resolve."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.button = QPushButton()
        self.button.hide()
        close = QToolButton()
        close.setObjectName("link")
        close.setText("×")
        close.setToolTip("Dismiss (Esc)")
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 7, 6, 7)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._action: Any = None
        self.button.clicked.connect(lambda: self._action and self._action())
        self.hide()

    def say(
        self,
        sentence: str,
        hint: str = "",
        kind: str = "warn",
        button: str = "",
        action: Any = None,
    ) -> None:
        text = sentence if not hint else f"{sentence}<br><span style='color:#a9adb3'>{hint}</span>"
        self.label.setText(text)
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self._action = action
        self.show()
