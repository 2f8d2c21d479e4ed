"""How things move that move by themselves: from a frame to another, a motion for each of them.

Points on what moves are looked for in the other frame where something moves there, too, first as
small patches on coarser frames, then as register.py follows corners. Motions are found one after
the other, each that most of the points left agree on (M. Fischler and R. Bolles, "Random sample
consensus", 1981), and are no freer than they have to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numba
import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values
from ..parallel import in_strips
from . import register
from .moving import Coarse, coarse, moving
from .register import Matrix, Points, undone
from .shot import Shot

SPACING = 3
"""Pixels of the coarse frame between points."""
FASTEST = 0.085
"""Widths of the picture that a thing may move in a frame."""
PATCH = 4
"""Half the width of the patches that are compared, in pixels twice as coarse."""
NEAR_GUESS = 3
"""Pixels around a guess that are searched on the coarse frame."""
SURE = 0.5
"""Part of a patch that must be known in the other frame."""
AGREE = 0.9
"""Pixels, of frames 640 wide, by which points may be off a motion that they follow."""
STILL = 1.0
"""Pixels of the coarse frame by which a point must be off the camera's motion."""
FEWEST = 8
MOST_THINGS = 4
ALIKE, IN_SIGHT = 0.012, 0.15
"""Mean square by which a thing may be unlike itself on another frame, and the part of it that must
be seen there."""
FREER = 0.75
"""A freer motion is taken where it leaves less than this part of the distance."""


@dataclass(frozen=True)
class Motion:
    """Of one thing from a frame to another. matrix: 3x3, in the one coordinate system; start, end
    (n, 2): points that follow it."""

    matrix: Matrix
    start: Points
    end: Points

    @property
    def back(self) -> Motion:
        return Motion(undone(self.matrix), self.end, self.start)


def motions(shot: Shot, number: int, other: int) -> list[Motion]:
    """Of all things that move by themselves and are seen on both frames, the largest first."""
    key = "motions", min(number, other), max(number, other)
    if key not in shot.kept:
        shot.kept[key] = _motions(shot, *key[1:])
    found: list[Motion] = shot.kept[key]
    return found if number < other else [each.back for each in found]


def _motions(shot: Shot, number: int, other: int) -> list[Motion]:
    shot.check()
    one, two = coarse(shot, number), coarse(shot, other)
    here, there = moving(shot, number).mask, moving(shot, other).mask
    start = _points(here)
    if len(start) < FEWEST:
        return []
    reach = int(np.ceil(FASTEST * abs(other - number) * one.known.shape[1] / 2))
    guess, good = _searched(one, two, here, there, start, reach)
    start, guess = start[good], guess[good]
    end, good = _refined(one, two, here, there, start, guess)
    start, end = _placed(one, start[good]), _placed(two, end[good])
    off = np.linalg.norm(register.moved(_still(shot, number, other), start) - end, axis=1)
    start, end = start[off > STILL * one.step], end[off > STILL * one.step]
    tolerance = AGREE * one.step
    found: list[Motion] = []
    left = np.ones(len(start), bool)
    while np.count_nonzero(left) >= FEWEST and len(found) < MOST_THINGS:
        at = np.nonzero(left)[0]
        matrix, mine = _agreed(start[at], end[at], tolerance)
        if matrix is None or np.count_nonzero(mine) < FEWEST:
            break
        found.append(Motion(matrix, start[at[mine]], end[at[mine]]))
        left[at[mine]] = False
    return found


def _still(shot: Shot, number: int, other: int) -> Matrix:
    """How that moves which does not move by itself."""
    present = [n for n in shot.neighbours(number) if min(number, other) <= n <= max(number, other)]
    return register.chained(shot, number, present).get(other, np.eye(3))


