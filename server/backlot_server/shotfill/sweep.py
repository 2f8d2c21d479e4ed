"""Depth behind the matte: where one plane does not do, each pixel has a distance.

A source sees a target's point x at P (x, y, 1, d), where P is one matrix a source and d, the
inverse distance, one number a pixel, shared by all sources: see parallax.py. Behind the matte the
target shows nothing, but what is there is plain to see in some sources, which see each other's
pixels: for each pixel of those every d is tried (R. Collins, "A space-sweep approach to true
multi-image matching", 1996), with neighbours asked to agree by semi-global matching
(H. Hirschmueller, 2008). Their pixels are then thrown into the target, the nearer over the farther.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numba
import numpy as np
import numpy.typing as npt

from ..membrane import Values
from ..parallel import in_strips
from .parallax import Cameras, Parallax

LEVELS, FEWEST_LEVELS = 64, 8
FINENESS = 0.75
"""Pixels from one level to the next, about."""
SPAN = 0.1
"""Part of the range of followed points' distances that is tried beyond them."""
HELD = 0.12
"""Codes further apart are no worse than this."""
SEEN_THROUGH = 0
CLEAR = 1.0
UNTOLD = 0.02
"""What no source sees at a level is as likely as sources that lie so far apart."""
ALONE = 0.01
"""What one source alone says costs so much more, two half."""
BEST = 0.6
"""Part of the sources that is asked: the others may be hidden there."""
FINE, COARSE = 3, 7
FINE_PART = 0.6
STEP, JUMP = 0.008, 0.03
EDGE = 0.04
"""Steps of the picture by this make a jump of the distance half as dear."""


Levels = npt.NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A frame as the sweep reads it, coarser by a step: picture (height, width, 3) float32 in the
    target's light, known (height, width) uint8, corner: x and y of its first pixel's middle."""

    picture: Values
    known: npt.NDArray[np.uint8]
    corner: tuple[float, float]


@dataclass(frozen=True)
class Depths:
    """A source's distances, (height, width), NaN where it shows nothing; corner as in View."""

    values: Values
    corner: tuple[float, float]
    step: int


def levels(found: Parallax, apart: float) -> Levels:
    """The distances that are tried, where near and far move so many pixels apart."""
    span = SPAN * (found.near - found.far)
    count = int(np.clip(apart / FINENESS, FEWEST_LEVELS, LEVELS))
    return np.linspace(max(0.0, found.far - span), found.near + span, count)


def at_level(camera: npt.NDArray[np.float64], level: float) -> npt.NDArray[np.float64]:
    """The homography from the target to a source for what has one inverse distance."""
    plane: Cameras = camera[:, :3].copy()
    plane[:, 2] += level * camera[:, 3]
    return plane


def depths(
    tried: Levels,
    own: npt.NDArray[np.float64],
    view: View,
    others: list[tuple[npt.NDArray[np.float64], View]],
    step: int,
    check: Any,
) -> Depths:
    """The distances of what a source shows.

    Args: tried: see `levels`; own: its camera; view: a part of it; others: cameras and whole views
        of frames to compare it with.
    """
    height, width = view.known.shape
    cost = np.empty((height, width, len(tried)), np.float32)
    here = (view.known > 0).astype(np.float32)
    shares = [np.maximum(cv2.blur(here, (size, size)), 1e-3) for size in (FINE, COARSE)]
    whole = [_whole(each) for _, each in others]
    ways = _ways(tried, own, view, others, step)
    check()

    def work(first: int, last: int) -> None:
        off = np.empty((len(others), height, width), np.float32)
        for at in range(first, last):
            plane = np.full((height, width), UNTOLD, np.float32)
            for n, other in enumerate(whole):
                _apart(view.picture, view.known, other.picture, other.known, ways[at, n], off[n])
            _best(off, plane)
            plane *= here
            fine = cv2.blur(plane, (FINE, FINE)) / shares[0]
            coarse = cv2.blur(plane, (COARSE, COARSE)) / shares[1]
            cost[:, :, at] = FINE_PART * fine + (1 - FINE_PART) * coarse

    in_strips(work, len(tried))
    cost[view.known == 0] = 0.0
    best = _smoothed(cost, view.picture.mean(axis=2))
    depth = np.interp(best, np.arange(len(tried)), tried).astype(np.float32)
    depth = np.asarray(cv2.medianBlur(depth, 5))
    depth[view.known == 0] = np.nan
    return Depths(depth, view.corner, step)


def _ways(
    tried: Levels,
    own: Cameras,
    view: View,
    others: list[tuple[npt.NDArray[np.float64], View]],
    step: int,
) -> Cameras:
    """(levels, others, 3, 3) from a view's pixels to the others', for what has that distance."""
    start = np.linalg.inv(_pixels(view.corner, step))
    made = np.empty((len(tried), len(others), 3, 3))
    for at, level in enumerate(tried):
        back = np.linalg.inv(at_level(own, level)) @ start
        for n, (camera, other) in enumerate(others):
            made[at, n] = _pixels(other.corner, step) @ at_level(camera, level) @ back
    return made


