"""Frames back into Resolve: a numbered sequence into a bin, then a take or a clip above.

Every step is read back. What cannot be placed exactly is not placed: the result stays in its bin,
with a note that says why.
"""

from __future__ import annotations

from typing import Any

from backlot.errors import BacklotError, InvalidInput

from . import above, bins, colour, composition, images, keep
from .bins import Result
from .edit import Clip, Edit, Open, file_of, read_clip
from .errors import Changed, NotConnected, Refused
from .frames import Placement, Record, Source, Span
from .landing import BIN, FUSION, IN_CLIP, PLACES, TAKE, Landing, Placed, shape
from .plates import GRADED, Plate, make_current
from .scripting import Scripting


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
    check(plate.route, place)
    if clip.whole and place in IN_CLIP:
        raise InvalidInput("Only a part of the clip was made.", "Put it on the track above.")
    notes: list[str] = []
    with scripting.sentences(), keep.kept(scripting, journal, notes) as state:
        now = Open(scripting)
        now.check_same(edit.project_id)
        media = bins.bring_in(scripting, now, clip, plate, result, notes)
        placed = Placed(BIN, str(scripting.call("MediaPoolItem.GetUniqueId", media)))
        if place != BIN:
            landing = Landing(scripting, now, edit, clip, plate, result, media, placed)
            try:
                _place(landing, state, place)
            except NotConnected:
                raise
            except BacklotError as error:
                placed = Placed(BIN, placed.media_id, reason=f"{error.sentence} {error.hint}")
                bins.note(scripting, media, placed.reason)
    placed.notes.extend(notes)
    return placed


def check(route: str, place: str) -> None:
    """Raises: InvalidInput, for a place that there is not, or that a route's frames cannot go."""
    if place not in PLACES:
        raise InvalidInput(f"There is no place {place!r}.", f"Use {', '.join(PLACES)}.")
    if route == GRADED and place in IN_CLIP:
        raise InvalidInput(
            "A graded result inside the clip would be graded twice.", "Put it on the track above."
        )


def _place(at: Landing, state: keep.Kept, place: str) -> None:
    scripting, edit = at.scripting, at.edit
    timeline = next((t for identity, t in at.now.timelines() if identity == edit.timeline_id), None)
    if timeline is None:
        raise Changed(f"The timeline “{edit.timeline}” is gone.", "Use the result from its bin.")
    track, item, clip_now = _same_clip(at, timeline)
    record, window = _window(at, item, clip_now)
    if scripting.call("Timeline.GetUniqueId", at.now.need_timeline()) != edit.timeline_id:
        state.opened.append(edit.timeline_id)
        make_current(scripting, at.now, timeline)
    if place in IN_CLIP:
        if scripting.call("Timeline.GetIsTrackLocked", timeline, "video", track):
            raise Refused(f"Track V{track} is locked.", "Unlock it and place the result again.")
        if place == TAKE:
            _take(at, item, window)
        else:
            _into_fusion(at, item, window)
        at.placed.track, at.placed.item_id = track, clip_now.id
    else:
        new = above.put(at, timeline, track, record, window)
        if at.plate.route != GRADED:
            above.copy_look(scripting, item, new, at.placed.notes)
    at.placed.place = place


def _same_clip(at: Landing, timeline: Any) -> tuple[int, Any, Clip]:
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


def _window(at: Landing, item: Any, clip_now: Clip) -> tuple[Span[Record], Span[Source]]:
    """Where on the timeline the result belongs now, and which of its frames show there.

    Raises: Changed when the clip needs others.

    Our own takes are numbered as the media they were made from, so a clip that shows one of them
    still says which of the media's frames it needs. Other takes have numbers of their own.
    """
    clip, plate, result = at.clip, at.plate, at.result
    sent, now = clip.placement, clip_now.placement
    same_media = clip_now.media_id == clip.media_id
    whole = clip.whole or clip.record
    into = clip.record.first - whole.first
    trimmed = len(clip_now.record) != len(whole)
    if sent and now and same_media:
        trimmed = trimmed or sent.left - into != now.left
    first = clip_now.record.first + into
    record = Span(first, first + len(clip.record))
    if plate.route == GRADED:
        if trimmed:
            raise Changed(f"“{clip.name}” was trimmed meanwhile.", "Send it again as graded.")
        return record, result.span
    assert sent is not None
    assert now is not None
    if clip.whole:
        return _part_now(clip, sent, now, record, trimmed, same_media)
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
    return clip_now.record, needed


