"""Faces: found by one network, measured as a vector by another, compared by their angle.

Neither network ships: a studio gets them (`backlot models pull yunet`, `sface`) or adds its own of
the same shape. Vectors are biometric data. They are made for a client whose character's consent
allows it, leave the server in the answer alone, and are kept nowhere here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ..models import Card
    from .sface import Embedder
    from .yunet import Detector

DETECTION, RECOGNITION = "face detection", "face recognition"
"""Purposes of the cards of the two networks."""

Picture = npt.NDArray[np.uint8]
"""(height, width, 3) red, green, blue as an sRGB screen shows them, top row first."""


@dataclass(frozen=True)
class Face:
    """A face in a picture. box: left, top, width, height. points: (5, 2) x and y of the eye that
    is left in the picture, the right one, the tip of the nose, the left and right corner of the
    mouth. score: how sure the detector is, 0 to 1. All in pixels, from the first one.
    """

    box: tuple[float, float, float, float]
    points: npt.NDArray[np.float64]
    score: float


@dataclass(frozen=True)
class Pair:
    """The two networks. key: changes with them. label: their names with what licences say."""

    detector: Detector
    embedder: Embedder
    key: str
    label: str


_loaded: dict[str, Pair] = {}


def cards() -> tuple[Card | None, Card | None]:
    """The cards of the detector and of the network for recognition that are installed.

    The first by name where there are several, those of the zoo before others.
    """
    from ..models import catalogue

    def first(purpose: str, known: Callable[[str], bool]) -> Card | None:
        found = [card for card in catalogue().values() if card.purpose == purpose]
        return min(found, key=lambda card: (not known(card.name), card.name), default=None)

    return first(DETECTION, "yunet".__eq__), first(RECOGNITION, "sface".__eq__)


def missing() -> str:
    """Why faces cannot be compared here, as the end of a sentence; "" where they can."""
    detector, embedder = cards()
    if detector is None and embedder is None:
        return "no face network is installed"
    if detector is None:
        return "no network that finds faces is installed"
    return "" if embedder is not None else "no network that recognises faces is installed"


def finder() -> Detector | None:
    """The network that finds faces, loaded once in this process; None where none is installed."""
    from ..models import verify
    from .yunet import Detector

    card, _ = cards()
    if card is None:
        return None
    path = verify(card)
    if card.sha256 not in _found:
        _found[card.sha256] = Detector(card, str(path))
    return _found[card.sha256]


_found: dict[str, Detector] = {}


def pair() -> Pair | None:
    """The networks, loaded once in this process; None where one is not installed.

    Raises: UnreadableFile, Unsupported, OutOfMemory.
    """
    from ..models import verify
    from .sface import Embedder

    detector, (_, card) = finder(), cards()
    if detector is None or card is None:
        return None
    key, path = f"{detector.card.sha256[:16]}-{card.sha256[:16]}", verify(card)
    if key not in _loaded:
        label = " and ".join(f"{each.name} ({each.verdict})" for each in (detector.card, card))
        _loaded[key] = Pair(detector, Embedder(card, str(path)), key, label)
    return _loaded[key]
