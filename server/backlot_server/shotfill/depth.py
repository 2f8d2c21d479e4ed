"""Depth behind a target's hole, by what a few sources show of it: see sweep.py."""

from __future__ import annotations

import cv2
import numpy as np

from ..membrane import Values, distance, membrane
from . import sweep
from .look import coarser
from .merge import lit
from .parallax import Cameras, Parallax
from .points import Hole, channels, mapped, shown
from .shot import Shot

LEAST_SEEN = 0.004
"""A source that shows less of the hole than this is left out."""
WIDE = 640
"""About so many pixels across, depth is looked for."""
AROUND = 8
WITNESSES = 6
COMPARED, FEWEST_COMPARED = 8, 3
LEAST_APART, MOST_APART = 4.0, sweep.LEVELS * sweep.FINENESS
"""Pixels of the sweep between near and far in frames that are compared."""
GAP = 2.5
"""Pixels of the sweep that may lack a distance and get their neighbours'."""
LOOSE = 0.03
"""Distances that differ less, as a part of their range, are the same."""


def through(
    camera: Cameras, hole: Hole, depth: Values, own: sweep.Depths | None, loose: float
) -> tuple[Values, Values]:
    """Where a source shows the hole's points; far outside where its own distances say that it
    shows something else there."""
    x, y = hole.x.astype(np.float64), hole.y.astype(np.float64)
    u, v, w = (row[0] * x + row[1] * y + row[2] + row[3] * depth for row in camera)
    u, v = ((q / w).astype(np.float32) for q in (u, v))
    u[np.isnan(depth)] = v[np.isnan(depth)] = -1e6
    if own is not None:
        column, row = ((at - o) / own.step for at, o in zip((u, v), own.corner, strict=True))
        said = sweep.looked_up(own.values, column.astype(np.float32), row.astype(np.float32))
        hidden = np.isfinite(said) & (np.abs(said - depth) > loose) & hole.inside
        u[hidden] = v[hidden] = -1e6
    return u, v


def completed(hole: Hole, depth: Values) -> Values:
    """Depth of all points of a hole: smoothly from around where none is told."""
    top, left = int(hole.ys.min()), int(hole.xs.min())
    at = hole.ys - top, hole.xs - left
    known = np.zeros((int(np.ptp(hole.ys)) + 1, int(np.ptp(hole.xs)) + 1, 1), np.float32)
    lacking = np.isnan(depth)
    known[at] = np.where(lacking, 0, depth)[:, None]
    missing = np.ones(known.shape[:2], bool)
    missing[at] = lacking
    return np.asarray(membrane(known, missing)[at][:, 0])


