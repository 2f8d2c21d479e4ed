"""kill -9 at random moments: no torn file, no finished frame lost, the next run makes the rest."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import CommandLine
from tests.plates import raw, write_shot

FRAMES = range(1, 51)
RUN = ("passthrough", "plate/plate.####.exr", "-o", "out/a.####.exr", "--json", "--seconds", "0.02")


@pytest.fixture
def line(tmp_path: Path):
    write_shot(tmp_path, FRAMES)
    runtime = Path(tempfile.mkdtemp(prefix="backlot-"))
    line = CommandLine(tmp_path, runtime)
    line("start")
    yield line
    line("stop")
    shutil.rmtree(runtime, ignore_errors=True)


def made(line: CommandLine) -> dict[int, int]:
    """The finished frames and when each was written; every one is checked to be whole."""
    found = {}
    for path in (line.folder / "out").glob("a.*.exr"):
        source = line.folder / "plate" / path.name.replace("a.", "plate.")
        assert np.array_equal(raw(path), raw(source)), f"{path.name} is torn"
        found[int(path.name.split(".")[1])] = path.stat().st_mtime_ns
    return found


def victim(line: CommandLine, kind: str) -> int:
    """The process id of the server, or of its worker."""
    status = line("status", "--json").json
    return int(status["pid"] if kind == "server" else status["devices"][0]["worker_pid"])


def round_of(line: CommandLine, kind: str, seed: int) -> None:
    chance = random.Random(seed)
    shutil.rmtree(line.folder / "out", ignore_errors=True)
    pid = victim(line, kind) if kind != "client" else None
    process = line.start(*RUN)
    wanted, end = chance.randrange(1, 48), time.monotonic() + 60
    while len(list((line.folder / "out").glob("a.*.exr"))) < wanted and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.002)
    time.sleep(chance.random() * 0.05)
    os.kill(pid or process.pid, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    before = made(line)
    if kind != "client":
        assert process.returncode == 0, err
        assert sorted(before) == list(FRAMES)
    else:
        assert len(before) >= wanted
    rest = line(*RUN)
    assert rest.code == 0, rest.err
    last = rest.events[-1]
    assert (last["kept"], last["done"]) == (len(before), len(FRAMES) - len(before))
    after = made(line)
    assert sorted(after) == list(FRAMES)
    assert {number: after[number] for number in before} == before, "finished frames stay"
    names = sorted(path.name for path in (line.folder / "out").iterdir())
    assert names == ["a.####.exr.backlot.json", *(f"a.{n:04d}.exr" for n in FRAMES)]


@pytest.mark.parametrize("kind", ["client", "worker", "server"])
def test_kill_once(line: CommandLine, kind: str) -> None:
    round_of(line, kind, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["client", "worker", "server"])
def test_kill_twenty_times(line: CommandLine, kind: str) -> None:
    for seed in range(20):
        if kind == "server":
            line("start")
        round_of(line, kind, seed)
