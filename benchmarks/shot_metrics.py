"""How good a fill over a shot is, against the clean plate and the true motion of what is behind.

Everything is inside the hole: the matte, made hard and grown by a disc as the fill was told to grow
it, so that all that is seen there is fill: where a matte is soft, the plate and its grain shine
through, which says nothing of the fill. Pictures are
scene-linear (height, width, 3), rows top first; likeness is measured on their sRGB encoding in
steps of 8 bits, unrounded. True motion comes from depth and camera: right for what stands still.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

GRAIN = (0.004, 0.012)
"""Synthetic grain: standard deviation a + b sqrt(x), blurred by 0.55 pixels, level kept."""
_GRAIN_BLUR = 0.55
_DEPTH = 0.02
_LOW = 2.0
_RIM = 2
_MOVES = 0.5
"""Pixels a frame by which something moves by itself."""
_RETURNS = 0.7
"""Pixels by which the way back to a frame may differ from the way there: vectors of two things that
move apart are further apart."""
_AFFECTED = 0.03
"""Part of the hole from which on a frame is affected by it."""


@dataclass
class Shot:
    """An example shot in memory."""

    name: str
    folder: Path
    plates: list[Picture]
    clean: list[Picture]
    mattes: list[Picture]
    depth: list[Picture]
    cameras: list[dict[str, Any]]
    grow: int = 3
    holes: list[Mask] = field(default_factory=list)
    _revealed: dict[int, Mask] = field(default_factory=dict)

    @staticmethod
    def load(folder: Path, grow: int = 3) -> Shot:
        """Clean plates and mattes may have data windows of their own. Mattes are made hard."""
        cameras = json.loads((folder / "camera.json").read_text())
        numbers = [camera["frame"] for camera in cameras]
        plates = [read(folder / f"plate.{n}.exr") for n in numbers]
        clean = [read(folder / f"clean.{n}.exr", p) for n, p in zip(numbers, plates, strict=True)]
        soft = [read(folder / f"matte.{n}.exr")[..., 0] for n in numbers]
        mattes = [(matte > 0).astype(np.float32) for matte in soft]
        depth = [read(folder / f"depth.{n}.exr")[..., 0] for n in numbers]
        shot = Shot(folder.name, folder, plates, clean, mattes, depth, cameras, grow)
        shot.holes = [hole_of(matte, grow) for matte in mattes]
        return shot

    def positions(self, at: int, other: int) -> tuple[Picture, Picture]:
        """Where each pixel's point of frame `at` is on `other`: (height, width, 2) x, y; depth."""
        height, width = self.depth[at].shape
        camera, seen = self.cameras[at], self.cameras[other]
        focal = camera["focal_mm"] / camera["sensor_mm"] * width
        y, x = np.mgrid[:height, :width].astype(np.float64)
        z = self.depth[at].astype(np.float64)
        across, up = (x + 0.5 - width / 2) / focal * z, -(y + 0.5 - height / 2) / focal * z
        points = np.stack([across, up, -z, np.ones_like(z)], axis=-1)
        there = np.linalg.inv(seen["matrix_world"]) @ np.array(camera["matrix_world"])
        points = points @ there.T
        far = np.maximum(-points[..., 2], 1e-6)
        px = points[..., 0] / far * focal + width / 2 - 0.5
        py = -points[..., 1] / far * focal + height / 2 - 0.5
        return np.stack([px, py], -1).astype(np.float32), far.astype(np.float32)

    def revealed(self, at: int) -> Mask:
        """Pixels of the hole whose point some other frame shows outside of its own hole."""
        if at not in self._revealed:
            self._revealed[at] = self._seen_elsewhere(at)
        return self._revealed[at]

    def _seen_elsewhere(self, at: int) -> Mask:
        import cv2

        hole = self.holes[at]
        found = np.zeros_like(hole)
        for other in range(len(self.plates)):
            if other == at:
                continue
            where, far = self.positions(at, other)
            blocked = self.holes[other].astype(np.float32)
            covered = cv2.remap(blocked, where, None, cv2.INTER_LINEAR, borderValue=1.0)
            depth = cv2.remap(self.depth[other], where, None, cv2.INTER_NEAREST, borderValue=0.0)
            found |= (covered == 0) & (np.abs(depth - far) < _DEPTH * far)
        if self.moving:
            moves = self.moves(at)
            found = np.where(moves, self._followed(at), found)
        return found & hole

    @property
    def moving(self) -> bool:
        """Whether it is a shot in which things move by themselves."""
        return self.name == "dynamic"

    def moves(self, at: int) -> Mask:
        """What moves by itself: Blender's vectors of the clean plate differ from the motion that
        depth and camera make."""
        vectors = self._vectors(at)
        other, sign, first = (at + 1, -1, 2) if at + 1 < len(self.plates) else (at - 1, 1, 0)
        where, _ = self.positions(at, other)
        rows, columns = np.mgrid[: where.shape[0], : where.shape[1]]
        across = sign * vectors[..., first] - (where[..., 0] - columns)
        down = -sign * vectors[..., first + 1] - (where[..., 1] - rows)
        return np.asarray(np.hypot(across, down) > _MOVES)

    def _vectors(self, at: int) -> Picture:
        return read(self.folder / f"vector.{self.cameras[at]['frame']}.exr")

    def _followed(self, at: int) -> Mask:
        """Pixels whose point is seen on some other frame, followed by the renderer's vectors."""
        import cv2

        height, width = self.depth[at].shape
        found = np.zeros((height, width), bool)
        for way in (1, -1):
            rows, columns = np.mgrid[:height, :width].astype(np.float32)
            there = np.ones((height, width), bool)
            end = len(self.plates) if way > 0 else -1
            for other in range(at + way, end, way):
                ahead = _step(self._vectors(other - way), way)
                back = _step(self._vectors(other), -way)
                step = cv2.remap(ahead, columns, rows, cv2.INTER_NEAREST, borderValue=(1e6, 1e6))
                columns, rows = columns + step[..., 0], rows + step[..., 1]
                home = cv2.remap(back, columns, rows, cv2.INTER_NEAREST, borderValue=(1e6, 1e6))
                there &= np.hypot(*np.moveaxis(step + home, 2, 0)) < _RETURNS
                hole = self.holes[other].astype(np.float32)
                covered = cv2.remap(hole, columns, rows, cv2.INTER_LINEAR, borderValue=1.0)
                found |= there & (covered == 0)
        return found


