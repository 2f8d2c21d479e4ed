"""Procedural textures: cloth, masonry, facades, wood, stone, screens.

A texture is a weight 0..1 (height, width), float32, between two colours. Lines are antialiased by
their own soft edge; where foreshortening squeezes a pattern below what pixels can hold, it fades to
its mean.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.noise import NoiseBank

Plane = NDArray[np.float32]


def _phase(distance: Plane, period: float) -> Plane:
    """Distance to the nearest multiple of ``period``, signed: -period/2 .. period/2."""
    return distance - period * np.round(distance / np.float32(period))


def _hash(row: Plane, column: Plane) -> Plane:
    """A number 0..1 for each pair of whole numbers, the same wherever the pair occurs."""
    return np.mod(np.sin(row * np.float32(12.9898) + column * np.float32(78.233)) * 4375.85, 1)


class Weave:
    """One draw of a pattern's coordinates: u along, v across, in pixels, with a base period."""

    def __init__(
        self, rng: np.random.Generator, bank: NoiseBank, height: int, width: int, longest: float
    ) -> None:
        self.rng = rng
        self.bank = bank
        self.size = (height, width)
        upright = rng.random() < 0.4
        angle = rng.integers(4) * np.pi / 2 + rng.normal(0, 0.04)
        angle = angle if upright else rng.uniform(0, 2 * np.pi)
        y = np.arange(height, dtype=np.float32)[:, None] - height / 2
        x = np.arange(width, dtype=np.float32)[None, :] - width / 2
        cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        u, v = x * cosine + y * sine, y * cosine - x * sine
        self.magnification: Plane | float = 1.0
        if rng.random() < 0.5:
            tilt = rng.uniform(-0.8, 0.8, 2).astype(np.float32) / max(height, width)
            depth = np.maximum(1 + tilt[0] * u + tilt[1] * v, 0.25)
            u, v = u / depth, v / depth
            self.magnification = depth
        if rng.random() < 0.25:
            u = u + bank.window(rng, height, width, NoiseBank.SMOOTH) * rng.uniform(1, 8)
        self.u, self.v = u, v
        self.period = float(np.exp(rng.uniform(np.log(2.2), np.log(max(6.0, min(longest, 64.0))))))
        self.soft = float(rng.uniform(0.8, 1.6))

    def line(self, distance: Plane, half_width: float) -> Plane:
        """Soft-edged line of the given half width around distance 0."""
        return np.clip((half_width - np.abs(distance)) / self.soft + 0.5, 0, 1)

    def noise(self, among: slice = slice(None)) -> Plane:
        """A random field the size of this texture."""
        return self.bank.window(self.rng, *self.size, among)


def _grain(w: Weave) -> Plane:
    return 0.5 + w.noise() * w.rng.uniform(0.05, 0.35)


def _waves(w: Weave) -> Plane:
    return 0.5 + 0.5 * w.rng.uniform(0.3, 1) * np.sin(w.u * (2 * np.pi / w.period))


def _stripes(w: Weave) -> Plane:
    return w.line(_phase(w.u, w.period), w.period * w.rng.uniform(0.1, 0.4))


def _grid(w: Weave) -> Plane:
    other = w.period * w.rng.uniform(0.4, 2.5)
    thick = w.rng.uniform(0.04, 0.3, 2)
    return np.maximum(
        w.line(_phase(w.u, w.period), max(0.5, w.period * thick[0])),
        w.line(_phase(w.v, other), max(0.5, other * thick[1])),
    )


def _bricks(w: Weave) -> Plane:
    high = max(w.period, 4.0)
    long = high * w.rng.uniform(1.5, 3)
    row = np.round(w.v / high)
    shifted = w.u + row * (long / 2)
    joint = max(0.5, high * w.rng.uniform(0.02, 0.1))
    mortar = np.maximum(
        w.line(_phase(w.v + high / 2, high), joint), w.line(_phase(shifted + long / 2, long), joint)
    )
    shade = (_hash(row, np.round(shifted / long)) - 0.5) * w.rng.uniform(0, 0.6)
    return mortar + (1 - mortar) * (0.3 + shade)


