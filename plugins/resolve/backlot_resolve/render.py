"""A range of the open timeline as EXR files, by Resolve's own render queue."""

from __future__ import annotations

import re
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backlot.errors import Cancelled

from . import images, keep
from .edit import Open
from .errors import Refused
from .frames import Record, Span
from .scripting import Scripting
from .timecode import Rate

CODEC = "RGBHalfZIP"
_POLL = 0.05
_TRIES = 3
_NAMES = {"TargetDir": "folder", "CustomName": "file name"}

Progress = Callable[[str, float], None]


@dataclass
class Renderer:
    """What a render needs to know. cancel: set from any thread."""

    scripting: Scripting
    journal: keep.Journal
    notes: list[str]
    cancel: threading.Event
    progress: Progress = lambda what, fraction: None


@dataclass(frozen=True)
class Form:
    """What a rendered frame is to be. Every setting that the last render left behind and that
    would change the pixels is set again: settings are inherited, and cannot be read."""

    size: tuple[int, int]
    rate: Rate
    alpha: bool = False

    def settings(self) -> dict[str, Any]:
        """For SetRenderSettings, one at a time; keys that a version lacks are ignored by it."""
        found: dict[str, Any] = {
            "ExportVideo": True,
            "ExportAudio": False,
            "FormatWidth": self.size[0],
            "FormatHeight": self.size[1],
            "FrameRate": round(float(self.rate.fps), 3),
            "PixelAspectRatio": "square",
            "ColorSpaceTag": "Same as Project",
            "GammaTag": "Same as Project",
            "DataBurnIn": "None",
            "UseFullExtents": False,
            "AddFrameHandles": 0,
            "ExportAlpha": self.alpha,
        }
        return found | ({"AlphaMode": 0} if self.alpha else {})  # premultiplied


def render(
    renderer: Renderer,
    now: Open,
    state: keep.Kept,
    record: Span[Record],
    folder: Path,
    form: Form,
) -> list[Path]:
    """Render a range of the open timeline to EXR; the files in order."""
    scripting, call = renderer.scripting, renderer.scripting.call
    fresh = folder / f".render-{uuid.uuid4().hex[:8]}"
    fresh.mkdir(parents=True)
    try:
        _choose_codec(scripting, now)
        marks = {"MarkIn": record.first.frame, "MarkOut": record.last.frame}
        target = {"TargetDir": str(fresh), "CustomName": "frame_"}
        for name, value in {"SelectAllFrames": False, **marks, **target, **form.settings()}.items():
            call("Project.SetRenderSettings", now.project, {name: value})
        job = _add_job(scripting, now)
        state.jobs.append(job)
        renderer.journal.write(state)
        _check_job(scripting, now, job, {**target, **marks})
        started = call("Project.StartRendering", now.project, [job], False)
        if not started and not call("Project.IsRenderingInProgress", now.project):
            raise Refused("Resolve did not start to render.", "Close its dialogs and try again.")
        _wait(renderer, now, job, len(record))
        return _collect(fresh, folder, len(record), form.size)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _choose_codec(scripting: Scripting, now: Open) -> None:
    """EXR half ZIP by id; labels change between versions, so ids are what is looked for."""
    call = scripting.call
    formats = call("Project.GetRenderFormats", now.project) or {}
    extension = next((e for e in formats.values() if str(e).lower() == "exr"), None)
    codecs = call("Project.GetRenderCodecs", now.project, extension) or {} if extension else {}
    if CODEC not in codecs.values():
        raise Refused(
            "This Resolve does not offer OpenEXR half float, ZIP, as a render codec.",
            "Choose “read the files directly”.",
        )
    call("Project.SetCurrentRenderFormatAndCodec", now.project, extension, CODEC)
    call("Project.SetCurrentRenderMode", now.project, 1)
    current = call("Project.GetCurrentRenderFormatAndCodec", now.project) or {}
    single = call("Project.GetCurrentRenderMode", now.project)
    if current.get("codec") != CODEC or single != 1:
        raise Refused("Resolve did not take OpenEXR as render format.", "Try again.")


