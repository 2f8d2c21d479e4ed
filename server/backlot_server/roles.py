"""What each channel of a frame is, as far as scaling the picture goes. Told by its name.

Names follow OpenEXR, Nuke, Blender and Cryptomatte: "layer.component", upper or lower case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backlot.frame import DATA, Frame, split_layer

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

_EXACT = {"crypto", "cryptomatte", "id", "ids", "objectid", "materialid", "index", "object"}
_EXACT |= {"material", "asset", "z", "depth", "n", "normal", "normals", "p", "pos", "position"}
_EXACT |= {"pref", "uv", "st", "u", "v"}
_VECTOR = {"motion", "vector", "vectors", "velocity", "flow", "forward", "backward", "disparity"}
_VECTOR |= {"motionvector", "mv"}
_MATTE = {"matte", "mattes", "mask", "masks", "roto", "alpha", "holdout", "a", "ar", "ag", "ab"}
_RGB = ("r", "g", "b")
_WIDE = ("x", "u", "r")
_HIGH = ("y", "v", "g")


@dataclass(frozen=True)
class Roles:
    """Positions of a frame's channels by what is done to them.

    color: red, green and blue of each layer; one position thrice for luminance.
    smooth: interpolated within the values around: alpha, mattes, single values of no known name.
    alpha: those of `smooth` that belong to a layer of colour.
    exact: never interpolated: ids, depth, normals, positions, vectors.
    wide, high: those of `exact` that are distances in pixels along x and along y.
    """

    color: tuple[tuple[int, int, int], ...]
    smooth: tuple[int, ...]
    alpha: tuple[int, ...]
    exact: tuple[int, ...]
    wide: frozenset[int]
    high: frozenset[int]


def roles(frame: Frame) -> Roles:
    """What the channels of a frame are. One that means data has no colour."""
    color: list[tuple[int, int, int]] = []
    smooth: list[int] = []
    alpha: list[int] = []
    exact: list[int] = []
    wide: set[int] = set()
    high: set[int] = set()
    for layer, parts in _layers(frame.channels).items():
        words = _words(layer)
        if words & _VECTOR:
            exact += parts.values()
            wide |= {at for part, at in parts.items() if part in _wide(words)}
            high |= {at for part, at in parts.items() if part in _high(words)}
            continue
        if frame.meaning != DATA and not words & (_EXACT | _MATTE):
            found = _take_color(parts)
            color += found
            alpha += [parts["a"]] if found and "a" in parts else []
        for part, at in parts.items():
            (exact if _is_exact(words, part, parts, frame) else smooth).append(at)
    return Roles(
        color=tuple(color),
        smooth=tuple(smooth),
        alpha=tuple(alpha),
        exact=tuple(exact),
        wide=frozenset(wide),
        high=frozenset(high),
    )


def _layers(channels: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Positions by layer and by component in lower case."""
    layers: dict[str, dict[str, int]] = {}
    for at, channel in enumerate(channels):
        layer, part = split_layer(channel)
        parts = layers.setdefault(layer, {})
        parts[part if part.lower() in parts else part.lower()] = at
    return layers


def _words(name: str) -> set[str]:
    """The words of a name: of ViewLayer.CryptoObject00 view, layer, crypto and object."""
    return {word.lower() for word in _WORD.findall(name)}


def _take_color(parts: dict[str, int]) -> list[tuple[int, int, int]]:
    """The colour among a layer's components, which are taken out."""
    if set(_RGB) <= parts.keys():
        red, green, blue = (parts.pop(name) for name in _RGB)
        return [(red, green, blue)]
    if "y" in parts and not parts.keys() & {"x", "z"}:
        luminance = parts.pop("y")
        return [(luminance, luminance, luminance)]
    return []


def _is_exact(words: set[str], part: str, parts: dict[str, int], frame: Frame) -> bool:
    named = words | _words(part)
    if named & _EXACT or {"x", "y"} <= parts.keys():
        return True
    return frame.meaning == DATA and not named & _MATTE


def _wide(words: set[str]) -> tuple[str, ...]:
    """Components along x. Blender's Vector pass has two of each: X, Y and Z, W."""
    return (*_WIDE, "z") if "vector" in words else _WIDE


def _high(words: set[str]) -> tuple[str, ...]:
    return (*_HIGH, "w") if "vector" in words else _HIGH
