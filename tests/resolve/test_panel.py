"""The panel as a whole, against the simulator and a real server."""

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

from backlot_resolve.panel.link import Link
from backlot_resolve.panel.window import Window
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest

from .conftest import until


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
    assert not window.doing.run_button.isEnabled()
    assert "Draw" in window.doing.cost.text()
    window.doing.preview_button.click()
    until(app, lambda: window.viewer.before is not None)
    assert window.viewer.after is None
    QTest.keyClick(window, Qt.Key.Key_2)
    view, frame = window.viewer, window.viewer._frame().toRect()
    first = frame.topLeft() + QPoint(frame.width() // 4, frame.height() // 4)
    last = frame.topLeft() + QPoint(frame.width() // 2, frame.height() // 2)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=first)
    QTest.mouseMove(view, last)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=last)
    assert window.doing.run_button.isEnabled()
    window.doing.preview_button.click()
    until(app, lambda: window.viewer.after is not None)
    window.doing.run_button.click()
    until(app, lambda: window.results.jobs.rows
          and window.results.jobs.rows[0]["state"] == "done", 300)  # fmt: skip
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
    assert not window.doing.run_button.isEnabled()


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


def test_a_long_timeline_is_read_beside_the_panel(app, panel):
    """300 clips. How long the event loop is held: python -m tests.hosts.resolve.turns"""
    d, window = panel()
    d.do("""
timeline.tracks[0].items[:] = [
    TimelineItem(resolve, timeline, source, start + 20 * n, 10, 2) for n in range(300)]""")
    window.source.set_mode("all")
    turns = []
    timer = QTimer(interval=1)
    timer.timeout.connect(lambda: turns.append(window.source.model.rowCount()))
    timer.start()
    window.refresh()
    until(app, lambda: window.source.model.rowCount() == 301)
    assert turns.count(3) > 5  # it went on turning while the companion read


def test_only_what_the_marks_cover_is_run(app, panel, shared_server):
    d, window = panel(server=shared_server)
    window.tool.choice.setCurrentIndex(window.tool.choice.findData("upscale"))
    window.tool.handles.setValue(0)
    d.do("timeline.marks = {'in': 6, 'out': 15}")
    window.refresh()
    until(app, lambda: window.look["marks"] == [86406, 86416])
    window.source.set_mode("marks")
    assert [row.get("part") for row in window.source.clips()] == [8, 2]
    window.doing.run()
    rows = window.results.jobs.rows
    until(app, lambda: len(rows) == 2 and all(r["state"] == "done" for r in rows), 300)
    spans = [i["span"] for i in d.state()["timelines"]["Edit"]["tracks"][2]["items"]]
    assert spans == [[86406, 8, 0], [86414, 2, 0]]
    assert all("part of the clip" in row["notes"][0] for row in rows)


def test_markers_with_a_length_mark_a_part_and_others_a_clip(app, panel):
    d, window = panel()
    d.do("""
timeline.AddMarker(5, "Cyan", "", "", 3, ""); timeline.AddMarker(15, "Pink", "", "", 1, "")""")
    window.refresh()
    until(app, lambda: len(window.look["markers"]) == 3)
    window.source.set_mode("markers")
    window.source.colour.setCurrentText("Cyan")
    assert window.source.ranges() == [[86405, 86408]]
    assert [row["part"] for row in window.source.clips()] == [3]
    window.source.colour.setCurrentText("Pink")
    assert window.source.ranges() == []
    assert [row["start"] for row in window.source.clips()] == [86414]


def test_accept_shows_a_result_and_ticks_it_alone(app, panel, shared_server):
    d, window = panel(server=shared_server)
    window.tool.choice.setCurrentIndex(window.tool.choice.findData("upscale"))
    rows = window.results.jobs.rows
    for count in (1, 2):
        window.doing.run()
        until(app, lambda n=count: len(rows) == n and all(r["state"] == "done" for r in rows), 300)
    assert d.do("a.selected") == 3
    for place, take in ((1, 2), (0, 3)):
        window.results.setCurrentIndex(window.results.jobs.index(place))
        chosen = window.results.job["id"]
        window.activateWindow()
        QTest.keyClick(window, Qt.Key.Key_A)
        until(app, lambda c=chosen: [r["id"] for r in rows if r["accepted"]] == [c])
        assert d.do("a.selected") == take
    assert not window.results.buttons["accept"].isEnabled()


def test_a_result_goes_into_fusion_from_the_panel(app, panel, shared_server):
    d, window = panel(server=shared_server)
    window.tool.choice.setCurrentIndex(window.tool.choice.findData("upscale"))
    window.tool.controls.set_values({"scale": 1.0})
    window.tool.place.setCurrentIndex(window.tool.place.findData("fusion"))
    window.doing.run()
    rows = window.results.jobs.rows
    until(app, lambda: rows and rows[0]["state"] in ("done", "parked", "failed"), 60, rows)
    assert (rows[0]["state"], rows[0]["place"]) == ("done", "fusion"), rows[0]
    assert d.do("a.comp").startswith("Backlot")


def test_reveal_opens_the_folder_of_the_result(app, panel, monkeypatch, tmp_path):
    from PySide6.QtGui import QDesktopServices

    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    _, window = panel()
    row = {"id": "1", "state": "done", "clip": "A", "label": "x", "place": "bin", "pattern": "",
           "folder": str(tmp_path), "accepted": False}  # fmt: skip
    window.results.jobs.put(row)
    window.results.setCurrentIndex(window.results.jobs.index(0))
    window.results.buttons["reveal"].click()
    assert opened == [str(tmp_path)]


def test_presets_are_saved_loaded_and_deleted_from_the_menu(app, panel, shared_server, monkeypatch):
    from PySide6.QtWidgets import QInputDialog

    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Big", True))
    _, window = panel(server=shared_server)
    tool = window.tool
    tool.choice.setCurrentIndex(tool.choice.findData("upscale"))

    def entry(*path):
        tool._fill_presets()
        menu = tool._menu
        for name in path[:-1]:
            menu = next(a for a in menu.actions() if a.text() == name).menu()
        return next((a for a in menu.actions() if a.text() == path[-1]), None)

    tool.controls.set_values({"scale": 3.0})
    entry("Save as preset…").trigger()
    entry("Defaults").trigger()
    assert tool.controls.values()["scale"] != 3.0
    entry("Big").trigger()
    assert tool.controls.values()["scale"] == 3.0
    entry("Delete", "Big").trigger()
    assert entry("Big") is None


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
