"""The tool, its controls, its matte, and how frames go out and come back."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..landing import IN_CLIP
from .controls import Controls, QuietCombo, QuietSpin
from .forms import choices, name_label, section
from .memory import Memory

_ROUTES = (
    ("isolated", "From Resolve, ungraded", "Resolve decodes the clip alone, with handles"),
    ("graded", "As graded", "The clip with its grade and transform, without handles"),
    ("direct", "Read the files directly", "Resolve is not asked at all; EXR, DPX, TIFF, PNG"),
)
_PLACES = (
    ("take", "As a take", "Beside the original in the clip's take selector"),
    ("fusion", "In its Fusion composition", "A Loader after MediaIn, in a copy of the composition"),
    ("above", "On the track above", "On a track named Backlot, grade and transform copied"),
    ("bin", "In the bin only", "The timeline is not touched"),
)
_MATTES = (
    ("none", "None", "The tool may change the whole picture"),
    ("drawn", "Drawn on the preview", "Boxes, ellipses and brush strokes, for all frames"),
    ("alpha", "The clip's alpha", "Its alpha channel"),
    ("clip", "Another clip", "A clip that lies over this one, as a matte"),
    ("sequence", "Files", "A matte sequence from disk, numbered as the clip's files"),
)


class Tool(QWidget):
    """Emits `changed` when another request would be made."""

    changed = Signal()
    matte_wanted = Signal(bool)
    """Whether drawing on the preview makes sense now."""
    library_wanted = Signal(str)
    """The characters of this library are wanted, "" for the usual one."""
    character_made = Signal(str, str)
    """A new character of this name and these regions is wanted."""
    reference_wanted = Signal()
    """The frame under the playhead is to become a reference of the character."""

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self._memory = memory
        self._specs: dict[str, dict[str, Any]] = {}
        self.controls: Controls | None = None
        self.shapes: list[dict[str, Any]] = []
        self.choice = QuietCombo()
        self.choice.setAccessibleName("Tool")
        self.choice.currentIndexChanged.connect(self._switch)
        self._presets = QToolButton()
        self._presets.setText("Presets")
        self._presets.setToolTip("Save and load the settings of this tool")
        self._presets.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self._presets)
        self._menu.aboutToShow.connect(self._fill_presets)
        self._presets.setMenu(self._menu)
        self.summary = QLabel("")
        self.summary.setObjectName("dim")
        self.summary.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(self.choice, 1)
        head.addWidget(self._presets)
        self._body = QWidget()
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(8)
        self._holder = QVBoxLayout()
        self._column.addLayout(self._holder)
        self._matte_box = self._build_matte()
        self._column.addWidget(self._matte_box)
        self._inputs_box = QWidget()
        self._column.addWidget(self._inputs_box)
        self._inputs: dict[str, QLineEdit] = {}
        self._column.addWidget(self._build_ways())
        self._column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._body)
        area.setFrameShape(QFrame.Shape.NoFrame)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.summary)
        column.addWidget(area, 1)

    # ---- building -------------------------------------------------------------------------

    def _build_matte(self) -> QWidget:
        box = QWidget()
        form = section(box, "Matte source")
        self.matte = choices(_MATTES)
        self.matte.setAccessibleName("Matte source")
        self._matte_model: Any = self.matte.model()
        self.matte_clip = QuietCombo()
        self.matte_clip.setAccessibleName("Matte clip")
        self.matte_path = QLineEdit()
        self.matte_path.setPlaceholderText("roto.####.exr")
        self._path_row = self._with_browse(self.matte_path)
        form.addRow(name_label("From"), self.matte)
        form.addRow(name_label(""), self.matte_clip)
        form.addRow(name_label(""), self._path_row)
        self._matte_form = form
        self.matte.currentIndexChanged.connect(self._matte_changed)
        self.matte_clip.currentIndexChanged.connect(self.changed)
        self.matte_path.textChanged.connect(self.changed)
        return box

    def _build_inputs(self, spec: dict[str, Any]) -> None:
        """A field for every further input of the tool: reference pictures, depth, vectors."""
        old, self._inputs_box = self._inputs_box, QWidget()
        self._column.replaceWidget(old, self._inputs_box)
        old.hide()
        old.deleteLater()
        self._inputs = {}
        matte = next((g["name"] for g in spec["inputs"] if g["kind"] == "matte"), "")
        more = [given for given in spec["inputs"][1:] if given["name"] != matte]
        if not more:
            return
        form = section(self._inputs_box, "Inputs")
        for given in more:
            field = QLineEdit()
            field.setPlaceholderText("needed" if given.get("required") else "optional")
            field.setToolTip(given.get("help", ""))
            field.textChanged.connect(self.changed)
            form.addRow(name_label(given.get("label") or given["name"]), self._with_browse(field))
            self._inputs[given["name"]] = field

    def _with_browse(self, field: QLineEdit) -> QWidget:
        box, browse = QWidget(), QToolButton()
        browse.setText("…")
        browse.setToolTip("Choose a file: a still, or one of a sequence")
        browse.clicked.connect(lambda: self._browse(field))
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(field, 1)
        row.addWidget(browse)
        return box

    def _build_ways(self) -> QWidget:
        box = QWidget()
        form = section(box, "Frames")
        self.route, self.place = choices(_ROUTES), choices(_PLACES)
        self.route.setAccessibleName("How frames come out of Resolve")
        self.place.setAccessibleName("Where the result goes")
        self.handles = QuietSpin()
        self.handles.setRange(0, 240)
        self.handles.setValue(8)
        self.handles.setSuffix(" fr")
        self.handles.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.handles.setToolTip("Frames beyond both ends, as far as the media goes")
        self.space = QuietCombo()
        self.space.setEditable(True)
        self.space.setToolTip("The plate's colour space, where Resolve does not say it")
        self.space.addItem("Automatic", "")
        form.addRow(name_label("Out"), self.route)
        form.addRow(name_label("Handles"), self.handles)
        form.addRow(name_label("Colour"), self.space)
        form.addRow(name_label("Back"), self.place)
        self.route.currentIndexChanged.connect(self._route_changed)
        for signal in (
            self.handles.valueChanged, self.place.currentIndexChanged,
            self.space.currentTextChanged,
        ):  # fmt: skip
            signal.connect(self.changed)
        return box

    # ---- reading and setting --------------------------------------------------------------

    def offer(self, specs: list[dict[str, Any]], spaces: list[str]) -> None:
        """The tools of the server."""
        wanted = self._memory.get("tool", "")
        self._specs = {spec["name"]: spec for spec in specs}
        self.choice.blockSignals(True)
        self.choice.clear()
        for spec in specs:
            self.choice.addItem(spec["label"], spec["name"])
        self.choice.setCurrentIndex(max(0, self.choice.findData(wanted)))
        self.choice.blockSignals(False)
        if self.space.count() == 1:
            self.space.addItems(spaces)
        for name, combo in (("route", self.route), ("place", self.place), ("matte", self.matte)):
            combo.setCurrentIndex(max(0, combo.findData(self._memory.get(name, ""))))
        self.handles.setValue(int(self._memory.get("handles", 8)))
        self._switch()

    def offer_characters(self, found: dict[str, Any]) -> None:
        """The library as the companion reads it; a character that was just made is chosen."""
        if self.controls is not None and self.controls.character is not None:
            self.controls.character.offer(found["characters"])
            if found.get("made"):
                self.controls.character.set_value(found["made"])

    def matte_clips(self, clips: list[dict[str, Any]]) -> None:
        """Clips that may serve as a matte."""
        shown = [self.matte_clip.itemData(i) for i in range(self.matte_clip.count())]
        if shown != [clip["id"] for clip in clips]:
            self.matte_clip.blockSignals(True)
            self.matte_clip.clear()
            for clip in clips:
                self.matte_clip.addItem(f"V{clip['track']}  {clip['name']}", clip["id"])
            self.matte_clip.blockSignals(False)

    @property
    def spec(self) -> dict[str, Any] | None:
        return self._specs.get(self.choice.currentData() or "")

    @property
    def library(self) -> str:
        """The folder of the characters, "" for the usual one."""
        return str(self._memory.get("library", ""))

    @property
    def takes_matte(self) -> bool:
        spec = self.spec
        return bool(spec and any(given["kind"] == "matte" for given in spec["inputs"]))

    def request(self) -> dict[str, Any] | None:
        """What would be asked now, for `job.Request`; None while there are no tools."""
        spec = self.spec
        if spec is None or self.controls is None:
            return None
        space = self.space.currentText()
        return {
            "tool": spec["name"],
            "label": spec["label"],
            "params": self.controls.values(),
            "route": self.route.currentData(),
            "place": self.place.currentData(),
            "handles": self.handles.value(),
            "space": "" if space == "Automatic" else space,
            "matte": self._matte_asked() if self.takes_matte else {},
            "inputs": {name: field.text() for name, field in self._inputs.items()},
        }

    def load(self, request: dict[str, Any]) -> None:
        """Set everything as a request was, to run it again."""
        index = self.choice.findData(request["tool"])
        if index < 0 or self.controls is None:
            return
        self.choice.setCurrentIndex(index)
        self.controls.set_values(request["params"])
        for name, combo in (("route", self.route), ("place", self.place)):
            combo.setCurrentIndex(max(0, combo.findData(request.get(name))))
        self.handles.setValue(int(request.get("handles", 8)))
        matte = request.get("matte") or {}
        if matte:
            self.matte.setCurrentIndex(max(0, self.matte.findData(matte.get("source"))))
            self.matte_path.setText(matte.get("path", ""))
            self.shapes[:] = matte.get("shapes", [])
        for name, path in (request.get("inputs") or {}).items():
            if name in self._inputs:
                self._inputs[name].setText(path)
        self.changed.emit()

    def remember(self) -> None:
        spec = self.spec
        if spec is None or self.controls is None:
            return
        self._memory.values |= {
            "tool": spec["name"],
            "route": self.route.currentData(),
            "place": self.place.currentData(),
            "matte": self.matte.currentData(),
            "handles": self.handles.value(),
        }
        self._memory.values.setdefault("params", {})[spec["name"]] = self.controls.values()
        self._memory.save()

    def _matte_asked(self) -> dict[str, Any]:
        source = self.matte.currentData()
        return {
            "source": source,
            "shapes": list(self.shapes) if source == "drawn" else [],
            "clip": self.matte_clip.currentData() if source == "clip" else "",
            "path": self.matte_path.text() if source == "sequence" else "",
        }

    # ---- reacting -------------------------------------------------------------------------

    def _switch(self) -> None:
        spec = self.spec
        if spec is None:
            return
        if self.controls is not None:
            self._holder.removeWidget(self.controls)
            self.controls.hide()
            self.controls.deleteLater()
        self.controls = Controls(spec)
        self.controls.set_values(self._memory.get("params", {}).get(spec["name"], {}))
        self.controls.changed.connect(self.changed)
        self._holder.addWidget(self.controls)
        if self.controls.character is not None:
            self.controls.character.wanted.connect(self.library_wanted)
            self.controls.character.made.connect(self.character_made)
            self.controls.character.referenced.connect(self.reference_wanted)
            self.library_wanted.emit(self.library)
        self.summary.setText(spec["summary"])
        self._matte_box.setVisible(self.takes_matte)
        self._build_inputs(spec)
        needed = any(g["kind"] == "matte" and g.get("required") for g in spec["inputs"])
        self._matte_model.item(0).setEnabled(not needed)
        if needed and self.matte.currentData() == "none":
            self.matte.setCurrentIndex(1)
        self._matte_changed()

    def _matte_changed(self) -> None:
        source = self.matte.currentData()
        self._matte_form.setRowVisible(self.matte_clip, source == "clip")
        self._matte_form.setRowVisible(self._path_row, source == "sequence")
        self.matte_wanted.emit(self.takes_matte and source == "drawn")
        self.changed.emit()

    def _route_changed(self) -> None:
        graded = self.route.currentData() == "graded"
        self.handles.setEnabled(not graded)
        if graded and self.place.currentData() in IN_CLIP:
            self.place.setCurrentIndex(self.place.findData("above"))
        model: Any = self.place.model()
        for place in IN_CLIP:
            model.item(self.place.findData(place)).setEnabled(not graded)
        self.changed.emit()

    def _browse(self, field: QLineEdit) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "A still, or one file of a sequence")
        if path:
            field.setText(path)

    def _fill_presets(self) -> None:
        self._menu.clear()
        spec = self.spec
        if spec is None or self.controls is None:
            return
        tool, controls = spec["name"], self.controls
        defaults = {param["name"]: param["default"] for param in spec["params"]}
        self._menu.addAction("Defaults", lambda: controls.set_values(defaults))
        found = self._memory.presets(tool)
        if found:
            self._menu.addSeparator()
        for name, params in sorted(found.items()):
            self._menu.addAction(name, partial(controls.set_values, params))
        self._menu.addSeparator()
        self._menu.addAction("Save as preset…", self._save_preset)
        if found:
            drop = self._menu.addMenu("Delete")
            for name in sorted(found):
                drop.addAction(name, partial(self._memory.drop_preset, tool, name))

    def _save_preset(self) -> None:
        spec = self.spec
        name, accepted = QInputDialog.getText(self, "Save as preset", "Name")
        if accepted and name.strip() and spec is not None and self.controls is not None:
            self._memory.keep_preset(spec["name"], name.strip(), self.controls.values())
