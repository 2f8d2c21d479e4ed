"""Parts that the panel is made of."""

from .qt import QtWidgets


def table(columns):
    """A flat list with these columns."""
    made = QtWidgets.QTreeWidget()
    made.setHeaderLabels(list(columns))
    made.setRootIsDecorated(False)
    made.header().setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeToContents)
    return made


def button(label, action):
    made = QtWidgets.QPushButton(label)
    made.clicked.connect(action)
    return made
