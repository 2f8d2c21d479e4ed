"""One fill out of what the methods say of a hole: the smooth, the spectral, the exemplars.

The base is the mean of the patches' votes, bent to meet the rim. In narrow holes it is corrected by
the fill network, which is shown the spectral guide too; elsewhere it is the mean of that and of the
guide near the rim. The finest detail, which means wash out, is added from the one best patch, as
much as makes the hole as sharp as the picture around it, but not grainier.
"""

from __future__ import annotations

import numpy as np

from . import fillnetwork
from .candidates import Candidates, Region, Step, candidates
from .engines import Network
from .exemplar import LINE_REACH
from .holes import grown
from .membrane import Mask, Values, distance
from .platecode import out_of_code
from .roles import Roles

GUIDED = 0.5
GUIDED_DEPTH = 12.0
"""Part of the guide in the base at the rim, and how deep it reaches, in pixels."""
HEARD = 0.7
"""Part of the network's word, where it is heard, against that mean: it has learned from generated
images, and both together are nearer to photographs than either."""
SHARPNESS = ((3.0, 1.1), (10.0, 0.69), (30.0, 1.0))
"""Of the picture around, wanted in holes so many pixels deep. Across a wire detail is known and
sharpness costs no likeness; in a large hole nothing is known and only a true look counts."""
EVEN = 2.0
"""In narrow holes detail of more than so many times the median around is drawn in: it would be an
edge, and most likely not in its place."""
GAINS = (0.0, 8.0)
"""Least and most of the best patch's detail."""
BLUR = (0.0003, 0.1065, 0.7866, 0.1065, 0.0003)
"""Gaussian of half a pixel in a window of five: what is finer than this is detail."""
GRAIN = 1.15
"""So many times the grain around (the median, which edges do not move) the hole may have."""
LEAST_RIM = 8.0


def fill(
    region: Region, parts: Roles, network: Network, seed: int, blend: float, step: Step
) -> Values:
    """What belongs into a hole.

    Args:
        parts: what the channels are.
        network: `fillnetwork.opened`, or one like it.
        seed: other seeds give other, equally plausible results.
        blend: how much of the seam is taken away by bending the fill towards its rim, 0 to 1.
        step: called often with the part that is done; may raise.
    Returns: (pixels of the hole, channels) float32, scene-linear, in the order of np.nonzero. Each
        channel lies within the range it has in the known pixels.
    """
    said = candidates(region, parts, seed, step)
    made = region.pixels.reshape(-1, region.pixels.shape[2])[said.best]
    heard = network if parts.color and region.start is None else None
    made[:, said.smooth] = _mixed(said, region, heard, blend)
    return out_of_code(made, said.gain, region.pixels, region.unknown, parts)


def _mixed(said: Candidates, region: Region, network: Network | None, blend: float) -> Values:
    """What belongs into the hole, in code, in the channels that may be averaged.

    Returns: (pixels of the hole, channels), each within the range of the known pixels.
    """
    if not said.smooth:
        return said.mean
    hole, lead, values = region.hole, said.lead, said.values.copy()
    depth = distance(region.unknown)
    around = edges_around(said, region)
    narrow = fillnetwork.heard(grown(depth, fillnetwork.REACH))
    base = said.mean + np.float32(blend) * said.lack
    if network is not None:
        base[:, lead] += _corrections(said, region, network, depth, narrow, around)
    fine = values - _blurred(values)
    detail = _evened(fine, said, region, narrow[hole])
    values[hole] = base
    sharpness = float(np.interp(depth[hole].max(), *np.transpose(SHARPNESS)))
    gain = _gain(values[:, :, lead], hole, detail[:, lead], around, sharpness)
    known = said.values[~region.unknown]
    made: Values = np.clip(base + np.float32(gain) * detail, known.min(axis=0), known.max(axis=0))
    return made


def _corrections(
    said: Candidates,
    region: Region,
    network: Network,
    depth: Values,
    narrow: Values,
    around: Values,
) -> Values:
    """What network and guide add to the votes in the leading channels, (pixels of the hole, lead).

    Along a drawn line, nothing: what is there was copied from the line.
    """
    hole = region.hole
    bent = (said.mean + said.lack)[:, said.lead]
    near = np.clip(1.5 - depth[hole] / GUIDED_DEPTH, 0.0, 1.0)[:, None]
    added = GUIDED * near * (said.guide[hole] - bent)
    if narrow[hole].any():
        contrast = float(around.mean(dtype=np.float64)) if len(around) else 0.0
        planes = fillnetwork.shown(said, hole, bent, depth, contrast)
        answer = fillnetwork.corrections(network, planes, hole & (narrow > 0))[hole]
        part = np.float32(HEARD) * narrow[hole][:, None]
        added += part * (fillnetwork.for_lead(answer, said.lead) - added)
    if region.lines is not None:
        added *= (region.lines[hole] >= LINE_REACH)[:, None]
    return np.asarray(added, np.float32)


def _evened(fine: Values, said: Candidates, region: Region, narrow: Values) -> Values:
    """The best patches' detail, in narrow holes evened, (pixels of the hole, channels).

    Args: narrow (pixels of the hole,), 0 to 1.
    """
    detail: Values = fine.reshape(-1, fine.shape[2])[said.best]
    around = np.abs(fine[_rim(region)])
    most = EVEN * np.median(around, axis=0) if len(around) else np.inf
    detail += narrow[:, None] * (np.clip(detail, -most, most) - detail)
    return detail


def edges_around(said: Candidates, region: Region) -> Values:
    """Sizes of the gradient of the leading channels' mean, of the known pixels around a hole."""
    return _edges(said.values[:, :, said.lead].mean(axis=2))[_rim(region)]


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
