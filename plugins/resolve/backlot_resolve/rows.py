"""The open timeline as the panel shows it: plain data, in the timeline's own timecode."""

from __future__ import annotations

from typing import Any

from .edit import Clip, Edit
from .scripting import Scripting


def look(resolve: Scripting, edit: Edit, timecode: Any) -> dict[str, Any]:
    """All of a timeline. timecode: of the playhead."""
    return {
        "version": ".".join(map(str, resolve.version)),
        "edition": resolve.edition,
        "selection": resolve.has("Timeline.GetSelectedClips"),
        "project": edit.project,
        "project_id": edit.project_id,
        "timeline": edit.timeline,
        "rate": str(edit.base.rate),
        "playhead": str(timecode),
        "current": edit.current,
        "selected": list(edit.selected),
        "marks": [edit.marks.first.frame, edit.marks.end.frame] if edit.marks else None,
        "markers": [list(marker) for marker in edit.markers],
        "clips": [row(edit, clip) for clip in edit.clips],
    }


def row(edit: Edit, clip: Clip) -> dict[str, Any]:
    """One clip."""
    used = clip.placement.used() if clip.placement else None
    return {
        "id": clip.id,
        "name": clip.name,
        "track": clip.track,
        "start": clip.record.first.frame,
        "end": clip.record.end.frame,
        "in": edit.base.timecode(clip.record.first),
        "out": edit.base.timecode(clip.record.last),
        "frames": len(clip.record),
        "source": [used.first.frame, used.last.frame] if used else None,
        "handles": _handles(clip),
        "size": list(clip.size),
        "direct": clip.direct,
        "locked": clip.locked,
        "problem": clip.problem,
        "hint": clip.hint,
    }


def _handles(clip: Clip) -> list[int]:
    if clip.placement is None:
        return [0, 0]
    used, media = clip.placement.used(), clip.placement.media
    return [max(0, used.first - media.first), max(0, media.end - used.end)]
