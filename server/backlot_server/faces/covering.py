"""A matte of a face that was found, for a shot whose mattes have none of it."""

from __future__ import annotations

import numpy as np

from backlot.frame import Frame, Window
from backlot.matte import coverage

from ..look.statistics import Pixels
from . import Face
from .finding import Cover

REGIONS = ("face", "head")
"""What the part of a character is called that shows its face."""
_UP, _DOWN, _ASIDE = 0.75, 0.45, 0.8
"""Of the way from the eyes to the mouth: how far skin reaches above, below, and to each side of the
line between them; within brows and jaw, so that hair and beard are left out."""
_SOFT = 0.08
_MANY = 12_000


def face_channels(mattes: Frame) -> list[str]:
    """The channel that is the face's, if there is one."""
    spoken = {part: name for name in mattes.channels for part in name.lower().split(".")}
    return [spoken[region] for region in REGIONS if region in spoken][:1]


def matted(
    source: Frame, channels: tuple[int, ...], mattes: Frame, face: Face
) -> tuple[Pixels, Cover]:
    """The rectangle of a frame that a found face is in: (height, width, 3) float32, and how much of
    it is skin, (height, width), 0 to 1; of a large one not every pixel.

    channels: which of the source's are red, green and blue. mattes: the character's: what parts
    other than the face cover is none of it; one matte of all has it within. face: in pixels of the
    source's data window.
    """
    x, y, w, h = face.box
    height, width = source.pixels.shape[:2]
    top, left = int(np.clip(y - h / 4, 0, height - 1)), int(np.clip(x - w / 4, 0, width - 1))
    bottom = int(np.clip(y + h * 1.25, top + 1, height))
    right = int(np.clip(x + w * 1.25, left + 1, width))
    step = max(1, round(float(np.sqrt(w * h / _MANY))))
    rgb = source.pixels[top:bottom:step, left:right:step][..., channels].astype(np.float32)
    ours = source.data_window
    part = Window(ours.x + left, ours.y + top, right - left, bottom - top)
    cover = oval(face, top, left, (bottom - top, right - left))
    own = face_channels(mattes)
    parts = [c for c in mattes.channels if c != "A" and c not in own]
    for channel in parts or mattes.channels:
        at = [mattes.channels.index(channel)]
        held = coverage(mattes.with_pixels(mattes.pixels[..., at], channels=("A",)), part)
        cover *= 1 - held if parts else held
    return rgb, cover[::step, ::step]


def oval(face: Face, top: int, left: int, shape: tuple[int, ...]) -> Cover:
    """The skin of a face, in the rectangle that begins there: half an oval above and half of one
    below its middle, (height, width), 0 to 1. The border is soft over a twelfth of it."""
    eyes, mouth = face.points[:2].mean(axis=0), face.points[3:].mean(axis=0)
    down = mouth - eyes
    long = max(1.0, float(np.linalg.norm(down)))
    down /= long
    narrow = float(np.linalg.norm(face.points[1] - face.points[0])) / (0.86 * long)
    wide = _ASIDE * long * min(1.0, max(0.4, narrow))
    x = np.arange(shape[1])[None, :] + 0.5 + left - (eyes + mouth)[0] / 2
    y = np.arange(shape[0])[:, None] + 0.5 + top - (eyes + mouth)[1] / 2
    along, aside = x * down[0] + y * down[1], x * down[1] - y * down[0]
    tall = np.where(along < 0, (0.5 + _UP) * long, (0.5 + _DOWN) * long)
    far = np.hypot(aside / wide, along / tall)
    return np.asarray(np.clip((1 - far) / _SOFT, 0, 1), np.float32)
