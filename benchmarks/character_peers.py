"""What a user would do instead: make the region's colours like those of the reference frame's.

All per region, on logarithms of scene-linear ACEScg, the reference frame as the target.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
_LEAST = 1e-4


def reinhard(shot: Values, target: Values) -> Values:
    """Mean and standard deviation a channel (Reinhard et al. 2001, in ln RGB)."""
    scale = target.std(0) / np.maximum(shot.std(0), 1e-6)
    return np.asarray((shot - shot.mean(0)) * scale + target.mean(0))


def covariance(shot: Values, target: Values) -> Values:
    """Mean and covariance, the linear Monge-Kantorovich map (Pitie and Kokaram 2007)."""
    ours, theirs = (np.cov(v.T) + 1e-6 * np.eye(3) for v in (shot, target))
    root = _root(ours)
    back = np.linalg.inv(root)
    return np.asarray((shot - shot.mean(0)) @ (back @ _root(root @ theirs @ root) @ back).T
                      + target.mean(0))  # fmt: skip


def histogram(shot: Values, target: Values) -> Values:
    """Each channel's histogram."""
    made = np.empty_like(shot)
    for channel in range(3):
        order = np.argsort(np.argsort(shot[:, channel])) / max(1, len(shot) - 1)
        made[:, channel] = np.quantile(target[:, channel], order)
    return made


def _root(matrix: Values) -> Values:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


PEERS: dict[str, Callable[[Values, Values], Values]] = {
    "mean and deviation": reinhard,
    "covariance": covariance,
    "histogram": histogram,
}


def applied(name: str, plate: Any, inside: Any, target: Any, shown: Any) -> npt.NDArray[np.float32]:
    """A plate with one region made like the reference's. inside, shown: masks of the region."""
    made = plate.astype(np.float32)
    ours, theirs = (
        np.log(np.maximum(pixels.astype(np.float64), _LEAST))
        for pixels in (plate[inside], target[shown])
    )
    made[inside] = np.exp(PEERS[name](ours, theirs))
    return np.asarray(made)
