"""For a person with DaVinci Resolve Studio: does it behave as Backlot believes?

    python -m backlot_resolve.conformance results.json

Everything happens in a new project of its own, with frames made on the spot; the open project is
saved first, and opened again at the end. What was expected and what was seen go into a small JSON
file, with nothing of yours in it, which you can send back. Each number is that of a behaviour that
the simulator of the tests claims (tests/hosts/resolve/behaviours.py).
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backlot.errors import BacklotError

from . import bins, composition, images, keep, landing, plates, render, scripting, takes
from . import edit as editing
from .frames import Source, Span
from .scripting import Scripting

FIRST, COUNT, WIDTH, HEIGHT = 1001, 30, 64, 36
PROJECT = "Backlot conformance"


@dataclass(frozen=True)
class Seen:
    """One thing that was looked at."""

    number: int
    says: str
    expected: Any
    seen: Any

    @property
    def agrees(self) -> bool:
        return bool(self.expected == self.seen)


class Bench:
    """A project of our own, and the objects in it."""

    def __init__(self, resolve: Scripting, folder: Path) -> None:
        self.resolve, self.folder, self.call = resolve, folder, resolve.call
        self.manager = self.call("Resolve.GetProjectManager", resolve.application)
        theirs = self.call("ProjectManager.GetCurrentProject", self.manager)
        self.theirs = str(self.call("Project.GetName", theirs)) if theirs else ""
        self.call("ProjectManager.SaveProject", self.manager)
        self.name = f"{PROJECT} {int(time.time())}"
        self.project = resolve.need(
            "ProjectManager.CreateProject", self.manager, self.name,
            why="Resolve did not make a project.", cure="Save the open one and try again.",
        )  # fmt: skip
        self.pool = self.call("Project.GetMediaPool", self.project)
        self.pattern = str(folder / "plate.%04d.exr")
        _write_plate(self.pattern)
        self.timeline = self.call("MediaPool.CreateEmptyTimeline", self.pool, "Edit")
        self.call("Project.SetCurrentTimeline", self.project, self.timeline)
        entry = {"FilePath": self.pattern, "StartIndex": FIRST, "EndIndex": FIRST + COUNT - 1}
        self.media = (self.call("MediaPool.ImportMedia", self.pool, [entry]) or [None])[0]
        self.start = int(self.call("Timeline.GetStartFrame", self.timeline))
        self.append(0, 6, 10)

    def append(self, at: int, left: int, length: int, track: int = 1) -> Any:
        """Part of the plate `at` frames from the timeline's start; what Resolve answers."""
        entry = {
            "mediaPoolItem": self.media,
            "startFrame": FIRST + left,
            "endFrame": FIRST + left + length,
            "mediaType": 1,
            "trackIndex": track,
            "recordFrame": self.start + at,
        }
        return self.call("MediaPool.AppendToTimeline", self.pool, [entry])

    def items(self, track: int = 1) -> list[Any]:
        listed = self.call("Timeline.GetItemListInTrack", self.timeline, "video", track)
        return list(listed or [])

    def close(self) -> None:
        """Back to the person's own project; ours is deleted."""
        self.call("ProjectManager.SaveProject", self.manager)
        if self.theirs:
            self.call("ProjectManager.LoadProject", self.manager, self.theirs)
        self.call("ProjectManager.DeleteProject", self.manager, self.name)


def _write_plate(pattern: str) -> None:
    x = np.linspace(0, 2, WIDTH, dtype=np.float32)[None, :].repeat(HEIGHT, 0)
    for number in range(FIRST, FIRST + COUNT):
        pixels = np.stack([x, x * 0.5, np.full_like(x, number % 32 / 32)], 2)
        images.write(Path(editing.file_of(pattern, number)), pixels, "half")


Check = tuple[int, str, Any, Callable[[Bench], Any]]


def _shape(bench: Bench, item: Any) -> list[Any]:
    names = ("GetStart", "GetDuration", "GetLeftOffset")
    found = [bench.call(f"TimelineItem.{name}", item) for name in names]
    return [found[0] - bench.start, *found[1:]] if found[0] is not None else found


