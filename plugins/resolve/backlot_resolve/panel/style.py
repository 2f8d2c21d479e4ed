"""One dark, quiet look. Colour means something or is not there."""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

GROUND = "#1a1b1d"
PANE = "#222326"
FIELD = "#18191b"
RAISED = "#2c2e32"
LINE = "#34363b"
TEXT = "#d6d8db"
DIM = "#8d9198"
FAINT = "#5f636a"
ACCENT = "#7fb0cf"
GOOD = "#8fb996"
WARN = "#d2b26f"
BAD = "#dc8f80"
MATTE = "#d0584a"

SHEET = f"""
* {{ outline: 0; }}
QWidget {{ color: {TEXT}; font-size: 12px; }}
QMainWindow, QDialog {{ background: {GROUND}; }}
#pane {{ background: {PANE}; border: 1px solid #2a2c30; border-radius: 6px; }}
#heading {{ color: {DIM}; font-size: 11px; font-weight: 600; letter-spacing: 1px; }}
#dim {{ color: {DIM}; }}
#group {{ color: {DIM}; font-size: 11px; padding-top: 6px; }}
#title {{ font-size: 13px; font-weight: 600; }}
QToolTip {{ background: #303237; color: {TEXT}; border: 1px solid #45484e; padding: 4px 6px; }}
QPushButton, QToolButton {{ background: {RAISED}; border: 1px solid {LINE}; border-radius: 4px;
    padding: 4px 10px; min-height: 16px; }}
QToolButton {{ padding: 4px 6px; }}
QPushButton:hover, QToolButton:hover {{ background: #34373c; }}
QPushButton:pressed, QToolButton:pressed {{ background: #27292d; }}
QPushButton:focus, QToolButton:focus {{ border-color: {ACCENT}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {FAINT}; background: #25272a;
    border-color: #2b2d31; }}
QToolButton:checked, QPushButton:checked {{ background: #3a4650; border-color: #55697a;
    color: #eef3f6; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
#primary {{ background: #3f6176; border-color: #527a93; color: #f2f6f8; font-weight: 600;
    padding: 6px 16px; }}
#primary:hover {{ background: #486f87; }}
#primary:disabled {{ background: #2a3238; border-color: #313a41; color: #6d777e; }}
#link {{ background: transparent; border: 0; color: {DIM}; padding: 2px 4px; }}
#link:hover {{ color: {TEXT}; }}
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit {{ background: {FIELD};
    border: 1px solid {LINE}; border-radius: 4px; padding: 3px 7px; min-height: 17px;
    selection-background-color: #45657a; }}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button,
QDoubleSpinBox::down-button {{ width: 0; height: 0; border: 0; }}
QSpinBox, QDoubleSpinBox {{ padding: 2px 6px 4px 6px; min-height: 15px; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: 0; padding: 0 2px; min-height: 0;
    background: transparent; }}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus {{
    border-color: {ACCENT}; }}
QComboBox::drop-down {{ border: 0; width: 18px; }}
QComboBox::down-arrow {{ image: none; width: 0; height: 0; border-left: 4px solid {PANE};
    border-right: 4px solid {PANE}; border-top: 5px solid {DIM}; margin-right: 7px; }}
QComboBox QAbstractItemView {{ background: #26282b; border: 1px solid #3c3f45;
    selection-background-color: #3a4650; padding: 2px; }}
QCheckBox {{ spacing: 7px; }}
QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid #4a4d54; border-radius: 3px;
    background: {FIELD}; }}
QCheckBox::indicator:checked {{ background: {ACCENT}; border-color: {ACCENT}; }}
QCheckBox::indicator:focus {{ border-color: {ACCENT}; }}
QSlider::groove:horizontal {{ height: 2px; background: #3a3d43; border-radius: 1px; }}
QSlider::sub-page:horizontal {{ background: #5d7f95; border-radius: 1px; }}
QSlider::handle:horizontal {{ width: 10px; height: 10px; margin: -4px 0; border-radius: 5px;
    background: #b9bdc3; }}
QSlider::handle:horizontal:hover {{ background: #e4e6e9; }}
QSlider::handle:horizontal:focus {{ background: {ACCENT}; }}
QListView, QTreeView {{ background: {FIELD}; border: 1px solid #2a2c30; border-radius: 4px;
    alternate-background-color: #1c1d20; }}
QListView::item, QTreeView::item {{ border: 0; }}
QListView:focus, QTreeView:focus {{ border-color: #43525e; }}
QHeaderView::section {{ background: {PANE}; color: {DIM}; border: 0; padding: 4px 6px;
    font-size: 11px; }}
QScrollArea {{ background: transparent; border: 0; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QScrollBar:vertical {{ background: transparent; width: 9px; margin: 0; }}
QScrollBar::handle:vertical {{ background: #3d4046; border-radius: 4px; min-height: 24px; }}
QScrollBar::handle:vertical:hover {{ background: #50545b; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QScrollBar:horizontal {{ background: transparent; height: 9px; }}
QScrollBar::handle:horizontal {{ background: #3d4046; border-radius: 4px; min-width: 24px; }}
QSplitter::handle {{ background: transparent; }}
QMenu {{ background: #26282b; border: 1px solid #3c3f45; padding: 4px; }}
QMenu::item {{ padding: 4px 18px; border-radius: 3px; }}
QMenu::item:selected {{ background: #3a4650; }}
QMenu::item:disabled {{ color: {FAINT}; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 6px; }}
#banner {{ background: #332c26; border: 1px solid #5a4a36; border-radius: 5px; }}
#banner[kind="bad"] {{ background: #35282a; border-color: #66444a; }}
#banner[kind="calm"] {{ background: #26303a; border-color: #3b5062; }}
"""


def dress(application: QApplication) -> None:
    """Give the application this look, whatever the desktop's."""
    application.setStyle("Fusion")
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, GROUND), (QPalette.ColorRole.Base, FIELD),
        (QPalette.ColorRole.AlternateBase, PANE), (QPalette.ColorRole.Text, TEXT),
        (QPalette.ColorRole.WindowText, TEXT), (QPalette.ColorRole.Button, RAISED),
        (QPalette.ColorRole.ButtonText, TEXT), (QPalette.ColorRole.Highlight, "#3a4650"),
        (QPalette.ColorRole.HighlightedText, "#f0f3f5"),
        (QPalette.ColorRole.PlaceholderText, FAINT), (QPalette.ColorRole.ToolTipBase, RAISED),
        (QPalette.ColorRole.ToolTipText, TEXT),
    ):  # fmt: skip
        palette.setColor(role, QColor(colour))
    application.setPalette(palette)
    font = QFont()
    font.setFamilies(["Inter", "SF Pro Text", "Segoe UI", "Noto Sans", "DejaVu Sans"])
    font.setPixelSize(12)
    application.setFont(font)
    application.setStyleSheet(SHEET)
