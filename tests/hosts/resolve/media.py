# ruff: noqa: N802 (the names are Resolve's)
"""The simulated media pool: folders, items, imports."""

from __future__ import annotations

import math
from typing import Any

from backlot_resolve.timecode import Rate

from .model import Markers, Media, Thing, probe

MANAGED = "davinciYRGBColorManagedv2"
# Resolve's name of a space -> the name in the config that renders it
SPACES = {
    "Rec.709 (Scene)": "Camera Rec.709",
    "Rec.709 Gamma 2.4": "Gamma 2.4 Encoded Rec.709",
    "sRGB (Linear)": "Linear Rec.709 (sRGB)",
    "ACEScg": "ACEScg",
    "ACEScct": "ACEScct",
    "ACES (AP0) Linear": "ACES2065-1",
    "DaVinci WG": "DaVinci Intermediate WideGamut",
    "ARRI LogC3": "ARRI LogC3 (EI800)",
}
COLORS = "Orange Apricot Yellow Lime Olive Green Teal Navy Blue Purple Violet Pink Tan Beige"
COLORS += " Brown Chocolate"


class Folder(Thing):
    owner = "Folder"

    def __init__(self, resolve: Any, name: str) -> None:
        super().__init__(resolve)
        self.name = name
        self.folders: list[Folder] = []
        self.items: list[MediaPoolItem] = []

    def GetName(self) -> str:
        return self.name

    def GetSubFolderList(self) -> list[Folder]:
        return list(self.folders)

    def GetClipList(self) -> list[MediaPoolItem]:
        return list(self.items)

    def walk(self) -> list[Folder]:
        return [self, *(f for folder in self.folders for f in folder.walk())]


class MediaPoolItem(Thing, Markers):
    owner = "MediaPoolItem"

    def __init__(self, resolve: Any, name: str, media: Media | None, kind: str = "Video") -> None:
        super().__init__(resolve)
        self.name, self.media, self.kind = name, media, kind
        self.timeline: Any = None
        self.properties: dict[str, str] = {}
        self.metadata: dict[str, str] = {}
        self.third: dict[str, str] = {}
        self.markers: dict[int, dict[str, Any]] = {}
        self.color = ""

    def GetName(self) -> str:
        return self.name

    def GetMediaId(self) -> str:
        return f"media-{self.key}"

    def _all(self) -> dict[str, str]:
        found = {"Clip Name": self.name, "Type": self.kind, "File Path": "", "Usage": "0"}
        found |= {"Online Status": "Online", "Input Color Space": "", "IDT": "", "Reel Name": ""}
        found |= {"Alpha mode": "None"}
        if self.media:
            media, rate = self.media, self.media.rate
            last = media.first + media.count - 1
            found |= {
                "File Path": media.shown,
                "File Name": media.shown.rpartition("/")[2],
                "FPS": str(rate).removesuffix(" DF"),
                "Drop frame": "1" if rate.drop else "0",
                "Frames": str(media.count),
                "Start": str(media.first),
                "End": str(last),
                "Start TC": rate.timecode(media.start_timecode),
                "End TC": rate.timecode(media.start_timecode + media.count),
                "Duration": rate.timecode(media.count),
                "Resolution": f"{media.width}x{media.height}",
                "Format": media.codec,
                "Video Codec": media.codec,
                "PAR": "Square",
                "Bit Depth": "16",
                "Online Status": "Offline" if len(media.missing) == media.count else "Online",
            }
        return found | self.properties

    def GetClipProperty(self, name: str = "") -> Any:
        return self._all().get(name, "") if name else self._all()

    def SetClipProperty(self, name: str, value: str) -> bool:
        mode = self.resolve.project.settings["colorScienceMode"]
        if name == "Input Color Space":
            if mode != MANAGED or value not in self.resolve.color_spaces:
                return False
        elif name == "IDT":
            if not mode.startswith("aces"):
                return False
        elif name == "Reel Name":
            return True  # says so and does nothing (C)
        elif name == "Start TC":
            if not self.media:
                return False
            self.media.start_timecode = self.media.rate.frame(str(value))
            return True
        elif name == "FPS" and self.media:
            self.media.rate = Rate.parse(value, self.media.rate.drop)
            return True
        elif name not in self._all():
            return False
        if name == "Clip Name":
            self.name = value
        self.properties[name] = str(value)
        return True

    def GetMetadata(self, name: str = "") -> Any:
        return self.metadata.get(name, "") if name else dict(self.metadata)

    def SetMetadata(self, name: Any, value: str = "") -> bool:
        self.metadata.update(name if isinstance(name, dict) else {name: value})
        return True

    def GetThirdPartyMetadata(self, name: str = "") -> Any:
        return self.third.get(name, "") if name else dict(self.third)

    def SetThirdPartyMetadata(self, name: Any, value: str = "") -> bool:
        self.third.update(name if isinstance(name, dict) else {name: value})
        return True

    def SetClipColor(self, color: str) -> bool:
        if color not in COLORS.split():
            return False
        self.color = color
        return True

    def GetClipColor(self) -> str:
        return self.color

    def ReplaceClip(self, path: str) -> bool:
        assert self.media is not None
        found = probe(path, None, None, self.media.rate)
        if found is None:
            return False
        self.media = found
        return True


