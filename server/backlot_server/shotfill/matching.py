"""Where a frame lies on another that is too far from it to be followed there.

What stands out is told again by its surroundings, at any size and turn (D. Lowe, "Distinctive image
features from scale-invariant keypoints", 2004); the plane that most agree on is found by MAGSAC++
(D. Barath et al., 2020). It is good to a pixel or two: enough to follow corners from there.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .look import Look

WIDEST = 960
"""Larger pictures are made smaller first."""
MOST = 2000
DISTINCT = 0.8
"""How much nearer the best must be than the next best."""
OFF = 3.0
"""Pixels by which a feature may be off the plane."""
LEAST = 12
LARGER = 1.25
"""A camera makes nothing larger or smaller than so from a frame to the next: what is, is a cut."""
_CLEAR = 4


def matched(one: Look, other: Look) -> npt.NDArray[np.float64] | None:
    """From a frame's own pixels to the other's; None where too few features agree."""
    here, there = _features(one), _features(other)
    if here is None or there is None:
        return None
    best = cv2.BFMatcher().knnMatch(here[1], there[1], k=2)
    chosen = [near for near, next_best in best if near.distance < DISTINCT * next_best.distance]
    if len(chosen) < LEAST:
        return None
    start = here[0][[each.queryIdx for each in chosen]]
    end = there[0][[each.trainIdx for each in chosen]]
    found, agreed = cv2.findHomography(
        start, end, cv2.USAC_MAGSAC, OFF, maxIters=2000, confidence=0.999
    )
    if found is None or np.count_nonzero(agreed) < LEAST:
        return None
    inside = agreed[:, 0] > 0
    spread = [np.linalg.norm(points[inside].std(axis=0)) for points in (start, end)]
    if not 1 / LARGER < spread[1] / spread[0] < LARGER:
        return None
    return np.asarray(found, np.float64)


def _features(look: Look) -> tuple[npt.NDArray[np.float32], npt.NDArray[Any]] | None:
    """(n, 2) x and y in the look's own pixels, and what their surroundings are like."""
    part = min(1.0, WIDEST / look.gray.shape[1])
    size = [max(1, round(part * length)) for length in look.gray.shape[::-1]]
    gray = cv2.resize(look.gray, size, interpolation=cv2.INTER_AREA)
    clear = cv2.resize((look.away > _CLEAR).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    points, kinds = cv2.SIFT.create(nfeatures=MOST).detectAndCompute(gray, clear)
    if len(points) < LEAST:
        return None
    scale = np.divide(look.gray.shape[::-1], size).astype(np.float32)
    places = np.array([point.pt for point in points], np.float32)
    return (places + np.float32(0.5)) * scale - np.float32(0.5), kinds
