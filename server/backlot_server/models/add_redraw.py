"""Take in somebody else's network that redraws: a frame, a matte and references in, the frame out.

Networks of the shape that reference-conditioned ones have. What their inputs mean is tried out:
which of the pictures is the frame, whether 1 in the matte is where to draw or what to keep, and
whether white is 1 or 255. Right is what gives the frame outside of the matte, and inside something
that hangs on the reference.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backlot.errors import Unsupported

from ..look.redraw import Redrawer
from ..look.spec import REDRAW
from ..membrane import Mask, Values
from . import Card
from .probing import PEAKS, TYPES, check_whole, limits, with_sizes

MOST = 4
"""References that a network may take."""
_SIDE = 72
_LIKENESS = 0.12
_EFFECT = 0.004
_SHAPE = (
    "A network for redrawing must take pictures of 3 channels, the frame and one to four "
    "references, and a matte of 1, all float32 or all uint8, batch x channels x height x width."
)


def takes_references(file: Path) -> bool:
    """Whether a network has three inputs or more."""
    from ..engines import onnx

    return onnx.inputs(file) >= 3


def probe(file: Path, card: Card) -> Card:
    """The card with what was found by running the network. Raises Unsupported with the reason."""
    card, pictures, matte = _declared(file, card)
    tried: list[tuple[float, int, Card]] = []
    effects = []
    for frame in pictures:
        order = (frame, matte, *(name for name in pictures if name != frame))
        sized = with_sizes(replace(card, inputs=order), partial(_sized, file))
        for mask in ("hole", "known"):
            for peak in (255.0,) if card.dtype == "uint8" else PEAKS:
                for made_peak in PEAKS:
                    guess = replace(sized, mask=mask, peak=peak, made_peak=made_peak)
                    unlike, effect = _tried(file, guess)
                    if unlike <= _LIKENESS:
                        effects.append(effect)
                        if effect >= _EFFECT:
                            tried.append((unlike, len(tried), guess))
    if not effects:
        raise Unsupported(
            f"What {card.name} makes does not look like the frame outside of the matte.",
            "A network must take and give pictures of 0 to 1, or 0 to 255, and keep the frame.",
        )
    if not tried:
        raise Unsupported(
            f"{card.name} makes the same of every reference: it cannot bring a character back.",
            "Give a network that draws what its reference shows.",
        )
    return replace(min(tried)[2], limits=limits(card))


def _declared(file: Path, card: Card) -> tuple[Card, list[str], str]:
    """Type and size from what the file says; the names of its pictures, and of its matte."""
    from ..engines.onnx import inputs as onnx_inputs
    from ..engines.onnx import session

    opened = session(file.name, str(file), takes=onnx_inputs(file))
    given: list[Any] = opened.get_inputs()
    flat = [each for each in given if len(each.shape) == 4]
    pictures = [each for each in flat if each.shape[1] == 3]
    mattes = [each for each in flat if each.shape[1] == 1]
    kinds = {each.type for each in given}
    fits = len(mattes) == 1 and 2 <= len(pictures) <= MOST + 1
    if not fits or len(pictures) + 1 != len(given) or len(kinds) != 1 or kinds - set(TYPES):
        shapes = ", ".join(f"{each.type} {each.shape}" for each in given)
        raise Unsupported(f"{file.name} takes {shapes}.", _SHAPE)
    sizes = {tuple(each.shape[2:]) for each in given if _whole(each.shape[2:])}
    if len(sizes) > 1 or (sizes and not all(_whole(each.shape[2:]) for each in given)):
        raise Unsupported(
            f"{file.name} takes pictures of {len(sizes)} fixed sizes at once.",
            "All inputs must be of one size, or of any.",
        )
    fixed = next(iter(sizes)) if sizes else None
    made = replace(card, purpose=REDRAW, dtype=TYPES[given[0].type], fixed=fixed, mask="hole")
    return made, [each.name for each in pictures], mattes[0].name


def _whole(sides: list[Any]) -> bool:
    return all(isinstance(side, int) for side in sides)


def _sized(file: Path, card: Card) -> Card:
    frame, drawn, reference, _ = _pictures(card)
    check_whole(Redrawer(card, str(file))(frame, drawn, [reference]), frame)
    return card


def _tried(file: Path, card: Card) -> tuple[float, float]:
    """How unlike the frame it is outside of the matte, and how much a reference does inside."""
    frame, drawn, one, other = _pictures(card)
    network = Redrawer(card, str(file))
    made, another = (network(frame, drawn, [reference]).copy() for reference in (one, other))
    unlike, effect = np.abs(made - frame)[~drawn].mean(), np.abs(made - another)[drawn].mean()
    moved = np.abs(made - another)[~drawn].mean()
    if not np.isfinite([unlike, effect]).all():
        return np.inf, 0.0
    return float(unlike), float(effect) if effect > moved else 0.0


def _pictures(card: Card) -> tuple[Values, Mask, Values, Values]:
    """A frame of broad waves, where to draw, and two references of other colours and textures."""
    side = card.multiple * (-(-_SIDE // card.multiple) | 1)
    height, width = card.fixed or (side, side + 2 * card.multiple)
    y, x = np.mgrid[:height, :width] / np.float32(max(height, width))
    frame = np.stack([0.5 + 0.4 * np.sin(7 * x + 2 * c) * np.cos(5 * y) for c in range(3)], axis=2)
    one = np.stack([0.5 + 0.3 * np.sin(90 * x + c) * np.cos(70 * y) for c in range(3)], axis=2)
    other = np.stack([0.2 + 0.1 * c + 0.15 * np.cos(31 * (x + y) - c) for c in range(3)], axis=2)
    drawn = np.zeros((height, width), bool)
    drawn[height // 4 : -(height // 4), width // 4 : -(width // 4)] = True
    return frame.astype(np.float32), drawn, one.astype(np.float32), other.astype(np.float32)
