"""Frames out of Resolve: a clip's frames as a numbered sequence on disk.

Three routes. ISOLATED renders the clip's media alone, from a timeline of our own, decoded and
colour-managed by Resolve, with handles and without grade. GRADED renders the range as the timeline
shows that track: grade and transform in, no handles. DIRECT uses the media's own files.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backlot.errors import BacklotError, InvalidInput, MissingFrame, Unsupported

from . import colour, keep
from .edit import Clip, Edit, Open, file_of, read_settings
from .errors import Busy, Refused
from .frames import Record, Source, Span
from .render import Form, Renderer, render
from .scripting import Scripting

ISOLATED, GRADED, DIRECT = "isolated", "graded", "direct"
ROUTES = (ISOLATED, GRADED, DIRECT)

_TRIES = 3


@dataclass(frozen=True)
class Plate:
    """A clip's frames on disk.

    pattern: printf notation. span: the file numbers, which are those of the media where the
    media's frames map one to one. needed: without handles.
    """

    route: str
    pattern: str
    span: Span[Source]
    needed: Span[Source]
    size: tuple[int, int]
    colour: colour.PlateColour
    alpha: bool = False
    """Premultiplied alpha is in the files; only said of plates that Resolve rendered."""

    @property
    def frames(self) -> str:
        return f"{self.span.first.frame}-{self.span.last.frame}"


def take_out(
    renderer: Renderer,
    edit: Edit,
    clip: Clip,
    route: str,
    folder: Path,
    handles: int = 0,
    only: Span[Source] | None = None,
    space: str = "",
) -> Plate:
    """The frames of a clip. folder: for the plate; used again when it is complete already.

    only: these media frames alone, as for a preview. space: the colour space that a person chose.
    Raises: Unsupported, InvalidInput, MissingFrame, Refused, Busy, Cancelled, NotConnected.
    """
    with renderer.scripting.sentences():
        return _take_out(renderer, edit, clip, route, folder, handles, only, space)


def _take_out(
    renderer: Renderer,
    edit: Edit,
    clip: Clip,
    route: str,
    folder: Path,
    handles: int,
    only: Span[Source] | None,
    space: str,
) -> Plate:
    if route not in ROUTES:
        raise InvalidInput(f"There is no route {route!r}.", f"Use {', '.join(ROUTES)}.")
    if route == GRADED:
        return _graded(renderer, edit, clip, folder, only, space)
    if clip.placement is None:
        raise Unsupported(clip.problem, clip.hint)
    span = only or clip.placement.with_handles(handles)
    needed = only or clip.placement.used()
    if route == DIRECT:
        return _direct(clip, span, needed, space)
    return _isolated(renderer, edit, clip, span, needed, folder, space)


def _direct(clip: Clip, span: Span[Source], needed: Span[Source], space: str) -> Plate:
    if not clip.direct:
        kind = Path(clip.path).suffix or "This media"
        raise Unsupported(
            f"{kind} files cannot be read without Resolve.", "Choose “from Resolve, ungraded”."
        )
    for number in range(needed.first.frame, needed.end.frame):
        if not Path(file_of(clip.pattern, number)).is_file():
            raise MissingFrame(
                f"Frame {number} of “{clip.name}” is not on disk.", "Relink or restore the file."
            )
    named = colour.PlateColour(clip.space, colour.ocio_name(space) if space else "")
    if not space and clip.space:
        named = colour.PlateColour(clip.space, colour.ocio_name(clip.space))
    return Plate(DIRECT, clip.pattern, span, needed, clip.size, named)


def _isolated(
    renderer: Renderer,
    edit: Edit,
    clip: Clip,
    span: Span[Source],
    needed: Span[Source],
    folder: Path,
    space: str,
) -> Plate:
    assert clip.placement is not None
    scripting, rate = renderer.scripting, clip.placement.media_rate
    if not clip.square:
        raise Unsupported(
            f"“{clip.name}” is anamorphic, and Resolve would unsqueeze it.",
            "Choose “read the files directly” where they can be, or “as graded”.",
        )
    if not space:
        colour.of_render(edit.settings, clip.path)  # say no before anything is touched
    pattern = str(folder / "plate.%04d.exr")
    note = folder / "plate.json"
    if note.is_file() and _complete(pattern, span):
        named = colour.PlateColour(**json.loads(note.read_text(encoding="utf-8")))
        return Plate(ISOLATED, pattern, span, needed, clip.size, named, clip.alpha)
    with _own_timelines(renderer) as (now, state, make):
        timeline = make()
        _fit(scripting, timeline, clip.size, str(rate).removesuffix(" DF"))
        _show_scene(scripting, timeline)
        settings = read_settings(scripting, timeline)
        named = colour.of_render(settings, clip.path, space)
        _append(scripting, now, timeline, clip, span)
        first = Record(int(scripting.call("Timeline.GetStartFrame", timeline)))
        whole = Span(first, first + len(span))
        form = Form(clip.size, rate, clip.alpha)
        files = render(renderer, now, state, whole, folder, form)
        _number(files, pattern, span)
        note.write_text(json.dumps(vars(named)), encoding="utf-8")
    return Plate(ISOLATED, pattern, span, needed, clip.size, named, clip.alpha)


def _graded(
    renderer: Renderer,
    edit: Edit,
    clip: Clip,
    folder: Path,
    only: Span[Source] | None,
    space: str,
) -> Plate:
    """Numbered as the media where it maps one to one, else from 1001."""
    scripting, placement = renderer.scripting, clip.placement
    if placement is not None and placement.ratio != 1:
        placement = None
    first = placement.used().first if placement else Source(1001)
    span = Span(first, first + len(clip.record))
    record = clip.record
    if only is not None:
        kept = only.intersect(span) or span
        start = clip.record.first + (kept.first - first)
        record, span = Span(start, start + len(kept)), kept
    named = colour.of_render(edit.settings, "", space)
    pattern = str(folder / "graded.%04d.exr")
    with _own_timelines(renderer) as (now, state, make):
        timeline = make(copy=True)
        _solo(scripting, timeline, clip.track)
        form = Form(edit.size, edit.base.rate)
        _number(render(renderer, now, state, record, folder, form), pattern, span)
    return Plate(GRADED, pattern, span, span, edit.size, named)


@contextmanager
def _own_timelines(renderer: Renderer) -> Iterator[tuple[Open, keep.Kept, Callable[..., Any]]]:
    """A block in which timelines of ours may be made, and after which all is as it was."""
    scripting = renderer.scripting
    now = Open(scripting)
    if scripting.call("Project.IsRenderingInProgress", now.project):
        raise Busy("Resolve is rendering.", "Wait until it is done, or choose direct reading.")
    with keep.kept(scripting, renderer.journal, renderer.notes) as state:
        keep.remember_delivery(scripting, state, renderer.journal)

        def make(copy: bool = False) -> Any:
            timeline = _new_timeline(scripting, now, copy)
            state.temporary.append(str(scripting.call("Timeline.GetUniqueId", timeline)))
            renderer.journal.write(state)
            make_current(scripting, now, timeline)
            return timeline

        yield now, state, make


def _new_timeline(scripting: Scripting, now: Open, copy: bool) -> Any:
    name = f"{keep.TEMPORARY} {uuid.uuid4().hex[:8]}"
    if copy:
        return scripting.need(
            "Timeline.DuplicateTimeline", now.need_timeline(), name,
            why="Resolve did not duplicate the timeline.",
            cure="Close dialogs in Resolve, or choose “from Resolve, ungraded”.",
        )  # fmt: skip
    return scripting.need(
        "MediaPool.CreateEmptyTimeline", now.pool, name,
        why="Resolve did not make a temporary timeline.",
        cure="Close dialogs in Resolve; a colleague may hold the lock of this bin.",
    )  # fmt: skip


def make_current(scripting: Scripting, now: Open, timeline: Any) -> None:
    """Open a timeline, which a fresh one needs before it takes clips. Raises: Refused."""
    wanted = scripting.call("Timeline.GetUniqueId", timeline)
    for _ in range(_TRIES):
        scripting.call("Project.SetCurrentTimeline", now.project, timeline)
        current = scripting.call("Project.GetCurrentTimeline", now.project)
        if current and scripting.call("Timeline.GetUniqueId", current) == wanted:
            return
    raise Refused("Resolve did not open the timeline.", "Close dialogs in Resolve and try again.")


def _fit(scripting: Scripting, timeline: Any, size: tuple[int, int], rate: str) -> None:
    """Give our timeline the media's own size and rate, where they differ from the project's."""
    call = scripting.call
    settings = read_settings(scripting, timeline)
    wanted = {
        "timelineResolutionWidth": str(size[0]),
        "timelineResolutionHeight": str(size[1]),
        "timelineFrameRate": rate,
    }
    if not size[0] or not size[1]:
        raise Refused("Resolve does not tell the size of this clip.", "Choose “as graded”.")
    changes = {k: v for k, v in wanted.items() if not _same(settings.get(k, ""), v)}
    if not changes:
        return
    call("Timeline.SetSetting", timeline, "useCustomSettings", "1")
    for name, value in changes.items():
        call("Timeline.SetSetting", timeline, name, value)
    settings = read_settings(scripting, timeline)
    missed = [name for name, value in changes.items() if not _same(settings.get(name, ""), value)]
    if missed:
        what = "rate" if missed == ["timelineFrameRate"] else "size"
        raise Refused(
            f"Resolve did not give the temporary timeline the clip's own {what}.",
            "Choose “read the files directly” or “as graded”.",
        )


def _same(a: str, b: str) -> bool:
    try:
        return abs(float(a) - float(b)) < 0.005
    except ValueError:
        return a == b


def _show_scene(scripting: Scripting, timeline: Any) -> None:
    """In a managed project, let our own timeline put out its working space, untoned.

    Where Resolve does not take this, the output space of the project stands, and `of_render`
    reads whichever is in force.
    """
    settings = read_settings(scripting, timeline)
    if settings.get("colorScienceMode") not in colour.MANAGED:
        return
    wanted = settings.get("colorSpaceTimeline", "")
    scripting.call("Timeline.SetSetting", timeline, "useCustomSettings", "1")
    scripting.call("Timeline.SetSetting", timeline, "outputDRT", "None")
    scripting.call("Timeline.SetSetting", timeline, "colorSpaceOutput", wanted)


def _append(scripting: Scripting, now: Open, timeline: Any, clip: Clip, span: Span[Source]) -> None:
    call = scripting.call
    found = now.item(_of_clip(scripting, now, clip), clip.id)
    source = call("TimelineItem.GetMediaPoolItem", found[1]) if found else None
    if source is None:
        raise MissingFrame(f"“{clip.name}” is not there any more.", "Refresh and choose again.")
    call(
        "MediaPool.AppendToTimeline",
        now.pool,
        [
            {
                "mediaPoolItem": source,
                "startFrame": span.first.frame,
                "endFrame": span.end.frame,
                "mediaType": 1,
                "trackIndex": 1,
            }
        ],
    )
    placed = [item for _, item in now.items(timeline)]
    if len(placed) != 1:
        raise Refused(
            f"Resolve did not put “{clip.name}” on the temporary timeline.",
            "Check that its media is online; or choose “as graded”.",
        )
    length = int(call("TimelineItem.GetDuration", placed[0]) or 0)
    left = int(call("TimelineItem.GetLeftOffset", placed[0]) or 0)
    assert clip.placement is not None
    wanted = clip.placement.offset_of(span.first).frame
    if (length, left) != (len(span), wanted):
        raise Refused(
            f"Resolve put frames {left} to {left + length - 1} of “{clip.name}” on the temporary "
            f"timeline, not {wanted} to {wanted + len(span) - 1}.",
            "Choose “read the files directly” or “as graded”.",
        )


def _of_clip(scripting: Scripting, now: Open, clip: Clip) -> Any:
    """The timeline that has the clip: the one that was open before ours."""
    for _, timeline in now.timelines():
        name = str(scripting.call("Timeline.GetName", timeline))
        if not name.startswith(keep.TEMPORARY) and now.item(timeline, clip.id):
            return timeline
    return None


def _solo(scripting: Scripting, timeline: Any, track: int) -> None:
    """On our own copy, leave only one video track on."""
    call = scripting.call
    for index in range(1, int(call("Timeline.GetTrackCount", timeline, "video") or 0) + 1):
        wanted = index == track
        if bool(call("Timeline.GetIsTrackEnabled", timeline, "video", index)) != wanted:
            call("Timeline.SetTrackEnable", timeline, "video", index, wanted)
        if bool(call("Timeline.GetIsTrackEnabled", timeline, "video", index)) != wanted:
            raise Refused("Resolve did not isolate the track.", "Unlock the track and try again.")


def _number(files: list[Path], pattern: str, span: Span[Source]) -> None:
    """Give the files the media's numbers."""
    for offset, path in enumerate(files):
        path.replace(file_of(pattern, (span.first + offset).frame))


def _complete(pattern: str, span: Span[Source]) -> bool:
    numbers = range(span.first.frame, span.end.frame)
    return all(Path(file_of(pattern, number)).is_file() for number in numbers)


def problems(edit: Edit, clip: Clip, route: str) -> BacklotError | None:
    """Why a route cannot be gone, before anything is tried; None where it can."""
    try:
        if route != GRADED and clip.placement is None:
            return Unsupported(clip.problem, clip.hint)
        if route == ISOLATED and not clip.square:
            return Unsupported("Anamorphic media would be unsqueezed.", "Choose another way out.")
        if route == DIRECT and not clip.direct:
            return Unsupported("These files cannot be read without Resolve.", "Choose another way.")
        if route != DIRECT:
            colour.of_render(edit.settings, clip.path if route == ISOLATED else "")
    except BacklotError as error:
        return error
    return None
