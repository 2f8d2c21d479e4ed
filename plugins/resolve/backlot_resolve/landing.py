"""What placing a result needs to know, and where it went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .bins import Result
from .edit import Clip, Edit, Open
from .plates import Plate
from .scripting import Scripting

TAKE, ABOVE, FUSION, BIN = "take", "above", "fusion", "bin"
PLACES = (TAKE, ABOVE, FUSION, BIN)
IN_CLIP = (TAKE, FUSION)
"""Inside the clip: under its grade, and for all of it."""


@dataclass
class Placed:
    """Where a result went. place: one of PLACES; a bin that was not asked for has a reason.
    notes: what could not be copied along. comps: in Fusion, the composition with the result and
    the one without."""

    place: str
    media_id: str
    item_id: str = ""
    track: int = 0
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    comps: tuple[str, str] = ("", "")


@dataclass
class Landing:
    """What placing needs to know. clip: as it was sent; placed: filled in on the way."""

    scripting: Scripting
    now: Open
    edit: Edit
    clip: Clip
    plate: Plate
    result: Result
    media: Any
    placed: Placed


def shape(scripting: Scripting, item: Any) -> tuple[int, int, int]:
    """Start and length on the timeline, and media frames before the first."""
    call = scripting.call
    return (
        int(call("TimelineItem.GetStart", item)),
        int(call("TimelineItem.GetDuration", item)),
        int(call("TimelineItem.GetLeftOffset", item) or 0),
    )


def identity(scripting: Scripting, item: Any) -> str:
    return str(scripting.call("TimelineItem.GetUniqueId", item))
