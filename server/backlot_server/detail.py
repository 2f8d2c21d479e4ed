"""The finest detail of a fill, which the mean of many patches washes out.

It is added from the one best patch over each pixel, as much as makes each hole as sharp as the
picture around it, but not grainier.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .candidates import Candidates, Region
from .holes import apart
from .membrane import Mask, Values, distance

SHARPNESS = ((3.0, 1.1), (10.0, 0.82), (30.0, 1.0))
"""Of the picture around, wanted in holes so many pixels deep. Across a wire detail is known and
sharpness costs no likeness; in a large hole nothing is known and only a true look counts."""
EVEN = 1.75
"""In narrow holes detail of more than so many times the median around is drawn in: it would be an
edge, and most likely not in its place."""
GAINS = (0.0, 6.0)
"""Least and most of the best patch's detail: more shows as a hatching of single pixels."""
BLUR = (0.0026, 0.1655, 0.6638, 0.1655, 0.0026)
"""Gaussian of 0.6 pixels in a window of five: what is finer than this is detail."""
GRAIN = 1.15
"""So many times the grain around (the median, which edges do not move) the hole may have."""
LEAST_RIM = 8.0


def detail(base: Values, said: Candidates, region: Region, depth: Values, narrow: Values) -> Values:
    """What is to be added to the base, (pixels of the hole, channels).

    Args:
        base: (pixels of the hole, channels).
        depth, narrow: (height, width), pixels from what is known, and how far a hole is narrow,
            0 to 1.
    """
    hole, lead = region.hole, said.lead
    fine = said.values - _blurred(said.values)
    edges = _edges(said.values[:, :, lead].mean(axis=2))
    plane = said.values[:, :, lead].mean(axis=2)
    plane[hole] = base[:, lead].mean(axis=1)
    added = fine.reshape(-1, fine.shape[2])[said.best]
    for part in _parts(region):
        window, mine = part.window, part.mine
        _even(added, fine[window][part.rim], narrow[hole], mine)
        sharpness = float(np.interp(depth[hole][mine].max(), *np.transpose(SHARPNESS)))
        around = edges[window][part.rim]
        mean = added[mine][:, lead].mean(axis=1)
        added[mine] *= np.float32(_gain(plane[window], part.hole, mean, around, sharpness))
    return added


@dataclass(frozen=True)
class _Part:
    """One of a region's holes.

    window: where it and its surroundings lie. hole, rim: (height, width) of the window, the hole
    and the known pixels around it. mine: (pixels of the region's hole,), which are its.
    """

    window: tuple[slice, slice]
    hole: Mask
    rim: Mask
    mine: Mask


def _parts(region: Region) -> Iterator[_Part]:
    """The holes that lie apart, each with what is known around it, as far out as it is deep."""
    depth = distance(region.hole)
    for box, inside in apart(region.hole, LEAST_RIM):
        hole = np.zeros_like(region.hole)
        hole[box[0] : box[2], box[1] : box[3]] = inside
        reach = max(LEAST_RIM, float(depth[hole].max()))
        beyond = int(reach) + 2
        window = (
            slice(max(0, box[0] - beyond), box[2] + beyond),
            slice(max(0, box[1] - beyond), box[3] + beyond),
        )
        rim = _rim(hole[window], region.unknown[window], reach)
        yield _Part(window, hole[window], rim, hole[region.hole])


def edges_around(said: Candidates, region: Region) -> Values:
    """Sizes of the gradient of the leading channels' mean, of the known pixels around a hole."""
    edges = _edges(said.values[:, :, said.lead].mean(axis=2))
    reach = max(LEAST_RIM, float(distance(region.hole).max(initial=0.0)))
    return edges[_rim(region.hole, region.unknown, reach)]


def _even(added: Values, around: Values, narrow: Values, mine: Mask) -> None:
    """Draw in the detail of one hole where it is narrow, in place.

    Args: around (pixels of the rim, channels), the detail there; narrow (pixels of all holes,).
    """
    if len(around):
        most = EVEN * np.median(np.abs(around), axis=0)
        own = added[mine]
        added[mine] = own + narrow[mine][:, None] * (np.clip(own, -most, most) - own)


def _gain(plane: Values, hole: Mask, detail: Values, around: Values, sharpness: float) -> float:
    """How strong the detail must be for the hole to have its part of the sharpness around.

    Args: plane (height, width), the base in the hole; detail (pixels of the hole,); around, the
        sizes of the gradient there.
    """
    if not len(around):
        return 1.0
    plane = plane.copy()
    base = plane[hole]
    wanted = sharpness * float(around.mean(dtype=np.float64))
    grain = GRAIN * float(np.median(around))
    least, most = GAINS
    for _ in range(8):
        gain = (least + most) / 2
        plane[hole] = base + np.float32(gain) * detail
        inside = _edges(plane)[hole]
        if float(inside.mean(dtype=np.float64)) < wanted and float(np.median(inside)) < grain:
            least = gain
        else:
            most = gain
    return (least + most) / 2


def _rim(hole: Mask, unknown: Mask, reach: float) -> Mask:
    """Known pixels so far around a hole that have known neighbours on the right and below."""
    rim = (distance(~hole) <= reach) & ~unknown
    rim[:, :-1] &= ~unknown[:, 1:]
    rim[:-1] &= ~unknown[1:]
    return rim


def _edges(plane: Values) -> Values:
    """Size of the gradient, from each pixel to the next on the right and below."""
    across, down = np.zeros_like(plane), np.zeros_like(plane)
    across[:, :-1] = plane[:, 1:] - plane[:, :-1]
    down[:-1] = plane[1:] - plane[:-1]
    return np.hypot(across, down)


def _blurred(values: Values) -> Values:
    for axis in (0, 1):
        last = values.shape[axis] - 1
        at = np.arange(last + 1)
        total = np.zeros_like(values)
        for n, weight in enumerate(BLUR):
            near = np.clip(at + n - 2, 0, last)
            total += np.float32(weight) * np.take(values, near, axis)
        values = total
    return values
