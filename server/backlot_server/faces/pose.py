"""Which way a face is turned, from five points: a mean head, fitted to them.

Scaled orthography: the points are a linear image of the head's, fitted by least squares, and the
nearest scaled rotation is taken of that (Umeyama, IEEE PAMI 13, 1991). The head is a rough mean of
our own (63 mm between the eyes), so angles are good to some ten degrees, which bins of 25 need.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

HEAD = np.array([[-31.5, 0, 0], [31.5, 0, 0], [0, 36, 33], [-26, 73, 10], [26, 73, 10]], np.float64)
"""Millimetres: to the right, down, towards the camera; the points as in `Face`."""
FRONT, TURNED, PROFILE = "front", "turned", "profile"
BINS = (FRONT, TURNED, PROFILE)
_FRONT, _TURNED, _PROFILE = 25.0, 45.0, 65.0
_PITCH = 40.0


@dataclass(frozen=True)
class Pose:
    """Degrees. yaw: above 0 where the face looks to the right of the picture; pitch: down."""

    yaw: float
    pitch: float

    @property
    def bin(self) -> str:
        """front, turned or profile; "" where it is turned too far to be compared."""
        size = abs(self.yaw)
        if size > _PROFILE or abs(self.pitch) > _PITCH:
            return ""
        return FRONT if size <= _FRONT else TURNED if size <= _TURNED else PROFILE


def pose(points: npt.NDArray[np.float64]) -> Pose:
    """The pose of a face by its points, (5, 2)."""
    head, seen = HEAD - HEAD.mean(axis=0), points - points.mean(axis=0)
    linear = np.linalg.lstsq(head, seen, rcond=None)[0].T
    scale = np.linalg.norm(linear, axis=1).mean()
    if scale < 1e-9:
        return Pose(90.0, 90.0)
    left, _, right = np.linalg.svd(linear, full_matrices=False)
    x, y = left @ right
    z = np.cross(x, y)
    # Turned (yaw) after it nodded (pitch), and rolled last, which this row does not know of.
    yaw = np.degrees(np.arcsin(np.clip(-z[0], -1.0, 1.0)))
    pitch = np.degrees(np.arctan2(-z[1], z[2]))
    return Pose(round(float(yaw), 1), round(float(pitch), 1))
