"""Take in somebody else's network for filling: a picture and a mask in, the picture whole out.

What they mean is tried out: which input is the picture, whether 1 in the mask is the hole or what
is known, and whether white is 1 or 255, in and out. Right is what fills a hole in a smooth picture
with something like it, though white lies in the hole; and it is as like as it has to be where the
hole is shown as plates are, by the smoothest surface.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backlot.errors import Unsupported

from ..inpainting import Inpainter, named_inputs
from ..membrane import Mask, Values, membrane
from . import Card
from .probing import PEAKS, TYPES, check_whole, limits, with_sizes

PURPOSE = "fill"
_SIDE = 136
_LIKENESS = 0.06
_CLEANED = 0.7
"""How much of white in the hole may be left. MI-GAN leaves half of it in a picture of 136 pixels,
which it enlarges to 512; one that takes the mask the wrong way round leaves all of it."""


def takes_mask(file: Path) -> bool:
    """Whether a network has two inputs."""
    from ..engines import onnx

    return onnx.inputs(file) == 2


def probe(file: Path, card: Card) -> Card:
    """The card with what was found by running the network. Raises Unsupported with the reason."""
    card = with_sizes(_declared(file, card), partial(_sized, file))
    picture, hole = _smooth(card)
    tried = _tried(file, card, picture, hole)
    dirt = float(np.abs(1.0 - picture)[hole].mean())
    found = tried.get(min(tried, default=np.inf))
    if found is None or min(tried) > _CLEANED * dirt or _unlike(file, found, picture, hole):
        raise Unsupported(
            f"What {card.name} makes of a hole in a smooth picture does not look like the picture.",
            "A network must take a picture of 0 to 1 or 0 to 255 and a mask, and give the picture.",
        )
    return replace(found, limits=limits(card))


def _tried(file: Path, card: Card, picture: Values, hole: Mask) -> dict[float, Card]:
    """All that the network may mean, by how unlike the picture a hole full of white comes out."""
    tried: dict[float, Card] = {}
    dirty = np.where(hole[:, :, None], np.float32(1.0), picture)
    peaks = (255.0,) if card.dtype == "uint8" else PEAKS
    for mask in ("hole", "known"):
        for peak in peaks:
            guess = replace(card, mask=mask, peak=peak, made_peak=1.0)
            made = Inpainter(guess, str(file))(dirty, hole)
            for made_peak in PEAKS:
                unlike = float(np.abs(made / made_peak - picture)[hole].mean())
                if np.isfinite(unlike):
                    tried[unlike] = replace(guess, made_peak=made_peak)
    return tried


def _unlike(file: Path, card: Card, picture: Values, hole: Mask) -> bool:
    """Whether a hole that is shown by the smoothest surface comes out as something else."""
    shown = membrane(np.where(hole[:, :, None], np.float32(0.0), picture), hole)
    made = Inpainter(card, str(file))(shown, hole)
    return not float(np.abs(made - picture)[hole].mean()) < _LIKENESS


def _declared(file: Path, card: Card) -> Card:
    """Type, and size where only one is taken, from what the file says."""
    from ..engines.onnx import session

    opened = session(file.name, str(file), takes=2)
    given: dict[str, Any] = {each.name: each for each in opened.get_inputs()}
    picture, mask = (given.get(name) for name in named_inputs(opened))
    if picture is None or mask is None or picture.type != mask.type or picture.type not in TYPES:
        shapes = " and ".join(f"{each.type} {each.shape}" for each in given.values())
        raise Unsupported(
            f"{file.name} takes {shapes}.",
            "A network for filling must take a picture of 3 channels and a mask of 1, both float32 "
            "or both uint8, batch x channels x height x width.",
        )
    height, width = picture.shape[2:]
    fixed = (height, width) if isinstance(height, int) and isinstance(width, int) else None
    return replace(card, purpose=PURPOSE, dtype=TYPES[picture.type], fixed=fixed, mask="hole")


def _sized(file: Path, card: Card) -> Card:
    picture, hole = _smooth(card)
    check_whole(Inpainter(card, str(file))(picture, hole), picture)
    return card


def _smooth(card: Card) -> tuple[Values, Mask]:
    """A smooth picture of a size the network takes, and a hole in its middle."""
    side = card.multiple * (-(-_SIDE // card.multiple) | 1)
    height, width = card.fixed or (side, side + 2 * card.multiple)
    y, x = np.mgrid[:height, :width] / np.float32(max(height, width))
    planes = [0.45 + 0.15 * np.sin(3 * x + c) * np.cos(2 * y) for c in range(3)]
    hole = np.zeros((height, width), bool)
    high, wide = height // 12, width // 12
    hole[height // 2 - high : height // 2 + high, width // 2 - wide : width // 2 + wide] = True
    return np.stack(planes, axis=2).astype(np.float32), hole
