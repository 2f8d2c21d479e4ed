"""Light or drift? Which of a character's regions changed, by weighing every explanation.

Chroma alone, (ln R/G, ln B/G): there, one light moves all regions alike. An explanation names the
regions that drifted: none, one or two, of seven and more up to three. Under it a region's shift is
the light's, plus an error of known covariance, plus, where it drifted, a drift of the size that
drifts have. All three are taken as normal, so that how well an explanation fits has a closed form
(a linear Gaussian model, the light integrated out: Bishop 2006, 2.3.3), and the probability that a
region drifted is the share of the explanations in which it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

import numpy as np

from . import colour
from .colour import Values

LAMPS, TINT = 0.6, 0.024
"""Standard deviations of a light along the Planckian locus and to its side."""
PRIOR = 0.19
"""Of a region's having drifted."""
LARGEST = 0.7
"""Standard deviation of the largest drifts, whatever CIEDE2000 says of dark colours."""
_BROAD = 1.3
"""How much wider drifts are taken to be once the question is how large one is."""
_MANY = 7
"""Regions of which three may have drifted, and the light still be told from the others."""
_WHOLE = 2.0
"""Changes that a character's drift as a whole is believed as rarely as."""
_ROUNDS = 2
_BASES = (0.0, 0.5, 1.0)
_LEAST = 0.02

# Linear Rec.709 to ACEScg, Bradford-adapted from D65 to the ACES white.
_FROM_709 = np.array(
    [
        [0.6130974, 0.3395231, 0.0473795],
        [0.0701937, 0.9163540, 0.0134523],
        [0.0206156, 0.1095698, 0.8698147],
    ]
)
_TO_709 = np.linalg.inv(_FROM_709)


@dataclass(frozen=True)
class Shift:
    """How one region differs from the reference.

    moved: (2,). error: covariance (2, 2) of what light and measuring leave in it. drift: of a
    drift. tone: ACEScg (3,) of the region in the reference. fixed: it cannot drift, as a chart in
    the shot cannot: where there is one, all others together may have.
    """

    moved: Values
    error: Values
    drift: Values
    tone: Values
    fixed: bool = False


@dataclass(frozen=True)
class Weighed:
    """For K regions. odds: (K,) natural logarithm of the odds that it drifted. drift: (K, 2) how
    much, if it did. sure: (K, 2, 2) covariance of that. light: (2,). lit: (K, 2), what that light
    does to each region. fit: how well the explanations fit, a logarithm of a density."""

    odds: Values
    drift: Values
    sure: Values
    light: Values
    lit: Values
    fit: float


def weigh(shifts: Sequence[Shift]) -> Weighed:
    """All regions of a frame together.

    A light's gains hold in the primaries in which the picture was made. Pictures that were made in
    Rec.709 are allowed for: ACEScg, Rec.709 and what lies between are each tried, and count as far
    as they fit.
    """
    moved = np.array([shift.moved for shift in shifts])
    tones = np.array([shift.tone for shift in shifts])
    tried = []
    for basis in _BASES:
        bent = np.zeros_like(moved)
        for _ in range(_ROUNDS if basis else 0):
            bent = basis * _bent(np.median(moved - bent, axis=0), tones)
        one = _weighed(shifts, moved - bent)
        tried.append(replace(one, lit=one.lit + bent))
    fits = np.array([one.fit for one in tried])
    shares = np.exp(fits - fits.max())
    fit = float(fits.max() + np.log(shares.mean()))
    shares /= shares.sum()
    likely = np.einsum("b,bk->k", shares, [_likely(one.odds) for one in tried])
    weights = shares[:, None] * np.array([_likely(one.odds) for one in tried]) + 1e-12
    weights /= weights.sum(0)
    return Weighed(
        _odds(likely),
        np.einsum("bk,bki->ki", weights, [one.drift for one in tried]),
        np.einsum("bk,bkij->kij", weights, [one.sure for one in tried]),
        np.einsum("b,bi->i", shares, [one.light for one in tried]),
        np.einsum("b,bki->ki", shares, [one.lit for one in tried]),
        fit,
    )