def grained(picture: Picture, seed: int) -> Picture:
    """A plate with grain of its own, as a camera would have made it."""
    import cv2

    noise = np.random.default_rng(seed).normal(0, 1, picture.shape).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), _GRAIN_BLUR)
    noise /= noise.std()
    low, high = GRAIN
    return np.asarray(picture + (low + high * np.sqrt(np.maximum(picture, 0))) * noise)


def encoded(picture: Picture) -> Picture:
    """sRGB (IEC 61966-2-1) in steps of 8 bits, 0 to 255."""
    value = np.clip(np.nan_to_num(picture), 0, 1)
    curve = np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
    return np.asarray(255 * curve, np.float32)


def psnr(errors: list[npt.NDArray[Any]]) -> float:
    """Decibels, of errors in steps of 8 bits taken together."""
    every = np.concatenate([e.ravel() for e in errors]) if errors else np.zeros(0)
    if not len(every):
        return float("nan")
    return float(10 * np.log10(255**2 / max(1e-9, np.mean(every.astype(np.float64) ** 2))))


def likeness(shot: Shot, fills: list[Picture]) -> dict[str, float]:
    """PSNR in the hole: all of it, worst frame, revealed and never seen; share never seen."""
    every, seen, never, worst = [], [], [], np.inf
    for at, (fill, clean) in enumerate(zip(fills, shot.clean, strict=True)):
        error = encoded(fill) - encoded(clean)
        hole, shown = shot.holes[at], shot.revealed(at)
        every.append(error[hole])
        seen.append(error[shown])
        never.append(error[hole & ~shown])
        if hole.any():
            worst = min(worst, psnr([error[hole]]))
    count = sum(e.size for e in never) / max(1, sum(e.size for e in every))
    return {
        "all": psnr(every),
        "worst": float(worst),
        "revealed": psnr(seen),
        "never": psnr(never),
        "never_share": count,
    }


def boil(shot: Shot, fills: list[Picture], truths: list[Picture]) -> dict[str, float]:
    """Change from frame to frame along the true motion, over the truth's own, low-passed.

    seen: pixels that some frame reveals; never: the others. 1 is like the truth.
    """
    parts: dict[str, tuple[list[float], list[float]]] = {"seen": ([], []), "never": ([], [])}
    for at in range(len(fills) - 1):
        where, _ = shot.positions(at, at + 1)
        inside = shot.holes[at] & _within(where, shot.holes[at].shape)
        shown = shot.revealed(at)
        ours = _change(fills[at], fills[at + 1], where)
        true = _change(truths[at], truths[at + 1], where)
        for name, mask in (("seen", inside & shown), ("never", inside & ~shown)):
            parts[name][0].extend((ours[mask] ** 2).ravel())
            parts[name][1].extend((true[mask] ** 2).ravel())
    return {
        name: float(np.sqrt(np.mean(a) / np.mean(b))) if a else float("nan")
        for name, (a, b) in parts.items()
    }


