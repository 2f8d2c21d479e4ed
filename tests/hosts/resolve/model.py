# ruff: noqa: N802 (the names are Resolve's)
"""What every simulated object shares, and media as files on disk."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from backlot_resolve.timecode import Rate


class NotModelled(Exception):
    """A published method or form of a call that the simulator does not have. A test must not
    rest on it."""


class Thing:
    """An object of the scripting interface. Methods in CamelCase are the interface; the rest is
    state. `resolve` is the simulated application it belongs to."""

    owner = ""

    def __init__(self, resolve: Any) -> None:
        self.resolve = resolve
        self.key = uuid.uuid4().hex
        resolve.things[self.key] = self

    def GetUniqueId(self) -> str:
        return self.key


class Markers:
    """Markers of a timeline, an item or a piece of media."""

    markers: dict[int, dict[str, Any]]

    def AddMarker(
        self, frame: float, color: str, name: str, note: str, duration: float, custom: str = ""
    ) -> bool:
        if int(frame) in self.markers or duration < 1:
            return False
        self.markers[int(frame)] = {
            "color": color,
            "duration": float(duration),
            "note": note,
            "name": name,
            "customData": custom,
        }
        return True

    def GetMarkers(self) -> dict[float, dict[str, Any]]:
        return {float(frame): dict(marker) for frame, marker in sorted(self.markers.items())}

    def GetMarkerByCustomData(self, custom: str) -> dict[str, Any]:
        return next((dict(m) for m in self.markers.values() if m["customData"] == custom), {})

    def UpdateMarkerCustomData(self, frame: float, custom: str) -> bool:
        if int(frame) not in self.markers:
            return False
        self.markers[int(frame)]["customData"] = custom
        return True

    def DeleteMarkerByCustomData(self, custom: str) -> bool:
        for frame, marker in self.markers.items():
            if marker["customData"] == custom:
                del self.markers[frame]
                return True
        return False

    def DeleteMarkerAtFrame(self, frame: float) -> bool:
        return self.markers.pop(int(frame), None) is not None


@dataclass
class Media:
    """Files: one frame each (a sequence), or a movie that only Resolve decodes."""

    pattern: str
    first: int
    count: int
    rate: Rate
    width: int
    height: int
    start_timecode: int = 0
    missing: set[int] = field(default_factory=set)
    codec: str = "EXR"

    def path(self, number: int) -> Path:
        return Path(self.pattern % number if "%" in self.pattern else self.pattern)

    @property
    def shown(self) -> str:
        """The File Path property: a sequence by its range in brackets."""
        found = re.search(r"%0(\d+)d", self.pattern)
        if not found:
            return self.pattern
        width = int(found.group(1))
        last = self.first + self.count - 1
        return self.pattern.replace(found.group(0), f"[{self.first:0{width}d}-{last:0{width}d}]")


def probe(pattern: str, first: int | None, last: int | None, rate: Rate) -> Media | None:
    """Media from files that are there, or None as an import that fails."""
    import OpenImageIO as oiio  # noqa: N813

    if "%" not in pattern:
        number = re.search(r"(\d+)(\.\w+)$", pattern)
        if not Path(pattern).is_file():
            return None
        if first is None and number and _siblings(pattern, number):
            digits = len(number.group(1))
            numbers = _siblings(pattern, number)
            pattern = pattern[: number.start(1)] + f"%0{digits}d" + number.group(2)
            first, last = numbers[0], numbers[-1]
    if first is None or last is None:
        first = last = 0
    missing = {n for n in range(first, last + 1) if not _file(pattern, n).is_file()}
    there = next((n for n in range(first, last + 1) if n not in missing), None)
    if there is None:
        return None
    source = oiio.ImageInput.open(str(_file(pattern, there)))
    if source is None:
        return None
    spec = source.spec()
    timecode = spec.getattribute("smpte:TimeCode") or ""
    source.close()
    start = rate.frame(timecode) if timecode and "%" in pattern else first
    return Media(
        pattern, first, last - first + 1, rate, spec.full_width, spec.full_height, start, missing
    )


def _file(pattern: str, number: int) -> Path:
    return Path(pattern % number if "%" in pattern else pattern)


def _siblings(path: str, number: re.Match[str]) -> list[int]:
    folder, prefix = Path(path).parent, Path(path[: number.start(1)]).name
    found = []
    for file in folder.iterdir():
        hit = re.fullmatch(re.escape(prefix) + r"(\d+)" + re.escape(number.group(2)), file.name)
        if hit:
            found.append(int(hit.group(1)))
    return sorted(found)


def ratio(media: Rate, timeline: Rate) -> Fraction:
    return media.fps / timeline.fps
