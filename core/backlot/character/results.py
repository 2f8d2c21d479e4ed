"""What a check found, on disk: a file of lines for each shot, so that hundreds of shots are not
held in memory and a check that was stopped goes on where it was.

    check/shots/sh010.jsonl    a header, then a line a frame
    check/shots/sh010.png      the character under neutral light

Lines are added as frames are done, and put in order when the shot is. The last line of a check that
was killed may be half a line: it is left out, and its frame done again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from ..atomic import atomic, cannot_write
from ..errors import BacklotError
from . import likeness
from .likeness import OTHER, FaceVerdict
from .shotlist import Shot
from .verdicts import CHANGED, ShotVerdict, of_shot, summary

VERSION = 1
SHOTS = "shots"
Stamp = list[list[int]]
"""Size and time of change of each file of a frame."""


@dataclass(frozen=True)
class Line:
    """One frame: what was measured, or why it failed. made_from: the files, as they were."""

    number: int
    made_from: Stamp
    measured: Mapping[str, Any] = field(default_factory=dict)
    failed: str = ""

    def fields(self) -> dict[str, Any]:
        said = {"failed": self.failed} if self.failed else dict(self.measured)
        return {"frame": self.number, "made_from": self.made_from, **said}


@dataclass(frozen=True)
class ShotResult:
    """A shot that was checked: what its file of lines says, without the lines."""

    shot: str
    path: Path
    verdicts: tuple[ShotVerdict, ...]
    frames: int
    failed: tuple[tuple[int, str], ...] = ()
    face: FaceVerdict | None = None

    @property
    def verdict(self) -> str:
        """Another face is a change; that a face cannot be told takes nothing from its regions."""
        if self.face is not None and self.face.verdict == OTHER:
            return CHANGED
        return summary(self.verdicts)

    @property
    def picture(self) -> Path:
        return self.path.with_suffix(".png")


class ShotFile:
    """The lines of one shot. recipe: what they were measured with; other lines do not count."""

    def __init__(self, out: Path, shot: Shot, recipe: Mapping[str, Any]) -> None:
        self.path = out / SHOTS / f"{shot.name}.jsonl"
        self._shot = shot
        self._header = {
            "backlot_check": VERSION,
            "shot": shot.name,
            "plate": shot.plate,
            "costume": shot.costume,
            "recipe": dict(recipe),
        }
        self._file: TextIO | None = None

    def kept(self) -> dict[int, Line]:
        """Frames that are measured already. Failed ones are tried again."""
        lines = _lines(self.path)
        if next(lines, None) != self._header:
            return {}
        return {
            each["frame"]: Line(
                each["frame"],
                each.get("made_from", []),
                {k: v for k, v in each.items() if k not in ("frame", "made_from")},
            )
            for each in lines
            if isinstance(each.get("frame"), int) and "failed" not in each
        }

    def begin(self, kept: Iterable[Line]) -> None:
        """Open the file for `add`, with what is kept in it. Raises: CannotWrite."""
        self._write(kept)
        try:
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def add(self, line: Line) -> None:
        assert self._file is not None
        try:
            self._file.write(_text(line.fields()))
            self._file.flush()
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, lines: Iterable[Line]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(self.path) as temporary, open(temporary, "w", encoding="utf-8") as file:
            file.write(_text(self._header))
            for line in sorted(lines, key=lambda each: each.number):
                file.write(_text(line.fields()))


def frames(path: Path) -> list[dict[str, Any]]:
    """The lines of a shot's file in the order of their frames, the newest of each; no header."""
    found = {each["frame"]: each for each in _lines(path) if isinstance(each.get("frame"), int)}
    return [found[number] for number in sorted(found)]


def judged(path: Path, regions: Iterable[str]) -> ShotResult:
    """A shot's verdicts, from its file of lines."""
    lines = frames(path)
    good = [line for line in lines if "failed" not in line]
    verdicts = tuple(
        of_shot(
            region,
            ((line["frame"], _of_region(line, region)) for line in good),
        )
        for region in regions
    )
    failed = tuple((line["frame"], str(line["failed"])) for line in lines if "failed" in line)
    face = likeness.of_shot((line["frame"], line.get("face", {})) for line in good)
    return ShotResult(path.stem, path, verdicts, len(lines), failed, face)


def stamp(paths: Iterable[Path]) -> Stamp:
    """Size and time of change of files that are there."""
    found = []
    for path in paths:
        try:
            known = os.stat(path)
        except OSError:
            continue
        found.append([known.st_size, known.st_mtime_ns])
    return found


def _of_region(line: Mapping[str, Any], region: str) -> Mapping[str, Any]:
    said = line.get("regions", {}).get(region)
    return said if said else {"verdict": "cannot tell", "why": "missing"}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for text in file:
                try:
                    fields = json.loads(text)
                except ValueError:
                    continue
                if isinstance(fields, dict):
                    yield fields
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError):
        return


def _text(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"


def sentence(error: BacklotError) -> str:
    """An error in one line."""
    return f"{error.sentence} {error.hint}".strip()