def placed(
    shot: Shot, number: int, other: int, body: Points, expected: Matrix, steps: int
) -> tuple[Matrix, int] | None:
    """Where the whole of a thing is on another frame, of which that may show but a part.

    Args: body: points on it; expected: the motion that is likely; steps: frames in which it may
        have gone elsewhere.
    Returns: its motion, and how many points say so.
    """
    shot.check()
    one, two = coarse(shot, number), coarse(shot, other)
    here, there = moving(shot, number).mask * one.known, moving(shot, other).mask
    start = np.rint(register.moved(undone(one.place), body))
    height, width = here.shape
    column, row = start.astype(np.int64).T
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    start = start[inside][here[row[inside], column[inside]] > 0].astype(np.float32)
    if len(start) < FEWEST:
        return None
    reach = int(np.ceil(FASTEST * min(2, steps) * width))
    guess = register.moved(undone(two.place) @ expected @ one.place, start)
    shift, least, part = _shifted(
        one.picture.astype(np.float32), two.picture.astype(np.float32), there, two.known,
        start.astype(np.int32), np.rint(guess).astype(np.int32), reach,
    )  # fmt: skip
    if least > ALIKE or part < IN_SIGHT:
        return None
    end, good = _refined(one, two, here, there, start, guess + np.float32(shift))
    if np.count_nonzero(good) < FEWEST:
        return None
    start, end = _placed(one, start[good]), _placed(two, end[good])
    matrix, mine = _agreed(start, end, AGREE * one.step)
    if matrix is None:
        return None
    return matrix, int(np.count_nonzero(mine))


@numba.njit(nogil=True, cache=True)
def _shifted(one, two, there, known, start, guess, reach):  # type: ignore[no-untyped-def]
    """The shift that makes points most alike, how unlike they still are, as a mean square, and the
    part of them that is in sight."""
    height, width, _ = one.shape
    best, part, bx, by = np.float32(1e9), np.float32(0), 0, 0
    for dy in range(-reach, reach + 1, 2):
        for dx in range(-reach, reach + 1, 2):
            total, count = np.float32(0), 0
            for n in range(len(start)):
                x, y = guess[n, 0] + dx, guess[n, 1] + dy
                if not (0 <= x < width and 0 <= y < height) or not known[y, x]:
                    continue
                count += 1
                off = np.float32(0.04)
                if there[y, x]:
                    off = np.float32(0)
                    for c in range(3):
                        off += (one[start[n, 1], start[n, 0], c] - two[y, x, c]) ** 2
                    off = min(off, np.float32(0.04))
                total += off
            if count >= FEWEST and count >= IN_SIGHT * len(start) and total / count < best:
                best, part = total / count, np.float32(count / len(start))
                bx, by = dx, dy
    return (bx, by), best, part


def _points(mask: npt.NDArray[np.uint8]) -> Points:
    """A grid of pixels on what moves."""
    ys, xs = np.mgrid[0 : mask.shape[0] : SPACING, 0 : mask.shape[1] : SPACING]
    inside = mask[ys, xs] > 0
    return np.stack([xs[inside], ys[inside]], axis=1).astype(np.float32)


def _placed(one: Coarse, points: Points) -> Points:
    return register.moved(one.place, points)


def _searched(
    one: Coarse,
    two: Coarse,
    here: npt.NDArray[np.uint8],
    there: npt.NDArray[np.uint8],
    start: Points,
    reach: int,
) -> tuple[Points, Mask]:
    """Where patches are most alike, twice as coarse, and whether that says anything."""
    pictures = [_halved(each.picture.astype(np.float32)) for each in (one, two)]
    known = [_halved(each.known.astype(np.float32)) > 0.7 for each in (one, two)]
    spots = [_halved(each.astype(np.float32)) > 0.2 for each in (here, there)]
    moves = np.zeros((len(start), 2), np.float32)
    good = np.zeros(len(start), np.uint8)
    at = (start / 2).astype(np.int32)
    seen = [each.astype(np.uint8) for each in (known[0] & spots[0], known[1] & spots[1], known[1])]

    def work(first: int, last: int) -> None:
        part = np.s_[first:last]
        _search(*pictures, *seen, at[part], reach, moves[part], good[part])  # type: ignore[call-arg]

    in_strips(work, len(at))
    return start + 2 * moves, good > 0


