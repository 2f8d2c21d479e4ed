"""What belongs to the person in front of Resolve, remembered and put back.

The page, the open timeline, its playhead, the bin, the Deliver page's settings. Everything is
written to a small file before it is touched, so that the next start can put it back if this
process dies in between. Track states and marks are never touched: work happens on a timeline of
our own, which is deleted.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from backlot.errors import BacklotError, NotFound

from .edit import Open
from .errors import Refused
from .scripting import Scripting

TEMPORARY = "Backlot temporary"
_STOPS_WITHIN = 10.0


@dataclass
class Kept:
    """The state to come back to, by ids and names; "" where there was none."""

    project_id: str
    page: str = ""
    timeline_id: str = ""
    timecode: str = ""
    folder_id: str = ""
    format: str = ""
    codec: str = ""
    mode: int = -1
    preset: str = ""
    temporary: list[str] = field(default_factory=list)
    """Ids of timelines of ours to delete."""
    opened: list[str] = field(default_factory=list)
    """Ids of timelines of theirs that we opened."""
    jobs: list[str] = field(default_factory=list)
    """Render jobs of ours to delete."""


class Journal:
    """The small file. path: in the person's own runtime folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, kept: Kept) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps(asdict(kept)), encoding="utf-8")
        partial.replace(self.path)

    def read(self) -> Kept | None:
        try:
            return Kept(**json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


@contextmanager
def kept(scripting: Scripting, journal: Journal, notes: list[str]) -> Iterator[Kept]:
    """Remember, run the block, put back: also when it fails. What could not be put back is
    added to `notes` as sentences."""
    state = remember(scripting)
    journal.write(state)
    try:
        yield state
    finally:
        left = restore(scripting, state)
        notes.extend(left)
        if not left:
            journal.clear()


def remember(scripting: Scripting) -> Kept:
    """What is open now. Raises: Refused, before anything is touched, when Resolve does not tell."""
    call = scripting.call
    now = Open(scripting)
    state = Kept(_told(scripting, "Project.GetUniqueId", now.project))
    state.page = str(call("Resolve.GetCurrentPage", scripting.application) or "")
    if now.timeline is not None:
        state.timeline_id = _told(scripting, "Timeline.GetUniqueId", now.timeline)
        state.timecode = str(call("Timeline.GetCurrentTimecode", now.timeline) or "")
    folder = call("MediaPool.GetCurrentFolder", now.pool)
    state.folder_id = _told(scripting, "Folder.GetUniqueId", folder)
    return state


def _told(scripting: Scripting, name: str, on: Any) -> str:
    return str(
        scripting.need(
            name,
            on,
            why="Resolve does not tell what is open.",
            cure="Close its dialogs, try again.",
        )
    )


def remember_delivery(scripting: Scripting, state: Kept, journal: Journal) -> None:
    """Keep the Deliver page's settings too. They cannot be read, but kept as a preset, which
    is deleted afterwards; versions before 19.1 cannot delete one, so there only format, codec
    and mode come back."""
    call = scripting.call
    now = Open(scripting)
    current = call("Project.GetCurrentRenderFormatAndCodec", now.project) or {}
    state.format, state.codec = str(current.get("format", "")), str(current.get("codec", ""))
    mode = call("Project.GetCurrentRenderMode", now.project)
    state.mode = int(mode) if mode is not None else -1
    if scripting.has("Project.DeleteRenderPreset"):
        name = f"Backlot keeps your settings {uuid.uuid4().hex[:8]}"
        state.preset = name
        journal.write(state)
        for _ in range(2):
            call("Project.SaveAsNewRenderPreset", now.project, name)
            if name in _presets(scripting, now):
                break
        else:
            state.preset = ""
            raise Refused(
                "Resolve did not keep your Deliver settings aside, so nothing was rendered.",
                "Close its dialogs and try again, or choose “read the files directly”.",
            )
    journal.write(state)


def _presets(scripting: Scripting, now: Open) -> list[str]:
    """Names of render presets; some versions list them as descriptions."""
    listed = scripting.call("Project.GetRenderPresetList", now.project) or []
    return [p.get("RenderPresetName", "") if isinstance(p, dict) else str(p) for p in listed]


def restore(scripting: Scripting, state: Kept) -> list[str]:
    """Put everything back that differs; sentences about what did not go."""
    try:
        now = _open_again(scripting)
        open_id = scripting.call("Project.GetUniqueId", now.project)
        open_id = open_id or scripting.call("Project.GetUniqueId", now.project)
        if open_id and open_id != state.project_id:
            return []  # another project: nothing of this one is on screen
    except BacklotError as error:
        return [f"{error.sentence} Nothing could be put back yet."]
    left: list[str] = []
    for step in (_jobs, _delivery, _timeline, _temporary, _folder, _page, _playhead):
        said = ""
        for _ in range(2):  # much depends on it, and a second try costs nothing
            try:
                said = step(scripting, now, state)
                break
            except BacklotError as error:
                said = error.sentence
            except Exception as error:  # the host's own, of any kind: the other steps matter
                said = f"Resolve failed: {error}"
        if said:
            left.append(said)
    return left


def _open_again(scripting: Scripting) -> Open:
    """What is open; asked twice, because much depends on this answer."""
    try:
        return Open(scripting)
    except NotFound:
        return Open(scripting)


def _jobs(scripting: Scripting, now: Open, state: Kept) -> str:
    for _ in range(3):
        ours = queue(scripting, now) & set(state.jobs)
        if not ours:
            return ""
        _stop(scripting, now, ours)
        for job in ours:
            scripting.call("Project.DeleteRenderJob", now.project, job)
    return "A render job of Backlot stayed in the queue: remove it by hand."


def _stop(scripting: Scripting, now: Open, ours: set[str]) -> None:
    """End a render of ours that still runs; another's is left alone."""
    call = scripting.call
    for job in ours:
        status = call("Project.GetRenderJobStatus", now.project, job)
        told = status if isinstance(status, dict) else {}
        begun = 0 < float(told.get("CompletionPercentage") or 0) < 100
        if not begun and "EstimatedTimeRemainingInMs" not in told:
            continue
        if call("Project.IsRenderingInProgress", now.project):
            stop_rendering(scripting, now)


def stop_rendering(scripting: Scripting, now: Open) -> None:
    """Returns when Resolve has written its last frame, so that nothing appears behind us."""
    scripting.call("Project.StopRendering", now.project)
    end = time.monotonic() + _STOPS_WITHIN
    while scripting.call("Project.IsRenderingInProgress", now.project) and time.monotonic() < end:
        time.sleep(0.05)


def queue(scripting: Scripting, now: Open) -> set[str]:
    """Ids of the jobs in the render queue."""
    listed = scripting.call("Project.GetRenderJobList", now.project) or []
    return {str(job.get("JobId")) for job in listed if isinstance(job, dict)}


def _delivery(scripting: Scripting, now: Open, state: Kept) -> str:
    call = scripting.call
    said = ""
    if state.preset:
        said = _load_preset(scripting, now, state.preset)
    if not state.format:
        return said
    for _ in range(2):
        current = call("Project.GetCurrentRenderFormatAndCodec", now.project) or {}
        if (current.get("format"), current.get("codec")) == (state.format, state.codec):
            break
        call("Project.SetCurrentRenderFormatAndCodec", now.project, state.format, state.codec)
    else:
        current = call("Project.GetCurrentRenderFormatAndCodec", now.project) or {}
        if current.get("codec") != state.codec:
            said = said or f"The Deliver format was {state.format} {state.codec}: set it again."
    for _ in range(2):
        if state.mode >= 0 and call("Project.GetCurrentRenderMode", now.project) != state.mode:
            call("Project.SetCurrentRenderMode", now.project, state.mode)
    return said


def _load_preset(scripting: Scripting, now: Open, name: str) -> str:
    call = scripting.call
    if not any(call("Project.LoadRenderPreset", now.project, name) for _ in range(2)):
        if name not in _presets(scripting, now):
            return ""  # it was never saved, and nothing was touched after that
        return f"Your Deliver settings wait in the render preset “{name}”: load it there."
    for _ in range(2):
        call("Project.DeleteRenderPreset", now.project, name)
        if name not in _presets(scripting, now):
            return ""
    return f"The render preset “{name}” stayed: delete it by hand."


def _timeline(scripting: Scripting, now: Open, state: Kept) -> str:
    call = scripting.call
    current = call("Project.GetCurrentTimeline", now.project)
    if not state.timeline_id or (
        current and call("Timeline.GetUniqueId", current) == state.timeline_id
    ):
        return ""
    if current and not _ours(scripting, current, state, state.opened):
        return ""  # the person opened another one meanwhile
    for identity, timeline in now.timelines():
        if identity == state.timeline_id:
            for _ in range(2):
                call("Project.SetCurrentTimeline", now.project, timeline)
                current = call("Project.GetCurrentTimeline", now.project)
                if current and call("Timeline.GetUniqueId", current) == identity:
                    return ""
            return "Your timeline could not be opened again: open it in the media pool."
    return ""


def _temporary(scripting: Scripting, now: Open, state: Kept) -> str:
    for _ in range(3):
        ours = [timeline for _, timeline in now.timelines() if _ours(scripting, timeline, state)]
        if not ours:
            return ""
        scripting.call("MediaPool.DeleteTimelines", now.pool, ours)
    return f"A timeline named “{TEMPORARY} …” stayed: delete it by hand."


def _ours(scripting: Scripting, timeline: Any, state: Kept, more: Iterable[str] = ()) -> bool:
    """Whether we made a timeline, by id, or by name where a lost call kept the id from us."""
    known = {*state.temporary, *more}
    if scripting.call("Timeline.GetUniqueId", timeline) in known:
        return True
    return str(scripting.call("Timeline.GetName", timeline)).startswith(TEMPORARY)


def _folder(scripting: Scripting, now: Open, state: Kept) -> str:
    call = scripting.call
    for _ in range(2):
        folder = call("MediaPool.GetCurrentFolder", now.pool)
        if not state.folder_id or call("Folder.GetUniqueId", folder) == state.folder_id:
            return ""
        found = find_folder(scripting, now.pool, state.folder_id)
        if found is not None:
            call("MediaPool.SetCurrentFolder", now.pool, found)
    folder = call("MediaPool.GetCurrentFolder", now.pool)
    if call("Folder.GetUniqueId", folder) == state.folder_id:
        return ""
    return "Your bin could not be selected again."


def _page(scripting: Scripting, now: Open, state: Kept) -> str:
    call = scripting.call
    for _ in range(2):
        if not state.page or call("Resolve.GetCurrentPage", scripting.application) == state.page:
            return ""
        call("Resolve.OpenPage", scripting.application, state.page)
    if call("Resolve.GetCurrentPage", scripting.application) == state.page:
        return ""
    return f"The {state.page} page could not be opened again."


def _playhead(scripting: Scripting, now: Open, state: Kept) -> str:
    call = scripting.call
    current = call("Project.GetCurrentTimeline", now.project)
    if not state.timecode:
        return ""
    identity = current and call("Timeline.GetUniqueId", current)
    if not identity:
        return f"The playhead was at {state.timecode}; Resolve did not say where it is now."
    if identity != state.timeline_id:
        return ""
    for _ in range(2):
        if call("Timeline.GetCurrentTimecode", current) == state.timecode:
            return ""
        call("Timeline.SetCurrentTimecode", current, state.timecode)
    if call("Timeline.GetCurrentTimecode", current) == state.timecode:
        return ""
    return f"The playhead was at {state.timecode} and could not be moved back."


def find_folder(scripting: Scripting, pool: Any, identity: str) -> Any:
    """A bin by id, or None."""
    waiting = [scripting.call("MediaPool.GetRootFolder", pool)]
    while waiting:
        folder = waiting.pop()
        if scripting.call("Folder.GetUniqueId", folder) == identity:
            return folder
        waiting.extend(scripting.call("Folder.GetSubFolderList", folder) or [])
    return None
