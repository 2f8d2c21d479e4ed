"""A check over many shots by the command line: memory against their number, killed, and going on.

`python -m benchmarks.character_scale 100 30 100 300` takes 100 frames a shot, and 30, 100 and 300
shots; the largest of these is killed in its middle and goes on.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .figures import Figure, own_server

TALL, WIDE = 96, 240
MORE = 10
"""Megabytes by which the memory of many shots may be over that of fewer."""
_MEASURED = """
import resource, subprocess, sys
command = [sys.executable, "-m", "backlot", "character", *sys.argv[1:]]
code = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
# In between, since a process starts with the peak of the one that it was forked from.
TONES = ((0.55, 0.36, 0.27), (0.10, 0.06, 0.04), (0.12, 0.20, 0.45), (0.25, 0.24, 0.20))


def scale(home: Path, frames: int = 5, counts: Sequence[int] = (60, 300)) -> Iterator[Figure]:
    """Small frames, since it is the number of them that is asked about.

    A contact sheet holds 42 shots at once, whatever their number: fewer need less.
    """
    names = [f"r{at}" for at in range(len(TONES))]
    _write(home, names, frames)
    _run(home, "new", "hero", *(word for name in names for word in ("--region", name)))
    _run(home, "add", "hero", "plate.0001.exr", "--mattes", "roto.0001.exr")
    *fewer, most = counts
    peaks = {}
    for count in fewer:
        _list(home, count, frames)
        begun = time.perf_counter()
        peaks[count] = _run(home, "check", "hero", f"{count}.csv", "-o", f"out{count}")
        rate = count * frames / (time.perf_counter() - begun)
        note = f"{frames} frames each, {rate:.0f} frames/s"
        yield Figure(
            f"check of {count} shots: memory of the client", peaks[count], "MB", None, note
        )
    _list(home, most, frames)
    killed = _killed(home, most)
    begun = time.perf_counter()
    peaks[most] = _run(home, "check", "hero", f"{most}.csv", "-o", f"out{most}")
    after = {path.name: path.stat().st_mtime_ns for path in (home / f"out{most}/shots").iterdir()}
    left = time.perf_counter() - begun
    note = (
        f"{frames} frames each, killed after {len(killed)} and gone on, {left:.0f} s for the rest"
    )
    yield Figure(f"check of {most} shots: memory of the client", peaks[most], "MB", None, note)
    more = peaks[most] - peaks[fewer[-1]]
    what = f"{most} shots instead of {fewer[-1]}: more memory of the client"
    yield Figure(what, more, "MB", MORE)
    again = sum(after.get(name) != time_ for name, time_ in killed.items())
    note = f"of {len(killed)} that were finished when it was killed"
    yield Figure("a check that goes on: shots measured again", again, "", 0, note)
    lines = (p.read_text().count("\n") - 1 for p in (home / f"out{most}/shots").glob("*.jsonl"))
    lost = most * frames - sum(lines)
    yield Figure("a check that goes on: frames missing at its end", lost, "", 0)


def _killed(home: Path, count: int) -> dict[str, int]:
    """Start a check and kill it in its middle. Returns: finished shots' files, and their times."""
    out = home / f"out{count}" / "shots"
    command = [sys.executable, "-m", "backlot", "character", "check", "hero", f"{count}.csv"]
    with subprocess.Popen(
        [*command, "-o", f"out{count}"],
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        while running.poll() is None and len(list(out.glob("*.jsonl"))) <= count // 2:
            time.sleep(0.02)
        os.kill(running.pid, signal.SIGKILL)
    *finished, _ = sorted(out.glob("*.jsonl"))
    return {path.name: path.stat().st_mtime_ns for path in finished}


def _list(home: Path, count: int, frames: int) -> None:
    lines = [f"sh{n:04d},plate.####.exr,roto.####.exr,1-{frames}" for n in range(count)]
    (home / f"{count}.csv").write_text("\n".join(["shot,plate,mattes,frames", *lines]))


def _write(home: Path, names: list[str], frames: int) -> None:
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
    for number in range(1, frames + 1):
        grain = np.random.default_rng(number).normal(0, 0.004, clean.shape)
        backlot.write(home / f"plate.{number:04d}.exr", Frame((clean + grain).astype(np.float16)))
        mattes = Frame(cover, tuple(names), meaning="data")
        backlot.write(home / f"roto.{number:04d}.exr", mattes)


def _run(home: Path, *words: str) -> float:
    """Largest memory of the command, MB."""
    command = [sys.executable, "-c", _MEASURED, *words]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 10, 11):
        raise SystemExit(f"backlot character {words[0]}: {done.returncode}. {done.stderr[-500:]}")
    return float(done.stdout) / 1024


@contextmanager
def _home() -> Iterator[Path]:
    with own_server(), tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "scale"


def main() -> None:
    """The command line: frames a shot, then numbers of shots."""
    frames, *counts = (int(word) for word in sys.argv[1:])
    with _home() as home:
        for figure in scale(home, frames, counts):
            print(f"{figure.what}: {figure.value:.0f} {figure.unit} {figure.note}", flush=True)


if __name__ == "__main__":
    main()
