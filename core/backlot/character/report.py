"""The report of a check: a page, contact sheets, JSON and timeline markers, made shot by shot.

check/check.json      what was checked
check/report.html     for people, in one file, to be read on screen or printed
check/report.json     for programs
check/sheet.png       the character in all shots under neutral light; sheet.2.png and so on
check/markers.otio    changes as markers: in the timeline that was checked, or a new one
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic import atomic, cannot_write
from ..errors import BacklotError, NotFound, UnreadableFile
from ..sheet import Tile, write_sheet
from . import page, picture, results, timeline
from .folder import Character, read_json, write_json
from .likeness import OTHER
from .references import Reference
from .results import SHOTS, ShotResult
from .shotlist import Shot
from .timeline import Mark
from .verdicts import CANNOT_TELL, CHANGED, UNCHANGED, SceneVerdict, ShotVerdict, of_scene

FILE = "check.json"
REFERENCES = "references"
_WORST = 12
_PER_SHEET = 42
_PER_ROW = 7


@dataclass(frozen=True)
class Checked:
    """What was checked, as check.json says it. source: the timeline of the shots, if they had one.

    references: (id, words) of those with a picture in the folder. faces: how they are compared, or
    why they are not, a sentence.
    """

    out: Path
    character: str
    threshold: float
    regions: tuple[str, ...]
    shots: tuple[Shot, ...]
    source: Path | None = None
    references: tuple[tuple[str, str], ...] = ()
    faces: str = ""

    def results(self) -> Iterator[ShotResult]:
        """Every shot that has results, one at a time, in the order of the list."""
        for shot in self.shots:
            path = self.out / SHOTS / f"{shot.name}.jsonl"
            if path.exists():
                yield results.judged(path, self.regions)


@dataclass(frozen=True)
class Outcome:
    """All shots together: how many of each verdict, and of all."""

    changed: int
    unchanged: int
    cannot_tell: int
    failed: int

    @property
    def verdict(self) -> str:
        if self.changed:
            return CHANGED
        return CANNOT_TELL if self.cannot_tell or self.failed else UNCHANGED

    def __str__(self) -> str:
        parts = [f"{self.changed} changed", f"{self.unchanged} unchanged"]
        parts.append(f"{self.cannot_tell} cannot all be told")
        failed = f", {self.failed} frames failed" if self.failed else ""
        return f"shots: {', '.join(parts)}{failed}"


def begin(
    out: Path,
    character: Character,
    references: Iterable[Reference],
    shots: Iterable[Shot],
    source: Path | None,
    faces: str = "",
) -> Checked:
    """Write check.json and the references' pictures. faces: see `Checked`. Raises: CannotWrite."""
    folder = out / REFERENCES
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error) from error
    kept = []
    for each in references:
        with suppress(BacklotError):
            shown = picture.neutral(each.frame(), each.mattes())
            if shown is not None:
                picture.write_png(folder / f"{each.id}.png", shown)
                words = (each.costume, each.light, each.view)
                kept.append((each.id, ", ".join(word for word in words if word)))
    made = Checked(
        out,
        character.name,
        character.threshold,
        tuple(character.regions),
        tuple(shots),
        source,
        tuple(kept),
        faces,
    )
    write_json(out / FILE, _fields(made))
    return made


