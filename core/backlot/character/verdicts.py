"""What was found, in words: of a region on a frame, and of a region in a shot.

Values come from the tool (`character-lock`, Result.measured); nothing is judged here that was not
judged there, but a shot's verdict is made of its frames'.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

UNCHANGED, CHANGED, CANNOT_TELL = "unchanged", "changed", "cannot tell"

WHY = {
    "small": "it is too small in the picture",
    "dark": "it is too dark to show colour",
    "clipped": "it is overexposed",
    "blurred": "it is too blurred",
    "few-regions": "fewer than three of the character's regions can be compared",
    "no-reference": "no reference shows it",
    "grey": "the picture is black and white",
    "mixed-light": "lights of two colours, or of one that no lamp has, fall on it",
    "unsure": "its light cannot be told from a change",
    "missing": "the character is not in the picture",
}
"""Why it cannot be told, by the tool's code."""

_YES, _NO, _MOST = -1.3, -2.2, 12.0
"""Odds of a scene from which it changed and up to which it did not; and the most that one shot
may weigh."""
_RUN = 5
"""Frames in a row that make a change of part of a shot; fewer are taken for noise."""
_SHARE = 0.5
_NOTICEABLE = 1.0
_NEUTRAL = 5.0
_TEXTURE = 4.0
_STOPS, _TOGETHER = 0.9, 3
"""What shading alone does to one region in twenty, between two views in even light; and shots whose
mean is told of a scene."""
Lab = Sequence[float]


@dataclass(frozen=True)
class ShotVerdict:
    """A region in a shot, from the verdicts on its frames.

    size: median CIEDE2000 over the frames that changed, or that were judged; None without any.
    worst: the frame with the largest. spans: first and last frame of each part that changed.
    judged, frames: how many could be told, of how many. towards: in words, "" unless changed.
    why: the commonest reason where it cannot be told, as a sentence's end. odds: natural logarithm
    of the odds that it changed, median of the frames that were weighed; None without any.
    lightness: against what its light made of the others, stops, median; None without any.
    """

    region: str
    verdict: str
    frames: int
    judged: int
    size: float | None = None
    worst: int | None = None
    spans: tuple[tuple[int, int], ...] = ()
    towards: str = ""
    why: str = ""
    notes: tuple[str, ...] = ()
    odds: float | None = None
    lightness: float | None = None

    def __str__(self) -> str:
        """A sentence: "coat changed by 6.2 dE2000: redder, more saturated (1004-1020)"."""
        if self.verdict == CHANGED:
            parts = ", ".join(f"{a}-{b}" if a != b else f"{a}" for a, b in self.spans)
            return f"{self.region} changed by {self.size:.1f} dE2000: {self.towards} ({parts})"
        if self.verdict == UNCHANGED:
            rest = self.frames - self.judged
            told = f", {rest} of {self.frames} frames cannot be told" if rest else ""
            return f"{self.region} unchanged ({self.size:.1f} dE2000{told})"
        return f"{self.region} cannot be told: {self.why}"

    def fields(self) -> dict[str, Any]:
        """As values that JSON has."""
        return {
            "region": self.region,
            "verdict": self.verdict,
            "frames": self.frames,
            "judged": self.judged,
            "size": self.size,
            "worst": self.worst,
            "spans": [list(span) for span in self.spans],
            "towards": self.towards,
            "why": self.why,
            "notes": list(self.notes),
            "odds": self.odds,
            "lightness": self.lightness,
            "sentence": str(self),
        }


@dataclass(frozen=True)
class SceneVerdict:
    """A region in all shots of one scene together: more views than one tell light from drift.

    shots: how many show it, weighed: how many of them say anything. odds: mean of theirs. size:
    median CIEDE2000 of those that say it changed, or of all. towards: in words. lightness: mean of
    the shots', stops; None where fewer than three measured it. It is no part of the verdict.
    """

    scene: str
    region: str
    verdict: str
    shots: int
    weighed: int
    odds: float | None = None
    size: float | None = None
    towards: str = ""
    lightness: float | None = None

    @property
    def note(self) -> str:
        """What lightness did, in words, where shading alone seldom does as much."""
        if self.lightness is None or abs(self.lightness) < _STOPS:
            return ""
        return _lightness(self.lightness)

    def __str__(self) -> str:
        """A sentence: "coat changed by 6.2 dE2000: redder (5 of 5 shots together)"."""
        note = f", {self.note}" if self.note else ""
        together = f"({self.weighed} of {self.shots} shots together){note}"
        if self.verdict == CHANGED:
            way = f": {self.towards}" if self.towards else ""
            return f"{self.region} changed by {self.size:.1f} dE2000{way} {together}"
        words = "unchanged" if self.verdict == UNCHANGED else "cannot be told"
        return f"{self.region} {words} {together}"


