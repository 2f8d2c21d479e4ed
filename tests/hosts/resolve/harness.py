"""Start the simulator, build a project in it from real files, and play its user."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813

ROOT = Path(__file__).parents[3]
API = Path(__file__).parent / "scripting"


def plate(
    folder: Path,
    name: str,
    numbers: range,
    size: tuple[int, int] = (64, 36),
    alpha: bool = False,
) -> str:
    """An EXR sequence of half floats with values below 0 and above 1; every frame and pixel
    differs. alpha: a box of it. Returns the printf pattern."""
    folder.mkdir(parents=True, exist_ok=True)
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for number in numbers:
        pixels = np.stack([x / width * 4 - 0.1, y / height, np.full_like(x, number % 97 / 50)], 2)
        pixels[number % height, :, 1] = 12.5
        if alpha:
            cover = np.zeros((height, width, 1), np.float32)
            cover[height // 4 : height // 2, width // 4 : width // 2] = 1.0
            pixels = np.concatenate([pixels * cover, cover], 2)
        spec = oiio.ImageSpec(width, height, pixels.shape[2], "half")
        spec.attribute("compression", "zip")
        out = oiio.ImageOutput.create(str(folder / f"{name}.{number:04d}.exr"))
        out.open(str(folder / f"{name}.{number:04d}.exr"), spec)
        out.write_image(np.ascontiguousarray(pixels))
        out.close()
    return str(folder / f"{name}.%04d.exr")


class Simulator:
    """One running simulator; `do` plays its user."""

    def __init__(self, folder: Path, **profile: Any) -> None:
        self.path = str(folder / "resolve.sock")
        profile.setdefault("version", "21.0")
        profile.setdefault("own", str(folder / "own"))
        paths = [ROOT, ROOT / "core", ROOT / "plugins" / "resolve"]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, paths)))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.hosts.resolve.server", self.path, json.dumps(profile)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == "ready"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(self.path)
        self._file = self._socket.makefile("rw")

    def do(self, code: str) -> Any:
        """Run statements, or give the value of an expression, inside the application."""
        self._file.write(json.dumps(["do", textwrap.dedent(code)]) + "\n")
        self._file.flush()
        answer = json.loads(self._file.readline())
        if "error" in answer:
            raise RuntimeError(": ".join(answer["error"]))
        return _plain(answer["ok"])

    def state(self) -> dict[str, Any]:
        self.do("from tests.hosts.resolve.state import dump")
        found: dict[str, Any] = self.do("dump(resolve)")
        return found

    def fault(self, **fault: Any) -> None:
        self.do(f"app.faults.append({fault!r})")

    def close(self) -> None:
        self._socket.close()
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and "#" in value:
        return {_plain(k): _plain(v) for k, v in value["#"]}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value


def scene(simulator: Simulator, pattern: str, first: int, count: int, **changes: Any) -> None:
    """One timeline "Edit" with two tracks: clips A (10 frames, 6 in) and B on V1, C above B.

    changes: project settings, by name.
    """
    simulator.do(f"""
from backlot_resolve.timecode import Rate
from tests.hosts.resolve.media import MediaPoolItem
from tests.hosts.resolve.model import Media
from tests.hosts.resolve.timeline import Timeline, TimelineItem, Track
project = resolve.project
project.settings.update({changes!r})
rate = Rate.parse(project.settings["timelineFrameRate"],
                  project.settings["timelineDropFrameTimecode"] == "1")
media = Media({pattern!r}, {first}, {count}, rate, 64, 36, rate.frame("02:00:00:00"))
source = MediaPoolItem(resolve, "A001_C003.exr", media)
project.pool.root.items.append(source)
timeline = Timeline(resolve, project, "Edit")
project.adopt(timeline, project.pool.root)
project.current = timeline
start = timeline.start
timeline.tracks.append(Track("Video 2"))
a = TimelineItem(resolve, timeline, source, start + 4, 10, 6)
b = TimelineItem(resolve, timeline, source, start + 14, 8, 2)
c = TimelineItem(resolve, timeline, source, start + 16, 4, 12)
timeline.tracks[0].items += [a, b]
timeline.tracks[1].items.append(c)
timeline.playhead = start + 6
timeline.marks = {{"in": 5, "out": 9}}
timeline.AddMarker(8, "Blue", "note", "", 1, "")
project.SetRenderSettings({{"CustomName": "final"}})
""")
