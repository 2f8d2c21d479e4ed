"""Cryptomatte: mattes by name out of the id and coverage channels that renderers write.

After the public specification (Psyop, "Cryptomatte Specification" 1.2): a name's id is its
MurmurHash3 as a float's bits; a pixel has pairs of id and coverage, ranked by coverage; the header
has the names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from .errors import InvalidInput, NotFound, UnreadableFile
from .frame import DATA, Frame, Window
from .imagefile import Part
from .media import Image

_PREFIX = "cryptomatte/"
_COMPONENTS = {"r": 0, "red": 0, "g": 1, "green": 1, "b": 2, "blue": 2, "a": 3, "alpha": 3}
_SEED = 0
_MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class Cryptomatte:
    """One set of ids in a file, such as CryptoObject or CryptoMaterial.

    ids: bits of each name's id, as the file's manifest lists them; empty where it has none.
    part: number of the file's part; ranks: (id channel, coverage channel), the largest first.
    """

    name: str
    ids: Mapping[str, int] = field(default_factory=dict)
    part: int = 0
    ranks: tuple[tuple[int, int], ...] = ()

    def matching(self, names: Sequence[str]) -> dict[str, int]:
        """Ids of the names; "hero/*" stands for all of the manifest's names of that shape.

        A plain name that the manifest does not list has an id all the same, its hash, unless
        there is a manifest: then it is a mistake.

        Raises: NotFound.
        """
        found: dict[str, int] = {}
        for name in names:
            if not self.ids:
                found[name] = id_of(name)
                continue
            hits = {each: bits for each, bits in self.ids.items() if fnmatchcase(each, name)}
            if name in self.ids:
                hits = {name: self.ids[name]}
            if not hits:
                known = ", ".join(sorted(self.ids)[:12]) + (", ..." if len(self.ids) > 12 else "")
                raise NotFound(f"{self.name} has no {name!r} in it.", f"It has {known}.")
            found |= hits
        return found


def cryptomattes(image: Image) -> tuple[Cryptomatte, ...]:
    """The sets of ids in a file, in its order; none in a file without Cryptomatte.

    Raises: UnreadableFile (a manifest that is no JSON, ids that are not 32-bit floats).
    """
    found: dict[str, Cryptomatte] = {}
    for part in image.parts:
        attributes = part.attributes
        for key, value in attributes.items():
            match = re.fullmatch(rf"{_PREFIX}([^/]+)/name", key)
            if match and str(value) not in found:
                found[str(value)] = _read(image, str(value), f"{_PREFIX}{match[1]}", attributes)
    return tuple(found.values())


def matte(image: Image, names: Sequence[str], within: str = "", number: int = 0) -> Frame:
    """How much of each pixel the named things cover, all together.

    names: as in the manifest, or of its shapes ("hero/*"). within: the set to look in, such as
    "CryptoMaterial"; "": the first that has the first name.

    Returns: a data frame with one channel "A", float32, 0 to 1, on the ids' data window.
    Raises: NotFound, UnreadableFile, InvalidInput (no names).
    """
    if not names:
        raise InvalidInput("No name is given to take out of the Cryptomatte.")
    found = _choose(image, cryptomattes(image), names, within)
    part = image.parts[found.part]
    wanted = np.array(sorted(set(found.matching(names).values())), np.uint32)
    cover = np.zeros((part.spec.height, part.spec.width), np.float32)
    for id_channel, coverage in found.ranks:
        ids = np.ascontiguousarray(part.channel(id_channel)).view(np.uint32)
        inside = ids == wanted[0] if wanted.size == 1 else np.isin(ids, wanted)
        amount = part.channel(coverage).astype(np.float32)
        np.add(cover, np.where(inside, np.nan_to_num(amount), 0), out=cover)
    np.clip(cover, 0.0, 1.0, out=cover)
    spec = part.spec
    return Frame(
        cover[:, :, None],
        ("A",),
        Window(spec.x, spec.y, spec.width, spec.height),
        Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
        pixel_aspect=spec.get_float_attribute("PixelAspectRatio", 1.0) or 1.0,
        meaning=DATA,
        number=number,
    )


def name_at(image: Image, x: int, y: int, within: str = "") -> str:
    """The name of what covers most of a pixel; "" where nothing is, or where no manifest says it.

    x, y: from the top left of the display window. within: as in `matte`.
    Raises: NotFound (no such set, a pixel outside of the picture), UnreadableFile.
    """
    found = _choose(image, cryptomattes(image), (), within)
    part = image.parts[found.part]
    column, row = x - part.spec.x, y - part.spec.y
    if not (0 <= column < part.spec.width and 0 <= row < part.spec.height):
        raise NotFound(f"There is nothing at {x}, {y}.", "Click inside of the picture.")
    id_channel, coverage = found.ranks[0]
    if not part.channel(coverage)[row, column] > 0:
        return ""
    bits = int(np.ascontiguousarray(part.channel(id_channel)).view(np.uint32)[row, column])
    return next((name for name, known in found.ids.items() if known == bits), "")


def id_of(name: str) -> int:
    """The bits of a name's id: its MurmurHash3_32 (seed 0), kept from being NaN, 0 or denormal."""
    bits = murmur3(name.encode())
    exponent = bits >> 23 & 255
    return bits ^ (1 << 23) if exponent in (0, 255) else bits