def _weighed(shifts: Sequence[Shift], moved: Values) -> Weighed:
    """With shifts as they are. Shapes: E explanations, K regions."""
    drifted = _explanations(tuple(shift.fixed for shift in shifts))
    errors = np.array([shift.error for shift in shifts])
    drifts = np.array([shift.drift for shift in shifts])
    same, changed = (_normal(spread, moved) for spread in (errors, errors + drifts))
    precision, weight, size = (
        np.einsum("ek,k...->e...", 1.0 - drifted, one) + np.einsum("ek,k...->e...", drifted, other)
        for one, other in zip(same, changed, strict=True)
    )
    around = np.linalg.inv(_lights() + precision)
    light = np.einsum("eij,ej->ei", around, weight)
    count = _changes(tuple(shift.fixed for shift in shifts))
    fits = 0.5 * (
        np.log(np.linalg.det(around)) - size + np.einsum("ei,ei->e", light, weight)
    ) + count * np.log(PRIOR / (1 - PRIOR))
    best = fits.max()
    shares = np.exp(fits - best)
    total = shares.sum()
    shares /= total
    likely = shares @ drifted
    own = shares[:, None] * drifted
    own = own / np.maximum(own.sum(0), 1e-300)
    broad = drifts * _BROAD**2
    kept = broad @ np.linalg.inv(errors + broad)
    mean = np.einsum("ek,kij,ekj->ki", own, kept, moved[None] - light[:, None])
    loose = (
        broad
        - kept @ broad
        + kept @ np.einsum("ek,eij->kij", own, around) @ np.swapaxes(kept, -1, -2)
    )
    known = shares @ light
    lit = np.broadcast_to(known, moved.shape)
    return Weighed(_odds(likely), mean, loose, known, lit, float(best + np.log(total)))


def _normal(spread: Values, moved: Values) -> tuple[Values, Values, Values]:
    """Precision, precision times value, and (ln det + Mahalanobis distance) of each region."""
    precision = np.linalg.inv(spread)
    weight = np.einsum("kij,kj->ki", precision, moved)
    distance = np.log(np.linalg.det(spread)) + np.einsum("ki,ki->k", moved, weight)
    return np.asarray(precision), np.asarray(weight), np.asarray(distance)


@cache
def _explanations(fixed: tuple[bool, ...]) -> Values:
    """Which regions drifted: (E, regions), 0 or 1; never one that is fixed."""
    free = [at for at, held in enumerate(fixed) if not held]
    most = 3 if len(fixed) >= _MANY else 2
    some = [each for size in range(most + 1) for each in combinations(free, size)]
    if most < len(free) < len(fixed):
        some.append(tuple(free))
    made = np.zeros((len(some), len(fixed)))
    for row, regions in enumerate(some):
        made[row, list(regions)] = 1.0
    return made


@cache
def _changes(fixed: tuple[bool, ...]) -> Values:
    """Of how many changes each explanation speaks."""
    count = _explanations(fixed).sum(1)
    whole = any(fixed) & (count == len(fixed) - sum(fixed))
    return np.asarray(np.where(whole, np.minimum(count, _WHOLE), count))


@cache
def _lights() -> Values:
    """Inverse covariance of lights, as lamps and skies have them."""
    ways = np.array([colour.planckian(), colour.beside()])
    return np.asarray(ways.T @ np.diag([LAMPS**-2, TINT**-2]) @ ways)


def _bent(light: Values, tones: Values) -> Values:
    """By how much a light moves regions otherwise when it multiplies Rec.709: (K, 2)."""
    gain = np.maximum(_TO_709 @ colour.from_opponent([0.0, *light]), _LEAST)
    lit = np.maximum((tones @ _TO_709.T * gain) @ _FROM_709.T, 1e-5)
    apart = (colour.opponent(lit) - colour.opponent(tones))[:, 1:] - light
    return np.asarray(np.clip(apart, -0.5, 0.5))


def _likely(odds: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-odds)))


def _odds(likely: Values) -> Values:
    held = np.clip(likely, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(held / (1 - held)))
