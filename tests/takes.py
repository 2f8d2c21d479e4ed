"""What tests of the shot runner share."""

from __future__ import annotations

from pathlib import Path

FRAMES = range(1001, 1007)


def numbers(frames) -> list[int]:
    return [frame.number for frame in frames]


def files(out: str) -> dict[str, int]:
    """Everything in the output folder, hidden files too, with its time of change."""
    return {path.name: path.stat().st_mtime_ns for path in Path(out).parent.iterdir()}


def path_of(pattern: str, number: int) -> Path:
    return Path(pattern.replace("####", str(number)))
