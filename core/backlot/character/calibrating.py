"""Calibration: shots in which the character looks as it should say how far off the measuring is.

The tool's errors were fitted to rendered characters in rendered light. A production has materials,
lamps and cameras of its own; where its undrifted shots surprise the tool more, or less, than those
did, errors of that region are taken to be that much larger, or smaller.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from . import check as checks
from . import folder as folders
from . import results
from .folder import Calibration, Character
from .sending import sent
from .shotlist import Shot

if TYPE_CHECKING:
    from ..client import Studio
    from .check import Progress

_KNOWN = 4.0
"""Shots' worth of what is believed beforehand: a spread of 1."""
_MOST = 9.0
"""What one shot can say at most, so that one in which it did change spoils little."""
_LEAST, _WIDEST = 0.5, 5.0


def calibrate(
    studio: Studio, folder: str, shots: Sequence[Shot], *, progress: Progress | None = None
) -> Character:
    """Measure shots that are right, and write what they say into character.json.

    An earlier calibration is replaced. Raises: ConsentDenied (for "check"), InvalidInput (nothing
    of the character could be measured in them), and what `check.run` raises.
    """
    text = json.dumps({**json.loads(sent(studio, folder, "check")), "spreads": {}})
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="backlot-calibration-") as home:
        work = checks.Check(text, shots, Path(home))
        for result in checks.run(studio, work, progress=progress):
            for region, value in surprises(results.frames(result.path)).items():
                found.setdefault(region, []).append(value)
    if not found:
        raise InvalidInput(
            "Nothing of the character could be measured in these shots.",
            "`backlot character check` says why; choose shots that show it in good light.",
        )
    made = Calibration(len(shots), {name: spread(each) for name, each in sorted(found.items())})
    character = replace(folders.load(folder), calibration=made)
    folders.save(character)
    return character


def cleared(folder: str) -> Character:
    """The character without a calibration. Raises: as `folder.load` and `folder.save`."""
    character = replace(folders.load(folder), calibration=None)
    folders.save(character)
    return character


def surprises(lines: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """By region, the median over a shot's frames: they are alike, and count as one."""
    found: dict[str, list[float]] = {}
    for line in lines:
        for region, said in line.get("regions", {}).items():
            if "surprise" in said and said.get("why") != "mixed-light":
                found.setdefault(region, []).append(float(said["surprise"]))
    return {region: median(each) for region, each in found.items()}


def spread(surprise: Sequence[float]) -> float:
    """From a region's surprise in each shot, towards 1 as long as there are few."""
    total = _KNOWN + sum(min(each, _MOST) for each in surprise)
    return round(max(_LEAST, min(_WIDEST, total / (_KNOWN + len(surprise)))), 3)