def _overlap(bench: Bench) -> Any:
    before = len(bench.items())
    answer = bench.append(2, 0, 4) or [None]
    length = bench.call("TimelineItem.GetDuration", answer[0]) if answer[0] else None
    return [len(bench.items()) - before, length]


def _marker(bench: Bench) -> Any:
    first = bench.call("Timeline.AddMarker", bench.timeline, 5, "Blue", "a", "", 1, "one")
    again = bench.call("Timeline.AddMarker", bench.timeline, 5, "Red", "b", "", 1, "two")
    found = bench.call("Timeline.GetMarkers", bench.timeline) or {}
    return [bool(first), bool(again), sorted(found)]


def _empty_track(bench: Bench) -> Any:
    bench.call("Timeline.AddTrack", bench.timeline, "video")
    count = bench.call("Timeline.GetTrackCount", bench.timeline, "video")
    return bench.call("Timeline.GetItemListInTrack", bench.timeline, "video", count)


def _locked(bench: Bench) -> Any:
    bench.call("Timeline.SetTrackLock", bench.timeline, "video", 1, True)
    before = len(bench.items())
    bench.append(100, 0, 4)
    added = len(bench.items()) - before
    bench.call("Timeline.SetTrackLock", bench.timeline, "video", 1, False)
    return added


def _off_deliver(bench: Bench) -> Any:
    bench.call("Resolve.OpenPage", bench.resolve.application, "edit")
    job = bench.call("Project.AddRenderJob", bench.project)
    if job:
        bench.call("Project.DeleteRenderJob", bench.project, job)
    return job


def _job_tells(bench: Bench) -> Any:
    """Whether a job in the queue tells the folder, name and marks that it was added with."""
    call, folder = bench.call, str(bench.folder / "job")
    wanted = {"TargetDir": folder, "CustomName": "x", "MarkIn": bench.start + 1,
              "MarkOut": bench.start + 3}  # fmt: skip
    call("Resolve.OpenPage", bench.resolve.application, "deliver")
    for name, value in {"SelectAllFrames": False, **wanted}.items():
        call("Project.SetRenderSettings", bench.project, {name: value})
    job = call("Project.AddRenderJob", bench.project)
    listed = call("Project.GetRenderJobList", bench.project) or []
    told: dict[str, Any] = next((each for each in listed if each.get("JobId") == job), {})
    call("Project.DeleteRenderJob", bench.project, job)
    call("Resolve.OpenPage", bench.resolve.application, "edit")
    return [str(told.get(name)) == str(value) for name, value in wanted.items()]


def _takes(bench: Bench) -> Any:
    item, call = bench.items()[0], bench.call
    seen = [call("TimelineItem.GetTakesCount", item)]
    call("TimelineItem.AddTake", item, bench.media, 3, 12)
    seen += [call("TimelineItem.GetTakesCount", item), _shape(bench, item)]
    call("TimelineItem.SelectTakeByIndex", item, 1)
    seen.append(_shape(bench, item))
    call("TimelineItem.DeleteTakeByIndex", item, 2)
    return seen


def _fresh(bench: Bench) -> Any:
    call = bench.call
    fresh = call("MediaPool.CreateEmptyTimeline", bench.pool, "Fresh")
    current = call("Project.GetCurrentTimeline", bench.project)
    opened = call("Timeline.GetName", current) == "Fresh"
    call("MediaPool.AppendToTimeline", bench.pool, [{"mediaPoolItem": bench.media}])
    before = len(call("Timeline.GetItemListInTrack", fresh, "video", 1) or [])
    call("Project.SetCurrentTimeline", bench.project, bench.timeline)
    call("MediaPool.DeleteTimelines", bench.pool, [fresh])
    return [opened, before]


def _input_space(bench: Bench) -> Any:
    return bool(
        bench.call("MediaPoolItem.SetClipProperty", bench.media, "Input Color Space", "ACEScg")
    )


