"""ONNX files that somebody put into the models folder by hand."""

from __future__ import annotations

import os
import shutil

import pytest

import backlot
from backlot_server import models
from backlot_server.models import dropped
from tests.conftest import RunningServer
from tests.server.cards import NETWORKS, install


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path))
    monkeypatch.delenv("BACKLOT_ALLOW", raising=False)
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def drop(folder, file, name=""):
    target = folder / (name or file)
    shutil.copy(NETWORKS / file, target)
    return target


def test_a_server_takes_in_what_was_dropped(folder):
    drop(folder, "texture-x4.onnx", "My Net.onnx")
    drop(folder, "judge.onnx")
    server = RunningServer(env={"BACKLOT_HOME": str(folder.parent)})
    try:
        with backlot.connect(endpoint=server.endpoint) as studio:
            names = [value for value, _ in studio.tool("upscale").param("network").choices]
            (found,) = [model for model in studio.models() if model.name == "my-net"]
        assert "my-net" in names
        assert "judge" not in names
        assert (found.verdict, found.licence_weights) == ("amber", "unknown")
    finally:
        server.close()
    assert models.find("my-net").path == folder / "My Net.onnx"
    reason = (folder / "judge.onnx.refused.txt").read_text()
    assert "not an enlarged picture" in reason


def test_what_has_a_card_or_was_refused_is_not_tried_again(folder, monkeypatch):
    install(folder, "texture-x2.onnx", "mine")
    judge = drop(folder, "judge.onnx")
    assert dropped.dropped() == [judge]
    assert dropped.adopt() == []
    assert dropped.dropped() == []
    monkeypatch.setattr(dropped.subprocess, "run", None)
    dropped.adopt_apart()
    note = folder / "judge.onnx.refused.txt"
    later = note.stat().st_mtime_ns + 1
    os.utime(judge, ns=(later, later))
    assert dropped.dropped() == [judge], "another file of that name is another file"


def test_a_file_that_brings_the_process_down_is_refused_and_the_next_is_tried(folder, monkeypatch):
    drop(folder, "texture-x2.onnx")
    monkeypatch.setattr(dropped.sys, "executable", "/bin/false")
    dropped.adopt_apart()
    assert "brought the process down" in (folder / "texture-x2.onnx.refused.txt").read_text()
    assert "texture-x2" not in models.catalogue()


def test_a_name_that_is_taken_and_a_studios_policy_are_reasons_too(folder, monkeypatch):
    drop(folder, "texture-x2.onnx", "clean-x2-fast.onnx")
    drop(folder, "texture-x4.onnx")
    monkeypatch.setenv("BACKLOT_ALLOW", "green")
    assert dropped.adopt() == []
    reasons = {path.name[:7]: path.read_text() for path in folder.glob("*.refused.txt")}
    assert "already" in reasons["clean-x"]
    assert "lets in green at most" in reasons["texture"]