def seam(shot: Shot, fills: list[Picture]) -> float:
    """Low-passed error in the inner two pixels of the hole's edge, rms, steps of 8 bits."""
    errors = []
    for at, (fill, clean) in enumerate(zip(fills, shot.clean, strict=True)):
        hole = shot.holes[at]
        rim = hole & _grown(~hole, _RIM)
        errors.append(_low(encoded(fill) - encoded(clean))[rim])
    return float(np.sqrt(np.mean(np.concatenate([e.ravel() for e in errors]) ** 2)))


def moved_behind(shot: Shot) -> list[bool]:
    """By frame: whether something moves in the hole by more than the camera makes it."""
    frames = range(len(shot.plates))
    return [float(np.mean(shot.moves(at)[shot.holes[at]])) > _AFFECTED for at in frames]


def _step(vectors: Picture, way: int) -> Picture:
    """x and y to the next frame, or the one before, of Blender's vectors."""
    return np.ascontiguousarray(
        vectors[..., 2:] * (-1, 1) if way > 0 else vectors[..., :2] * (1, -1), np.float32
    )


def grain_ratio(
    shot: Shot, bare: list[Picture], again: list[Picture], final: list[Picture]
) -> float:
    """Grain of a fill over that of the camera, wherever some frame shows what is there.

    What two fills of plates with different drawings of grain differ by is what was left of their
    grain: where a fill is off along edges, both are. What was added to it is seen by itself. The
    camera's is what two drawings over the clean plate differ by. Medians, as of normal noise.

    Args: bare, again: two fills before grain is given to them; final: the first with it.
    """
    left, added, true = [], [], []
    for at, clean in enumerate(shot.clean):
        shown = shot.revealed(at)
        drawn = [encoded(grained(clean, seed + at)) for seed in (5000, 6000)]
        left.append(np.abs(encoded(bare[at]) - encoded(again[at]))[shown])
        added.append(np.abs(encoded(final[at]) - encoded(bare[at]))[shown])
        true.append(np.abs(drawn[0] - drawn[1])[shown])
    ours, theirs, camera = (float(np.median(np.concatenate(e))) for e in (left, added, true))
    return float(np.sqrt((ours**2 / 2 + theirs**2) / (camera**2 / 2)))


def grain_in_flat_parts(shot: Shot, finals: list[Picture], truths: list[Picture]) -> float:
    """How grainy a fill looks over how grainy the clean plate with grain does, in the same pixels.

    By what a blur takes of each, in the flattest seventh of what some frame shows, squared, less
    that of the clean plate, which is its texture. NaN where too little is shown.
    """
    sizes: list[list[Picture]] = [[], [], []]
    for at, (final, truth) in enumerate(zip(finals, truths, strict=True)):
        picture = encoded(shot.clean[at])
        steep = _low(np.abs(picture - _low(picture))).mean(2)
        inner = shot.revealed(at) & ~_grown(~shot.holes[at], 3)
        if inner.sum() < 1000:
            continue
        flat = inner & (steep < np.quantile(steep[inner], 1 / 7))
        for found, each in zip(sizes, (encoded(final), encoded(truth), picture), strict=True):
            found.append(np.abs(each - _low(each))[flat])
    if not sizes[0]:
        return float("nan")
    ours, theirs, texture = (float(np.median(np.concatenate(each)) ** 2) for each in sizes)
    return float(np.sqrt(max(0.0, ours - texture) / (theirs - texture)))


def _change(one: Picture, following: Picture, where: Picture) -> Picture:
    import cv2

    moved = cv2.remap(encoded(following), where, None, cv2.INTER_CUBIC)
    return _low(moved - encoded(one))


def _low(picture: Picture) -> Picture:
    import cv2

    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _LOW), np.float32)


def _within(where: Picture, shape: tuple[int, ...]) -> Mask:
    x, y = where[..., 0], where[..., 1]
    return (x >= 0) & (y >= 0) & (x <= shape[1] - 1) & (y <= shape[0] - 1)


def hole_of(matte: Picture, grow: float) -> Mask:
    """What a matte covers, grown by a disc."""
    import cv2

    away = cv2.distanceTransform((matte <= 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away <= grow + 1e-4)


def _grown(mask: Mask, pixels: int) -> Mask:
    import cv2

    kernel = np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel)) > 0


def read(path: Path, under: Picture | None = None) -> Picture:
    """A file over its display window; outside of its data window what is `under`, else 0."""
    import OpenImageIO as oiio  # noqa: N813

    picture = oiio.ImageBuf(str(path))
    spec = picture.spec()
    pixels = picture.get_pixels(oiio.FLOAT)
    whole = (
        np.zeros((spec.full_height, spec.full_width, spec.nchannels), np.float32)
        if under is None
        else under.copy()
    )
    whole[spec.y : spec.y + spec.height, spec.x : spec.x + spec.width] = pixels
    return whole
