"""`backlot character check`, `lock` and `report` at work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..sequence import parse_frames, show_frames
from . import specs
from .follow import followed, take_fields
from .run import end_on_signals
from .say import emit, stdout

if TYPE_CHECKING:
    from ..character.report import Checked, Outcome
    from ..character.results import ShotResult

CHANGED, CANNOT_TELL = 10, 11
_COLORS = {"changed": "red", "unchanged": "green", "cannot tell": "yellow"}


def check(
    folder: str,
    listed: str,
    out: str,
    mattes: str,
    costume: str,
    clip: float,
    diffuse: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Returns: the exit code, 0 unchanged, 10 changed, 11 not all could be told."""
    from ..character import check as checks
    from ..character import faces, shotlist
    from ..character import report as reports
    from ..character.folder import load
    from ..character.references import read_all
    from ..character.sending import sent
    from ..client import connect

    end_on_signals()
    character = load(folder)
    shots = shotlist.read(listed, mattes)
    source = Path(listed).resolve() if listed.lower().endswith(".otio") else None
    with connect(client="cli") as studio:
        specs.remember(studio.tools())
        text = sent(studio, folder, "check")
        compared = faces.told(studio, character)
        references = read_all(character)
        checked = reports.begin(Path(out), character, references, shots, source, compared)
        work = checks.Check(text, shots, Path(out), costume, clip, diffuse=diffuse)
        with followed(f"check {character.name}", as_json) as progress:
            for result in checks.run(studio, work, force=force, progress=progress):
                _tell_shot(result, as_json)
    return _tell(reports.write(checked), checked, as_json)


def suggest(
    plate: str, matte: str, frame: int, out: str, regions: Sequence[str], as_json: bool
) -> int:
    """Returns: 0."""
    from .. import media
    from ..character import adding, parts
    from ..character.picture import write_png

    named = {name: _numbers(each) for each in regions for name in [_region_name(each)]}
    source, cover = adding.frame_with_matte(plate, matte, frame)
    labels = parts.suggest(source, cover)
    shown = Path(out).with_suffix(".png")
    write_png(shown, parts.picture(labels, source))
    if named:
        media.write(out, parts.mattes(labels, source, cover, named), pixel_type="half")
    if as_json:
        emit({"parts": int(labels.max()), "picture": str(shown), "regions": named})
    elif named:
        print(f"{out}: {', '.join(named)}. Give it to `backlot character add --mattes {out}`.")
    else:
        print(f"{labels.max()} parts: look at {shown} and name them: --region face=1,4 ...")
    return 0


def carry(
    folder: str, plate: str, mattes: str, frame: int, out: str, frames: str, as_json: bool
) -> int:
    """Returns: 0, or 11 where mattes have to be looked at."""
    from ..character import carrying
    from ..character.folder import load
    from ..character.mattes import of_shot
    from ..client import connect
    from ..sequence import Sequence as Files

    end_on_signals()
    files = Files.parse(plate)
    numbers = parse_frames(frames) if frames else files.given or files.frames()
    given = of_shot(mattes, plate, load(folder).mattes).frame(frame)
    with connect(client="cli") as studio:
        made = list(carrying.carry(studio, plate, given, numbers, out))
    doubtful = sorted(each.number for each in made if each.doubtful)
    if as_json:
        emit({"frames": [vars(each) for each in made], "look_at": doubtful})
    else:
        for each in made:
            if each.failed:
                stdout().print(f"[yellow]frame {each.number} failed: {each.failed}[/]")
        least = min((each.least for each in made), default=0.0)
        print(f"{len(made)} frames, confidence from {least:.2f}")
        if doubtful:
            print(f"Look at frames {show_frames(doubtful)}: mattes may be off there.")
    return CANNOT_TELL if doubtful else 0


def _region_name(given: str) -> str:
    from ..character.folder import checked_word

    return checked_word(given.partition("=")[0], "region")


def _numbers(given: str) -> list[int]:
    parts = given.partition("=")[2].split(",")
    if not all(part.strip().isdigit() for part in parts):
        raise InvalidInput(f"{given!r} names no parts.", "Write it as face=1,4.")
    return [int(part) for part in parts]


