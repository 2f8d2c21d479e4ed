"""A character's face against its references: as they are, another, or that it cannot be told."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .finding import NONE, Seen
from .pose import BINS
from .sface import LENGTHS, Vector

SAME, OTHER, CANNOT_TELL = "same", "other", "cannot tell"
NETWORKS, NO_REFERENCE, NO_BOUND, NEAR = (
    "other-networks", "no-face-reference", "no-face-bound", "near-bound",
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What a client sent of a face. key: of the networks that made the vectors (`Pair.key`).

    vectors: (id, costume, vector) of references. bounds: by pose, the cosine from which it is the
    same face and the one below which it is another.
    """

    key: str
    vectors: Sequence[tuple[str, str, Vector]]
    bounds: Mapping[str, tuple[float, float]]


def parsed(fields: Mapping[str, Any]) -> Known:
    """Raises: ValueError, TypeError, KeyError, AttributeError where it is none."""
    vectors = [
        (str(one["id"]), str(one.get("costume", "")), unpacked(str(one["vector"])))
        for one in fields["vectors"]
    ]
    if len({len(vector) for _, _, vector in vectors}) > 1:
        raise ValueError("vectors")
    bounds = {}
    for pose in BINS:
        if pose in fields["bounds"]:
            same, other = (float(fields["bounds"][pose][each]) for each in (SAME, OTHER))
            if not -1 <= other <= same <= 1:
                raise ValueError("bounds")
            bounds[pose] = same, other
    return Known(str(fields["key"]), vectors, bounds)


def packed(vector: Vector) -> str:
    """A vector as text: base64 of little-endian float32."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


def unpacked(text: str) -> Vector:
    """Raises: ValueError where it is no vector of length 1."""
    try:
        vector = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    except ValueError as error:
        raise ValueError("vector") from error
    if len(vector) not in LENGTHS or not abs(float(np.linalg.norm(vector)) - 1) < 1e-3:
        raise ValueError("vector")
    return vector


def compared(
    seen: Seen | None, vector: Vector | None, known: Known, costume: str
) -> dict[str, Any]:
    """What is told of a face on a frame: docs/character-lock.md says what each value means.

    vector: of a face that can be compared. costume: as for looks, "" for all references.
    """
    if seen is None:
        return {"verdict": CANNOT_TELL, "why": NONE}
    told: dict[str, Any] = {"verdict": CANNOT_TELL, "why": seen.why, **seen.fields()}
    if vector is None:
        return told
    near = [
        (float(vector @ other), name)
        for name, worn, other in known.vectors
        if (not costume or worn == costume) and len(other) == len(vector)
    ]
    if not near:
        return {**told, "why": NO_REFERENCE}
    likeness, reference = max(near)
    told |= {"similarity": round(likeness, 4), "reference": reference}
    if seen.pose.bin not in known.bounds:
        return {**told, "why": NO_BOUND}
    same, other = known.bounds[seen.pose.bin]
    verdict = SAME if likeness >= same else OTHER if likeness < other else CANNOT_TELL
    why = NEAR if verdict == CANNOT_TELL else ""
    return {**told, "verdict": verdict, "why": why, SAME: same, OTHER: other}
