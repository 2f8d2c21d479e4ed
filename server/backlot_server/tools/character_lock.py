"""Character lock: has a character's look drifted, and if so, bring it back.

Every region of the character (coat, hair, skin ...) is measured and compared with the character's
references (`backlot_server.look`); what all regions share is the light of the shot. "check" leaves
every pixel as it is and says what it found; "lock" corrects the regions that changed and no others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backlot.errors import InvalidInput, MissingFrame, NotFound, UnreadableFile
from backlot.frame import Frame
from backlot.matte import coverage
from backlot.tools import Value

from ..job import Job, Made, Plan, fingerprint, half_or_float
from ..look.spec import NEAR, OFF, SPEC
from ..models import find

if TYPE_CHECKING:
    from ..look.colour import Values
    from ..look.drift import Opinion, Verdict
    from ..look.statistics import Look, Pixels

ENGINE = "Region gains"
THRESHOLD = 3.0
"""CIEDE2000 from which a region has changed, where the character does not say."""

__all__ = ["SPEC", "plan", "run"]


def plan(values: Mapping[str, Value]) -> Plan:
    if values["mode"] != "lock" or values["network"] == OFF:
        return Plan(ENGINE, fingerprint(SPEC, ENGINE))
    card = find(str(values["network"]))
    engine = f"{ENGINE}, {card.label}"
    return Plan(engine, fingerprint(SPEC, engine, card.sha256))


def run(job: Job, number: int) -> Made:
    from .character_face import told

    values = job.values(number)
    source = job.read("source", number)
    result = job.blank(source)
    np.copyto(result.pixels, source.pixels)
    if values["mode"] == "describe":
        found = {name: look.to_json() for name, look in _looks(job, number).items()}
        job.progress(number, 1.0)
        return Made(result, ENGINE, {"regions": found})
    opinion, verdicts = _judged(job, number)
    if values["mode"] != "lock" or values["strength"] <= 0:
        job.progress(number, 1.0)
        found = _measured(opinion, verdicts, {}) | told(job, number)
        return Made(result, ENGINE, found)
    wanted = _names(values["only"])
    gains = {
        name: _inverse(verdict, float(values["strength"]))
        for name, verdict in verdicts.items()
        if verdict.verdict == "changed" and (not wanted or name in wanted)
    }
    redrawn = {n: v for n, v in _redrawn(job, number).items() if not wanted or n in wanted}
    _correct(job, number, result, gains, redrawn)
    job.progress(number, 1.0)
    measured = _measured(opinion, verdicts, gains)
    for name in redrawn:
        measured["regions"][name]["redrawn"] = str(values["network"])
    return Made(result, plan(values).engine, measured)


def _names(given: Value) -> set[str]:
    """Regions, as people write them with commas between."""
    return {name.strip() for name in str(given).split(",") if name.strip()}


def _judged(job: Job, number: int) -> tuple[Opinion, dict[str, Verdict]]:
    """A verdict for each region, from this frame's pixels and its neighbours' residuals."""
    from ..look.drift import CANNOT_TELL, Verdict, judge

    here = _opinion(job, number)
    near = [_near(job, n) for n in range(number - NEAR, number + NEAR + 1)]
    thresholds = _character(job, number)["thresholds"]
    smooth = {name: _smooth(near, name) for name in here.residuals}
    unlit = bool(job.values(number)["diffuse"])
    verdicts = {name: Verdict(CANNOT_TELL, why=why) for name, why in here.refused.items()}
    return here, verdicts | judge(here.residuals, thresholds, smooth, unlit)


def _near(job: Job, number: int) -> Opinion | None:
    """The opinion on a neighbour; None where there is no such frame, or it cannot be read."""
    try:
        return _opinion(job, number) if job.read("source", number).number == number else None
    except (MissingFrame, NotFound, UnreadableFile):
        return None


def _smooth(near: list[Opinion | None], name: str) -> Values:
    """A region's residuals over time: a median of 5 frames, then the mean of 5 of those."""
    known = [
        None if one is None or name not in one.residuals else one.residuals[name].left
        for one in near
    ]
    medians = []
    for at in range(NEAR // 2, len(known) - NEAR // 2):
        around = [k for k in known[at - NEAR // 2 : at + NEAR // 2 + 1] if k is not None]
        if around:
            medians.append(np.median(np.array(around), axis=0))
    return np.asarray(np.mean(medians, axis=0))


def _opinion(job: Job, number: int) -> Opinion:
    """What the regions of a frame say; kept, since its neighbours ask for it too."""
    from ..look.drift import compare
    from ..look.pooling import pooled
    from .character_face import like_found, was_found

    kept: dict[int, Opinion] = job.state.setdefault("opinions", {})
    if number not in kept:
        character = _character(job, number)
        costume = str(job.values(number)["costume"])
        looks, fixed = _looks(job, number), character["fixed"]
        kind = "references of found faces" if was_found(job, number) else "references"
        if kind not in job.state:
            shown = [
                (str(one.get("id", "")), like_found(job, number, one["looks"]))
                for one in character["references"]
                if not costume or one.get("costume", "") == costume
            ]
            job.state[kind] = pooled(shown, fixed)
        kept[number] = compare(looks, job.state[kind], character["spreads"], fixed)
        for old in [n for n in kept if abs(n - number) > 4 * NEAR]:
            del kept[old]
    return kept[number]


def _looks(job: Job, number: int) -> dict[str, Look]:
    from ..faces.covering import matted
    from ..look.sampling import extents, glance, sampled
    from ..look.statistics import clipping, look
    from .character_face import found_face

    source, matte = job.read("source", number), job.read("matte", number)
    channels = _rgb(source)
    clip = float(job.values(number)["clip"]) or clipping(glance(source, channels))
    regions = _regions(job, number, source, matte)
    covered = extents(matte.pixels)
    found = {}
    for name, channel in regions.items():
        job.check()
        rgb, cover = sampled(source, channels, matte, channel, covered[channel])
        found[name] = look(rgb, cover, clip)
    face = found_face(job, number, regions)
    if face is not None:
        found[face[0]] = look(*matted(source, channels, matte, face[1]), clip)
    return found


def _regions(job: Job, number: int, source: Frame, matte: Frame) -> dict[str, int]:
    """Which channel of the matte is which region."""
    ours, theirs = source.display_window, matte.display_window
    if (ours.width, ours.height) != (theirs.width, theirs.height):
        raise InvalidInput(
            f"The matte is {theirs.width}x{theirs.height}, the plate is "
            f"{ours.width}x{ours.height}.",
            "Render the matte at the plate's format.",
        )
    channels = [c for c in matte.channels if c != "A"] or ["A"]
    names: list[str] = _character(job, number)["regions"] or channels
    known = {name.lower(): name for name in names}
    found: dict[str, int] = {}
    for at, channel in enumerate(channels):
        spoken = next((known[part] for part in channel.lower().split(".") if part in known), None)
        name = spoken or (names[at] if at < len(names) else None)
        if name is not None and name not in found:
            found[name] = matte.channels.index(channel)
    return found


def _rgb(source: Frame) -> tuple[int, ...]:
    """Which channels are red, green and blue."""
    names = [channel.rpartition(".")[2].upper() for channel in source.channels]
    if not {"R", "G", "B"} <= set(names):
        raise InvalidInput(
            "A character's colour is measured on red, green and blue, and this plate has "
            f"{', '.join(source.channels)}.",
            "Choose the colour layer of the plate.",
        )
    return tuple(names.index(c) for c in "RGB")


def _character(job: Job, number: int) -> dict[str, Any]:
    """What the client sent of the character, with looks as looks."""
    if "character" in job.state:
        return job.state["character"]  # type: ignore[no-any-return]
    values = job.values(number)
    job.state["character"] = made = _parsed(str(values["character"]), str(values["mode"]))
    return made


def _parsed(text: str, mode: str) -> dict[str, Any]:
    from ..look.statistics import Look

    if not text:
        if mode == "describe":
            return {"references": [], "regions": []}
        raise InvalidInput(
            "There is no character to compare with.",
            "Name its folder; `backlot character new` makes one.",
        )
    try:
        fields = json.loads(text)
        references = [
            {**one, "looks": {n: Look.from_json(v) for n, v in one["looks"].items()}}
            for one in fields["references"]
        ]
        own = {str(name): float(value) for name, value in fields.get("thresholds", {}).items()}
        return {
            "regions": [str(name) for name in fields["regions"]],
            "references": references,
            "thresholds": {"": float(fields.get("threshold", THRESHOLD)), **own},
            "spreads": _spreads(fields.get("spreads", {})),
            "fixed": frozenset(str(name) for name in fields.get("fixed", ())),
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidInput(
            "What was sent is no character.",
            "Name the character's folder; clients send what is in it.",
        ) from error


def _spreads(given: Mapping[str, Any]) -> dict[str, float]:
    """A calibration. Raises: ValueError where it is none."""
    spreads = {str(name): float(value) for name, value in given.items()}
    if not all(0.01 <= value <= 100 for value in spreads.values()):
        raise ValueError("spreads")
    return spreads


def _inverse(verdict: Verdict, strength: float) -> tuple[float, ...]:
    """The gain that takes a change back."""
    return tuple(float(gain**-strength) for gain in verdict.gain)


def _redrawn(job: Job, number: int) -> dict[str, list[Pixels]]:
    """Regions that a network is to redraw, each with what it is shown of the references.

    Those that the artist names; else those whose texture, over the frames nearby, drifted.
    """
    from ..look.redraw import drifted

    values = job.values(number)
    if values["network"] == OFF:
        return {}
    named = _names(values["redraw"])
    near = [_near(job, n) for n in range(number - NEAR, number + NEAR + 1)]
    found = {}
    for name in _opinion(job, number).residuals:
        ratios = [each.residuals[name].texture for each in near if each and name in each.residuals]
        if name in named or (not named and drifted(float(np.median(ratios)))):
            found[name] = _pictures(job, number, name)
    return {name: pictures for name, pictures in found.items() if pictures}


def _pictures(job: Job, number: int, region: str) -> list[Pixels]:
    """References cut to a region, in this shot's light, the one that explains it best first."""
    if "references" not in job.inputs:
        raise InvalidInput(
            "A network that redraws needs the character's pictures; only its numbers were sent.",
            "Name the character's folder.",
        )
    opinion, references = _opinion(job, number), _character(job, number)["references"]
    costume = str(job.values(number)["costume"])
    fitting = [
        at
        for at, one in enumerate(references)
        if region in one["looks"] and (not costume or one.get("costume", "") == costume)
    ]
    fitting.sort(key=lambda at: references[at].get("id", "") != opinion.reference)
    most = len(find(str(job.values(number)["network"])).inputs) - 2
    shown = [(at, _picture(job, at, region)) for at in fitting[:most]]
    return [
        picture * _light(opinion, references[at]["looks"])
        for at, picture in shown
        if picture is not None
    ]


def _picture(job: Job, at: int, region: str) -> Pixels | None:
    """A reference's picture cut to a region, kept; None where it does not show it."""
    from ..look.redraw import cut

    kept: dict[tuple[int, str], Pixels | None] = job.state.setdefault("pictures", {})
    if (at, region) not in kept:
        frame = job.read("references", at)
        channels = [frame.channels.index(region)] if region in frame.channels else []
        cover = frame.pixels[..., channels].astype(np.float32).sum(axis=-1)
        kept[at, region] = cut(frame.pixels[..., :3].astype(np.float32), cover)
    return kept[at, region]


def _light(opinion: Opinion, looks: Mapping[str, Look]) -> Pixels:
    """The gains, (3,), that bring a reference's picture into this frame's light."""
    from ..look.colour import from_opponent

    moved = [
        np.subtract(each.look.lit, looks[name].lit)
        for name, each in opinion.residuals.items()
        if name in looks
    ]
    return from_opponent(np.median(moved, axis=0)).astype(np.float32)


def _correct(
    job: Job,
    number: int,
    result: Frame,
    gains: Mapping[str, tuple[float, ...]],
    redrawn: Mapping[str, list[Pixels]],
) -> None:
    from ..look.correct import apply
    from ..look.redraw import opened, redraw

    if not gains and not redrawn:
        return
    source, matte = job.read("source", number), job.read("matte", number)
    at = list(_rgb(source))
    whole = coverage(matte, source.data_window)
    rgb = source.pixels[..., at].astype(np.float32)
    values = job.values(number)
    network = opened(find(str(values["network"]))) if redrawn else None
    for name, channel in _regions(job, number, source, matte).items():
        if name not in gains and name not in redrawn:
            continue
        single = matte.with_pixels(matte.pixels[..., [channel]], channels=("A",))
        cover = np.minimum(coverage(single, source.data_window), whole)
        if name in gains:
            apply(rgb, cover, gains[name])
        if network is not None and name in redrawn:
            job.check()
            redraw(network, rgb, cover * np.float32(values["strength"]), redrawn[name])
    changed = half_or_float(rgb, result.pixels.dtype)
    for channel, one in enumerate(at):
        kept = rgb[..., channel] == source.pixels[..., one]
        result.pixels[..., one] = np.where(kept, source.pixels[..., one], changed[..., channel])


def _measured(
    opinion: Opinion, verdicts: Mapping[str, Verdict], gains: Mapping[str, tuple[float, ...]]
) -> dict[str, Any]:
    """What is told of a frame; docs/character-lock.md says what each value means."""
    from ..look.colour import from_opponent
    from ..look.drift import described

    regions: dict[str, dict[str, Any]] = {}
    for name, verdict in verdicts.items():
        regions[name] = described(verdict, opinion.residuals.get(name))
        if name in gains:
            slope = [round(gain, 5) for gain in gains[name]]
            cdl = {"slope": slope, "offset": [0, 0, 0], "power": [1, 1, 1], "saturation": 1}
            regions[name]["cdl"] = cdl
    light = from_opponent(opinion.light)
    decided = [v.delta for v in verdicts.values() if v.verdict != "cannot tell"]
    return {
        "regions": regions,
        "light": [round(float(gain), 4) for gain in light],
        "reference": opinion.reference,
        "drift": max(decided) if decided else None,
    }
