"""Where sources stand: cameras and distances from followed points, in turns.

A source sees a target's point x at P (x, y, 1, d), where P = [H | e] is one matrix a source and d
one number a point, shared by all sources (A. Shashua and N. Navab, "Relative affine structure",
1996).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values
from .register import Pair

Cameras = npt.NDArray[np.float64]
"""(sources, 3, 4); of one source (3, 4). Also used for other matrices of float64."""

ROUNDS = 40
LOOSEST, SOFT = 8.0, 0.3
"""Pixels from which on a followed point counts less, at first and in the end."""


@dataclass(frozen=True)
class Parallax:
    """sources: frame numbers, one a camera. near, far: least and greatest distance of followed
    points. error: rms in pixels of the better nine tenths of them.
    """

    sources: tuple[int, ...]
    cameras: Cameras
    near: float
    far: float
    error: float


def parallax(points: Values, pairs: dict[int, Pair]) -> Parallax | None:
    """Cameras of all sources and the distances of a target's corners, in turns.

    Args: points (corners, 2), in the one coordinate system. pairs: by source.
    Returns: None where too little was followed.
    """
    order = tuple(sorted(pairs))
    there = np.zeros((len(order), len(points)), bool)
    ends = np.zeros((len(order), len(points), 2))
    for at, source in enumerate(order):
        there[at, pairs[source].index] = True
        ends[at, pairs[source].index] = pairs[source].end
    used = there.sum(axis=0) >= 3
    if np.count_nonzero(used) < 40:
        return None
    points, there, ends = points[used].astype(np.float64), there[:, used], ends[:, used]
    middle, scale = points.mean(axis=0), points.std() + 1e-9
    flat = np.concatenate([(points - middle) / scale, np.ones((len(points), 1))], axis=1)
    ends = (ends - middle) / scale
    shift = np.array([[scale, 0, middle[0]], [0, scale, middle[1]], [0, 0, 1]])
    inverse = np.linalg.inv(shift)
    cameras = np.zeros((len(order), 3, 4))
    for at, source in enumerate(order):
        cameras[at, :, :3] = inverse @ pairs[source].homography @ shift
        cameras[at] /= cameras[at, 2, 2]
    depth = _first(flat, ends, there, cameras)
    for soft in np.geomspace(LOOSEST, SOFT, ROUNDS) / scale:
        off = _off(flat, depth, ends, cameras)
        weight = there / (1 + (off / soft) ** 2)
        cameras = _fitted(flat, depth, ends, weight, cameras)
        off = _off(flat, depth, ends, cameras)
        weight = there / (1 + (off / soft) ** 2)
        depth = _depths(flat, ends, weight, cameras)
        spread = np.median(np.abs(depth - np.median(depth))) + 1e-12
        cameras[:, :, 3] *= spread
        depth /= spread
    off = np.sort(_off(flat, depth, ends, cameras)[there])
    error = float(np.sqrt(np.mean(off[: int(0.9 * len(off))] ** 2)) * scale)
    trusted = (weight * there).sum(axis=0) > 0.5 * there.sum(axis=0)
    if np.count_nonzero(trusted) < 20:
        return None
    near, far = np.percentile(depth[trusted], (0.5, 99.5))
    for at in range(len(order)):
        whole = np.eye(4)
        whole[:3, :3] = inverse
        cameras[at] = shift @ cameras[at] @ whole
    return Parallax(order, cameras, float(near), float(far), error)


def _first(flat: Cameras, ends: Cameras, there: Mask, cameras: Cameras) -> Cameras:
    """Distances to begin with: along the main direction of the source that moved most."""
    homes = np.einsum("uij,nj->uni", cameras[:, :, :3], flat)
    lack = np.where(there[:, :, None], ends - homes[:, :, :2] / homes[:, :, 2:], 0)
    power = np.array(
        [
            np.sum(np.minimum(each**2, 0.02)) / (1 + t.sum())
            for each, t in zip(lack, there, strict=True)
        ]
    )
    power *= there.mean(axis=1)
    depth = np.zeros(len(flat))
    count = np.zeros(len(flat))
    lead = int(np.argmax(power))
    order = np.argsort(-power)
    _, _, axes = np.linalg.svd(lack[lead][there[lead]], full_matrices=False)
    depth[there[lead]] = lack[lead][there[lead]] @ axes[0]
    count[there[lead]] = 1
    for at in order:
        both = there[at] & (count > 0)
        if np.count_nonzero(both) < 8:
            continue
        base = depth[both] / count[both]
        away = (lack[at][both] * base[:, None]).sum(axis=0) / max(1e-12, float(base @ base))
        length = float(away @ away)
        if at == lead or length < 1e-4:
            continue
        mine = there[at]
        depth[mine] += lack[at][mine] @ away / length
        count[mine] += 1
    return depth / np.maximum(count, 1)


def _off(flat: Cameras, depth: Cameras, ends: Cameras, cameras: Cameras) -> Cameras:
    """(sources, points) distance of followed points from where cameras have them."""
    wide = np.einsum("uij,nj->uni", cameras, np.concatenate([flat, depth[:, None]], axis=1))
    seen = wide[:, :, :2] / np.where(np.abs(wide[:, :, 2:]) < 1e-6, 1e-6, wide[:, :, 2:])
    return np.asarray(np.linalg.norm(seen - ends, axis=2))


def _fitted(
    flat: Cameras, depth: Cameras, ends: Cameras, weight: Cameras, before: Cameras
) -> Cameras:
    """All sources' matrices, the last number of their plane part 1, by weighted least squares."""
    x = np.concatenate([flat, depth[:, None]], axis=1)
    scale = np.abs(np.einsum("uj,nj->un", before[:, 2], x)) + 1e-6
    weight = weight / scale**2
    pairs = (x[:, :, None] * x[:, None, :]).reshape(len(x), 16)
    sums = [
        (weight * factor @ pairs).reshape(-1, 4, 4)
        for factor in (1.0, ends[:, :, 0], ends[:, :, 1], (ends**2).sum(axis=2))
    ]
    normal = np.zeros((len(ends), 12, 12))
    normal[:, :4, :4] = normal[:, 4:8, 4:8] = sums[0]
    for axis in (0, 1):
        block = np.s_[4 * axis : 4 * axis + 4]
        normal[:, block, 8:] = normal[:, 8:, block] = -sums[1 + axis]
    normal[:, 8:, 8:] = sums[3]
    kept = np.delete(np.arange(12), 10)
    right = -normal[:, kept, 10]
    left = normal[:, kept][:, :, kept]
    left[:, np.arange(11), np.arange(11)] *= 1 + 1e-9
    left[:, np.arange(11), np.arange(11)] += 1e-12
    found = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    return np.insert(found, 10, 1.0, axis=1).reshape(-1, 3, 4)


def _depths(flat: Cameras, ends: Cameras, weight: Cameras, cameras: Cameras) -> Cameras:
    """The distance of each point that fits all sources best."""
    wide = np.einsum("uij,nj->uni", cameras[:, :, :3], flat)
    along = cameras[:, None, :2, 3] - ends * cameras[:, None, 2:, 3]
    lack = ends * wide[:, :, 2:] - wide[:, :, :2]
    up = (weight[:, :, None] * along * lack).sum(axis=(0, 2))
    down = (weight[:, :, None] * along * along).sum(axis=(0, 2))
    return np.asarray(up / np.maximum(down, 1e-12))