def _add_job(scripting: Scripting, now: Open) -> str:
    """Off the Deliver page Resolve answers "": then, and only then, the page is opened."""
    before = keep.queue(scripting, now)
    for _ in range(_TRIES):
        job = scripting.call("Project.AddRenderJob", now.project)
        added = keep.queue(scripting, now) - before
        if job or added:
            return str(job or added.pop())
        scripting.call("Resolve.OpenPage", scripting.application, "deliver")
    raise Refused(
        "Resolve did not take the render into its queue.",
        "Open the Deliver page once and look for a message there.",
    )


def _check_job(scripting: Scripting, now: Open, job: str, wanted: dict[str, Any]) -> None:
    """Settings cannot be read, but a job in the queue tells its own: before it starts, because a
    folder that was not taken would put our frames among the person's.

    Raises: Refused; a job that is not told, or tells less, is let pass.
    """
    listed = scripting.call("Project.GetRenderJobList", now.project) or []
    for each in listed:
        if not isinstance(each, dict) or str(each.get("JobId")) != job:
            continue
        for name, value in wanted.items():
            told = each.get(name, value)
            same = Path(told) == Path(value) if name == "TargetDir" else str(told) == str(value)
            if not same:
                raise Refused(
                    f"Resolve did not take the render's {_NAMES.get(name, 'range')}.",
                    "Close its dialogs and try again, or choose “read the files directly”.",
                )


def _wait(renderer: Renderer, now: Open, job: str, count: int) -> None:
    call = renderer.scripting.call
    while True:
        if renderer.cancel.is_set():
            keep.stop_rendering(renderer.scripting, now)
            raise Cancelled("Cancelled while Resolve was rendering.")
        running = call("Project.IsRenderingInProgress", now.project)
        status = call("Project.GetRenderJobStatus", now.project, job)
        if isinstance(status, str):
            raise Refused(f"Resolve could not render: {status}", "See its Deliver page.")
        status = status or {}
        if status.get("Error"):
            raise Refused(f"Resolve could not render: {status['Error']}", "See its Deliver page.")
        percent = float(status.get("CompletionPercentage") or 0)
        renderer.progress("Resolve renders the plate", percent / 100)
        if not running:
            return  # what it wrote is counted next: status words follow the UI language
        time.sleep(_POLL)


def _collect(fresh: Path, folder: Path, count: int, size: tuple[int, int]) -> list[Path]:
    """The files that a render wrote, moved into the plate's folder. Raises: Refused."""
    numbered = []
    for path in fresh.rglob("*.exr"):
        found = re.search(r"(\d+)\.exr$", path.name)
        if found:
            numbered.append((int(found.group(1)), path))
    numbered.sort()
    gaps = len({n for n, _ in numbered}) != count or (
        numbered and numbered[-1][0] - numbered[0][0] != count - 1
    )
    if len(numbered) != count or gaps:
        raise Refused(
            f"Resolve wrote {len(numbered)} of {count} frames.",
            "Look at its Deliver page for the reason; disk space and offline media are usual.",
        )
    _check_size(numbered[0][1], size)
    moved = []
    for number, path in numbered:
        target = folder / f".moved-{number:08d}.exr"
        path.replace(target)
        moved.append(target)
    return moved


def _check_size(path: Path, size: tuple[int, int]) -> None:
    """Raises: Refused for a file that cannot be read or has another size than was asked for."""
    found = images.size(str(path))
    if found == (0, 0):
        raise Refused("Resolve wrote files that cannot be read.", "Check the disk and try again.")
    if found != size:
        raise Refused(
            f"Resolve rendered {found[0]}x{found[1]}, not {size[0]}x{size[1]}.",
            "Choose “read the files directly”, or set the Deliver page's resolution by hand.",
        )
