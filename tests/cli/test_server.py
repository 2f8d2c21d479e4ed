"""The commands about the server itself."""

from __future__ import annotations

import json
import signal
import time

from tests.cli.conftest import CommandLine


def test_start_status_stop(alone: CommandLine) -> None:
    assert alone("status", "--json").json == {"running": False}
    assert alone("status").code == 6
    started = alone("start", "--json").json
    assert started["started"] is True
    assert alone("start", "--json").json == {**started, "started": False}
    status = alone("status", "--json").json
    assert status["pid"] == started["pid"]
    assert [device["name"] for device in status["devices"]] == ["cpu"]
    assert status["sessions"][0]["client"] == "status"
    assert status["shared"]["bytes"] >= 0
    assert alone("stop", "--json").json == {"running": False, "stopped": True}
    assert alone("stop", "--json").json == {"running": False, "stopped": False}


def test_status_shows_a_running_job_in_80_columns(cli: CommandLine) -> None:
    process = cli.start("passthrough", "plate/plate.####.exr", "-o", "out/a.####.exr",
                        "--seconds", "60")  # fmt: skip
    try:
        end = time.monotonic() + 30
        while not (jobs := cli("status", "--json").json["jobs"]):
            assert time.monotonic() < end
        assert jobs[0]["tool"] == "passthrough"
        assert jobs[0]["frames"] == 6
        shown = cli("status")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert shown.code == 0
    assert "passthrough" in shown.out
    assert "0 of 6" in shown.out
    assert "cli" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80


def test_tools_and_models(cli: CommandLine) -> None:
    told = cli("tools", "--json").json["tools"]
    names = [tool["name"] for tool in told]
    assert "upscale" in names
    assert "passthrough" not in names
    shown = cli("tools").out
    assert "--scale" in shown
    assert max(map(len, shown.splitlines())) <= 80
    for model in cli("models", "--json").json["models"]:
        assert model["name"] in cli("models").out
        assert model["verdict"] in ("green", "amber", "red")


def test_a_network_of_ones_own_is_added(cli: CommandLine) -> None:
    """What comes of it is tested with the server's models; here, that the words arrive."""
    said = cli("models", "add", "nothing.onnx", "--name", "mine")
    assert said.code in (2, 3)
    assert "nothing.onnx" in said.err
    told = cli("models", "pull", "nothing", "--json").json
    assert (told["code"], told["exit_code"]) == ("not-found", 2)
    assert told["hint"]
    assert "--accept" in cli("models", "pull", "--help").out
    assert isinstance(json.loads(cli("models", "pull", "--json").out), list)


def test_doctor_leaves_the_machine_as_it_was(alone: CommandLine) -> None:
    told = alone("doctor", "--json")
    findings = {finding["subject"]: finding for finding in told.json["findings"]}
    assert told.code == 0, told.out
    assert findings["server"]["finding"].startswith("starts and answers")
    assert findings["shared memory"]["state"] == "good"
    assert {"python", "packages", "runtime folder", "device cpu", "colour"} <= set(findings)
    assert alone("status", "--json").json == {"running": False}
    text = alone("doctor").out
    assert "Everything Backlot needs is here." in text


def test_doctor_names_what_is_wrong_and_the_cure(alone: CommandLine) -> None:
    said = alone("doctor", OCIO="/nowhere/config.ocio")
    assert said.code == 1
    assert "/nowhere/config.ocio" in said.out
    assert "OCIO" in said.out
    alone.runtime.chmod(0o755)
    said = alone("doctor", "--json")
    assert said.code == 1
    (finding,) = [f for f in said.json["findings"] if f["subject"] == "runtime folder"]
    assert finding["cure"].startswith("Run: chmod 700 ")
    alone.runtime.chmod(0o700)


def test_serve_runs_until_it_is_told(alone: CommandLine) -> None:
    process = alone.start("serve", "--json")
    end = time.monotonic() + 30
    while not alone("status", "--json").json["running"]:
        assert time.monotonic() < end
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode in (0, 130)
    assert alone("status", "--json").json == {"running": False}


def test_a_run_starts_the_server(alone: CommandLine) -> None:
    said = alone("passthrough", "plate/plate.####.exr", "-o", "out/a.####.exr")
    assert said.code == 0, said.err
    assert alone("status", "--json").json["running"] is True
