"""What goes wrong while a node renders, or keeps it from rendering: said, and nothing lost."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import RunningServer

from .comps import Comp, same
from .conftest import TOOLS, kill, plate, until


def test_cancel_reaches_the_server_and_what_is_done_stays(comp):
    made = comp()
    made.node["seconds"].setValue(0.4)
    made.host.press(made.node, "render_range")
    session = sys.modules["backlot_nuke.session"].session
    job = next(iter(session.runs[made.node["backlot_id"].value()].jobs.values()))
    while not job.finished:
        made.host.pump(0.05)
    made.host.press(made.node, "cancel")
    status = until(made.host, made.node)
    assert status.startswith("Cancelled")
    assert job.state == "cancelled"
    made.pixels(1001)
    assert made.node["tile_color"].value() == 0


def test_the_meter_of_nuke_cancels_too(comp):
    made = comp()
    made.node["seconds"].setValue(30)
    made.host.press(made.node, "render_frame")
    made.host.cancel_progress = True
    assert until(made.host, made.node, 30).startswith("Cancelled")
    title, told = made.host.progress[-1]
    assert title == "AIPaint1: Paint"
    assert not any(isinstance(each, str) and "Traceback" in each for each in told)


def test_a_companion_that_dies_is_said_on_the_node_and_the_next_press_works(comp):
    made = comp()
    made.node["seconds"].setValue(20)
    made.host.press(made.node, "render_frame")
    session = sys.modules["backlot_nuke.session"].session
    kill(session.link._process.pid)
    status = until(made.host, made.node)
    assert status.startswith("ERROR: Backlot's companion process has ended")
    assert made.node["tile_color"].value() == 0xA02828FF
    made.node["seconds"].setValue(0)
    made.host.press(made.node, "details")
    assert "link-lost" in made.host.messages[-1]
    assert "frame" in made.render("render_frame")
    assert made.node["tile_color"].value() == 0


def test_a_server_that_dies_costs_a_retry(nuke, monkeypatch, tmp_path):
    server = RunningServer(env={"PYTHONPATH": str(TOOLS)})
    monkeypatch.setenv("BACKLOT", sys.executable)
    monkeypatch.setenv("BACKLOT_RUNTIME", str(server.folder))
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "home"))
    try:
        made = Comp(nuke(), tmp_path, "AIPassthrough")
        made.node["seconds"].setValue(0.5)
        made.host.press(made.node, "render_range")
        session = sys.modules["backlot_nuke.session"].session
        job = next(iter(session.runs[made.node["backlot_id"].value()].jobs.values()))
        while not job.finished:
            made.host.pump(0.05)
        kill(server.process.pid)
        server.process.wait()
        status = until(made.host, made.node)
        assert status == "v001: 3 frames", status
        assert job.warnings, "the artist hears of it"
        source = made.pixels(1003, made.plate)
        assert same(made.pixels(1003).planes["rgba.red"], source.planes["rgba.red"])
    finally:
        import backlot.local

        backlot.local.stop()
        server.close()


def test_what_cannot_work_is_a_sentence_on_the_node(comp, monkeypatch, tmp_path):
    made = comp()
    made.node.setInput(1, None)
    made.host.press(made.node, "render_frame")
    assert made.node["status"].value() == "ERROR: The pipe matte is not connected."
    made.node.setInput(1, made.matte)
    made.node["range"].setValue("custom")
    made.node["frames"].setValue("ten to twelve")
    made.host.press(made.node, "render_range")
    assert "is no frame range" in made.node["status"].value()
    made.node["frames"].setValue("1001-1003x2")
    assert made.render() == "v001: 2 frames"
    made.node["seconds"].setValueAt(0.0, 1001)
    made.node["seconds"].setValueAt(0.1, 1003)
    made.host.press(made.node, "render_range")
    assert "Seconds is animated" in made.node["status"].value()
    made.node["seconds"].clearAnimated()
    os.remove(made.folder / "plates/plate.1003.exr")
    made.host.press(made.node, "render_range")
    assert "Nuke could not render Read1" in made.node["status"].value()
    assert not any(n.Class() == "Write" for n in made.host._root.nodes())


def test_a_folder_that_cannot_be_written_is_said(comp, tmp_path):
    made = comp()
    (tmp_path / "wall").write_text("a file, not a folder")
    made.node["folder"].setValue(str(tmp_path / "wall"))
    made.host.press(made.node, "render_frame")
    assert made.node["status"].value().startswith("ERROR: Writing failed")
    assert not sys.modules["backlot_nuke.session"].session.runs


def test_two_nodes_at_once(comp):
    made = comp()
    host = made.host
    (other,) = host.paste(host.copy([made.node]))
    other.setInput(0, made.plate)
    other.setInput(1, made.matte)
    other["amount"].setValue(3.0)
    host.press(made.node, "render_range")
    host.press(other, "render_range")
    assert until(host, made.node) == until(host, other) == "v001: 3 frames"
    core = (slice(13, 19), slice(16, 29))
    a, b = (host.show(n, 1001).planes["rgba.blue"][core] for n in (made.node, other))
    assert np.allclose(b - a, 2.0, atol=0.05)


def test_a_node_deleted_while_it_renders_ends_its_job(comp):
    made = comp()
    made.node["seconds"].setValue(20)
    made.host.press(made.node, "render_frame")
    session = sys.modules["backlot_nuke.session"].session
    made.host.module.delete(made.node)
    for _ in range(400):
        made.host.pump(0.05)
        if not session.runs:
            break
    assert not session.runs
    assert not made.host.log, made.host.log


@pytest.mark.parametrize(("key", "said"), [("indie", "Nuke Indie"), ("nc", "Non-commercial")])
def test_a_licence_that_limits_python_is_said_plainly(comp, key, said):
    made = comp(env={key: True})
    made.host.press(made.node, "render_frame")
    assert said in made.node["status"].value()
    assert not made.host.executed


def test_a_full_disk_is_said_and_nothing_half_is_left(comp, tmp_path, monkeypatch):
    """The companion may not write a file of more than a block or so."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/backlot"
    program.write_text(f'#!/bin/sh\nulimit -f 4\nexec {sys.executable} -m backlot.link "$2"\n')
    program.chmod(0o755)
    monkeypatch.setenv("BACKLOT", str(program))
    made = comp()
    status = made.render()
    assert "cannot be written" in status, status
    assert made.node["tile_color"].value() == 0xA02828FF
    assert not list(made.take.rglob("*.exr"))
    made.node["missing"].setValue("pass through")
    source = made.pixels(1001, made.plate)
    assert same(made.pixels(1001).planes["rgba.red"], source.planes["rgba.red"])


