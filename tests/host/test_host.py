"""The half of Backlot inside an application: the same under every application's Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backlot.host import Job, LinkError, clean_environment, find_command

ROOT = Path(__file__).resolve().parents[2]


def test_the_copied_half_works_in_the_python_of_the_host(host_python, tmp_path):
    shutil.copytree(
        ROOT / "core/backlot/host",
        tmp_path / "plugin/host",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (tmp_path / "plugin/__init__.py").touch()
    environment = {
        **clean_environment(os.environ),
        "PYTHONPATH": str(tmp_path),
        "PYTHONHOME": "",
        "BACKLOT_RUNTIME": str(tmp_path / "run"),
        "BACKLOT_HOME": str(tmp_path / "home"),
    }
    out = subprocess.run(
        [host_python, "-W", "error", str(ROOT / "tests/host/inside.py"), sys.executable],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert (out.returncode, out.stdout.strip()) == (0, "ok"), out.stderr


def test_backlot_is_found_where_the_user_says(tmp_path, monkeypatch):
    monkeypatch.delenv("BACKLOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(LinkError) as missing:
        find_command()
    assert missing.value.code == "not-installed"
    folder = tmp_path / "Backlot"
    (folder / ".venv/bin").mkdir(parents=True)
    python = folder / ".venv/bin/python"
    python.touch()
    assert find_command(str(folder)) == [str(python), "-m", "backlot.link"]
    program = folder / ".venv/bin/backlot"
    program.touch()
    assert find_command(str(folder)) == [str(program), "link"]
    assert find_command(str(python)) == [str(python), "-m", "backlot.link"]
    monkeypatch.setenv("BACKLOT", str(program))
    assert find_command() == [str(program), "link"]
    with pytest.raises(LinkError) as wrong:
        find_command(str(tmp_path / "elsewhere"))
    assert "elsewhere" in wrong.value.sentence
    assert wrong.value.hint


def test_the_hosts_libraries_do_not_reach_the_companion():
    given = {
        "PATH": "/bin",
        "PYTHONHOME": "/host",
        "LD_LIBRARY_PATH": "/host/lib",
        "DYLD_INSERT_LIBRARIES": "x",
        "OCIO": "/show/config.ocio",
    }
    assert clean_environment(given) == {"PATH": "/bin", "OCIO": "/show/config.ocio"}


def events(*told):
    return [dict(event, job="j", event=kind) for kind, event in told]


ERROR = {"code": "missing-frame", "sentence": "It is not there.", "hint": "Look."}


def test_a_job_goes_through_its_states():
    heard = []
    job = Job("j", "fill", 2, lambda job, event: heard.append((event["event"], job.state)))
    assert (job.state, job.ended) == ("idle", False)
    for event in events(
        ("queued", {"position": 2}),
        ("started", {"device": "cpu"}),
        ("progress", {"number": 7, "fraction": 0.5, "message": ""}),
        ("something-new", {}),
        ("warning", {"number": None, "sentence": "Careful."}),
        ("frame", {"number": 7, "file": "a", "engine": "Copy"}),
        ("progress", {"number": 8, "fraction": 0.0}),
    ):
        job.apply(event)
    assert [state for _, state in heard] == ["queued"] + ["running"] * 6
    assert (job.fraction, job.frame, job.engine, job.warnings) == (0.5, 8, "Copy", ["Careful."])
    assert job.remaining() is not None
    for event in events(
        ("frame_failed", {"number": 8, "error": ERROR}),
        ("done", {"finished": 1, "failed": 1}),
        ("error", {"error": ERROR}),
    ):
        job.apply(event)
    assert (job.state, job.status()) == ("done", "1 of 2 done, 1 failed")
    assert job.frame_errors[8].hint == "Look."
    assert job.error is None


@pytest.mark.parametrize(
    ("event", "state"),
    [("error", "failed"), ("cancelled", "cancelled"), ("done", "done")],
)
def test_a_job_ends_once(event, state):
    job = Job("j", "fill", 1)
    for told in events((event, {"error": ERROR, "finished": 1, "failed": 0}), ("started", {})):
        job.apply(told)
    assert job.state == state