def _codec(bench: Bench) -> Any:
    codecs = bench.call("Project.GetRenderCodecs", bench.project, "exr") or {}
    return render.CODEC in codecs.values()


def _media(bench: Bench) -> Any:
    facts = bench.call("MediaPoolItem.GetClipProperty", bench.media) or {}
    return [str(facts.get("Start")), str(facts.get("Frames")), "[" in facts.get("File Path", "")]


def _trip(bench: Bench) -> Any:
    """The whole way, as Backlot goes it: exact pixels out, a take and a clip above back."""
    edit = editing.read(bench.resolve)
    clip = edit.clips[0]
    journal = keep.Journal(bench.folder / "journal.json")
    notes: list[str] = []
    renderer = render.Renderer(bench.resolve, journal, notes, threading.Event())
    plate = plates.take_out(renderer, edit, clip, plates.ISOLATED, bench.folder / "plate", 2)
    same = all(
        _same(editing.file_of(plate.pattern, n), editing.file_of(bench.pattern, n))
        for n in range(plate.span.first.frame, plate.span.end.frame)
    )
    seen: list[Any] = [[plate.span.first.frame, plate.span.last.frame], same]
    result = bins.Result("conformance", "trip", "v001", plate.pattern, plate.span)
    for place in (landing.TAKE, landing.ABOVE):
        placed = takes.bring_back(bench.resolve, journal, edit, clip, plate, result, place)
        seen.append(placed.place if not placed.reason else placed.reason)
        notes += placed.notes
    return [*seen, notes]


def _same(a: str, b: str) -> bool:
    import OpenImageIO as oiio  # noqa: N813

    one, other = (oiio.ImageBuf(path).get_pixels(oiio.HALF) for path in (a, b))
    if one is None or other is None:
        return False
    return bool(np.array_equal(one[..., :3], other[..., :3]))


def _graded(bench: Bench) -> Any:
    """MarkOut counts: as many files as the clip has frames."""
    edit = editing.read(bench.resolve)
    journal = keep.Journal(bench.folder / "journal.json")
    renderer = render.Renderer(bench.resolve, journal, [], threading.Event())
    plate = plates.take_out(
        renderer, edit, edit.clips[0], plates.GRADED, bench.folder / "graded",
        only=Span(Source(FIRST + 6), Source(FIRST + 9)),
    )  # fmt: skip
    return len(plate.span)


def _marks(bench: Bench) -> Any:
    """Marks count from the timeline's start, and the last counts in."""
    if not bench.resolve.has("Timeline.GetMarkInOut"):
        return [2, 5]
    bench.call("Timeline.SetMarkInOut", bench.timeline, 2, 5, "all")
    found = bench.call("Timeline.GetMarkInOut", bench.timeline) or {}
    video = found.get("video") or found.get("all") or {}
    bench.call("Timeline.ClearMarkInOut", bench.timeline, "all")
    return [video.get("in"), video.get("out")]


def _labels(bench: Bench) -> Any:
    """Our job id on a result: a marker's custom data, and third-party metadata from 19.0 on."""
    call, media = bench.call, bench.media
    call("MediaPoolItem.AddMarker", media, 0, "Cream", "a", "b", 1, "job-7")
    marked = call("MediaPoolItem.GetMarkers", media) or {}
    seen = [marker.get("customData") for marker in marked.values()]
    if bench.resolve.has("MediaPoolItem.SetThirdPartyMetadata"):
        call("MediaPoolItem.SetThirdPartyMetadata", media, {"backlot.job": "job-7"})
        return [*seen, call("MediaPoolItem.GetThirdPartyMetadata", media, "backlot.job")]
    return [*seen, "job-7"]


