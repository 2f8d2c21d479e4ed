"""Character Lock with one matte for the whole character, as a user without rotos has it.

On the reference and on the first frame of a shot the parts of the one matte are suggested, and
named as an artist would who sees them: each as the region that most of its pixels are of. From
there the mattes are carried along the shot by its motion, and all its other frames are judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from examples.characters import cast, lights
from examples.characters.cast import Character

from . import character_cases as cases
from . import character_mattes as mattes
from . import character_scores as scores
from .character_cases import Case
from .character_scores import Seen
from .figures import Figure

VIEW, VARIANT = "side", "d0"
"""What is drifted in the rendered walks."""


def whole(head: str, studio: Any, home: Path, characters: Sequence[Character]) -> Iterator[Figure]:
    """The area under the ROC over all frames but the first, and the verdicts."""
    seen: list[Seen] = []
    walked = 0
    for character in characters:
        if not list((cases.folder() / character.name).glob("walk.*.exr")):
            continue
        walked += 1
        sent = _sent(studio, home / f"{character.name}.whole", character)
        for light, of in lights.LIGHTS.items():
            if of.kind != lights.TWO_COLOUR:
                seen += _seen(studio, sent, character, light)
    positive, negative = scores.ranked(seen)
    if not positive or not negative:
        return
    told = scores.rates(seen)
    note = (
        f"{walked} shots of 14 frames, each in 8 lights; {len(positive)} + {len(negative)}; false "
        f"alarms at 90 % found {scores.false_alarms(positive, negative):.1f} %"
    )
    area = scores.area(positive, negative)
    yield Figure(f"{head}, one matte, carried: area under ROC", area, "", None, note)
    note = ", ".join(
        f"{name} {told[name]:.1f}"
        for name in ("found of all", "false of decided", "cannot tell, same")
    )
    yield Figure(f"{head}, one matte: found of decided", told["found of decided"], "%", None, note)


def _sent(studio: Any, home: Path, character: Character) -> str:
    """A folder whose one reference has the mattes that were suggested."""
    from backlot import Frame
    from backlot.character import folder, references
    from backlot.character.sending import sent

    made = folder.new(home, character.name, list(character.cloths))
    path = cases.folder() / character.name / f"{cast.REFERENCE}.clean.exr"
    frame = Frame(cases.reference(character), number=0)
    references.add(made, frame, _named(frame, path, character), shot="reference")
    return sent(studio, home, "check")


def _named(frame: Any, path: Path, character: Character) -> Any:
    """Mattes of regions out of the one matte, each part called as most of its pixels are."""
    from backlot.character import parts

    regions = tuple(character.cloths)
    truth = cases.mattes(path, regions)
    alone = truth.with_pixels(truth.pixels[..., [truth.channels.index("A")]], channels=("A",))
    labels = parts.suggest(frame, alone)
    present = [name for name in regions if name in truth.channels]
    covers = np.stack([truth.pixels[..., truth.channels.index(n)] for n in present], axis=-1)
    named: dict[str, list[int]] = {}
    for part in range(1, int(labels.max()) + 1):
        most = int(covers[labels == part].astype(np.float32).sum(0).argmax())
        named.setdefault(present[most], []).append(part)
    return parts.mattes(labels, frame, alone, named)


def _seen(studio: Any, sent: str, character: Character, light: str) -> Iterator[Seen]:
    from backlot import Frame
    from backlot.errors import MissingFrame
    from backlot.events import FrameFailed, Result

    frames = cases.walk(character, light, 0.0)
    key = _named(Frame(frames[0][1], number=1), frames[0][0], character)
    key = key.with_pixels(key.pixels, number=1)
    covers = {number: made for number, made, _ in mattes.carry(studio, frames, key)}

    def read(name: str, number: int) -> Frame:
        if number not in covers:
            raise MissingFrame(f"Frame {number} is not there.")
        return covers[number] if name == "matte" else Frame(frames[number - 1][1], number=number)

    case = Case(character, VIEW, VARIANT, light)
    params = {"character": sent, "mode": "check"}
    with studio.submit(
        "character-lock", sorted(covers), read, ["source", "matte"], params
    ) as running:
        for event in running:
            if isinstance(event, FrameFailed):
                raise event.error
            if isinstance(event, Result) and event.frame.number > 1:
                for region, said in event.measured["regions"].items():
                    yield Seen(case, region, said)
