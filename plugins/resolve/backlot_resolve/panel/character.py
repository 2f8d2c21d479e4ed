"""Which character: one of the library, a folder of its own, or a new one."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

_NONE = "Choose a character"


class CharacterField(QWidget):
    """Its value is a folder's path, "" for none. What it shows is told by `offer`."""

    changed = Signal()
    wanted = Signal(str)
    """Another library was chosen: its folder."""
    made = Signal(str, str)
    """A new character is wanted: its name, and its regions with commas between."""
    referenced = Signal()
    """The frame under the playhead is to become a reference of the chosen character."""

    def __init__(self) -> None:
        super().__init__()
        self.choice = QComboBox()
        self.choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.choice.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.choice.setMinimumContentsLength(8)
        self.choice.setAccessibleName("Character")
        self.choice.addItem(_NONE, "")
        self.choice.currentIndexChanged.connect(self.changed)
        more = QToolButton()
        more.setText("…")
        more.setToolTip("A new character, or one from elsewhere")
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(more)
        menu.addAction("New character…", self._new)
        self._add = menu.addAction("Add this frame as a reference", self.referenced.emit)
        menu.aboutToShow.connect(lambda: self._add.setEnabled(bool(self.value())))
        menu.addSeparator()
        menu.addAction("Choose a character's folder…", self._choose)
        menu.addAction("Choose a library…", self._other)
        more.setMenu(menu)
        row = QHBoxLayout()
        row.addWidget(self.choice, 1)
        row.addWidget(more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)

    def offer(self, characters: list[dict[str, Any]]) -> None:
        """The characters of the library. What is chosen stays, also where it is from elsewhere."""
        kept = self.value()
        with QSignalBlocker(self.choice):
            self.choice.clear()
            self.choice.addItem(_NONE, "")
            for row in characters:
                self.choice.addItem(row["name"], row["folder"])
                at = self.choice.count() - 1
                self.choice.setItemData(at, _tip(row), Qt.ItemDataRole.ToolTipRole)
                model: Any = self.choice.model()
                model.item(at).setEnabled("problem" not in row)
        self.set_value(kept)

    def value(self) -> str:
        return str(self.choice.currentData() or "")

    def set_value(self, path: str) -> None:
        if path and self.choice.findData(path) < 0:
            self.choice.addItem(path.replace("\\", "/").rstrip("/").rpartition("/")[2], path)
        self.choice.setCurrentIndex(max(0, self.choice.findData(path)))

    def _new(self) -> None:
        name, accepted = QInputDialog.getText(self, "New character", "Name")
        if not accepted or not name.strip():
            return
        ask = "Regions with a colour of their own, as in its mattes: coat, hair, face"
        regions, accepted = QInputDialog.getText(self, "New character", ask)
        if accepted:
            self.made.emit(name.strip(), regions)

    def _choose(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "A character's folder")
        if path:
            self.set_value(path)

    def _other(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "The folder that holds the characters")
        if path:
            self.wanted.emit(path)


def _tip(row: dict[str, Any]) -> str:
    if "problem" in row:
        return f"{row['problem']}\n{row['folder']}"
    count = row["references"]
    parts = (
        ", ".join(row["regions"]),
        f"{count} reference{'' if count == 1 else 's'}",
        f"consent: {row['consent']}",
        row["folder"],
    )
    return "\n".join(part for part in parts if part)