def load(out: Path) -> Checked:
    """What was checked. Raises: NotFound, UnreadableFile."""
    if not (out / FILE).exists():
        raise NotFound(f"{out} has no results of a check.", "Name a folder that check wrote to.")
    fields = read_json(out / FILE)
    try:
        return Checked(
            out,
            str(fields["character"]),
            float(fields["threshold"]),
            tuple(fields["regions"]),
            tuple(Shot(**{**each, "frames": tuple(each["frames"])}) for each in fields["shots"]),
            Path(fields["source"]) if fields["source"] else None,
            tuple((one, words) for one, words in fields["references"]),
            str(fields.get("faces", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableFile(f"{out / FILE} is damaged.", "Run the check again.") from error


def write(checked: Checked) -> Outcome:
    """Make all of the report from what is in the folder. Raises: CannotWrite, UnreadableFile."""
    outcome = summed(checked.results())
    target = checked.out / "report.html"
    with atomic(target) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.writelines(page.html(checked, outcome, worst(checked), scenes(checked)))
    write_json(checked.out / "report.json", _json(checked, outcome))
    _write_sheets(checked)
    marks = (mark for result in checked.results() for mark in _marks(checked.character, result))
    timeline.write_markers(
        checked.out / "markers.otio", marks, _with_frames(checked.shots), checked.source
    )
    return outcome


def summed(found: Iterable[ShotResult]) -> Outcome:
    """How many shots have which verdict."""
    counts = {CHANGED: 0, UNCHANGED: 0, CANNOT_TELL: 0}
    failed = 0
    for result in found:
        counts[result.verdict] += 1
        failed += len(result.failed)
    return Outcome(counts[CHANGED], counts[UNCHANGED], counts[CANNOT_TELL], failed)


def worst(checked: Checked) -> list[page.Worst]:
    """The frames with the largest changes, the largest first; a region of a shot counts once."""
    return heapq.nlargest(
        _WORST,
        (each for result in checked.results() for each in _changes(result)),
        key=lambda each: each.size,
    )


def _changes(result: ShotResult) -> Iterator[page.Worst]:
    """What of a shot is to be looked at; another face before anything else."""
    if result.face is not None and result.face.verdict == OTHER:
        yield page.Worst(math.inf, result.shot, result.face.worst or 0, str(result.face))
    for verdict in result.verdicts:
        if verdict.verdict == CHANGED:
            yield page.Worst(verdict.size or 0.0, result.shot, verdict.worst or 0, str(verdict))


def scenes(checked: Checked) -> list[SceneVerdict]:
    """For each scene of several shots, in their order, a verdict on each region over them."""
    named = {shot.name: shot.scene for shot in checked.shots if shot.scene}
    found: dict[tuple[str, str], list[ShotVerdict]] = {}
    for result in checked.results():
        for verdict in result.verdicts if result.shot in named else ():
            found.setdefault((named[result.shot], verdict.region), []).append(verdict)
    return [of_scene(scene, each) for (scene, _), each in found.items() if len(each) > 1]


def _fields(checked: Checked) -> dict[str, Any]:
    return {
        "backlot_check": results.VERSION,
        "character": checked.character,
        "threshold": checked.threshold,
        "regions": list(checked.regions),
        "shots": [{**vars(shot), "frames": list(shot.frames)} for shot in checked.shots],
        "source": str(checked.source) if checked.source else None,
        "references": [list(each) for each in checked.references],
        "faces": checked.faces,
    }


def _json(checked: Checked, outcome: Outcome) -> dict[str, Any]:
    return {
        "character": checked.character,
        "verdict": outcome.verdict,
        "changed": outcome.changed,
        "unchanged": outcome.unchanged,
        "cannot_tell": outcome.cannot_tell,
        "failed_frames": outcome.failed,
        "faces": checked.faces,
        "scenes": [{**vars(each), "sentence": str(each)} for each in scenes(checked)],
        "shots": [
            {
                "shot": result.shot,
                "verdict": result.verdict,
                "frames": result.frames,
                "failed": [list(each) for each in result.failed],
                "regions": [verdict.fields() for verdict in result.verdicts],
                **({} if result.face is None else {"face": result.face.fields()}),
            }
            for result in checked.results()
        ],
    }


def _marks(character: str, result: ShotResult) -> Iterator[Mark]:
    for verdict in result.verdicts:
        for first, last in verdict.spans:
            name = f"{character}: {verdict.region} {CHANGED}"
            words = f"{verdict.size:.1f} dE2000, {verdict.towards}"
            yield Mark(result.shot, first, last, name, words)
    if result.face is not None:
        for first, last in result.face.spans:
            name = f"{character}: another face"
            yield Mark(result.shot, first, last, name, str(result.face))


def _with_frames(shots: Iterable[Shot]) -> Iterator[Shot]:
    """Those whose frames are known: a shot without a plate has no place on a timeline."""
    for shot in shots:
        with suppress(BacklotError):
            if shot.numbers:
                yield shot


def _write_sheets(checked: Checked) -> None:
    """Contact sheets of so many pictures each, so that memory does not grow with the shots."""
    for old in checked.out.glob("sheet*.png"):
        old.unlink()
    tiles = chain(_reference_tiles(checked), _shot_tiles(checked))
    number = 1
    while some := list(islice(tiles, _PER_SHEET)):
        name = "sheet.png" if number == 1 else f"sheet.{number}.png"
        rows = [some[at : at + _PER_ROW] for at in range(0, len(some), _PER_ROW)]
        title = f"{checked.character}: all shots under the reference's light"
        write_sheet(checked.out / name, title, rows)
        number += 1


def _reference_tiles(checked: Checked) -> Iterator[Tile]:
    for one, words in checked.references:
        yield from _tile(checked.out / REFERENCES / f"{one}.png", f"reference {words}".strip())


def _shot_tiles(checked: Checked) -> Iterator[Tile]:
    for result in checked.results():
        yield from _tile(result.picture, f"{result.shot}: {result.verdict}")


def _tile(path: Path, caption: str) -> Iterator[Tile]:
    from PIL import Image

    if path.exists():
        with Image.open(path) as shown:
            yield Tile(np.asarray(shown.convert("RGB")), caption)
