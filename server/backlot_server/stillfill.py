"""A hole in one still: what the smooth, the spectral and the exemplar fill each do best, together.

The base is the mean of the patches' votes, bent to meet the rim, and near the rim the mean of that
and of the spectral guide: the least error. The finest detail, which means wash out, is added from
the one best patch, as much as makes the hole as sharp as the picture around it, but not grainier.
Colour is worked on in an even code and handed back scene-linear; other channels follow the same
match; ids and their like are copied from one pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backlot.matte import support

from . import exemplar
from .encoding import decoded, encoded
from .exemplar import Canvas, Match
from .holes import bounds
from .membrane import Mask, Values, distance, membrane
from .roles import Roles
from .spectral import extrapolate

CURVE = "srgb"
BRIGHT = 95.0
WHITE = 0.8
"""That percentile of what is around is brought to this before the curve; its code 1 is near."""
GUIDED = 0.5
GUIDED_DEPTH = 12.0
"""Part of the guide in the base at the rim, and how deep it reaches, in pixels."""
SHARPNESS = ((3.0, 0.90), (10.0, 0.63), (30.0, 1.0))
"""Of the picture around, wanted in holes so many pixels deep. Across a wire detail is known and
sharpness costs no likeness; in a large hole nothing is known and only a true look counts."""
GAINS = (0.0, 2.0)
"""Least and most of the best patch's detail."""
BLUR = (0.0297, 0.2343, 0.4720, 0.2343, 0.0297)
"""Gaussian of 0.7 pixels in a window of five: what is finer than this is detail."""
GRAIN = 1.15
"""So many times the grain around (the median, which edges do not move) the hole may have."""
LEAST_RIM = 8.0
GUIDE_PART = 0.3
"""Of the time, roughly."""

Step = Callable[[float], None]


@dataclass(frozen=True)
class Region:
    """A part of a picture with a hole.

    pixels: (height, width, channels) float32, scene-linear.
    hole: (height, width), what to make. unknown: what must not be read, the hole included.
    allowed: where texture may be taken from; never unknown.
    start: (rows, columns) from a pixel of the hole to where its like is to be expected.
    """

    pixels: Values
    hole: Mask
    unknown: Mask
    allowed: Mask
    start: tuple[int, int] | None = None


def fill(region: Region, parts: Roles, seed: int, blend: float, step: Step) -> Values:
    """What belongs into a hole.

    Args:
        parts: what the channels are.
        seed: other seeds give other, equally plausible results.
        blend: how much of the seam is taken away by bending the fill towards its rim, 0 to 1.
        step: called often with the part that is done; may raise.
    Returns: (pixels of the hole, channels) float32, scene-linear, in the order of np.nonzero. Each
        channel lies within the range it has in the known pixels.
    """
    codes, gain = _codes(region, parts)
    shown = _shown(codes, region, parts)
    guide = extrapolate(shown, region.hole, region.unknown, lambda: step(0.0))
    _look_up(guide, shown, region)
    step(GUIDE_PART)
    canvas = Canvas(shown, region.hole, region.unknown, region.allowed, guide)
    match = exemplar.find(
        canvas, seed, lambda part: step(GUIDE_PART + (1 - GUIDE_PART) * part), region.start
    )
    made = _compose(codes, guide, region, parts, match, blend)
    return _decoded(made, region, parts, gain)


def _look_up(guide: Values, shown: Values, region: Region) -> None:
    """Where the region says what is to be expected, that is the guide, in place."""
    if region.start is None:
        return
    ys, xs = np.nonzero(region.hole)
    y, x = ys + region.start[0], xs + region.start[1]
    inside = (y >= 0) & (y < region.hole.shape[0]) & (x >= 0) & (x < region.hole.shape[1])
    ys, xs, y, x = (at[inside] for at in (ys, xs, y, x))
    there = region.allowed[y, x]
    guide[ys[there], xs[there]] = shown[y[there], x[there]]


def _codes(region: Region, parts: Roles) -> tuple[Values, float]:
    """Colour in the working code, its middle at mid-grey; all other channels as they are."""
    colour = sorted({channel for layer in parts.color for channel in layer})
    finite = np.nan_to_num(region.pixels, nan=0.0, posinf=0.0, neginf=0.0)
    codes = membrane(finite, region.unknown)
    if not colour:
        return codes, 1.0
    size = np.abs(codes[~region.unknown][:, list(parts.color[0])]).mean(axis=1)
    size = size[size > 0]
    gain = WHITE / float(np.percentile(size, BRIGHT)) if len(size) else 1.0
    gain = float(np.clip(gain, 2.0**-12, 2.0**12))
    codes[:, :, colour] = _encoded(codes[:, :, colour] * np.float32(gain))
    return codes, gain


def _encoded(linear: Values) -> Values:
    """The curve as displays have it up to 1; above, the logarithm of its code, for highlights."""
    code = encoded(linear, CURVE)
    size = np.abs(code)
    high = size > 1
    code[high] = np.copysign(1 + np.log(size[high]), code[high])
    return code


