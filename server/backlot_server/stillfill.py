"""One fill out of what the methods say of a hole: the smooth, the spectral, the exemplars.

The base is the mean of the patches' votes, bent to meet the rim. In narrow holes it is corrected by
the fill network, which is shown the spectral guide too; elsewhere it is the mean of that and of the
guide near the rim. To it comes the finest detail, see `detail`.
"""

from __future__ import annotations

import numpy as np

from . import fillnetwork
from .candidates import Candidates, Region, Step, candidates
from .detail import detail, edges_around
from .engines import Network
from .exemplar import LINE_REACH
from .holes import grown
from .membrane import Values, distance
from .platecode import out_of_code
from .roles import Roles

GUIDED = 0.5
GUIDED_DEPTH = 12.0
"""Part of the guide in the base at the rim, and how deep it reaches, in pixels."""
HEARD = 0.7
"""Part of the network's word, where it is heard, against that mean: it has learned from generated
images, and both together are nearer to photographs than either."""


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
    depth = distance(region.unknown)
    narrow = fillnetwork.heard(grown(depth, fillnetwork.REACH))
    base = said.mean + np.float32(blend) * said.lack
    if network is not None:
        base[:, said.lead] += _corrections(said, region, network, depth, narrow)
    known = said.values[~region.unknown]
    made = base + detail(base, said, region, depth, narrow)
    return np.asarray(np.clip(made, known.min(axis=0), known.max(axis=0)))


def _corrections(
    said: Candidates,
    region: Region,
    network: Network,
    depth: Values,
    narrow: Values,
) -> Values:
    """What network and guide add to the votes in the leading channels, (pixels of the hole, lead).

    Along a drawn line, nothing: what is there was copied from the line.
    """
    hole = region.hole
    bent = (said.mean + said.lack)[:, said.lead]
    near = np.clip(1.5 - depth[hole] / GUIDED_DEPTH, 0.0, 1.0)[:, None]
    added = GUIDED * near * (said.guide[hole] - bent)
    if narrow[hole].any():
        around = edges_around(said, region)
        contrast = float(around.mean(dtype=np.float64)) if len(around) else 0.0
        planes = fillnetwork.shown(said, hole, bent, depth, contrast)
        answer = fillnetwork.corrections(network, planes, hole & (narrow > 0))[hole]
        part = np.float32(HEARD) * narrow[hole][:, None]
        added += part * (fillnetwork.for_lead(answer, said.lead) - added)
    if region.lines is not None:
        added *= (region.lines[hole] >= LINE_REACH)[:, None]
    return np.asarray(added, np.float32)