def depth_of(
    shot: Shot, number: int, hole: Hole, found: Parallax, lights: dict[int, Values]
) -> tuple[Values, dict[int, sweep.Depths]]:
    """The inverse distance of each of the hole's points, and the sources' that say so."""
    look = shot.look(number)
    assert look is not None
    step = max(1, round(look.gray.shape[1] / WIDE))
    half = (step - 1) / 2
    views = {u: view_of(shot, u, lights[u], step) for u in found.sources}
    one = np.ones(shot.codes(number).smooth.shape[2], np.float32)
    cameras = dict(zip(found.sources, found.cameras, strict=True))
    views[number], cameras[number] = view_of(shot, number, one, step), np.eye(3, 4)
    made: dict[int, sweep.Depths] = {}
    for source in _witnesses(shot, hole, found):
        part = _part(hole, cameras[source], found, views[source], step)
        if part is None:
            continue
        apart = _apart(source, part, cameras, found, step)
        others = [(cameras[n], views[n]) for n in _compared(source, apart)]
        levels = sweep.levels(found, max(apart[n] for n in _compared(source, apart)))
        made[source] = sweep.depths(levels, cameras[source], part, others, step, shot.check)
    top, left = int(hole.ys.min()), int(hole.xs.min())
    size = -(-(int(hole.ys.max()) - top + 1) // step), -(-(int(hole.xs.max()) - left + 1) // step)
    corner = look.window.x + left + half, look.window.y + top + half
    thrown = sweep.thrown(
        [(cameras[u], d) for u, d in made.items()],
        corner,
        size,
        step,
        LOOSE * (found.near - found.far),
    )
    missing = np.isnan(thrown)
    known: Values = np.where(missing, np.float32(0), thrown)[:, :, None]
    filled = membrane(known, missing)
    depth: Values = np.ascontiguousarray(filled[:, :, 0])
    depth = np.asarray(cv2.medianBlur(depth, 3))
    depth[distance(missing) > GAP] = np.nan
    x = ((hole.xs - left - half) / step).astype(np.float32)
    y = ((hole.ys - top - half) / step).astype(np.float32)
    lookup = cv2.INTER_NEAREST if step == 1 else cv2.INTER_LINEAR
    return sweep.looked_up(depth, x, y, lookup), made


def _apart(
    source: int, part: sweep.View, cameras: dict[int, Cameras], found: Parallax, step: int
) -> dict[int, float]:
    """How far near and far move apart from a source to other frames, in pixels of the sweep."""
    height, width = part.known.shape
    middle = np.array([part.corner[0] + step * width / 2, part.corner[1] + step * height / 2, 1.0])
    apart = {}
    for number, camera in cameras.items():
        ends = []
        for level in (found.near, found.far):
            back = np.linalg.inv(sweep.at_level(cameras[source], level))
            at = sweep.at_level(camera, level) @ back @ middle
            ends.append(at[:2] / at[2])
        if number != source:
            apart[number] = float(np.linalg.norm(ends[0] - ends[1])) / step
    return apart


def _compared(source: int, apart: dict[int, float]) -> list[int]:
    """The frames that a source is compared with: depth can be told in them, and levels are fine
    enough for them."""
    lost = {n: max(LEAST_APART / (a + 1e-6), a / MOST_APART, 1.0) for n, a in apart.items()}
    fit = sorted((n for n in apart if lost[n] == 1.0), key=lambda n: (apart[n], n))
    if len(fit) > COMPARED:
        return [fit[round(k * (len(fit) - 1) / (COMPARED - 1))] for k in range(COMPARED)]
    best = sorted(apart, key=lambda n: (lost[n], abs(n - source), n))
    return best[: max(len(fit), FEWEST_COMPARED)]


def _witnesses(shot: Shot, hole: Hole, found: Parallax) -> list[int]:
    """The few sources that together see most of the hole, whatever its depth."""
    middle = (found.near, (found.near + found.far) / 2, found.far)
    sees = {}
    for source, camera in zip(found.sources, found.cameras, strict=True):
        planes = [sweep.at_level(camera, level) for level in middle]
        sees[source] = np.concatenate([shown(shot, source, plane, hole) for plane in planes])
    chosen: list[int] = []
    count = np.zeros(len(next(iter(sees.values()))), int)
    while len(chosen) < WITNESSES:
        left = [n for n in sees if n not in chosen]
        if not left:
            break
        gains = [float(np.mean(sees[n] & (count < 2))) for n in left]
        best = int(np.argmax(gains))
        if gains[best] < LEAST_SEEN:
            break
        chosen.append(left[best])
        count += sees[left[best]]
    return chosen


def _part(
    hole: Hole, camera: Cameras, found: Parallax, view: sweep.View, step: int
) -> sweep.View | None:
    """The part of a source where the hole's points may be, at any distance."""
    xs, ys = [], []
    for level in (found.near, (found.near + found.far) / 2, found.far):
        x, y = mapped(sweep.at_level(camera, level), hole)
        xs += [x.min(), x.max()]
        ys += [y.min(), y.max()]
    height, width = view.known.shape
    left = int(np.clip((min(xs) - view.corner[0]) / step - AROUND, 0, width))
    right = int(np.clip((max(xs) - view.corner[0]) / step + AROUND, 0, width))
    top = int(np.clip((min(ys) - view.corner[1]) / step - AROUND, 0, height))
    bottom = int(np.clip((max(ys) - view.corner[1]) / step + AROUND, 0, height))
    if right - left < 8 or bottom - top < 8:
        return None
    part = np.s_[top:bottom, left:right]
    corner = view.corner[0] + left * step, view.corner[1] + top * step
    return sweep.View(
        np.ascontiguousarray(view.picture[part]), np.ascontiguousarray(view.known[part]), corner
    )


def view_of(shot: Shot, number: int, light: Values, step: int) -> sweep.View:
    """A frame coarser by `step`, in the target's light."""
    look = shot.look(number)
    assert look is not None
    codes = shot.codes(number)
    _, lead = channels(shot, codes.smooth.shape[2])
    lead = (lead * 3)[:3]
    picture, known = coarser(codes, look, lead, step)
    lit(picture.reshape(-1, 3), np.ascontiguousarray(light[lead]))
    half = (step - 1) / 2
    return sweep.View(picture, known, (look.window.x + half, look.window.y + half))
