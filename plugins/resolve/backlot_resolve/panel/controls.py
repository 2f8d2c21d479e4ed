"""Controls from a ToolSpec: one row for each parameter, grouped as the tool groups them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from .character import CharacterField

LABEL = 92
_STEPS = 400
_WIDEST = 5000


def form_layout() -> QFormLayout:
    """Labels on the left, all of one width; fields as wide as there is room."""
    form = QFormLayout()
    form.setHorizontalSpacing(8)
    form.setVerticalSpacing(5)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


class _Name(QLabel):
    """The label of a parameter: brighter when changed, double click resets."""

    reset = Signal()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.reset.emit()


class Quiet:
    """Not changed by a wheel that only scrolls the pane."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        if self.hasFocus():  # type: ignore[attr-defined]
            super().wheelEvent(event)  # type: ignore[misc]
        else:
            event.ignore()


class QuietSpin(Quiet, QSpinBox):
    pass


class QuietDouble(Quiet, QDoubleSpinBox):
    pass


class QuietCombo(Quiet, QComboBox):
    """As wide as there is room, not as its longest entry."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


class QuietSlider(Quiet, QSlider):
    pass


class Number(QWidget):
    """A field, and a slider where the range is small enough to mean something."""

    changed = Signal()

    def __init__(self, param: dict[str, Any]) -> None:
        super().__init__()
        self._whole = param["kind"] == "int"
        low = -1e9 if param["minimum"] is None else param["minimum"]
        high = 1e9 if param["maximum"] is None else param["maximum"]
        self.field: Any
        if self._whole:
            self.field = QuietSpin()
            self.field.setRange(int(max(low, -(2**31))), int(min(high, 2**31 - 1)))
            self.field.setSingleStep(max(1, int(param["step"] or 1)))
        else:
            self.field = QuietDouble()
            self.field.setDecimals(2 if (param["step"] or 0.01) < 0.1 or high <= 10 else 1)
            self.field.setRange(low, high)
            self.field.setSingleStep(param["step"] or 0.1)
        unit = param["unit"]
        self.field.setSuffix(f" {unit}" if unit and unit != "x" else "x" if unit else "")
        self.field.setFixedWidth(84)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.field.setKeyboardTracking(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._low, self._high = low, high
        self.slider: QSlider | None = None
        if high - low <= _WIDEST:
            self.slider = QuietSlider(Qt.Orientation.Horizontal)
            self.slider.setRange(0, _STEPS)
            self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.slider.valueChanged.connect(self._slid)
            row.addWidget(self.slider, 1)
        else:
            row.addStretch(1)
        row.addWidget(self.field)
        self.field.valueChanged.connect(self._typed)

    def value(self) -> float | int:
        return int(self.field.value()) if self._whole else float(self.field.value())

    def set_value(self, value: Any) -> None:
        self.field.setValue(int(value) if self._whole else float(value))
        self._typed()

    def _typed(self) -> None:
        if self.slider is not None:
            with QSignalBlocker(self.slider):
                part = (self.field.value() - self._low) / (self._high - self._low)
                self.slider.setValue(round(part * _STEPS))
        self.changed.emit()

    def _slid(self, step: int) -> None:
        value = self._low + (self._high - self._low) * step / _STEPS
        single = self.field.singleStep()
        value = round(value / single) * single if single else value
        self.field.setValue(int(value) if self._whole else value)


class Controls(QWidget):
    """All parameters of one tool."""

    changed = Signal()

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__()
        self.spec = spec
        self._widgets: dict[str, Any] = {}
        self._names: dict[str, _Name] = {}
        self.character: CharacterField | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        forms: dict[str, QFormLayout] = {}
        for param in spec["params"]:
            group = param["group"]
            if group not in forms:
                if group:
                    heading = QLabel(group)
                    heading.setObjectName("group")
                    column.addWidget(heading)
                forms[group] = form_layout()
                column.addLayout(forms[group])
            self._add(forms[group], param)
        self._mark()

    def _add(self, form: QFormLayout, param: dict[str, Any]) -> None:
        name, kind = param["name"], param["kind"]
        label = _Name(param["label"] or name)
        label.setFixedWidth(LABEL)
        widget: Any
        if kind in ("float", "int"):
            widget = Number(param)
            widget.changed.connect(self._touched)
        elif kind == "bool":
            widget = QCheckBox()
            widget.toggled.connect(self._touched)
        elif kind == "choice":
            widget = QuietCombo()
            for value, text in param["choices"]:
                widget.addItem(text or value, value)
            widget.currentIndexChanged.connect(self._touched)
        elif kind == "character":
            widget = CharacterField()
            widget.changed.connect(self._touched)
            self.character = widget
        else:
            widget = QLineEdit()
            widget.textChanged.connect(self._touched)
        tip = param["help"]
        for each in (label, widget):
            each.setToolTip(tip)
        widget.setAccessibleName(param["label"] or name)
        widget.setAccessibleDescription(tip)
        label.reset.connect(lambda: self.set_values({name: param["default"]}))
        self._widgets[name], self._names[name] = widget, label
        self._put(name, param["default"])
        form.addRow(label, widget)

    def values(self) -> dict[str, Any]:
        """Every parameter as it stands."""
        return {name: self._get(name) for name in self._widgets}

    def set_values(self, values: dict[str, Any]) -> None:
        """Those that this tool has; others are left out, as when a preset is of an older one."""
        for name, value in values.items():
            if name in self._widgets:
                self._put(name, value)
        self._touched()

    def _param(self, name: str) -> dict[str, Any]:
        return next(param for param in self.spec["params"] if param["name"] == name)

    def _get(self, name: str) -> Any:
        widget = self._widgets[name]
        if isinstance(widget, Number):
            return widget.value()
        if isinstance(widget, QCheckBox):
            return widget.isChecked()
        if isinstance(widget, CharacterField):
            return widget.value()
        if isinstance(widget, QComboBox):
            return widget.currentData()
        return widget.text()

    def _put(self, name: str, value: Any) -> None:
        widget = self._widgets[name]
        with QSignalBlocker(widget):
            if isinstance(widget, Number):
                widget.set_value(value)
            elif isinstance(widget, QCheckBox):
                widget.setChecked(bool(value))
            elif isinstance(widget, CharacterField):
                widget.set_value(str(value))
            elif isinstance(widget, QComboBox):
                widget.setCurrentIndex(max(0, widget.findData(value)))
            else:
                widget.setText(str(value))

    def _touched(self) -> None:
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        for name, label in self._names.items():
            changed = self._get(name) != self._param(name)["default"]
            label.setStyleSheet("" if changed else "color: #9da1a8;")
