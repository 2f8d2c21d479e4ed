"""What was found of a character's face in a shot, in words.

Values come from the tool (`character-lock`, Result.measured["face"]). Nothing is said of a face
that no network compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from .verdicts import CANNOT_TELL

SAME, OTHER = "same", "other"
_RUN, _SHARE, _LEAST = 5, 0.5, 0.1
"""As for regions: frames in a row, of those judged, and of all, that make a shot's verdict."""


@dataclass(frozen=True)
class FaceVerdict:
    """The face in a shot.

    frames: how many; compared: in how many of them it could be held against references; judged: how
    many were near enough or far enough. similarity: median cosine of those compared, low: their
    10th percentile; None without any. worst: the frame with the least. spans: first and last frame
    of each part with another face. why: the commonest reason where it cannot be told.
    """

    verdict: str
    frames: int
    compared: int = 0
    judged: int = 0
    similarity: float | None = None
    low: float | None = None
    worst: int | None = None
    spans: tuple[tuple[int, int], ...] = ()
    why: str = ""

    def __str__(self) -> str:
        """A sentence: "likeness as in the references: 0.62 (80 of 96 frames)"."""
        if self.verdict == SAME:
            counted = f"{self.compared} of {self.frames} frames"
            return f"likeness as in the references: {self.similarity:.2f} ({counted})"
        if self.verdict == OTHER:
            parts = ", ".join(f"{a}-{b}" if a != b else f"{a}" for a, b in self.spans)
            return f"likeness of another face: {self.similarity:.2f} ({parts})"
        return f"likeness cannot be told: {self.why}"

    def fields(self) -> dict[str, Any]:
        """As values that JSON has."""
        return {
            **vars(self),
            "spans": [list(span) for span in self.spans],
            "sentence": str(self),
        }


def of_shot(frames: Iterable[tuple[int, Mapping[str, Any]]]) -> FaceVerdict | None:
    """The verdict on the face in a shot; None where no frame was asked.

    Another face: on at least half of the frames that are judged, or on 5 in a row. The same: on at
    least half. Cannot tell: neither, or where under a tenth of the frames is judged.

    Args: frames, (number, what the tool told of the face), in the order of numbers.
    """
    told = [(number, said) for number, said in frames if said]
    if not told:
        return None
    known = [(float(said["similarity"]), number) for number, said in told if "similarity" in said]
    judged = [(number, str(said["verdict"])) for number, said in told]
    judged = [(number, verdict) for number, verdict in judged if verdict != CANNOT_TELL]
    others = [number for number, verdict in judged if verdict == OTHER]
    spans = _spans(judged)
    longest = max((count for _, _, count in spans), default=0)
    verdict, why = CANNOT_TELL, ""
    if len(judged) >= max(1, _LEAST * len(told)):
        if others and (len(others) >= _SHARE * len(judged) or longest >= _RUN):
            verdict = OTHER
        elif len(judged) - len(others) >= _SHARE * len(judged):
            verdict = SAME
    if verdict == CANNOT_TELL:
        why = _why(told)
    values = sorted(value for value, _ in known)
    long = [run for run in spans if run[2] >= min(_RUN, longest)]
    return FaceVerdict(
        verdict,
        len(told),
        len(known),
        len(judged),
        round(median(values), 3) if values else None,
        round(values[int(0.1 * (len(values) - 1))], 3) if values else None,
        min(known)[1] if known else None,
        tuple((first, last) for first, last, _ in long) if verdict == OTHER else (),
        why,
    )


def _why(told: Sequence[tuple[int, Mapping[str, Any]]]) -> str:
    from .faces import WHY

    reasons = Counter(str(said["why"]) for _, said in told if said.get("why"))
    code = reasons.most_common(1)[0][0] if reasons else ""
    return WHY.get(code, code) or "frames do not agree"


def _spans(judged: Sequence[tuple[int, str]]) -> list[tuple[int, int, int]]:
    """First and last frame, and count, of neighbouring judged frames with another face."""
    runs: list[tuple[int, int, int]] = []
    before = ""
    for number, verdict in judged:
        if verdict == OTHER and before == OTHER:
            first, _, count = runs[-1]
            runs[-1] = (first, number, count + 1)
        elif verdict == OTHER:
            runs.append((number, number, 1))
        before = verdict
    return runs
