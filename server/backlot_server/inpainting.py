"""Networks of other people that take a picture and a mask and give the picture whole (LaMa's kind).

They were made for 8-bit pictures, of one size or of any. A piece of a plate is brought to what they
take, crop by crop, and only the hole of what they give is used, bent to meet its rim.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from backlot.matte import support

from .candidates import Region
from .encoding import decoded, encoded
from .engines import onnx
from .holes import bounds
from .membrane import Mask, Values, membrane
from .models import Card, verify
from .platecode import exposure
from .roles import Roles

AROUND = 2.0
"""A network of one size is shown a window so many times as large as the hole, at least."""


class Inpainter:
    """A network of that kind, in ONNX Runtime. Raises what `engines.onnx.session` raises."""

    def __init__(self, card: Card, path: str) -> None:
        self.card = card
        self.label = f"ONNX Runtime, {card.name}"
        self._session = onnx.session(Path(path).name, path, takes=2)
        self._picture, self._mask = named_inputs(self._session)

    def __call__(self, picture: Values, hole: Mask) -> Values:
        """The picture whole. picture (height, width, 3), codes from 0 to 1, of a size it takes.

        Whatever the picture has in the hole is shown, too: many a network shrinks it before it
        looks at the mask, and what lies in the hole runs out over its rim.
        """
        bytes_ = self.card.dtype == "uint8"
        shown = (picture * np.float32(self.card.peak)).transpose(2, 0, 1)
        mask = (hole if self.card.mask == "hole" else ~hole).astype(np.float32)
        given = {
            self._picture: _as(shown, bytes_),
            self._mask: _as(mask[None] * (255.0 if bytes_ else 1.0), bytes_),
        }
        with onnx.named_errors(self.label):
            made: Values = self._session.run(None, given)[0]
        whole = made[0].transpose(1, 2, 0) / np.float32(self.card.made_peak)
        return np.asarray(whole, np.float32)


def named_inputs(session: Any) -> tuple[str, str]:
    """Names of the input for the picture and of that for the mask, told by their channels."""
    given = session.get_inputs()
    by_channels = {each.shape[1]: each.name for each in given if len(each.shape) == 4}
    return by_channels.get(3, ""), by_channels.get(1, "")


def _as(values: Values, bytes_: bool) -> npt.NDArray[Any]:
    batch = np.ascontiguousarray(values)[None]
    return np.rint(batch).astype(np.uint8) if bytes_ else batch.astype(np.float32)


_opened: dict[str, Inpainter] = {}


def opened(card: Card) -> Inpainter:
    """The network of a card, loaded once in this process. Raises NotFound, UnreadableFile, ..."""
    path = verify(card)
    if card.sha256 not in _opened:
        _opened[card.sha256] = Inpainter(card, str(path))
    return _opened[card.sha256]


def colours(network: Inpainter, region: Region, parts: Roles, blend: float) -> Values:
    """What a network makes of a hole, of every layer of colour.

    Args: region, blend: see `stillfill.fill`.
    Returns: (pixels of the hole, channels) float32, scene-linear; zeros in channels of no colour.
        Each channel lies within the range it has in the known pixels.
    """
    made = np.zeros((int(region.hole.sum()), region.pixels.shape[2]), np.float32)
    for layer in parts.color:
        channels = list(layer)
        known = region.pixels[~region.unknown][:, channels]
        gain = exposure(region.pixels[:, :, channels], region.unknown)
        codes = encoded(region.pixels[:, :, channels] * np.float32(gain), network.card.encoding)
        whole = _whole(network, np.clip(codes, 0.0, 1.0), region)
        values = whole[region.hole] + np.float32(blend) * _lack(codes, whole, region)
        linear = decoded(values, network.card.encoding) / np.float32(gain)
        linear = np.clip(linear, known.min(axis=0), known.max(axis=0))
        single = len(set(channels)) == 1
        made[:, channels] = linear.mean(axis=1, keepdims=True) if single else linear
    return made


def _lack(codes: Values, whole: Values, region: Region) -> Values:
    """What the network's picture lacks at the rim, carried smoothly through the hole."""
    rim = support(region.hole.astype(np.float32), 1) & ~region.unknown
    lack = np.where(rim[:, :, None], codes - whole, np.float32(0))
    box = bounds(region.hole)
    assert box is not None
    part = np.s_[max(0, box[0] - 1) : box[2] + 1, max(0, box[1] - 1) : box[3] + 1]
    return membrane(np.ascontiguousarray(lack[part]), ~rim[part])[region.hole[part]]


def _whole(network: Inpainter, codes: Values, region: Region) -> Values:
    """The region filled by a network: in one go, or through a window of the one size it takes.

    It is shown the smoothest surface where the plate is not known, never what lies there.
    """
    codes = membrane(np.where(region.unknown[:, :, None], 0, codes), region.unknown)
    if network.card.fixed is None:
        return _padded(network, codes, region.unknown)
    top, left, bottom, right = _window(region.hole, network.card.fixed)
    part = np.s_[max(0, top) : bottom, max(0, left) : right]
    more = (
        (max(0, -top), max(0, bottom - codes.shape[0])),
        (max(0, -left), max(0, right - codes.shape[1])),
    )
    picture = np.pad(codes[part], (*more, (0, 0)), mode="symmetric")
    hole = np.pad(region.unknown[part], more, mode="symmetric")
    made = _resized_through(network, picture, hole)
    inside = made[more[0][0] : len(made) - more[0][1], more[1][0] : made.shape[1] - more[1][1]]
    whole: Values = codes.copy()
    whole[part] = inside
    return whole


def _window(hole: Mask, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Around a hole, with the sides' ratio of `size`; it may reach beyond the picture."""
    box = bounds(hole)
    assert box is not None
    high, wide = box[2] - box[0], box[3] - box[1]
    factor = max(1.0, AROUND * high / size[0], AROUND * wide / size[1])
    height, width = round(size[0] * factor), round(size[1] * factor)
    top = _placed((box[0] + box[2] - height) // 2, height, hole.shape[0])
    left = _placed((box[1] + box[3] - width) // 2, width, hole.shape[1])
    return top, left, top + height, left + width


def _placed(start: int, length: int, size: int) -> int:
    """Moved inside where there is room for it."""
    return max(0, min(start, size - length)) if length <= size else (size - length) // 2


def _resized_through(network: Inpainter, picture: Values, hole: Mask) -> Values:
    assert network.card.fixed is not None
    height, width = network.card.fixed
    if picture.shape[:2] == (height, width):
        return network(picture, hole)
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    part = cv2.resize(hole.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    made = network(np.asarray(small, np.float32), part > 0)
    large = cv2.resize(made, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.float32)


def _padded(network: Inpainter, codes: Values, hole: Mask) -> Values:
    """Sides brought to the multiple that the network takes, by mirroring."""
    multiple = network.card.multiple
    more = tuple((0, -side % multiple) for side in hole.shape)
    picture = np.pad(codes, (*more, (0, 0)), mode="symmetric")
    made = network(picture, np.asarray(np.pad(hole, more, mode="symmetric"), bool))
    return np.asarray(made[: hole.shape[0], : hole.shape[1]], np.float32)