def _halved(values: Values) -> Values:
    size = -(-values.shape[1] // 2), -(-values.shape[0] // 2)
    edge = 0, 2 * size[1] - values.shape[0], 0, 2 * size[0] - values.shape[1]
    wide = cv2.copyMakeBorder(values, *edge, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(wide, size, interpolation=cv2.INTER_AREA), np.float32)


@numba.njit(nogil=True, cache=True)
def _search(one, two, here, there, known, at, reach, moves, good):  # type: ignore[no-untyped-def]
    """Where patches are most alike. That the point before has moved so far is tried first, to say
    soon of most other moves that they are not the best."""
    height, width, _ = one.shape
    for n in range(len(at)):
        x, y = at[n, 0], at[n, 1]
        never = np.float32(1e9)
        most, best = never, never
        if n > 0 and good[n - 1]:
            dx, dy = int(moves[n - 1, 0]), int(moves[n - 1, 1])
            if 0 <= x + dx < width and 0 <= y + dy < height and there[y + dy, x + dx]:
                most = _unlike(one, two, here, there, known, x, y, dx, dy, never)
        for dy in range(-reach, reach + 1):
            for dx in range(-reach, reach + 1):
                if not (0 <= x + dx < width and 0 <= y + dy < height):
                    continue
                if not there[y + dy, x + dx]:
                    continue
                off = _unlike(one, two, here, there, known, x, y, dx, dy, min(most, best))
                if off < best:
                    best = off
                    moves[n, 0], moves[n, 1] = dx, dy
        good[n] = best < 0.01


def _refined(
    one: Coarse,
    two: Coarse,
    here: npt.NDArray[np.uint8],
    there: npt.NDArray[np.uint8],
    start: Points,
    guess: Points,
) -> tuple[Points, Mask]:
    """Where patches are most alike to a part of a pixel, within three of a guess."""
    moves = np.zeros((len(start), 2), np.float32)
    good = np.zeros(len(start), np.uint8)
    _refine(
        one.picture.astype(np.float32), two.picture.astype(np.float32), here * one.known,
        there * two.known, two.known, start.astype(np.int32),
        np.rint(guess - start).astype(np.int32), moves, good,
    )  # fmt: skip
    return start + moves, good > 0


@numba.njit(nogil=True, cache=True)
def _refine(one, two, here, there, known, at, guess, moves, good):  # type: ignore[no-untyped-def]
    wide = 2 * NEAR_GUESS + 1
    cost = np.empty((wide, wide), np.float32)
    for n in range(len(at)):
        best, by, bx = np.float32(1e9), 0, 0
        for j in range(wide):
            for i in range(wide):
                dy, dx = guess[n, 1] + j - NEAR_GUESS, guess[n, 0] + i - NEAR_GUESS
                cost[j, i] = _unlike(
                    one, two, here, there, known, at[n, 0], at[n, 1], dx, dy, np.float32(1e9)
                )
                if cost[j, i] < best:
                    best, by, bx = cost[j, i], j, i
        if best > 0.01 or by in (0, wide - 1) or bx in (0, wide - 1):
            continue
        across = cost[by, bx - 1] + cost[by, bx + 1] - 2 * best
        down = cost[by - 1, bx] + cost[by + 1, bx] - 2 * best
        if across > 1e-7 and down > 1e-7 and max(cost[by, bx - 1], cost[by, bx + 1]) < 1:
            moves[n, 0] = guess[n, 0] + bx - NEAR_GUESS
            moves[n, 1] = guess[n, 1] + by - NEAR_GUESS
            moves[n, 0] += (cost[by, bx - 1] - cost[by, bx + 1]) / (2 * across)
            moves[n, 1] += (cost[by - 1, bx] - cost[by + 1, bx]) / (2 * down)
            good[n] = 1


@numba.njit(nogil=True, cache=True)
def _unlike(one, two, here, there, known, x, y, dx, dy, most):  # type: ignore[no-untyped-def]
    """How unlike a patch is to one of the other frame, both of what moves; 1e9 where little is
    known, or where it is clear before the end that it is more than `most`."""
    height, width, _ = one.shape
    total, count, every = np.float32(0), 0, 0
    left, right = max(0, x - PATCH), min(width, x + PATCH + 1)
    enough = most * np.float32((right - left) * (2 * PATCH + 1) * 1.0001)  # rounding left aside
    for j in range(max(0, y - PATCH), min(height, y + PATCH + 1)):
        for i in range(left, right):
            if not here[j, i]:
                continue
            every += 1
            q, p = j + dy, i + dx
            if not (0 <= q < height and 0 <= p < width) or not known[q, p]:
                continue
            count += 1
            off = np.float32(0.04)
            if there[q, p]:
                off = np.float32(0)
                for c in range(3):
                    off += (one[j, i, c] - two[q, p, c]) ** 2
                off = min(off, np.float32(0.04))
            total += off
        if total > enough:
            return np.float32(1e9)
    if count < 12 or count < SURE * every:
        return np.float32(1e9)
    return np.float32(total / count)


def _agreed(start: Points, end: Points, tolerance: float) -> tuple[Matrix | None, Mask]:
    """The motion that most points agree on, as little free as will do, and those that do."""
    none = np.zeros(len(start), bool)
    found, inside = cv2.estimateAffinePartial2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=tolerance, maxIters=2000,
        confidence=0.999,
    )  # fmt: skip
    if found is None:
        return None, none
    mine = inside[:, 0] > 0
    for _ in range(3):
        if np.count_nonzero(mine) < FEWEST:
            return None, none
        matrix = fitted(start[mine], end[mine])
        mine = np.linalg.norm(register.moved(matrix, start) - end, axis=1) < tolerance
    return (matrix, mine) if np.count_nonzero(mine) >= FEWEST else (None, none)


