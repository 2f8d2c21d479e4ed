"""One job: a clip's frames out, through a tool, back onto the timeline."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backlot.errors import BacklotError, Cancelled, InvalidInput

from . import bins, characters, keep, landing, mattes, plates, render, store, takes, trust
from .edit import Clip, Edit
from .frames import Record, Source, Span
from .scripting import Scripting
from .store import JobRecord

if TYPE_CHECKING:
    from backlot.client import Studio
    from backlot.tools import ToolSpec

Tell = Callable[[JobRecord, float, float | None, str], None]
"""(record, fraction 0 to 1, seconds left or None, what happens now)"""


@dataclass(frozen=True)
class Request:
    """What a person asked for one clip.

    matte: see `mattes.resolve`. inputs: files for the tool's further inputs, by name. part: the
    marked frames of the timeline, first and end, [] for the whole clip.
    """

    tool: str
    label: str
    params: dict[str, Any]
    route: str = plates.ISOLATED
    place: str = landing.TAKE
    handles: int = 8
    space: str = ""
    matte: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    part: list[int] = field(default_factory=list)

    def of(self, clip: Clip) -> Clip:
        """What was asked for of a clip. Raises: InvalidInput for a part that is none."""
        if not self.part:
            return clip
        first, end = self.part
        return clip.part(Span(Record(first), Record(end)))

    def looks_only(self, spec: ToolSpec) -> bool:
        """Whether the pictures stay as they are, so that there is nothing to place."""
        judges = any(param.kind == characters.KIND for param in spec.params)
        return judges and self.params.get("mode") != "lock"

    def given(self, spec: ToolSpec, matte: str) -> dict[str, Any]:
        """The tool's parameters and further inputs, for the shot runner."""
        files = {name: path for name, path in self.inputs.items() if path}
        wanted = [each.name for each in spec.inputs if each.kind == "matte"]
        if matte and not wanted:
            raise InvalidInput(f"{spec.label} takes no matte.", "Choose no matte.")
        return {**self.params, **files, **({wanted[0]: matte} if matte else {})}

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Request:
        """From the panel's JSON. Raises: InvalidInput."""
        try:
            return cls(**{name: raw[name] for name in cls.__dataclass_fields__ if name in raw})
        except TypeError as error:
            raise InvalidInput(
                f"The job is not understood ({error}).", "Update Backlot."
            ) from error


