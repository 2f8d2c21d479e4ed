"""Thin things: hair, wires, invented writing. Polylines drawn as antialiased capsules, all at once.

A polyline is an array (points, 2) of x, y in pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.colour import Palette

Points = NDArray[np.float64]
Image = NDArray[np.float32]

_PIECE = 10.0


def _pieces(lines: Points) -> tuple[Points, Points, NDArray[np.int64]]:
    """Cut polylines (n, points, 2) into pieces of at most 10 px: starts, ends, index of line."""
    start, end = lines[:, :-1].reshape(-1, 2), lines[:, 1:].reshape(-1, 2)
    owner = np.repeat(np.arange(len(lines)), lines.shape[1] - 1)
    count = np.maximum(np.ceil(np.hypot(*(end - start).T) / _PIECE).astype(int), 1)
    which = np.repeat(np.arange(len(start)), count)
    step = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    along = (end - start)[which] / count[which, None]
    first = start[which] + along * step[:, None]
    return first, first + along, owner[which]


def paint(
    image: Image, lines: Points, width: NDArray[np.floating], colour: NDArray[np.floating]
) -> None:
    """Draw polylines (n, points, 2) into an image (H, W, 3), in place.

    width (n,) in pixels, below 1 drawn as a faint line; colour (n, 3). Where lines of one call
    cross, the later lies on top.
    """
    height, breadth = image.shape[:2]
    start, end, owner = _pieces(lines)
    half = np.maximum(width, 1)[owner] / 2
    opacity = np.minimum(width, 1)[owner]
    middle = (start + end) / 2
    reach = int(np.ceil(_PIECE / 2 + half.max() + 1))
    near = (middle > -reach) & (middle < (breadth + reach, height + reach))
    at = np.flatnonzero(near.all(axis=1))
    offset = np.arange(-reach, reach + 1)
    corner = np.floor(middle).astype(int)
    coverage = np.zeros(height * breadth, np.float32)
    top = np.zeros(height * breadth, np.int64)
    for part in np.array_split(at, max(1, len(at) * len(offset) ** 2 // 500_000)):
        x = corner[part, 0, None, None] + offset[None, None, :]
        y = corner[part, 1, None, None] + offset[None, :, None]
        dx, dy = np.float32(end[part] - start[part]).T[:, :, None, None]
        px = (x + 0.5 - start[part, 0, None, None]).astype(np.float32)
        py = (y + 0.5 - start[part, 1, None, None]).astype(np.float32)
        place = np.clip((px * dx + py * dy) / np.maximum(dx * dx + dy * dy, 1e-6), 0, 1)
        away = np.hypot(px - place * dx, py - place * dy)
        cover = np.clip(np.float32(half[part])[:, None, None] + 0.5 - away, 0, 1)
        cover *= np.float32(opacity[part])[:, None, None]
        seen = (cover > 0) & (x >= 0) & (x < breadth) & (y >= 0) & (y < height)
        pixel = np.broadcast_to(y * breadth + x, cover.shape)[seen]
        np.maximum.at(coverage, pixel, cover[seen])
        top[pixel] = np.broadcast_to(owner[part, None, None], cover.shape)[seen]
    touched = np.flatnonzero(coverage)
    flat = image.reshape(-1, 3)
    flat[touched] += coverage[touched, None] * (colour[top[touched]] - flat[touched])


def _curves(start: Points, angle: Points, length: Points, bend: Points, points: int) -> Points:
    """n arcs (n, points, 2): from ``start`` (n, 2) at ``angle`` (n,), turning by ``bend`` (n,)."""
    heading = angle[:, None] + bend[:, None] * np.linspace(0, 1, points)
    step = np.stack([np.cos(heading), np.sin(heading)], axis=-1) * (length / points)[:, None, None]
    return start[:, None, :] + np.cumsum(step, axis=1)


def hair(rng: np.random.Generator, image: Image, palette: Palette) -> None:
    """A lock of hair, fur or grass: many thin arcs with nearly one direction."""
    n = int(rng.integers(20, 160))
    size = image.shape[0]
    root = rng.uniform(0, size, 2)
    lines = _curves(
        root + rng.standard_normal((n, 2)) * rng.uniform(6, 90),
        rng.uniform(0, 2 * np.pi) + rng.standard_normal(n) * rng.uniform(0.02, 0.35),
        rng.uniform(40, 320) * rng.uniform(0.5, 1, n),
        rng.normal(0, 1.2) + rng.standard_normal(n) * 0.3,
        14,
    )
    base = palette.colours(root[:1], root[1:])[0]
    colour = np.clip(base * rng.uniform(0.5, 1.5, (n, 1)), 0, 1)
    paint(image, lines, rng.uniform(0.4, 2.0, n), colour)


def wires(rng: np.random.Generator, image: Image, palette: Palette) -> None:
    """Cables, branches, railings: a few long arcs of any width."""
    n = int(rng.integers(1, 8))
    size = image.shape[0]
    start = rng.uniform(-60, size + 60, (n, 2))
    angle = rng.uniform(0, 2 * np.pi, n)
    if rng.random() < 0.4:
        angle[:] = angle[0]
    lines = _curves(start, angle, rng.uniform(120, 1000, n), rng.standard_normal(n) * 0.25, 24)
    width = rng.choice([0.5, 0.8, 1.2, 1.5, 2, 3, 4, 6], n)
    paint(image, lines, width, palette.colours(start[:, 0], start[:, 1]))


def rails(rng: np.random.Generator, image: Image, palette: Palette) -> None:
    """Railings, blinds, folds, strings: long arcs side by side at even distances."""
    n = int(rng.integers(4, 40))
    size = image.shape[0]
    angle, period = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(np.log(3), np.log(30)))
    if rng.random() < 0.4:
        angle = rng.integers(4) * np.pi / 2 + rng.normal(0, 0.05)
    across = np.array([-np.sin(angle), np.cos(angle)])
    spread = rng.normal(0, 0.004)
    steps = np.arange(n)
    lines = _curves(
        rng.uniform(-0.2, 1, 2) * size + steps[:, None] * period * across,
        angle + spread * steps,
        np.full(n, rng.uniform(60, 700)),
        np.full(n, rng.normal(0, 0.3)),
        24,
    )
    colour = np.repeat(palette.colour()[None], n, axis=0)
    if rng.random() < 0.4:
        colour = np.clip(colour * rng.uniform(0.6, 1.4, (n, 1)), 0, 1)
    paint(image, lines, np.full(n, max(0.6, period * rng.uniform(0.08, 0.6))), colour)


def _alphabet(rng: np.random.Generator) -> Points:
    """24 invented letters of 3 strokes of 9 points each, (24, 3, 9, 2), in a unit box."""
    fraction = np.linspace(0, 2, 9)[:, None]
    nodes = rng.integers(0, [3, 4], (24, 3, 3, 2)) / np.array([2, 3])
    first, middle, last = (nodes[:, :, i, None, :] for i in range(3))
    straight = np.where(
        fraction < 1, first + (middle - first) * fraction, middle + (last - middle) * (fraction - 1)
    )
    turn = rng.uniform(0, 2 * np.pi, (24, 3, 1)) + fraction[:, 0] * rng.uniform(1, 3.1, (24, 3, 1))
    bow = np.stack([np.cos(turn), np.sin(turn)], axis=-1) * 0.3 + first * 0.5 + 0.25
    strokes = np.where(rng.random((24, 3, 1, 1)) < 0.35, bow, straight)
    same = rng.random((24, 3, 1, 1)) < [[[0]], [[0.3]], [[0.6]]]
    return np.where(same, strokes[:, :1], strokes)


def writing(rng: np.random.Generator, image: Image, palette: Palette) -> None:
    """Lines of writing in an invented alphabet, upright or turned, of any size."""
    size = image.shape[0]
    high = float(np.exp(rng.uniform(np.log(6), np.log(46))))
    wide = high * rng.uniform(0.45, 0.7)
    rows, columns = int(rng.integers(1, 9)), int(rng.integers(4, 28))
    angle = rng.normal(0, 0.05 if rng.random() < 0.6 else 1.0)
    basis = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    origin = rng.uniform(-0.1, 0.8, 2) * size
    place = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
    place = place[rng.random(len(place)) > 0.14]
    if not len(place):
        return
    letters = _alphabet(rng)[rng.integers(0, 24, len(place))]
    lines = letters * (wide, high) + (place * (wide * 1.3, high * 1.5))[:, None, None, :]
    lines = (lines.reshape(-1, 9, 2)) @ basis + origin
    n = len(lines)
    thick = np.full(n, max(0.7, high * rng.uniform(0.05, 0.2)))
    paint(image, lines, thick, np.repeat(palette.colour()[None], n, axis=0))
