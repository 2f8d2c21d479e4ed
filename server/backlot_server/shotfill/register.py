"""How two frames of a shot lie on each other: points followed, and the plane that most lie on.

Corners are followed by Lucas and Kanade's method on image pyramids (J.-Y. Bouguet, "Pyramidal
implementation of the Lucas Kanade feature tracker", 2001); planes are found by MAGSAC++ (D. Barath
et al., 2020). Neighbours are registered first and chained, which says where to look in frames
further away; those are then registered directly, so that nothing drifts. Where corners of
neighbours cannot be followed, matching.py finds where they lie on each other, or, in pictures so
soft that most corners are grain, corners of pictures made coarser are followed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from backlot.frame import Window

from .look import Look
from .matching import matched
from .shot import Shot

Matrix = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]
Gray = npt.NDArray[np.uint8]

CORNERS, FEWEST = 900, 150
PLAIN, FAINT = 0.016, 0.005
"""How strong a corner is, of the strongest one; faint ones are taken where too few are plain."""
CLEAR = 10
"""Pixels between a corner and the nearest covered one."""
BACK = 0.5
"""A point followed there and back comes back to within so many pixels."""
INLIER = 1.2
STILL = 1.15
"""A camera that did not move explains points but this much worse than the best plane does."""
LEAST = 12
LEAST_PART = 0.2
ALIKE = 0.03
"""Neighbours that cannot be registered but differ less than this in their thumbnails have not
moved; those that differ more belong to different shots."""
BRIDGED = 2
"""Frames that are not like those around them, a flash or damage, before which it is a cut."""
COARSE, SMALLEST = 4, 80
"""How much coarser soft pictures are made, and how wide they are then at least."""
MOST_PART, LOOKS_ALIKE = 0.4, 0.4
"""Part of the corners of a coarser picture that must agree, and the correlation it must have."""
TURNED, PROBE = 0.05, np.float32(8)
"""By how much of itself a patch may turn, grow or lean and still be followed as it is; pixels by
which that is told."""
TRIMMED = 0.9
WINDOW = (21, 21)


@dataclass(frozen=True)
class Pair:
    """Target to source, in pixels of the one coordinate system of all windows.

    index: (n,) which of the target's corners were followed, start and end (n, 2) from where to
    where. residual: rms distance of the better nine tenths of them from where the plane has them.
    astray: the part of them that is further than a pixel from there.
    """

    homography: Matrix
    index: npt.NDArray[np.int64]
    start: Points
    end: Points
    residual: float
    astray: float = 0.0


def corners(shot: Shot, look: Look) -> Points:
    """(n, 2) x and y in the look's own pixels."""
    key = "corners", look.number
    if key not in shot.kept:
        clear = (look.away > CLEAR).astype(np.uint8) * 255
        gap = max(4.0, look.gray.shape[1] / 90)
        found = _strongest(look.gray, clear, gap, CORNERS, PLAIN)
        if len(found) < FEWEST:
            found = _strongest(look.gray, clear, gap, FEWEST, FAINT)
        shot.kept[key] = found
    points: Points = shot.kept[key]
    return points


def _strongest(gray: Gray, clear: Gray, gap: float, most: int, least: float) -> Points:
    found = cv2.goodFeaturesToTrack(gray, most, least, gap, mask=clear, blockSize=5)
    none = np.zeros((0, 2), np.float32)
    return none if found is None else np.asarray(found.reshape(-1, 2), np.float32)


def origin(look: Look) -> Points:
    return np.array([look.window.x, look.window.y], np.float32)


def followed(
    one: Look, other: Look, points: Points, guess: Points, levels: int
) -> tuple[npt.NDArray[np.int64], Points]:
    """Which of `points` of one frame are found in the other, and where.

    Args: points, guess: (n, 2) in each look's own pixels.
    """
    if len(points) == 0:
        return np.zeros(0, np.int64), points
    here, there = _as_large(one.gray, other.gray), _as_large(other.gray, one.gray)
    end, good = _flow(here, there, points, guess, levels)
    found = np.nonzero(good)[0]
    if not len(found):
        return found, points[:0]
    end = end[found]
    back, kept = _flow(there, here, end, points[found], levels)
    kept &= np.linalg.norm(back - points[found], axis=1) < BACK
    at = np.rint(end).astype(np.int64)
    height, width = other.gray.shape
    kept &= (at[:, 0] >= 0) & (at[:, 0] < width) & (at[:, 1] >= 0) & (at[:, 1] < height)
    at[~kept] = 0
    kept &= other.away[at[:, 1], at[:, 0]] > CLEAR // 2
    return found[kept], end[kept]


