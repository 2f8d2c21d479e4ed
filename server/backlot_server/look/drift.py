"""From looks to drift: the light of the shot explained away, and a verdict for each region.

Gains are the light's, as von Kries has them; the light of a region is estimated from the others, so
that a region that drifted does not explain itself. The constants are those of a measured prototype;
docs/character-lock.md says on what they were chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from . import colour
from .colour import Values
from .statistics import Look

UNCHANGED, CHANGED, CANNOT_TELL = "unchanged", "changed", "cannot tell"
_PIXELS, _REGIONS = 60, 3
_MIXED, _CLIPPED, _DARK = 0.35, 0.30, 0.60
_TINT = 0.08
_FORGIVEN = 0.5
_SURE, _CERTAIN = 1.2, 4.5
_GREY = 0.03
_EVEN = 0.1
_WEIGHT_PIXELS = 1500
_TONE = (0.02, 0.9)


@dataclass(frozen=True)
class Residual:
    """What the light leaves unexplained of a region, on one frame against one reference.

    estimates: opponents, one a statistic. spread: how well the other regions agree on the light.
    mixed: how much the light varies over regions more than in the reference. light: the opponent
    of the light on the others. reference: the region as it should be.
    """

    estimates: tuple[Values, ...]
    spread: float
    mixed: float
    light: Values
    line: Values
    reference: Look
    look: Look


@dataclass(frozen=True)
class Verdict:
    """What is said of a region on a frame.

    delta: CIEDE2000 against the reference under the reference's light, luminance left out. score:
    the least of it that an explanation by light leaves; verdicts go by this. error: how large that
    may be for no reason. why: a code, where it cannot be told. lightness: change of luminance in
    stops, None where the light leaves it open.
    gain: by which ACEScg red, green and blue differ from what they should be.
    """

    verdict: str
    delta: float = 0.0
    score: float = 0.0
    error: float = 0.0
    why: str = ""
    lightness: float | None = None
    gain: tuple[float, ...] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Opinion:
    """Residuals of all regions that can be compared, and why the others cannot: a code of WHY.

    reference: the id of the one that they are compared with.
    """

    residuals: Mapping[str, Residual] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""


def compare(
    shot: Mapping[str, Look], references: Sequence[tuple[str, Mapping[str, Look]]]
) -> Opinion:
    """A frame's looks against the reference, by (id, looks), that explains them best."""
    opinions = [replace(_against(shot, looks), reference=name) for name, looks in references]
    if not opinions:
        return Opinion(refused=dict.fromkeys(shot, "no-reference"))
    return min(opinions, key=_cost)


def _cost(opinion: Opinion) -> tuple[int, float]:
    spreads = [residual.spread for residual in opinion.residuals.values()]
    return -len(spreads), float(np.mean(spreads)) if spreads else np.inf


def _against(shot: Mapping[str, Look], reference: Mapping[str, Look]) -> Opinion:
    refused = {name: _unusable(look) for name, look in shot.items()}
    refused |= {n: "no-reference" for n in shot if n not in reference and not refused[n]}
    names = [name for name in shot if not refused[name]]
    if len(names) < _REGIONS:
        return Opinion(refused={n: refused[n] or "few-regions" for n in shot})
    if _grey(shot, names):
        return Opinion(refused={n: refused[n] or "grey" for n in shot})
    line, mixed = _light_line(shot, reference, names)
    found = {n: _residual(shot, reference, names, n, line, mixed) for n in names}
    return Opinion(found, {n: why for n, why in refused.items() if why})


def _unusable(look: Look) -> str:
    if look.area < _PIXELS:
        return "small"
    if look.clipped > _CLIPPED:
        return "clipped"
    if look.dark > _DARK:
        return "dark"
    return "" if look.pixels >= _PIXELS else "small"


def _grey(shot: Mapping[str, Look], names: Sequence[str]) -> bool:
    """Black-and-white footage: all regions have one chromaticity, tinted or not."""
    chroma = np.array([shot[name].lit[1:] for name in names])
    sway = np.mean([shot[name].sway for name in names])
    return bool(np.ptp(chroma, axis=0).max() < _GREY and sway < _GREY / 3)


def _residual(
    shot: Mapping[str, Look],
    reference: Mapping[str, Look],
    names: Sequence[str],
    name: str,
    line: Values,
    mixed: float,
) -> Residual:
    others = [other for other in names if other != name]
    weights = np.sqrt([min(shot[o].pixels, _WEIGHT_PIXELS) for o in others])
    estimates = []
    for kind in ("lit", "pure"):
        moved = np.array([_moved(shot[o], reference[o], kind) for o in others])
        light = _plausible(_weighted_median(moved, weights))
        if kind == "lit":
            known = light
            apart = np.hypot(*(moved - light)[:, 1:].T)
            spread = float(_weighted_median(apart[:, None], weights)[0])
        estimates.append(_moved(shot[name], reference[name], kind) - light)
    return Residual(tuple(estimates), spread, mixed, known, line, reference[name], shot[name])


