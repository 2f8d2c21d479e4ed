"""The pixels of a target that matter, and where a source has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..membrane import Mask, Values
from . import register
from .look import Look, colours, smooth
from .merge import Index
from .register import Matrix
from .shot import Shot

RING = 20
"""Pixels around the hole by which light and seams are told."""
PROBES = 4000


@dataclass(frozen=True)
class Hole:
    """The pixels of a target that matter: its hole and the ring of known ones around it.

    ys, xs: (points,) in the frame's own pixels. inside (points,): in the hole. x, y: in the one
    coordinate system of all windows.
    """

    shape: tuple[int, int]
    ys: Index
    xs: Index
    inside: Mask
    x: Values
    y: Values

    @property
    def box(self) -> tuple[Index, Index, tuple[int, int]]:
        """Rows and columns of its points in the smallest picture that holds them, and its size."""
        rows, columns = self.ys - self.ys.min(), self.xs - self.xs.min()
        return rows, columns, (int(rows.max()) + 1, int(columns.max()) + 1)

    def part(self, index: npt.NDArray[np.intp]) -> Hole:
        """Some of its points."""
        return Hole(
            self.shape,
            self.ys[index],
            self.xs[index],
            self.inside[index],
            self.x[index],
            self.y[index],
        )


def holed(look: Look, covered: Mask) -> Hole:
    """The points of a frame's hole and ring."""
    ring = (look.away > 0) & (look.away <= RING) & ~covered
    ys, xs = (at.astype(np.int32) for at in np.nonzero(covered | ring))
    inside = covered[ys, xs]
    x, y = ((at + o).astype(np.float32) for at, o in ((xs, look.window.x), (ys, look.window.y)))
    return Hole(covered.shape, ys, xs, inside, x, y)


def mapped(homography: Matrix, hole: Hole) -> tuple[Values, Values]:
    """Where a hole's points lie in a source, in the one coordinate system."""
    points = register.moved(homography, np.stack([hole.x, hole.y], axis=1))
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])


def shown(shot: Shot, number: int, guess: Matrix, hole: Hole) -> Mask:
    """Which of some points of the hole a source shows."""
    look = shot.look(number)
    assert look is not None
    inside = np.nonzero(hole.inside)[0]
    picked = inside[:: max(1, len(inside) // PROBES)]
    at = register.moved(guess, np.stack([hole.x[picked], hole.y[picked]], axis=1))
    column, row = np.rint(at - register.origin(look)).astype(np.int64).T
    height, width = look.away.shape
    there = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    row[~there] = column[~there] = 0
    return np.asarray(there & (look.away[row, column] > 0))


def target_values(shot: Shot, number: int, hole: Hole) -> Values:
    """The target's own codes at the points of the ring; what is in the hole means nothing."""
    return np.asarray(shot.codes(number).smooth[hole.ys, hole.xs], np.float32)


def channels(shot: Shot, count: int) -> tuple[list[int], list[int]]:
    """Which of the smooth channels are colours, and which of those lead."""
    assert shot.parts is not None
    listed = smooth(shot.parts, count + len(shot.parts.exact))
    colour = [listed.index(channel) for channel in colours(shot.parts)]
    return colour, [listed.index(channel) for channel in dict.fromkeys(shot.parts.color[0])]