class MediaPool(Thing):
    owner = "MediaPool"

    def __init__(self, resolve: Any, project: Any) -> None:
        super().__init__(resolve)
        self.project = project
        self.root = Folder(resolve, "Master")
        self.current = self.root
        self.selected: list[MediaPoolItem] = []

    def GetRootFolder(self) -> Folder:
        return self.root

    def GetCurrentFolder(self) -> Folder:
        return self.current

    def SetCurrentFolder(self, folder: Folder) -> bool:
        if folder not in self.root.walk():
            return False
        self.current = folder
        return True

    def AddSubFolder(self, parent: Folder, name: str) -> Folder | None:
        if any(folder.name == name for folder in parent.folders):
            return None
        parent.folders.append(Folder(self.resolve, name))
        self.current = parent.folders[-1]
        return self.current

    def DeleteFolders(self, folders: list[Folder]) -> bool:
        for parent in self.root.walk():
            parent.folders = [f for f in parent.folders if f not in folders]
        return True

    def GetSelectedClips(self) -> list[MediaPoolItem] | None:
        return list(self.selected) or None

    def ImportMedia(self, given: list[Any]) -> list[MediaPoolItem]:
        made = []
        rate = Rate.parse(self.project.settings["timelineFrameRate"])
        for entry in given:
            if isinstance(entry, dict):
                media = probe(
                    entry["FilePath"], entry.get("StartIndex"), entry.get("EndIndex"), rate
                )
            else:
                media = probe(entry, None, None, rate)
            if media:
                item = MediaPoolItem(self.resolve, media.shown.rpartition("/")[2], media)
                self.current.items.append(item)
                made.append(item)
        return made

    def DeleteClips(self, clips: list[MediaPoolItem]) -> bool:
        for folder in self.root.walk():
            folder.items = [item for item in folder.items if item not in clips]
        for timeline in self.project.timelines:
            for track in timeline.tracks:
                track.items = [i for i in track.items if i.media_item not in clips]
        return True

    def MoveClips(self, clips: list[MediaPoolItem], target: Folder) -> bool:
        for folder in self.root.walk():
            folder.items = [item for item in folder.items if item not in clips]
        target.items.extend(clips)
        return True

    def CreateEmptyTimeline(self, name: str) -> Any:
        from .timeline import Timeline

        if any(t.name == name for t in self.project.timelines):
            return None
        timeline = Timeline(self.resolve, self.project, name)
        timeline.fresh = True
        self.project.adopt(timeline, self.current)
        self.project.current = timeline
        return timeline

    def DeleteTimelines(self, timelines: list[Any]) -> bool:
        if any(t is self.project.current for t in timelines):
            return False
        for timeline in timelines:
            self.project.timelines.remove(timeline)
            for folder in self.root.walk():
                folder.items = [i for i in folder.items if i.timeline is not timeline]
        return True

    def AppendToTimeline(self, *given: Any) -> list[Any]:
        entries = given[0] if len(given) == 1 and isinstance(given[0], list) else list(given)
        if len(given) == 1 and isinstance(given[0], dict):
            self.resolve.freeze()  # F: a bare dict can freeze Resolve
        timeline = self.project.current
        if timeline is None or timeline.fresh:
            return []
        return [self._append(timeline, e if isinstance(e, dict) else {"mediaPoolItem": e})
                for e in entries]  # fmt: skip

    def _append(self, timeline: Any, entry: dict[str, Any]) -> Any:
        from .timeline import TimelineItem

        item: MediaPoolItem = entry["mediaPoolItem"]
        index = int(entry.get("trackIndex", 1))
        tracks = timeline.of("video")
        media = item.media
        if not 1 <= index <= len(tracks) or tracks[index - 1].locked or media is None:
            return None
        track = tracks[index - 1]
        first = entry.get("startFrame", media.first)
        end = entry.get("endFrame", media.first + media.count)
        span = end - first
        ratio = media.rate.fps / timeline.rate.fps
        duration = math.floor(span / ratio)
        start = int(entry.get("recordFrame", timeline.end()))
        made = TimelineItem(self.resolve, timeline, item, start, duration, first - media.first)
        made.frozen = first < media.first
        overlaps = any(i.start < start + duration and start < i.start + i.length
                       for i in track.items)  # fmt: skip
        if overlaps or duration < 1:
            made.ghost = True
        else:
            track.items.append(made)
            track.items.sort(key=lambda i: i.start)
        return made
