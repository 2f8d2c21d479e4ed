"""A character's face in a frame: looked for where its matte is, and whether it can be compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from . import Face, Pair, Picture
from .pose import Pose, pose
from .seeing import MIDDLE, Linear, displayed, gain, luminance
from .sface import SIDE, Vector, cropped
from .yunet import Detector

Cover = npt.NDArray[np.float32]

NONE, SMALL, TURNED, BLURRED, DARK, CLIPPED = (
    "no-face", "small-face", "turned-face", "blurred-face", "dark", "clipped",
)  # fmt: skip
"""Why a face cannot be compared, as codes; `backlot.character.faces` has them in words."""

LEAST = 40.0
"""Rows of a face's box from which it is compared."""
_SURE = 0.8
_DARK, _CLIPPED = 0.0015, 0.3
_SHARP = 0.09
_COVERED = 0.4
_GLANCE = 100_000
_CLOSE = 160.0
"""Rows that a face has in the second, closer look."""
_TRIES = ((0.75, 0.35), (0.5, 0.18), (0.95, 0.6))
"""Quantile of the matte's luminance and what it is brought to, one after the other."""
_FAR = (1.0, 0.4)


@dataclass(frozen=True)
class Seen:
    """A face in a frame, in the plate's own pixels. crop: as a network is shown it. why: a code,
    where it cannot be compared; "" where it can."""

    face: Face
    pose: Pose
    crop: Picture
    sharpness: float
    why: str = ""

    def moved(self, left: int, top: int) -> Seen:
        """The same in a larger picture of which this one is a part."""
        return replace(self, face=_moved(self.face, left, top))

    def fields(self) -> dict[str, Any]:
        """As values that JSON has. The box from the first pixel of the plate's data window."""
        return {
            "pose": self.pose.bin,
            "yaw": self.pose.yaw,
            "pitch": self.pose.pitch,
            "height": round(self.face.box[3], 1),
            "box": [round(value, 1) for value in self.face.box],
            "score": round(self.face.score, 3),
            "sharpness": round(self.sharpness, 4),
        }


def see(detector: Detector, rgb: Linear, cover: Cover, alone: bool = False) -> Seen | None:
    """The face within a matte; None where none is found.

    Args: rgb (height, width, 3) scene-linear ACEScg of the matte and what is around it; cover
    (height, width), 0 to 1. alone: whether it has to be the only face there, as in a matte that
    says little.
    """
    rgb = _finite(rgb)
    found = _far(detector, rgb, cover, alone)
    return None if found is None else _judged(_near(detector, rgb, found), rgb)


def vector(pair: Pair, seen: Seen) -> Vector:
    """What stands for a face that can be compared: see `sface.Embedder`."""
    return pair.embedder(seen.crop)


def _far(detector: Detector, rgb: Linear, cover: Cover, alone: bool) -> Face | None:
    """The first look, at all of it."""
    step = max(1, round(float(np.sqrt(cover.size / _GLANCE))))
    few = np.s_[::step, ::step]
    light = luminance(rgb[few][cover[few] > 0.5])
    fits = min(1.0, detector.height / rgb.shape[0], detector.width / rgb.shape[1])
    small = _smaller(rgb, fits)
    for quantile, target in _TRIES:
        exposure = gain(light, quantile, target)
        for far in _FAR:
            faces = [
                _scaled(face, 1 / (fits * far))
                for face in detector(displayed(_smaller(small, far), exposure))
            ]
            faces = [face for face in faces if _covered(face, cover) >= _COVERED]
            if alone and len(faces) > 1:
                return None
            if faces:
                return max(faces, key=lambda face: face.score * face.box[3])
    return None


def _near(detector: Detector, rgb: Linear, face: Face) -> Face:
    """The same face at a size and an exposure of its own; as it was where it is lost there."""
    top, left, bottom, right = _surroundings(face, rgb.shape[:2], 1.0)
    part = rgb[top:bottom, left:right]
    if not part.size:
        return face
    fits = min(1.0, detector.height / part.shape[0], detector.width / part.shape[1])
    scale = min(fits, _CLOSE / max(1.0, face.box[3]))
    shown = displayed(_smaller(part, scale), _exposure(rgb, face))
    seen = [_moved(_scaled(each, 1 / scale), left, top) for each in detector(shown)]
    middle = np.array(face.box[:2]) + np.array(face.box[2:]) / 2
    same = [
        each
        for each in seen
        if (np.abs(np.array(each.box[:2]) + np.array(each.box[2:]) / 2 - middle)
            < np.array(face.box[2:]) / 2).all()
    ]  # fmt: skip
    return max(same, key=lambda each: each.score, default=face)


