"""How still an upscaled shot stands: its change along the true motion, over the truth's own.

Residual flicker is the root mean square of frame t + 1, brought back to frame t along the true
motion (Lanczos), less frame t; on the sRGB encoding in steps of 8 bits, unrounded. 1 stands as
still as the truth does; the bound holds for the least still of the sequences. Two kinds:

- renders: the clean plates of the example shots whose camera moves (the masters that `make shots`
  renders into build/shots or BACKLOT_SHOTS, else the two shots of the repository). Motion is known
  from depth and camera; what is hidden on the other frame, and three pixels around, is left out.
- photographs: scikit-image's, panned by whole pixels and then halved, so that the truth moves by
  halves of a pixel and its motion is exact.

The truth is reduced as the standard protocol does it, not rounded, and upscaled by the server. The
last figure has no bound: pans by whole pixels of the truth, which itself does not flicker then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training import resample

from . import shot_metrics as metrics
from .figures import Figure, own_server
from .fill_stills import PHOTOS, linear, photograph
from .shot_metrics import Mask, Picture, Shot

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ("pan", "handheld", "dolly", "whip")
PANS = ((1, 0), (3, 1), (5, 3))
WHOLE = (2, 2)
LENGTH = 8
MOST = 1.05
WAYS = {
    "fast": {"network": "fast"},
    "fine": {"network": "fine"},
    "compressed": {"network": "fast", "footage": "compressed"},
    "sinc": {"network": "sinc"},
    "fast steady": {"network": "fast", "steady": True},
    "fine steady": {"network": "fine", "steady": True},
}
_UNSURE = 3
_DEPTH = 0.02
_BORDER = 16
_SIDES = 4


@dataclass(frozen=True)
class Clip:
    """Frames of ground truth, scene-linear, sides divisible by 4, and their motion.

    where[t]: (height, width, 2), x and y on frame t + 1 of each pixel of frame t. seen[t]: those
    pixels that frame t + 1 shows too.
    """

    name: str
    truth: list[Picture]
    where: list[Picture]
    seen: list[Mask]

    def residual(self, frames: list[Picture]) -> float:
        """Root mean square of the change along the motion, in steps of 8 bits."""
        shown = [metrics.encoded(frame) for frame in frames]
        return float(np.sqrt(np.mean(np.concatenate([
            (moved(shown[t + 1], where) - shown[t])[seen].ravel() ** 2
            for t, (where, seen) in enumerate(zip(self.where, self.seen, strict=True))
        ]))))  # fmt: skip


def figures() -> Iterator[Figure]:
    import backlot

    kinds = {"renders": list(renders()), "photographs": list(pans(PANS))}
    whole = list(pans((WHOLE,)))
    with own_server(), backlot.connect() as studio:
        for scale in (2, 4):
            for name, values in WAYS.items():
                for kind, clips in kinds.items():
                    ratios = {
                        clip.name: clip.residual(upscaled(studio, clip, scale, values))
                        / clip.residual(clip.truth)
                        for clip in clips
                    }
                    worst = max(ratios, key=lambda clip: ratios[clip])
                    mean = float(np.mean(list(ratios.values())))
                    note = f"{worst}; mean of {len(ratios)} sequences {mean:.2f}"
                    what = f"flicker, {kind}, x{scale} {name} / truth"
                    yield Figure(what, ratios[worst], "x", MOST, note)
                left = [clip.residual(upscaled(studio, clip, scale, values)) for clip in whole]
                what = f"flicker, photographs by whole pixels, x{scale} {name}"
                yield Figure(what, float(np.mean(left)), "levels")


def renders() -> Iterator[Clip]:
    """The clean plates of the example shots whose camera moves and nothing else."""
    for folder in _folders():
        if folder.name in SHOTS:
            yield rendered(Shot.load(folder))


def _folders() -> list[Path]:
    masters = Path(os.environ.get("BACKLOT_SHOTS", ROOT / "build" / "shots"))
    place = masters if any(masters.glob("*/camera.json")) else ROOT / "examples" / "shots"
    return sorted(path.parent for path in place.glob("*/camera.json"))


def rendered(shot: Shot) -> Clip:
    height, width = (side - side % _SIDES for side in shot.depth[0].shape)
    inside = np.s_[:height, :width]
    truth = [clean[inside] for clean in shot.clean]
    where, seen = [], []
    for t in range(len(truth) - 1):
        at, far = (found[inside] for found in shot.positions(t, t + 1))
        where.append(at)
        seen.append(visible(at, far, shot.depth[t + 1][inside]))
    return Clip(shot.name, truth, where, seen)


def visible(where: Picture, far: Picture, depth: Picture) -> Mask:
    """Pixels whose point the other frame shows, with room around for what blurs into them."""
    import cv2

    there = cv2.remap(depth, where, None, cv2.INTER_NEAREST, borderValue=0.0)
    hidden = np.abs(there - far) > _DEPTH * far
    size = np.ones((2 * _UNSURE + 1,) * 2, np.uint8)
    seen = cv2.dilate(hidden.astype(np.uint8), size) == 0
    return np.asarray(seen & within(where))


def within(where: Picture) -> Mask:
    """Pixels that lie on the other frame, and not at its border."""
    height, width = where.shape[:2]
    y, x = np.mgrid[:height, :width]
    found = np.ones((height, width), bool)
    for px, py in ((where[..., 0], where[..., 1]), (x, y)):
        found &= (px >= _BORDER) & (px <= width - 1 - _BORDER)
        found &= (py >= _BORDER) & (py <= height - 1 - _BORDER)
    return found


def pans(steps: tuple[tuple[int, int], ...]) -> Iterator[Clip]:
    """scikit-image's photographs, the camera turning by each step: (right, down), photo pixels."""
    for name in PHOTOS[:6]:
        for step in steps:
            yield panned(Path(name).stem, photograph(name, 1), step)


