"""What a fill was made of, point by point, for people to look at."""

from __future__ import annotations

import numpy as np

from ..membrane import Values
from .gather import agreement
from .keys import Complete


def layer(kind: str, number: int, made: Complete) -> Values:
    """One value for each point of a hole.

    confidence: from 0 (no frame shows it) to 1 (all that do agree). source: how many frames later
    the one is that counts most. across, down: by how many pixels further right or down it has what
    lies behind the object. 0 where no frame shows it.
    """
    inside = made.seen.hole.inside
    merged = made.seen.merged
    shown = merged.best >= 0
    if kind == "confidence":
        values = np.asarray(1 / (1 + (merged.spread / agreement(made.seen)) ** 2), np.float32)
    elif kind == "source":
        values = np.array([*made.seen.sources, number], np.float32)[merged.best] - number
    else:
        values = made.seen.moves[:, 0 if kind == "across" else 1]
    return np.where(shown, values, 0).astype(np.float32)[inside]
