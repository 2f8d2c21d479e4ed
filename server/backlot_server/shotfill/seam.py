"""A fill bent to meet the known pixels around it, so that no seam is left."""

from __future__ import annotations

import cv2
import numpy as np

from ..membrane import Mask, Values, distance, membrane
from .points import Hole

BENT = 8.0
"""Pixels around the hole that the fill is bent to meet."""
SEAM_BLUR = 3.0
SEAM_STEADY = 0.006
"""Steps at the rim below this, in code, are taken for grain."""
HELD = 0.25
"""The largest step that is taken for one of light."""


def bent(hole: Hole, values: Values, target: Values, known: Mask, blend: float) -> Values:
    """What must be added to a fill so that it meets the known pixels around it.

    The step at the rim, freed of grain, is carried on smoothly through the hole (P. Perez et al.,
    "Poisson Image Editing", 2003).

    Args: values, target (points, channels); known (points,): both are right there; elsewhere the
        correction is made.
    Returns: (points, channels).
    """
    rows, columns, size = hole.box
    unknown = np.zeros(size, bool)
    unknown[rows, columns] = ~known
    outside = np.ones(size, bool)
    outside[rows, columns] = False
    near = known & (distance(~unknown)[rows, columns] <= BENT) if unknown.any() else known
    lack = np.zeros((*size, values.shape[1]), np.float32)
    weight = np.zeros(size, np.float32)
    lack[rows[near], columns[near]] = np.clip(target[near] - values[near], -HELD, HELD)
    weight[rows[near], columns[near]] = 1.0
    blurred = cv2.GaussianBlur(lack, (0, 0), SEAM_BLUR)
    share = cv2.GaussianBlur(weight, (0, 0), SEAM_BLUR)
    blurred = blurred.reshape(lack.shape) / np.maximum(share, 1e-3)[:, :, None]
    blurred *= blurred**2 / (blurred**2 + np.float32(SEAM_STEADY**2))
    blurred[outside] = 0.0
    full = membrane(np.ascontiguousarray(blurred, np.float32), unknown)
    add: Values = np.float32(blend) * full[rows, columns]
    return add