def _linear(code: Values) -> Values:
    """The inverse of `_encoded`."""
    size = np.abs(code)
    high = size > 1
    code = code.copy()
    code[high] = np.copysign(np.exp(size[high] - 1), code[high])
    return decoded(code, CURVE)


def _shown(codes: Values, region: Region, parts: Roles) -> Values:
    """The channels by which patches are compared: the first colour, or what else there is."""
    if parts.color:
        channels = list(dict.fromkeys(parts.color[0]))
        return np.ascontiguousarray(codes[:, :, channels])
    shown = codes[:, :, :3].copy()
    known = shown[~region.unknown]
    low, high = np.percentile(known, (1, 99), axis=0)
    scale = np.where(high > low, high - low, 1.0)
    return np.ascontiguousarray(np.clip((shown - low) / scale, -1, 2), np.float32)


def _compose(
    codes: Values, guide: Values, region: Region, parts: Roles, match: Match, blend: float
) -> Values:
    """All channels of the hole's pixels, in code. Exact ones are region.pixels' own values."""
    hole = region.hole
    ys, xs = (at.astype(np.int32) for at in np.nonzero(hole))
    best = exemplar.chosen(match, ys, xs)
    made = region.pixels.reshape(-1, codes.shape[2])[best]
    smooth = [c for c in range(codes.shape[2]) if c not in parts.exact]
    if not smooth:
        return made
    values = np.ascontiguousarray(codes[:, :, smooth])
    mean = values[hole]
    exemplar.vote(values, match, ys, xs, exemplar.spread(match), mean)
    mean += np.float32(blend) * _mended(values, region, match)
    lead = [smooth.index(c) for c in _lead(parts, smooth)]
    away = distance(region.unknown)
    if parts.color and region.start is None:
        near = np.clip(1.5 - away[hole] / GUIDED_DEPTH, 0.0, 1.0)
        mean[:, lead] += (GUIDED * near)[:, None] * (guide[hole] - mean[:, lead])
    detail = (values - _blurred(values)).reshape(-1, len(smooth))[best]
    around = _edges(values[:, :, lead].mean(axis=2))[_rim(region)]
    values[hole] = mean
    sharpness = float(np.interp(away[hole].max(), *np.transpose(SHARPNESS)))
    gain = _gain(values[:, :, lead], hole, detail[:, lead], around, sharpness)
    known = codes[~region.unknown][:, smooth]
    made[:, smooth] = np.clip(
        mean + np.float32(gain) * detail, known.min(axis=0), known.max(axis=0)
    )
    return made


def _mended(values: Values, region: Region, match: Match) -> Values:
    """What the votes lack at the rim, carried on smoothly through the hole: added to them, their
    gradients stay and the seam goes (P. Perez et al., "Poisson Image Editing", 2003).

    Returns: (pixels of the hole, channels).
    """
    hole = region.hole
    rim = support(hole.astype(np.float32), 1) & ~region.unknown
    ys, xs = (at.astype(np.int32) for at in np.nonzero(rim))
    said = values[rim]
    exemplar.vote(values, match, ys, xs, exemplar.spread(match), said)
    lack = np.zeros_like(values)
    lack[rim] = values[rim] - said
    top, left, bottom, right = bounds(hole) or (0, 0, *hole.shape)
    part = np.s_[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1]
    return membrane(np.ascontiguousarray(lack[part]), ~rim[part])[hole[part]]


def _lead(parts: Roles, smooth: list[int]) -> list[int]:
    """The channels whose sharpness is measured."""
    return list(dict.fromkeys(parts.color[0])) if parts.color else smooth[:3]


def _gain(values: Values, hole: Mask, detail: Values, around: Values, sharpness: float) -> float:
    """How strong the detail must be for the hole to have its part of the sharpness around."""
    plane = values.mean(axis=2)
    base, detail_plane = plane[hole], detail.mean(axis=1)
    if not len(around):
        return 1.0
    wanted = sharpness * float(around.mean(dtype=np.float64))
    grain = GRAIN * float(np.median(around))
    least, most = GAINS
    for _ in range(8):
        gain = (least + most) / 2
        plane[hole] = base + np.float32(gain) * detail_plane
        inside = _edges(plane)[hole]
        if float(inside.mean(dtype=np.float64)) < wanted and float(np.median(inside)) < grain:
            least = gain
        else:
            most = gain
    return (least + most) / 2


def _rim(region: Region) -> Mask:
    """Known pixels around a hole, as far out as it is deep."""
    reach = max(LEAST_RIM, float(distance(region.hole).max(initial=0.0)))
    rim = (distance(~region.hole) <= reach) & ~region.unknown
    rim[:, :-1] &= ~region.unknown[:, 1:]
    rim[:-1] &= ~region.unknown[1:]
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


def _decoded(made: Values, region: Region, parts: Roles, gain: float) -> Values:
    """Scene-linear values, none beyond what is known of its channel."""
    colour = sorted({channel for layer in parts.color for channel in layer})
    if colour:
        known = region.pixels[~region.unknown][:, colour]
        linear = _linear(made[:, colour]) / np.float32(gain)
        made[:, colour] = np.clip(linear, known.min(axis=0), known.max(axis=0))
    return made