def _pixels(corner: tuple[float, float], step: int) -> Cameras:
    """From the one coordinate system to a view's pixels."""
    part = 1 / step
    return np.array([[part, 0, -corner[0] * part], [0, part, -corner[1] * part], [0, 0, 1]])


def _whole(view: View) -> View:
    """A view whose pixels are known where all four are that values are interpolated from."""
    known = np.zeros_like(view.known)
    left, right = view.known[:, :-1], view.known[:, 1:]
    known[:-1, :-1] = left[:-1] & right[:-1] & left[1:] & right[1:]
    return replace(view, known=known)


@numba.njit(nogil=True, cache=True, fastmath={"contract", "arcp", "nsz"})
def _apart(picture, here, other, known, way, off):  # type: ignore[no-untyped-def]
    """How badly another frame agrees with a view, NaN where one of them is not known."""
    rows, columns, _ = other.shape
    height, width, _ = picture.shape
    across, down = np.empty(width, np.float32), np.empty(width, np.float32)
    for y in range(height):
        for x in range(width):
            part = 1 / (way[2, 0] * x + way[2, 1] * y + way[2, 2])
            across[x] = (way[0, 0] * x + way[0, 1] * y + way[0, 2]) * part
            down[x] = (way[1, 0] * x + way[1, 1] * y + way[1, 2]) * part
        for x in range(width):
            off[y, x] = np.nan
            sx, sy = across[x], down[x]
            if not (here[y, x] and sx >= 0 and sy >= 0 and sx < columns - 1 and sy < rows - 1):
                continue
            left, up = int(sx), int(sy)
            if not known[up, left]:
                continue
            fx, fy = sx - np.float32(left), sy - np.float32(up)
            total = np.float32(0)
            for c in range(3):
                a = other[up, left, c] * (1 - fx) + other[up, left + 1, c] * fx
                b = other[up + 1, left, c] * (1 - fx) + other[up + 1, left + 1, c] * fx
                total += abs(a * (1 - fy) + b * fy - picture[y, x, c])
            off[y, x] = min(total / 3, np.float32(HELD))


@numba.njit(nogil=True, cache=True, fastmath={"contract", "arcp", "nsz"})
def _best(off, cost):  # type: ignore[no-untyped-def]
    """The mean of the better ones of those that see a pixel: the others may be hidden there.

    Sorted by a network of comparisons, which takes many pixels at once.
    """
    others, height, width = off.shape
    rows = np.empty((others, width), np.float32)
    many, asked = np.empty(width, np.float32), np.empty(width, np.float32)
    total = np.empty(width, np.float32)
    for y in range(height):
        many[:] = 0
        for u in range(others):
            for x in range(width):
                value = off[u, y, x]
                there = value == value
                rows[u, x] = value if there else np.float32(np.inf)
                many[x] += np.float32(1) if there else np.float32(0)
        for last in range(others - 1, 0, -1):
            for u in range(last):
                for x in range(width):
                    a, b = rows[u, x], rows[u + 1, x]
                    rows[u, x] = a if a < b else b
                    rows[u + 1, x] = b if a < b else a
        for x in range(width):
            asked[x] = max(np.float32(1), np.floor(many[x] * np.float32(BEST) + np.float32(0.5)))
            total[x] = 0
        for u in range(others):
            for x in range(width):
                total[x] += rows[u, x] if u < asked[x] else np.float32(0)
        for x in range(width):
            if many[x] > 0:
                cost[y, x] = total[x] / asked[x] + np.float32(ALONE) / many[x]


