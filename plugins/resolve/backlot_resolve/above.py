"""A result on a track of ours above its clip, with the clip's grade and transform."""

from __future__ import annotations

from typing import Any

from .errors import HostError, Refused
from .frames import Record, Source, Span
from .landing import Landing, identity, shape
from .scripting import Scripting

TRACK_NAME = "Backlot"

_COPIED = (
    "Pan", "Tilt", "ZoomX", "ZoomY", "ZoomGang", "RotationAngle", "AnchorPointX", "AnchorPointY",
    "Pitch", "Yaw", "FlipX", "FlipY", "CropLeft", "CropRight", "CropTop", "CropBottom",
    "CropSoftness", "CropRetain", "Opacity", "CompositeMode", "Scaling", "ResizeFilter",
)  # fmt: skip


def put(at: Landing, timeline: Any, track: int, record: Span[Record], window: Span[Source]) -> Any:
    """The new item, at the clip's own frames. Raises: Refused with nothing left behind."""
    target, added = _track_above(at, timeline, track, record)
    try:
        new = _append(at, timeline, target, record, window)
    except HostError:
        if added:
            at.scripting.call("Timeline.DeleteTrack", timeline, "video", target)
        raise
    at.placed.item_id, at.placed.track = identity(at.scripting, new), target
    return new


def _track_above(at: Landing, timeline: Any, track: int, record: Span[Record]) -> tuple[int, bool]:
    """A track of ours above the clip with room there; a new one on top where there is none."""
    call = at.scripting.call
    count = int(call("Timeline.GetTrackCount", timeline, "video") or 0)
    full = {
        number
        for number, other in at.now.items(timeline)
        if int(call("TimelineItem.GetStart", other)) < record.end.frame
        and record.first.frame < int(call("TimelineItem.GetEnd", other))
    }
    for number in range(track + 1, count + 1):
        name = str(call("Timeline.GetTrackName", timeline, "video", number))
        locked = call("Timeline.GetIsTrackLocked", timeline, "video", number)
        # below something that covers the clip, a result would not be seen
        hidden = any(n > number for n in full)
        if name.startswith(TRACK_NAME) and not locked and number not in full and not hidden:
            return number, False
    call("Timeline.AddTrack", timeline, "video")
    after = int(call("Timeline.GetTrackCount", timeline, "video") or 0)
    if after != count + 1:
        raise Refused("Resolve did not add a track.", "Add a video track by hand and retry.")
    for _ in range(2):
        call("Timeline.SetTrackName", timeline, "video", after, TRACK_NAME)
        if call("Timeline.GetTrackName", timeline, "video", after) == TRACK_NAME:
            break
    return after, True


def _append(
    at: Landing, timeline: Any, target: int, record: Span[Record], window: Span[Source]
) -> Any:
    """Put it at the clip's own frames. Where rates differ Resolve floors the length, so one more
    frame is given when it came out short."""
    scripting, call, now = at.scripting, at.scripting.call, at.now
    wanted = (record.first.frame, len(record), window.first - at.result.span.first)
    for extra in (0, 1, 2):
        end = window.end.frame + extra
        if end > at.result.span.end.frame:
            break
        before = {identity(scripting, i) for n, i in now.items(timeline) if n == target}
        entry = {
            "mediaPoolItem": at.media,
            "startFrame": window.first.frame,
            "endFrame": end,
            "mediaType": 1,
            "trackIndex": target,
            "recordFrame": record.first.frame,
        }
        call("MediaPool.AppendToTimeline", now.pool, [entry])
        there = [i for n, i in now.items(timeline) if n == target]
        fresh = [i for i in there if identity(scripting, i) not in before]
        if len(fresh) == 1 and shape(scripting, fresh[0]) == wanted:
            return fresh[0]
        if fresh:
            call("Timeline.DeleteClips", timeline, fresh, False)
        elif extra:
            break
    raise Refused(
        f"Resolve did not put the result above “{at.clip.name}” frame for frame.",
        "Use it from its bin.",
    )


def copy_look(scripting: Scripting, item: Any, new: Any, notes: list[str]) -> None:
    """Grade and transform of the clip onto the result; a note for each thing that did not go."""
    call = scripting.call
    if not call("TimelineItem.CopyGrades", item, [new]):
        notes.append("The grade was not copied: copy it on the Color page (middle click).")
    theirs = call("TimelineItem.GetProperty", item) or {}
    ours = call("TimelineItem.GetProperty", new) or {}
    for name in _COPIED:
        if name in theirs and theirs[name] != ours.get(name):
            call("TimelineItem.SetProperty", new, name, theirs[name])
            if call("TimelineItem.GetProperty", new, name) != theirs[name]:
                notes.append(f"{name} was not copied: set it to {theirs[name]}.")
