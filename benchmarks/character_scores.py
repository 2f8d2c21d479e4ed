"""What the figures of Character Lock are made of: rates of verdicts, ROC, colour against the truth.

An observation is one region on one frame. Those that drifted count where the chroma part of it is
at least 4 CIEDE2000; what changed in lightness alone, or less, is told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .character_cases import Case, Picture

LEAST = 4.0
_SIGMA = 2.0


@dataclass(frozen=True)
class Seen:
    """A region on a frame. said: what the tool measured of it. before, after: mean CIEDE2000 to the
    truth, where it drifted. peers: the same for other ways of correcting."""

    case: Case
    region: str
    said: dict[str, Any]
    before: float = float("nan")
    after: float = float("nan")
    peers: dict[str, float] | None = None

    @property
    def verdict(self) -> str:
        return str(self.said["verdict"])

    @property
    def drifted(self) -> bool:
        return self.region in self.case.drift

    @property
    def counts(self) -> bool:
        """As drifted, for the figures."""
        return self.drifted and self.case.drift[self.region].chroma >= LEAST

    @property
    def lightness_only(self) -> bool:
        return self.drifted and self.case.drift[self.region].kind == "lightness"


Score = Callable[[Seen], float | None]


def odds(seen: Seen) -> float | None:
    """What the tool ranks by; None where it did not measure."""
    value = seen.said.get("odds", seen.said.get("score"))
    return None if value is None else float(value)


def ranked(observations: Iterable[Seen], score: Score = odds) -> tuple[list[float], list[float]]:
    """Scores of what drifted and of what did not."""
    found: tuple[list[float], list[float]] = ([], [])
    for seen in observations:
        value = score(seen)
        if value is not None and (seen.counts or not seen.drifted):
            found[0 if seen.counts else 1].append(value)
    return found


def area(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Under the ROC: how often what drifted scores above what did not; ties count half."""
    low = np.sort(np.asarray(negative))
    at = np.asarray(positive)
    below, upto = np.searchsorted(low, at, "left"), np.searchsorted(low, at, "right")
    return float((below + upto).mean() / 2 / len(low))


def false_alarms(positive: Sequence[float], negative: Sequence[float], found: float = 0.9) -> float:
    """Per cent of what did not drift, at the threshold that finds `found` of what did."""
    return float((np.asarray(negative) >= np.quantile(positive, 1 - found)).mean() * 100)


def rates(observations: Iterable[Seen]) -> dict[str, float]:
    """Per cent: verdicts on what drifted and what did not."""
    drifted, same = [], []
    for seen in observations:
        if seen.counts or not seen.drifted:
            (drifted if seen.counts else same).append(seen.verdict)
    told = [v for v in drifted if v != "cannot tell"]
    judged = [v for v in same if v != "cannot tell"]
    return {
        "found of decided": _share(told.count("changed"), len(told)),
        "found of all": _share(told.count("changed"), len(drifted)),
        "false of decided": _share(judged.count("changed"), len(judged)),
        "false of all": _share(judged.count("changed"), len(same)),
        "cannot tell, same": _share(len(same) - len(judged), len(same)),
        "cannot tell, drifted": _share(len(drifted) - len(told), len(drifted)),
        "called unchanged": _share(told.count("unchanged"), len(drifted)),
        "drifted": len(drifted),
        "same": len(same),
    }


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else float("nan")


def apart(made: Picture, truth: Picture, neutral: Picture, inside: Any) -> float:
    """Mean CIEDE2000 inside a region, of two pictures in one light, seen under the reference's.

    All ACEScg (height, width, 3); neutral: the truth in the reference's light. Blurred by 2 pixels
    within the region, so that grain does not count.
    """
    from backlot_server.look import colour

    weight = inside.astype(np.float32)
    soft = [_blurred(p, weight)[inside] for p in (made, truth, neutral)]
    mine, true, seen = (np.maximum(p.astype(np.float64), 1e-4) for p in soft)
    return float(colour.difference(colour.lab(seen), colour.lab(seen * mine / true)).mean())


def _blurred(picture: npt.NDArray[Any], weight: Picture) -> Picture:
    import cv2

    total = cv2.GaussianBlur(weight, (0, 0), _SIGMA)
    spread = cv2.GaussianBlur(picture.astype(np.float32) * weight[..., None], (0, 0), _SIGMA)
    return np.asarray(spread / np.maximum(total, 1e-6)[..., None])


def corrections(observations: Iterable[Seen]) -> dict[str, float]:
    """Of corrected regions: mean before and after, per cent worse by over 0.1, and halved."""
    pairs = np.array([(s.before, s.after) for s in observations]).reshape(-1, 2)
    if not len(pairs):
        return {}
    before, after = pairs.T
    return {
        "before": float(before.mean()),
        "after": float(after.mean()),
        "ratio": float(after.mean() / before.mean() * 100),
        "p90": float(np.quantile(after, 0.9)),
        "worse": float((after > before + 0.1).mean() * 100),
        "halved": float((after <= before / 2).mean() * 100),
        "count": len(pairs),
    }
