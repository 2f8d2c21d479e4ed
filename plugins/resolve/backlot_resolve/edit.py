"""What is open in Resolve, read into plain data: the timeline, its clips, the playhead, marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from backlot.errors import BacklotError, InvalidInput, NotFound

from .errors import Changed, gone
from .frames import Offset, Placement, Record, Source, Span, Timebase, check_speed
from .scripting import Scripting
from .timecode import Rate

RAW = (".braw", ".r3d", ".ari", ".crm", ".nev", ".cine")
DIRECT = (".exr", ".dpx", ".tif", ".tiff", ".png")


@dataclass(frozen=True)
class Clip:
    """One item of a video track.

    alpha: whether its media's alpha counts. square: whether its pixels are square. problem: why
    its media's frames cannot be taken ("" where they can); it may still be rendered as graded.
    pattern: of the files in printf notation, "" where it is no sequence or still. whole: all that
    it covers, where this is only a part of it.
    """

    id: str
    name: str
    track: int
    placement: Placement | None
    record: Span[Record]
    media_id: str = ""
    path: str = ""
    pattern: str = ""
    size: tuple[int, int] = (0, 0)
    start_timecode: str = ""
    reel: str = ""
    space: str = ""
    alpha: bool = False
    square: bool = True
    locked: bool = False
    problem: str = ""
    hint: str = ""
    whole: Span[Record] | None = None

    def part(self, span: Span[Record]) -> Clip:
        """What a range covers of this clip; the clip itself where that is all of it, or where its
        media has another rate, whose frames begin between those of the timeline."""
        record = self.record.intersect(span)
        if record is None or record == self.record:
            return self
        placement = self.placement
        if placement is not None and placement.ratio != 1:
            return self
        if placement is not None:
            left = placement.offset(record.first)
            placement = replace(placement, record=record, left=left)
        return replace(self, record=record, placement=placement, whole=self.record)

    @property
    def direct(self) -> bool:
        """Whether its files can be read without Resolve."""
        return bool(self.pattern) and self.path.lower().endswith(DIRECT)

    def facts(self) -> dict[str, Any]:
        """For a list on screen, and to recognise the clip later."""
        plain = asdict(self)
        return plain | {"direct": self.direct}


@dataclass(frozen=True)
class Edit:
    """The open timeline. clips: of all video tracks, in order of track and time."""

    project_id: str
    project: str
    timeline_id: str
    timeline: str
    base: Timebase
    size: tuple[int, int]
    settings: Mapping[str, str]
    clips: tuple[Clip, ...]
    current: str = ""
    selected: tuple[str, ...] = ()
    marks: Span[Record] | None = None
    markers: tuple[tuple[int, int, str, str], ...] = ()
    """(first record frame, frames, colour, name) of each timeline marker."""

    def clip(self, identity: str) -> Clip:
        for clip in self.clips:
            if clip.id == identity:
                return clip
        raise NotFound("That clip is not on the timeline any more.", "Refresh and choose again.")


class Open:
    """The objects of what is open now, fetched anew each time: ids last, objects need not."""

    def __init__(self, scripting: Scripting) -> None:
        self.scripting = scripting
        call = scripting.call
        manager = call("Resolve.GetProjectManager", scripting.application)
        self.project = call("ProjectManager.GetCurrentProject", manager)
        if self.project is None:
            raise NotFound("No project is open in Resolve.", "Open a project.")
        self.pool = call("Project.GetMediaPool", self.project)
        self.timeline = call("Project.GetCurrentTimeline", self.project)

    def need_timeline(self) -> Any:
        if self.timeline is None:
            raise NotFound("No timeline is open in Resolve.", "Open a timeline on the Edit page.")
        return self.timeline

    def timelines(self) -> Iterator[tuple[str, Any]]:
        """(id, object) of all timelines."""
        call = self.scripting.call
        for index in range(1, int(call("Project.GetTimelineCount", self.project) or 0) + 1):
            found = call("Project.GetTimelineByIndex", self.project, index)
            if found is not None:
                yield str(call("Timeline.GetUniqueId", found)), found

    def items(self, timeline: Any) -> Iterator[tuple[int, Any]]:
        """(track, object) of every video item that is really there, ghosts left out."""
        call = self.scripting.call
        for track in range(1, int(call("Timeline.GetTrackCount", timeline, "video") or 0) + 1):
            for item in call("Timeline.GetItemListInTrack", timeline, "video", track) or []:
                if call("TimelineItem.GetDuration", item) is not None:
                    yield track, item

    def item(self, timeline: Any, identity: str) -> tuple[int, Any] | None:
        for track, item in self.items(timeline):
            if self.scripting.call("TimelineItem.GetUniqueId", item) == identity:
                return track, item
        return None

    def check_same(self, project_id: str) -> None:
        """Raises: Changed when another project is open now."""
        now = self.scripting.call("Project.GetUniqueId", self.project)
        if now != project_id:
            name = self.scripting.call("Project.GetName", self.project)
            raise Changed(
                f"Another project (“{name}”) is open now.",
                "The result is safe on disk. Open the project it belongs to and place it from "
                "the results list.",
            )


def read(scripting: Scripting) -> Edit:
    """The open timeline. Raises: NotFound when there is none, NotConnected, Refused."""
    with scripting.sentences():
        found = _read(scripting)
        if not scripting.alive():  # a Resolve that is lost looks like an empty timeline
            raise gone()
        return found


def _read(scripting: Scripting) -> Edit:
    now = Open(scripting)
    call = scripting.call
    timeline = now.need_timeline()
    settings = read_settings(scripting, timeline)
    base = timebase(scripting, timeline, settings)
    tracks = int(call("Timeline.GetTrackCount", timeline, "video") or 0)
    locked = {
        n: bool(call("Timeline.GetIsTrackLocked", timeline, "video", n))
        for n in range(1, tracks + 1)
    }
    media: dict[str, Mapping[str, str]] = {}
    clips = tuple(
        _clip(scripting, track, item, base.rate, locked[track], media)
        for track, item in now.items(timeline)
    )
    current = call("Timeline.GetCurrentVideoItem", timeline)
    selected: list[Any] = []
    if scripting.has("Timeline.GetSelectedClips"):
        selected = call("Timeline.GetSelectedClips", timeline) or []
    return Edit(
        project_id=str(call("Project.GetUniqueId", now.project)),
        project=str(call("Project.GetName", now.project)),
        timeline_id=str(call("Timeline.GetUniqueId", timeline)),
        timeline=str(call("Timeline.GetName", timeline)),
        base=base,
        size=(
            int(settings.get("timelineResolutionWidth") or 0),
            int(settings.get("timelineResolutionHeight") or 0),
        ),
        settings=settings,
        clips=clips,
        current=str(call("TimelineItem.GetUniqueId", current)) if current else "",
        selected=tuple(str(call("TimelineItem.GetUniqueId", item)) for item in selected),
        marks=_marks(scripting, timeline, base),
        markers=_markers(scripting, timeline, base),
    )


def read_settings(scripting: Scripting, timeline: Any) -> dict[str, str]:
    """The settings that a timeline renders with."""
    found = scripting.call("Timeline.GetSetting", timeline)
    if not isinstance(found, dict):
        raise InvalidInput("Resolve does not tell the timeline's settings.", "Open it and retry.")
    return {str(name): str(value) for name, value in found.items()}


def timebase(scripting: Scripting, timeline: Any, settings: Mapping[str, str]) -> Timebase:
    drop = settings.get("timelineDropFrameTimecode") == "1"
    rate = Rate.parse(settings.get("timelineFrameRate", "24"))
    drop = (drop or rate.drop) and rate.nominal in (30, 60, 120)
    start = int(scripting.call("Timeline.GetStartFrame", timeline))
    return Timebase(Rate(rate.fps, drop), Record(start))


def read_clip(scripting: Scripting, track: int, item: Any, rate: Rate) -> Clip:
    """One item now."""
    return _clip(scripting, track, item, rate, False, {})


def _clip(
    scripting: Scripting,
    track: int,
    item: Any,
    rate: Rate,
    locked: bool,
    known: dict[str, Mapping[str, str]],
) -> Clip:
    call = scripting.call
    start = int(call("TimelineItem.GetStart", item))
    length = int(call("TimelineItem.GetDuration", item))
    plain = Clip(
        id=str(call("TimelineItem.GetUniqueId", item)),
        name=str(call("TimelineItem.GetName", item) or ""),
        track=track,
        placement=None,
        record=Span(Record(start), Record(start + max(1, length))),
        locked=locked,
    )
    source = call("TimelineItem.GetMediaPoolItem", item)
    if source is None:
        return _problem(
            plain, "is a title, generator or transition and has no media.", "Use “as graded”."
        )
    media_id = str(call("MediaPoolItem.GetUniqueId", source))
    if media_id not in known:
        known[media_id] = call("MediaPoolItem.GetClipProperty", source) or {}
    return _with_media(scripting, plain, item, media_id, known[media_id], rate)


def _with_media(
    scripting: Scripting,
    plain: Clip,
    item: Any,
    media_id: str,
    properties: Mapping[str, str],
    rate: Rate,
) -> Clip:
    facts = asdict(plain) | {
        "record": plain.record,
        "media_id": media_id,
        "path": str(properties.get("File Path", "")),
        "size": _size(properties.get("Resolution", "")),
        "start_timecode": str(properties.get("Start TC", "")),
        "reel": str(properties.get("Reel Name", "")),
        "space": str(properties.get("Input Color Space", "")),
        "square": str(properties.get("PAR", "")).lower() in ("", "square", "1", "1.0", "1.00"),
        "alpha": str(properties.get("Alpha mode", "")) not in ("", "0", "None"),
    }
    facts["pattern"] = pattern(facts["path"])
    clip = Clip(**facts)
    kind = str(properties.get("Type", ""))
    if not clip.path or kind in ("Timeline", "Compound", "Multicam", "Fusion"):
        return _problem(clip, "is a compound, multicam or Fusion clip.", "Use “as graded”.")
    if str(properties.get("Online Status", "Online")).lower() == "offline":
        return _problem(clip, "is offline.", f"Relink {clip.path} in the media pool.")
    try:
        first = int(properties.get("Start") or 0)
        count = int(properties.get("Frames") or 0)
        media_rate = Rate.parse(properties.get("FPS") or str(rate))
        left = int(scripting.call("TimelineItem.GetLeftOffset", item) or 0)
        placement = Placement(
            clip.record, Offset(left), Span(Source(first), Source(first + count)), rate, media_rate
        )
        _check_speed(scripting, item, placement, clip.name)
    except (BacklotError, ValueError) as error:
        hint = error.hint if isinstance(error, BacklotError) else "Use “as graded”."
        text = error.sentence if isinstance(error, BacklotError) else str(error)
        return Clip(**{**facts, "problem": text, "hint": hint})
    return Clip(**{**facts, "placement": placement})


def _check_speed(scripting: Scripting, item: Any, placement: Placement, name: str) -> None:
    duration = len(placement.record)
    if scripting.has("TimelineItem.GetSourceStartTime"):
        began = scripting.call("TimelineItem.GetSourceStartTime", item)
        ended = scripting.call("TimelineItem.GetSourceEndTime", item)
        if began is not None and ended is not None:
            span = (float(ended) - float(began)) * float(placement.media_rate.fps)
            check_speed(duration, 0.0, span, placement.ratio, name, exact=True)
            return
    if scripting.has("TimelineItem.GetSourceStartFrame"):
        first = scripting.call("TimelineItem.GetSourceStartFrame", item)
        end = scripting.call("TimelineItem.GetSourceEndFrame", item)
    else:  # the offsets at both ends and what shows must make up the media
        first = placement.left.frame
        right = int(scripting.call("TimelineItem.GetRightOffset", item) or 0)
        end = len(placement.media) - right
    if first is not None and end is not None:
        check_speed(duration, float(first), float(end), placement.ratio, name)


def _problem(clip: Clip, what: str, hint: str) -> Clip:
    facts = dict(vars(clip)) | {"problem": f"“{clip.name}” {what}", "hint": hint}
    return Clip(**facts)


def pattern(path: str) -> str:
    """ "plate.[1001-1030].exr" -> "plate.%04d.exr"; a single file is its own pattern."""
    found = re.search(r"\[(\d+)-\d+\]", path)
    if not found:
        return path
    return path[: found.start()] + f"%0{len(found.group(1))}d" + path[found.end() :]


def file_of(pattern: str, number: int) -> str:
    """One file of a sequence in printf notation; a single file is itself. Only the file's name is
    looked at, so that a folder may be called 100%."""
    cut = max(pattern.rfind("/"), pattern.rfind("\\")) + 1
    numbered = re.sub(
        r"%0?(\d*)d", lambda m: f"{number:0{m.group(1) or 1}d}", pattern[cut:], count=1
    )
    return pattern[:cut] + numbered


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d+)\s*x\s*(\d+)\s*", str(text))
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def _marks(scripting: Scripting, timeline: Any, base: Timebase) -> Span[Record] | None:
    """Marks in and out: relative to the timeline's start, the out counted in."""
    if not scripting.has("Timeline.GetMarkInOut"):
        return None
    found = scripting.call("Timeline.GetMarkInOut", timeline) or {}
    marks = found.get("video") or found.get("all") or {}
    if "in" not in marks or "out" not in marks:
        return None
    return Span(base.start + int(marks["in"]), base.start + int(marks["out"]) + 1)


def _markers(
    scripting: Scripting, timeline: Any, base: Timebase
) -> tuple[tuple[int, int, str, str], ...]:
    found = scripting.call("Timeline.GetMarkers", timeline) or {}
    return tuple(
        (
            (base.start + int(float(frame))).frame,
            max(1, int(marker.get("duration", 1))),
            str(marker.get("color", "")),
            str(marker.get("name", "")),
        )
        for frame, marker in sorted(found.items())
    )
