"""Frames back into Resolve: a numbered sequence into a bin, then a take or a clip above.

Every step is read back. What cannot be placed exactly is not placed: the result stays in its bin,
with a note that says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backlot.errors import BacklotError, InvalidInput

from . import bins, keep
from .bins import Result
from .edit import Clip, Edit, Open, read_clip
from .errors import Changed, HostError, NotConnected, Refused
from .frames import Record, Source, Span
from .plates import GRADED, Plate, make_current
from .scripting import Scripting

TAKE, ABOVE, BIN = "take", "above", "bin"
PLACES = (TAKE, ABOVE, BIN)
TRACK_NAME = "Backlot"

_COPIED = (
    "Pan", "Tilt", "ZoomX", "ZoomY", "ZoomGang", "RotationAngle", "AnchorPointX", "AnchorPointY",
    "Pitch", "Yaw", "FlipX", "FlipY", "CropLeft", "CropRight", "CropTop", "CropBottom",
    "CropSoftness", "CropRetain", "Opacity", "CompositeMode", "Scaling", "ResizeFilter",
)  # fmt: skip


@dataclass
class Placed:
    """Where a result went. place: "take", "above" or "bin"; a bin that was not asked for has a
    reason. notes: what could not be copied along."""

    place: str
    media_id: str
    item_id: str = ""
    track: int = 0
    reason: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass
class _Landing:
    """What placing needs to know. clip: as it was sent; placed: filled in on the way."""

    scripting: Scripting
    now: Open
    edit: Edit
    clip: Clip
    plate: Plate
    result: Result
    media: Any
    placed: Placed


def bring_back(
    scripting: Scripting,
    journal: keep.Journal,
    edit: Edit,
    clip: Clip,
    plate: Plate,
    result: Result,
    place: str,
) -> Placed:
    """Import a result and place it. edit, clip: as they were when the plate was taken.

    Raises: InvalidInput, Changed when another project is open, Refused when not even the import
    went, NotConnected. Nothing of the person's is changed then.
    """
    if place not in PLACES:
        raise InvalidInput(f"There is no place {place!r}.", f"Use {', '.join(PLACES)}.")
    if plate.route == GRADED and place == TAKE:
        raise InvalidInput(
            "A graded result as a take would be graded twice.", "Put it on the track above."
        )
    notes: list[str] = []
    with scripting.sentences(), keep.kept(scripting, journal, notes) as state:
        now = Open(scripting)
        now.check_same(edit.project_id)
        media = bins.bring_in(scripting, now, clip, plate, result, notes)
        placed = Placed(BIN, str(scripting.call("MediaPoolItem.GetUniqueId", media)))
        if place != BIN:
            landing = _Landing(scripting, now, edit, clip, plate, result, media, placed)
            try:
                _place(landing, state, place)
            except NotConnected:
                raise
            except BacklotError as error:
                placed = Placed(BIN, placed.media_id, reason=f"{error.sentence} {error.hint}")
                bins.note(scripting, media, placed.reason)
    placed.notes.extend(notes)
    return placed


def _place(at: _Landing, state: keep.Kept, place: str) -> None:
    scripting, edit = at.scripting, at.edit
    timeline = next((t for identity, t in at.now.timelines() if identity == edit.timeline_id), None)
    if timeline is None:
        raise Changed(f"The timeline “{edit.timeline}” is gone.", "Use the result from its bin.")
    track, item, clip_now = _same_clip(at, timeline)
    window = _window(at, item, clip_now)
    if scripting.call("Timeline.GetUniqueId", at.now.need_timeline()) != edit.timeline_id:
        state.opened.append(edit.timeline_id)
        make_current(scripting, at.now, timeline)
    if place == TAKE:
        if scripting.call("Timeline.GetIsTrackLocked", timeline, "video", track):
            raise Refused(f"Track V{track} is locked.", "Unlock it and place the result again.")
        _take(at, item, window)
        at.placed.track, at.placed.item_id = track, clip_now.id
    else:
        new = _above(at, timeline, track, clip_now.record, window)
        if at.plate.route != GRADED:
            _copy_look(scripting, item, new, at.placed.notes)
    at.placed.place = place


def _same_clip(at: _Landing, timeline: Any) -> tuple[int, Any, Clip]:
    """The clip as it is now: it may have moved or been trimmed, but must show the same media."""
    scripting, clip = at.scripting, at.clip
    found = at.now.item(timeline, clip.id)
    if found is None:
        raise Changed(
            f"“{clip.name}” was deleted from the timeline meanwhile.", "Use the result by hand."
        )
    track, item = found
    clip_now = read_clip(scripting, track, item, at.edit.base.rate)
    if clip_now.media_id != clip.media_id and not _is_our_take(scripting, item, clip):
        raise Changed(f"“{clip.name}” shows other media now.", "Use the result by hand.")
    if (clip_now.placement is None) != (clip.placement is None):
        raise Changed(f"“{clip.name}” was retimed meanwhile.", "Send it again.")
    return track, item, clip_now


def _is_our_take(scripting: Scripting, item: Any, clip: Clip) -> bool:
    """Whether the clip's own media is among its takes: another version is only selected."""
    return any(identity == clip.media_id for _, identity in takes(scripting, item))


