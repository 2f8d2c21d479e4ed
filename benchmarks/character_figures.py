"""Figures of Character Lock from what was observed: rates, curves, corrections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from examples.characters import lights

from . import character_peers as peers
from . import character_scores as scores
from .character_scores import Seen
from .figures import Figure


def verdicts(head: str, seen: list[Seen]) -> Iterator[Figure]:
    main = [s for s in seen if s.case.kind in (lights.EASY, lights.HARD)]
    easy = [s for s in main if s.case.kind == lights.EASY]
    positive, negative = scores.ranked(main)
    told = scores.rates(main)
    unranked = [s for s in main if (s.counts or not s.drifted) and scores.odds(s) is None]
    note = (
        f"{len(positive)} drifted, {len(negative)} not; {len(unranked)} more too small, clipped ..."
    )
    yield Figure(f"{head}, area under ROC", scores.area(positive, negative), "", None, note, 0.94)
    alarms = scores.false_alarms(positive, negative)
    curve = ", ".join(
        f"{scores.false_alarms(positive, negative, share / 100):.1f} at {share} %"
        for share in (50, 70, 80, 95)
    )
    yield Figure(f"{head}, false alarms at 90 % found", alarms, "%", 15, curve)
    for name in lights.LIGHTS:
        under = scores.ranked(s for s in seen if s.case.light == name)
        if all(under):
            area, alarms = scores.area(*under), scores.false_alarms(*under)
            yield Figure(
                f"{head}, {name}: area",
                area,
                "",
                None,
                f"false alarms at 90 % found {alarms:.1f} %",
            )
    easily = scores.ranked(easy)
    note = f"area {scores.area(*easily):.3f}"
    alarms = scores.false_alarms(*easily)
    yield Figure(f"{head}, the same in easy light", alarms, "%", 5, note)
    note = f"of {told['drifted']:.0f}; in easy light {scores.rates(easy)['found of decided']:.1f}"
    yield Figure(f"{head}, found of decided", told["found of decided"], "%", None, note, 90)
    note = f"called unchanged: {told['called unchanged']:.1f} %"
    yield Figure(f"{head}, found of all", told["found of all"], "%", None, note, 80)
    note = f"of {told['same']:.0f}; in easy light {scores.rates(easy)['false of decided']:.1f}"
    yield Figure(f"{head}, false alarms among decided", told["false of decided"], "%", 8, note)
    note = f"drifted {told['cannot tell, drifted']:.1f}"
    yield Figure(f"{head}, cannot tell, undrifted", told["cannot tell, same"], "%", 35, note)
    neon = [s for s in seen if s.case.kind == lights.TWO_COLOUR]
    silent = sum(s.verdict == "cannot tell" for s in neon) / max(1, len(neon)) * 100
    wrong = sum(s.counts and s.verdict == "unchanged" for s in neon)
    note = f"called unchanged though drifted: {wrong}"
    yield Figure(f"{head}, two-colour light: cannot tell", silent, "%", None, note, 95)
    yield from _pooled(head, main)
    yield from _lightness(head, main)


def _pooled(head: str, main: list[Seen]) -> Iterator[Figure]:
    """The four views of a set-up as four shots of a scene, by the product's verdict on scenes."""
    from backlot.character.verdicts import of_scene, of_shot

    scenes: dict[tuple[str, str, str, str], list[Seen]] = defaultdict(list)
    for one in main:
        scenes[one.case.character.name, one.case.variant, one.case.light, one.region].append(one)
    positive: list[float] = []
    negative: list[float] = []
    verdicts: dict[bool, list[str]] = {True: [], False: []}
    for group in scenes.values():
        if group[0].drifted and not group[0].counts:
            continue
        told = of_scene("", [of_shot(one.region, [(1, one.said)]) for one in group])
        verdicts[group[0].counts].append(told.verdict)
        if told.odds is not None:
            (positive if group[0].counts else negative).append(told.odds)
    if positive and negative:
        alarms = scores.false_alarms(positive, negative)
        note = f"area {scores.area(positive, negative):.3f}, {len(positive)} + {len(negative)}"
        yield Figure(f"{head}, pooled: false alarms at 90 % found", alarms, "%", 6, note)
    for counts, name in ((True, "found of decided"), (False, "false alarms of decided")):
        of = verdicts[counts]
        decided = [v for v in of if v != "cannot tell"]
        share = 100 * decided.count("changed") / max(1, len(decided))
        note = f"cannot tell {len(of) - len(decided)} of {len(of)}"
        yield Figure(f"{head}, pooled: {name}", share, "%", None, note)