def calibrate(folder: str, listed: str, mattes: str, clear: bool, as_json: bool) -> int:
    """Returns: 0."""
    from ..character import calibrating, shotlist
    from ..client import connect

    if bool(listed) == clear:
        raise InvalidInput("Name either shots that are right, or --clear.")
    if clear:
        made = calibrating.cleared(folder)
    else:
        end_on_signals()
        shots = shotlist.read(listed, mattes)
        with connect(client="cli") as studio:
            specs.remember(studio.tools())
            with followed("calibrate", as_json) as progress:
                made = calibrating.calibrate(studio, folder, shots, progress=progress)
    if as_json:
        emit({"calibration": None if made.calibration is None else vars(made.calibration)})
    elif made.calibration is None:
        print(f"{made.name} is not calibrated.")
    else:
        spreads = ", ".join(f"{name} x{v:.2f}" for name, v in made.calibration.spreads.items())
        print(f"{made.name}, calibrated on {made.calibration.shots} shots: errors {spreads}")
    return 0


def report(folder: str, as_json: bool) -> int:
    """Returns: the exit code of the check that it reports."""
    from ..character import report as reports

    checked = reports.load(Path(folder))
    return _tell(reports.write(checked), checked, as_json)


def lock(
    folder: str,
    listed: str,
    out: str,
    mattes: str,
    frames: str,
    given: Mapping[str, Any],
    as_json: bool,
) -> int:
    """Returns: the exit code, that of the worst take."""
    from dataclasses import replace

    from ..character import locking, shotlist
    from ..character.sending import sent
    from ..client import connect

    end_on_signals()
    shots = shotlist.read(listed, mattes)
    if len(shots) > 1 and "{shot}" not in out:
        raise InvalidInput(
            f"{len(shots)} shots would be written over each other.",
            "Put {shot} into the output: --out '{shot}/locked.####.exr'.",
        )
    codes = [0]
    with connect(client="cli") as studio:
        specs.remember(studio.tools())
        text = sent(studio, folder, "lock")
        for shot in shots:
            asked = replace(shot, frames=parse_frames(frames)) if frames else shot
            options = {**given, "costume": shot.costume or given["costume"]}
            target = out.replace("{shot}", shot.name)
            with followed(f"lock {shot.name}", as_json) as progress:
                take = locking.lock(studio, text, asked, target, progress=progress, **options)
            codes.append(take.exit_code)
            slopes = locking.corrections(take)
            if slopes:
                locking.write_cdl(_beside(target, shot.name), shot.name, slopes)
            if as_json:
                emit({**take_fields(take), "shot": shot.name, "slopes": slopes})
            else:
                _tell_take(str(take), slopes)
    return max(codes)


def _beside(out: str, shot: str) -> Path:
    return Path(out).parent / f"{shot}.ccc"


def _tell_take(words: str, slopes: Mapping[str, Any]) -> None:
    from rich.markup import escape

    console = stdout()
    console.print(escape(words))
    for region, slope in slopes.items():
        console.print(f"  {region} brought back by {' '.join(f'{each:.3f}' for each in slope)}")
    if not slopes:
        console.print("  nothing had changed, and nothing was corrected")


def _tell_shot(result: ShotResult, as_json: bool) -> None:
    if as_json:
        regions = [verdict.fields() for verdict in result.verdicts]
        found = {"event": "shot", "shot": result.shot, "verdict": result.verdict}
        face = {} if result.face is None else {"face": result.face.fields()}
        emit({**found, "regions": regions, **face})
        return
    from rich.markup import escape

    console = stdout()
    color = _COLORS[result.verdict]
    console.print(f"[bold]{escape(result.shot)}[/]  [{color}]{result.verdict}[/]")
    for verdict in result.verdicts:
        console.print(f"  {escape(str(verdict))}")
    if result.face is not None:
        console.print(f"  {escape(str(result.face))}")
    for number, why in result.failed[:3]:
        console.print(f"  [yellow]frame {number} failed: {escape(why)}[/]")


def _tell(outcome: Outcome, checked: Checked, as_json: bool) -> int:
    code = {"changed": CHANGED, "unchanged": 0}.get(outcome.verdict, CANNOT_TELL)
    if as_json:
        emit(
            {
                "event": "end",
                "verdict": outcome.verdict,
                "changed": outcome.changed,
                "unchanged": outcome.unchanged,
                "cannot_tell": outcome.cannot_tell,
                "failed_frames": outcome.failed,
                "faces": checked.faces,
                "report": str(checked.out / "report.html"),
                "exit_code": code,
            }
        )
    else:
        console = stdout()
        console.print(str(outcome))
        if checked.faces:
            console.print(checked.faces, markup=False, highlight=False)
        console.print(f"report: {checked.out / 'report.html'}", markup=False)
    return code