def _window(at: _Landing, item: Any, clip_now: Clip) -> Span[Source]:
    """The result's frames that the clip shows now. Raises: Changed when it needs others.

    Our own takes are numbered as the media they were made from, so a clip that shows one of them
    still says which of the media's frames it needs. Other takes have numbers of their own.
    """
    clip, plate, result = at.clip, at.plate, at.result
    sent, now = clip.placement, clip_now.placement
    same_media = clip_now.media_id == clip.media_id
    trimmed = len(clip_now.record) != len(clip.record)
    if sent and now and same_media:
        trimmed = trimmed or sent.left != now.left
    if plate.route == GRADED:
        if trimmed:
            raise Changed(f"“{clip.name}” was trimmed meanwhile.", "Send it again as graded.")
        return result.span
    assert sent is not None
    assert now is not None
    if same_media or _is_ours(at.scripting, item):
        needed = now.used()
    elif trimmed:
        raise Changed(f"“{clip.name}” was trimmed in another take.", "Send it again.")
    else:
        needed = sent.used()
    if needed.intersect(result.span) != needed:
        raise Changed(
            f"“{clip.name}” was trimmed beyond the frames that were sent "
            f"({plate.span.first.frame} to {plate.span.last.frame}).",
            "Send it again, with longer handles.",
        )
    return needed


def _is_ours(scripting: Scripting, item: Any) -> bool:
    """Whether what a clip shows now was made by Backlot."""
    media = scripting.call("TimelineItem.GetMediaPoolItem", item)
    markers = scripting.call("MediaPoolItem.GetMarkers", media) or {}
    return any(marker.get("name") == bins.NAME for marker in markers.values())


def takes(scripting: Scripting, item: Any) -> list[tuple[int, str]]:
    """(index, media id) of a clip's takes; none until it has a take selector."""
    call = scripting.call
    found = []
    for index in range(1, int(call("TimelineItem.GetTakesCount", item) or 0) + 1):
        take = call("TimelineItem.GetTakeByIndex", item, index) or {}
        media = take.get("mediaPoolItem")
        if media is not None:
            found.append((index, str(call("MediaPoolItem.GetUniqueId", media))))
    return found


