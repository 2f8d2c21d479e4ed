"""Networks of SFace's shape: a face of 112 x 112 in, a vector out that is near for one person.

Zhong, Deng, Hu et al.: SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition
(IEEE TIP 30, 2021; arXiv 2205.12010). Red, green, blue from 0 to 255. A face is brought to where
five points lie in the pictures that such networks were trained on, by the similarity that fits
best (Umeyama, IEEE PAMI 13, 1991).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from backlot.errors import Unsupported

from ..engines import onnx
from ..models import Card
from . import Picture

SIDE = 112
PLACES = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
     [70.7299, 92.2041]]
)  # fmt: skip
"""Where eyes, nose and corners of the mouth lie in a crop (Deng et al., ArcFace, 2019)."""
LENGTHS = range(32, 4097)
PUBLISHED = {"front": 0.363, "turned": 0.275, "profile": 0.212}
"""Cosines from which two faces are one person, as published with SFace in OpenCV 4.5.4 for sets
that are frontal (LFW), of mixed pose (CPLFW) and frontal against profile (CFP-FP)."""
OF_SFACE = (
    "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    "2b0e941e6f16cc048c20aee0c8e31f569118f65d702914540f7bfdc14048d78a",
)
"""SHA-256 of the files for which they hold: opencv_zoo's 2021dec, and the same in int8."""

Vector = npt.NDArray[np.float32]


class Embedder:
    """A network of that shape in ONNX Runtime. Raises what `engines.onnx.session` raises."""

    def __init__(self, card: Card, path: str) -> None:
        self.card = card
        self.published = dict(PUBLISHED) if card.sha256 in OF_SFACE else {}
        self._session = onnx.session(Path(path).name, path)
        self._input = self._session.get_inputs()[0]
        shape = list(self._input.shape)
        sides = [side if isinstance(side, int) else SIDE for side in shape[2:]]
        if (
            len(shape) != 4
            or self._input.type != "tensor(float)"
            or shape[1] not in (3, None)
            or sides != [SIDE, SIDE]
        ):
            raise Unsupported(
                f"{card.name} takes {self._input.type} {shape}.",
                f"A network that recognises faces must take float32 of 1 x 3 x {SIDE} x {SIDE}.",
            )

    def __call__(self, crop: Picture) -> Vector:
        """Of a face as `cropped` gives it, a vector of length 1, (n,)."""
        batch = crop.transpose(2, 0, 1)[None].astype(np.float32)
        with onnx.named_errors(f"ONNX Runtime, {self.card.name}"):
            made = np.asarray(self._session.run(None, {self._input.name: batch})[0])
        vector = made.reshape(-1).astype(np.float32)
        size = float(np.linalg.norm(vector))
        if len(vector) not in LENGTHS or made.shape[0] != 1 or not 0 < size < np.inf:
            shape = " x ".join(str(side) for side in made.shape)
            raise Unsupported(
                f"{self.card.name} gives {shape} for a face, or no numbers in it.",
                f"It must give one vector of {LENGTHS[0]} to {LENGTHS[-1]} numbers.",
            )
        return np.asarray(vector / np.float32(size), np.float32)


def cropped(picture: Picture, points: npt.NDArray[np.float64]) -> Picture:
    """A face brought to its place in a crop of 112 x 112. points: (5, 2), see `Face`."""
    matrix = similarity(points, PLACES)
    # cv2 has a pixel's centre at whole numbers, the detector and the places have it as they come.
    made = cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(made, np.uint8)


def similarity(
    points: npt.NDArray[np.float64], places: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The (2, 3) rotation, scale and shift that brings points (n, 2) nearest to places (n, 2)."""
    a, b = points.mean(axis=0), places.mean(axis=0)
    left, sizes, right = np.linalg.svd((places - b).T @ (points - a))
    sign = np.array([1.0, np.sign(np.linalg.det(left @ right))])
    turn = (left * sign) @ right
    scale = (sizes * sign).sum() / max(((points - a) ** 2).sum(), 1e-9)
    return np.column_stack([scale * turn, b - scale * turn @ a])
