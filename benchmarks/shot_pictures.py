"""What the figures of shot fill look like: a curve of every shot, and sheets of plates and fills.

`python -m benchmarks.shot_pictures docs/images` writes fill-curves.png and fill-frames.jpg, of the
shots that `fill_shots` finds, and fill-shots.jpg, of examples/shots, all filled by the product.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from . import fill_shots
from . import shot_metrics as metrics
from .figures import own_server
from .shot_metrics import Picture, Shot

WAYS = (
    ("shot fill", (86, 180, 233)),
    ("median over homographies", (230, 159, 0)),
    ("Telea per frame", (150, 150, 156)),
)
BACK, RULE, WORDS = (24, 24, 26), (58, 58, 62), (200, 200, 206)
WIDE, HIGH, LEFT, TOP, FOOT = 440, 200, 36, 26, 18
LOW, TOP_DB, STEP_DB = 10, 60, 10
CROP = 180
COLUMNS = 2
SHOWN = {"pan": (1004, 1020), "dolly": (1006, 1018)}
SHARE = 2
"""Of how many pixels a side one is shown."""


def main(folder: Path) -> None:
    """All pictures."""
    import backlot

    panels, rows = [], []
    with own_server(), backlot.connect() as studio:
        pairs(studio, folder / "fill-shots.jpg")
        for place in fill_shots.folders():
            shot = Shot.load(place)
            plates = [
                metrics.grained(plate, at).astype(np.float16)
                for at, plate in enumerate(shot.plates)
            ]
            bare = fill_shots.fill(studio, shot, plates, grain=0.0)
            shown = int(np.argmax([np.count_nonzero(hole) for hole in shot.holes]))
            number = shot.cameras[shown]["frame"]
            (final,) = fill_shots.fill(studio, shot, plates, frames=[number]).pictures
            peers = fill_shots.median(shot, plates), fill_shots.telea(shot, plates)
            curves = [by_frame(shot, made) for made in (bare.pictures, *peers)]
            panels.append(panel(shot.name, curves))
            rows.append(strip(shot, shown, plates[shown], final))
            print(shot.name, [round(value, 1) for value in curves[0]], flush=True)
    grid(panels, COLUMNS).save(folder / "fill-curves.png")
    grid(rows, 2).save(folder / "fill-frames.jpg", quality=86)


def pairs(studio: Any, path: Path) -> None:
    """Frames of the example shots, above as they are and below without the figure."""
    import cv2
    from PIL import Image

    above, below = [], []
    for name, numbers in SHOWN.items():
        shot = Shot.load(fill_shots.ROOT / "examples" / "shots" / name)
        made = fill_shots.fill(studio, shot, [p.astype(np.float16) for p in shot.plates])
        for number in numbers:
            at = number - fill_shots.FIRST
            above.append(shot.plates[at])
            below.append(made.pictures[at])
    rows = [
        np.hstack([cv2.resize(metrics.encoded(each), None, fx=1 / SHARE, fy=1 / SHARE,
                              interpolation=cv2.INTER_AREA) for each in row])
        for row in (above, below)
    ]  # fmt: skip
    sheet = np.clip(np.vstack(rows), 0, 255).round().astype(np.uint8)
    Image.fromarray(sheet).save(path, quality=86)


def by_frame(shot: Shot, made: list[Picture]) -> list[float]:
    """Decibels of each frame where some other frame shows what is there."""
    found = []
    for at, (picture, clean) in enumerate(zip(made, shot.clean, strict=True)):
        error = metrics.encoded(picture) - metrics.encoded(clean)
        found.append(metrics.psnr([error[shot.revealed(at)]]))
    return found


def panel(name: str, curves: list[list[float]]) -> Any:
    """One shot: decibels over frames, a line for each way."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (WIDE, HIGH), BACK)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(12)
    pen.text((LEFT, 5), f"{name}, dB of each frame", WORDS, font=ImageFont.load_default(14))
    base = HIGH - FOOT

    def height(value: float) -> float:
        part = (np.clip(value, LOW, TOP_DB) - LOW) / (TOP_DB - LOW)
        return float(base - part * (base - TOP))

    for value in range(LOW, TOP_DB + 1, STEP_DB):
        pen.line([(LEFT, height(value)), (WIDE - 8, height(value))], RULE)
        pen.text((LEFT - 6, height(value)), str(value), WORDS, font=font, anchor="rm")
    must = fill_shots.LEAST.get(name)
    if must is not None:
        for x in range(LEFT, WIDE - 8, 8):
            pen.line([(x, height(must)), (x + 3, height(must))], (0, 158, 115), width=2)
        pen.text((WIDE - 10, height(must) - 3), "must", (0, 158, 115), font=font, anchor="rb")
    for (_, colour), curve in zip(WAYS, curves, strict=True):
        step = (WIDE - LEFT - 8) / max(1, len(curve) - 1)
        points = [
            (LEFT + at * step, height(value))
            for at, value in enumerate(curve)
            if np.isfinite(value)
        ]
        if len(points) > 1:
            pen.line(points, colour, width=2)
    x = LEFT
    for way, colour in WAYS:
        pen.line([(x, base + 10), (x + 14, base + 10)], colour, width=3)
        pen.text((x + 19, base + 10), way, WORDS, font=font, anchor="lm")
        x += 34 + round(font.getlength(way))
    return picture


def strip(shot: Shot, at: int, plate: Any, final: Picture) -> Any:
    """Plate, fill and clean plate of a frame, around its hole."""
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = np.nonzero(shot.holes[at])
    height, width = shot.holes[at].shape
    top = int(np.clip((rows.min() + rows.max() - CROP) // 2, 0, height - CROP))
    left = int(np.clip((columns.min() + columns.max() - CROP) // 2, 0, width - CROP))
    truth = metrics.grained(shot.clean[at], 999 + at)
    cut = [
        metrics.encoded(each.astype(np.float32)[top : top + CROP, left : left + CROP])
        for each in (plate, final, truth)
    ]
    made = Image.new("RGB", (3 * (CROP + 4), CROP + 20), BACK)
    pen, font = ImageDraw.Draw(made), ImageFont.load_default(12)
    number = shot.cameras[at]["frame"]
    words = f"{shot.name} {number}", "filled", "clean plate"
    for n, (each, said) in enumerate(zip(cut, words, strict=True)):
        made.paste(Image.fromarray(each.round().astype(np.uint8)), (n * (CROP + 4), 18))
        pen.text((n * (CROP + 4) + 2, 2), said, WORDS, font=font)
    return made


def grid(pictures: list[Any], columns: int) -> Any:
    """Pictures of one size, row by row."""
    from PIL import Image

    wide, high = pictures[0].size
    rows = -(-len(pictures) // columns)
    made = Image.new("RGB", (columns * (wide + 8) + 8, rows * (high + 8) + 8), BACK)
    for at, picture in enumerate(pictures):
        made.paste(picture, (8 + at % columns * (wide + 8), 8 + at // columns * (high + 8)))
    return made


if __name__ == "__main__":
    main(Path(sys.argv[1]))
