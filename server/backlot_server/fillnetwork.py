"""The fill network's side of a hole: what it is shown, in tiles, and where it is heard.

It has seen, on generated images, where votes and spectrum go wrong, and says what must be added to
the votes. Everything it is shown is a difference of codes or carries the contrast of the picture
around as its unit, so that its answer is as large as the contrast and knows no exposure. Inside a
large hole nobody knows, and an average would only blur: there it is silent.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np

from .candidates import Candidates
from .engines import Network, Tensor, onnx
from .holes import bounds
from .membrane import Mask, Values
from .models import SHIPPED, Card, read_card, verify

NAME = "fill"
CHANNELS = 12
DEEPEST = 16.0
"""Depth in pixels beyond which one depth is shown as any other."""
HEARD = (12.0, 24.0)
REACH = 24.0
"""Depth of the deepest place within reach to which it is heard in full, and from which on not at
all; in pixels."""
MIRRORED = 12000
"""With fewer pixels to make, the answer is the mean of eight: of the picture and its mirror images.
What it says otherwise in a mirror is its own error."""
TILE = 512

View = tuple[int, int, bool]
"""Steps down and across, -1 for mirrored; whether rows and columns are exchanged then."""
VIEWS: tuple[View, ...] = tuple(product((1, -1), (1, -1), (False, True)))


@lru_cache(maxsize=1)
def card() -> Card:
    """The network that ships."""
    return read_card(SHIPPED / f"{NAME}.json")


@lru_cache(maxsize=1)
def opened() -> Network:
    """The network, loaded once in this process; on ONNX Runtime, which takes any size at once.

    Raises: NotFound, UnreadableFile, Unsupported, OutOfMemory.
    """
    return onnx.load(card(), str(verify(card())))


def shown(said: Candidates, hole: Mask, base: Values, depth: Values, contrast: float) -> Tensor:
    """What the network is shown of a picture, (CHANNELS, height, width).

    The picture with the votes in its hole; what the spectrum, and the one best patch, say more than
    the votes; where the hole is, how deep, and how unlike the patches are.

    Args:
        base: (pixels of the hole, lead), the votes bent to meet the rim.
        depth: (height, width), pixels from what is known.
        contrast: mean size of the gradient around the hole.
    """
    lead = [said.lead[min(c, len(said.lead) - 1)] for c in range(3)]
    at = [min(c, len(said.lead) - 1) for c in range(3)]
    picture = said.values[:, :, lead]
    planes = np.zeros((CHANNELS, *hole.shape), np.float32)
    mine = base[:, at]
    best = picture.reshape(-1, 3)[said.best]
    planes[0:3] = picture.transpose(2, 0, 1)
    planes[0:3, hole] = mine.T
    planes[3:6, hole] = (said.guide[hole][:, at] - mine).T
    planes[6:9, hole] = (best - mine).T
    planes[9, hole] = contrast
    planes[10] = np.where(hole, np.minimum(depth / DEEPEST, 1.0) * contrast, 0.0)
    planes[11] = np.where(hole, np.sqrt(np.maximum(said.costs, 0.0)), 0.0)
    return planes


def heard(depth: Values) -> Values:
    """How much of the network's answer counts at these depths, 0 to 1."""
    full, none = HEARD
    part: Values = np.clip((none - depth) / (none - full), 0.0, 1.0).astype(np.float32)
    return part


def for_lead(answer: Values, lead: list[int]) -> Values:
    """Its answer (points, 3) for so many leading channels (points, lead)."""
    return answer if len(lead) == 3 else answer.mean(axis=1, keepdims=True)


def corrections(network: Network, planes: Tensor, wanted: Mask) -> Values:
    """What the network adds, (height, width, 3), where wanted; elsewhere zeros. planes: `shown`."""
    height, width = wanted.shape
    margin = card().margin
    made = np.zeros((height, width, 3), np.float32)
    views = VIEWS if np.count_nonzero(wanted) < MIRRORED else VIEWS[:1]
    step = TILE - 2 * margin
    for y in range(0, height, step):
        for x in range(0, width, step):
            box = bounds(wanted[y : y + step, x : x + step])
            if box is None:
                continue
            rows, columns = slice(y + box[0], y + box[2]), slice(x + box[1], x + box[3])
            answer = _one(network, planes, rows, columns, margin, views)
            made[rows, columns] = np.where(wanted[rows, columns, None], answer, 0.0)
    return made


def _one(
    network: Network,
    planes: Tensor,
    rows: slice,
    columns: slice,
    margin: int,
    views: tuple[View, ...],
) -> Values:
    height, width = planes.shape[1:]
    top, left = max(0, rows.start - margin), max(0, columns.start - margin)
    bottom, right = min(height, rows.stop + margin), min(width, columns.stop + margin)
    least = card().multiple
    top, left = top - top % least, left - left % least
    part = planes[:, top:bottom, left:right]
    more = ((0, 0), (0, -part.shape[1] % least), (0, -part.shape[2] % least))
    batch = np.pad(part, more, mode="edge")[None]
    total = np.zeros((3, *batch.shape[2:]), np.float32)
    for view in views:
        seen = np.ascontiguousarray(_seen(batch, view))
        total += _unseen(network(seen), view)[0]
    inside = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    answer: Values = total.transpose(1, 2, 0)[inside] / np.float32(len(views))
    return answer


def _seen(batch: Tensor, view: View) -> Tensor:
    down, across, transposed = view
    seen = batch[:, :, ::down, ::across]
    return seen.swapaxes(2, 3) if transposed else seen


def _unseen(batch: Tensor, view: View) -> Tensor:
    down, across, transposed = view
    seen = batch.swapaxes(2, 3) if transposed else batch
    return seen[:, :, ::down, ::across]