def fitted(start: Points, end: Points) -> Matrix:
    """The least free of a shift, a turn and an affine motion that explains points nearly as well
    as the next freer one does."""
    one, other = start.astype(np.float64), end.astype(np.float64)
    middle = one.mean(axis=0)
    flat = one - middle
    best, least = np.eye(3), np.inf
    for freedom in (2, 4, 6):
        if len(start) < 2 * freedom:
            break
        rows = np.zeros((2 * len(one), freedom))
        rows[0::2, 0], rows[1::2, 1] = 1, 1
        if freedom == 4:
            rows[0::2, 2], rows[0::2, 3] = flat[:, 0], -flat[:, 1]
            rows[1::2, 2], rows[1::2, 3] = flat[:, 1], flat[:, 0]
        if freedom == 6:
            rows[0::2, 2:4], rows[1::2, 4:6] = flat, flat
        right = (other - one).ravel()
        solved = np.linalg.lstsq(rows, right, rcond=None)[0]
        off = float(np.sqrt(np.mean((rows @ solved - right) ** 2)))
        if off < FREER * least:
            best, least = _matrix(solved, middle), off + 0.02
    return best


def _matrix(solved: npt.NDArray[Any], middle: npt.NDArray[Any]) -> Matrix:
    turn = np.eye(2)
    if len(solved) == 4:
        turn += np.array([[solved[2], -solved[3]], [solved[3], solved[2]]])
    if len(solved) == 6:
        turn += solved[2:].reshape(2, 2)
    made = np.eye(3)
    made[:2, :2] = turn
    made[:2, 2] = solved[:2] + middle - turn @ middle
    return made