def _lightness(head: str, main: list[Seen]) -> Iterator[Figure]:
    """How far the change of luminance tells what changed in lightness alone."""
    for name, kinds in (("easy", (lights.EASY,)), ("main", (lights.EASY, lights.HARD))):
        found: tuple[list[float], list[float]] = ([], [])
        told = total = 0
        for one in main:
            if one.case.kind not in kinds or (one.drifted and not one.lightness_only):
                continue
            value = one.said.get("lightness")
            total += 1
            if isinstance(value, (int, float)):
                told += 1
                found[0 if one.drifted else 1].append(abs(value))
        if all(found):
            note = f"judged in {100 * told / total:.0f} % of the frames"
            area = scores.area(*found)
            yield Figure(f"{head}, lightness alone, {name} light: area", area, "", None, note)
    yield from _lightness_of_scenes(head, main)


def _lightness_of_scenes(head: str, main: list[Seen]) -> Iterator[Figure]:
    """The same by the four views of a set-up together."""
    from backlot.character.verdicts import of_scene, of_shot

    scenes: dict[tuple[str, ...], list[Seen]] = defaultdict(list)
    for one in main:
        if not one.drifted or one.lightness_only:
            case = one.case
            scenes[case.character.name, case.variant, case.light, one.region].append(one)
    for name, kinds in (("easy", (lights.EASY,)), ("main", (lights.EASY, lights.HARD))):
        found: tuple[list[float], list[float]] = ([], [])
        noted = [0, 0]
        for group in scenes.values():
            if group[0].case.kind not in kinds:
                continue
            told = of_scene("", [of_shot(one.region, [(1, one.said)]) for one in group])
            if told.lightness is not None:
                at = 0 if group[0].drifted else 1
                found[at].append(abs(told.lightness))
                noted[at] += bool(told.note)
        if all(found):
            shares = [100 * n / len(f) for n, f in zip(noted, found, strict=True)]
            note = f"noted: {shares[0]:.0f} % of {len(found[0])}, falsely {shares[1]:.0f} %"
            area = scores.area(*found)
            yield Figure(f"{head}, lightness alone, scenes, {name}: area", area, "", None, note)


def corrections(head: str, seen: list[Seen]) -> Iterator[Figure]:
    """Where the tool said "changed" of what changed: nearer to the undrifted truth?"""
    done = [
        s
        for s in seen
        if s.counts and s.verdict == "changed" and s.case.kind != lights.TWO_COLOUR
        and np.isfinite(s.before)
    ]  # fmt: skip
    told = scores.corrections(done)
    if not told:
        return
    easy = scores.corrections(s for s in done if s.case.kind == lights.EASY)
    note = f"{told['before']:.2f} before; easy light {easy['ratio']:.0f} %; {told['count']:.0f}"
    yield Figure(f"{head}, correction: of the difference left", told["ratio"], "%", 45, note)
    note = f"p90 {told['p90']:.1f}"
    yield Figure(f"{head}, correction: difference after", told["after"], "dE", 3.2, note)
    yield Figure(f"{head}, correction: worse than nothing", told["worse"], "%", 6)
    yield Figure(f"{head}, correction: halved", told["halved"], "%", None, "", 65)
    for name in peers.PEERS:
        pairs = [Seen(s.case, s.region, s.said, s.before, s.peers[name]) for s in done if s.peers]
        peer = scores.corrections(pairs)
        note = f"after {peer['after']:.1f} dE, worse than nothing {peer['worse']:.0f} %"
        yield Figure(f"{head}, {name} instead: left", peer["ratio"], "%", None, note)
    harmed = [s for s in seen if not s.drifted and s.verdict == "changed"]
    if harmed:
        size = float(np.mean([s.said["size"] for s in harmed]))
        note = f"{len(harmed)} of {sum(not s.drifted for s in seen)}"
        yield Figure(f"{head}, size of false alarms", size, "dE", None, note)


def calibrated(head: str, pairs: list[tuple[Seen, Seen]]) -> Iterator[Figure]:
    """The same shots without and with a calibration on shots in other lights."""
    if not pairs:
        return
    alarms, told = [], []
    for which in (0, 1):
        seen = [pair[which] for pair in pairs]
        alarms.append(scores.false_alarms(*scores.ranked(seen)))
        told.append(scores.rates(seen))
    note = f"without {alarms[0]:.1f}"
    yield Figure(f"{head}, calibrated: false alarms at 90 % found", alarms[1], "%", None, note)
    words = ("false of decided", "found of all", "cannot tell, same")
    note = "; ".join(f"{word} {told[0][word]:.1f} to {told[1][word]:.1f}" for word in words)
    value = told[1]["false of decided"]
    yield Figure(f"{head}, calibrated: false alarms among decided", value, "%", None, note)
