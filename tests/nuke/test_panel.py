"""The dockable panel in a real Qt, in the simulator, with a real link and server."""

import os
import sys

import pytest

from .comps import Comp
from .conftest import kill, until

pytest.importorskip("PySide6", reason="the panel is an extra: pip install 'backlot[panel]'")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def panel(nuke, linked, tmp_path):
    from PySide6 import QtWidgets

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    made = Comp(nuke(), tmp_path)
    maker, name = made.host.panels["org.backlot.panel"]
    assert name == "Backlot"
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
    widget.refresh.click()
    for _ in range(200):
        made.host.pump(0.05)
        if rows(widget.models) and widget.characters.text() and "runs" in widget.server.text():
            break
    assert ["clean-x2-fast", "upscale", "Apache-2.0"] in rows(widget.models)
    assert "character" in widget.characters.text()
    made.node["seconds"].setValue(2)
    made.host.press(made.node, "render_frame")
    kill(sys.modules["backlot_nuke.session"].session.link._process.pid)
    until(made.host, made.node)
    widget.show_jobs()
    assert "link-lost" in widget.log.toPlainText()
