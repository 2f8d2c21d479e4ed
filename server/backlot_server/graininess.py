"""How strong a frame's film grain and sensor noise are at each brightness, and their spectrum.

Told on the square root of scene-linear light (the encoding "power2"), where the noise of photons
is even, and on three axes that most of the grain's likeness between red, green and blue is taken
out of (the DCT of three points): in the smoothest 8x8 blocks of each brightness, the variance of
every DCT coefficient.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .encoding import Tensor, encode, encoded
from .membrane import Mask
from .pixels import Pixels

SIDE = 8
AXES = 3
LEVELS = 8
"""Brightnesses at which the strength is measured."""
ENCODING = "power2"

_MOST_BLOCKS = 24_000
_SMOOTHEST = 0.1
_LOW = 3
_MEDIAN_OF_SQUARES = 0.4549
_BENDS, _STIFF = 50.0, 60.0
_MIDDLE = 0.6745
"""The median size of normal noise."""
_SMOOTH, _FLAT = 31, 5
"""Sides of the squares, in pixels, by which two pictures' light and how flat they are is told."""
_FEWEST = 500
"""Points by a fifth of which a bound is told."""
_SLACK = 1.08
_HELD = 1.25
_CLIPPED, _PLAIN = 1 / 8, 1 / 2
"""Part of a block's pixels that is at the least or the most; part of a picture's blocks that are of
one colour each."""

Layer = tuple[int, int, int]
Bounds = Sequence[tuple[float, float]]
"""Codes of brightness, and standard deviations that grain is not above there."""


def _cosines(size: int) -> Tensor:
    """The orthonormal DCT (II) of `size` points as a matrix."""
    k, n = np.mgrid[:size, :size]
    matrix = np.cos(np.pi * k * (2 * n + 1) / (2 * size)) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    made: Tensor = matrix.astype(np.float32)
    return made


BLOCK = _cosines(SIDE)
MIX = _cosines(AXES)


@dataclass(frozen=True)
class Grain:
    """spectrum: (3, 8, 8) variances of DCT coefficients, their mean 1 on the first axis.

    levels: (n,) codes of brightness, rising; strength: (n,) standard deviation at each.
    """

    spectrum: Tensor
    levels: Tensor
    strength: Tensor


@dataclass(frozen=True)
class Measured:
    """What the smoothest blocks of each brightness show, grain or texture.

    variances: (n, 3, 8, 8) of DCT coefficients. levels: (n,) codes of brightness, rising. found:
    (n,) standard deviation at each.
    """

    variances: Tensor
    levels: Tensor
    found: Tensor

    def grain(self, sensor: bool, also: Bounds = ()) -> Grain | None:
        """The grain; None where there is none.

        Args: sensor: hold the strength to what photons and a sensor can make, the largest of that
            kind which is nowhere above what was found: where no block of a brightness is smooth,
            texture is taken for grain. also: further bounds.
        """
        strength = self.found
        if sensor:
            levels = np.array([*self.levels, *(level for level, _ in also)])
            most = np.array([*self.found, *(bound for _, bound in also)])
            strength = _held(levels, most)[: len(self.levels)]
        if not strength.max() > 1e-7:
            return None
        texture = self.found / np.maximum(strength, 1e-9)
        shapes = self.variances / np.maximum(self.found, 1e-9)[:, None, None, None] ** 2
        told = (self.found > 0) & (texture <= max(_HELD, texture.min()))
        spectrum = shapes[told].mean(axis=0)
        return Grain(
            spectrum.astype(np.float32),
            self.levels.astype(np.float32),
            strength.astype(np.float32),
        )


def measure(pixels: Pixels, layer: Layer) -> Grain | None:
    """The grain of a layer of colour, texture and all where no block is smooth; None for a picture
    too small or without any. Args: see `measured`."""
    found = measured(pixels, layer)
    return found.grain(sensor=False) if found else None


