import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot.errors import Cancelled
from backlot.frame import Frame, Window
from backlot_server import tools
from backlot_server.job import fingerprint
from backlot_server.tools import passthrough
from tests.server.jobs import LocalJob, make


@pytest.fixture
def extra_tools(tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "__path__", [*tools.__path__, str(tmp_path)])
    return tmp_path


def test_discover_finds_every_module_with_a_spec(extra_tools):
    (extra_tools / "glow.py").write_text(
        "from backlot.tools import Input, ToolSpec\n"
        "SPEC = ToolSpec('glow', 'Glow', 'It glows.', '1', (Input('source'),))\n"
    )
    (extra_tools / "glow_parts.py").write_text("LIGHT = 1\n")
    found = tools.discover()
    assert {"passthrough", "glow"} <= set(found)
    assert "glow_parts" not in found


def test_a_broken_tool_is_reported_and_the_others_work(extra_tools, caplog):
    (extra_tools / "shattered.py").write_text("import nothing_of_that_name\n")
    with caplog.at_level(logging.ERROR):
        found = tools.discover()
    assert "passthrough" in found
    assert "shattered.py" in caplog.text


@given(
    bits=st.lists(st.integers(0, 0xFFFF), min_size=6, max_size=6),
    corner=st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
)
def test_passthrough_returns_the_same_bits(bits, corner):
    pixels = np.array(bits, np.uint16).view(np.float16).reshape(1, 2, 3)
    display = Window(0, 0, 10, 10)
    source = Frame(pixels, "RGB", Window(*corner, 2, 1), display, 2.0, "data", 1, "left")
    result = make(passthrough, source).frame
    assert result.pixels.tobytes() == pixels.tobytes()
    assert (result.data_window, result.display_window) == (source.data_window, display)
    assert (result.pixel_aspect, result.meaning, result.view) == (2.0, "data", "left")


def test_passthrough_waits_can_be_cancelled():
    source = Frame(np.zeros((2, 2, 3), np.float16))
    job = LocalJob(passthrough.SPEC, {"source": source}, {"seconds": 60.0}, cancel_after=2)
    with pytest.raises(Cancelled):
        passthrough.run(job, 1)


def test_fingerprint_changes_with_version_engine_and_weights():
    spec = passthrough.SPEC
    prints = [fingerprint(spec, "A"), fingerprint(spec, "B"), fingerprint(spec, "A", "0" * 64)]
    assert len(set(prints)) == 3
