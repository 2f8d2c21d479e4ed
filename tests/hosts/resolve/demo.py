"""A project with named clips on two tracks, for screenshots and for trying the panel by hand.

python -m tests.hosts.resolve.demo      # starts the simulator, prints the environment to set
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from .harness import API, ROOT, Simulator

SHOTS = (
    ("A003_C012_0921QK.[1001-1008].exr", 1, 0, 8, 0),
    ("A003_C014_0921RT.[1001-1008].exr", 1, 8, 6, 1),
    ("B001_C002_0921ZZ.[1001-1008].exr", 1, 14, 7, 0),
    ("A004_C001_0922AB.[1001-1008].exr", 1, 22, 8, 0),
    ("roto_v004.[1001-1008].exr", 2, 0, 8, 0),
    ("A004_C006_0922XK.[1001-1008].exr", 2, 16, 4, 2),
)


def build(simulator: Simulator, folder: Path | None = None) -> None:
    """The shots above, over the example plate and its roto."""
    examples = folder or ROOT / "examples" / "astronaut"
    simulator.do("""
from backlot_resolve.timecode import Rate
from tests.hosts.resolve.media import MediaPoolItem
from tests.hosts.resolve.model import probe
from tests.hosts.resolve.timeline import Timeline, TimelineItem, Track
project = resolve.project
project.name = "Northern Line"
rate = Rate.parse("24")
timeline = Timeline(resolve, project, "Reel 2 v07")
project.adopt(timeline, project.pool.root)
project.current = timeline
timeline.tracks.append(Track("Video 2"))
""")
    for name, track, start, length, left in SHOTS:
        kind = "roto" if name.startswith("roto") else "plate"
        pattern = str(examples / f"{kind}.%04d.exr")
        simulator.do(f"""
media = probe({pattern!r}, 1001, 1008, rate)
item = MediaPoolItem(resolve, {name!r}, media)
project.pool.root.items.append(item)
timeline.tracks[{track - 1}].items.append(
    TimelineItem(resolve, timeline, item, timeline.start + {start}, {length}, {left}))
""")
    simulator.do("""
timeline.width, timeline.height = media.width, media.height
timeline.tracks[0].items[2].speed = 2.0
timeline.playhead = timeline.start + 3
timeline.marks = {"in": 2, "out": 18}
timeline.AddMarker(2, "Cyan", "AI", "", 3, "")
timeline.AddMarker(23, "Cyan", "AI", "", 1, "")
timeline.tracks[1].enabled = False
""")


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="backlot-resolve-"))
    simulator = Simulator(folder)
    build(simulator)
    print(f"export BACKLOT_SIMULATOR={simulator.path} RESOLVE_SCRIPT_API={API}")
    print("Ctrl+C ends the simulator.", file=sys.stderr, flush=True)
    try:
        while simulator.process.poll() is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        simulator.close()


if __name__ == "__main__":
    main()
    os._exit(0)
