"""How near two faces must be: published cosines, moved by a show's own faces.

A character's references are held against each other, each left out in turn, and other characters
against them: no reference may be called another face, and no other character the same.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

POSES = ("front", "turned", "profile")
MARGIN = 0.04
"""Around a bound it cannot be told; and by how much known faces must clear it."""


@dataclass(frozen=True)
class Face:
    """A reference's face. text: its vector, base64 of float32; "" where it cannot be compared, and
    why. pose: of POSES."""

    id: str
    costume: str
    pose: str
    text: str
    why: str = ""

    def vector(self) -> npt.NDArray[np.float32]:
        import numpy as np

        return np.frombuffer(base64.b64decode(self.text), "<f4")


@dataclass(frozen=True)
class Bound:
    """Cosines for one pose: from `same` on it is the same face, below `other` another."""

    same: float
    other: float

    def fields(self) -> dict[str, float]:
        return {"same": self.same, "other": self.other}


def bounds(
    own: Sequence[Face], others: Mapping[str, Sequence[Face]], published: Mapping[str, float]
) -> tuple[dict[str, Bound], str]:
    """Bounds by pose, and what they rest on; a pose of which nothing is known is left out.

    own: of the character. others: of those it must not be taken for, by character. published: by
    pose, {} for networks of which nothing is published.

    Own and other faces of a pose count for it; where there are none of it, all of them do, for a
    cosine between poses says less, not more, than one within.
    """
    genuine = [(f.pose, _nearest(f, [o for o in own if o is not f])) for f in own if len(own) > 1]
    strange = [(f.pose, _nearest(f, own)) for faces in others.values() for f in faces]
    made = {}
    for pose in POSES:
        low = max(_of_pose(strange, pose), default=None)
        high = min(_of_pose(genuine, pose), default=None)
        middle = published.get(pose)
        if middle is None and low is not None and high is not None:
            middle = (low + high) / 2
        if middle is not None:
            same, other = middle + MARGIN, middle - MARGIN
            same = same if low is None else max(same, low + MARGIN)
            other = other if high is None else min(other, high - MARGIN)
            made[pose] = Bound(round(min(same, 1.0), 4), round(max(other, -1.0), 4))
    return made, _basis(len(own), strange, len(others), published)


def _nearest(face: Face, others: Sequence[Face]) -> float:
    vector = face.vector()
    return max(float(vector @ other.vector()) for other in others)


def _of_pose(found: Sequence[tuple[str, float]], pose: str) -> list[float]:
    return [near for own, near in found if own == pose] or [near for _, near in found]


def _basis(own: int, strange: Sequence[object], characters: int, published: object) -> str:
    parts = ["what is published of SFace"] if published else []
    if own > 1:
        parts.append(f"{own} references against each other")
    if strange:
        parts.append(f"{_many(len(strange), 'face')} of {_many(characters, 'other character')}")
    if not published and len(parts) < 2:
        return "no bounds: they need several references and another character of the show"
    return f"bounds from {', '.join(parts[:-1])}{' and ' if parts[1:] else ''}{parts[-1]}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
