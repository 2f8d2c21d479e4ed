"""How far a frame's fill can be trusted, and what would help."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .gather import agreement
from .keys import Complete
from .shot import Shot

PART = 0.03
UNSEEN = 0.05
TOLD = 0.005


@dataclass(frozen=True)
class Quality:
    """Of one frame: unseen and apart, parts of the hole; confidence from 0 (nothing known) to 1.
    moving: the part of the hole that something which moves by itself covers, here or elsewhere.
    """

    number: int
    unseen: float
    apart: float
    moving: float = 0.0

    @property
    def confidence(self) -> float:
        return max(0.0, 1.0 - self.unseen - self.apart)

    def fields(self) -> dict[str, float]:
        """As hosts show it."""
        return {
            "confidence": round(self.confidence, 3),
            "unseen": round(self.unseen, 3),
            "apart": round(self.apart, 3),
            "moving": round(self.moving, 3),
        }


def measured(number: int, made: Complete) -> Quality:
    hole, merged = made.seen.hole, made.seen.merged
    shown = merged.best >= 0
    count = max(1, int(np.count_nonzero(hole.inside)))
    apart = np.count_nonzero(hole.inside & shown & (merged.spread > agreement(made.seen)))
    crossed = made.seen.crossed
    moving = 0 if crossed is None else np.count_nonzero(hole.inside & crossed)
    unseen = np.count_nonzero(made.unseen)
    return Quality(number, unseen / count, apart / count, moving / count)


def told(shot: Shot, quality: Quality, last: bool) -> list[str]:
    """What the artist should know of a frame, and after the last one, of all of them."""
    curve: dict[int, Quality] = shot.kept.setdefault("quality", {})
    curve[quality.number] = quality
    sentences = []
    if quality.moving > PART:
        sentences.append(
            f"Low confidence: things move behind the object, on {quality.moving:.0%} of the hole. "
            "They were followed and laid over it; of what no frame shows of them the background "
            "is seen."
        )
    elif quality.apart > PART:
        sentences.append(
            f"Low confidence: the frames do not agree on {quality.apart:.0%} of the hole; "
            "something moves there, or its depth is not certain."
        )
    if last and (worst := min(curve.values(), key=lambda q: q.confidence)).confidence < 1 - UNSEEN:
        parts = (
            [f"{worst.unseen:.0%} of its hole is seen on no frame"] if worst.unseen > TOLD else []
        )
        parts += (
            [f"on {worst.apart:.0%} of it the frames do not agree"] if worst.apart > TOLD else []
        )
        sentences.append(f"A clean frame {worst.number} would help most: {', and '.join(parts)}.")
    return sentences
