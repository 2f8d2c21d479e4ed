"""Character Lock on rendered characters, by the product's own way: folder, client, server, tool.

Once over the eight characters that constants were chosen on, and once over the two that were frozen
out of all choosing: the second is the measurement. `make characters` renders them. Beside it what a
user would do instead: nothing, or make a region's colours like those of the reference frame.
"""

from __future__ import annotations

import itertools
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from examples.characters import lights
from examples.characters.cast import REFERENCE, Character

from . import character_cases as cases
from . import character_figures as figures_of
from . import character_mattes as mattes
from . import character_more, character_scale, character_whole
from . import character_peers as peers
from . import character_scores as scores
from .character_cases import Case
from .character_scores import Seen
from .figures import Figure, own_server

STEP = 20
"""Numbers of frames lie so far apart that none is a neighbour of another."""
WALKS = ("tungsten", "day", "mixed")
FLICKER = 0.15
APPROVED = ("under", "camera", "overcast", "day")
"""Lights of the shots that a calibration is made on; it is measured in the others."""
HD = (1080, 1920)


def figures() -> Iterator[Figure]:
    import backlot

    tuned, frozen = cases.characters(False), cases.characters(True)
    if not tuned and not frozen:
        note = "`make characters` renders them (half an hour)"
        yield Figure("character lock: not measured, the renders are absent", 0, "", None, note)
        return
    with own_server(), backlot.connect() as studio, tempfile.TemporaryDirectory() as home:
        for name, cast in (("chosen on", tuned), ("frozen out", frozen)):
            if not cast:
                continue
            seen, flicker, sent = [], [], {}
            calibrated: list[tuple[Seen, Seen]] = []
            for character in cast:
                one = made_character(studio, Path(home) / character.name, character)
                told = observed(studio, one, character)
                calibrated += with_calibration(studio, one, character, told)
                seen += told
                flicker += flickering(studio, one, character)
                sent[character.name] = one
            head = f"{name} ({len(cast)})"
            yield from figures_of.verdicts(head, seen)
            yield from figures_of.corrections(head, seen)
            if flicker:
                note = f"median; worst shot {max(flicker):.2f}, {len(flicker)} shots"
                value = float(np.median(flicker))
                yield Figure(f"{head}, flicker of the correction", value, "dE", 0.2, note)
            yield from figures_of.calibrated(head, calibrated)
            yield from mattes.suggested(head, cast)
            yield from mattes.carried(head, studio, sent, cast)
            yield from character_whole.whole(head, studio, Path(home), cast)
            yield from character_more.figures(head, studio, Path(home), cast)
        yield from _speed(studio, Path(home), (tuned or frozen)[0])
        yield from character_scale.scale(Path(home) / "scale")


def made_character(studio: Any, home: Path, character: Character) -> str:
    """A folder with one reference, as the product sends it."""
    from backlot import Frame
    from backlot.character import folder, references
    from backlot.character.sending import sent

    made = folder.new(home, character.name, list(character.cloths))
    mattes = cases.mattes(
        cases.folder() / character.name / f"{REFERENCE}.clean.exr", tuple(character.cloths)
    )
    references.add(made, Frame(cases.reference(character), number=0), mattes, shot="reference")
    return sent(studio, home, "check")


def observed(studio: Any, sent: str, character: Character) -> list[Seen]:
    """Every region of every case: what the tool said, and how near a correction came."""
    regions = tuple(character.cloths)
    every = list(cases.cases(character))
    shown = _reference_pixels(character)
    found: list[Seen] = []
    for number, frame, measured in _through(studio, sent, every, regions):
        case = every[number]
        for region in cases.shown(case):
            found.append(_compared(case, region, measured[region], frame, shown))
    return found


def with_calibration(
    studio: Any, sent: str, character: Character, seen: Sequence[Seen]
) -> Iterator[tuple[Seen, Seen]]:
    """Undrifted shots in half of the lights calibrate; all in the others, before and after."""
    from backlot.character import calibrating

    said: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in seen:
        right = one.case.variant == "clean" and one.case.light in APPROVED
        if right and "surprise" in one.said and one.said["why"] != "mixed-light":
            said[one.region][one.case.view].append(one.said["surprise"])
    spreads = {
        region: calibrating.spread([s for each in views.values() for s in each])
        for region, views in said.items()
    }
    every = [
        case
        for case in cases.cases(character)
        if case.light not in APPROVED and case.kind != lights.TWO_COLOUR
    ]
    before = {(one.case.path, one.case.light, one.region): one for one in seen}
    given = json.dumps({**json.loads(sent), "spreads": spreads})
    for number, _, measured in _through(studio, given, every, tuple(character.cloths), "check"):
        case = every[number]
        for region, told in measured.items():
            if (case.path, case.light, region) in before:
                yield before[case.path, case.light, region], Seen(case, region, told)


def _through(
    studio: Any, sent: str, every: Sequence[Case], regions: tuple[str, ...], mode: str = "lock"
) -> Iterator[tuple[int, Any, dict[str, Any]]]:
    def plate(case: Case, _: str) -> Any:
        return case.plate()

    def cover(case: Case) -> Any:
        return cases.mattes(case.path, regions)

    return through(studio, sent, every, plate, cover, mode)


