"""The main job on a real plate: clean the patch off the suit, then upscale, through the server.

And on a rendered shot: a figure taken out of a pan, of which other frames show what is behind it.

Started by `make demo`. It runs a server of its own, so that one that an artist uses is not touched,
and leaves no process behind. Everything it writes lies in demo/.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import backlot
from backlot import local, media
from backlot.report import Take, Update
from backlot.sheet import Tile, displayed, outlined, write_sheet

ROOT = Path(__file__).resolve().parent.parent
PLATE = ROOT / "examples" / "astronaut" / "plate.####.exr"
ROTO = ROOT / "examples" / "astronaut" / "roto.####.exr"
CLOTH = ROOT / "examples" / "astronaut" / "cloth.####.exr"
PAN = ROOT / "examples" / "shots" / "pan" / "plate.####.exr"
FIGURE = PAN.with_name("matte.####.exr")
OUT = ROOT / "demo"
CLEAN = OUT / "clean" / "clean.####.exr"
LARGE = OUT / "large" / "large.####.exr"
EMPTY = OUT / "pan" / "pan.####.exr"
SHOWN, SHOWN_OF_PAN = 1004, 1012
CROP = slice(60, 180), slice(150, 310)  # rows and columns of the plate: the face


def main() -> int:
    console = Console()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="backlot-demo-") as runtime:
        os.environ["BACKLOT_RUNTIME"] = runtime
        os.chmod(runtime, 0o700)
        try:
            with backlot.connect(client="demo") as studio:
                mattes = {"matte": str(ROTO), "texture": str(CLOTH)}
                clean = work(studio, console, "fill", PLATE, CLEAN, grow=2, **mattes)
                large = work(studio, console, "upscale", CLEAN, LARGE, scale=2)
                walk = {"matte": str(FIGURE), "frames": f"{SHOWN_OF_PAN}-{SHOWN_OF_PAN + 1}"}
                empty = work(studio, console, "fill", PAN, EMPTY, grow=4, **walk)
        finally:
            local.stop()
    takes = clean, large, empty
    console.print(table(*takes))
    failed = [frame for take in takes for frame in take.frames if frame.error]
    if failed:
        return 3
    sheet = OUT / "contact_sheet.png"
    draw(sheet)
    names = ", ".join(str(path.relative_to(ROOT)) for path in (CLEAN, LARGE, EMPTY))
    console.print(f"Frames     {names}")
    console.print(f"Sheet      {sheet.relative_to(ROOT)}")
    console.print(f"In all     {time.monotonic() - started:.1f} s; no process is left running.")
    return 0


def work(
    studio: backlot.Studio, console: Console, tool: str, source: Path, out: Path, **given: object
) -> Take:
    """One take, with a progress bar that knows the remaining time."""
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(studio.tool(tool).label, total=8)

        def show(update: Update) -> None:
            bar.update(task, completed=update.finished, total=update.total)

        take: Take = studio.process(
            tool, str(source), str(out), progress=show, force=True, verify=True, **given
        )
        return take


def table(*takes: Take) -> Table:
    shown = Table(title="Finished frames")
    for name in ("frame", "tool", "seconds", "engine", "bit-exact outside the matte"):
        shown.add_column(name, justify="right" if name in ("frame", "seconds") else "left")
    words = {True: "yes", False: "[red]NO", None: "- (every pixel is new)"}
    for take in takes:
        for frame in take.frames:
            exact = f"[red]{frame.error}" if frame.error else words[frame.exact]
            shown.add_row(str(frame.number), take.tool, f"{frame.seconds:.2f}", frame.engine, exact)
        shown.add_section()
    return shown


def draw(path: Path) -> None:
    """Before and after of one frame of each, and the upscale beside a plain enlargement."""

    def at(pattern: Path, number: int = SHOWN) -> backlot.Frame:
        return media.read(str(pattern).replace("####", f"{number:04d}"))

    plate, clean, large = at(PLATE), at(CLEAN), at(LARGE)
    walked, figure, empty = (at(pattern, SHOWN_OF_PAN) for pattern in (PAN, FIGURE, EMPTY))
    inside, cloth = (at(matte).pixels[:, :, 0] > 0 for matte in (ROTO, CLOTH))
    rows, columns = CROP
    twice = tuple(slice(part.start * 2, part.stop * 2) for part in CROP)
    before = displayed(clean)[rows, columns]
    after = displayed(large)[twice]
    patch = slice(260, 400), slice(90, 280)
    write_sheet(
        path,
        "Backlot: fill and upscale",
        [
            [
                Tile(displayed(plate), "As shot"),
                Tile(
                    outlined(outlined(displayed(plate), inside), cloth),
                    "Mattes, drawn by hand: the patch, and the cloth to take texture from",
                ),
                Tile(displayed(clean), "Fill: outside the matte not one bit has moved"),
            ],
            [
                Tile(enlarged(displayed(plate)[patch], 2), "The patch"),
                Tile(enlarged(displayed(clean)[patch], 2), "Filled"),
                Tile(enlarged(before, 2), "Each pixel doubled"),
                Tile(after, "Upscale 2x, our own network"),
            ],
            [
                Tile(halved(displayed(walked)), f"A rendered pan, frame {SHOWN_OF_PAN}"),
                Tile(
                    halved(outlined(displayed(walked), figure.pixels[:, :, 0] > 0)),
                    "The figure's matte",
                ),
                Tile(halved(displayed(empty)), "Fill: what other frames show there"),
            ],
        ],
    )


def enlarged(picture: np.ndarray, factor: int) -> np.ndarray:
    """Every pixel `factor` times in each direction."""
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def halved(picture: np.ndarray) -> np.ndarray:
    """Half as large: means of 2 x 2 pixels, rounded."""
    rows, columns = (side // 2 for side in picture.shape[:2])
    blocks = picture[: rows * 2, : columns * 2].reshape(rows, 2, columns, 2, -1)
    return (blocks.mean(axis=(1, 3)) + 0.5).astype(picture.dtype)


if __name__ == "__main__":
    sys.exit(main())
