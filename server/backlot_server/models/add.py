"""Take in a network of somebody else's: try out what it is, refuse it with the reason if unusable.

Nothing is believed that can be measured: scale, sizes it accepts, the range of its values and how
far its pixels look are found by running it.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backlot.errors import CannotWrite, InvalidInput, NotFound, Unsupported

from ..encoding import Tensor
from ..engines import Network
from . import Card, Licence, catalogue, own_folder, pytorch, sha256_of, write_card
from .policy import let_in
from .probing import PEAKS, limits, with_sizes

LARGEST_SCALE = 8
RESERVED = ("auto", "fast", "fine", "sinc", "fill", "own")
"""Words that stand for a choice of networks."""

_SIDE = 37
_FIELD = 193
_FARTHEST = 64
_LIKENESS = 0.1
_MOST_BYTES = 2 << 30


def add(file: Path, name: str = "", licence: Licence | None = None, verdict: str = "amber") -> Card:
    """Try a network out and put it, with its card, into the user's models folder.

    PyTorch weights are turned into ONNX first, where the extra for that is installed.

    Raises: NotFound, InvalidInput for a name that is taken, Unsupported or UnreadableFile with the
        reason why it cannot be used, CannotWrite. Nothing is left behind then.
    """
    name = _name(name or file.stem)
    if not file.is_file():
        raise NotFound(f"There is no file {file.name}.", "Check its path.")
    if file.suffix.lower() in (*pytorch.SUFFIXES, *pytorch.PROGRAMS):
        with pytorch.as_onnx(file) as exported:
            return add(exported, name, licence, verdict)
    _check_kind(file)
    card = _catalogued(_card(file, name, licence or Licence(), verdict))
    known = catalogue().get(name)
    if known is not None and known.sha256 != card.sha256:
        raise InvalidInput(f"There is a network called {name} already.", "Give another name.")
    card = probe(file, card)
    place(file, card)
    return card


def _catalogued(card: Card) -> Card:
    """With what the catalogue says of a file that is one of its own, told by the hash."""
    from .pull import entries

    for entry in entries().values():
        if entry.sha256 == card.sha256:
            let_in(entry.verdict, f"{entry.name}: its licence is {entry.licence.weights}.")
            return replace(card, licence=entry.licence, verdict=entry.verdict, limits=entry.note)
    return card


def adopted(file: Path) -> Card:
    """The card of a network that lies in the user's models folder already.

    Raises: InvalidInput, Unsupported or UnreadableFile with the reason why it cannot be used.
    """
    name = _name(file.stem)
    if name in catalogue():
        raise InvalidInput(f"There is a network called {name} already.", "Give it another name.")
    _check_kind(file)
    card = _catalogued(_card(file, name, Licence(), "amber"))
    return probe(file, replace(card, file=file.name))


def _card(file: Path, name: str, licence: Licence, verdict: str) -> Card:
    """What is known before it was tried. Raises InvalidInput where its licence is not let in."""
    let_in(verdict, f"{name}: its licence is {licence.weights} ({verdict}).")
    facts = file.stat()
    return Card(
        name=name,
        file=f"{name}.onnx",
        bytes=facts.st_size,
        sha256=sha256_of(file, facts.st_mtime_ns, facts.st_size),
        folder=own_folder(),
        label=f"{name} (added)",
        licence=licence,
        verdict=verdict,
    )


def place(file: Path, card: Card) -> None:
    """Copy weights into the models folder, then write their card. Raises CannotWrite."""
    try:
        card.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=card.folder, suffix=".part", delete=False) as part:
            try:
                with open(file, "rb") as source:
                    shutil.copyfileobj(source, part, 1 << 20)
                part.flush()
                os.fsync(part.fileno())
                os.replace(part.name, card.path)
            except BaseException:
                os.unlink(part.name)
                raise
    except OSError as error:
        raise CannotWrite(
            f"{card.name} cannot be kept: {error.strerror}.", "Free some space, or check rights."
        ) from error
    write_card(card)


def probe(file: Path, card: Card) -> Card:
    """The card with what was found by running the network.

    Raises: Unsupported with the reason why it cannot be used, UnreadableFile.
    """
    from ..engines import onnx
    from . import add_faces, add_fill, add_redraw

    if purpose := add_faces.purpose(file):
        return add_faces.probe(file, replace(card, purpose=purpose))
    if add_redraw.takes_references(file):
        return add_redraw.probe(file, card)
    if add_fill.takes_mask(file):
        return add_fill.probe(file, card)
    channels, fixed = _declared(file)
    card = replace(card, channels=channels, fixed=fixed)
    network = onnx.load(card, str(file))
    card = with_sizes(card, partial(_sized, network))
    card = replace(card, peak=_peak(network, card))
    reach, everywhere = _reach(network, card)
    known = limits(card) + " Values above 1 are compressed."
    if everywhere:
        known += " A pixel depends on the whole picture: tiles may differ slightly."
    return replace(card, margin=reach, limits=known)


def _check_kind(file: Path) -> None:
    if file.suffix.lower() != ".onnx":
        kinds = ", ".join((".onnx", *pytorch.SUFFIXES))
        raise Unsupported(f"{file.name} is no ONNX file.", f"Give a file that ends in {kinds}.")
    if file.stat().st_size > _MOST_BYTES:
        raise Unsupported(f"{file.name} is over 2 GiB.", "Choose a smaller network.")


def _name(given: str) -> str:
    name = re.sub(r"[^a-z0-9._]+", "-", given.lower()).strip("-.")
    if not name or name in RESERVED:
        raise InvalidInput(f"{given!r} is no name for a network.", "Give another name.")
    return name


def _declared(file: Path) -> tuple[int, tuple[int, int] | None]:
    """Channels, and height and width where only one size is taken, from what the file says."""
    from ..engines.onnx import session

    opened = session(file.name, str(file))
    given, made = opened.get_inputs()[0], opened.get_outputs()[0]
    shape: list[Any] = given.shape
    if len(shape) != 4 or {given.type, made.type} != {"tensor(float)"}:
        raise Unsupported(
            f"{file.name} takes {given.type} of {len(shape)} dimensions and gives {made.type}.",
            "A network must take and give float32 of batch x channels x height x width.",
        )
    channels = shape[1] if isinstance(shape[1], int) else 3
    if channels not in (1, 3):
        raise Unsupported(f"{file.name} takes {channels} channels.", "A network must take 3, or 1.")
    if isinstance(shape[2], int) and isinstance(shape[3], int):
        return channels, (shape[2], shape[3])
    return channels, None


def _sized(network: Network, card: Card) -> Card:
    """The card with the scale that the network has."""
    multiple = card.multiple
    sides = card.fixed or (_odd(multiple, _SIDE), _odd(multiple, _SIDE + 2 * multiple))
    made = network(np.full((1, card.channels, *sides), 0.5, np.float32))
    return replace(card, scale=_scale(made, sides, card))


def _odd(multiple: int, side: int) -> int:
    """An odd multiple of at least about that side, so that no larger power of 2 divides it."""
    return multiple * (math.ceil(side / multiple) | 1)


def _scale(made: Tensor, sides: tuple[int, int], card: Card) -> int:
    scale = made.shape[2] // sides[0] if made.ndim == 4 else 0
    wanted = (1, card.channels, sides[0] * scale, sides[1] * scale)
    if not 1 <= scale <= LARGEST_SCALE or made.shape != wanted:
        gives = " x ".join(str(side) for side in made.shape)
        raise Unsupported(
            f"It makes {gives} of 1 x {card.channels} x {sides[0]} x {sides[1]}: not an enlarged "
            "picture."
        )
    return scale


def _picture(card: Card, side: int) -> Tensor:
    """Smooth shapes from 0.1 to 0.9, another in each channel."""
    height, width = card.fixed or (_odd(card.multiple, side), _odd(card.multiple, side))
    y, x = np.mgrid[:height, :width] / 9.0
    planes = [0.5 + 0.4 * np.sin(x * (1 + c / 3)) * np.cos(y) for c in range(card.channels)]
    return np.stack(planes)[None].astype(np.float32)


def _peak(network: Network, card: Card) -> float:
    """What the network takes for white: tried by whether its result looks like the picture."""
    picture = _picture(card, _SIDE)
    unlikeness = {}
    for peak in PEAKS:
        made = network(picture * np.float32(peak)) / np.float32(peak)
        n, channels, height, width = picture.shape
        blocks = made.reshape(n, channels, height, card.scale, width, card.scale)
        unlikeness[peak] = float(np.abs(blocks.mean(axis=(3, 5)) - picture).mean())
    best = min(unlikeness, key=lambda peak: unlikeness[peak])
    if not unlikeness[best] < _LIKENESS:
        raise Unsupported(
            f"What {card.name} makes of a picture does not look like it.",
            "Only networks that take and give values of 0 to 1, or 0 to 255, can be used.",
        )
    # A network without any fixed range is at home in both.
    return 1.0 if unlikeness[1.0] < 2 * unlikeness[best] + 1e-3 else best


def _reach(network: Network, card: Card) -> tuple[int, bool]:
    """How far a result pixel looks, in pixels, and whether that is without an end."""
    picture = _picture(card, _FIELD) * np.float32(card.peak)
    height, width = picture.shape[2:]
    before = network(picture).copy()
    farthest = 0
    for y, x in ((height // 2, width // 2), (height // 2 + 1, width // 2 + 3)):
        changed = picture.copy()
        changed[:, :, y, x] = card.peak - changed[:, :, y, x]
        moved = np.abs(network(changed) - before).max(axis=(0, 1)) > 0.0
        rows, columns = np.nonzero(moved)
        if len(rows):
            down = np.abs(rows // card.scale - y).max()
            across = np.abs(columns // card.scale - x).max()
            farthest = max(farthest, int(down), int(across))
    everywhere = farthest >= min(_FARTHEST, min(height, width) // 2 - 4)
    return min(farthest, _FARTHEST), everywhere
