"""Where only the object's shadow lies: the plate's own detail in the light of the other frames."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values

DARKEST = 0.004
"""Scene light that is added on both sides, so that black has no ratio."""
MOST = 3.0
"""Logarithm of the most light that a shadow can have taken."""
DETAIL, ROUNDS, EVEN = 1.5, 3, 1.5
"""Pixels by which light is evened out before and after the median that keeps the shadow's edge."""


def lifted(plate: Values, filled: Values, shaded: Mask, hole: Mask) -> Values:
    """The plate under a shadow, in the light of a fill that has none.

    The ratio of fill to plate is what the shadow took. It is told by the median over neighbours, so
    that detail of either, which the other lacks, has no part in it and edges of the shadow have.

    Args: plate, filled (points, channels): colours of the hole's pixels, scene-linear, in the order
        of np.nonzero. shaded (points,): where the plate is finite and there is but shadow. hole
        (height, width).
    Returns: (shaded points, channels).
    """
    rows, columns = (at[shaded] - at.min() for at in np.nonzero(hole))
    region = np.zeros((int(rows.max()) + 1, int(columns.max()) + 1), np.float32)
    region[rows, columns] = 1.0
    made: Values = plate[shaded].copy()
    for channel in range(plate.shape[1]):
        light = [_spread(each[shaded, channel], rows, columns, region) for each in (filled, plate)]
        over, under = (np.maximum(each, 0) + np.float32(DARKEST) for each in light)
        ratio = np.clip(np.log(over / under), -MOST, MOST)
        for _ in range(ROUNDS):
            ratio = np.asarray(cv2.medianBlur(np.ascontiguousarray(ratio, np.float32), 5))
        ratio = _evened(ratio, region, EVEN)
        made[:, channel] *= np.exp(ratio[rows, columns])
    return made


def _spread(
    values: Values, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], region: Values
) -> Values:
    """Values of a region, evened out a little, and continued around it."""
    plane = np.zeros_like(region)
    plane[rows, columns] = values
    wide = cv2.GaussianBlur(plane * region, (0, 0), 4 * DETAIL)
    share = cv2.GaussianBlur(region, (0, 0), 4 * DETAIL)
    around = wide / np.maximum(share, 1e-3)
    return np.where(region > 0, _evened(plane, region, DETAIL), around).astype(np.float32)


def _evened(plane: Values, region: Values, sigma: float) -> Values:
    total = cv2.GaussianBlur(plane * region, (0, 0), sigma)
    share = cv2.GaussianBlur(region, (0, 0), sigma)
    return np.asarray(total / np.maximum(share, 1e-3), np.float32)