def murmur3(data: bytes) -> int:
    """MurmurHash3_x86_32 with seed 0: Austin Appleby's public domain hash."""
    hashed, length = _SEED, len(data)
    whole = length & ~3
    for at in range(0, whole, 4):
        hashed ^= _scrambled(int.from_bytes(data[at : at + 4], "little"))
        hashed = (hashed << 13 | hashed >> 19) & _MASK
        hashed = (hashed * 5 + 0xE6546B64) & _MASK
    if length > whole:
        hashed ^= _scrambled(int.from_bytes(data[whole:], "little"))
    hashed ^= length
    hashed = (hashed ^ hashed >> 16) * 0x85EBCA6B & _MASK
    hashed = (hashed ^ hashed >> 13) * 0xC2B2AE35 & _MASK
    return hashed ^ hashed >> 16


def _scrambled(word: int) -> int:
    word = word * 0xCC9E2D51 & _MASK
    return (word << 15 | word >> 17) * 0x1B873593 & _MASK


def _choose(
    image: Image, sets: tuple[Cryptomatte, ...], names: Sequence[str], within: str
) -> Cryptomatte:
    file = Path(image.path).name
    if not sets:
        raise NotFound(
            f"{file} has no Cryptomatte in it.", "Render with Cryptomatte, or give other mattes."
        )
    if within:
        chosen = [each for each in sets if within in (each.name, each.name.rpartition(".")[2])]
    else:
        chosen = [each for each in sets if names and _has(each, names[0])] or list(sets[:1])
    if not chosen:
        known = ", ".join(each.name for each in sets)
        raise NotFound(f"{file} has no Cryptomatte {within}.", f"It has {known}.")
    return chosen[0]


def _has(found: Cryptomatte, name: str) -> bool:
    return any(fnmatchcase(each, name) or each == name for each in found.ids)


def _read(image: Image, name: str, key: str, attributes: Mapping[str, object]) -> Cryptomatte:
    ids = _manifest(image, attributes, key)
    for number, part in enumerate(image.parts):
        ranks = _ranks(part, name)
        if ranks:
            if any(part.dtype_of([each])[0] != np.float32 for pair in ranks for each in pair[:1]):
                raise UnreadableFile(
                    f"{Path(image.path).name}: the ids of {name} are not 32-bit floats, so that "
                    "they are no longer whole.",
                    "Write Cryptomatte layers as 32-bit float, without lossy compression.",
                )
            return Cryptomatte(name, ids, number, ranks)
    raise UnreadableFile(
        f"{Path(image.path).name} names the Cryptomatte {name}, but has none of its channels.",
        "Write all channels of the render.",
    )


def _ranks(part: Part, name: str) -> tuple[tuple[int, int], ...]:
    """Channels (id, coverage) of all ranks, in their order: name00.R, .G, .B, .A, name01.R ..."""
    title = str(part.attributes.get("oiio:subimagename") or part.attributes.get("name") or "")
    found: dict[tuple[int, int], int] = {}
    for position, channel in enumerate(part.spec.channelnames):
        for full in (channel, f"{title}.{channel}"):
            match = re.fullmatch(rf"{re.escape(name)}(\d+)\.(\w+)", full)
            component = _COMPONENTS.get(match[2].lower()) if match else None
            if match and component is not None:
                found[int(match[1]), component] = position
    levels = sorted({level for level, _ in found})
    return tuple(
        (found[level, first], found[level, first + 1])
        for level in levels
        for first in (0, 2)
        if (level, first) in found and (level, first + 1) in found
    )


def _manifest(image: Image, attributes: Mapping[str, object], key: str) -> dict[str, int]:
    text = attributes.get(f"{key}/manifest")
    beside = attributes.get(f"{key}/manif_file")
    file = Path(image.path).name
    if not text and beside:
        path = Path(image.path).parent / str(beside)
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise UnreadableFile(
                f"The manifest {beside} of {file} cannot be read.", "Copy it beside the file."
            ) from error
    if not text:
        return {}
    try:
        return {str(name): int(str(bits), 16) for name, bits in json.loads(str(text)).items()}
    except (ValueError, AttributeError) as error:
        raise UnreadableFile(
            f"The Cryptomatte manifest of {file} is damaged.", "Render it again."
        ) from error