def of_scene(scene: str, shots: Sequence[ShotVerdict]) -> SceneVerdict:
    """The verdict on one region from its verdicts in a scene's shots.

    The mean of the shots' odds: they share the reference, and so are no independent witnesses.
    """
    weighed = [each for each in shots if each.odds is not None]
    if not weighed:
        return SceneVerdict(scene, shots[0].region, CANNOT_TELL, len(shots), 0)
    odds = sum(max(-_MOST, min(_MOST, each.odds or 0.0)) for each in weighed) / len(weighed)
    verdict = CHANGED if odds >= _YES else UNCHANGED if odds <= _NO else CANNOT_TELL
    seen = [e for e in weighed if e.verdict == CHANGED] if verdict == CHANGED else weighed
    sizes = [each.size for each in seen if each.size is not None]
    ways = Counter(each.towards for each in seen if each.towards)
    levels = [each.lightness for each in shots if each.lightness is not None]
    return SceneVerdict(
        scene,
        shots[0].region,
        verdict,
        len(shots),
        len(weighed),
        round(odds, 3),
        round(median(sizes), 2) if sizes else 0.0,
        ways.most_common(1)[0][0] if ways and verdict == CHANGED else "",
        round(sum(levels) / len(levels), 2) if len(levels) >= _TOGETHER else None,
    )


def of_shot(region: str, frames: Iterable[tuple[int, Mapping[str, Any]]]) -> ShotVerdict:
    """The verdict on a region in a shot.

    Changed: on at least half of the frames that can be told, or on 5 in a row. Cannot tell: when
    fewer than a tenth of the frames can be told. Texture and detail are noted, not judged.

    Args: frames, (number, what the tool measured of the region), in the order of numbers.
    """
    told = [(number, said) for number, said in frames if said]
    judged = [(number, said) for number, said in told if said["verdict"] != CANNOT_TELL]
    if not judged or len(judged) < 0.1 * len(told):
        reasons = Counter(said.get("why", "") for _, said in told if said.get("why"))
        code = reasons.most_common(1)[0][0] if reasons else "missing"
        why = WHY.get(code, code)
        return ShotVerdict(
            region, CANNOT_TELL, len(told), len(judged),
            why=why, odds=_odds(told), lightness=_stops(told),
        )  # fmt: skip
    changed = [(number, said) for number, said in judged if said["verdict"] == CHANGED]
    runs = _runs(judged)
    longest = max((count for _, _, count in runs), default=0)
    counts = len(changed) >= _SHARE * len(judged) or longest >= _RUN
    if not changed or not counts:
        return _described(region, UNCHANGED, told, judged, judged)
    long = [run for run in runs if run[2] >= min(_RUN, longest)]
    return _described(
        region, CHANGED, told, judged, changed, tuple((first, last) for first, last, _ in long)
    )


def _described(
    region: str,
    verdict: str,
    told: Sequence[Any],
    judged: Sequence[Any],
    counted: Sequence[tuple[int, Mapping[str, Any]]],
    spans: tuple[tuple[int, int], ...] = (),
) -> ShotVerdict:
    worst = max(counted, key=lambda each: float(each[1].get("size", 0.0)))
    size = median(float(said.get("size", 0.0)) for _, said in counted)
    seen = [said for _, said in counted if "from" in said]
    direction = ""
    if verdict == CHANGED and seen:
        before = [median(said["from"][axis] for said in seen) for axis in range(3)]
        after = [median(said["to"][axis] for said in seen) for axis in range(3)]
        direction = towards(before, after)
    return ShotVerdict(
        region,
        verdict,
        len(told),
        len(judged),
        round(size, 2),
        worst[0],
        spans,
        direction or ("another colour" if verdict == CHANGED else ""),
        notes=_notes(counted),
        odds=_odds(told),
        lightness=_stops(told),
    )