class Pipeline:
    """Runs jobs one after the other. host: the one thread that may talk to Resolve."""

    def __init__(
        self,
        host: Executor,
        scripting: Callable[[], Scripting],
        studio: Callable[[], Studio],
        journal: keep.Journal,
        root: Path,
        tell: Tell,
    ) -> None:
        self._host, self._scripting, self._studio = host, scripting, studio
        self._journal, self.root, self._tell = journal, root, tell
        self._cancels: dict[str, threading.Event] = {}

    def make(self, edit: Edit, clip: Clip, request: Request) -> JobRecord:
        """A job with its version folder; nothing runs yet. Raises: what forbids it at once."""
        for value, known in ((request.route, plates.ROUTES), (request.place, landing.PLACES)):
            if value not in known:
                raise InvalidInput(f"There is no {value!r}.", f"Use {', '.join(known)}.")
        problem = plates.problems(edit, clip, request.route)
        if problem is not None and not (request.space and isinstance(problem, InvalidInput)):
            raise problem
        takes.check(request.route, request.place)
        clip, notes = request.of(clip), []
        if clip.whole and request.place in landing.IN_CLIP:
            request = replace(request, place=landing.ABOVE)
            notes.append("On the track above: only a part of the clip was marked.")
        elif (
            request.part and not clip.whole and len(clip.record) > request.part[1] - request.part[0]
        ):
            notes.append("The whole clip was taken: its media has another rate than the timeline.")
        first = clip.placement.used().first.frame if clip.placement else clip.record.first.frame
        shot = store.shot_name(clip.name, first)
        folder, version = store.next_version(self.root, edit.project, shot, request.tool)
        label = f"{request.label} v{version:03d}"
        asked = vars(request) | {"shot": shot}
        record = JobRecord(uuid.uuid4().hex, request.tool, label, "queued", str(folder), asked)
        needed = (clip.id, request.matte.get("clip"))
        record.edit = replace(edit, clips=tuple(c for c in edit.clips if c.id in needed))
        record.clip, record.warnings = clip, notes
        record.save()
        self._cancels[record.id] = threading.Event()
        return record

    def again(self, record: JobRecord) -> None:
        """Make an interrupted job ready to go on: in its own folder, with what is finished."""
        self._cancels[record.id] = threading.Event()
        record.state, record.sentence, record.hint = "queued", "", ""

    def cancel(self, identity: str) -> None:
        if identity in self._cancels:
            self._cancels[identity].set()

    def run(self, record: JobRecord) -> None:
        """All of it; how it ended is in the record, never an exception."""
        begun = time.monotonic()
        cancel = self._cancels.setdefault(record.id, threading.Event())
        try:
            self._run(record, cancel)
        except Cancelled as error:
            self._end(record, "cancelled", error)
        except BacklotError as error:
            self._end(record, "failed", error)
        except Exception as error:  # a defect of ours must not take the panel's queue along
            self._end(record, "failed", BacklotError(f"Backlot failed: {error!r}", "Report it."))
        record.seconds = time.monotonic() - begun
        record.save()
        self._tell(record, 1.0, None, record.sentence)
        self._cancels.pop(record.id, None)

    def place(self, record: JobRecord, place: str) -> None:
        """Bring a finished result back (again). Raises: as `takes.bring_back`."""
        record.placed = self._host.submit(self._bring_back, record, place).result()
        record.state = "parked" if record.placed.reason else "done"
        record.sentence = record.placed.reason
        record.save()

    def _bring_back(self, record: JobRecord, place: str) -> landing.Placed:
        return takes.bring_back(
            self._scripting(), self._journal, record.edit, record.clip,
            record.plate, record.result, place,
        )  # fmt: skip

    def _run(self, record: JobRecord, cancel: threading.Event) -> None:
        request = Request.parse(record.asked)
        folder = Path(record.folder)
        if cancel.is_set():
            raise Cancelled("Cancelled before it began.")
        record.state = "plate"
        self._tell(record, 0.0, None, "Taking the plate")
        plate, matte = self._host.submit(self._take_out, record, request, cancel).result()
        record.plate, record.state = plate, "running"
        if plate.colour.note and plate.colour.note not in record.warnings:
            record.warnings.append(plate.colour.note)
        record.save()
        name = f"{record.asked['shot']}_{folder.name}"
        pattern = str(folder / f"{name}.%04d.exr")
        self._process(record, request, plate, matte, pattern, cancel)
        facts = {"tool": request.tool, "version": folder.name, "engine": record.engine}
        record.result = bins.Result(
            record.id, record.asked["shot"], record.label, pattern, plate.span, facts
        )
        if request.looks_only(self._studio().tool(request.tool)):
            record.state = "done"
            return
        record.state = "placing"
        record.save()
        self._tell(record, 1.0, None, "Placing the result")
        self.place(record, request.place)

    def _take_out(
        self, record: JobRecord, request: Request, cancel: threading.Event
    ) -> tuple[plates.Plate, str]:
        edit, clip, shot = record.edit, record.clip, record.asked["shot"]

        def progress(what: str, fraction: float) -> None:
            self._tell(record, 0.0, None, f"{what}, {fraction:.0%}")

        renderer = render.Renderer(
            self._scripting(), self._journal, record.warnings, cancel, progress
        )
        folder = store.plate_folder(
            self.root, edit.project, shot, clip.path, request.route, request.space,
            str(clip.placement), edit.settings.get("colorScienceMode"),
        )  # fmt: skip
        plate = plates.take_out(
            renderer, edit, clip, request.route, folder, request.handles, space=request.space
        )
        matte = mattes.resolve(
            renderer, edit, clip, plate, request.matte, Path(record.folder) / "matte"
        )
        return plate, matte

    def _process(
        self,
        record: JobRecord,
        request: Request,
        plate: plates.Plate,
        matte: str,
        out: str,
        cancel: threading.Event,
    ) -> None:
        def progress(update: Any) -> None:
            done = update.finished + update.fraction if update.total else 0.0
            fraction = done / update.total if update.total else 0.0
            self._tell(record, min(1.0, fraction), update.seconds_left, str(update))

        studio = self._studio()
        take = studio.process(
            request.tool,
            plate.pattern,
            out,
            frames=plate.frames,
            colorspace=plate.colour.ocio or None,
            progress=progress,
            cancel=cancel,
            **request.given(studio.tool(request.tool), matte),
        )
        record.engine = take.engine
        record.warnings.extend(take.warnings)
        told = [(frame.number, frame.measured) for frame in take.frames]
        record.findings = [*characters.sentences(told), *trust.sentences(told)]
        record.curve = characters.curve(told) or trust.curve(told)
        record.limit = characters.USUAL if characters.curve(told) else trust.DOUBT
        record.report = trust.report(take, plate, matte, Path(record.folder))
        if take.failed:
            worst = take.failed[0]
            raise BacklotError(
                f"{len(take.failed)} of {len(take.frames)} frames failed: {worst.error}",
                worst.error.hint if worst.error else "",
            )

    def _end(self, record: JobRecord, state: str, error: BacklotError) -> None:
        record.state, record.sentence, record.hint = state, error.sentence, error.hint


def preview_span(clip: Clip, record_frame: int) -> Span[Source]:
    """The one media frame under a timeline frame, or the clip's middle where it is elsewhere."""
    if clip.placement is None:
        raise InvalidInput(clip.problem, clip.hint)
    record = clip.record
    inside = record.first.frame <= record_frame < record.end.frame
    at = record_frame if inside else (record.first.frame + record.end.frame) // 2
    source = clip.placement.source(type(record.first)(at))
    return Span(source, source + 1)


def parts_of(clip: Clip, ranges: list[list[int]]) -> list[list[int]]:
    """The ranges that touch a clip, [] for the whole of it where none was given."""
    first, end = clip.record.first.frame, clip.record.end.frame
    touching = [[max(a, first), min(b, end)] for a, b in ranges if a < end and first < b]
    return touching or [[]]
