"""The panel, driven with real Qt events: offscreen, against the simulator and a real server."""

from __future__ import annotations

import os
import time

import pytest

pytest.importorskip(
    "PySide6.QtWidgets",
    reason="the panel is an extra (pip install 'backlot[panel]'), and Qt needs libEGL and libGL",
    exc_type=ImportError,
)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from backlot_resolve.panel import jobs, viewer
from backlot_resolve.panel.controls import Controls
from backlot_resolve.panel.link import Link
from backlot_resolve.panel.memory import Memory
from backlot_resolve.panel.style import dress
from backlot_resolve.panel.window import Window
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

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


@pytest.fixture(scope="session")
def app():
    made = QApplication.instance() or QApplication([])
    dress(made)
    return made


def until(app, condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        app.processEvents()
        time.sleep(0.005)


# ---- parts ------------------------------------------------------------------------------------


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


# ---- the whole --------------------------------------------------------------------------------


@pytest.fixture
def panel(app, desk, tmp_path, monkeypatch):
    """A window beside a simulated Resolve, with a server of its own where a test asks for one."""
    windows = []
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BACKLOT_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("BACKLOT_RUNTIME", str(tmp_path / "none"))

    def start(server=None, **profile):
        made = desk(connect=False, **profile)
        if server is not None:
            monkeypatch.setenv("BACKLOT_RUNTIME", str(server.folder))
        window = Window()
        windows.append(window)
        window.show()
        until(app, lambda: window.look)
        if server is not None:
            until(app, lambda: window.tool.spec)
        return made, window

    monkeypatch.setattr(Window, "_ask_tools", _ask_tools_if_served(Window._ask_tools))
    yield start
    for window in windows:
        window.close()


def _ask_tools_if_served(original):
    def ask(self):
        if not os.environ["BACKLOT_RUNTIME"].endswith("none"):
            original(self)

    return ask


def test_the_panel_reads_the_timeline_and_follows_the_playhead(app, panel):
    d, window = panel()
    assert [row["in"] for row in window.source.model.rows] == ["01:00:00:04"]
    d.do("timeline.playhead = timeline.start + 15")
    window._follow_timer.stop()
    window.link.ask("where", window._followed)
    until(app, lambda: window.source.model.rows[0]["in"] == "01:00:00:14")
    window.source.set_mode("marks")
    assert len(window.source.clips()) == 1
    window.source.set_mode("all")
    assert len(window.source.model.rows) == 3
    assert window.source.clips() == []


def test_an_older_resolve_says_why_selection_is_not_offered(app, panel):
    _, window = panel(version="20.3")
    button = window.source._buttons["selected"]
    assert not button.isEnabled()
    assert "21.0" in button.toolTip()


def test_preview_run_and_a_b_with_the_keyboard(app, panel, shared_server):
    d, window = panel(server=shared_server)
    window.tool.choice.setCurrentIndex(window.tool.choice.findData("upscale"))
    window.tool.controls.set_values({"scale": 2.0})
    window.tool.handles.setValue(1)
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_P)
    until(app, lambda: window.viewer.after is not None)
    assert window.viewer.after.width() == 2 * window.viewer.before.width()
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    until(
        app, lambda: window.results.jobs.rows and window.results.jobs.rows[0]["state"] == "done", 60
    )
    item = d.state()["timelines"]["Edit"]["tracks"][0]["items"][0]
    assert (item["span"], item["selected"]) == ([86404, 10, 1], 2)
    window.results.setCurrentIndex(window.results.jobs.index(0))
    assert window.results.buttons["ab"].isEnabled()
    window.results.a_b()
    until(app, lambda: d.do("a.selected") == 1)
    shown = window.results.jobs.shown
    until(app, lambda: shown.get(window.results.jobs.rows[0]["id"]) is False)
    window.results.a_b()
    until(app, lambda: d.do("a.selected") == 2)


