"""The dockable panel in a real Qt, in the simulator, with a real link and server."""

import gc
import importlib
import importlib.util
import os
import sys
import weakref

import pytest

from backlot.character import folder

from .comps import Comp
from .conftest import kill, until

QT = next((name for name in ("PySide6", "PySide2") if importlib.util.find_spec(name)), "")
if not QT:
    pytest.skip("the panel is an extra: pip install 'backlot[panel]'", allow_module_level=True)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def panel(nuke, linked, tmp_path, monkeypatch):
    core, widgets = (importlib.import_module(f"{QT}.{n}") for n in ("QtCore", "QtWidgets"))
    application = widgets.QApplication.instance() or widgets.QApplication([])
    made = Comp(nuke(), tmp_path)
    maker, name = made.host.panels["org.backlot.panel"]
    assert name == "Backlot"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    core.QSettings.setPath(
        core.QSettings.NativeFormat, core.QSettings.UserScope, str(tmp_path / "config")
    )
    widget = eval(maker, {"backlot_nuke": sys.modules["backlot_nuke"]})()
    yield made, widget
    widget.close()
    application.processEvents()


def rows(table):
    found = [table.topLevelItem(n) for n in range(table.topLevelItemCount())]
    return [[item.text(c) for c in range(table.columnCount())] for item in found]


def test_the_panel_shows_jobs_and_cancels_them(panel):
    made, widget = panel
    assert rows(widget.jobs) == []
    assert not widget.cancel.isEnabled()
    made.node["seconds"].setValue(2)
    made.host.press(made.node, "render_frame")
    widget.show_jobs()
    assert rows(widget.jobs)[0][0] == "AIPaint1"
    widget.cancel.click()
    assert until(made.host, made.node).startswith("Cancelled")
    widget.show_jobs()
    assert rows(widget.jobs) == []


def test_the_panel_tells_of_server_models_and_errors(panel):
    made, widget = panel
    folder.new(made.folder / "characters" / "hero", "Hero", ("coat", "hair"))
    widget.refresh.click()
    for _ in range(200):
        made.host.pump(0.05)
        known = rows(widget.library.characters)
        if rows(widget.models) and known and "runs" in widget.server.text():
            break
    assert ["clean-x2-fast", "upscale", "Apache-2.0"] in rows(widget.models)
    assert [row[:3] for row in known] == [["Hero", "coat, hair", "0"]]
    made.node["seconds"].setValue(2)
    made.host.press(made.node, "render_frame")
    kill(sys.modules["backlot_nuke.session"].session.link._process.pid)
    until(made.host, made.node)
    widget.show_jobs()
    assert "link-lost" in widget.log.toPlainText()


def test_a_character_of_the_library_goes_into_the_selected_node(panel):
    made, widget = panel
    hero = folder.new(made.folder / "characters" / "hero", "Hero", ("coat", "hair")).folder
    (made.folder / "characters" / "worn").mkdir()
    (made.folder / "characters" / "worn" / folder.FILE).write_text("{half")
    widget.refresh.click()
    for _ in range(200):
        made.host.pump(0.05)
        if len(rows(widget.library.characters)) == 2:
            break
    node = made.host.module.createNode("CharacterLock")
    table = widget.library.characters
    for row, able in ((1, False), (0, True)):
        table.topLevelItem(row).setSelected(True)
        assert widget.library.use.isEnabled() == able
        table.topLevelItem(row).setSelected(row == 0)
    node["selected"].setValue(True)
    widget.library.use.click()
    assert node["character"].value() == str(hero)


def test_a_folder_that_is_none_is_said(panel):
    made, widget = panel
    widget.refresh.click()
    for _ in range(200):
        made.host.pump(0.05)
        if "is no folder" in widget.library.where.text():
            break
    assert "is no folder" in widget.library.where.text()
    assert not widget.library.use.isEnabled()


def test_a_panel_that_is_closed_asks_no_more_and_is_gone_at_once(panel):
    """Not whenever a thread that reads from the companion collects garbage: a widget destroyed
    there with a timer running ends Nuke at the timer's next turn."""
    _, widget = panel
    another = type(widget)()
    another.show()
    assert another._timer.isActive()
    another.close()
    assert not another._timer.isActive()
    gone = weakref.ref(another)
    gc.disable()
    try:
        del another
        assert gone() is None
    finally:
        gc.enable()
