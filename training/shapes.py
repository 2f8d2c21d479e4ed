"""Shapes of leaves as signed distances, many at a time.

A batch describes n shapes; its distances are approximate, in pixels, negative inside, and exact
enough near the outline for coverage = 0.5 - distance to antialias it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

ELLIPSE, BOX, RADIAL = range(3)
_ANGLES = 128


@dataclass
class Shapes:
    """n shapes around the origin; all arrays have n rows.

    kind (n,) int: ELLIPSE, BOX or RADIAL. radius (n,): half the longest extent, pixels.
    aspect (n,): short over long half axis, 0..1. turn (n, 2): cosine and sine of the rotation.
    outline (n, 128): radius over ``radius`` by angle (RADIAL only). rim (n,): thickness of the wall
    in pixels for hollow shapes, 0 for filled ones. soft (n,): width of the edge in pixels, at
    least 1.
    """

    kind: NDArray[np.int64]
    radius: Array
    aspect: Array
    turn: Array
    outline: Array
    rim: Array
    soft: Array

    def __len__(self) -> int:
        return len(self.radius)

    def take(self, index: NDArray[np.int64]) -> Shapes:
        """The shapes at these indices."""
        return Shapes(*(getattr(self, field.name)[index] for field in fields(self)))

    def reach(self) -> Array:
        """Half the side (n,) of a square that holds each shape with its soft edge, pixels."""
        stretch = np.where(self.kind == BOX, np.hypot(1, self.aspect), 1.12)
        return (self.radius * stretch + self.soft + 1).astype(np.float32)

    def coverage(self, x: Array, y: Array) -> Array:
        """Coverage 0..1 at offsets x, y (n, ...) from the centres, pixels."""
        shape = (len(self),) + (1,) * (x.ndim - 1)
        cosine, sine = self.turn[:, 0].reshape(shape), self.turn[:, 1].reshape(shape)
        u = x * cosine + y * sine
        v = y * cosine - x * sine
        distance = np.empty(x.shape, np.float32)
        for kind, measure in ((ELLIPSE, _ellipse), (BOX, _box), (RADIAL, _radial)):
            at = np.flatnonzero(self.kind == kind)
            if len(at):
                distance[at] = measure(self, at, u[at], v[at], shape[1:])
        rim = self.rim.reshape(shape)
        distance = np.where(rim > 0, np.abs(distance + rim / 2) - rim / 2, distance)
        return np.clip(0.5 - distance / self.soft.reshape(shape), 0, 1)


def _ellipse(shapes: Shapes, at: NDArray[np.int64], u: Array, v: Array, ones: tuple) -> Array:
    a = shapes.radius[at].reshape(-1, *ones)
    b = a * shapes.aspect[at].reshape(-1, *ones)
    k0 = np.sqrt((u / a) ** 2 + (v / b) ** 2)
    k1 = np.sqrt((u / a**2) ** 2 + (v / b**2) ** 2)
    return k0 * (k0 - 1) / np.maximum(k1, 1e-6)


def _box(shapes: Shapes, at: NDArray[np.int64], u: Array, v: Array, ones: tuple) -> Array:
    a = shapes.radius[at].reshape(-1, *ones)
    return np.maximum(np.abs(u) - a, np.abs(v) - a * shapes.aspect[at].reshape(-1, *ones))


def _radial(shapes: Shapes, at: NDArray[np.int64], u: Array, v: Array, ones: tuple) -> Array:
    place = (np.arctan2(v, u) + np.float32(np.pi)) * np.float32(_ANGLES / (2 * np.pi))
    low = place.astype(np.int32)
    part = place - low
    low %= _ANGLES
    row = at.reshape(-1, *ones)
    left, right = shapes.outline[row, low], shapes.outline[row, (low + 1) % _ANGLES]
    a = shapes.radius[at].reshape(-1, *ones)
    edge = left + (right - left) * part
    slope = (right - left) * np.float32(_ANGLES / (2 * np.pi)) / np.maximum(edge, 0.05)
    return (np.hypot(u, v) - a * edge) / np.sqrt(1 + slope * slope)


def _polygons(rng: np.random.Generator, n: int) -> Array:
    """Outlines of irregular polygons with 3 to 9 corners, star-shaped around the centre."""
    corners = rng.integers(3, 10, n)
    order = np.arange(9)
    angle = (order + rng.uniform(-0.35, 0.35, (n, 9))) * (2 * np.pi / corners[:, None])
    radius = rng.uniform(0.4, 1.1, (n, 9)) if rng.random() < 0.7 else np.ones((n, 9))
    absent = order >= corners[:, None]
    first = angle[:, :1] + 2 * np.pi
    angle = np.where(absent, first, angle)
    radius = np.where(absent, radius[:, :1], radius)
    angle = np.concatenate([angle, first], axis=1)
    radius = np.concatenate([radius, radius[:, :1]], axis=1)
    theta = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)[None, :] + angle[:, :1]
    side = (theta[:, :, None] >= angle[:, None, :]).sum(axis=2) - 1
    side = np.clip(side, 0, 8)
    row = np.arange(n)[:, None]
    a0, a1 = angle[row, side], angle[row, side + 1]
    r0, r1 = radius[row, side], radius[row, side + 1]
    across = r0 * np.sin(theta - a0) + r1 * np.sin(a1 - theta)
    return np.clip(r0 * r1 * np.sin(a1 - a0) / np.maximum(across, 1e-3), 0.05, 1.12)


def _blobs(rng: np.random.Generator, n: int) -> Array:
    """Outlines of smooth blobs, and of leaves and gears where one harmonic dominates."""
    theta = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)
    outline = np.full((n, _ANGLES), 0.8)
    for harmonic in range(2, 7):
        amplitude = rng.standard_normal((n, 1)) * 0.25 / harmonic
        outline += amplitude * np.cos(harmonic * theta + rng.uniform(0, 2 * np.pi, (n, 1)))
    teeth = np.where(rng.random((n, 1)) < 0.15, rng.integers(5, 15, (n, 1)), 0)
    outline += (teeth > 0) * 0.12 * np.cos(teeth * theta)
    return np.clip(outline, 0.1, 1.12)


def draw(rng: np.random.Generator, radius: Array, slender: float) -> Shapes:
    """Draw shapes of all families for the given radii (n,), a share ``slender`` of them narrow."""
    n = len(radius)
    pick = rng.random(n)
    kind = np.where(pick < 0.3, ELLIPSE, np.where(pick < 0.6, BOX, RADIAL))
    upright = rng.random(n) < 0.4
    angle = np.where(
        upright,
        rng.integers(0, 4, n) * (np.pi / 2) + rng.standard_normal(n) * 0.03,
        rng.uniform(0, 2 * np.pi, n),
    )
    aspect = np.exp(-np.abs(rng.standard_normal(n)) * np.where(kind == BOX, 0.9, 0.5))
    aspect = np.where((kind == ELLIPSE) & (rng.random(n) < 0.5), 1.0, np.maximum(aspect, 0.04))
    if slender:
        narrow = np.exp(rng.uniform(np.log(0.02), np.log(0.3), n))
        aspect = np.where(rng.random(n) < slender, np.maximum(narrow, 0.8 / radius), aspect)
    outline = np.ones((n, _ANGLES), np.float32)
    for low, high, make in ((0.6, 0.85, _polygons), (0.85, 1.0, _blobs)):
        at = np.flatnonzero((pick >= low) & (pick < high))
        if len(at):
            outline[at] = make(rng, len(at))
    rim = np.where(rng.random(n) < 0.07, np.maximum(radius * rng.uniform(0.08, 0.4, n), 0.8), 0)
    soft = np.where(rng.random(n) < 0.12, rng.uniform(1.5, 8, n), 1)
    return Shapes(
        kind=kind,
        radius=radius.astype(np.float32),
        aspect=aspect.astype(np.float32),
        turn=np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32),
        outline=outline,
        rim=rim.astype(np.float32),
        soft=np.minimum(soft, np.maximum(radius, 1)).astype(np.float32),
    )