def _windows(w: Weave) -> Plane:
    wide, high = max(w.period, 4.0) * w.rng.uniform(1.2, 3, 2)
    half_wide, half_high = wide * w.rng.uniform(0.2, 0.42), high * w.rng.uniform(0.2, 0.42)
    a, b = _phase(w.u, wide), _phase(w.v, high)
    pane = np.minimum(w.line(a, half_wide), w.line(b, half_high))
    pane = pane * (1 - w.rng.uniform(0, 0.9) * _hash(np.round(w.u / wide), np.round(w.v / high)))
    if w.rng.random() < 0.6:
        bar_at = half_high * w.rng.uniform(-0.5, 0.5)
        bars = np.maximum(
            w.line(a, max(0.5, wide * 0.02)), w.line(b - bar_at, max(0.5, high * 0.02))
        )
        pane = pane * (1 - 0.8 * bars)
    return pane


def _checks(w: Weave) -> Plane:
    half = np.float32(np.pi / w.period)
    return 0.5 + np.sin(w.u * half) * np.sin(w.v * half) * (w.period / w.soft / 2)


def _wood(w: Weave) -> Plane:
    rings = w.noise(NoiseBank.SMOOTH) * w.rng.uniform(2, 14)
    if w.rng.random() < 0.5:
        rings = rings + w.u * (2 * np.pi / w.period)
    return 0.5 + 0.5 * np.sin(rings)


def _dots(w: Weave) -> Plane:
    away = np.hypot(_phase(w.u, w.period), _phase(w.v, w.period))
    return (w.period * w.rng.uniform(0.15, 0.42) - away) / w.soft + 0.5


def _weft(w: Weave) -> Plane:
    """Woven threads: over and under by turns, rounded by their shading."""
    period = max(w.period, 2.5)
    column, row = np.round(w.u / period), np.round(w.v / period)
    a, b = _phase(w.u, period) / (period / 2), _phase(w.v, period) / (period / 2)
    over = np.mod(column + row * w.rng.integers(1, 3), w.rng.integers(2, 4)) < 0.5
    return np.where(over, 1 - a * a, (1 - b * b) * w.rng.uniform(0.4, 0.9))


def _tiles(w: Weave) -> Plane:
    """Shingles or scales: rounded, in shifted rows, dark under each edge."""
    period = max(w.period, 4.0)
    row = np.round(w.v / period)
    a = _phase(w.u + row * (period / 2), period) / (period / 2)
    b = _phase(w.v, period) / period + 0.5
    return np.clip(b + w.rng.uniform(0.2, 0.6) * (1 - a * a), 0, 1.4) / 1.4


def _fibres(w: Weave) -> Plane:
    """Hair, fur, grain of wood, brushed metal, water: strands along a bent flow."""
    bend = w.noise(NoiseBank.SMOOTH) * w.rng.uniform(0, 40)
    plane = np.zeros(w.size, np.float32)
    for share in (1.0, w.rng.uniform(0, 0.8)):
        zoom = np.float32(np.exp(w.rng.uniform(np.log(0.4), np.log(2.2))))
        plane += np.float32(share) * w.bank.fibres(w.rng, w.u * zoom, (w.v + bend) * zoom)
    crisp = w.rng.uniform(0.3, 2.5)
    return 0.5 + w.rng.uniform(0.15, 0.5) * np.tanh(plane * crisp)


_FAMILIES: tuple[tuple[Callable[[Weave], Plane], float], ...] = (
    (_grain, 0.20),
    (_waves, 0.10),
    (_stripes, 0.12),
    (_grid, 0.10),
    (_bricks, 0.09),
    (_windows, 0.12),
    (_checks, 0.05),
    (_wood, 0.07),
    (_dots, 0.06),
    (_weft, 0.05),
    (_tiles, 0.04),
)
_SHARES = np.cumsum([share for _, share in _FAMILIES])
_FINEST = 1.6


def draw(
    rng: np.random.Generator,
    bank: NoiseBank,
    height: int,
    width: int,
    longest: float,
    fibres: float,
) -> Plane:
    """A texture (height, width), 0..1, its period at most ``longest`` pixels.

    ``fibres``: the chance that it is made of fibres.
    """
    weave = Weave(rng, bank, height, width, longest)
    if fibres and rng.random() < fibres:
        return _fibres(weave)
    family = int(np.searchsorted(_SHARES, rng.random() * _SHARES[-1]))
    plane = np.clip(_FAMILIES[family][0](weave), 0, 1)
    if isinstance(weave.magnification, np.ndarray):
        visible = np.clip(weave.period * weave.magnification - _FINEST, 0, 1)
        plane = 0.5 + (plane - 0.5) * visible
    if rng.random() < 0.3:
        plane = plane + weave.noise() * rng.uniform(0.01, 0.12)
    return plane.astype(np.float32)
