# ruff: noqa: N802 (the names are Resolve's)
"""The simulated application, its projects and its render queue."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from .media import MANAGED, SPACES, MediaPool, MediaPoolItem
from .model import NotModelled, Thing

PAGES = ("media", "photo", "cut", "edit", "fusion", "color", "fairlight", "deliver")
EXR = {
    f"RGB {depth.lower()}{f' ({kind})' if kind else ''}": f"RGB{depth}{kind}"
    for depth in ("Half", "Float")
    for kind in ("", "RLE", "ZIP", "PIZ", "DWAA", "DWAB")
}
FORMATS = {"EXR": "exr", "DPX": "dpx", "QuickTime": "mov"}
CODECS = {
    "exr": EXR,
    "dpx": {"RGB 10 bits": "RGB10"},
    "mov": {"Apple ProRes 422 HQ": "ProRes422HQ"},
}
WORDS = {
    "en": {"ready": "Ready", "run": "Rendering", "done": "Complete", "stop": "Cancelled",
           "fail": "Failed"},
    "zh": {"ready": "就绪", "run": "渲染中", "done": "完成", "stop": "已取消", "fail": "失败"},
}  # fmt: skip
RENDER_KEYS = {
    "SelectAllFrames",
    "MarkIn",
    "MarkOut",
    "TargetDir",
    "CustomName",
    "UniqueFilenameStyle",
    "ExportVideo",
    "ExportAudio",
    "FormatWidth",
    "FormatHeight",
    "FrameRate",
    "PixelAspectRatio",
    "VideoQuality",
    "ColorSpaceTag",
    "GammaTag",
    "ExportAlpha",
    "AlphaMode",
    "EncodingProfile",
    "ClipStartFrame",
    "TimelineStartTimecode",
    "ReplaceExistingFilesInPlace",
}
SETTINGS = {
    "timelineFrameRate": "24",
    "timelineDropFrameTimecode": "0",
    "timelineResolutionWidth": "64",
    "timelineResolutionHeight": "36",
    "colorScienceMode": "davinciYRGB",
    "colorSpaceInput": "Rec.709 Gamma 2.4",
    "colorSpaceTimeline": "Rec.709 Gamma 2.4",
    "colorSpaceOutput": "Rec.709 Gamma 2.4",
    "separateColorSpaceAndGamma": "0",
    "inputDRT": "None",
    "outputDRT": "None",
    "superScale": "0",
    "videoDataLevels": "Auto",
}


class Project(Thing):
    owner = "Project"

    def __init__(self, resolve: Any, name: str) -> None:
        super().__init__(resolve)
        self.name = name
        self.settings = dict(SETTINGS)
        self.pool = MediaPool(resolve, self)
        self.timelines: list[Any] = []
        self.current: Any = None
        self.render: dict[str, Any] = {
            "TargetDir": resolve.profile.get("own", "/users/own/folder"),
            "CustomName": "final",
            "FormatWidth": 32,
            "FormatHeight": 18,
        }
        self.format, self.codec, self.mode = "mov", "ProRes422HQ", 1
        self.presets: dict[str, Any] = {}
        self.queue: list[RenderJob] = []
        self.running: list[RenderJob] = []

    def adopt(self, timeline: Any, folder: Any) -> None:
        item = MediaPoolItem(self.resolve, timeline.name, None, "Timeline")
        item.timeline = timeline
        folder.items.append(item)
        self.timelines.append(timeline)

    def GetName(self) -> str:
        return self.name

    def GetMediaPool(self) -> MediaPool:
        return self.pool

    def GetTimelineCount(self) -> int:
        return len(self.timelines)

    def GetTimelineByIndex(self, index: int) -> Any:
        return self.timelines[index - 1] if 1 <= index <= len(self.timelines) else None

    def GetCurrentTimeline(self) -> Any:
        return self.current

    def SetCurrentTimeline(self, timeline: Any) -> bool:
        if timeline not in self.timelines:
            return False
        self.current = timeline
        timeline.fresh = False
        return True

    def GetSetting(self, name: str = "") -> Any:
        return self.settings.get(name, "") if name else dict(self.settings)

    def SetSetting(self, name: str, value: str) -> bool:
        if name not in self.settings:
            return False
        self.settings[name] = str(value)
        return True

    def GetRenderFormats(self) -> dict[str, str]:
        return dict(FORMATS)

    def GetRenderCodecs(self, kind: str) -> dict[str, str]:
        return dict(CODECS.get(kind, {}))

    def GetCurrentRenderFormatAndCodec(self) -> dict[str, str]:
        return {"format": self.format, "codec": self.codec}

    def SetCurrentRenderFormatAndCodec(self, kind: str, codec: str) -> bool:
        if codec not in CODECS.get(kind, {}).values():
            return False
        self.format, self.codec = kind, codec
        return True

    def GetCurrentRenderMode(self) -> int:
        return self.mode

    def SetCurrentRenderMode(self, mode: int) -> bool:
        self.mode = int(mode)
        return True

    def SetRenderSettings(self, given: dict[str, Any]) -> bool:
        for name, value in given.items():
            if name in RENDER_KEYS:
                self.render[name] = value
        if self.current and {"MarkIn", "MarkOut"} & set(given):
            start = self.current.start
            self.current.marks = {
                "in": int(self.render.get("MarkIn", start)) - start,
                "out": int(self.render.get("MarkOut", start)) - start,
            }
        return True

    def GetRenderPresetList(self) -> list[str]:
        return ["H.264 Master", *self.presets]

    def SaveAsNewRenderPreset(self, name: str) -> bool:
        if name in self.presets:
            return False
        kept = {k: v for k, v in self.render.items() if k not in ("MarkIn", "MarkOut")}
        self.presets[name] = (kept, self.format, self.codec, self.mode)
        return True

    def LoadRenderPreset(self, name: str) -> bool:
        if name not in self.presets:
            return False
        kept, self.format, self.codec, self.mode = self.presets[name]
        self.render = dict(kept)
        return True

    def DeleteRenderPreset(self, name: str) -> bool:
        return self.presets.pop(name, None) is not None

    def AddRenderJob(self) -> str:
        headless = self.resolve.profile.get("headless")
        if not self.current or (self.resolve.page != "deliver" and not headless):
            return ""
        job = RenderJob(self)
        self.queue.append(job)
        return job.id

    def DeleteRenderJob(self, identity: str) -> bool:
        before = len(self.queue)
        self.queue = [job for job in self.queue if job.id != identity]
        return len(self.queue) < before

    def GetRenderJobList(self) -> list[dict[str, Any]]:
        return [{"JobId": job.id, "TimelineName": job.timeline.name, **job.settings}
                for job in self.queue]  # fmt: skip

    def GetRenderJobStatus(self, identity: str) -> Any:
        job = next((job for job in self.queue if job.id == identity), None)
        return job.status() if job else {}

    def StartRendering(self, *given: Any) -> bool:
        names = given[0] if given and isinstance(given[0], list) else list(given)
        jobs = [job for job in self.queue if job.id in names]
        if not jobs or self.IsRenderingInProgress():
            return False
        self.running = jobs
        threading.Thread(target=_work, args=(jobs,), daemon=True).start()
        return True

    def StopRendering(self) -> None:
        for job in self.running:
            job.stop.set()

    def IsRenderingInProgress(self) -> bool:
        return self.resolve.user_renders or any(job.state == "run" for job in self.running)


class RenderJob:
    def __init__(self, project: Project) -> None:
        self.project, self.timeline = project, project.current
        self.settings = dict(project.render)
        self.format, self.codec = project.format, project.codec
        self.id = f"job-{len(project.queue)}-{time.monotonic_ns()}"
        self.state, self.done, self.error = "ready", 0, ""
        self.stop = threading.Event()
        first, end = self.timeline.start, self.timeline.end()
        if not self.settings.get("SelectAllFrames", True):
            first = int(self.settings.get("MarkIn", first))
            end = int(self.settings.get("MarkOut", end - 1)) + 1
        self.range = range(first, end)

    def status(self) -> Any:
        words = WORDS[self.project.resolve.language]
        percent = round(100 * self.done / max(1, len(self.range)))
        status = {"JobStatus": words[self.state], "CompletionPercentage": percent}
        if self.state == "done":
            status["TimeTakenToRenderInMs"] = 40
        if self.state == "fail":
            status["Error"] = self.error
        return status

    def render(self) -> None:
        self.state = "run"
        try:
            self._write()
            self.state = "stop" if self.stop.is_set() else "done"
        except Exception as error:
            self.state, self.error = "fail", str(error)

    def _write(self) -> None:
        from . import fusion, pixels

        resolve = self.project.resolve
        if self.format != "exr":
            raise NotModelled(f"rendering to {self.format}")
        folder = Path(self.settings["TargetDir"])
        folder.mkdir(parents=True, exist_ok=True)
        for number in self.range:
            if self.stop.is_set():
                return
            if resolve.render_error:
                raise RuntimeError(resolve.render_error)
            for track in self.timeline.tracks:
                for item in track.items:
                    if item.comp and item.start <= number < item.start + item.length:
                        fusion.check(item.comps[item.comp])
            time.sleep(resolve.frame_seconds)
            name = f"{self.settings['CustomName']}{number:08d}.exr"
            pixels.write(
                folder / name,
                pixels.resized(
                    pixels.frame(self.timeline, number),
                    int(self.settings.get("FormatWidth") or self.timeline.width),
                    int(self.settings.get("FormatHeight") or self.timeline.height),
                ),
                self.codec,
                bool(self.settings.get("ExportAlpha")),
                self.timeline.rate.timecode(number),
            )
            self.done += 1


def _work(jobs: list[RenderJob]) -> None:
    for job in jobs:
        job.render()


class ProjectManager(Thing):
    owner = "ProjectManager"

    def GetCurrentProject(self) -> Any:
        return self.resolve.project

    def CreateProject(self, name: str, location: str = "") -> Any:
        if name in self.resolve.projects:
            return None
        self.resolve.projects[name] = self.resolve.project = Project(self.resolve, name)
        return self.resolve.project

    def LoadProject(self, name: str) -> Any:
        if name not in self.resolve.projects:
            return None
        self.resolve.project = self.resolve.projects[name]
        return self.resolve.project

    def DeleteProject(self, name: str) -> bool:
        if name == self.resolve.project.name:
            return False
        return self.resolve.projects.pop(name, None) is not None

    def SaveProject(self) -> bool:
        for timeline in self.resolve.project.timelines:
            for track in timeline.tracks:
                track.items = [item for item in track.items if not item.errored]
        return True


class Resolve(Thing):
    """The application. profile: version ("20.3"), studio, language ("en" or "zh"), headless."""

    owner = "Resolve"

    def __init__(self, profile: dict[str, Any]) -> None:
        self.things: dict[str, Thing] = {}
        super().__init__(self)
        self.profile = profile
        self.language = profile.get("language", "en")
        self.page = profile.get("page", "edit")
        self.color_spaces = set(SPACES)
        self.frame_seconds = 0.0
        self.render_error = ""
        self.user_renders = False
        self.open = threading.Event()
        self.open.set()
        self.manager = ProjectManager(self)
        self.project: Any = Project(self, "Untitled")
        self.projects: dict[str, Any] = {self.project.name: self.project}

    def freeze(self) -> None:
        self.open.clear()

    def GetProjectManager(self) -> ProjectManager:
        return self.manager

    def GetCurrentProject(self) -> Any:
        return self.project

    def GetCurrentTimeline(self) -> Any:
        return self.project.current

    def GetProductName(self) -> str:
        return "DaVinci Resolve Studio" if self.profile.get("studio", True) else "DaVinci Resolve"

    def IsStudio(self) -> bool:
        return bool(self.profile.get("studio", True))

    def GetVersion(self) -> list[Any]:
        major, minor = self.profile["version"].split(".")[:2]
        return [int(major), int(minor), 0, 9, ""]

    def GetVersionString(self) -> str:
        return f"{self.profile['version']}.0.0009"

    def GetCurrentPage(self) -> Any:
        return None if self.profile.get("headless") else self.page

    def OpenPage(self, page: str) -> bool:
        if page not in PAGES or self.profile.get("headless"):
            return False
        self.page = page
        return True


def managed(project: Project, source: str, timeline: str, output: str) -> None:
    """Switch a project to colour management, as its settings dialog would."""
    project.settings |= {
        "colorScienceMode": MANAGED,
        "colorSpaceInput": source,
        "colorSpaceTimeline": timeline,
        "colorSpaceOutput": output,
    }
