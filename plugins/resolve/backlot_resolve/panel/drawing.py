"""The buttons over the preview: wipe, and what draws a matte."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from . import viewer

_MODES = (
    (viewer.WIPE, "Wipe", "Drag the line between before and after (W)"),
    (viewer.BOX, "Box", "Draw a box (1)"),
    (viewer.ELLIPSE, "Ellipse", "Draw an ellipse (2)"),
    (viewer.BRUSH, "Brush", "Paint; [ and ] change the size (3)"),
)


class Drawing(QWidget):
    """Shown only where a matte can be drawn."""

    def __init__(self, view: viewer.Viewer) -> None:
        super().__init__()
        self._view = view
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        self._modes = QButtonGroup(self)
        for mode, text, tip in _MODES:
            button = _button(text, tip)
            button.setCheckable(True)
            button.setProperty("mode", mode)
            button.setChecked(mode == viewer.WIPE)
            self._modes.addButton(button)
            row.addWidget(button)
        self.erase = _button("Erase", "What is drawn takes away (E)")
        self.erase.setCheckable(True)
        self.erase.toggled.connect(lambda on: setattr(view, "erase", on))
        undo = _button("Undo", "Take the last stroke back (Ctrl+Z)")
        undo.clicked.connect(view.undo)
        clear = _button("Clear", "Remove everything that is drawn")
        clear.clicked.connect(view.clear_shapes)
        for button in (self.erase, undo, clear):
            row.addWidget(button)
        self._modes.buttonToggled.connect(self._changed)
        self.allow(False)

    def allow(self, on: bool) -> None:
        """Whether drawing means something now."""
        self.setVisible(on)
        self._view.show_matte = on
        if not on:
            self.choose(viewer.WIPE)
        self._view.update()

    def choose(self, mode: str) -> None:
        """What the mouse does; drawing only where it is allowed."""
        if mode == viewer.WIPE or self._view.show_matte:
            for button in self._modes.buttons():
                if button.property("mode") == mode:
                    button.setChecked(True)

    def _changed(self, button: Any, on: bool) -> None:
        if on:
            self._view.mode = button.property("mode")
            self._view.setFocus()


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    return button
