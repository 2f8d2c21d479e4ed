# ruff: noqa: N802 (the names are Resolve's)
"""The simulated timeline: tracks, items, takes, markers."""

from __future__ import annotations

import math
from typing import Any

from backlot_resolve.timecode import Rate

from .fusion import Compositions
from .model import Markers, Thing

PROPERTIES: dict[str, Any] = {
    "Pan": 0.0,
    "Tilt": 0.0,
    "ZoomX": 1.0,
    "ZoomY": 1.0,
    "ZoomGang": True,
    "RotationAngle": 0.0,
    "CropLeft": 0.0,
    "CropRight": 0.0,
    "CropTop": 0.0,
    "CropBottom": 0.0,
    "FlipX": False,
    "FlipY": False,
    "Opacity": 100.0,
    "CompositeMode": 0,
    "Distortion": 0.0,
    "RetimeProcess": 0,
    "MotionEstimation": 0,
    "Scaling": 0,
    "ResizeFilter": 0,
}


class Track:
    def __init__(self, name: str) -> None:
        self.name = name
        self.enabled, self.locked = True, False
        self.items: list[TimelineItem] = []


class TimelineItem(Thing, Markers, Compositions):
    """start, length: on the timeline. left: media frames before the first visible one."""

    owner = "TimelineItem"

    def __init__(
        self, resolve: Any, timeline: Any, media_item: Any, start: int, length: int, left: int
    ) -> None:
        super().__init__(resolve)
        self.timeline, self.media_item = timeline, media_item
        self.start, self.length, self.left = start, length, left
        self.speed = 1.0
        self.name = media_item.name if media_item else "Generator"
        self.enabled, self.ghost, self.frozen = True, False, False
        self.properties = dict(PROPERTIES)
        self.gain = 1.0  # stands for the whole grade
        self.markers: dict[int, dict[str, Any]] = {}
        self.color = ""
        self.takes: list[tuple[Any, int, int]] = []
        self.selected = 0
        self.errored = False
        self.comps: dict[str, str] = {}
        self.comp = ""

    @property
    def ratio(self) -> float:
        if not self.media_item or not self.media_item.media:
            return 1.0
        return float(self.media_item.media.rate.fps / self.timeline.rate.fps)

    def GetName(self) -> str:
        return self.name

    def GetStart(self, subframe: bool = False) -> int:
        return self.start

    def GetEnd(self, subframe: bool = False) -> int:
        return self.start + self.length

    def GetDuration(self, subframe: bool = False) -> int:
        return self.length

    def GetLeftOffset(self, subframe: bool = False) -> int:
        return int(self.left / self.speed)

    def GetRightOffset(self, subframe: bool = False) -> int:
        media = self.media_item.media if self.media_item else None
        return int(media.count - self.left - self.length * self.ratio) if media else 0

    def GetSourceStartFrame(self) -> int:
        return self.left

    def GetSourceEndFrame(self) -> int:
        end = self.left + math.floor(self.length * self.ratio * self.speed)
        return end if self.ratio == 1 else end - 1

    def _seconds(self, frames: float) -> float | None:
        media = self.media_item.media if self.media_item else None
        if media is None:
            return None
        return round((media.start_timecode + frames) / float(media.rate.fps), 4)

    def GetSourceStartTime(self) -> float | None:
        return self._seconds(self.left)

    def GetSourceEndTime(self) -> float | None:
        return self._seconds(self.left + self.length * self.ratio * self.speed)

    def GetMediaPoolItem(self) -> Any:
        return self.media_item

    def GetTrackTypeAndIndex(self) -> list[Any]:
        for index, track in enumerate(self.timeline.of("video"), 1):
            if self in track.items:
                return ["video", index]
        return []

    def GetClipEnabled(self) -> bool:
        return self.enabled

    def SetClipEnabled(self, enabled: bool) -> bool:
        self.enabled = bool(enabled)
        return True

    def GetProperty(self, name: str = "") -> Any:
        if not self.media_item:
            return {} if not name else None
        return self.properties.get(name) if name else dict(self.properties)

    GetProperties = GetProperty

    def SetProperty(self, name: str, value: Any) -> bool:
        if name not in PROPERTIES:
            return False
        self.properties[name] = value
        return True

    def GetClipColor(self) -> str:
        return self.color

    def SetClipColor(self, color: str) -> bool:
        from .media import COLORS

        if color not in COLORS.split():
            return False
        if self.media_item:  # on generators it says so and does nothing (C)
            self.color = color
        return True

    def CopyGrades(self, targets: list[Any]) -> bool:
        for target in targets:
            target.gain = self.gain
        return True

    def GetTakesCount(self) -> int:
        return len(self.takes)

    def GetSelectedTakeIndex(self) -> int:
        return self.selected

    def GetTakeByIndex(self, index: int) -> dict[str, Any] | None:
        if not 1 <= index <= len(self.takes):
            return None
        item, start, end = self.takes[index - 1]
        return {"mediaPoolItem": item, "startFrame": start, "endFrame": end}

    def AddTake(
        self, media_item: Any, start: float | None = None, end: float | None = None
    ) -> bool:
        if self.locked() or not media_item.media or self.resolve.profile.get("headless"):
            return False
        if not self.takes:
            self.takes = [(self.media_item, self.left, self.left + self.length - 1)]
            self.selected = 1
        count = media_item.media.count
        self.takes.append((media_item, int(start or 0), count - 1 if end is None else int(end)))
        self.SelectTakeByIndex(len(self.takes))
        return True

    def SelectTakeByIndex(self, index: int) -> bool:
        if not 1 <= index <= len(self.takes) or self.locked():
            return False
        self.selected = int(index)
        self.media_item, self.left, _ = self.takes[self.selected - 1]
        return True

    def DeleteTakeByIndex(self, index: int) -> bool:
        if not 1 <= index <= len(self.takes):
            return False
        del self.takes[int(index) - 1]
        if not self.takes:
            self.selected = 0
        elif self.selected >= index:
            self.SelectTakeByIndex(max(1, self.selected - 1))
        return True

    def FinalizeTake(self) -> bool:
        self.takes, self.selected = [], 0
        return True

    def locked(self) -> bool:
        return any(self in track.items and track.locked for track in self.timeline.tracks)


