"""How far the frames of a result can be trusted, where its tool measured that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from backlot.errors import BacklotError
from backlot.report import Take
from backlot.tools import CONFIDENCE

from .plates import Plate

REPORT = "report.png"
DOUBT = 0.05
"""1 less confidence, above which a frame is spoken of."""

Measured = Iterable[tuple[int, Mapping[str, Any]]]
"""(frame number, what the tool measured)."""


def sentences(frames: Measured) -> list[str]:
    """The frame that can be trusted least; none where nothing leaves doubt."""
    worst = min(((value, number) for number, value in _told(frames)), default=(1.0, 0))
    if worst[0] > 1 - DOUBT:
        return []
    return [f"Lowest confidence {worst[0]:.0%}, on frame {worst[1]}"]


def curve(frames: Measured) -> list[float | None]:
    """1 less confidence of each frame, from 0 to 1; None where it was not measured. Empty where
    none was."""
    frames = sorted(frames, key=lambda each: each[0])
    known = dict(_told(frames))
    return [1 - known[n] if n in known else None for n, _ in frames] if known else []


def report(take: Take, plate: Plate, matte: str, folder: Path) -> str:
    """The picture of a take's confidence and its worst frames: its path, "" where there is none."""
    from backlot import rated

    if not rated.confidences(take):
        return ""
    out = folder / REPORT
    space = plate.colour.ocio or None
    try:
        rated.write(take, plate.pattern, matte or None, out, colorspace=space)
    except BacklotError:  # the result is finished all the same
        return ""
    return str(out)


def _told(frames: Measured) -> list[tuple[int, float]]:
    found = ((number, measured.get(CONFIDENCE)) for number, measured in frames)
    return [(number, float(value)) for number, value in found if value is not None]