def test_fill_is_drawn_previewed_and_run_with_the_mouse(app, panel, shared_server):
    _, window = panel(server=shared_server)
    index = window.tool.choice.findData("fill")
    if index < 0:
        pytest.skip("this server has no fill")
    window.tool.choice.setCurrentIndex(index)
    window.tool.matte.setCurrentIndex(window.tool.matte.findData("drawn"))
    assert not window.run_button.isEnabled()
    assert "Draw" in window.cost.text()
    window.preview_button.click()
    until(app, lambda: window.viewer.before is not None)
    assert window.viewer.after is None
    QTest.keyClick(window, Qt.Key.Key_2)
    view, frame = window.viewer, window.viewer._frame().toRect()
    first = frame.topLeft() + QPoint(frame.width() // 4, frame.height() // 4)
    last = frame.topLeft() + QPoint(frame.width() // 2, frame.height() // 2)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=first)
    QTest.mouseMove(view, last)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=last)
    assert window.run_button.isEnabled()
    window.preview_button.click()
    until(app, lambda: window.viewer.after is not None)
    window.run_button.click()
    until(app, lambda: window.results.jobs.rows
          and window.results.jobs.rows[0]["state"] == "done", 60)  # fmt: skip
    job = window.results.jobs.rows[0]
    assert job["asked"]["matte"]["shapes"][0]["kind"] == "ellipse"
    window.viewer.clear_shapes()
    window.results.setCurrentIndex(window.results.jobs.index(0))
    window.results.buttons["again"].click()
    assert window.viewer.shapes == job["asked"]["matte"]["shapes"]


def test_a_dialog_in_resolve_is_named_and_nothing_hangs(app, panel):
    d, window = panel()
    d.do("resolve.open.clear()")
    window.refresh()
    until(app, lambda: "waiting for you" in window.banner.label.text())
    began = time.monotonic()
    app.processEvents()
    assert time.monotonic() - began < 0.5
    d.do("resolve.open.set()")
    until(app, lambda: window.banner.isHidden())


def test_a_lost_resolve_is_a_sentence_with_a_way_on(app, panel):
    d, window = panel()
    d.simulator.close()
    window.refresh()
    until(app, lambda: not window.banner.isHidden())
    assert "Resolve" in window.banner.label.text()
    assert window.banner.button.text() == "Try again"
    assert not window.run_button.isEnabled()


def test_a_companion_that_dies_is_started_again(app, panel):
    _, window = panel()
    first = window.link._process.processId()
    window.link._process.kill()
    until(app, lambda: window.link._process is not None
          and window.link._process.processId() not in (0, first))  # fmt: skip
    window.look = {}
    window.refresh()
    until(app, lambda: window.look)


def test_letters_typed_into_a_field_are_no_shortcuts(app, panel):
    _, window = panel()
    asked = []
    window.link.ask = lambda do, *rest, **fields: asked.append(do)
    field = window.tool.matte_path
    field.setParent(window)
    field.show()
    window.activateWindow()
    field.setFocus()
    QTest.keyClicks(field, "wrapt123e")
    assert field.text() == "wrapt123e"
    assert [verb for verb in asked if verb != "where"] == []


def test_a_second_panel_shows_the_first(app, tmp_path, monkeypatch):
    from backlot_resolve.panel.single import Single

    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "here"))
    first, asked = Single(), []
    first.asked.connect(lambda: asked.append(True))
    assert first.first
    assert not Single().first
    until(app, lambda: asked)
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "elsewhere"))
    assert Single().first


def test_a_long_timeline_never_blocks_the_panel(app, panel, monkeypatch):
    """300 clips: read in the companion while the panel's own turns stay short.

    The bound is generous because the machine is shared; docs/resolve.md has measured figures.
    """
    d, window = panel()
    d.do("""
timeline.tracks[0].items[:] = [
    TimelineItem(resolve, timeline, source, start + 20 * n, 10, 2) for n in range(300)]""")
    window.look = {}
    window.source.set_mode("all")
    window.refresh()
    longest, end = 0.0, time.monotonic() + 30
    while not (window.look and len(window.source.model.rows) == 301):
        assert time.monotonic() < end
        began = time.process_time()
        app.processEvents()
        longest = max(longest, time.process_time() - began)
        time.sleep(0.002)
    began = time.process_time()
    window.grab()
    assert max(longest, time.process_time() - began) < 0.25


def test_the_window_comes_back_as_it_was(app, panel, tmp_path):
    _, window = panel()
    window.rows.setSizes([300, 200])
    window.source.set_mode("all")
    sizes = window.rows.sizes()
    window.close()
    again = Window(Link())
    assert again.source.mode == "all"
    assert again.memory.get("rows", []) == sizes
    assert again.memory.get("geometry", "")
    again.close()
