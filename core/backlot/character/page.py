"""The report as one page of HTML: no script, nothing from elsewhere, readable on paper."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import likepage, results
from .results import ShotResult
from .verdicts import CANNOT_TELL, CHANGED, UNCHANGED, SceneVerdict, ShotVerdict

if TYPE_CHECKING:
    from .report import Checked, Outcome

# Okabe and Ito's colours, which people with any colour vision can tell apart.
_LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#000000")
_SIGNS = {CHANGED: "&#9650;", UNCHANGED: "&#10003;", CANNOT_TELL: "?"}
_CLASSES = {CHANGED: "changed", UNCHANGED: "same", CANNOT_TELL: "open"}
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 960, 150, 34, 20, 8
_LEAST_SCALE = 6.0

_STYLE = """
:root { color-scheme: light; }
body { font: 14px/1.45 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #1b1b1f;
  background: #fff; max-width: 1080px; margin: 32px auto; padding: 0 24px; }
h1 { font-size: 26px; font-weight: 600; margin: 0 0 4px; }
h2 { font-size: 17px; font-weight: 600; margin: 34px 0 10px; border-bottom: 1px solid #d8d8de;
  padding-bottom: 4px; }
h3 { font-size: 15px; font-weight: 600; margin: 0 0 4px; }
p.quiet, td.quiet, .quiet { color: #62626c; }
.counts { display: flex; gap: 12px; margin: 20px 0; }
.counts div { border: 1px solid #d8d8de; border-radius: 6px; padding: 10px 18px; min-width: 110px; }
.counts b { display: block; font-size: 24px; font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; border-bottom: 1px solid #9a9aa4;
  padding: 4px 10px 4px 0; }
td { border-bottom: 1px solid #ececf0; padding: 4px 10px 4px 0; vertical-align: top; }
.changed { color: #a83200; font-weight: 600; } .same { color: #00694b; } .open { color: #62626c; }
.pictures { display: flex; flex-wrap: wrap; gap: 10px; }
figure { margin: 0; break-inside: avoid; } figcaption { font-size: 12px; max-width: 240px; }
figure img { display: block; max-height: 220px; max-width: 240px; border-radius: 3px; }
section { break-inside: avoid; margin: 22px 0; }
ul { margin: 4px 0 6px; padding-left: 18px; }
svg { width: 100%; height: auto; display: block; } svg text { font-size: 10px; fill: #62626c; }
.key { font-size: 12px; } .key span { margin-right: 14px; white-space: nowrap; }
.key i { display: inline-block; width: 16px; height: 0; border-top: 3px solid; margin-right: 5px;
  vertical-align: middle; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } a { color: inherit; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

_METHOD = """
<h2>How to read this</h2>
<p>What all regions of the character have in common in a frame is taken for the light of the shot
and explained away; what remains of a region, against the character's references, is its change, as
CIEDE2000 under the reference's light. A region is called changed from {threshold:g} dE2000, and
only where no light explains it; the error of the measurement counts too. &ldquo;Cannot tell&rdquo;
is an answer: too small, too dark, clipped, mixed light, fewer than three regions. In a shot, a
region has changed when it did on half of the frames that can be told, or on five in a row. Shots of
one scene are weighed together too, since more views than one tell light from drift.
Lightness alone is never judged: shading does as much. What is said of regions is about their colour
and texture. It does not say, and must not be read to say, that two pictures show the same
person.</p>
"""


class Worst(NamedTuple):
    """A change to look at first: a region of a shot at its largest."""

    size: float
    shot: str
    frame: int
    sentence: str


def html(
    checked: Checked, outcome: Outcome, worst: Sequence[Worst], scenes: Sequence[SceneVerdict] = ()
) -> Iterator[str]:
    """The page in pieces, shot by shot."""
    name = escape(checked.character)
    yield f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
    yield f"<style>{_STYLE}</style></head><body>\n<h1>{name}: character check</h1>\n"
    yield (
        f'<p class="quiet">{_counted(len(checked.shots), "shot")}, '
        f"{_counted(len(checked.references), 'reference')}, "
        f"regions: {escape(', '.join(checked.regions))}. Made by Backlot.</p>\n"
    )
    yield _counts(outcome)
    yield from _worst(worst)
    yield from _scenes(checked, scenes)
    yield from _table(checked)
    yield from _pictures(checked)
    yield "<h2>Shots</h2>\n"
    colors = {name: _LINES[at % len(_LINES)] for at, name in enumerate(checked.regions)}
    yield _key(colors)
    for result in checked.results():
        yield _section(result, colors, checked.threshold)
    yield _METHOD.format(threshold=checked.threshold)
    if any(result.face for result in checked.results()):
        yield likepage.METHOD.format(how=escape(checked.faces))
    elif checked.faces:
        yield f"<p>{escape(checked.faces)}</p>\n"
    yield "</body></html>\n"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _counts(outcome: Outcome) -> str:
    counts = (
        (outcome.changed, "changed", "changed"),
        (outcome.unchanged, "unchanged", "same"),
        (outcome.cannot_tell, "not all can be told", "open"),
        (outcome.failed, "frames failed", "open"),
    )
    boxes = "".join(
        f'<div class="{kind}"><b>{count}</b>{words}</div>'
        for count, words, kind in counts
        if count or kind != "open"
    )
    return f'<div class="counts">{boxes}</div>\n'


def _worst(worst: Sequence[Worst]) -> Iterator[str]:
    if not worst:
        return
    yield "<h2>Look at these first</h2>\n"
    yield "<table><tr><th>Shot</th><th>Worst frame</th><th>What</th></tr>"
    for each in worst:
        yield (
            f'<tr><td><a href="#{escape(each.shot)}">{escape(each.shot)}</a></td>'
            f"<td>{each.frame}</td><td>{escape(each.sentence)}</td></tr>\n"
        )
    yield "</table>\n"


def _scenes(checked: Checked, scenes: Sequence[SceneVerdict]) -> Iterator[str]:
    if not scenes:
        return
    heads = "".join(f"<th>{escape(name)}</th>" for name in checked.regions)
    yield "<h2>Scenes: all their shots together</h2>\n"
    yield f"<table><tr><th>Scene</th><th>Shots</th>{heads}</tr>\n"
    for scene in dict.fromkeys(each.scene for each in scenes):
        said = {each.region: each for each in scenes if each.scene == scene}
        shots = max(each.shots for each in said.values())
        cells = "".join(
            _cell(said[name]) if name in said else "<td></td>" for name in checked.regions
        )
        yield f"<tr><td>{escape(scene)}</td><td>{shots}</td>{cells}</tr>\n"
    yield "</table>\n"
    for each in scenes:
        if each.note:
            yield f'<p class="quiet">{escape(f"{each.scene}: {each.region} {each.note}")}</p>\n'


def _table(checked: Checked) -> Iterator[str]:
    heads = "".join(f"<th>{escape(name)}</th>" for name in checked.regions)
    faces = any(result.face for result in checked.results())
    heads += f"<th>{likepage.HEAD}</th>" if faces else ""
    yield f"<h2>All shots</h2>\n<table><tr><th>Shot</th><th>Frames</th>{heads}</tr>\n"
    for result in checked.results():
        cells = "".join(_cell(verdict) for verdict in result.verdicts)
        cells += likepage.cell(result.face) if faces else ""
        count = len(result.failed)
        failed = f' <span class="changed">{count} failed</span>' if count else ""
        shot = escape(result.shot)
        yield f'<tr><td><a href="#{shot}">{shot}</a></td>'
        yield f"<td>{result.frames}{failed}</td>{cells}</tr>\n"
    yield "</table>\n"


def _cell(verdict: ShotVerdict | SceneVerdict) -> str:
    size = "" if verdict.size is None else f" {verdict.size:.1f}"
    kind = _CLASSES[verdict.verdict]
    return f'<td class="{kind}" title="{escape(str(verdict))}">{_SIGNS[verdict.verdict]}{size}</td>'


def _pictures(checked: Checked) -> Iterator[str]:
    yield "<h2>The character in all shots, under the reference's light</h2>\n"
    yield '<div class="pictures">'
    for one, words in checked.references:
        path = checked.out / "references" / f"{one}.png"
        yield _figure(path, f"<b>Reference</b> {escape(words)}")
    for result in checked.results():
        kind = _CLASSES[result.verdict]
        words = f'{escape(result.shot)} <span class="{kind}">{result.verdict}</span>'
        yield _figure(result.picture, words)
    yield "</div>\n"


def _figure(path: Path, caption: str) -> str:
    image = _embedded(path)
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>\n" if image else ""


def _embedded(path: Path) -> str:
    try:
        data = b64encode(path.read_bytes()).decode()
    except OSError:
        return ""
    return f'<img alt="" src="data:image/png;base64,{data}">'


def _key(colors: Mapping[str, str]) -> str:
    spans = "".join(
        f'<span><i style="border-color:{color}"></i>{escape(name)}</span>'
        for name, color in colors.items()
    )
    return (
        f'<p class="key">{spans}<span class="quiet">dE2000 by frame; dashed: changed from here; '
        "gaps: cannot be told</span></p>\n"
    )


def _section(result: ShotResult, colors: Mapping[str, str], threshold: float) -> str:
    lines = [line for line in results.frames(result.path) if "failed" not in line]
    said = "".join(_sentence(verdict) for verdict in result.verdicts)
    said += likepage.item(result.face) + likepage.found(lines)
    said += "".join(
        f'<li class="changed">frame {number} failed: {escape(why)}</li>'
        for number, why in result.failed[:5]
    )
    more = len(result.failed) - 5
    said += f'<li class="changed">and {more} more frames</li>' if more > 0 else ""
    kind = _CLASSES[result.verdict]
    return (
        f'<section id="{escape(result.shot)}">'
        f'<h3>{escape(result.shot)} <span class="{kind}">{result.verdict}</span></h3>'
        f"<ul>{said}</ul>{_plot(lines, colors, threshold)}{_likeness(lines)}</section>\n"
    )


def _likeness(lines: Sequence[Mapping[str, Any]]) -> str:
    drawn = likepage.plot(lines)
    return f'<p class="key"><span>Likeness of the face, by frame</span></p>{drawn}' if drawn else ""


def _sentence(verdict: ShotVerdict) -> str:
    words = escape("; ".join(verdict.notes))
    notes = f' <span class="quiet">({words})</span>' if words else ""
    return f'<li class="{_CLASSES[verdict.verdict]}">{escape(str(verdict))}{notes}</li>'


def _plot(lines: Sequence[Mapping[str, Any]], colors: Mapping[str, str], threshold: float) -> str:
    """Drift by frame as SVG: a line for each region, broken where it cannot be told."""
    if not lines:
        return ""
    numbers = [int(line["frame"]) for line in lines]
    known = [
        float(said["size"])
        for line in lines
        for said in line.get("regions", {}).values()
        if "size" in said and said["verdict"] != CANNOT_TELL
    ]
    top = max([_LEAST_SCALE, *known]) * 1.08
    wide = max(1, numbers[-1] - numbers[0])

    def across(number: int) -> float:
        return _LEFT + (number - numbers[0]) / wide * (_WIDTH - _LEFT - 8)

    def up(size: float) -> float:
        return _HEIGHT - _BOTTOM - size / top * (_HEIGHT - _BOTTOM - _TOP)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="dE2000 by frame">']
    step = 2 if top < 12 else 5 if top < 30 else 10
    for mark in range(0, int(top) + 1, step):
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{up(mark):.1f}" y2="{up(mark):.1f}" '
            f'stroke="#ececf0"/><text x="{_LEFT - 6}" y="{up(mark) + 3:.1f}" '
            f'text-anchor="end">{mark}</text>'
        )
    parts.append(
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{up(threshold):.1f}" y2="{up(threshold):.1f}" '
        'stroke="#a83200" stroke-dasharray="5 4"/>'
    )
    for number, anchor in ((numbers[0], "start"), (numbers[-1], "end"))[: min(2, len(numbers))]:
        parts.append(
            f'<text x="{across(number):.1f}" y="{_HEIGHT - 5}" '
            f'text-anchor="{anchor}">{number}</text>'
        )
    for region, color in colors.items():
        parts += _curve(lines, region, color, across, up)
    return "".join([*parts, "</svg>"])


def _curve(
    lines: Sequence[Mapping[str, Any]], region: str, color: str, across: Any, up: Any
) -> Iterator[str]:
    runs: list[list[str]] = [[]]
    for line in lines:
        said = line.get("regions", {}).get(region, {})
        if "size" in said and said.get("verdict") != CANNOT_TELL:
            runs[-1].append(f"{across(int(line['frame'])):.1f},{up(float(said['size'])):.1f}")
        elif runs[-1]:
            runs.append([])
    for run in runs:
        if len(run) == 1:
            x, y = run[0].split(",")
            yield f'<circle cx="{x}" cy="{y}" r="2.5" fill="{color}"/>'
        elif run:
            yield (
                f'<polyline points="{" ".join(run)}" fill="none" stroke="{color}" '
                'stroke-width="2" stroke-linejoin="round"/>'
            )