def _judged(face: Face, rgb: Linear) -> Seen:
    """Whether it can be compared, and as what it is then shown to a network."""
    top, left, bottom, right = _surroundings(face, rgb.shape[:2], 0.6)
    part = rgb[top:bottom, left:right]
    small = min(1.0, 2 * SIDE / max(1.0, face.box[3]))  # not to be sampled with gaps
    shown = displayed(_smaller(part, small), _exposure(rgb, face))
    crop = cropped(shown, (face.points - [left, top]) * small)
    turned, sharp = pose(face.points), sharpness(crop)
    light = luminance(_inner(rgb, face))
    held = float((_inner(rgb, face) >= 0.97 * rgb.max()).any(axis=-1).mean())
    why = ""
    if min(face.box[3], 1.25 * face.box[2]) < LEAST:
        why = SMALL
    elif not turned.bin:
        why = TURNED
    elif float(np.median(light)) < _DARK:
        why = DARK
    elif held > _CLIPPED:
        why = CLIPPED
    elif sharp < _SHARP:
        why = BLURRED
    elif face.score < _SURE:
        why = NONE
    return Seen(face, turned, crop, sharp, why)


def sharpness(crop: Picture) -> float:
    """How much of a crop's contrast is within two pixels: 0 for a blur without an end."""
    gray = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)[16:-8, 20:-20]
    fine = gray - cv2.GaussianBlur(gray, (0, 0), 2.0)
    return float(fine.std() / max(float(gray.std()), 1.0))


def _exposure(rgb: Linear, face: Face) -> float:
    return gain(luminance(_inner(rgb, face)).ravel(), 0.5, MIDDLE)


def _inner(rgb: Linear, face: Face) -> Linear:
    """The middle of a face's box; at least a pixel."""
    x, y, w, h = face.box
    height, width = rgb.shape[:2]
    top, left = (int(np.clip(v, 0, s - 1)) for v, s in ((y + h / 4, height), (x + w / 4, width)))
    bottom, right = int(np.ceil(y + h * 0.8)), int(np.ceil(x + w * 0.75))
    return rgb[top : max(top + 1, bottom), left : max(left + 1, right)]


def _smaller(part: Linear, scale: float) -> Linear:
    """A picture made smaller, where light adds up."""
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    if size == part.shape[1::-1]:
        return part
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32)


def _scaled(face: Face, by: float) -> Face:
    x, y, w, h = (value * by for value in face.box)
    return Face((x, y, w, h), face.points * by, face.score)


def _moved(face: Face, left: float, top: float) -> Face:
    x, y, w, h = face.box
    return Face((x + left, y + top, w, h), face.points + np.array([left, top]), face.score)


def _covered(face: Face, cover: Cover) -> float:
    """How much of the middle of a face the matte covers."""
    x, y, w, h = face.box
    high, wide = cover.shape
    rows = slice(int(np.clip(y + h / 4, 0, high)), int(np.clip(y + h * 0.8, 0, high)))
    columns = slice(int(np.clip(x + w / 4, 0, wide)), int(np.clip(x + w * 0.75, 0, wide)))
    part = cover[rows, columns]
    return float(part.mean()) if part.size else 0.0


def _surroundings(face: Face, shape: tuple[int, ...], more: float) -> tuple[int, int, int, int]:
    x, y, w, h = face.box
    return (
        max(0, int(y - more * h)),
        max(0, int(x - more * w)),
        min(shape[0], int(y + h + more * h) + 1),
        min(shape[1], int(x + w + more * w) + 1),
    )


def _finite(rgb: Linear) -> Linear:
    return np.asarray(np.nan_to_num(rgb, nan=0.0, posinf=0.0, neginf=0.0), np.float32)
