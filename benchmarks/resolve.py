"""Resolve's panel: how long its event loop is held while a 300-clip timeline is worked with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from .figures import Figure

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^(.+?) +([\d.]+) ms wall +([\d.]+) ms cpu$", re.MULTILINE)
ONCE = "start (once)"


def figures() -> Iterator[Figure]:
    if find_spec("PySide6") is None:
        return
    ran = subprocess.run(
        [sys.executable, "-m", "tests.hosts.resolve.turns"],
        cwd=ROOT,
        env={"QT_QPA_PLATFORM": "offscreen", **os.environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    turns = {what: float(wall) for what, wall, _ in LINE.findall(ran.stdout)}
    opened = turns.pop(ONCE)
    longest = max(turns, key=lambda what: turns[what])
    note = f"of {len(turns)} things done; opening the window takes {opened:.0f} ms, once"
    yield Figure(f"Resolve: longest turn: {longest}", turns[longest], "ms", 50.0, note)
