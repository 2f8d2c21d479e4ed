"""What colour cannot mend: a region redrawn from references, by a network that somebody added.

The seam for reference-conditioned networks. One is shown the region with what is around it, where
to draw, and references in the light of the shot; what it makes replaces the region within its
matte, and nothing else. Networks know display-referred pictures of white 1: exposure is taken out
before and put back after, and highlights beyond white keep by how far they were beyond.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backlot.errors import Unsupported

from ..encoding import decoded, encoded
from ..engines import onnx
from ..membrane import Mask, Values
from ..models import Card, verify
from ..platecode import CURVE, exposure
from .statistics import Pixels

TEXTURE = 6.0
"""Times the reference's contrast, more or less, from which a region is redrawn without being named:
of undrifted ones, in other lights and views, one in 250 is."""
_AROUND = 0.25
"""What is shown around a region, as a share of its size."""
_MOST = 768
"""Pixels of the longer side that a network of any size is shown."""
_LEAST = 1e-6

_opened: dict[str, Redrawer] = {}


class Redrawer:
    """A network of that kind, in ONNX Runtime. Raises what `engines.onnx.session` raises."""

    def __init__(self, card: Card, path: str) -> None:
        self.card = card
        self.label = f"ONNX Runtime, {card.name}"
        self._session = onnx.session(Path(path).name, path, takes=len(card.inputs))

    def __call__(self, frame: Values, drawn: Mask, references: Sequence[Values]) -> Values:
        """The frame redrawn. All pictures (height, width, 3), codes from 0 to 1, of one size that
        it takes; of references as many as it has inputs for, one may stand for several."""
        picture, matte, *others = self.card.inputs
        shown = [references[min(at, len(references) - 1)] for at in range(len(others))]
        given = {name: self._as(each) for name, each in zip(others, shown, strict=True)}
        mask = (drawn if self.card.mask == "hole" else ~drawn).astype(np.float32)
        white = 255.0 if self.card.dtype == "uint8" else 1.0
        given |= {picture: self._as(frame), matte: self._typed(mask[None] * white)}
        with onnx.named_errors(self.label):
            made: Values = self._session.run(None, given)[0]
        if made.ndim != 4:
            raise Unsupported(f"{self.card.name} gives {made.ndim} dimensions instead of 4.")
        return np.asarray(made[0].transpose(1, 2, 0) / np.float32(self.card.made_peak), np.float32)

    def _as(self, picture: Values) -> npt.NDArray[Any]:
        return self._typed(picture.transpose(2, 0, 1) * np.float32(self.card.peak))

    def _typed(self, values: Values) -> npt.NDArray[Any]:
        batch = np.ascontiguousarray(values)[None]
        whole = self.card.dtype == "uint8"
        return np.rint(batch).astype(np.uint8) if whole else batch.astype(np.float32)


def opened(card: Card) -> Redrawer:
    """The network of a card, loaded once in this process. Raises NotFound, UnreadableFile, ..."""
    path = verify(card)
    if card.sha256 not in _opened:
        _opened[card.sha256] = Redrawer(card, str(path))
    return _opened[card.sha256]


def drifted(ratio: float) -> bool:
    """Whether a texture, over the reference's, is another one."""
    return not 1 / TEXTURE <= ratio <= TEXTURE


def redraw(network: Redrawer, pixels: Pixels, cover: Pixels, references: Sequence[Values]) -> None:
    """Replace a region by what a network makes of it, in place.

    Args: pixels (height, width, 3) scene-linear float32; cover (height, width) 0..1; references:
    (height, width, 3) scene-linear each, cut to the region, in the light of the shot.
    Raises: Unsupported where the network makes no numbers.
    """
    box = _around(cover)
    if box is None or not references:
        return
    part, alpha = pixels[box], cover[box]
    finite = np.isfinite(part).all(axis=2)
    inside = (alpha > 0) & finite
    if not inside.any():
        return
    gain = np.float32(exposure(part, ~inside))
    linear = np.where(finite[..., None], part, 0).astype(np.float32) * gain
    shown = _code(linear)
    size = _size(network.card, alpha.shape)
    frame, _ = _fitted(shown, size)
    drawn, used = _fitted((alpha > 0).astype(np.float32)[..., None], size)
    others = [_fitted(_code(each * gain), size)[0] for each in references]
    made = network(frame, drawn[..., 0] > 0, others)[: used[0], : used[1]]
    codes = np.clip(_resized(made, alpha.shape), 0.0, 1.0)
    if not np.isfinite(codes).all():
        raise Unsupported(
            f"{network.card.name} makes values that are no numbers.", "Choose another network."
        )
    beyond = np.maximum(linear, 0) / np.maximum(decoded(shown, CURVE), _LEAST)
    lift = np.where(linear > 1, beyond, np.float32(1))
    new = (decoded(codes, CURVE) * lift + np.minimum(linear, 0)) / gain
    mixed = part + alpha[..., None] * (new - part)
    part[...] = np.where(inside[..., None], mixed, part)


def cut(picture: Values, cover: Values) -> Values | None:
    """A reference cut to a region and what is around it; None where it does not show it."""
    box = _around(cover)
    return None if box is None else np.nan_to_num(picture[box], posinf=0.0, neginf=0.0)


def _code(linear: Values) -> Values:
    return np.clip(encoded(linear, CURVE), 0.0, 1.0)


def _around(cover: Values) -> Any:
    rows, columns = np.flatnonzero((cover > 0).any(1)), np.flatnonzero((cover > 0).any(0))
    if not len(rows):
        return None
    more = 1 + round(_AROUND * max(rows[-1] - rows[0], columns[-1] - columns[0]))
    return np.s_[
        max(0, rows[0] - more) : rows[-1] + more + 1,
        max(0, columns[0] - more) : columns[-1] + more + 1,
    ]


def _size(card: Card, sides: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of what the network is shown of a picture of such sides."""
    if card.fixed is not None:
        return card.fixed
    scale = min(1.0, _MOST / max(sides))
    height, width = (-(-round(side * scale) // card.multiple) * card.multiple for side in sides)
    return max(height, card.multiple), max(width, card.multiple)


def _fitted(picture: Values, size: tuple[int, int]) -> tuple[Values, tuple[int, int]]:
    """A picture brought into a size, its sides' ratio kept, the rest by its edge; and what of that
    it covers."""
    height, width = picture.shape[:2]
    scale = min(size[0] / height, size[1] / width, 4.0)
    used = (min(size[0], max(1, round(height * scale))), min(size[1], max(1, round(width * scale))))
    small = _resized(picture, used)
    more = ((0, size[0] - used[0]), (0, size[1] - used[1]), (0, 0))
    return np.pad(small, more, mode="edge"), used


def _resized(picture: Values, sides: tuple[int, ...]) -> Values:
    import cv2

    if picture.shape[:2] == tuple(sides):
        return picture
    smaller = sides[0] < picture.shape[0] or sides[1] < picture.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    made = cv2.resize(np.ascontiguousarray(picture), (sides[1], sides[0]), interpolation=way)
    return np.asarray(made.reshape(*sides, picture.shape[2]), np.float32)