class Timeline(Thing, Markers):
    owner = "Timeline"

    def __init__(self, resolve: Any, project: Any, name: str) -> None:
        super().__init__(resolve)
        self.project, self.name = project, name
        self.rate = Rate.parse(project.settings["timelineFrameRate"],
                               project.settings["timelineDropFrameTimecode"] == "1")  # fmt: skip
        self.start = self.rate.frame("01:00:00:00")
        self.width = int(project.settings["timelineResolutionWidth"])
        self.height = int(project.settings["timelineResolutionHeight"])
        self.tracks = [Track("Video 1")]
        self.markers: dict[int, dict[str, Any]] = {}
        self.marks: dict[str, int] = {}
        self.playhead = self.start
        self.selection: list[TimelineItem] = []
        self.fresh = False
        self.settings: dict[str, str] = {}

    def of(self, kind: str) -> list[Track]:
        return self.tracks if kind == "video" else []

    def end(self) -> int:
        return max((i.start + i.length for t in self.tracks for i in t.items), default=self.start)

    def GetName(self) -> str:
        return self.name

    def SetName(self, name: str) -> bool:
        self.name = name
        return True

    def GetStartFrame(self) -> int:
        return self.start

    def GetEndFrame(self) -> int:
        return self.end()

    def GetStartTimecode(self) -> str:
        return self.rate.timecode(self.start)

    def SetStartTimecode(self, timecode: str) -> bool:
        moved = self.rate.frame(timecode) - self.start
        self.start += moved
        self.playhead += moved
        for track in self.tracks:
            for item in track.items:
                item.start += moved
        return True

    def GetCurrentTimecode(self) -> str:
        return self.rate.timecode(self.playhead)

    def SetCurrentTimecode(self, timecode: str) -> bool:
        if self.resolve.page not in ("cut", "edit", "color", "fairlight", "deliver"):
            return False
        self.playhead = self.rate.frame(timecode)
        return True

    def GetCurrentVideoItem(self) -> TimelineItem | None:
        for track in reversed(self.tracks):
            for item in track.items:
                if track.enabled and item.start <= self.playhead < item.start + item.length:
                    return item
        return None

    def GetSelectedClips(self) -> list[TimelineItem] | None:
        return list(self.selection) or None

    def GetTrackCount(self, kind: str) -> int:
        return len(self.of(kind))

    def AddTrack(self, kind: str, options: Any = None) -> bool:
        if kind != "video":
            raise NotImplementedError(kind)
        index = options.get("index") if isinstance(options, dict) else None
        at = int(index) - 1 if index and 1 <= index <= len(self.tracks) else len(self.tracks)
        self.tracks.insert(at, Track(f"Video {len(self.tracks) + 1}"))
        return True

    def DeleteTrack(self, kind: str, index: int) -> bool:
        if not 1 <= index <= len(self.of(kind)):
            return False
        del self.tracks[index - 1]
        return True

    def _track(self, kind: str, index: int) -> Track | None:
        tracks = self.of(kind)
        return tracks[int(index) - 1] if 1 <= index <= len(tracks) else None

    def GetTrackName(self, kind: str, index: int) -> str:
        track = self._track(kind, index)
        return track.name if track else ""

    def SetTrackName(self, kind: str, index: int, name: str) -> bool:
        track = self._track(kind, index)
        if track:
            track.name = name
        return track is not None

    def GetIsTrackEnabled(self, kind: str, index: int) -> bool:
        track = self._track(kind, index)
        return bool(track and track.enabled)

    def SetTrackEnable(self, kind: str, index: int, enabled: bool) -> bool:
        track = self._track(kind, index)
        if track:
            track.enabled = bool(enabled)
        return track is not None

    def GetIsTrackLocked(self, kind: str, index: int) -> bool:
        track = self._track(kind, index)
        return bool(track and track.locked)

    def SetTrackLock(self, kind: str, index: int, locked: bool) -> bool:
        track = self._track(kind, index)
        if track:
            track.locked = bool(locked)
        return track is not None

    def GetItemListInTrack(self, kind: str, index: int) -> list[TimelineItem] | None:
        track = self._track(kind, index)
        return list(track.items) if track and track.items else None

    def DeleteClips(self, items: list[TimelineItem], ripple: bool = False) -> bool:
        if self.resolve.page == "fairlight" or any(item.locked() for item in items):
            return False
        for track in self.tracks:
            track.items = [item for item in track.items if item not in items]
        return True

    def GetMarkInOut(self) -> dict[str, Any]:
        return {"video": dict(self.marks)} if self.marks else {}

    def SetMarkInOut(self, first: int, last: int, kind: str = "all") -> bool:
        self.marks = {"in": int(first), "out": int(last)}
        return True

    def ClearMarkInOut(self, kind: str = "all") -> bool:
        self.marks = {}
        return True

    def DuplicateTimeline(self, name: str = "") -> Timeline:
        copy = Timeline(self.resolve, self.project, name or f"{self.name} copy")
        copy.rate, copy.start, copy.playhead = self.rate, self.start, self.playhead
        copy.width, copy.height = self.width, self.height
        copy.settings, copy.marks = dict(self.settings), dict(self.marks)
        copy.tracks = []
        for track in self.tracks:
            other = Track(track.name)
            other.enabled, other.locked = track.enabled, track.locked
            for item in track.items:
                twin = TimelineItem(
                    self.resolve, copy, item.media_item, item.start, item.length, item.left
                )
                twin.properties, twin.gain = dict(item.properties), item.gain
                twin.enabled, twin.speed, twin.name = item.enabled, item.speed, item.name
                other.items.append(twin)
            copy.tracks.append(other)
        self.project.adopt(copy, self.project.pool.current)
        self.project.current = copy
        return copy

    def GetSetting(self, name: str = "") -> Any:
        found = dict(self.project.settings)
        found |= {
            "timelineFrameRate": str(float(str(self.rate).removesuffix(" DF"))),
            "timelineDropFrameTimecode": "1" if self.rate.drop else "0",
            "timelineResolutionWidth": str(self.width),
            "timelineResolutionHeight": str(self.height),
        }
        found |= {"useCustomSettings": "0"} | self.settings
        return found.get(name, "") if name else found

    def SetSetting(self, name: str, value: str) -> bool:
        if name == "useCustomSettings":
            self.settings[name] = str(value)
            return True
        if self.settings.get("useCustomSettings") != "1":
            return False
        if name == "timelineResolutionWidth":
            self.width = int(value)
        elif name == "timelineResolutionHeight":
            self.height = int(value)
        elif name == "timelineFrameRate":
            if any(track.items for track in self.tracks):
                return False
            seconds = self.start / self.rate.nominal
            self.rate = Rate.parse(value, self.rate.drop)
            self.start = self.playhead = round(seconds * self.rate.nominal)
        elif name in self.project.settings:
            self.settings[name] = str(value)
        else:
            return False
        return True
