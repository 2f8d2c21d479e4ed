"""The Qt that this Nuke has: PySide6 from Nuke 16 on, PySide2 before."""

try:
    from PySide6 import QtCore, QtWidgets
except ImportError:
    from PySide2 import QtCore, QtWidgets

__all__ = ["QtCore", "QtWidgets"]
