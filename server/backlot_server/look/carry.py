"""A matte carried along a shot: where each pixel of a frame was on the frame of the matte.

Dense inverse search (Kroeger et al. 2016), from frame to frame, both ways: where the way there and
back does not come to where it began, nothing is known, and confidence is lost. The places are added
up, not the mattes, so that the matte is sampled once and its edge stays as sharp as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .colour import Values
from .statistics import LUMINANCE, Pixels

_WIDE = 1280
"""Width from which motion is looked for on a smaller picture."""
_SOFT = 1.5
"""Grain below this many pixels is no motion."""
_APART = 1.0
"""Pixels that the way there and back may end apart, and a twentieth of its length."""
_BLACK = 1e-3
_NO_MAP: Any = None

Gray = npt.NDArray[np.uint8]
Places = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Carried:
    """places: (height, width, 2), where a pixel was, right and down. trust: (height, width), 0 to
    1, how far that is known. Both at the size of `shown`."""

    places: Places
    trust: Places


def shown(picture: Pixels) -> Gray:
    """A picture to find motion on: ln luminance, in half the width as long as it is very wide.

    Args: (height, width, 3) scene-linear; of it 98 % from dark to bright are told apart.
    """
    import cv2

    level = np.log(np.maximum(_finite(picture) @ LUMINANCE.astype(np.float32), _BLACK))
    level = np.asarray(cv2.GaussianBlur(level, (0, 0), _SOFT))
    while level.shape[1] > _WIDE:
        level = np.asarray(cv2.resize(level, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    low, high = np.percentile(level, (1, 99))
    return np.asarray(np.clip((level - low) * (255 / max(high - low, 1e-3)), 0, 255), np.uint8)


def _finite(picture: Pixels) -> Pixels:
    return np.nan_to_num(picture, nan=0.0, posinf=0.0, neginf=0.0)


def begun(first: Gray) -> Carried:
    """On the frame of the matte itself."""
    height, width = first.shape
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    return Carried(places.astype(np.float32), np.ones(first.shape, np.float32))


def stepped(carried: Carried, before: Gray, after: Gray) -> Carried:
    """From a frame to one beside it. before, after: both as `shown` gives them."""
    import cv2

    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    back, forth = search.calc(after, before, None), search.calc(before, after, None)
    here = begun(after).places
    there = here + back
    returned = back + _at(forth, there)
    length = np.linalg.norm(back, axis=2)
    apart = np.linalg.norm(returned, axis=2) / (_APART + 0.05 * length)
    height, width = after.shape
    inside = (there >= 0).all(2) & (there[..., 0] <= width - 1) & (there[..., 1] <= height - 1)
    known = np.exp(-(apart**2)) * inside
    known = np.asarray(cv2.GaussianBlur(known.astype(np.float32), (0, 0), 1.0))
    return Carried(_at(carried.places, there), known * _at(carried.trust, there))


def matted(carried: Carried, matte: Pixels, size: tuple[int, int]) -> tuple[Pixels, Values]:
    """The matte on this frame, (height, width, channels), and how far each is known, 0 to 1.

    Args: matte (height, width, channels), 0 to 1, of the size of the plate: height, width.
    """
    import cv2

    height, width = size
    small = carried.trust.shape
    factor = np.array([width / small[1], height / small[0]], np.float32)
    wide = cv2.resize(carried.places, (width, height)) if small != size else carried.places
    places = np.asarray((wide + 0.5) * factor - 0.5, np.float32)
    covers = [_at(matte[..., c].astype(np.float32), places) for c in range(matte.shape[2])]
    trust = cv2.resize(carried.trust, (width, height)) if small != size else carried.trust
    cover = np.stack([each.reshape(height, width) for each in covers], axis=-1)
    total = np.maximum(cover.sum((0, 1)), 1e-6)
    return cover, np.asarray((cover * trust[..., None]).sum((0, 1)) / total)


def _at(picture: Any, places: Places) -> Places:
    import cv2

    found = cv2.remap(
        picture, np.asarray(places, np.float32), _NO_MAP, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )  # fmt: skip
    return np.asarray(found, np.float32)
