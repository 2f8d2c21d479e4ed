"""What a delivery codec and a sensor do to a picture: noise, then JPEG.

The JPEG part is the standard's own arithmetic (8x8 cosine transform, the tables of its annex K,
4:2:0 or 4:4:4 chroma) without the lossless entropy coding, which changes no pixel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

_LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
_CHROMA = np.full((8, 8), 99)
_CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)
_TO_RGB = np.linalg.inv(_TO_YCC).astype(np.float32)


def _quantise(plane: NDArray[np.float32], table: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round the cosine coefficients of each 8x8 block of a plane (8a, 8b), levels about 0."""
    h, w = plane.shape
    blocks = plane.reshape(h // 8, 8, w // 8, 8).swapaxes(1, 2)
    coefficients = dctn(blocks, axes=(2, 3), norm="ortho")
    blocks = idctn(np.round(coefficients / table) * table, axes=(2, 3), norm="ortho")
    return blocks.swapaxes(1, 2).reshape(h, w).astype(np.float32)


def jpeg(
    image: NDArray[np.float32], quality: int, subsample: bool, y: int, x: int
) -> NDArray[np.float32]:
    """An image (3, H, W), 0..255, as it comes back from JPEG of this quality (1..99).

    ``subsample`` halves the chroma both ways. The grid of blocks begins y, x (0..15) pixels before
    the corner, since a patch lies anywhere in its picture.
    """
    _, h, w = image.shape
    pad = ((0, 0), (y, -(h + y) % 16), (x, -(w + x) % 16))
    ycc = np.tensordot(_TO_YCC, np.pad(image, pad, mode="edge"), axes=1)
    ycc[0] -= 128
    percent = 5000 / quality if quality < 50 else 200 - 2 * quality
    luma, chroma = (np.clip((t * percent + 50) // 100, 1, 255) for t in (_LUMA, _CHROMA))
    ycc[0] = _quantise(ycc[0], luma)
    for plane in ycc[1:]:
        if subsample:
            rows, columns = plane.shape[0] // 2, plane.shape[1] // 2
            small = plane.reshape(rows, 2, columns, 2).mean(axis=(1, 3))
            plane[:] = _quantise(small, chroma).repeat(2, axis=0).repeat(2, axis=1)
        else:
            plane[:] = _quantise(plane, chroma)
    ycc[0] += 128
    rgb = np.tensordot(_TO_RGB, ycc, axes=1)[:, y : y + h, x : x + w]
    return np.clip(np.round(rgb), 0, 255)


def degrade(rng: np.random.Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """A patch (3, H, W), 0..255, compressed and noisy: one in five stays clean.

    Gaussian noise of deviation 0.5..8, coloured or grey, and JPEG of quality 45..95, each by
    chance.
    """
    if rng.random() < 0.2:
        return image
    if rng.random() < 0.6:
        shape = image.shape if rng.random() < 0.5 else (1, *image.shape[1:])
        noise = rng.standard_normal(shape, np.float32) * np.float32(rng.uniform(0.5, 8))
        image = np.clip(np.round(image + noise), 0, 255)
    if rng.random() < 0.75:
        quality, y, x = int(rng.integers(45, 96)), *(int(i) for i in rng.integers(0, 16, 2))
        image = jpeg(image, quality, bool(rng.random() < 0.6), y, x)
    return image
