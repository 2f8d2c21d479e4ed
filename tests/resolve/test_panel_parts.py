"""The parts of the panel, each alone, driven with real Qt events."""

from __future__ import annotations

import os

import pytest

pytest.importorskip(
    "PySide6.QtWidgets",
    reason="the panel is an extra (pip install 'backlot[panel]'), and Qt needs libEGL and libGL",
    exc_type=ImportError,
)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from backlot_resolve.panel import jobs, viewer
from backlot_resolve.panel.controls import Controls
from backlot_resolve.panel.memory import Memory
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from .conftest import until

SPEC = {
    "name": "tool",
    "label": "Tool",
    "summary": "Does something.",
    "inputs": [{"name": "source", "kind": "image"}, {"name": "matte", "kind": "matte"}],
    "params": [
        {"name": n, "kind": k, "default": d, "label": n.title(), "minimum": a, "maximum": b,
         "step": s, "unit": "", "choices": c, "group": "", "help": f"About {n}."}
        for n, k, d, a, b, s, c in (
            ("strength", "float", 0.5, 0.0, 1.0, 0.05, []),
            ("grow", "int", 3, 0, 64, 1, []),
            ("seed", "int", 0, None, None, 1, []),
            ("fast", "bool", True, None, None, 0, []),
            ("mode", "choice", "a", None, None, 0, [["a", "Mode A"], ["b", "Mode B"]]),
            ("prompt", "text", "", None, None, 0, []),
        )
    ],
}  # fmt: skip


def test_controls_are_built_from_the_spec_and_give_its_types(app):
    controls = Controls(SPEC)
    defaults = {p["name"]: p["default"] for p in SPEC["params"]}
    assert controls.values() == defaults
    told = []
    controls.changed.connect(lambda: told.append(1))
    changed = {
        "strength": 0.75, "grow": 12, "seed": 99, "fast": False, "mode": "b", "prompt": "wire",
    }  # fmt: skip
    controls.set_values(changed | {"gone": 1})
    assert controls.values() == changed
    assert told
    assert isinstance(controls.values()["grow"], int)


def test_a_group_is_shown_once_whatever_order_its_parameters_come_in(app):
    groups = {"strength": "Fill", "grow": "Matte", "seed": "Fill"}
    params = [dict(p, group=groups.get(p["name"], "")) for p in SPEC["params"]]
    controls = Controls(dict(SPEC, params=params))
    headings = [label.text() for label in controls.findChildren(QLabel, "group")]
    assert headings == ["Fill", "Matte"]
    controls.resize(400, 600)
    controls.show()
    rows = [controls._widgets[name].y() for name in ("strength", "seed", "grow")]
    assert rows == sorted(rows)


def test_a_typed_number_stays_in_its_range_and_moves_the_slider(app):
    controls = Controls(SPEC)
    number = controls._widgets["strength"]
    number.field.selectAll()
    QTest.keyClicks(number.field, "0.2")
    QTest.keyClick(number.field, Qt.Key.Key_Return)
    assert controls.values()["strength"] == 0.2
    assert number.slider.value() == 80
    number.slider.setValue(400)
    assert controls.values()["strength"] == 1.0


def test_the_wheel_scrolls_past_a_field_that_has_no_focus(app):
    controls = Controls(SPEC)
    controls.show()
    field = controls._widgets["grow"].field
    QTest.mouseMove(field)
    from PySide6.QtGui import QWheelEvent

    event = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    app.sendEvent(field, event)
    assert controls.values()["grow"] == 3


def test_memory_survives_and_a_damaged_file_is_forgotten(tmp_path):
    path = tmp_path / "panel.json"
    memory = Memory(path)
    memory.set("tool", "fill")
    memory.keep_preset("fill", "wires", {"grow": 4})
    again = Memory(path)
    assert again.get("tool", "") == "fill"
    assert again.presets("fill") == {"wires": {"grow": 4}}
    again.drop_preset("fill", "wires")
    assert Memory(path).presets("fill") == {}
    path.write_text("{half")
    assert Memory(path).values == {}


@pytest.fixture
def pictures(tmp_path, app):
    from PySide6.QtGui import QColor, QImage

    paths = []
    for name, colour in (("before", "#ff0000"), ("after", "#0000ff")):
        image = QImage(200, 100, QImage.Format.Format_RGB32)
        image.fill(QColor(colour))
        paths.append(str(tmp_path / f"{name}.png"))
        image.save(paths[-1])
    return paths


def test_the_wipe_shows_before_on_the_left_and_after_on_the_right(app, pictures):
    view = viewer.Viewer()
    view.resize(416, 216)
    view.show_frames(*pictures)
    until(app, lambda: view.after is not None)
    view.show()

    def colours():
        image = view.grab().toImage()
        return image.pixelColor(60, 150).name(), image.pixelColor(350, 150).name()

    assert colours() == ("#ff0000", "#0000ff")
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(208, 108))
    QTest.mouseMove(view, QPoint(20, 108))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(20, 108))
    assert colours() == ("#0000ff", "#0000ff")
    QTest.keyPress(view, Qt.Key.Key_Space)
    assert colours() == ("#ff0000", "#ff0000")
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert colours() == ("#0000ff", "#0000ff")


def test_what_is_drawn_is_the_matte_that_is_sent(app, pictures):
    from backlot_resolve.mattes import rasterise

    view = viewer.Viewer()
    view.resize(416, 216)
    view.show_frames(*pictures)
    until(app, lambda: view.before is not None)
    view.mode = viewer.BOX
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(58, 58))
    QTest.mouseMove(view, QPoint(158, 108))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(158, 108))
    view.mode = viewer.BRUSH
    view.erase = True
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(108, 83))
    cover = rasterise(view.shapes, 200, 100)
    assert cover[60, 100:].max() == 0.0
    assert cover[:20].max() == 0.0
    assert cover[27, 30] == 1.0
    assert cover[37, 50] == 0.0  # erased
    view.undo()
    assert rasterise(view.shapes, 200, 100)[37, 50] == 1.0


def test_active_jobs_are_on_top_and_finished_ones_say_where_they_are(app):
    model = jobs.Jobs()
    base = {"clip": "A.exr", "label": "Fill v001", "engine": "", "notes": [], "folder": "",
            "hint": "", "sentence": "", "frames": 10, "seconds": 4.0, "place": "take"}  # fmt: skip
    model.put(base | {"id": "1", "state": "running", "fraction": 0.25, "left": 12.0})
    model.put(base | {"id": "2", "state": "done"})
    assert [row["id"] for row in model.rows] == ["1", "2"]
    assert jobs.says(model.rows[0]) == "25%, 12 s left"
    assert jobs.says(model.rows[1]) == "10 frames in 4.0 s, take"
    model.put(base | {"id": "1", "state": "parked", "sentence": "Track V1 is locked."})
    model.put(base | {"id": "3", "state": "queued"})
    assert model.rows[0]["id"] == "3"
    assert "locked" in jobs.says(next(r for r in model.rows if r["id"] == "1"))
