"""Detectors of YuNet's shape: one picture in, twelve lists out, which say where faces are.

Wu, Peng, Yu: YuNet: A Tiny Millisecond-level Face Detector (Machine Intelligence Research 20,
2023). Four lists for each of the strides 8, 16 and 32: cls and obj, whose product is a score;
bbox, a centre within the cell and logarithms of width and height; kps, five points from the cell.
The network takes blue, green, red from 0 to 255. What the values mean is as in OpenCV's
FaceDetectorYN, which tests hold this to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backlot.errors import Unsupported

from ..engines import onnx
from ..models import Card
from . import Face, Picture

STRIDES = (8, 16, 32)
LISTS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
"""What each list holds of a cell."""
SIDE = 640
"""Width and height of the picture that a network is shown which takes any."""
_SCORE, _OVERLAP = 0.6, 0.3
_MOST = 512


class Detector:
    """A network of that shape in ONNX Runtime. Raises what `engines.onnx.session` raises."""

    def __init__(self, card: Card, path: str) -> None:
        self.card = card
        self._session = onnx.session(Path(path).name, path, gives=len(STRIDES) * len(LISTS))
        self._input = self._session.get_inputs()[0]
        self._names = [each.name for each in self._session.get_outputs()]
        self.height, self.width = _sides(self._input, self._names, card.name)

    def __call__(self, picture: Picture) -> list[Face]:
        """All faces of a picture of at most `width` x `height`, the surest first."""
        high, wide = picture.shape[:2]
        shown = np.zeros((1, 3, self.height, self.width), np.float32)
        shown[0, :, :high, :wide] = picture[..., ::-1].transpose(2, 0, 1)
        with onnx.named_errors(f"ONNX Runtime, {self.card.name}"):
            made = self._session.run(None, {self._input.name: shown})
        lists = dict(zip(self._names, made, strict=True))
        _check(lists, self.card.name, self.height, self.width)
        return _apart([face for stride in STRIDES for face in self._of(lists, stride)])

    def _of(self, lists: dict[str, npt.NDArray[Any]], stride: int) -> list[Face]:
        cls, obj, box, points = (
            np.asarray(lists[f"{name}_{stride}"], np.float64).reshape(-1, LISTS[name])
            for name in LISTS
        )
        score = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
        found = np.nonzero(score > _SCORE)[0]
        cells = np.stack([found % (self.width // stride), found // (self.width // stride)], axis=1)
        middle = (cells + box[found, :2]) * stride
        size = np.exp(np.minimum(box[found, 2:], 10.0)) * stride
        marks = (points[found].reshape(-1, 5, 2) + cells[:, None]) * stride
        return [
            Face((*map(float, m - s / 2), *map(float, s)), p, float(score[at]))  # type: ignore[arg-type]
            for at, m, s, p in zip(found, middle, size, marks, strict=True)
        ]


def _sides(given: Any, names: list[str], name: str) -> tuple[int, int]:
    """Height and width of what a network is shown. Raises: Unsupported where it is of no use."""
    wanted = [f"{each}_{stride}" for each in LISTS for stride in STRIDES]
    if lacks := [each for each in wanted if each not in names]:
        raise Unsupported(
            f"{name} gives no {lacks[0]}.", "A network that finds faces must give YuNet's lists."
        )
    shape: list[Any] = list(given.shape)
    if len(shape) != 4 or given.type != "tensor(float)" or shape[1] not in (3, None):
        raise Unsupported(
            f"{name} takes {given.type} {shape}.",
            "A network that finds faces must take float32 of 1 x 3 x height x width.",
        )
    high, wide = (side if isinstance(side, int) else SIDE for side in shape[2:])
    if high % STRIDES[-1] or wide % STRIDES[-1] or not high or not wide:
        raise Unsupported(f"{name} takes {wide} x {high}.", "Both must be multiples of 32.")
    return high, wide


def _check(lists: dict[str, npt.NDArray[Any]], name: str, height: int, width: int) -> None:
    for stride in STRIDES:
        cells = (height // stride) * (width // stride)
        for each, values in LISTS.items():
            made = lists[f"{each}_{stride}"]
            if made.size != cells * values or not np.isfinite(made).all():
                shape = " x ".join(str(side) for side in made.shape)
                raise Unsupported(
                    f"{name} gives {shape} as {each}_{stride}, or no numbers in it.",
                    f"For {width} x {height} pixels it must give 1 x {cells} x {values}.",
                )


def _apart(faces: list[Face]) -> list[Face]:
    """The surest of those that lie over each other: greedy suppression by overlap over union."""
    left = sorted(faces, key=lambda face: -face.score)[:_MOST]
    kept: list[Face] = []
    for face in left:
        if all(_overlap(face, other) <= _OVERLAP for other in kept):
            kept.append(face)
    return kept


def _overlap(one: Face, other: Face) -> float:
    (x, y, w, h), (u, v, s, t) = one.box, other.box
    both = max(0.0, min(x + w, u + s) - max(x, u)) * max(0.0, min(y + h, v + t) - max(y, v))
    return both / max(w * h + s * t - both, 1e-9)
