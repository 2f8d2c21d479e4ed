"""The layers of a file: which of its channels belong together, and what they mean.

Files name channels "R" or "diffuse.R", spread them over parts, and carry views (left, right)
either as parts or inside the names (OpenEXR's multi-view convention). All of that ends here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import NotFound
from .frame import COLOR, DATA, split_layer

_SHORT = {
    "red": "R",
    "green": "G",
    "blue": "B",
    "alpha": "A",
    "r": "R",
    "g": "G",
    "b": "B",
    "a": "A",
}
_RGBA = ("R", "G", "B", "A")
_MAIN = (*_RGBA, "Y")
_BEAUTY = ("combined", "beauty", "rgba", "rgb", "composite", "color")
_DATA_WORDS = frozenset(
    ("n", "normal", "normals", "p", "position", "pos", "pref", "pworld", "z", "zdepth", "depth",
     "disparity", "mist", "velocity", "vel", "vector", "vectors", "motion", "mv", "speed", "uv",
     "uvs", "st", "texcoord", "id", "ids", "index", "matte", "mattes", "mask", "masks",
     "multimatte", "alpha", "holdout", "roto", "rotoscope")
)  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What a part of a file says of itself. Channels in the file's order."""

    channels: tuple[str, ...]
    name: str = ""
    view: str = ""
    views: tuple[str, ...] = ()
    cryptomattes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """Channels of one part that are one picture, or one set of data.

    channels: their positions in the part; names: what a Frame calls them, R, G, B, A first.
    """

    name: str
    view: str
    part: int
    channels: tuple[int, ...]
    names: tuple[str, ...]
    meaning: str


def layers_of(parts: Sequence[Header]) -> tuple[Layer, ...]:
    """All layers of a file, the main RGBA of each view under the name ""."""
    found: dict[tuple[str, str], Layer] = {}
    for number, part in enumerate(parts):
        for (view, name), channels in _groups(part, number, found).items():
            key = (view, name)
            if key in found:
                name = f"{part.name or number}.{name}".rstrip(".")
                key = (view, name)
            found[key] = _layer(part, number, view, name, channels)
    return tuple(found.values())


def find(layers: Sequence[Layer], name: str, view: str) -> Layer:
    """The layer of that name. "" is the main RGBA; without one, the beauty pass or only layer.

    Raises: NotFound, naming what there is.
    """
    views = list(dict.fromkeys(layer.view for layer in layers))
    if view and view not in views:
        raise NotFound(
            f"There is no view {view!r} in this file.",
            f"It has {', '.join(views)}." if any(views) else "It has only one.",
        )
    here = [layer for layer in layers if layer.view == (view or views[0])]
    for layer in here:
        if layer.name == name:
            return layer
    if not name:
        beauty = [each for each in here if _last(each.name).lower() in _BEAUTY]
        if beauty or len(here) == 1:
            return (beauty or here)[0]
    raise NotFound(
        f"There is no layer {name!r} in this file."
        if name
        else "This file has no main RGBA layer.",
        f"It has {_told(here)}. Name one with --layer.",
    )


def find_matte(layers: Sequence[Layer], name: str, view: str) -> Layer:
    """As `find`; a name may also be that of one channel: "R", "green", "roto.G".

    Raises: NotFound, naming the layers there are.
    """
    try:
        return find(layers, name, view)
    except NotFound:
        wanted = split_layer(name)[0], _component(name)
        for layer in layers:
            for at, channel in zip(layer.channels, layer.names, strict=True):
                same = wanted == (split_layer(channel)[0], _component(channel))
                if same and layer.view == (view or layers[0].view):
                    return Layer(name, layer.view, layer.part, (at,), (name,), DATA)
        raise


def find_passes(layers: Sequence[Layer], words: Sequence[str], view: str) -> list[Layer]:
    """Data by what such layers are called: the only layer of a file whatever its name, else those
    of data whose names end in one of `words` (Nuke's forward and backward are two), else the main
    one.

    Raises: NotFound, also where passes of several renders could be meant.
    """
    here = [layer for layer in layers if layer.view == (view or layers[0].view)]
    fitting = [each for each in here if each.meaning == DATA and _last(each.name).lower() in words]
    if len(here) == 1 or not fitting:
        return [find(layers, "", view)]
    if len({each.name[: -len(_last(each.name))] for each in fitting}) > 1:
        raise NotFound(
            f"Several layers of this file could be meant: {_told(fitting)}.",
            "Name one with --layer.",
        )
    return fitting


