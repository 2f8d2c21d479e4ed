"""The part of a check's page that is about faces: a column, a sentence, a curve by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .likeness import OTHER, SAME, FaceVerdict
from .verdicts import CANNOT_TELL

HEAD = "Likeness"
_SIGNS = {OTHER: "&#9650;", SAME: "&#10003;", CANNOT_TELL: "?"}
_CLASSES = {OTHER: "changed", SAME: "same", CANNOT_TELL: "open"}
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 960, 110, 34, 18, 8
_LINE = "#1b1b1f"

METHOD = """
<p>{how} Likeness is the cosine between the vector of the face on a frame and that of the nearest
reference, 1 at most. Which value is near enough hangs on how far the face is turned, and is drawn
as a grey band: from its upper edge on the face is as in the references, below its lower edge it is
another, between them it cannot be told; nor where the face is turned away, too small, blurred, dark
or clipped. A network can be wrong about people, more so about some than about others: look.</p>
"""


def cell(face: FaceVerdict | None) -> str:
    """A shot's cell in the table."""
    if face is None:
        return "<td></td>"
    value = "" if face.similarity is None else f" {face.similarity:.2f}"
    kind = _CLASSES[face.verdict]
    return f'<td class="{kind}" title="{escape(str(face))}">{_SIGNS[face.verdict]}{value}</td>'


def item(face: FaceVerdict | None) -> str:
    """A line of a shot's list."""
    if face is None:
        return ""
    return f'<li class="{_CLASSES[face.verdict]}">{escape(str(face))}</li>'


def found(lines: Sequence[Mapping[str, Any]]) -> str:
    """A line that says of how many frames the face's matte was found, and by what; "" of none."""
    by = [each for line in lines for each in line.get("found", {}).items()]
    if not by:
        return ""
    region, network = by[0]
    words = f"{region}: no matte of it on {len(by)} frames; {network} found one"
    return f'<li class="open">{escape(words)}</li>'


def plot(lines: Sequence[Mapping[str, Any]]) -> str:
    """Likeness by frame as SVG, with the band of what cannot be told; "" without a face."""
    told = [(int(line["frame"]), line["face"]) for line in lines if "face" in line]
    if not any("similarity" in face for _, face in told):
        return ""
    numbers = [int(line["frame"]) for line in lines]
    wide = max(1, numbers[-1] - numbers[0])

    def across(number: float) -> float:
        return _LEFT + (number - numbers[0]) / wide * (_WIDTH - _LEFT - 8)

    def up(value: float) -> float:
        return _HEIGHT - _BOTTOM - max(0.0, value) * (_HEIGHT - _BOTTOM - _TOP)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="likeness by frame">']
    for mark in (0.0, 0.5, 1.0):
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{up(mark):.1f}" y2="{up(mark):.1f}" '
            f'stroke="#ececf0"/><text x="{_LEFT - 6}" y="{up(mark) + 3:.1f}" '
            f'text-anchor="end">{mark:g}</text>'
        )
    for number, face in told:
        if SAME in face and OTHER in face:
            left, right = (max(_LEFT, across(number + half)) for half in (-0.5, 0.5))
            top, bottom = up(face[SAME]), up(face[OTHER])
            parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(2.0, right - left):.1f}" '
                f'height="{max(1.0, bottom - top):.1f}" fill="#dcdce2"/>'
            )
    for number, anchor in ((numbers[0], "start"), (numbers[-1], "end"))[: min(2, len(numbers))]:
        parts.append(
            f'<text x="{across(number):.1f}" y="{_HEIGHT - 4}" '
            f'text-anchor="{anchor}">{number}</text>'
        )
    parts += _curve(told, across, up)
    return "".join([*parts, "</svg>"])


def _curve(told: Sequence[tuple[int, Mapping[str, Any]]], across: Any, up: Any) -> list[str]:
    runs: list[list[str]] = [[]]
    for number, face in told:
        if "similarity" in face:
            runs[-1].append(f"{across(number):.1f},{up(float(face['similarity'])):.1f}")
        elif runs[-1]:
            runs.append([])
    parts = []
    for run in runs:
        if len(run) == 1:
            x, y = run[0].split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="2.5" fill="{_LINE}"/>')
        elif run:
            parts.append(
                f'<polyline points="{" ".join(run)}" fill="none" stroke="{_LINE}" '
                'stroke-width="2" stroke-linejoin="round"/>'
            )
    return parts