def measured(pixels: Pixels, layer: Layer) -> Measured | None:
    """What is found in the smoothest blocks of a layer of colour; None for a picture too small.

    Blocks that are black, clipped or of one colour have no say.

    Args: pixels (height, width, channels) half or float, scene-linear, finite.
    """
    blocks = _blocks(pixels, layer)
    if len(blocks) < 16:
        return None
    brightness = blocks[:, 0, 0, 0]
    u, v = np.mgrid[:SIDE, :SIDE]
    low = (u + v > 0) & (u + v <= _LOW)
    structure = (blocks[:, :, low] ** 2).sum(axis=(1, 2))
    order = np.argsort(brightness)
    spectra, levels = [], []
    for part in np.array_split(order, min(LEVELS, len(blocks) // 16)):
        smooth = part[np.argsort(structure[part])[: max(4, int(len(part) * _SMOOTHEST))]]
        spectra.append(np.median(blocks[smooth] ** 2, axis=0) / _MEDIAN_OF_SQUARES)
        levels.append(brightness[smooth].mean() / (SIDE * math.sqrt(AXES)))
    variances = np.ascontiguousarray(np.stack(spectra))
    for variance in variances.reshape(-1, SIDE, SIDE):
        _complete(variance, _STIFF / math.sqrt(len(smooth)))
    return Measured(variances, np.array(levels), np.sqrt(variances[:, 0].mean(axis=(1, 2))))


def _held(levels: Tensor, strength: Tensor) -> Tensor:
    """The largest a + b / x, of variances over light x, that is at most those found and a little.

    On the square root of light, photons make the same variance everywhere and a sensor's own noise
    one that falls with light. Two unknowns: the best is where two of the bounds meet.
    """
    over = 1 / np.maximum(levels, 0.03) ** 2
    most = (strength * _SLACK) ** 2
    pairs = [(bound, 0.0) for bound in most] + [(0.0, float((most / over).min()))]
    for i in range(len(levels)):
        for j in range(i):
            if over[i] != over[j]:
                slope = (most[i] - most[j]) / (over[i] - over[j])
                pairs.append((most[i] - slope * over[i], slope))
    allowed = [
        a + b * over
        for a, b in pairs
        if a >= 0 and b >= 0 and (a + b * over <= most * (1 + 1e-6)).all()
    ]
    best = max(allowed, key=np.sum)
    return np.asarray(np.sqrt(best) / _SLACK**0.5)


def _complete(variance: Tensor, stiff: float) -> None:
    """Replace the lowest frequencies, by which blocks were chosen, by what the higher ones lead to.

    In place. The logarithm of grain's spectrum is even and smooth, for a Gaussian a parabola of
    frequency. What it bends beside that is held small, the more so the fewer blocks have told it.
    """
    u, v = np.mgrid[:SIDE, :SIDE]
    square = (u**2 + v**2).astype(np.float64)
    known = (u + v > _LOW) & (u + v < SIDE)
    terms = np.stack([np.ones_like(square), square, square**2 / _BENDS], axis=-1)
    held = np.diag([0.0, 0.0, stiff])
    logarithms = np.log(variance[known] + 1e-20)
    found = np.linalg.lstsq(
        np.concatenate([terms[known], held]), np.concatenate([logarithms, np.zeros(3)]), rcond=None
    )[0]
    variance[u + v <= _LOW] = np.exp(terms @ found)[u + v <= _LOW]


def _blocks(pixels: Pixels, layer: Layer) -> Tensor:
    """Coefficients of blocks spread evenly over a picture, (n, 3, 8, 8)."""
    height, width, _ = pixels.shape
    down, across = height // SIDE, width // SIDE
    keep = max(1, math.ceil(down * across / _MOST_BLOCKS))
    rows = (np.arange(0, down, keep)[:, None] * SIDE + np.arange(SIDE)).reshape(-1)
    columns = np.arange(across * SIDE)
    if not len(rows) or not len(columns):
        return np.empty((0, AXES, SIDE, SIDE), np.float32)
    codes = np.empty((1, AXES, len(rows), len(columns)), np.float32)
    encode(pixels, layer, rows, columns, ENCODING, codes)
    cut = codes[0].reshape(AXES, len(rows) // SIDE, SIDE, len(columns) // SIDE, SIDE)
    found: Tensor = np.einsum("kc,ui,cyixj,vj->yxkuv", MIX, BLOCK, cut, BLOCK, optimize=True)
    return found[~_silent(cut)]


def _silent(cut: Tensor) -> Mask:
    """Which blocks (3, rows, 8, columns, 8) say nothing of grain: they are black, clipped or bars
    in good part, or of one colour, as of graphics laid over; but where most of a picture is of one
    colour, it has no grain."""
    whole = (1, 2, 3, 4)
    ends = 0.0, 1.0, cut.min(axis=whole, keepdims=True), cut.max(axis=whole, keepdims=True)
    parts = [(cut == end).mean(axis=(2, 4)).max(axis=0) for end in ends]
    clipped = np.max(parts, axis=0) >= _CLIPPED
    plain = (np.ptp(cut, axis=(2, 4)) == 0).all(axis=0)
    return np.asarray(clipped | plain if plain.mean() < _PLAIN else clipped)


def bounds(one: Tensor, other: Tensor, left: Tensor, known: Mask) -> Bounds:
    """What two pictures of the same thing say of the grain: it is not stronger than they differ.

    Told where they are flattest: elsewhere, and by what is smooth, they differ as well where they
    are not quite in keeping or not in the same light.

    Args: one, other (height, width, 3) scene-linear; left (height, width): how much of its grain's
        variance the other has; known (height, width): where both are pictures of the same thing.
    """
    here, there = (encoded(each, ENCODING) for each in (one, other))
    light, apart = there.mean(axis=2), (here - there) @ MIX[0]
    apart = np.abs(apart - _mean(apart, known, _SMOOTH)) / np.sqrt(1 + left)
    inner = np.zeros_like(known)
    inner[1:-1, 1:-1] = known[:-2, 1:-1] & known[2:, 1:-1] & known[1:-1, :-2] & known[1:-1, 2:]
    slope = np.zeros_like(light)
    slope[1:-1] = np.abs(light[2:] - light[:-2])
    slope[:, 1:-1] += np.abs(light[:, 2:] - light[:, :-2])
    steep = _mean(slope, inner, _FLAT)[known & inner]
    light, apart = light[known & inner], apart[known & inner]
    found = []
    for part in np.array_split(np.argsort(light), max(1, min(LEVELS, len(light) // _FEWEST))):
        flat = part[np.argsort(steep[part])[: len(part) // 5]]
        if len(flat):
            found.append((float(light[flat].mean()), float(np.median(apart[flat]) / _MIDDLE)))
    return found


def _mean(values: Tensor, known: Mask, size: int) -> Tensor:
    """Of those known in a square around each."""
    import cv2

    def total(of: Tensor) -> Tensor:
        made = cv2.boxFilter(of, -1, (size, size), normalize=False, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(made)

    weight = known.astype(np.float32)
    return np.asarray(total(values * weight) / np.maximum(total(weight), 1))