def looked_up(values: Values, x: Values, y: Values, how: int = cv2.INTER_NEAREST) -> Values:
    """A picture at points, in rows that OpenCV can take; NaN outside."""
    count = -(-len(x) // 16384) * 16384
    wide = np.full((2, count), -2.0, np.float32)
    wide[0, : len(x)], wide[1, : len(y)] = x, y
    rows = wide.reshape(2, -1, 16384)
    made = cv2.remap(
        np.ascontiguousarray(values), rows[0], rows[1], how, borderValue=(float("nan"),) * 4
    )
    return np.asarray(made.reshape(-1)[: len(x)], np.float32)


def thrown(
    made: list[tuple[npt.NDArray[np.float64], Depths]],
    corner: tuple[float, float],
    size: tuple[int, int],
    step: int,
    loose: float,
) -> Values:
    """Sources' distances in the target: the nearest that the others do not see through.

    Args: loose: distances this close are the same.
    Returns: (height, width), NaN where nothing was thrown.
    """
    best = np.full(size, -np.inf, np.float32)
    x, y = np.meshgrid(np.arange(size[1]), np.arange(size[0]))
    points = corner[0] + x * step, corner[1] + y * step
    for at, (camera, depth) in enumerate(made):
        layer = np.full(size, np.nan, np.float32)
        _throw(depth.values, camera, depth.corner, float(step), corner, layer)
        layer = _closed(layer)
        through = np.zeros(size, np.int32)
        for other, (theirs, known) in enumerate(made):
            if other == at:
                continue
            u, v, w = (
                row[0] * points[0] + row[1] * points[1] + row[2] + row[3] * np.nan_to_num(layer)
                for row in theirs
            )
            column, row = ((q / w - o) / step for q, o in zip((u, v), known.corner, strict=True))
            said = cv2.remap(
                known.values,
                column.astype(np.float32),
                row.astype(np.float32),
                cv2.INTER_NEAREST,
                borderValue=float("nan"),
            )
            off = said - layer
            through += off < -CLEAR * loose
            through -= np.abs(off) <= loose
        good = np.isfinite(layer) & (through <= SEEN_THROUGH)
        best[good] = np.maximum(best[good], layer[good])
    return np.where(np.isfinite(best), best, np.nan).astype(np.float32)


def _closed(layer: Values) -> Values:
    """Gaps of a pixel between thrown ones get the middle of those around; so do lone ones."""
    padded = np.pad(layer, 1, constant_values=np.nan)
    height, width = layer.shape
    around = np.stack([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)])
    count = np.isfinite(around).sum(axis=0)
    around.sort(axis=0)
    middle = np.take_along_axis(around, np.maximum(count // 2, 0)[None], axis=0)[0]
    return np.where(count >= 4, middle, np.nan).astype(np.float32)


@numba.njit(nogil=True, cache=True)
def _throw(values, camera, corner, step, origin, layer):  # type: ignore[no-untyped-def]
    height, width = values.shape
    rows, columns = layer.shape
    for row in range(height):
        for column in range(width):
            d = values[row, column]
            if np.isnan(d):
                continue
            x, y = corner[0] + column * step, corner[1] + row * step
            # q ~ (H + d e [0 0 1]) p: two equations for the two of p
            a = camera[0, 0] - x * camera[2, 0]
            b = camera[0, 1] - x * camera[2, 1]
            c = -(camera[0, 2] + d * camera[0, 3] - x * (camera[2, 2] + d * camera[2, 3]))
            e = camera[1, 0] - y * camera[2, 0]
            f = camera[1, 1] - y * camera[2, 1]
            g = -(camera[1, 2] + d * camera[1, 3] - y * (camera[2, 2] + d * camera[2, 3]))
            det = a * f - b * e
            if abs(det) < 1e-12:
                continue
            i = int(np.floor(((c * f - b * g) / det - origin[0]) / step + 0.5))
            j = int(np.floor(((a * g - c * e) / det - origin[1]) / step + 0.5))
            if 0 <= i < columns and 0 <= j < rows:
                old = layer[j, i]
                if np.isnan(old) or d > old:
                    layer[j, i] = d


@numba.njit(nogil=True, cache=True, fastmath=True)
def _smoothed(cost, light):  # type: ignore[no-untyped-def]
    """Semi-global matching in four directions; the best level of each pixel, between levels."""
    height, width, levels = cost.shape
    total = np.zeros_like(cost)
    for way in range(4):
        line = np.zeros((max(height, width), levels), np.float32)
        outer = height if way < 2 else width
        inner = width if way < 2 else height
        for a in range(outer):
            for k in range(inner):
                b = k if way % 2 == 0 else inner - 1 - k
                y, x = (a, b) if way < 2 else (b, a)
                if k > 0:
                    py, px = (a, b - 1 + 2 * (way % 2)) if way < 2 else (b - 1 + 2 * (way % 2), a)
                    edge = abs(light[y, x] - light[py, px])
                    jump = np.float32(JUMP) / (1 + edge / np.float32(EDGE))
                if k == 0:
                    for n in range(levels):
                        line[0, n] = cost[y, x, n]
                        total[y, x, n] += line[0, n]
                    continue
                least = line[k - 1, 0]
                for n in range(1, levels):
                    least = min(least, line[k - 1, n])
                for n in range(levels):
                    best = min(line[k - 1, n], least + max(jump, np.float32(STEP)))
                    if n > 0:
                        best = min(best, line[k - 1, n - 1] + np.float32(STEP))
                    if n < levels - 1:
                        best = min(best, line[k - 1, n + 1] + np.float32(STEP))
                    line[k, n] = cost[y, x, n] + best - least
                    total[y, x, n] += line[k, n]
    made = np.zeros((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            best = 0
            for n in range(1, levels):
                if total[y, x, n] < total[y, x, best]:
                    best = n
            between = np.float32(0)
            if 0 < best < levels - 1:
                before, after = total[y, x, best - 1], total[y, x, best + 1]
                bend = before + after - 2 * total[y, x, best]
                if bend > 1e-9:
                    between = np.float32(0.5) * (before - after) / bend
            made[y, x] = best + between
    return made