def _part_now(
    clip: Clip,
    sent: Placement,
    now: Placement,
    record: Span[Record],
    trimmed: bool,
    same_media: bool,
) -> tuple[Span[Record], Span[Source]]:
    """As `_window`, for a part of a clip: its frames, as far as they still show."""
    if not trimmed:
        return record, sent.used()
    shown = now.used().intersect(sent.used()) if same_media else None
    if shown is None:
        raise Changed(
            f"“{clip.name}” was trimmed, and does not show this part any more.", "Send it again."
        )
    first = now.record.first + (shown.first - now.used().first)
    return Span(first, first + len(shown)), shown


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


def _take(at: Landing, item: Any, window: Span[Source]) -> None:
    """Add and select a take. The end counts in, as ayon-resolve passes it; whether it does is
    read back, and what is not exact is taken out again."""
    scripting, call = at.scripting, at.scripting.call
    before, had_takes = shape(scripting, item), bool(takes(scripting, item))
    first = window.first - at.result.span.first
    for start in (first, window.first.frame):  # from the media's first frame, or by file number
        call("TimelineItem.AddTake", item, at.media, start, start + len(window) - 1)
        known = takes(scripting, item)
        index = next((i for i, media_id in known if media_id == at.placed.media_id), 0)
        if not index:
            continue
        call("TimelineItem.SelectTakeByIndex", item, index)
        selected = call("TimelineItem.GetSelectedTakeIndex", item)
        if selected == index and shape(scripting, item) == (*before[:2], first):
            return
        call("TimelineItem.DeleteTakeByIndex", item, index)
    if not had_takes and len(takes(scripting, item)) == 1:
        call("TimelineItem.FinalizeTake", item)  # the selector that the attempt left behind
    if shape(scripting, item) != before:
        raise Refused(f"“{at.clip.name}” is not as it was.", "Undo in Resolve (Ctrl/Cmd Z).")
    raise Refused(
        f"Resolve did not take the result as a take of “{at.clip.name}”.",
        "Use it from its bin, or place it on the track above.",
    )


def _into_fusion(at: Landing, item: Any, window: Span[Source]) -> None:
    """Raises: Refused where the frames of a Loader would not be those of the clip."""
    clip, edit = at.clip, at.edit
    cure = "Place it as a take, or on the track above."
    if edit.settings.get("colorScienceMode", colour.UNMANAGED) != colour.UNMANAGED:
        raise Refused("This project is colour-managed, and Fusion's Loader is not.", cure)
    if clip.placement is not None and clip.placement.ratio != 1:
        raise Refused(f"“{clip.name}” has another rate than the timeline.", cure)
    size = images.size(file_of(at.result.pattern, window.first.frame))
    if size != clip.size:
        raise Refused(
            f"The result is {size[0]}x{size[1]}, the composition {clip.size[0]}x{clip.size[1]}.",
            cure,
        )
    at.placed.comps = composition.add(
        at.scripting, item, clip, at.result.label, at.result.pattern, at.result.span, window
    )


def show(
    scripting: Scripting, edit_timeline: str, placed: Placed, source_media: str, shown: bool
) -> bool:
    """A/B: the result on the timeline, or what was there before. False when it is gone."""
    now = Open(scripting)
    timeline = next((t for identity, t in now.timelines() if identity == edit_timeline), None)
    found = now.item(timeline, placed.item_id) if timeline is not None else None
    if found is None:
        return False
    item = found[1]
    if placed.place == TAKE:
        return _select_take(scripting, item, placed.media_id if shown else source_media)
    if placed.place == FUSION:
        return composition.show(scripting, item, placed.comps[0 if shown else 1])
    scripting.call("TimelineItem.SetClipEnabled", item, shown)
    return bool(scripting.call("TimelineItem.GetClipEnabled", item)) == shown


def _select_take(scripting: Scripting, item: Any, media_id: str) -> bool:
    for index, media in takes(scripting, item):
        if media == media_id:
            scripting.call("TimelineItem.SelectTakeByIndex", item, index)
            return bool(scripting.call("TimelineItem.GetSelectedTakeIndex", item) == index)
    return False
