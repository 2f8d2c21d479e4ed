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
from backlot.tools import Input, Output, Param, ToolSpec, Value

from ..job import Job, Made, Plan, fingerprint, half_or_float

if TYPE_CHECKING:
    from ..look.colour import Values
    from ..look.drift import Opinion, Verdict
    from ..look.statistics import Look

ENGINE = "Region gains"
THRESHOLD = 3.0
"""CIEDE2000 from which a region has changed, where the character does not say."""
NEAR = 4
"""Frames before and after that a correction is smoothed over: a median of 5, then a mean of 5."""

SPEC = ToolSpec(
    name="character-lock",
    label="Character Lock",
    summary="Say if a character's look drifted, and bring back what did.",
    version="4",
    inputs=(
        Input("source", "image", "Source", "The shot.", before=NEAR, after=NEAR),
        Input(
            "matte",
            "matte",
            "Matte",
            "A channel for each region, named as in the character or in its order; A is all of it.",
            before=NEAR,
            after=NEAR,
        ),
    ),
    params=(
        Param(
            "character",
            "character",
            "",
            "Character",
            group="Character",
            help="The character's folder.",
        ),
        Param(
            "costume",
            "text",
            "",
            "Costume",
            group="Character",
            help="Which of the character's costumes this shot shows; empty: any.",
        ),
        Param(
            "mode",
            "choice",
            "check",
            "Do",
            choices=(
                ("check", "Check only"),
                ("lock", "Correct what drifted"),
                ("describe", "Measure a reference"),
            ),
            group="Lock",
            help="Nothing is changed before it was looked at: check first.",
        ),
        Param(
            "strength",
            "float",
            1.0,
            "Strength",
            minimum=0.0,
            maximum=1.0,
            step=0.05,
            group="Lock",
            help="How much of the correction is applied.",
            animatable=True,
        ),
        Param(
            "only",
            "text",
            "",
            "Only",
            group="Lock",
            help="Regions that may be corrected, with commas between; empty: all that changed.",
        ),
        Param(
            "clip",
            "float",
            0.0,
            "Camera clips at",
            minimum=0.0,
            maximum=1000.0,
            group="Check",
            help="Scene-linear value from which colour is lost; 0: where many pixels stop.",
        ),
    ),
    output=Output(matte="matte"),
)


def plan(values: Mapping[str, Value]) -> Plan:
    return Plan(ENGINE, fingerprint(SPEC, ENGINE))


def run(job: Job, number: int) -> Made:
    values = job.values(number)
    source = job.read("source", number)
    result = job.blank(source)
    np.copyto(result.pixels, source.pixels)
    if values["mode"] == "describe":
        found = {name: look.to_json() for name, look in _looks(job, number).items()}
        job.progress(number, 1.0)
        return Made(result, ENGINE, {"regions": found})
    opinion, verdicts = _judged(job, number)
    gains = {}
    if values["mode"] == "lock" and values["strength"] > 0:
        wanted = {name.strip() for name in str(values["only"]).split(",") if name.strip()}
        gains = {
            name: _inverse(verdict, float(values["strength"]))
            for name, verdict in verdicts.items()
            if verdict.verdict == "changed" and (not wanted or name in wanted)
        }
        _correct(job, number, result, gains)
    job.progress(number, 1.0)
    return Made(result, ENGINE, _measured(opinion, verdicts, gains))


def _judged(job: Job, number: int) -> tuple[Opinion, dict[str, Verdict]]:
    """A verdict for each region, from this frame's pixels and its neighbours' residuals."""
    from ..look.drift import CANNOT_TELL, Verdict, judge

    here = _opinion(job, number)
    near = [_near(job, n) for n in range(number - NEAR, number + NEAR + 1)]
    thresholds = _character(job, number)["thresholds"]
    smooth = {name: _smooth(near, name) for name in here.residuals}
    verdicts = {name: Verdict(CANNOT_TELL, why=why) for name, why in here.refused.items()}
    return here, verdicts | judge(here.residuals, thresholds, smooth)


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

    kept: dict[int, Opinion] = job.state.setdefault("opinions", {})
    if number not in kept:
        character = _character(job, number)
        costume = str(job.values(number)["costume"])
        references = [
            (str(one.get("id", "")), one["looks"])
            for one in character["references"]
            if not costume or one.get("costume", "") == costume
        ]
        kept[number] = compare(_looks(job, number), references, character["spreads"])
        for old in [n for n in kept if abs(n - number) > 4 * NEAR]:
            del kept[old]
    return kept[number]


def _looks(job: Job, number: int) -> dict[str, Look]:
    from ..look.sampling import extents, glance, sampled
    from ..look.statistics import clipping, look

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


def _correct(job: Job, number: int, result: Frame, gains: Mapping[str, tuple[float, ...]]) -> None:
    from ..look.correct import apply

    if not gains:
        return
    source, matte = job.read("source", number), job.read("matte", number)
    at = list(_rgb(source))
    whole = coverage(matte, source.data_window)
    rgb = source.pixels[..., at].astype(np.float32)
    for name, channel in _regions(job, number, source, matte).items():
        if name in gains:
            single = matte.with_pixels(matte.pixels[..., [channel]], channels=("A",))
            apply(rgb, np.minimum(coverage(single, source.data_window), whole), gains[name])
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
