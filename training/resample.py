"""Linear resampling as dense one-dimensional operators.

Every operator is an array of shape (n_out, n_in), float64, rows summing to 1. Sample i of a line of
n samples sits at i + 0.5 of a line of length n (the half-pixel convention of MATLAB, Nuke and
OpenEXR). Beyond its ends a line is mirrored, the end sample repeated (MATLAB's ``symmetric``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Kernel = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic with a = -0.5 (MATLAB's ``bicubic``), support [-2, 2]."""
    x = np.abs(x)
    inner = 1.5 * x**3 - 2.5 * x**2 + 1
    outer = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, inner, np.where(x < 2, outer, 0.0))


def lanczos(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lanczos with three lobes, support [-3, 3]."""
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


def operator(
    n_in: int, n_out: int, kernel: Kernel, radius: float, width: float
) -> NDArray[np.float64]:
    """Resample n_in samples to n_out with ``kernel`` (support ``radius``) stretched to ``width``.

    ``width`` is in input samples: 1 interpolates, n_in / n_out reduces without aliasing.
    """
    centre = (np.arange(n_out) + 0.5) * (n_in / n_out) - 0.5
    first = np.floor(centre - radius * width).astype(int)
    taps = int(np.ceil(2 * radius * width)) + 2
    index = first[:, None] + np.arange(taps)
    weight = kernel((centre[:, None] - index) / width)
    weight /= weight.sum(axis=1, keepdims=True)
    index = np.mod(index, 2 * n_in)
    index = np.where(index < n_in, index, 2 * n_in - 1 - index)
    matrix = np.zeros((n_out, n_in))
    np.add.at(matrix, (np.arange(n_out)[:, None].repeat(taps, axis=1), index), weight)
    return matrix


@lru_cache(maxsize=64)
def bicubic(n_in: int, n_out: int) -> NDArray[np.float64]:
    """MATLAB's ``imresize(..., 'bicubic')`` of a line: antialiased when it reduces."""
    return operator(n_in, n_out, cubic, 2.0, max(n_in / n_out, 1.0))


@lru_cache(maxsize=64)
def lanczos3(n_in: int, n_out: int) -> NDArray[np.float64]:
    """Lanczos-3 of a line: antialiased when it reduces."""
    return operator(n_in, n_out, lanczos, 3.0, max(n_in / n_out, 1.0))


def apply(
    image: NDArray[np.floating], rows: NDArray[np.floating], columns: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Resample an image (H, W, C) with one operator for its rows and one for its columns."""
    turned = np.tensordot(rows, image, axes=(1, 0))
    return np.moveaxis(np.tensordot(turned, columns, axes=(1, 1)), 1, 2)
