"""Where sources stand: cameras and distances from followed points, by bundle adjustment.

A source sees a target's point x, at inverse distance d, at K' (R K^-1 x + d T). R, T, a change of
focal length for each source, one focal length and d for each point are found together, from "no
turn, no move, all equally far", which small motion allows (F. Yu and D. Gallup, "3D
reconstruction from accidental motion", 2014), by Levenberg's and Marquardt's method with the points
eliminated (B. Triggs et al., "Bundle adjustment: a modern synthesis", 2000). As a matrix that is
P (x, y, 1, d) with P = [K' R K^-1 | K' T].
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numba
import numpy as np
import numpy.typing as npt

from ..membrane import Values
from .register import Pair

Cameras = npt.NDArray[np.float64]
"""(sources, 3, 4); of one source (3, 4). Also used for other matrices of float64."""

ROUNDS = 20
LOOSEST, SOFT = 8.0, 0.3
"""Pixels from which on a followed point counts less, at first and in the end."""
OF_SOURCE = 7
FOCAL = 1.0
"""The focal length to begin with, in widths of the picture."""
SHORTEST, LONGEST = 0.3, 20.0
ZOOM, ZOOM_COUNTS = 0.002, 20.0
"""Focal lengths of sources stay within about so much of each other, where that is as likely as a
move along the axis: as if so many points said so."""
DAMPED, CALMER, FIRMER, TRIES = 1e-3, 0.25, 6.0, 6
FEWEST_USED, FEWEST_TRUSTED, VIEWS = 40, 20, 3
TRIMMED = 0.9


@dataclass(frozen=True)
class Parallax:
    """sources: frame numbers, one a camera. near, far: greatest and least inverse distance of
    followed points, whose median is 1. error: rms in pixels of the better nine tenths of them.
    astray: the part of them that is further than a pixel from where its camera has it.
    """

    sources: tuple[int, ...]
    cameras: Cameras
    near: float
    far: float
    error: float
    astray: float


@dataclass
class _Stand:
    """What is looked for. turn (sources, 3, 3), move (sources, 3), zoom (sources,) logarithm of
    the change of focal length, distance (points,) inverse, focal in widths."""

    turn: Cameras
    move: Cameras
    zoom: Cameras
    distance: Cameras
    focal: float = field(default=FOCAL)


def parallax(
    points: Values,
    pairs: dict[int, Pair],
    middle: tuple[float, float],
    width: float,
    known: Cameras | None = None,
) -> Parallax | None:
    """Cameras of all sources.

    Args: points (corners, 2) of the target, in the one coordinate system. pairs: by source. middle:
        where the axis of the lens meets the picture; width: of the picture. known (corners,): their
        inverse distances where a renderer told them, NaN where it did not.
    Returns: None where too little was followed.
    """
    order = tuple(sorted(pairs))
    there = np.zeros((len(order), len(points)), bool)
    ends = np.zeros((len(order), len(points), 2))
    for at, source in enumerate(order):
        there[at, pairs[source].index] = True
        ends[at, pairs[source].index] = (pairs[source].end - middle) / width
    used = there.sum(axis=0) >= VIEWS
    if known is not None:
        used &= np.isfinite(known)
    if np.count_nonzero(used) < FEWEST_USED:
        return None
    there, ends = np.ascontiguousarray(there[:, used]), np.ascontiguousarray(ends[:, used])
    flat = (points[used].astype(np.float64) - middle) / width
    stand = _first(flat, ends, there)
    if known is not None:
        stand.distance = known[used].astype(np.float64)
        stand.move /= np.median(stand.distance) + 1e-12
    damped = DAMPED
    for soft in np.geomspace(LOOSEST, SOFT, ROUNDS) / width:
        stand, damped = _step(flat, ends, there, stand, soft, damped, known is None)
    off = _off(flat, ends, stand)
    weight = there / (1 + (off * width / SOFT) ** 2)
    trusted = weight.sum(axis=0) > 0.5 * there.sum(axis=0)
    if np.count_nonzero(trusted) < FEWEST_TRUSTED:
        return None
    best = np.sort(off[there])[: int(TRIMMED * np.count_nonzero(there))]
    far, near = np.percentile(stand.distance[trusted], (0.5, 99.5))
    error = float(np.sqrt(np.mean(best**2)) * width)
    astray = float(np.mean(off[there] * width > 1.0))
    return Parallax(order, _matrices(stand, middle, width), float(near), float(far), error, astray)


def _first(flat: Cameras, ends: Cameras, there: npt.NDArray[np.bool_]) -> _Stand:
    """No turn, all equally far, each source moved by the middle shift of what was followed."""
    count = len(ends)
    move = np.zeros((count, 3))
    for at in range(count):
        if there[at].any():
            move[at, :2] = np.median((ends[at] - flat)[there[at]], axis=0) / FOCAL
    turn = np.tile(np.eye(3), (count, 1, 1))
    return _Stand(turn, move, np.zeros(count), np.ones(len(flat)))


def _matrices(stand: _Stand, middle: tuple[float, float], width: float) -> Cameras:
    def lens(zoom: float) -> Cameras:
        focal = stand.focal * width * np.exp(zoom)
        return np.array([[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1]])

    back = np.linalg.inv(lens(0.0))
    return np.stack(
        [
            lens(zoom) @ np.concatenate([turn @ back, move[:, None]], axis=1)
            for turn, move, zoom in zip(stand.turn, stand.move, stand.zoom, strict=True)
        ]
    )


def _off(flat: Cameras, ends: Cameras, stand: _Stand) -> Cameras:
    """(sources, points) distance of followed points from where cameras have them, in widths."""
    ray = np.concatenate([flat / stand.focal, np.ones((len(flat), 1))], axis=1)
    seen = ray @ stand.turn.transpose(0, 2, 1)
    seen += stand.distance[None, :, None] * stand.move[:, None, :]
    focal = (stand.focal * np.exp(stand.zoom))[:, None, None]
    return np.asarray(np.linalg.norm(focal * seen[:, :, :2] / seen[:, :, 2:] - ends, axis=2))


def _cost(
    flat: Cameras, ends: Cameras, there: npt.NDArray[np.bool_], stand: _Stand, soft: float
) -> float:
    data = soft**2 * np.log1p((_off(flat, ends, stand) / soft) ** 2)[there].sum()
    return float(data + _zoom_weight(soft) * (stand.zoom**2).sum())


def _zoom_weight(soft: float) -> float:
    return ZOOM_COUNTS * (soft / ZOOM) ** 2


def _step(
    flat: Cameras,
    ends: Cameras,
    there: npt.NDArray[np.bool_],
    stand: _Stand,
    soft: float,
    damped: float,
    free: bool,
) -> tuple[_Stand, float]:
    """One step nearer, or none, and how firmly to hold the next one back. free: distances too."""
    count = OF_SOURCE * len(ends) + 1
    square, slope, across, along, pull = _sums(
        flat, ends, there, stand.turn, stand.move, stand.zoom, stand.distance, stand.focal, soft
    )
    zooms = np.arange(OF_SOURCE - 1, count - 1, OF_SOURCE)
    square[zooms, zooms] += _zoom_weight(soft)
    slope[zooms] += _zoom_weight(soft) * stand.zoom
    if not free:
        across[:], pull[:] = 0.0, 0.0
    before = _cost(flat, ends, there, stand, soft)
    for _ in range(TRIES):
        inverse = 1 / (along * (1 + damped) + 1e-15)
        left = square + np.diag(damped * np.diag(square) + 1e-12)
        weighted = across * inverse
        left -= cv2.gemm(weighted, across, 1.0, across[:0], 0.0, flags=cv2.GEMM_2_T)
        change = -_solved(left, slope - (weighted * pull).sum(axis=1))
        nearer = -(pull + across.T @ change) * inverse
        of_source = change[:-1].reshape(-1, OF_SOURCE)
        made = _Stand(
            _turned(of_source[:, :3]) @ stand.turn,
            stand.move + of_source[:, 3:6],
            stand.zoom + of_source[:, 6],
            stand.distance + nearer,
            min(max(stand.focal + change[-1], SHORTEST), LONGEST),
        )
        if _cost(flat, ends, there, made, soft) <= before:
            if not free:
                return made, max(damped * CALMER, 1e-7)
            scale = np.median(np.abs(made.distance)) + 1e-12
            made.distance /= scale
            made.move *= scale
            return made, max(damped * CALMER, 1e-7)
        damped *= FIRMER
    return stand, damped


def _solved(matrix: Cameras, right: Cameras) -> Cameras:
    """The unknowns of a symmetric system. By OpenCV: for matrices of this size the threads of BLAS
    cost more than they bring, and on a busy machine a hundred times as much."""
    good, found = cv2.solve(matrix, right[:, None], flags=cv2.DECOMP_CHOLESKY)
    if not good:
        found = cv2.solve(matrix, right[:, None], flags=cv2.DECOMP_SVD)[1]
    return np.asarray(found, np.float64).reshape(-1)


def _turned(angles: Cameras) -> Cameras:
    """(sources, 3) axes times angles, as matrices (O. Rodrigues)."""
    size = np.linalg.norm(angles, axis=1)[:, None, None] + 1e-15
    x, y, z = (angles / size[:, 0]).T
    none = np.zeros_like(x)
    axis = np.stack([none, -z, y, z, none, -x, -y, x, none], axis=1).reshape(-1, 3, 3)
    made: Cameras = np.eye(3) + np.sin(size) * axis + (1 - np.cos(size)) * (axis @ axis)
    return made


@numba.njit(nogil=True, cache=True)
def _sums(flat, ends, there, turn, move, zoom, distance, focal, soft):  # type: ignore[no-untyped-def]
    """The normal equations: of cameras, between cameras and points, of points."""
    sources, points, _ = ends.shape
    count = OF_SOURCE * sources + 1
    square = np.zeros((count, count))
    slope = np.zeros(count)
    across = np.zeros((count, points))
    along = np.zeros(points)
    pull = np.zeros(points)
    by = np.zeros((2, OF_SOURCE + 2))
    for u in range(sources):
        first = OF_SOURCE * u
        long = focal * np.exp(zoom[u])
        for n in range(points):
            if not there[u, n]:
                continue
            bx, by_, bz = flat[n, 0] / focal, flat[n, 1] / focal, 1.0
            rx = turn[u, 0, 0] * bx + turn[u, 0, 1] * by_ + turn[u, 0, 2] * bz
            ry = turn[u, 1, 0] * bx + turn[u, 1, 1] * by_ + turn[u, 1, 2] * bz
            rz = turn[u, 2, 0] * bx + turn[u, 2, 1] * by_ + turn[u, 2, 2] * bz
            d = distance[n]
            x, y, z = rx + d * move[u, 0], ry + d * move[u, 1], rz + d * move[u, 2]
            if abs(z) < 1e-9:
                continue
            px, py = long * x / z, long * y / z
            ex, ey = px - ends[u, n, 0], py - ends[u, n, 1]
            weight = 1 / (1 + (ex * ex + ey * ey) / soft**2)
            ax, axz = long / z, -px / z
            ay, ayz = long / z, -py / z
            # by turns: the ray, turned, cross the axes
            by[0, 0], by[0, 1], by[0, 2] = axz * ry, ax * rz - axz * rx, -ax * ry
            by[1, 0], by[1, 1], by[1, 2] = -ay * rz + ayz * ry, -ayz * rx, ay * rx
            by[0, 3], by[0, 4], by[0, 5] = ax * d, 0.0, axz * d
            by[1, 3], by[1, 4], by[1, 5] = 0.0, ay * d, ayz * d
            by[0, 6], by[1, 6] = px, py
            fx = -(turn[u, 0, 0] * bx + turn[u, 0, 1] * by_) / focal
            fy = -(turn[u, 1, 0] * bx + turn[u, 1, 1] * by_) / focal
            fz = -(turn[u, 2, 0] * bx + turn[u, 2, 1] * by_) / focal
            by[0, 7] = px / focal + ax * fx + axz * fz
            by[1, 7] = py / focal + ay * fy + ayz * fz
            by[0, 8] = ax * move[u, 0] + axz * move[u, 2]
            by[1, 8] = ay * move[u, 1] + ayz * move[u, 2]
            for i in range(OF_SOURCE + 1):
                row = first + i if i < OF_SOURCE else count - 1
                wx, wy = weight * by[0, i], weight * by[1, i]
                slope[row] += wx * ex + wy * ey
                across[row, n] += wx * by[0, 8] + wy * by[1, 8]
                for k in range(i, OF_SOURCE + 1):
                    column = first + k if k < OF_SOURCE else count - 1
                    square[row, column] += wx * by[0, k] + wy * by[1, k]
            along[n] += weight * (by[0, 8] ** 2 + by[1, 8] ** 2)
            pull[n] += weight * (by[0, 8] * ex + by[1, 8] * ey)
    for row in range(count):
        for column in range(row):
            square[row, column] = square[column, row]
    return square, slope, across, along, pull
