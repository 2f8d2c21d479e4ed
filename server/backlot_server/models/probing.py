"""What trying out somebody else's network has in common, whatever the network is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy.typing as npt

from backlot.errors import BacklotError, Unsupported

from . import Card

MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
PEAKS = (1.0, 255.0)
"""What white may be."""
TYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8"}


def with_sizes(card: Card, tried: Callable[[Card], Card]) -> Card:
    """The card with the smallest multiple of sides that the network accepts.

    tried: runs the network on a picture of such sides; the card with what was found, or a
    BacklotError that says why not.
    Raises: Unsupported with the last reason.
    """
    reason = ""
    for multiple in (1,) if card.fixed else MULTIPLES:
        try:
            return tried(replace(card, multiple=multiple))
        except BacklotError as error:
            reason = error.sentence
    raise Unsupported(f"{card.name} cannot be used. {reason}", "Choose another network.")


def check_whole(made: npt.NDArray[Any], frame: npt.NDArray[Any]) -> None:
    """Raise Unsupported where a network did not give a picture of the frame's shape."""
    if made.shape != frame.shape:
        gives, wanted = (" x ".join(str(side) for side in each.shape) for each in (made, frame))
        raise Unsupported(f"It gives {gives} for {wanted}.")


def limits(card: Card) -> str:
    """What is known of a network that was added: what its card says, or its size alone."""
    fixed = f" Works on {card.fixed[1]} x {card.fixed[0]} pixels." if card.fixed else ""
    return card.limits or f"Added by the user: nothing is known about its quality.{fixed}"