def _told(layers: Sequence[Layer]) -> str:
    return ", ".join(layer.name or "the main RGBA" for layer in layers)


def _groups(
    part: Header, number: int, taken: dict[tuple[str, str], Layer]
) -> dict[tuple[str, str], list[int]]:
    """Positions of a part's channels by (view, layer)."""
    bare = {_SHORT.get(c.lower(), c) for c in part.channels if "." not in c}
    main = (bare & set(_RGBA)) or ({"Y"} if "Y" in bare and "X" not in bare else set())
    if main == {"A"} and "Y" in bare and "X" not in bare:
        main = {"Y", "A"}
    if {"X", "Y"} <= bare and not bare & {"R", "G", "B"}:  # as Blender's File Output writes them
        main = bare & {"X", "Y", "Z", "W", "A"}
    label = part.name
    if part.view and label.endswith(f".{part.view}"):
        label = label[: -len(part.view) - 1]
    groups: dict[tuple[str, str], list[int]] = {}
    for position, channel in enumerate(part.channels):
        layer, component = split_layer(channel)
        view = part.view or (part.views[0] if part.views else "")
        for other in part.views[1:]:
            if layer == other or layer.endswith(f".{other}"):
                view, layer = other, layer[: -len(other)].rstrip(".")
        if not layer:
            is_main = _SHORT.get(component.lower(), component) in main or view in part.views[1:]
            if is_main and (view, "") not in taken:
                layer = ""
            elif number and label:
                layer = label
            else:
                layer = "" if is_main else component
        groups.setdefault((view, layer), []).append(position)
    return _without_extras(part, groups)


def _without_extras(
    part: Header, groups: dict[tuple[str, str], list[int]]
) -> dict[tuple[str, str], list[int]]:
    """Channels beside a layer's R, G and B become layers of their own."""
    out: dict[tuple[str, str], list[int]] = {}
    for (view, layer), positions in groups.items():
        short = {i: _component(part.channels[i]) for i in positions}
        if not {"R", "G", "B"} <= set(short.values()):
            out.setdefault((view, layer), []).extend(positions)
            continue
        for i in positions:
            name = layer if short[i] in _RGBA else f"{layer}.{short[i]}".lstrip(".")
            out.setdefault((view, name), []).append(i)
    return out


def _layer(part: Header, number: int, view: str, name: str, channels: list[int]) -> Layer:
    components = [_component(part.channels[i]) for i in channels]
    if len(set(components)) < len(components):
        components = [split_layer(part.channels[i])[1] for i in channels]
    order = sorted(range(len(channels)), key=lambda i: _rank(components[i]))
    components = [components[i] for i in order]
    alone = len(components) == 1 and f".{name}".endswith(f".{components[0]}")
    prefix = f"{name}." if name else ""
    return Layer(
        name=name,
        view=view,
        part=number,
        channels=tuple(channels[i] for i in order),
        names=(name,) if alone else tuple(prefix + component for component in components),
        meaning=_meaning(name, components, part.cryptomattes),
    )


def _meaning(name: str, components: Sequence[str], cryptomattes: Sequence[str]) -> str:
    if any(name.startswith(crypto) for crypto in cryptomattes if crypto):
        return DATA
    if name == "" and tuple(components) in (("Y",), ("Y", "A")):
        return COLOR
    if tuple(components[:3]) != ("R", "G", "B") or _is_data_name(name):
        return DATA
    return COLOR


def _is_data_name(name: str) -> bool:
    last = _last(name)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", last)
    if last.lower().startswith("crypto"):
        return True
    return bool(words) and (words[-1].lower() in _DATA_WORDS or last.lower() in _DATA_WORDS)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _component(channel: str) -> str:
    component = split_layer(channel)[1]
    return _SHORT.get(component.lower(), component)


def _rank(component: str) -> int:
    order = ("R", "G", "B", "Y", "A")
    return order.index(component) if component in order[:3] or component == "A" else 3
