"""References that show the same look as one: their mean, each brought into the light of the first.

More views of a region than one average out what pose, shading and highlights did to it in each. Two
references are pooled only where neither shows drift against the other: costumes that nobody named
stay apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .drift import CHANGED, UNCHANGED, compare, judge
from .statistics import LEAST, Look

Looks = Mapping[str, Look]
_TONES = ("lit", "middle", "bright", "pure")
_ENOUGH = 1500
"""Usable pixels beyond which more say no more."""


def pooled(
    references: Sequence[tuple[str, Looks]], fixed: frozenset[str] = frozenset()
) -> list[tuple[str, Looks]]:
    """References as few: each group under the id of its first. fixed: see `drift.compare`."""
    groups: list[tuple[str, list[Looks]]] = []
    for name, looks in references:
        for _, members in groups:
            light = _light(looks, members[0], fixed)
            if light is not None:
                scale = _scale(looks, members[0])
                members.append({n: _moved(look, light, scale) for n, look in looks.items()})
                break
        else:
            groups.append((name, [looks]))
    return [(name, _mean(members)) for name, members in groups]


def _light(looks: Looks, first: Looks, fixed: frozenset[str]) -> tuple[float, ...] | None:
    """The opponent from one reference's light to another's; None where the look is not the same,
    or that cannot be told."""
    opinion = compare(looks, [("", first)], fixed=fixed)
    verdicts = {each.verdict for each in judge(opinion.residuals, {}).values()}
    if CHANGED in verdicts or UNCHANGED not in verdicts:
        return None
    shared = [np.subtract(looks[name].lit, first[name].lit) for name in opinion.residuals]
    return tuple(np.median(shared, axis=0))


def _scale(looks: Looks, first: Looks) -> float:
    """How much larger the first shows what both do."""
    here, there = (sum(of[n].area for n in looks if n in first) for of in (looks, first))
    return there / here if here > 0 else 1.0


def _moved(look: Look, light: Sequence[float], scale: float) -> Look:
    """A look in another light and size. Too few pixels have no colour, and none is made up."""
    sized = replace(look, area=look.area * scale)
    if look.pixels < LEAST:
        return sized
    tones: dict[str, Any] = {p: tuple(np.subtract(getattr(look, p), light)) for p in _TONES}
    return replace(sized, **tones)


def _mean(members: Sequence[Looks]) -> Looks:
    names = dict.fromkeys(name for looks in members for name in looks)
    return {name: _one([looks[name] for looks in members if name in looks]) for name in names}


def _one(looks: Sequence[Look]) -> Look:
    seen = [look for look in looks if look.pixels >= LEAST]
    if len(seen) < 2:
        return max(looks, key=lambda look: look.pixels)
    weights = np.sqrt([min(look.pixels, _ENOUGH) for look in seen])
    weights /= weights.sum()
    made: dict[str, Any] = {"pixels": sum(look.pixels for look in seen)}
    for part in (*_TONES, "variation"):
        made[part] = tuple(weights @ np.array([getattr(look, part) for look in seen]))
    for part in ("clipped", "dark", "texture", "detail", "area"):
        made[part] = float(weights @ np.array([getattr(look, part) for look in seen]))
    return Look(**made)