def _stops(told: Sequence[tuple[int, Mapping[str, Any]]]) -> float | None:
    """By how much it is lighter than the others are, median of the frames in one light."""
    known = [s["stops"] for _, s in told if "stops" in s and s.get("why") != "mixed-light"]
    return median(known) if known else None


def _lightness(stops: float) -> str:
    return f"{'lighter' if stops > 0 else 'darker'} by {abs(stops):.1f} stops"


def _odds(told: Sequence[tuple[int, Mapping[str, Any]]]) -> float | None:
    """Of the frames that were weighed, whether that was enough to judge them or not."""
    known = [
        float(said["odds"])
        for _, said in told
        if "odds" in said and (said["verdict"] != CANNOT_TELL or said.get("why") == "unsure")
    ]
    return round(median(known), 3) if known else None


def _runs(
    judged: Sequence[tuple[int, Mapping[str, Any]]],
) -> list[tuple[int, int, int]]:
    """First and last frame, and count, of neighbouring judged frames that changed."""
    runs: list[tuple[int, int, int]] = []
    before = False
    for number, said in judged:
        changed = said["verdict"] == CHANGED
        if changed and before:
            first, _, count = runs[-1]
            runs[-1] = (first, number, count + 1)
        elif changed:
            runs.append((number, number, 1))
        before = changed
    return runs


def _notes(frames: Sequence[tuple[int, Mapping[str, Any]]]) -> tuple[str, ...]:
    """What is measured beside colour, where it is far from the reference."""
    words = {
        "texture": ("less contrast in its texture", "more contrast in its texture"),
        "detail": ("softer or less grain", "sharper or more grain"),
    }
    found = []
    for name, (less, more) in words.items():
        known = [float(said[name]) for _, said in frames if said.get(name)]
        ratio = median(known) if known else 1.0
        if ratio > _TEXTURE or ratio < 1 / _TEXTURE:
            rest = ", which colour cannot mend" if name == "texture" else ""
            found.append(f"{more if ratio > 1 else less} ({ratio:.1f}x the reference){rest}")
    stops = [s["lightness"] for _, s in frames if isinstance(s.get("lightness"), (int, float))]
    if stops and abs(median(stops)) >= _STOPS:
        found.append(_lightness(median(stops)))
    return tuple(found)


def towards(before: Lab, after: Lab) -> str:
    """Which way a colour went: "redder, more saturated". CIE Lab, CIEDE2000's axes not needed.

    Named are the parts that make up most of the difference, the largest first.
    """
    lightness = after[0] - before[0]
    neutral = math.hypot(*before[1:]) < _NEUTRAL  # more or less of nothing is no direction
    chroma = 0.0 if neutral else math.hypot(*after[1:]) - math.hypot(*before[1:])
    a, b = after[1] - before[1], after[2] - before[2]
    hue = math.sqrt(max(0.0, a * a + b * b - chroma * chroma))
    parts = [
        (abs(lightness), "lighter" if lightness > 0 else "darker"),
        (abs(chroma), "more saturated" if chroma > 0 else "less saturated"),
        (hue, _tint(a, b)),
    ]
    whole = math.hypot(lightness, a, b)
    named = [
        word for size, word in sorted(parts, reverse=True) if size > max(0.4 * whole, _NOTICEABLE)
    ]
    return ", ".join(named)


_TINTS = (
    "redder",
    "warmer",
    "yellower",
    "yellow-greener",
    "greener",
    "cyaner",
    "bluer",
    "more magenta",
)


def _tint(a: float, b: float) -> str:
    """The direction in the (a*, b*) plane, an eighth of the circle each, red first."""
    return _TINTS[round(math.degrees(math.atan2(b, a)) / 45) % 8]


def summary(verdicts: Sequence[ShotVerdict]) -> str:
    """A shot's verdict: changed when any region is; unchanged only when all regions are."""
    kinds = {verdict.verdict for verdict in verdicts}
    if CHANGED in kinds:
        return CHANGED
    return UNCHANGED if kinds == {UNCHANGED} else CANNOT_TELL