def test_an_error_of_our_own_is_a_sentence_too(comp, monkeypatch):
    made = comp()
    from backlot_nuke import render

    monkeypatch.setattr(render, "export", lambda *_: {}["nothing"])
    made.host.press(made.node, "render_frame")
    assert made.node["status"].value() == "ERROR: Backlot met an error of its own (KeyError)."
    made.host.press(made.node, "details")
    assert "Traceback" in made.host.messages[-1]
    assert not sys.modules["backlot_nuke.session"].session.runs


def test_two_nukes_at_once_share_a_server_and_lose_nothing(plugin, linked, tmp_path):
    import subprocess

    inside = Path(__file__).parent / "inside/plain.py"
    started = []
    for name in ("a", "b"):
        path = plate(tmp_path / name / "plates", (1001, 1002))
        command = [sys.executable, str(inside), str(Path(__file__).parents[2]), str(plugin), path]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        started.append(subprocess.Popen([*command, str(tmp_path / name)], **pipes))
    for process in started:
        said, _ = process.communicate(timeout=60)
        assert said.endswith("passed\n"), said


def test_a_script_saved_while_it_rendered_says_so_later(comp):
    made = comp()
    made.node["status"].setValue("Frame 1002, 1 of 3")
    made.host.look(made.node)
    assert made.node["status"].value().startswith("interrupted")


def test_cancel_while_the_pipes_render_leaves_nothing_behind(comp):
    made = comp()
    made.host.cancel_progress = True
    made.host.press(made.node, "render_range")
    assert made.node["status"].value() == "Cancelled"
    assert not made.take.exists()
    assert not any(n.Class() in ("Write", "Copy") for n in made.host._root.nodes())
    assert not sys.modules["backlot_nuke.session"].session.runs
    assert made.host.module.thisGroup() is made.host._root


def test_a_backlot_that_is_not_there_or_does_not_answer_is_said(comp, monkeypatch, tmp_path):
    made = comp()
    monkeypatch.setenv("BACKLOT", str(tmp_path / "nothing"))
    made.host.press(made.node, "render_frame")
    assert "There is no Backlot at" in made.node["status"].value()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/backlot"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("BACKLOT", str(program))
    made.host.press(made.node, "render_frame")
    assert made.node["status"].value().startswith("ERROR: Backlot's companion process has ended")
    assert not made.host.executed
    monkeypatch.setenv("BACKLOT", sys.executable)
    assert made.render("render_frame") == "v001: 1 frame"
