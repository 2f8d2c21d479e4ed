"""Holes to train the fill network on: wires, blobs and large ones, drawn from random numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

PARTS = {"wires": 0.06, "blobs": 0.04, "large": 0.06}
"""Kinds of holes, and how much of an image they take."""
WIDTHS = (2.5, 10.0)
RADII = (5.0, 22.0)


def holes(rng: np.random.Generator, height: int, width: int, kind: str) -> Mask:
    """A mask (height, width) with holes of one kind."""
    mask = np.zeros((height, width), bool)
    if kind == "large":
        radius = np.sqrt(PARTS[kind] * height * width / np.pi) * rng.uniform(0.7, 1.2)
        aspect = rng.uniform(0.7, 1.4)
        centre = rng.uniform(0.2, 0.8, 2) * (height, width)
        _ellipse(mask, centre, (radius * aspect, radius / aspect), rng.uniform(0, np.pi))
        return mask
    while mask.mean() < PARTS[kind]:
        if kind == "wires":
            _wire(mask, rng)
        else:
            radii = np.exp(rng.uniform(*np.log(RADII), 2))
            centre = rng.uniform(0, 1, 2) * (height, width)
            _ellipse(mask, centre, tuple(radii), rng.uniform(0, np.pi))
    return mask


def _ellipse(
    mask: Mask, centre: NDArray[np.float64], radii: tuple[float, float], turn: float
) -> None:
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    y, x = y - centre[0], x - centre[1]
    along, across = y * np.cos(turn) + x * np.sin(turn), x * np.cos(turn) - y * np.sin(turn)
    mask |= (along / radii[0]) ** 2 + (across / radii[1]) ** 2 <= 1


def _wire(mask: Mask, rng: np.random.Generator) -> None:
    """A curve of one width, bent by a slow random walk."""
    height, width = mask.shape
    radius = np.exp(rng.uniform(*np.log(WIDTHS))) / 2
    length = int(rng.uniform(0.3, 1.2) * max(height, width))
    turn = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, rng.uniform(0, 0.03), length))
    start = rng.uniform(0, 1, 2) * (height, width)
    path = start + np.cumsum(np.stack([np.sin(turn), np.cos(turn)], axis=1), axis=0)
    for y, x in path:
        top, left = max(0, int(y - radius)), max(0, int(x - radius))
        near = mask[top : int(y + radius) + 2, left : int(x + radius) + 2]
        rows, columns = np.ogrid[: near.shape[0], : near.shape[1]]
        near |= (rows + top - y) ** 2 + (columns + left - x) ** 2 <= radius**2
