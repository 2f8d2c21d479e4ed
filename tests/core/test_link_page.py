"""docs/link.md is carried out: every exchange on it, with a real companion and a real server."""

import json
import os
import queue
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from backlot import media
from backlot.frame import Frame
from backlot.local import find, stop

PAGE = Path(__file__).resolve().parents[2] / "docs/link.md"
BLOCK = re.compile(r"^```link\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LITERAL = frozenset(("id", "event", "code", "state", "cached", "found", "kept", "number", "link"))
LITERAL |= {"finished", "failed", "file", "rows", "type", "width", "height", "channels", "alpha"}


def exchanges():
    """(line to send, lines expected before the next) for each block."""
    for block in BLOCK.findall(PAGE.read_text()):
        steps = []
        for line in block.splitlines():
            arrow, text = line[:3], line[4:]
            assert arrow in ("-->", "<--"), line
            if arrow == "-->":
                steps.append((text, []))
            else:
                steps[-1][1].append(json.loads(text))
        yield steps


def matches(told, shown, where=""):
    """Every field of the page must come, of its type, and of its value where that is fixed."""
    kind = (int, float) if isinstance(shown, int | float) else type(shown)
    assert isinstance(told, kind), f"{where}: {told!r} is not like {shown!r}"
    if isinstance(shown, dict):
        for name, value in shown.items():
            inside = f"{where}.{name}"
            assert name in told, f"{inside} is not there: {told}"
            if name in LITERAL and not isinstance(value, dict):
                assert told[name] == value, f"{inside}: {told[name]!r}, on the page {value!r}"
            else:
                matches(told[name], value, inside)
    elif isinstance(shown, list) and shown and isinstance(shown[0], dict) and "name" in shown[0]:
        known = {each["name"]: each for each in told}
        for each in shown:
            matches(known[each["name"]], each, f"{where}[{each['name']}]")


def is_answer(told, shown):
    keys = ("id",) if "id" in shown else ("job", "event", "number")
    return all(told.get(key) == shown.get(key) for key in keys)


@pytest.fixture
def companion(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKLOT_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("BACKLOT_HOME", str(tmp_path / "home"))
    (tmp_path / "run").mkdir(mode=0o700)
    rng = np.random.default_rng(3)
    for number in (1001, 1002):
        pixels = rng.normal(0.5, 4.0, (6, 8, 4)).astype(np.float16)
        media.write(tmp_path / f"plate.{number}.exr", Frame(pixels))
    process = subprocess.Popen(
        [sys.executable, "-m", "backlot.link"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ),
    )
    yield process
    process.stdin.close()
    assert process.wait(20) == 0
    stop()
    assert find() is None


def test_every_exchange_of_the_page(companion, tmp_path):
    arrived = queue.Queue()

    def read():
        for line in companion.stdout:
            arrived.put(json.loads(line))

    threading.Thread(target=read, daemon=True).start()
    blocks = list(exchanges())
    assert len(blocks) >= 9
    for steps in blocks:
        for line, expected in steps:
            companion.stdin.write(line.encode() + b"\n")
            companion.stdin.flush()
            waiting = list(expected)
            while waiting:
                told = arrived.get(timeout=300)
                shown = next((each for each in waiting if is_answer(told, each)), None)
                if shown is not None:
                    matches(told, shown)
                    waiting.remove(shown)
                elif "id" in told:
                    raise AssertionError(f"{line} got {told}")
    for number in (1001, 1002):
        before = media.Image.open(tmp_path / f"plate.{number}.exr").frame().pixels
        after = media.Image.open(tmp_path / f"v001/clean.{number}.exr").frame().pixels
        assert before.tobytes() == after.tobytes()
    assert not (tmp_path / "v003/clean.1001.exr").exists()
