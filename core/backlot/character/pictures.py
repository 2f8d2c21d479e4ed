"""A character's own pictures, for tools that look at them: from the folder that was sent.

Nobody connects an input of the kind "character". Its frame n is the n-th reference of what was
sent, in red, green and blue, with a channel for each region; the server asks for those it needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InvalidInput, MissingFrame
from ..frame import Frame
from ..matte import coverage
from ..tools import CHARACTER, ToolSpec
from .mattes import ALL
from .references import Reference

Reader = Callable[[str, int], Frame]

_sent: dict[str, Reference] = {}
"""References that this process sent numbers of, by id: those end in a hash of their pixels."""


def remember(references: Sequence[Reference]) -> None:
    """Be ready to show these."""
    _sent.update({each.id: each for each in references})


def supplied(
    spec: ToolSpec, params: Mapping[str, Any], inputs: Sequence[str], read: Reader
) -> tuple[list[str], Reader]:
    """Inputs and a reader with the character's pictures among them, where the tool takes some.

    Without a character's folder, of which only numbers came, nothing is added.
    """
    name = next((each.name for each in spec.inputs if each.kind == CHARACTER), "")
    text = next((str(params.get(p.name, "")) for p in spec.params if p.kind == CHARACTER), "")
    ids = _ids(text) if name and text else []
    if not ids or not all(each in _sent for each in ids):
        return list(inputs), read

    def with_pictures(asked: str, number: int) -> Frame:
        if asked != name:
            return read(asked, number)
        if not 0 <= number < len(ids):
            raise MissingFrame(f"The character has no reference {number}.")
        return picture(_sent[ids[number]], number)

    return [*inputs, name], with_pictures


def _ids(text: str) -> list[str]:
    try:
        return [str(each["id"]) for each in json.loads(text)["references"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput("What was given is no character.", "Name its folder.") from error


def picture(reference: Reference, number: int = 0) -> Frame:
    """R, G, B and a channel for each region, half, on the reference's window.

    Raises: MissingFrame, UnreadableFile, InvalidInput (a picture without colour).
    """
    frame, mattes = reference.frame(), reference.mattes()
    names = [channel.rpartition(".")[2].upper() for channel in frame.channels]
    if not {"R", "G", "B"} <= set(names):
        raise InvalidInput(
            f"{reference.folder.name} is a picture without red, green and blue.",
            "Add the reference again from the colour layer of the plate.",
        )
    colour = [frame.pixels[..., names.index(channel)] for channel in "RGB"]
    regions = [channel for channel in mattes.channels if channel != ALL]
    covers = [
        coverage(mattes.with_pixels(mattes.pixels[..., [at]], channels=(ALL,)), frame.data_window)
        for at, channel in enumerate(mattes.channels)
        if channel != ALL
    ]
    pixels = np.stack([*colour, *covers], axis=-1).astype(np.float16)
    return frame.with_pixels(pixels, channels=("R", "G", "B", *regions), number=number)
