"""Forms of the tool's pane: headings, names in a column of one width, choices."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from .controls import LABEL, QuietCombo, form_layout


def section(box: QWidget, heading: str) -> QFormLayout:
    """A form under a heading, filling a box."""
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(5)
    label = QLabel(heading)
    label.setObjectName("group")
    column.addWidget(label)
    form = form_layout()
    column.addLayout(form)
    return form


def name_label(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("dim")
    label.setFixedWidth(LABEL)
    return label


def choices(rows: tuple[tuple[str, str, str], ...]) -> QComboBox:
    """A choice of (value, text, tooltip)."""
    made = QuietCombo()
    for value, text, tip in rows:
        made.addItem(text, value)
        made.setItemData(made.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
    return made
