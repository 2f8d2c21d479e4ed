"""Take in networks for faces: one that finds them, of YuNet's shape, one that measures them, of
SFace's. What they give for a picture without a face is held against what it has to be.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from backlot.errors import Unsupported

from ..engines import onnx
from ..faces import DETECTION, RECOGNITION
from ..faces.sface import SIDE, Embedder
from ..faces.yunet import LISTS, STRIDES, Detector
from . import Card

PURPOSES = (DETECTION, RECOGNITION)
_ALIKE = 0.9999


def purpose(file: Path) -> str:
    """What a network is for, told by its shape; "" where it is none for faces."""
    given, made = onnx.ends(file)
    if len(made) == len(STRIDES) * len(LISTS):
        return DETECTION
    square = len(given) == 1 and len(given[0]) == 4 and given[0][2:] == [SIDE, SIDE]
    return RECOGNITION if square and [len(shape) for shape in made] == [2] else ""


def probe(file: Path, card: Card) -> Card:
    """The card, after the network was tried. Raises Unsupported with the reason."""
    rng = np.random.default_rng(1)
    if card.purpose == DETECTION:
        found = Detector(card, str(file))
        shape = (found.height, found.width)
        ramp = np.linspace(40, 210, found.width).astype(np.uint8)
        faces = found(np.broadcast_to(ramp[None, :, None], (*shape, 3)))
        if faces:
            raise Unsupported(
                f"{card.name} sees {len(faces)} faces in a picture of nothing.", "Choose another."
            )
        return replace(card, fixed=shape, limits=card.limits or "Added by the user.")
    measure = Embedder(card, str(file))
    one, other = (
        measure(np.kron(rng.integers(0, 256, (7, 7, 3)), np.ones((16, 16, 1))).astype(np.uint8))
        for _ in range(2)
    )
    if float(one @ other) > _ALIKE:
        raise Unsupported(f"{card.name} gives the same for any picture.", "Choose another network.")
    limits = (
        card.limits or "Added by the user: bounds need references and other characters of a show."
    )
    return replace(card, fixed=(SIDE, SIDE), limits=limits)
