"""A tool's sub-command at work: dry run, run, and what is said at the end."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..report import Take, duration
from ..sequence import show_frames
from ..tools import ToolSpec, Value
from . import specs
from .follow import followed, take_fields
from .say import emit, stderr, stdout
from .server import size

if TYPE_CHECKING:
    from ..client import Studio
    from ..plan import Plan


def run(
    spec: ToolSpec,
    inputs: Mapping[str, str],
    params: Mapping[str, Value],
    *,
    out: str,
    frames: str | None,
    layer: Sequence[str] | None,
    colorspace: str | None,
    compression: str | None,
    force: bool,
    verify: bool,
    dry_run: bool,
    as_json: bool,
    compare: bool = False,
    variants: int | None = None,
    report: str | None = None,
) -> int:
    """Run a tool over files. Returns: the exit code."""
    from .. import rated, sheet
    from ..client import connect
    from ..shot import estimate, process

    end_on_signals()
    if report is not None:
        sheet.check_name(report, [*inputs.values(), out])
    first = spec.inputs[0].name
    layers = _layers(layer or (), first)
    given: dict[str, Any] = {**inputs, **params, "frames": frames, "layer": layers}
    given |= {"colorspace": colorspace, "compression": compression, "force": force}
    source = given.pop(first)
    with connect(client="cli") as studio:
        specs.remember(studio.tools())
        if compare:
            where = {"frames": frames, "layer": layers.get(first, ""), "colorspace": colorspace}
            return _compare(studio, spec, source, out, as_json, {**where, **params})
        if variants is not None:
            del given["force"], given["compression"]
            return _variants(studio, spec, source, out, variants, as_json, given)
        if dry_run:
            found = estimate(studio, spec.name, source, out, **given)
            _tell_plan(found, as_json)
            return 0
        with followed(f"{spec.name} {Path(out).name}", as_json) as progress:
            take = process(
                studio, spec.name, source, out, verify=verify, progress=progress, **given
            )
    if report is not None and not rated.confidences(take):
        stderr().print(f"Nothing was measured that {Path(report).name} could show.", markup=False)
        report = None
    if report is not None:
        named = {"layer": layers.get(first, ""), "matte_layer": layers.get(spec.output.matte, "")}
        matte = inputs.get(spec.output.matte)
        rated.write(take, source, matte, report, colorspace=colorspace, **named)
    _tell_take(take, as_json)
    if report is not None and not as_json:
        stdout().print(f"How far each frame can be trusted: {report}", markup=False)
    return take.exit_code


def _layers(words: Sequence[str], first: str) -> dict[str, str]:
    """Input -> layer, of what `--layer` says: NAME is the plate's, INPUT=NAME that of another."""
    pairs = (word.rpartition("=") for word in words)
    return {name or first: layer for name, _, layer in pairs}


def _compare(
    studio: Studio, spec: ToolSpec, source: str, out: str, as_json: bool, given: dict[str, Any]
) -> int:
    from ..comparison import compare

    ways = compare(studio, spec.name, source, out, **given)
    if as_json:
        emit({"event": "compared", "out": out, "ways": [asdict(way) for way in ways]})
        return 0
    console = stdout()
    for way in ways:
        console.print(way.caption, markup=False)
    console.print(f"Beside one another in {out}.", markup=False)
    return 0


def _variants(
    studio: Studio,
    spec: ToolSpec,
    source: str,
    out: str,
    count: int,
    as_json: bool,
    given: dict[str, Any],
) -> int:
    from ..variants import variants

    seeds = variants(studio, spec.name, source, out, count, **given)
    if as_json:
        emit({"event": "variants", "out": out, "seeds": seeds})
        return 0
    chosen = f"--seed {seeds[0]} to --seed {seeds[-1]}"
    stdout().print(f"{out} shows {chosen}: run again with the one you like.", markup=False)
    return 0


def end_on_signals() -> None:
    """SIGTERM ends a run as Ctrl-C does; the second of either ends it at once.

    Whole frames only are left in any case: files get their name when they are complete.
    """

    def first(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: os._exit(130))
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, first)


def _tell_take(take: Take, as_json: bool) -> None:
    if as_json:
        emit(take_fields(take))
        return
    from rich.markup import escape

    console = stdout()
    console.print(escape(str(take)))
    measured = [frame.exact for frame in take.frames if frame.exact is not None]
    if measured:
        exact = "yes" if all(measured) else f"NO, in {measured.count(False)} frames"
        console.print(f"bit-exact outside the matte: {exact} ({len(measured)} frames measured)")
    if take.failed:
        numbers = show_frames([frame.number for frame in take.failed])
        words = "Frame {} failed." if len(take.failed) == 1 else "Frames {} failed."
        stderr().print(
            words.format(numbers), "Run the same again when the cause is gone: only they are made."
        )


def _tell_plan(plan: Plan, as_json: bool) -> None:
    from rich.markup import escape

    free = _free(plan.order.manifest_path)
    if as_json:
        emit({"event": "dry-run", **plan.fields(), "free_bytes": free})
        return
    console = stdout()
    time = "unknown time" if plan.seconds is None else f"about {duration(plan.seconds)}"
    console.print(
        f"{len(plan.todo)} of {len(plan.order.frames)} frames to make "
        f"with {escape(plan.recipe.engine)}: {time}, "
        f"about {size(plan.bytes)} on disk ({size(free)} free)"
    )
    reasons: dict[str, list[int]] = {}
    for number, why in plan.todo.items():
        reasons.setdefault(why, []).append(number)
    for why, numbers in reasons.items():
        console.print(f"  {show_frames(numbers)}  {escape(why)}")
    if plan.kept:
        console.print(f"  {show_frames(plan.kept)}  finished, kept")
    for number, error in plan.missing.items():
        console.print(f"  [yellow]{number}  {escape(error.sentence)}[/]")


def _free(out: Path) -> int:
    """Bytes free where the output will lie."""
    folder = next(parent for parent in out.absolute().parents if parent.is_dir())
    return shutil.disk_usage(folder).free