def _followed_along(
    one: Look, other: Look, points: Points, guess: Points, way: Matrix, levels: int
) -> tuple[npt.NDArray[np.int64], Points]:
    """The same in the other frame as it lies on the one by a way that is about right: patches that
    turn or change their size are not found where they are.

    Args: way: from one's own pixels to the other's.
    """
    height, width = one.gray.shape
    if _leans(way, width, height) < TURNED:
        return followed(one, other, points, guess, levels)
    gray, away = (
        cv2.warpPerspective(
            each, way, (width, height), flags=how | cv2.WARP_INVERSE_MAP, borderMode=border
        )
        for each, how, border in (
            (other.gray, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE),
            (other.away, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT),
        )
    )
    laid = replace(other, gray=np.asarray(gray, np.uint8), away=np.asarray(away, np.uint8))
    index, end = followed(one, laid, points, moved(undone(way), guess), levels)
    return index, moved(way, end)


def _leans(way: Matrix, width: int, height: int) -> float:
    """By how much of itself a patch turns, grows or leans on its way, at most."""
    corner = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float32)
    most = 0.0
    for unit in np.eye(2, dtype=np.float32):
        step = moved(way, corner + PROBE * unit) - moved(way, corner)
        most = max(most, float(np.abs(step / PROBE - unit).max()))
    return most


def _shifted(by: Points, sign: int) -> Matrix:
    made = np.eye(3)
    made[:2, 2] = sign * by
    return made


