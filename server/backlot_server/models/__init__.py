"""The networks there are: those that ship, in weights/, and the user's own.

Each is a file of weights and a card (JSON) beside it that says what it is, what it was made of,
what its licence allows and where it ends.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from backlot.errors import CannotWrite, NotFound, UnreadableFile

SHIPPED = Path(__file__).parent / "weights"
VERDICTS = ("green", "amber", "red")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Licence:
    """What is known of a network's rights: of its code, its weights and its training data."""

    code: str = "unknown"
    weights: str = "unknown"
    data: str = "unknown"


@dataclass(frozen=True)
class Card:
    """One network.

    scale: how much larger the result is. channels: 3 (RGB) or 1. source: "clean" or "compressed";
    size: "fast" or "fine"; both "" for networks that are not ours.
    encoding: see `backlot_server.encoding`; peak: what the network takes for a code of 1.
    mask: for networks that fill or redraw, what 1 in their mask says: "hole" or "known".
    made_peak: what such a network gives for a code of 1. inputs: of those that redraw, the names of
    frame, matte and references.
    multiple: width and height must be divisible by it; fixed: or be exactly this (height, width).
    margin: input pixels away that a result pixel depends on.
    verdict: "green" free to use in commercial work, "amber" read its licence first, "red" not.
    """

    name: str
    file: str
    bytes: int
    sha256: str
    folder: Path
    scale: int = 1
    margin: int = 0
    purpose: str = "upscale"
    label: str = ""
    source: str = ""
    size: str = ""
    channels: int = 3
    layout: str = "NCHW"
    dtype: str = "float32"
    encoding: str = "hybrid"
    peak: float = 1.0
    made_peak: float = 1.0
    mask: str = ""
    inputs: tuple[str, ...] = ()
    multiple: int = 1
    fixed: tuple[int, int] | None = None
    parameters: int = 0
    licence: Licence = Licence()
    verdict: str = "amber"
    scores: Mapping[str, Any] = field(default_factory=dict, hash=False)
    recipe: Mapping[str, Any] = field(default_factory=dict, hash=False)
    limits: str = ""

    @property
    def path(self) -> Path:
        return self.folder / self.file

    @property
    def present(self) -> bool:
        return self.path.is_file()


def home() -> Path:
    """The folder of this user's settings and own models: $BACKLOT_HOME, else ~/.config/backlot."""
    own = os.environ.get("BACKLOT_HOME")
    return Path(own) if own else Path.home() / ".config" / "backlot"


def own_folder() -> Path:
    """Where the user's own models lie."""
    return home() / "models"


def read_card(path: Path) -> Card:
    """A card from its JSON. Raises UnreadableFile; fields that are not known are passed over."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(Card)} - {"folder"}
        values = {name: value for name, value in given.items() if name in known}
        values["licence"] = Licence(**values.get("licence", {}))
        if values.get("fixed") is not None:
            height, width = values["fixed"]
            values["fixed"] = (int(height), int(width))
        values["inputs"] = tuple(str(name) for name in values.get("inputs", ()))
        card = Card(folder=path.parent, **values)
        whole = (card.bytes, card.scale - 1, card.margin, card.multiple - 1, card.channels - 1)
        if any(type(number) is not int or number < 0 for number in whole):
            raise ValueError("a number that cannot be")
        if Path(card.file).name != card.file or card.verdict not in VERDICTS:
            raise ValueError("a word that cannot be")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableFile(
            f"The card {path.name} cannot be read.", "Get the model again, or remove its card."
        ) from error
    return card


def write_card(card: Card) -> None:
    """Write a card beside its weights, whole or not at all. Raises CannotWrite."""
    values = {key: value for key, value in asdict(card).items() if key != "folder"}
    path = card.folder / f"{card.name}.json"
    try:
        card.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=card.folder, suffix=".part", delete=False
        ) as part:
            json.dump(values, part, indent=2)
        os.replace(part.name, path)
    except OSError as error:
        raise CannotWrite(
            f"The card of {card.name} cannot be kept: {error.strerror}.",
            "Free some space, or check the rights of the models folder.",
        ) from error


def catalogue() -> dict[str, Card]:
    """All networks that are here, by name; the user's own before those that ship.

    A card that cannot be read is logged and left out, and so is one whose weights are missing.
    """
    cards: dict[str, Card] = {}
    for folder in (SHIPPED, own_folder()):
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            try:
                card = read_card(path)
            except UnreadableFile as error:
                _log.warning("%s", error)
                continue
            if card.present:
                cards[card.name] = card
    return cards


def find(name: str) -> Card:
    """The card of a network. Raises NotFound with the names there are."""
    cards = catalogue()
    if name not in cards:
        known = ", ".join(cards) or "none"
        raise NotFound(f"There is no network called {name}.", f"There are: {known}.")
    return cards[name]


def verify(card: Card) -> Path:
    """The file of weights, known to be the one of the card. Hashed once for each change of it.

    Raises: NotFound when it is not there, UnreadableFile when its content is another.
    """
    again = "Install Backlot again." if card.folder == SHIPPED else "Get or add the model again."
    try:
        facts = card.path.stat()
    except OSError as error:
        raise NotFound(f"The weights of {card.name} are not here.", again) from error
    if sha256_of(card.path, facts.st_mtime_ns, facts.st_size) != card.sha256:
        raise UnreadableFile(
            f"The weights of {card.name} are not those of its card: damaged or exchanged.", again
        )
    return card.path


@lru_cache(maxsize=64)
def sha256_of(path: Path, changed: int = 0, size: int = 0) -> str:
    """SHA-256 of a file; `changed` and `size` say which state of it is meant."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read.", "Check the disk.") from error
    return digest.hexdigest()