def through(
    studio: Any,
    sent: str,
    every: Sequence[Case],
    plate: Callable[[Case, str], Any],
    cover: Callable[[Case], Any],
    mode: str,
    **given: Any,
) -> Iterator[tuple[int, Any, dict[str, Any]]]:
    """Cases through the tool, none beside another in time: which, its picture, what was measured
    of its regions. plate, cover: a case's picture, and its mattes. given: more parameters."""
    from backlot import Frame
    from backlot.errors import MissingFrame
    from backlot.events import FrameFailed, Result

    def read(name: str, number: int) -> Frame:
        at, apart = divmod(number, STEP)
        if apart or at >= len(every):
            raise MissingFrame(f"Frame {number} is not there.")
        if name == "matte":
            made = cover(every[at])
            return made.with_pixels(made.pixels, number=number)
        return Frame(plate(every[at], ""), number=number)

    numbers = [at * STEP for at in range(len(every))]
    params = {"character": sent, "mode": mode, **given}
    with studio.submit(
        "character-lock", numbers, read, ["source", "matte"], params, priority="batch"
    ) as running:
        for event in running:
            if isinstance(event, FrameFailed):
                raise event.error
            if isinstance(event, Result):
                pixels = event.frame.pixels.astype(np.float32)
                yield event.frame.number // STEP, pixels, dict(event.measured["regions"])


def _compared(case: Case, region: str, said: dict[str, Any], made: Any, shown: Any) -> Seen:
    if region not in case.drift or "size" not in said:
        return Seen(case, region, said)
    cover = _mask(case.path, tuple(case.character.cloths), region)
    if cover.sum() < 30:
        return Seen(case, region, said)
    plate, truth, neutral = case.plate(), case.truth(), case.neutral()
    before = scores.apart(plate, truth, neutral, cover)
    after = scores.apart(made, truth, neutral, cover)
    if case.light == "neon":
        return Seen(case, region, said, before, after)
    reference, mask = shown
    others = {
        name: scores.apart(
            peers.applied(name, plate, cover, reference, mask[region]), truth, neutral, cover
        )
        for name in peers.PEERS
    }
    return Seen(case, region, said, before, after, others)


def _mask(path: Path, regions: tuple[str, ...], region: str) -> Any:
    cover = cases.mattes(path, regions)
    if region not in cover.channels:
        return np.zeros(cover.pixels.shape[:2], bool)
    return cover.pixels[..., cover.channels.index(region)] > 0.98


def _reference_pixels(character: Character) -> tuple[Any, dict[str, Any]]:
    path = cases.folder() / character.name / f"{REFERENCE}.clean.exr"
    regions = tuple(character.cloths)
    return cases.reference(character), {name: _mask(path, regions, name) for name in regions}


def flickering(studio: Any, sent: str, character: Character) -> list[float]:
    """Mean step of the correction from frame to frame on the region's colour, for each shot."""
    from backlot import Frame
    from backlot.events import Result
    from backlot_server.look import colour

    region = next(iter(Case(character, "side", "d0", "day").drift))
    regions = tuple(character.cloths)
    found = []
    for light in WALKS:
        frames = cases.walk(character, light, FLICKER)
        if not frames:
            continue

        def read(name: str, number: int, frames: Any = frames) -> Frame:
            path, plate = frames[min(max(number, 1), len(frames)) - 1]
            number = min(max(number, 1), len(frames))
            if name == "matte":
                cover = cases.mattes(path, regions)
                return cover.with_pixels(cover.pixels, number=number)
            return Frame(plate, number=number)

        numbers = list(range(1, len(frames) + 1))
        params = {"character": sent, "mode": "lock"}
        slopes = {}
        with studio.submit("character-lock", numbers, read, ["source", "matte"], params) as running:
            for event in running:
                if isinstance(event, Result):
                    said = event.measured["regions"].get(region, {})
                    slopes[event.frame.number] = said.get("cdl", {}).get("slope")
        tone = np.array(character.cloths[region].tone)
        labs = [colour.lab(tone * np.array(slopes[n])) for n in sorted(slopes) if slopes[n]]
        steps = [float(colour.difference(a, b)) for a, b in itertools.pairwise(labs)]
        if steps:
            found.append(float(np.mean(steps)))
    return found


def _speed(studio: Any, home: Path, character: Character) -> Iterator[Figure]:
    """Frames a second of a check at HD, the character filling the frame's height."""
    import cv2

    from backlot import Frame
    from backlot.character.sending import sent
    from backlot.events import Result

    case = Case(character, "side", "clean", "day")
    regions = tuple(character.cloths)
    cover = cases.mattes(case.path, regions)
    tall, wide = HD
    scale = tall / case.plate().shape[0]

    def enlarged(pixels: Any) -> Any:
        made = np.zeros((tall, wide, pixels.shape[2]), np.float32)
        big = cv2.resize(pixels.astype(np.float32), None, fx=scale, fy=scale)
        left = (wide - big.shape[1]) // 2
        made[: big.shape[0], left : left + big.shape[1]] = big[:tall]
        return made.astype(np.float16)

    plate, matte = enlarged(case.plate()), enlarged(cover.pixels)
    count = 60

    def read(name: str, number: int) -> Frame:
        number = min(max(number, 1), count)
        if name == "matte":
            return Frame(matte, cover.channels, meaning="data", number=number)
        return Frame(plate, number=number)

    times = []
    params = {"character": sent(studio, home / character.name, "check"), "mode": "check"}
    with studio.submit(
        "character-lock", list(range(1, count + 1)), read, ["source", "matte"], params
    ) as running:
        for event in running:
            if isinstance(event, Result):
                times.append(time.perf_counter())
    rate = (len(times) - 11) / (times[-1] - times[10])
    busy = f"one run; {os.getloadavg()[0]:.0f} processes at work on {os.cpu_count()} cores"
    yield Figure("check at HD, whole way", rate, "frames/s", None, busy, 10)
