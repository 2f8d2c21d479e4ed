"""Mattes of Character Lock measured on the rendered characters: suggested regions, carried mattes.

Purity: the share of the character's pixels that lie in a part whose most pixels are of their
region. Overlap: intersection over union with the renderer's own matte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from examples.characters import cast
from examples.characters.cast import Character

from . import character_cases as cases
from .figures import Figure


def suggested(head: str, characters: Sequence[Character]) -> Iterator[Figure]:
    """On the reference frame, from one matte of all of it."""
    from backlot import Frame
    from backlot.character import parts

    found, lost = {}, []
    for character in characters:
        path = cases.folder() / character.name / f"{cast.REFERENCE}.clean.exr"
        regions = tuple(character.cloths)
        cover = cases.mattes(path, regions)
        alone = cover.with_pixels(cover.pixels[..., [cover.channels.index("A")]], channels=("A",))
        labels = parts.suggest(Frame(cases.reference(character), number=0), alone)
        truth = np.stack([cover.pixels[..., cover.channels.index(n)] for n in regions], axis=-1)
        counts = [np.bincount(truth[labels == n].argmax(-1), minlength=len(regions))
                  for n in range(1, int(labels.max()) + 1)]  # fmt: skip
        found[character.name] = sum(each.max() for each in counts) / sum(map(sum, counts))
        named = {int(each.argmax()) for each in counts}
        lost += [f"{character.name}'s {n}" for at, n in enumerate(regions) if at not in named]
    note = f"least {min(found.values()):.3f}; regions without a part: {', '.join(lost) or 'none'}"
    value = float(np.mean(list(found.values())))
    yield Figure(f"{head}, suggested regions: purity", value, "", None, note, 0.95)


def carried(
    head: str, studio: Any, sent: dict[str, str], characters: Sequence[Character]
) -> Iterator[Figure]:
    """Along the shots with the first drift, from their first frame; and what is judged by them."""
    overlaps, least, judged, right = [], [], 0, 0
    for character in characters:
        regions = tuple(character.cloths)
        frames = cases.walk(character, "tungsten", 0.0)
        if not frames:
            continue
        key = cases.mattes(frames[0][0], regions)
        key = key.with_pixels(key.pixels, number=1)
        for number, made, confidence in carry(studio, frames, key):
            if number != len(frames):
                continue
            truth = cases.mattes(frames[-1][0], regions)
            for name in regions:
                if name not in made.channels or name not in truth.channels:
                    continue
                one, other = (
                    each.pixels[..., each.channels.index(name)].astype(np.float32) > 0.5
                    for each in (made, truth)
                )
                if other.sum() >= 60:
                    overlaps.append(float((one & other).sum() / max(1, (one | other).sum())))
            least.append(confidence["A"])
            told = _verdicts(studio, sent[character.name], frames[-1][1], made)
            drift = cases.Case(character, "side", "d0", "tungsten").drift
            for name, said in told.items():
                if said["verdict"] != "cannot tell":
                    judged += 1
                    right += (said["verdict"] == "changed") == (name in drift)
    if overlaps:
        note = f"least {min(overlaps):.2f}, median confidence {np.median(least):.2f}"
        value = float(np.median(overlaps))
        yield Figure(f"{head}, matte carried over 13 frames: overlap", value, "", None, note)
        note = f"of {judged} regions decided on those shots' last frames"
        value = 100 * right / max(1, judged)
        yield Figure(f"{head}, verdicts by carried mattes: right", value, "%", None, note)


def carry(studio: Any, frames: Sequence[Any], key: Any) -> Iterator[Any]:
    """The mattes of a shot's first frame along it: numbers, mattes, confidences."""
    from dataclasses import replace

    from backlot import Frame
    from backlot.events import FrameFailed, Result

    def read(name: str, number: int) -> Frame:
        return key if name == "matte" else Frame(frames[number - 1][1], number=number)

    numbers = list(range(1, len(frames) + 1))
    with studio.submit("character-carry", numbers, read, ["source", "matte"], {"key": 1}) as job:
        for event in job:
            if isinstance(event, FrameFailed):
                raise event.error
            if isinstance(event, Result):
                frame = event.frame
                kept = frame.with_pixels(frame.pixels.copy())
                yield frame.number, replace(kept, meaning="data"), event.measured["confidence"]


def _verdicts(studio: Any, sent: str, plate: Any, cover: Any) -> dict[str, Any]:
    from backlot import Frame
    from backlot.errors import MissingFrame
    from backlot.events import Result

    def read(name: str, number: int) -> Frame:
        if number != cover.number:
            raise MissingFrame(f"Frame {number} is not there.")
        return cover if name == "matte" else Frame(plate, number=number)

    found: dict[str, Any] = {}
    params = {"character": sent, "mode": "check"}
    with studio.submit("character-lock", [cover.number], read, ["source", "matte"], params) as job:
        for event in job:
            if isinstance(event, Result):
                found = dict(event.measured["regions"])
    return found