def _moved(look: Look, reference: Look, kind: str) -> Values:
    return np.asarray(np.subtract(getattr(look, kind), getattr(reference, kind)))


def _plausible(light: Values) -> Values:
    """Light as lamps and skies have it: along the Planckian locus, and a little to its side."""
    along = _planckian()
    side = np.array([-along[1], along[0]])
    on, off = light[1:] @ along, light[1:] @ side
    return np.concatenate([light[:1], on * along + np.clip(off, -_TINT, _TINT) * side])


@cache
def _planckian() -> Values:
    return colour.planckian()


def _light_line(
    shot: Mapping[str, Look], reference: Mapping[str, Look], names: Sequence[str]
) -> tuple[Values, float]:
    """The direction in which the light itself varies over the regions, and how much."""
    more = [np.subtract(shot[n].variation, reference[n].variation).reshape(2, 2) for n in names]
    values, vectors = np.linalg.eigh(np.median(more, axis=0))
    line = vectors[:, -1] if values[-1] > 0 else np.zeros(2)
    steps = len(shot[names[0]].sway)
    at = round(np.arctan2(line[1], line[0]) / np.pi * steps) % steps
    sways = [max(0.0, shot[n].sway[at] - reference[n].sway[at]) for n in names]
    return line, float(np.median(sways)) if line.any() else 0.0


def judge(residual: Residual, threshold: float, smooth: Values | None = None) -> Verdict:
    """A verdict on a region.

    smooth: (estimates, 3), the residuals of the frames nearby taken together; without it the
    frame's own.
    """
    taken = np.array(residual.estimates) if smooth is None else smooth
    score = min(_score(residual, estimate) for estimate in taken)
    error = _error(residual)
    middle = np.median(taken, axis=0)
    size = _size(residual.reference, np.concatenate([[0.0], middle[1:]]))
    said = Verdict(
        CANNOT_TELL,
        round(max(size, score), 2),
        round(score, 2),
        round(error, 2),
        lightness=_lightness(residual, middle),
        gain=tuple(float(g) for g in colour.from_opponent([0.0, *middle[1:]])),
    )
    if residual.mixed > _MIXED:
        return replace(said, why="mixed-light")
    if score >= max(threshold, _SURE * error):
        return replace(said, verdict=CHANGED)
    if score < threshold and error <= _CERTAIN:
        return replace(said, verdict=UNCHANGED)
    return replace(said, why="unsure")


def described(verdict: Verdict, residual: Residual | None) -> dict[str, Any]:
    """A verdict as values that JSON has. from, to: CIE Lab under the reference's light."""
    said: dict[str, Any] = {"verdict": verdict.verdict, "why": verdict.why}
    if residual is None:
        return said
    look, known = residual.look, residual.reference
    tone = _tone(known)
    return said | {
        "size": verdict.delta,
        "score": verdict.score,
        "error": verdict.error,
        "from": [round(float(v), 2) for v in colour.lab(tone)],
        "to": [round(float(v), 2) for v in colour.lab(tone * np.array(verdict.gain))],
        "lightness": "beyond judging" if verdict.lightness is None else verdict.lightness,
        "texture": round(look.texture / max(known.texture, 1e-4), 3),
        "detail": round(look.detail / max(known.detail, 1e-4), 3),
        "light_spread": round(residual.mixed, 4),
        "pixels": look.pixels,
    }


def _lightness(residual: Residual, estimate: Values) -> float | None:
    """Shading changes with every key light, so only even light lets luminance be judged."""
    if residual.mixed > _EVEN or residual.spread > _EVEN / 2:
        return None
    return round(float(estimate[0] / np.log(2)), 2)


def _score(residual: Residual, estimate: Values) -> float:
    """CIEDE2000 that no light explains: along the light's own line a part is forgiven."""
    chroma = estimate[1:].copy()
    along = chroma @ residual.line
    least = min(abs(along), _FORGIVEN * residual.mixed)
    chroma -= residual.line * np.sign(along) * least
    return _size(residual.reference, np.concatenate([[0.0], chroma]))


def _size(reference: Look, residual: Values) -> float:
    tone = _tone(reference)
    return float(
        colour.difference(colour.lab(tone), colour.lab(tone * colour.from_opponent(residual)))
    )


def _tone(reference: Look) -> Values:
    """The region's colour as ACEScg, within what a surface can have."""
    tone = colour.from_opponent(reference.lit)
    peak = tone.max()
    return np.asarray(tone * np.clip(peak, *_TONE) / peak)


def _error(residual: Residual) -> float:
    few = 10 / np.sqrt(max(1, residual.reference.pixels))
    return float(max(0.5, 0.13 + 7.9 * residual.spread + 10.9 * residual.mixed + 2.1 * few))


def _weighted_median(values: Values, weights: Values) -> Values:
    """Along the first axis, for each column by itself."""
    order = np.argsort(values, axis=0)
    result = []
    for column, at in zip(values.T, order.T, strict=True):
        total = np.cumsum(weights[at])
        result.append(column[at[np.searchsorted(total, total[-1] / 2)]])
    return np.array(result)
