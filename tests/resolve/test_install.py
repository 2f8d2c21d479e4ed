"""Into the Scripts menu, out of it, and what the doctor says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from backlot_resolve import fusion, install

from backlot.errors import CannotWrite


@pytest.mark.parametrize(
    ("platform", "environment", "wanted"),
    [
        (
            "linux",
            {"HOME": "/home/a"},
            "/home/a/.local/share/DaVinciResolve/Fusion/Scripts/Utility",
        ),
        (
            "darwin",
            {"HOME": "/Users/a"},
            "/Users/a/Library/Application Support/Blackmagic Design/DaVinci Resolve/Fusion/Scripts"
            "/Utility",
        ),
        (
            "win32",
            {"APPDATA": "C:/Users/a/AppData/Roaming"},
            "C:/Users/a/AppData/Roaming/Blackmagic Design/DaVinci Resolve/Support/Fusion/Scripts"
            "/Utility",
        ),
    ],
)
def test_each_system_has_its_folder(platform, environment, wanted):
    assert install.scripts_folder(platform, environment) == Path(wanted)
    with pytest.raises(CannotWrite, match="home"):
        install.scripts_folder(platform, {})


def test_install_and_uninstall_leave_nothing(tmp_path):
    folder = tmp_path / "Fusion" / "Scripts" / "Utility"
    written = install.install(folder)
    assert all(path.is_file() for path in written)
    assert install.install(folder) == written
    assert sorted(install.uninstall(folder)) == sorted(written)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
    assert install.uninstall(folder) == []


def test_somebody_elses_script_is_kept(tmp_path):
    folder = tmp_path / "Utility"
    folder.mkdir()
    (folder / install.NAME).write_text("print('mine')")
    with pytest.raises(CannotWrite, match="not ours"):
        install.install(folder)
    assert install.uninstall(folder) == []
    assert (folder / install.NAME).read_text() == "print('mine')"


def test_the_menu_script_starts_the_panel_and_ends(tmp_path):
    """With a stand-in for Python that says how it was called; `__file__` is not defined there."""
    said = tmp_path / "said.txt"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$@|$PYTHONPATH" > {said}\n')
    python.chmod(0o755)
    script = install.install(tmp_path / "Fusion" / "Scripts" / "Utility", str(python))[0]
    code = f"exec(compile(open({str(script)!r}).read(), 'menu', 'exec'), {{}})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20, env={"PYTHONPATH": "x"})
    for _ in range(200):
        if said.is_file() and said.read_text().strip():
            break
        subprocess.run(["sleep", "0.02"], check=True)
    assert said.read_text().strip() == "-m backlot_resolve.panel|"


def test_the_doctor_finds_a_running_resolve(desk, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    desk(version="18.5")
    found = {finding.name: finding for finding in install.doctor()}
    assert found["Resolve"].state == "ok"
    assert "18.5" in found["Resolve"].says
    assert "21.0" in found["Timeline.GetSelectedClips"].says
    assert found["menu script"].cure == "backlot install resolve"
    install.install()
    assert {f.name: f for f in install.doctor()}["menu script"].state == "ok"


def test_the_doctor_without_resolve_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("RESOLVE_SCRIPT_API", str(tmp_path))
    monkeypatch.setitem(sys.modules, "DaVinciResolveScript", None)
    found = {finding.name: finding for finding in install.doctor(verify_spec=True)}
    assert found["scripting module"].state == "problem"
    assert found["Resolve"].cure
    assert found["reference"].state == "note"


def test_the_command_line_compares_the_installed_reference(tmp_path, capfd):
    """An installed copy that lacks a method which the plugin calls, and one that has them all."""
    from backlot_resolve import spec

    def text(without=""):
        lines = []
        for owner, methods in spec.table().items():
            lines += ["", owner]
            for name, method in methods.items():
                given = ", ".join(f"a{n}" for n in range(max(0, method.shape.most)))
                if f"{owner}.{name}" != without:
                    lines.append(f"  {name}({given})  --> Bool  # does it")
        return "\n".join(lines)

    def doctor():
        environment = {**os.environ, "RESOLVE_SCRIPT_API": str(tmp_path)}
        command = [sys.executable, "-m", "backlot", "doctor", "resolve", "--verify-spec"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
        return " ".join((done.stdout + done.stderr).split())

    (tmp_path / "README.txt").write_text(text("TimelineItem.AddTake"))
    assert "TimelineItem.AddTake is not in the installed reference" in doctor()
    (tmp_path / "README.txt").write_text(text())
    assert "README.txt lists everything that Backlot uses" in doctor()


@pytest.mark.parametrize(
    ("qt", "python", "broken"),
    [("6.12.0", (3, 11), True), ("6.12.0", (3, 12), False), ("6.11.3", (3, 10), False)],
)
def test_the_qt_that_aborts_is_named(monkeypatch, qt, python, broken):
    monkeypatch.setattr("importlib.metadata.version", lambda name: qt)
    monkeypatch.setattr(sys, "version_info", python)
    says, cure = install.qt_problem()
    assert bool(says) == broken
    assert ("<6.12" in cure) == broken


def test_the_macro_is_balanced_lua_and_carries_its_settings():
    text = fusion.macro(
        'C:\\plates\\sh"01.1001.exr', 1001, 1040, {"tool": "fill", "seed": 7, "note": "a\nb"}
    )
    for opening, closing in ("{}", "()", "[]"):
        assert text.count(opening) == text.count(closing)
    assert 'Filename = "C:\\\\plates\\\\sh\\"01.1001.exr"' in text
    assert "Length = 40" in text
    assert '"note: a b; seed: 7; tool: fill"' in text
    assert "MainInput1" in text
    assert "MainOutput1" in text
