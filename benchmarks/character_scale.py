"""A check over many shots by the command line: memory against the number of shots, and going on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .figures import Figure

FEW, MANY, FRAMES = 60, 300, 5  # a contact sheet holds 42 shots at once, whatever their number
TALL, WIDE = 96, 240
_MEASURED = """
import resource, subprocess, sys
command = [sys.executable, "-m", "backlot", "character", *sys.argv[1:]]
code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
# In between, since a process starts with the peak of the one that it was forked from.
TONES = ((0.55, 0.36, 0.27), (0.10, 0.06, 0.04), (0.12, 0.20, 0.45), (0.25, 0.24, 0.20))


def scale(home: Path) -> Iterator[Figure]:
    """Small frames, since it is the number of them that is asked about."""
    names = [f"r{at}" for at in range(len(TONES))]
    _write(home, names)
    _run(home, "new", "hero", *(word for name in names for word in ("--region", name)))
    _run(home, "add", "hero", "plate.0001.exr", "--mattes", "roto.0001.exr")
    peaks = {}
    for count in (FEW, MANY):
        lines = [f"sh{n:04d},plate.####.exr,roto.####.exr,1-{FRAMES}" for n in range(count)]
        (home / f"{count}.csv").write_text("\n".join(["shot,plate,mattes,frames", *lines]))
        peaks[count] = _run(home, "check", "hero", f"{count}.csv", "-o", f"out{count}")
    more = peaks[MANY] - peaks[FEW]
    note = f"{peaks[FEW]:.0f} MB at {FEW} shots, {peaks[MANY]:.0f} at {MANY}, {FRAMES} frames each"
    yield Figure(f"{MANY} shots instead of {FEW}: more memory of the client", more, "MB", 10, note)
    results = sorted((home / f"out{MANY}" / "shots").glob("*.jsonl"))
    for path in results[MANY // 2 :]:
        path.unlink()
    kept = {path: path.stat().st_mtime_ns for path in results[: MANY // 2]}
    _run(home, "check", "hero", f"{MANY}.csv", "-o", f"out{MANY}")
    again = sum(path.stat().st_mtime_ns != time for path, time in kept.items())
    note = f"of {len(kept)} that were finished when it was stopped"
    yield Figure("a check that goes on: shots measured again", again, "", 0, note)


def _write(home: Path, names: list[str]) -> None:
    import backlot
    from backlot import Frame

    home.mkdir()
    part = WIDE // len(names)
    cover = np.zeros((TALL, WIDE, len(names)), np.float16)
    clean = np.zeros((TALL, WIDE, 3))
    for at, tone in enumerate(TONES):
        inside = np.s_[8:-8, at * part + 4 : (at + 1) * part - 4]
        cover[(*inside, at)] = 1
        clean[inside] = tone
    for number in range(1, FRAMES + 1):
        grain = np.random.default_rng(number).normal(0, 0.004, clean.shape)
        backlot.write(home / f"plate.{number:04d}.exr", Frame((clean + grain).astype(np.float16)))
        mattes = Frame(cover, tuple(names), meaning="data")
        backlot.write(home / f"roto.{number:04d}.exr", mattes)


def _run(home: Path, *words: str) -> float:
    """Largest memory of the command, MB."""
    command = [sys.executable, "-c", _MEASURED, *words]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 10, 11):
        raise SystemExit(f"backlot character {words[0]} ended with {done.returncode}")
    return float(done.stdout) / 1024