def _composition(bench: Bench) -> Any:
    """A composition made, exported, spliced, imported: is it one more, and is it ours to read?"""
    item, call = bench.items()[0], bench.call
    edit = editing.read(bench.resolve)
    span = Span(Source(FIRST), Source(FIRST + COUNT))
    used = Span(Source(FIRST + 6), Source(FIRST + 16))
    made, base = composition.add(
        bench.resolve, item, edit.clips[0], "conformance", bench.pattern, span, used
    )
    seen = [len(composition.names(bench.resolve, item)), made]
    path = bench.folder / "back.comp"
    index = composition.names(bench.resolve, item).index(made) + 1
    call("TimelineItem.ExportFusionComp", item, str(path), index)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    seen += [kept in text for kept in ("BacklotTake1", "BacklotMix1", "Dissolve", "TrimIn = 6")]
    for name in (made, base):
        call("TimelineItem.DeleteFusionCompByName", item, name)
    return [*seen, len(composition.names(bench.resolve, item))]


CHECKS: tuple[Check, ...] = (
    (4, "An append's end does not count; start is the file's number", [0, 10, 6],
     lambda b: _shape(b, b.items()[0])),
    (16, "Offsets are what is left of the media", [6, 14],
     lambda b: [b.call(f"TimelineItem.Get{side}Offset", b.items()[0]) for side in
                ("Left", "Right")]),
    (11, "A sequence counts as its files do", ["1001", "30", True], _media),
    (5, "An overlapping append is dropped, and a ghost comes back", [0, None], _overlap),
    (7, "An empty track lists as None", None, _empty_track),
    (3, "Timeline markers are relative; one a frame", [True, False, [5.0]], _marker),
    (9, "A locked track takes nothing", 0, _locked),
    (12, "EXR half ZIP is offered by this id", True, _codec),
    (8, "Off the Deliver page no job is added", "", _off_deliver),
    (36, "A job in the queue tells its folder, name and marks", [True] * 4, _job_tells),
    (18, "Takes: none, then the original and the new one; the end counts",
     [0, 2, [0, 10, 3], [0, 10, 6]], _takes),
    (31, "A new timeline opens and takes no clips at first", [True, 0], _fresh),
    (19, "Input Color Space is refused in an unmanaged project", False, _input_space),
    (15, "A range of the timeline as graded has as many files", 3, _graded),
    (3, "Marks are relative, and the last counts", [2, 5], _marks),
    (22, "A marker's custom data and third-party metadata hold our job id", ["job-7", "job-7"],
     _labels),
    (35, "An imported composition is one more, and keeps the Loader's trim",
     [2, "Backlot conformance", True, True, True, True, 0], _composition),
    (0, "Out and back, bit for bit and frame for frame",
     [[1005, 1018], True, "take", "above", []], _trip),
)  # fmt: skip


def run(resolve: Scripting, folder: Path) -> dict[str, Any]:
    """All checks, in a project of their own. Raises: those of the connection, and Refused."""
    bench = Bench(resolve, folder)
    seen = []
    try:
        for number, says, expected, look in CHECKS:
            try:
                found = look(bench)
            except BacklotError as error:
                found = f"{error.sentence} {error.hint}"
            except Exception as error:  # Resolve's own failures are what is looked for
                found = f"{type(error).__name__}: {error}"
            seen.append(Seen(number, says, expected, found))
    finally:
        bench.close()
    return {
        "resolve": ".".join(map(str, resolve.version)),
        "edition": resolve.edition,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "agree": sum(each.agrees for each in seen),
        "of": len(seen),
        "seen": [vars(each) | {"agrees": each.agrees} for each in seen],
    }


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when everything is as believed, 1 when not, 2 when it could not be looked at."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with tempfile.TemporaryDirectory(prefix="backlot-conformance-") as folder:
            report = run(scripting.connect(), Path(folder))
    except BacklotError as error:
        print(f"{error.sentence} {error.hint}", file=sys.stderr)
        return 2
    Path(given[0]).write_text(json.dumps(report, indent=1, default=str), encoding="utf-8")
    print(f"{report['agree']} of {report['of']} as believed; written to {given[0]}")
    for each in report["seen"]:
        if not each["agrees"]:
            print(f"  {each['number']}: {each['says']}: expected {each['expected']}, "
                  f"saw {each['seen']}")  # fmt: skip
    return 0 if report["agree"] == report["of"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