def _take(at: _Landing, item: Any, window: Span[Source]) -> None:
    """Add and select a take. The end counts in, as ayon-resolve passes it; whether it does is
    read back, and what is not exact is taken out again."""
    scripting, call = at.scripting, at.scripting.call
    before, had_takes = _shape(scripting, item), bool(takes(scripting, item))
    first = window.first - at.result.span.first
    for start in (first, window.first.frame):  # from the media's first frame, or by file number
        call("TimelineItem.AddTake", item, at.media, start, start + len(window) - 1)
        known = takes(scripting, item)
        index = next((i for i, media_id in known if media_id == at.placed.media_id), 0)
        if not index:
            continue
        call("TimelineItem.SelectTakeByIndex", item, index)
        selected = call("TimelineItem.GetSelectedTakeIndex", item)
        if selected == index and _shape(scripting, item) == (*before[:2], first):
            return
        call("TimelineItem.DeleteTakeByIndex", item, index)
    if not had_takes and len(takes(scripting, item)) == 1:
        call("TimelineItem.FinalizeTake", item)  # the selector that the attempt left behind
    if _shape(scripting, item) != before:
        raise Refused(f"“{at.clip.name}” is not as it was.", "Undo in Resolve (Ctrl/Cmd Z).")
    raise Refused(
        f"Resolve did not take the result as a take of “{at.clip.name}”.",
        "Use it from its bin, or place it on the track above.",
    )


def _shape(scripting: Scripting, item: Any) -> tuple[int, int, int]:
    call = scripting.call
    return (
        int(call("TimelineItem.GetStart", item)),
        int(call("TimelineItem.GetDuration", item)),
        int(call("TimelineItem.GetLeftOffset", item) or 0),
    )


def _above(
    at: _Landing, timeline: Any, track: int, record: Span[Record], window: Span[Source]
) -> Any:
    target, added = _track_above(at, timeline, track, record)
    try:
        new = _append(at, timeline, target, record, window)
    except HostError:
        if added:
            at.scripting.call("Timeline.DeleteTrack", timeline, "video", target)
        raise
    at.placed.item_id, at.placed.track = _id(at.scripting, new), target
    return new


def _track_above(at: _Landing, timeline: Any, track: int, record: Span[Record]) -> tuple[int, bool]:
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
    at: _Landing, timeline: Any, target: int, record: Span[Record], window: Span[Source]
) -> Any:
    """Put it at the clip's own frames. Where rates differ Resolve floors the length, so one more
    frame is given when it came out short."""
    scripting, call, now = at.scripting, at.scripting.call, at.now
    wanted = (record.first.frame, len(record), window.first - at.result.span.first)
    for extra in (0, 1, 2):
        end = window.end.frame + extra
        if end > at.result.span.end.frame:
            break
        before = {_id(scripting, i) for n, i in now.items(timeline) if n == target}
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
        fresh = [i for i in there if _id(scripting, i) not in before]
        if len(fresh) == 1 and _shape(scripting, fresh[0]) == wanted:
            return fresh[0]
        if fresh:
            call("Timeline.DeleteClips", timeline, fresh, False)
        elif extra:
            break
    raise Refused(
        f"Resolve did not put the result above “{at.clip.name}” frame for frame.",
        "Use it from its bin.",
    )


def _id(scripting: Scripting, item: Any) -> str:
    return str(scripting.call("TimelineItem.GetUniqueId", item))


def _copy_look(scripting: Scripting, item: Any, new: Any, notes: list[str]) -> None:
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


def select_take(scripting: Scripting, edit_timeline: str, item_id: str, media_id: str) -> bool:
    """Show one of a clip's takes; for A/B. False when it is not there any more."""
    now = Open(scripting)
    for identity, timeline in now.timelines():
        if identity == edit_timeline and (found := now.item(timeline, item_id)):
            for index, media in takes(scripting, found[1]):
                if media == media_id:
                    scripting.call("TimelineItem.SelectTakeByIndex", found[1], index)
                    selected = scripting.call("TimelineItem.GetSelectedTakeIndex", found[1])
                    return bool(selected == index)
    return False


def show_item(scripting: Scripting, edit_timeline: str, item_id: str, shown: bool) -> bool:
    """Switch a clip that lies above on or off; for A/B."""
    now = Open(scripting)
    for identity, timeline in now.timelines():
        if identity == edit_timeline and (found := now.item(timeline, item_id)):
            scripting.call("TimelineItem.SetClipEnabled", found[1], shown)
            return bool(scripting.call("TimelineItem.GetClipEnabled", found[1])) == shown
    return False
