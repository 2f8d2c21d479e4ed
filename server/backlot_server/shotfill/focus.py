"""Sharpness: a plate that is softer or sharper than what was merged from its sources, as where
focus is pulled, a lens zooms, or sampling took a little away.

The round filter that makes of what was merged what the plate shows is told by the known ring in
least squares (N. Wiener, "Extrapolation, Interpolation and Smoothing of Stationary Time Series",
1949): a sum of the picture and of Gaussians of it. The plate's grain is in no source and does not
sway it.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values
from .merge import Merged
from .points import Hole

SIGMAS = (0.7, 1.4, 2.8, 5.6)
KNOWN = 0.9
"""Part of what the widest takes that must be known."""
FEWEST = 200
ODD = 0.08
"""Codes from which on what is off counts less: something else than sharpness is."""
STIFF = 1e-5
"""Squared codes: where what filters change is not more than so, nothing is told by it."""
WORTH = 0.985
"""Part of the squared misfit that must be left at most."""


def matched(
    hole: Hole, merged: Merged, target: Values, colour: list[int], lead: list[int]
) -> Merged:
    """What was merged, as sharp as the target is.

    Args: target (points, channels): right in the ring. colour: the channels that are filtered;
        lead: those of them by which it is told.
    """
    shown = merged.best >= 0
    if np.count_nonzero(~hole.inside & shown) < FEWEST:
        return merged
    values = np.ascontiguousarray(merged.values[:, colour])
    off, known = _softened(hole, values, shown)
    ring = ~hole.inside & known
    if np.count_nonzero(ring) < FEWEST:
        return merged
    told = [colour.index(channel) for channel in lead]
    lack = target[ring][:, lead] - merged.values[ring][:, lead]
    parts, left = _fitted([each[ring][:, told] for each in off], lack)
    if left > WORTH:
        return merged
    made = values + sum(part * each for part, each in zip(parts, off, strict=True))
    low, high = _range(hole, values, shown)
    filtered = merged.values.copy()
    filtered[:, colour] = np.where(shown[:, None], np.clip(made, low, high), values)
    return replace(merged, values=filtered, squares=merged.squares * np.float32(_energy(parts)))


def _softened(hole: Hole, values: Values, shown: Mask) -> tuple[list[Values], Mask]:
    """What each Gaussian would change, and where all that the widest takes is known."""
    rows, columns, size = hole.box
    plane, weight = np.zeros((*size, values.shape[1]), np.float32), np.zeros(size, np.float32)
    plane[rows[shown], columns[shown]] = values[shown]
    weight[rows[shown], columns[shown]] = 1
    off: list[Values] = []
    for sigma in SIGMAS:
        share = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        soft = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        soft = np.asarray(soft, np.float32).reshape(plane.shape)[rows, columns]
        off.append(soft / np.maximum(share[rows, columns], np.float32(1e-3))[:, None] - values)
    return off, shown & (share[rows, columns] > KNOWN)


def _fitted(off: list[Values], lack: Values) -> tuple[npt.NDArray[np.float64], float]:
    """How much of each change makes up best for what is lacking but for an even shift, and which
    part of the lack's square is left."""
    y = (lack - lack.mean(axis=0)).ravel().astype(np.float64)
    x = np.stack([(each - each.mean(axis=0)).ravel() for each in off], 1).astype(np.float64)
    counts = 1 / (1 + (y / ODD) ** 2)
    weighted = x * counts[:, None]
    square = weighted.T @ x / len(y) + STIFF * np.eye(len(off))
    parts = np.linalg.solve(square, weighted.T @ y / len(y))
    left = np.sum(counts * (y - x @ parts) ** 2) / (np.sum(counts * y**2) + 1e-12)
    return parts, float(left)


def _range(hole: Hole, values: Values, shown: Mask) -> tuple[Values, Values]:
    """The least and the most of each point and those around it: what is made sharper rings not."""
    rows, columns, size = hole.box
    near = np.ones((3, 3), np.uint8)
    ends: list[Values] = []
    for none, spread in ((np.inf, cv2.erode), (-np.inf, cv2.dilate)):
        plane = np.full((*size, values.shape[1]), none, np.float32)
        plane[rows[shown], columns[shown]] = values[shown]
        ends.append(np.asarray(spread(plane, near), np.float32).reshape(plane.shape)[rows, columns])
    return ends[0], ends[1]


def _energy(parts: npt.NDArray[np.float64]) -> float:
    """The sum of the filter's squares: what is left of the square of white noise."""
    whole = 1 - float(parts.sum())
    squared = np.square(SIGMAS)
    each = float((parts / (2 * np.pi * squared)).sum())
    pairs = np.outer(parts, parts) / (2 * np.pi * np.add.outer(squared, squared))
    return whole**2 + 2 * whole * each + float(pairs.sum())