def _as_large(one: Gray, other: Gray) -> Gray:
    """A picture with its border repeated to the right and below, at least as large as another."""
    down, right = (max(0, b - a) for a, b in zip(one.shape, other.shape, strict=True))
    if not (down or right):
        return one
    return np.asarray(cv2.copyMakeBorder(one, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8)


def _flow(
    one: Gray, other: Gray, points: Points, guess: Points, levels: int
) -> tuple[Points, npt.NDArray[np.bool_]]:
    """Where points are in the other picture, and whether they were found."""
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 0.005)
    end, good, _ = cv2.calcOpticalFlowPyrLK(
        one,
        other,
        points,
        guess.copy(),
        winSize=WINDOW,
        maxLevel=levels,
        criteria=stop,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(end, np.float32), np.asarray(good)[:, 0] > 0


def plane(start: Points, end: Points) -> tuple[Matrix | None, npt.NDArray[np.bool_]]:
    """The homography that most points agree on."""
    none = np.zeros(len(start), bool)
    if len(start) < LEAST:
        return None, none
    found, mask = cv2.findHomography(
        start, end, cv2.USAC_MAGSAC, INLIER, maxIters=2000, confidence=0.999
    )
    if found is None:
        return None, none
    inside = mask[:, 0] > 0
    if np.count_nonzero(inside) >= LEAST:
        better, _ = cv2.findHomography(start[inside], end[inside], 0)
        found = found if better is None else better
        best = np.asarray(found, np.float64)
        least = STILL * (_off(best, start[inside], end[inside]) + 0.01)
        if _off(np.eye(3), start[inside], end[inside]) < least:
            found = np.eye(3)
    return np.asarray(found, np.float64), inside


def _off(homography: Matrix, start: Points, end: Points) -> float:
    """The rms distance of followed points from where a homography has them."""
    return float(np.sqrt(np.mean(np.sum((moved(homography, start) - end) ** 2, axis=1))))


def moved(homography: Matrix, points: Points) -> Points:
    """(n, 2) points through a homography."""
    if not len(points):
        return points
    x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    across, down, depth = (row[0] * x + row[1] * y + row[2] for row in homography)
    return np.stack([across / depth, down / depth], axis=1).astype(np.float32)


def undone(homography: Matrix) -> Matrix:
    """The way back."""
    return np.asarray(np.linalg.inv(homography), np.float64)


def step(shot: Shot, first: int, second: int) -> Matrix | None:
    """From a frame to the next that exists; None across a cut."""
    key = "step", first, second
    if key not in shot.kept:
        shot.kept[key] = _step(shot, first, second)
    found: Matrix | None = shot.kept[key]
    return found


def _step(shot: Shot, first: int, second: int) -> Matrix | None:
    one, other = shot.look(first), shot.look(second)
    assert one is not None
    assert other is not None
    points = corners(shot, one)
    shift = origin(one) - origin(other)
    found = _agreed(one, other, points, points + shift, 5)
    if found is None and (far := matched(one, other)) is not None:
        found = _agreed(one, other, points, moved(far, points), 3)
    if found is None:
        found = _coarsely(one, other)
    if found is not None:
        return found
    same = float(np.abs(one.small - other.small).mean()) < ALIKE
    return np.eye(3) if same else None


def _agreed(
    one: Look, other: Look, points: Points, guess: Points, levels: int, least: float = LEAST_PART
) -> Matrix | None:
    """The plane that so many of the points lie on."""
    index, end = followed(one, other, points, guess, levels)
    found, inside = plane(points[index] + origin(one), end + origin(other))
    enough = np.count_nonzero(inside) >= max(LEAST, least * len(points))
    return found if enough else None


def _coarsely(one: Look, other: Look) -> Matrix | None:
    """From a frame to the next, told on pictures made coarser; None where they are not alike."""
    if min(one.gray.shape[1], other.gray.shape[1]) < COARSE * SMALLEST:
        return None
    here, there = _coarser(one), _coarser(other)
    clear = (here.away > CLEAR // 2).astype(np.uint8) * 255
    points = _strongest(here.gray, clear, 4.0, CORNERS, PLAIN)
    found = _agreed(here, there, points, points, 3, MOST_PART)
    if found is None or _likeness(here, there, found) < LOOKS_ALIKE:
        return None
    half = (COARSE - 1) / 2
    ways = []
    for look in (one, other):
        x, y = origin(look)
        ways.append(np.array([[COARSE, 0, half + x], [0, COARSE, half + y], [0, 0, 1]], np.float64))
    return np.asarray(ways[1] @ found @ undone(ways[0]), np.float64)


def _coarser(look: Look) -> Look:
    """Its picture, with a window at 0, 0."""
    height, width = (length // COARSE for length in look.gray.shape)
    part = np.s_[: height * COARSE, : width * COARSE]
    gray = cv2.resize(look.gray[part], (width, height), interpolation=cv2.INTER_AREA)
    away = look.away[part][COARSE // 2 :: COARSE, COARSE // 2 :: COARSE] // COARSE
    return replace(look, window=Window(0, 0, width, height), gray=np.asarray(gray), away=away)


def _likeness(one: Look, other: Look, way: Matrix) -> float:
    """How much of what is seen on both frames is the same, where one lies on the other: their
    correlation."""
    size = other.gray.shape[::-1]
    there = cv2.warpPerspective(one.gray, way, size)
    known = cv2.warpPerspective((one.away > 0).astype(np.uint8), way, size, flags=cv2.INTER_NEAREST)
    both = (known > 0) & (other.away > 0)
    if np.count_nonzero(both) < LEAST_PART * both.size:
        return 0.0
    return float(np.nan_to_num(np.corrcoef(there[both], other.gray[both])[0, 1]))


def chained(shot: Shot, number: int, present: list[int]) -> dict[int, Matrix]:
    """From a frame to each of those present that no cut parts it from."""
    found = {number: np.eye(3)}
    at = present.index(number)
    for way in (present[at + 1 :], present[:at][::-1]):
        before, lost = number, 0
        for after in way:
            low, high = min(before, after), max(before, after)
            one = step(shot, low, high)
            if one is None and lost == BRIDGED:
                break
            if one is None:
                lost += 1
                continue
            found[after] = (one if before == low else np.linalg.inv(one)) @ found[before]
            before, lost = after, 0
    return found


def pair(
    shot: Shot, target: int, source: int, guess: Matrix, nearer: tuple[int, Pair] | None = None
) -> Pair | None:
    """A source registered directly; None where that fails.

    nearer: a source between them, already registered: what moved off the plane up to there is
    looked for as much further on as the source is further away.
    """
    one, other = shot.look(target), shot.look(source)
    assert one is not None
    assert other is not None
    points = corners(shot, one)
    expected = moved(guess, points + origin(one)) - origin(other)
    if nearer is not None:
        at, known = nearer
        off = known.end - moved(known.homography, known.start)
        expected[known.index] += off * np.float32((source - target) / (at - target))
    height, width = other.gray.shape
    inside = (expected >= 0).all(axis=1) & (expected < (width, height)).all(axis=1)
    way = _shifted(origin(other), -1) @ guess @ _shifted(origin(one), 1)
    index, end = _followed_along(one, other, points[inside], expected[inside], way, 3)
    index = np.nonzero(inside)[0][index]
    start, end = points[index] + origin(one), end + origin(other)
    found, agreed = plane(start, end)
    if found is None or np.count_nonzero(agreed) < LEAST:
        return None if len(points) >= LEAST else Pair(guess, index, start, end, 0.0)
    off = np.sort(np.linalg.norm(moved(found, start) - end, axis=1))
    best = off[: max(1, int(TRIMMED * len(off)))]
    residual = float(np.sqrt(np.mean(best**2)))
    return Pair(found, index, start, end, residual, float(np.mean(off > 1.0)))