def panned(name: str, picture: np.ndarray[Any, Any], step: tuple[int, int]) -> Clip:
    """A pan over a photograph at half its size, LENGTH frames."""
    right, down = step
    height, width = (
        (side - move * (LENGTH - 1)) // (2 * _SIDES) * _SIDES
        for side, move in zip(picture.shape[:2], (down, right), strict=True)
    )
    rows, columns = resample.bicubic(2 * height, height), resample.bicubic(2 * width, width)
    truth = []
    for t in range(LENGTH):
        part = picture[t * down : t * down + 2 * height, t * right : t * right + 2 * width]
        half = resample.apply(part.astype(np.float64), rows, columns)
        truth.append(linear(np.clip(half, 0, 255)))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    where = np.stack([x - right / 2, y - down / 2], axis=-1)
    count = LENGTH - 1
    return Clip(f"{name} {right},{down}", truth, [where] * count, [within(where)] * count)


def upscaled(studio: Any, clip: Clip, scale: int, values: dict[str, Any]) -> list[Picture]:
    """The truth, reduced and upscaled again by the server, scene-linear."""
    import backlot
    from backlot.errors import MissingFrame
    from backlot.events import Result

    height, width = clip.truth[0].shape[:2]
    rows = resample.bicubic(height, height // scale)
    columns = resample.bicubic(width, width // scale)
    small = []
    for picture in clip.truth:
        code = np.sign(picture) * np.sqrt(np.abs(picture.astype(np.float64)))
        less = resample.apply(code, rows, columns)
        small.append((less * np.abs(less)).astype(np.float32))

    def read(_: str, number: int) -> backlot.Frame:
        if number not in range(len(small)):
            raise MissingFrame(f"There is no frame {number}.")
        return backlot.Frame(small[number], number=number)

    params = {"scale": float(scale), **values}
    with studio.submit("upscale", list(range(len(small))), read, ["source"], params) as job:
        made = {e.frame.number: e.frame.pixels for e in job if isinstance(e, Result)}
    return [made[number] for number in range(len(small))]


def moved(picture: Picture, where: Picture) -> Picture:
    """A picture as seen from the frame before."""
    import cv2

    return np.asarray(cv2.remap(picture, where, None, cv2.INTER_LANCZOS4), np.float32)
