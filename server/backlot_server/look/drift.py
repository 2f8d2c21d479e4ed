"""From looks to drift: the light of the shot explained away, and a verdict for each region.

How large a shift may be without any drift is told from what the pictures show: how much colour
varies within a region, how much more than in the reference, how few pixels there are, how dark the
region is. The constants were fitted to rendered characters; docs/character-lock.md says how, and
what was measured on characters that were left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from . import colour
from .colour import Values
from .evidence import LARGEST, Shift, Weighed, weigh
from .statistics import LUMINANCE, Look

UNCHANGED, CHANGED, CANNOT_TELL = "unchanged", "changed", "cannot tell"
PARTS = {"pure": 0.426, "lit": 0.371, "middle": 0.18, "bright": 0.023}
"""Weights of what is measured of a region in its shift."""
_PIXELS, _REGIONS, _BESIDE_FIXED = 12, 3, 2
_MIXED, _TINTED, _CLIPPED, _DARK = 0.25, 0.15, 0.30, 0.60
_GREY = 0.03
_YES, _NO = -1.8, -2.4
_USUAL = 3.0
_TONE = (0.02, 0.9)

# Variances of errors: in all, and for each of what they grow with.
_ANY, _WITHIN, _MORE, _SHOWN, _ALL, _WASHED = 9.3e-6, 0.0040, 0.126, 0.0052, 0.188, 0.0025
_FEW_THERE, _FEW_HERE, _DIM = 0.0035, 0.0008, 0.00326
_GLOSS_THERE, _GLOSS_HERE, _GLOSS_MORE = 0.187, 0.0046, 0.036
_DIM_TONE = 0.02
_SIZE = 1.17
"""Of a drift, as a share of the threshold: standard deviation along each axis of CIE Lab."""
_ELSEWHERE = 0.002
"""Variance by which the light of a chart is not that of the character beside it."""
_LEVEL = 0.12
"""ln luminance from which a region of a picture without light is lighter or darker."""
_EVEN, _STEADY = 0.12, 0.15
_SURPRISE = 0.53
"""Mean over undrifted regions of the characters that constants were chosen on, each held at 9."""


@dataclass(frozen=True)
class Residual:
    """A region on one frame against one reference, the light taken out.

    left: opponent, what the light leaves. error: covariance (2, 2) of its chroma. mixed: how much
    the light varies over the character. tinted: how far from lamps and skies the light is. steady:
    how well regions agree on exposure. surprise: the square of what is left as a multiple of its
    error, 1 on average where nothing drifted. proportion: its share of what all regions cover, over
    that in the reference. fixed: it cannot drift.
    """

    left: Values
    error: Values
    mixed: float
    tinted: float
    steady: float
    surprise: float
    proportion: float
    reference: Look
    look: Look
    fixed: bool = False

    @property
    def texture(self) -> float:
        """Contrast over the reference's."""
        return self.look.texture / max(self.reference.texture, 1e-4)


@dataclass(frozen=True)
class Verdict:
    """What is said of a region on a frame.

    delta: CIEDE2000 of the change, luminance left out, if it changed. odds: natural logarithm of
    the odds that it did. error: standard deviation of delta. why: a code, where it cannot be told.
    lightness: change of luminance in stops, None where the light leaves it open. gain: by which
    ACEScg red, green and blue differ from what they should be.
    """

    verdict: str
    delta: float = 0.0
    odds: float = 0.0
    error: float = 0.0
    why: str = ""
    lightness: float | None = None
    gain: tuple[float, ...] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Opinion:
    """Residuals of all regions that can be compared, and why the others cannot: a code of WHY.

    reference: the id of the one that they are compared with. light: opponent.
    """

    residuals: Mapping[str, Residual] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
    light: Values = field(default_factory=lambda: np.zeros(3))
    fit: float = -np.inf


def compare(
    shot: Mapping[str, Look],
    references: Sequence[tuple[str, Mapping[str, Look]]],
    spreads: Mapping[str, float] | None = None,
    fixed: Collection[str] = (),
) -> Opinion:
    """A frame's looks against the reference, by (id, looks), that explains them best.

    spreads: by region, what variances of errors are multiplied by: a production's own calibration.
    fixed: regions that cannot drift, as a chart in the shot.
    """
    given = spreads or {}
    opinions = [
        replace(_against(shot, looks, given, fixed), reference=name) for name, looks in references
    ]
    if not opinions:
        return Opinion(refused=dict.fromkeys(shot, "no-reference"))
    return max(opinions, key=lambda opinion: (len(opinion.residuals), opinion.fit))


