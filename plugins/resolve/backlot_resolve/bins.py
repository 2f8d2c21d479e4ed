"""A finished sequence in the media pool: in a bin of ours, described so that it can be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .edit import Clip, Open, pattern
from .errors import Refused
from .frames import Source, Span
from .plates import Plate
from .scripting import Scripting

NAME = "Backlot"
JOB_KEY = "backlot.job"


@dataclass(frozen=True)
class Result:
    """A finished sequence. pattern: printf notation; span: its file numbers."""

    job: str
    shot: str
    label: str
    pattern: str
    span: Span[Source]
    facts: Mapping[str, str] = field(default_factory=dict)


def bring_in(
    scripting: Scripting, now: Open, clip: Clip, plate: Plate, result: Result, notes: list[str]
) -> Any:
    call = scripting.call
    folder = _bin(scripting, now, (NAME, result.shot))
    call("MediaPool.SetCurrentFolder", now.pool, folder)
    current = call("MediaPool.GetCurrentFolder", now.pool)
    if call("Folder.GetUniqueId", current) != call("Folder.GetUniqueId", folder):
        raise Refused("Resolve did not open the Backlot bin.", "A colleague may hold its lock.")
    entry = {
        "FilePath": result.pattern,
        "StartIndex": result.span.first.frame,
        "EndIndex": result.span.last.frame,
    }
    made = call("MediaPool.ImportMedia", now.pool, [entry]) or []
    if len(made) != 1 or made[0] is None:
        found = _find_media(scripting, folder, result)
        if found is None:
            raise Refused(
                f"Resolve did not import the result of “{clip.name}”.",
                f"The frames are safe in {result.pattern}; import them by hand.",
            )
        made = [found]
    media = made[0]
    properties = call("MediaPoolItem.GetClipProperty", media) or {}
    first, count = int(properties.get("Start") or 0), int(properties.get("Frames") or 0)
    if (first, count) != (result.span.first.frame, len(result.span)):
        raise Refused(
            f"Resolve reads the result as frames {first} to {first + count - 1}, "
            f"not {result.span.first.frame} to {result.span.last.frame}.",
            "Check that the folder holds all frames.",
        )
    _describe(scripting, media, properties, clip, plate, result, notes)
    return media


def _bin(scripting: Scripting, now: Open, names: tuple[str, ...]) -> Any:
    """The bin at this path, made where it is missing."""
    call = scripting.call
    folder = call("MediaPool.GetRootFolder", now.pool)
    for name in names:
        found = _sub(scripting, folder, name)
        if found is None:
            call("MediaPool.AddSubFolder", now.pool, folder, name)
            found = _sub(scripting, folder, name)
        if found is None:
            raise Refused(f"Resolve did not make the bin “{name}”.", "Make it by hand and retry.")
        folder = found
    return folder


def _sub(scripting: Scripting, folder: Any, name: str) -> Any:
    for sub in scripting.call("Folder.GetSubFolderList", folder) or []:
        if scripting.call("Folder.GetName", sub) == name:
            return sub
    return None


def _find_media(scripting: Scripting, folder: Any, result: Result) -> Any:
    """The result when it is in the bin, whatever the import answered."""
    for media in scripting.call("Folder.GetClipList", folder) or []:
        path = str(scripting.call("MediaPoolItem.GetClipProperty", media, "File Path"))
        if pattern(path) == result.pattern:
            return media
    return None


def _describe(
    scripting: Scripting,
    media: Any,
    properties: Mapping[str, str],
    clip: Clip,
    plate: Plate,
    result: Result,
    notes: list[str],
) -> None:
    """Name, rate, timecode, colour tag and our job id; what did not go becomes a note."""
    call = scripting.call
    wanted = {"Clip Name": f"{clip.name} {result.label}"}
    if clip.placement is not None:
        rate = clip.placement.media_rate
        wanted["FPS"] = str(rate).removesuffix(" DF")
        if clip.start_timecode:
            first = rate.frame(clip.start_timecode)
            offset = result.span.first - clip.placement.media.first
            wanted["Start TC"] = rate.timecode(first + offset)
    if plate.colour.resolve:
        wanted["Input Color Space"] = plate.colour.resolve
    if plate.alpha:
        wanted["Alpha mode"] = "Premultiplied"
    for name, value in wanted.items():
        if properties.get(name) == value:
            continue
        call("MediaPoolItem.SetClipProperty", media, name, value)
        now = str(call("MediaPoolItem.GetClipProperty", media, name) or "")
        if now != value and not _same_number(now, value):
            notes.append(f"Set {name} of the result to {value} by hand: Resolve did not take it.")
    facts = {JOB_KEY: result.job} | {f"backlot.{k}": v for k, v in result.facts.items()}
    if scripting.has("MediaPoolItem.SetThirdPartyMetadata"):
        call("MediaPoolItem.SetThirdPartyMetadata", media, facts)
    else:
        call("MediaPoolItem.SetMetadata", media, "Keyword", f"backlot {result.job}")
    if clip.reel:
        call("MediaPoolItem.SetMetadata", media, "Reel Number", clip.reel)
    call("MediaPoolItem.AddMarker", media, 0, "Cream", "Backlot", result.label, 1, result.job)


def _same_number(a: str, b: str) -> bool:
    try:
        return abs(float(a) - float(b)) < 0.005
    except ValueError:
        return False


def note(scripting: Scripting, media: Any, reason: str) -> None:
    scripting.call("MediaPoolItem.SetMetadata", media, "Comments", f"Not placed: {reason}")
