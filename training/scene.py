"""A generated picture: dead leaves one before another, textures, thin things, light and lens.

The dead-leaves model covers the plane with shapes whose sizes follow r^-3; like natural pictures,
the result looks the same at every scale. It is painted on a canvas somewhat larger than the
picture, then reduced as a lens and a sensor would.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from training import resample, shapes, strokes, textures
from training.colour import Palette, finish
from training.looks import Look
from training.noise import NoiseBank, smooth_field

Image = NDArray[np.float32]

CANVAS = 640
SIZE = 384
_SMALL = 13.0
_MOST_LEAVES = 8000


class Scene:
    """One picture in the making; every random choice comes from ``rng``."""

    def __init__(self, rng: np.random.Generator, bank: NoiseBank, look: Look) -> None:
        self._rng = rng
        self._look = look
        self._bank = bank
        self._palette = Palette(rng, CANVAS)
        self._textured = float(rng.choice([0.2, 0.5, 0.75]))
        self._image = np.ascontiguousarray(self._palette.background())

    def render(self) -> NDArray[np.uint8]:
        """Paint, light, expose: (SIZE, SIZE, 3), uint8, display-encoded RGB."""
        self._paint_leaves()
        image = self._image
        if self._rng.random() < 0.4:
            light = smooth_field(self._rng, CANVAS, 1.8) * self._rng.uniform(0.03, 0.2)
            image *= (1 + light)[..., None]
        if self._rng.random() < 0.05:
            image = _smear(self._rng, image)
        image = _expose(self._rng, image, self._look)
        if self._look.sharpened and self._rng.random() < self._look.sharpened:
            image = _sharpen(self._rng, image)
        image = finish(self._rng, image, self._look)
        return np.round(image * 255).astype(np.uint8)

    def _paint_leaves(self) -> None:
        rng = self._rng
        smallest = float(np.exp(rng.uniform(*np.log(self._look.smallest))))
        largest = rng.uniform(*self._look.largest)
        inverse = np.array([smallest, largest]) ** -2.0
        mean_area = 1.2 * np.pi * np.log(largest / smallest) / (inverse[0] - inverse[1])
        cover = rng.uniform(1.5, 3.5)
        n = int(np.clip(cover * CANVAS**2 / mean_area, 40, _MOST_LEAVES))
        radius = (inverse[0] - rng.random(n) * (inverse[0] - inverse[1])) ** -0.5
        if rng.random() < 0.45:
            radius = radius[np.argsort(rng.standard_normal(n) - np.log(radius))]
        leaves = shapes.draw(rng, radius, self._look.slender)
        x, y = rng.uniform(-20, CANVAS + 20, (2, n))
        colour = self._palette.colours(x, y)
        reach = leaves.reach()
        events = self._events()
        chunks = np.array_split(np.arange(n), min(n, int(12 * cover)))
        for number, chunk in enumerate(chunks):
            for moment, event in events:
                if int(moment * len(chunks)) == number:
                    event()
            small = radius[chunk] < _SMALL
            for i in chunk[~small]:
                self._paint_large(leaves.take(np.array([i])), x[i], y[i], colour[i], reach[i])
            self._paint_small(leaves, chunk[small], x, y, colour, reach)

    def _events(self) -> list[tuple[float, Callable[[], None]]]:
        """What else happens while leaves fall: (moment 0..1, action)."""
        rng = self._rng
        events: list[tuple[float, Callable[[], None]]] = []
        for stroke, chance, most in (
            (strokes.hair, 0.35, 5),
            (strokes.wires, 0.5, 4),
            (strokes.writing, 0.35, 3),
            (strokes.rails, self._look.rails, 4),
        ):
            if chance and rng.random() < chance:
                moments = rng.random(rng.integers(1, most + 1))
                if rng.random() < 0.6:
                    moments[0] = 0.97
                events += [
                    (m, lambda stroke=stroke: stroke(rng, self._image, self._palette))
                    for m in moments
                ]
        if rng.random() < self._look.facades:
            events += [(m, self._facade) for m in rng.uniform(0, 0.6, rng.integers(1, 4))]
        if rng.random() < 0.3:
            events.append((rng.uniform(0.2, self._look.defocused), self._defocus))
        return events

    def _defocus(self) -> None:
        """Depth of field: all that lies behind from here on is blurred."""
        sigma = self._rng.uniform(1, 6)
        self._image = gaussian_filter(self._image, (sigma, sigma, 0), truncate=3)

    def _paint_small(
        self,
        leaves: shapes.Shapes,
        index: NDArray[np.int64],
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        colour: NDArray[np.float32],
        reach: NDArray[np.float32],
    ) -> None:
        """Paint many small leaves at once: flat or shaded colours.

        Where two of one call overlap, the later lies on top, without antialiasing between them.
        """
        rng = self._rng
        flat = self._image.reshape(-1, 3)
        classes = np.searchsorted([3.0, 5.0, 8.0, 12.0, 17.0], reach[index])
        for group in np.unique(classes):
            at = index[classes == group]
            half = int(np.ceil(reach[at].max()))
            offset = np.arange(-half, half + 1)
            column = np.floor(x[at]).astype(int)[:, None, None] + offset[None, None, :]
            row = np.floor(y[at]).astype(int)[:, None, None] + offset[None, :, None]
            dx = (column + 0.5 - x[at, None, None]).astype(np.float32)
            dy = (row + 0.5 - y[at, None, None]).astype(np.float32)
            dx, dy = np.broadcast_arrays(dx, dy)
            cover = leaves.take(at).coverage(dx, dy)
            inside = (column >= 0) & (column < CANVAS) & (row >= 0) & (row < CANVAS)
            seen = inside & (cover > 0)
            leaf = np.nonzero(seen)[0]
            pixel = np.broadcast_to(row * CANVAS + column, cover.shape)[seen]
            slope = rng.normal(0, 0.25, (2, len(at))) * (rng.random(len(at)) < 0.5)
            slope = (slope / leaves.radius[at]).astype(np.float32)
            shade = 1 + slope[0, leaf] * dx[seen] + slope[1, leaf] * dy[seen]
            weight = cover[seen][:, None]
            paint = np.clip(colour[at][leaf] * shade[:, None], 0, 1)
            flat[pixel] += weight * (paint - flat[pixel])

    def _paint_large(
        self,
        leaf: shapes.Shapes,
        x: float,
        y: float,
        colour: NDArray[np.float32],
        reach: float,
    ) -> None:
        """Paint one leaf with texture, shading and perhaps a shadow."""
        rng = self._rng
        x0, x1 = np.clip(np.floor([x - reach, x + reach + 1]), 0, CANVAS).astype(int)
        y0, y1 = np.clip(np.floor([y - reach, y + reach + 1]), 0, CANVAS).astype(int)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return
        dx = np.arange(x0, x1, dtype=np.float32)[None, None, :] + np.float32(0.5 - x)
        dy = np.arange(y0, y1, dtype=np.float32)[None, :, None] + np.float32(0.5 - y)
        cover = leaf.coverage(*np.broadcast_arrays(dx, dy))[0][..., None]
        under = self._image[y0:y1, x0:x1]
        if rng.random() < 0.15:
            sigma = rng.uniform(1.5, 7)
            shadow = gaussian_filter(cover, (sigma, sigma, 0), truncate=2.5)
            under = under * (1 - rng.uniform(0.2, 0.6) * shadow)
        if rng.random() < self._textured:
            surface = self._surface(colour, y1 - y0, x1 - x0, float(leaf.radius[0]))
        else:
            surface = np.broadcast_to(colour, under.shape)
        surface = surface * self._shading(y1 - y0, x1 - x0)
        self._image[y0:y1, x0:x1] = under + cover * (np.clip(surface, 0, 1) - under)

    def _surface(self, colour: NDArray[np.float32], h: int, w: int, longest: float) -> Image:
        """A textured surface (h, w, 3) between ``colour`` and another one."""
        other = self._palette.colour()
        if self._rng.random() < 0.5:
            other = colour + (other - colour) * np.float32(self._rng.uniform(0.1, 0.6))
        weight = textures.draw(self._rng, self._bank, h, w, longest, self._look.fibres)
        return colour + (other - colour) * weight[..., None]

    def _shading(self, h: int, w: int) -> Image:
        """Light over one surface (h, w, 1): even, falling off to a side, or a highlight."""
        kind = self._rng.random()
        if kind < 0.4:
            return np.ones((1, 1, 1), np.float32)
        angle, strength = self._rng.uniform(0, 2 * np.pi), self._rng.uniform(0.05, 0.6)
        x = np.linspace(-0.5, 0.5, w, dtype=np.float32)[None, :, None]
        y = np.linspace(-0.5, 0.5, h, dtype=np.float32)[:, None, None]
        cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        if kind < 0.8:
            return 1 + np.float32(strength) * (x * cosine + y * sine)
        away = (x - cosine / 4) ** 2 + (y - sine / 4) ** 2
        return 1 + np.float32(strength) * (np.float32(0.5) - 2 * away)

    def _facade(self) -> None:
        """A wall seen in perspective: one or two regular patterns on a large quadrilateral."""
        rng = self._rng
        size = rng.uniform(120, 460)
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [rng.uniform(0.4, 1), 1] * size
        corners = corners + rng.standard_normal((4, 2)) * size * 0.2 + rng.uniform(0, CANVAS, 2)
        x = np.arange(CANVAS, dtype=np.float32)[None, :] + 0.5
        y = np.arange(CANVAS, dtype=np.float32)[:, None] + 0.5
        cover = np.ones((CANVAS, CANVAS), np.float32)
        for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            length = max(np.hypot(bx - ax, by - ay), 1e-3)
            inward = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / length
            cover = np.minimum(cover, np.clip(inward + 0.5, 0, 1).astype(np.float32))
        surface = self._surface(self._palette.colour(), CANVAS, CANVAS, rng.uniform(8, 64))
        if rng.random() < 0.4:
            second = self._surface(self._palette.colour(), CANVAS, CANVAS, rng.uniform(8, 30))
            surface = 0.6 * surface + 0.4 * second
        surface = np.clip(surface * self._shading(CANVAS, CANVAS), 0, 1)
        self._image += cover[..., None] * (surface - self._image)


def _smear(rng: np.random.Generator, image: Image) -> Image:
    """Motion blur: the mean of the image along a short straight path."""
    length, angle = rng.uniform(2, 9), rng.uniform(0, np.pi)
    steps = int(np.ceil(length)) + 1
    total = np.zeros_like(image)
    for t in np.linspace(-0.5, 0.5, steps) * length:
        shift = (int(np.round(t * np.sin(angle))), int(np.round(t * np.cos(angle))))
        total += np.roll(image, shift, axis=(0, 1))
    return total / np.float32(steps)


def _expose(rng: np.random.Generator, image: Image, look: Look) -> Image:
    """Reduce a random part of the canvas to (SIZE, SIZE, 3): lens blur, then the sensor's area."""
    ratio = rng.uniform(1.2, CANVAS / SIZE)
    n = int(SIZE * ratio)
    y, x = rng.integers(0, CANVAS - n + 1, 2)
    part = image[y : y + n, x : x + n]
    kind = rng.random()
    if kind < 0.45:
        kernel, radius, width = _box, 1.0, n / SIZE
    elif kind < 0.65:
        kernel, radius, width = _bell, 3.0, n / SIZE * rng.uniform(0.35, 0.55)
    else:
        kernel, radius, width = resample.cubic, 2.0, n / SIZE
    matrix = resample.operator(n, SIZE, kernel, radius, width).astype(np.float32)
    image = resample.apply(part, matrix, matrix)
    if rng.random() < look.blurred:
        sigma = rng.uniform(0.4, 1.5)
        image = gaussian_filter(image, (sigma, sigma, 0), truncate=3)
    return image.astype(np.float32)


def _sharpen(rng: np.random.Generator, image: Image) -> Image:
    """What cameras and their owners do: contrast along edges, with its overshoot."""
    sigma = rng.uniform(0.5, 1.3)
    blurred = gaussian_filter(image, (sigma, sigma, 0), truncate=3)
    return np.asarray(image + np.float32(rng.uniform(0.1, 1.4)) * (image - blurred), np.float32)


def _box(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A trapezoid a little over one wide: a sensor's square pixel."""
    return np.clip(1.0 - np.abs(x), 0, 0.6)


def _bell(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A Gaussian of deviation 1."""
    return np.exp(-0.5 * x * x)
