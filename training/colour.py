"""Colour of the generated images: invented palettes, and a film-like finish.

Colours are display-encoded RGB, float32, 0..1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.looks import Look
from training.noise import smooth_field

_YCC_TO_RGB = np.array([[1, 0, 1.402], [1, -0.344, -0.714], [1, 1.772, 0]], np.float32)


def to_rgb(ycc: NDArray[np.floating]) -> NDArray[np.float32]:
    """Luma and two signed chroma differences (..., 3) to RGB, clipped to 0..1."""
    return np.clip(ycc @ _YCC_TO_RGB.T, 0, 1).astype(np.float32)


class Palette:
    """What colours a picture has: some from a small drawn palette, some from a slow colour field.

    The field makes neighbours alike, as light and matter do; the palette makes strong contrasts.
    """

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self._rng = rng
        self._size = size
        count = int(rng.integers(3, 14))
        luma = rng.beta(rng.uniform(0.7, 2.2), rng.uniform(0.7, 2.6), count)
        chroma = rng.gamma(1.2, rng.choice([0.02, 0.05, 0.09, 0.14]), count)
        hue = rng.uniform(0, 2 * np.pi) + rng.standard_normal(count) * rng.choice([0.3, 0.8, 3.0])
        self._entries = np.stack([luma, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
        slope = rng.uniform(1.0, 1.8)
        fields = np.stack([smooth_field(rng, size, slope) for _ in range(3)], axis=-1)
        luma_spread = rng.uniform(0.1, 0.25)
        chroma_spread = rng.uniform(0.01, 0.07)
        fields *= np.float32([luma_spread, chroma_spread, chroma_spread])
        fields[..., 0] += rng.uniform(0.3, 0.6)
        self._field = fields
        self._share_of_field = rng.choice([0.0, 0.3, 0.6, 1.0])
        self._jitter = np.array([rng.uniform(0.02, 0.2), *[rng.uniform(0.004, 0.05)] * 2])

    def background(self) -> NDArray[np.float32]:
        """The colour field as an image (size, size, 3)."""
        return to_rgb(self._field)

    def colours(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float32]:
        """Colours (n, 3) for things at canvas positions x, y (n,)."""
        rng, n = self._rng, len(x)
        column = np.clip(x, 0, self._size - 1).astype(int)
        row = np.clip(y, 0, self._size - 1).astype(int)
        drawn = self._entries[rng.integers(len(self._entries), size=n)]
        from_field = rng.random(n) < self._share_of_field
        ycc = np.where(from_field[:, None], self._field[row, column], drawn)
        ycc = ycc + rng.standard_normal((n, 3)) * self._jitter
        luma = np.abs(ycc[:, 0])
        ycc[:, 0] = np.where(luma > 1, np.maximum(2 - luma, 0), luma)
        return to_rgb(ycc)

    def colour(self) -> NDArray[np.float32]:
        """One colour (3,) for something at no particular place."""
        at = self._rng.uniform(0, self._size, 2)
        return self.colours(at[:1], at[1:])[0]


def finish(rng: np.random.Generator, image: NDArray[np.float32], look: Look) -> NDArray[np.float32]:
    """A film-like finish of an image (H, W, 3): density curve, tinted shadows and lights, grain."""
    image = np.clip(image, 0, 1)
    if rng.random() < 0.5:
        gamma = np.exp(rng.normal(0, 0.2))
        contrast = rng.uniform(0, 0.7)
        image = image**gamma
        image += contrast * (image * image * (3 - 2 * image) - image)
    if rng.random() < 0.4:
        shadows, lights = rng.normal(0, 0.02, (2, 3)).astype(np.float32)
        image = image + shadows * (1 - image) + lights * image
    if look.muted and rng.random() < look.muted:
        grey = image.mean(axis=2, keepdims=True)
        image = grey + np.float32(rng.uniform(0, 0.8)) * (image - grey)
    if rng.random() < 0.3:
        black, white = rng.uniform(0, 0.06), rng.uniform(0.9, 1)
        image = black + image * (white - black)
    if rng.random() < look.grain:
        height, width = image.shape[:2]
        grain = rng.standard_normal((height, width, 1)) + 0.5 * rng.standard_normal(image.shape)
        strength = rng.uniform(0.002, look.strongest) * (0.4 + image * (1 - image) * 2.4)
        image = image + strength * grain
    return np.clip(image, 0, 1).astype(np.float32)
