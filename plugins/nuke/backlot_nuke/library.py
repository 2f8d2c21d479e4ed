"""The characters of a folder, and which of them a CharacterLock is held to."""

import os

from .node import hold_selected_to, script_folder
from .qt import QtCore, QtWidgets
from .widgets import button, table

_BESIDE_SCRIPT = "characters"


class Library(QtWidgets.QWidget):
    wanted = QtCore.Signal()
    """Another folder is to be asked for."""

    def __init__(self, parent=None):
        QtWidgets.QWidget.__init__(self, parent)
        self._settings = QtCore.QSettings("Backlot", "nuke")
        self.where = QtWidgets.QLabel("")
        self.where.setWordWrap(True)
        self.characters = table(("Character", "Regions", "References", "Consent"))
        self.characters.itemSelectionChanged.connect(self._chosen)
        self.use = button("Use in selected CharacterLock", self.use_selected)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.characters)
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.where, 1)
        row.addWidget(button("Folder...", self.choose))
        row.addWidget(self.use)
        layout.addLayout(row)
        self.where.setText(self.folder() or "No folder of characters is chosen.")
        self._chosen()

    def folder(self):
        """The one chosen, else $BACKLOT_CHARACTERS, else characters beside the script."""
        chosen = str(self._settings.value("characters") or "")
        chosen = chosen or os.environ.get("BACKLOT_CHARACTERS", "")
        beside = os.path.join(script_folder(), _BESIDE_SCRIPT) if script_folder() else ""
        return chosen or beside

    def choose(self):
        path = QtWidgets.QFileDialog.getExistingDirectory(self, "The folder of the characters")
        if path:
            self._settings.setValue("characters", path)
            self.wanted.emit()

    def told(self, told, error):
        """What the companion says of the folder."""
        self.where.setText(error.sentence if error is not None else self.folder())
        self.characters.clear()
        for each in (told or {}).get("characters", ()):
            row = [each["name"], each.get("problem") or ", ".join(each.get("regions", ()))]
            row += [str(each.get("references", "")), each.get("consent", "")]
            item = QtWidgets.QTreeWidgetItem(self.characters, row)
            item.setData(0, QtCore.Qt.UserRole, "" if "problem" in each else each["folder"])
            item.setToolTip(0, each["folder"])
        self._chosen()

    def use_selected(self):
        """Into the character knob of every selected node that has one."""
        if self._folder():
            hold_selected_to(self._folder())

    def _folder(self):
        items = self.characters.selectedItems()
        return items[0].data(0, QtCore.Qt.UserRole) if items else ""

    def _chosen(self):
        self.use.setEnabled(bool(self._folder()))