def _against(
    looks: Mapping[str, Look],
    reference: Mapping[str, Look],
    spreads: Mapping[str, float],
    fixed: Collection[str],
) -> Opinion:
    refused = {name: _unusable(look) for name, look in looks.items()}
    refused |= {
        name: "no-reference"
        for name in looks
        if not refused[name] and (name not in reference or reference[name].pixels < _PIXELS)
    }
    names = [name for name in looks if not refused[name]]
    if len(names) < (_BESIDE_FIXED if any(name in fixed for name in names) else _REGIONS):
        return Opinion(refused={n: refused[n] or "few-regions" for n in looks})
    shot = {name: looks[name] for name in names}
    if _grey(shot):
        return Opinion(refused={n: refused[n] or "grey" for n in looks})
    more = _more(shot, reference)
    mixed = float(np.sqrt(max(0.0, np.linalg.eigvalsh(more)[-1])))
    errors = {n: _error(shot[n], reference[n], more) * spreads.get(n, 1.0) for n in names}
    moved = {n: _moved(shot[n], reference[n]) for n in names}
    weighed = weigh(
        [_shift(moved[n][1:], errors[n], reference[n], _USUAL, n in fixed) for n in names]
    )
    tinted = float(abs(np.median([each[1:] for each in moved.values()], axis=0) @ colour.beside()))
    found = {}
    for name, lit in zip(names, weighed.lit, strict=True):
        others = np.array([moved[other][0] for other in names if other != name])
        exposure = float(np.median(others))
        steady = float(np.median(np.abs(others - exposure)))
        left = moved[name] - np.array([exposure, *lit])
        surprise = float(left[1:] @ np.linalg.solve(errors[name], left[1:])) / (2 * _SURPRISE)
        found[name] = Residual(
            left,
            errors[name],
            mixed,
            tinted,
            steady,
            surprise,
            _share(shot, name) / _share({n: reference[n] for n in names}, name),
            reference[name],
            shot[name],
            name in fixed,
        )
    light = np.array([np.median([m[0] for m in moved.values()]), *weighed.light])
    return Opinion(found, {n: w for n, w in refused.items() if w}, "", light, weighed.fit)


def _share(looks: Mapping[str, Look], name: str) -> float:
    return looks[name].area / sum(each.area for each in looks.values())


def _unusable(look: Look) -> str:
    if look.area < _PIXELS:
        return "small"
    if look.clipped > _CLIPPED:
        return "clipped"
    if look.dark > _DARK:
        return "dark"
    return "" if look.pixels >= _PIXELS else "small"


def _grey(shot: Mapping[str, Look]) -> bool:
    """Black-and-white footage: all regions have one chromaticity, tinted or not."""
    chroma = np.array([each.lit[1:] for each in shot.values()])
    varied = np.mean([np.sqrt(each.variation[0] + each.variation[3]) for each in shot.values()])
    return bool(np.ptp(chroma, axis=0).max() < _GREY and varied < _GREY / 2)


def _moved(look: Look, reference: Look) -> Values:
    parts = [
        weight * np.subtract(getattr(look, part), getattr(reference, part))
        for part, weight in PARTS.items()
    ]
    return np.asarray(np.sum(parts, axis=0))


def _more(shot: Mapping[str, Look], reference: Mapping[str, Look]) -> Values:
    """Covariance by which the light itself varies over the regions more than in the reference."""
    more = [np.subtract(shot[n].variation, reference[n].variation).reshape(2, 2) for n in shot]
    return _positive(np.median(more, axis=0))


def _error(look: Look, reference: Look, more: Values) -> Values:
    """Covariance of a shift that is no drift."""
    here, there = (np.array(each.variation).reshape(2, 2) for each in (look, reference))
    glossy, known = (_gloss(each) for each in (look, reference))
    washed = np.array(reference.lit[1:])
    dim = min(2.0, _DIM_TONE / float(_tone(reference) @ LUMINANCE))
    alone = _ANY + _FEW_THERE / reference.pixels + _FEW_HERE / look.pixels + _DIM * dim
    return np.asarray(
        alone * np.eye(2)
        + _WITHIN * there
        + _MORE * _positive(here - there)
        + _SHOWN * here
        + _ALL * more
        + _WASHED * np.outer(washed, washed)
        + _GLOSS_THERE * np.outer(known, known)
        + _GLOSS_HERE * np.outer(glossy, glossy)
        + _GLOSS_MORE * np.outer(glossy - known, glossy - known)
    )


def _gloss(look: Look) -> Values:
    """How highlights wash a region's chroma out, (2,): what is shown of it hangs on the view."""
    return np.subtract(look.middle, look.bright)[1:]


def _positive(matrix: Values) -> Values:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)


def _shift(moved: Values, error: Values, reference: Look, threshold: float, fixed: bool) -> Shift:
    tone = _tone(reference)
    error = error + _ELSEWHERE * np.eye(2) if fixed else error
    size = _SIZE * threshold
    drift = np.asarray(np.linalg.inv(_metric(tone) / size**2 + np.eye(2) / LARGEST**2))
    return Shift(moved, error, drift, tone, fixed)


def _metric(tone: Values) -> Values:
    """CIEDE2000, squared, of a small change of (ln R/G, ln B/G): x^T M x."""
    return _metric_of(tuple(tone.tolist()))


@lru_cache(maxsize=1000)
def _metric_of(known: tuple[float, ...]) -> Values:
    tone, step = np.array(known), 0.08
    seen = colour.lab(tone)

    def squared(red: float, blue: float) -> float:
        ways = [colour.lab(tone * _gain(tone, (s * red, s * blue))) for s in (1, -1)]
        return float(np.mean([colour.difference(seen, way) ** 2 for way in ways])) / step**2

    red, blue, both = squared(step, 0), squared(0, step), squared(step, step)
    cross = (both - red - blue) / 2
    values, vectors = np.linalg.eigh(np.array([[red, cross], [cross, blue]]))
    return np.asarray((vectors * np.maximum(values, 1.0)) @ vectors.T)


def _gain(tone: Values, chroma: Sequence[float] | Values) -> Values:
    """What changes (ln R/G, ln B/G) of a colour by so much, and keeps its luminance."""
    gain = colour.from_opponent([0.0, *chroma])
    return np.asarray(gain * (LUMINANCE @ tone) / (LUMINANCE @ (tone * gain)))


def judge(
    residuals: Mapping[str, Residual],
    thresholds: Mapping[str, float],
    smooth: Mapping[str, Values] | None = None,
    unlit: bool = False,
) -> dict[str, Verdict]:
    """A verdict for each region of a frame.

    thresholds: CIEDE2000 from which a region has changed, "" for those without their own. smooth:
    opponents by region, what the light leaves on the frames nearby taken together; without it the
    frame's own. unlit: pictures of a renderer's diffuse colour, on which no light is: luminance is
    judged as colour is.
    """
    if not residuals:
        return {}
    left = {n: r.left for n, r in residuals.items()} if smooth is None else smooth
    limits = {n: thresholds.get(n, thresholds.get("", _USUAL)) for n in residuals}
    weighed = weigh(
        [
            _shift(left[n][1:], r.error, r.reference, limits[n], r.fixed)
            for n, r in residuals.items()
        ]
    )
    return {
        name: _said(residual, left[name], weighed, at, limits[name], unlit)
        for at, (name, residual) in enumerate(residuals.items())
    }


def _said(
    residual: Residual, left: Values, weighed: Weighed, at: int, limit: float, unlit: bool
) -> Verdict:
    odds, drift = float(weighed.odds[at]), weighed.drift[at]
    tone = _tone(residual.reference)
    other_level = unlit and not residual.fixed and abs(left[0]) > _LEVEL
    gain = colour.from_opponent([left[0], *drift]) if other_level else _gain(tone, drift)
    size = float(colour.difference(colour.lab(tone), colour.lab(tone * gain)))
    error = float(np.sqrt(np.trace(_metric(tone) @ weighed.sure[at])))
    said = Verdict(
        CANNOT_TELL,
        round(size, 2),
        round(odds, 3),
        round(error, 2),
        lightness=_lightness(residual, left),
        gain=tuple(float(g) for g in gain),
    )
    if residual.mixed > _MIXED or residual.tinted > _TINTED:
        return replace(said, why="mixed-light")
    if odds >= _YES or other_level:
        return replace(said, verdict=CHANGED if size + error >= limit else UNCHANGED)
    if odds <= _NO:
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
        "odds": verdict.odds,
        "error": verdict.error,
        "from": [round(float(v), 2) for v in colour.lab(tone)],
        "to": [round(float(v), 2) for v in colour.lab(tone * np.array(verdict.gain))],
        "lightness": "beyond judging" if verdict.lightness is None else verdict.lightness,
        "stops": round(float(residual.left[0] / np.log(2)), 2),
        "texture": round(residual.texture, 3),
        "detail": round(look.detail / max(known.detail, 1e-4), 3),
        "proportion": round(residual.proportion, 3),
        "light_spread": round(residual.mixed, 4),
        "surprise": round(residual.surprise, 3),
        "pixels": look.pixels,
    }


def _lightness(residual: Residual, left: Values) -> float | None:
    """Shading changes with every key light, so only even light lets luminance be judged."""
    if residual.mixed > _EVEN or residual.steady > _STEADY:
        return None
    return round(float(left[0] / np.log(2)), 2)


def _tone(reference: Look) -> Values:
    """The region's colour as ACEScg, within what a surface can have."""
    tone = colour.from_opponent(reference.lit)
    peak = tone.max()
    return np.asarray(tone * np.clip(peak, *_TONE) / peak)
