# ruff: noqa: N802 (the names are Resolve's)
"""Fusion compositions of the simulator: read from their files, and rendered.

Modelled: MediaIn, Loader, Dissolve, MediaOut, and the links between them. A tool of another kind
raises, so that no test rests on what is not modelled.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from .model import NotModelled, Thing

PASS_THROUGH = """Composition {
\tTools = ordered() {
\t\tMediaIn1 = MediaIn {
\t\t\tInputs = {
\t\t\t\tLayer = Input { Value = "", },
\t\t\t},
\t\t\tViewInfo = OperatorInfo { Pos = { 0, 0 } },
\t\t},
\t\tMediaOut1 = MediaOut {
\t\t\tInputs = {
\t\t\t\tInput = Input {
\t\t\t\t\tSourceOp = "MediaIn1",
\t\t\t\t\tSource = "Output",
\t\t\t\t},
\t\t\t},
\t\t\tViewInfo = OperatorInfo { Pos = { 220, 0 } },
\t\t}
\t}
}
"""
_TOKENS = re.compile(r'\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|\w+|\(\)|[{}=,])')


class Composition(Thing):
    """What Resolve gives of a Fusion composition: nothing of it is modelled but that it is one."""

    owner = "Composition"


class Compositions:
    """The compositions of a timeline item. comp: the one that shows, "" for none."""

    resolve: Any
    comps: dict[str, str]
    comp: str

    def GetFusionCompCount(self) -> int:
        return len(self.comps)

    def GetFusionCompNameList(self) -> list[str]:
        return list(self.comps)

    def AddFusionComp(self) -> Composition:
        return self._with_comp(PASS_THROUGH)

    def ImportFusionComp(self, path: str) -> Composition | None:
        try:
            text = Path(path).read_text(encoding="utf-8")
            parse(text)
        except (OSError, ValueError):
            return None
        return self._with_comp(text)

    def _with_comp(self, text: str) -> Composition:
        number = 1
        while f"Composition {number}" in self.comps:
            number += 1
        self.comp = f"Composition {number}"
        self.comps[self.comp] = text
        return Composition(self.resolve)

    def ExportFusionComp(self, path: str, index: int) -> bool:
        if not 1 <= index <= len(self.comps):
            return False
        Path(path).write_text(list(self.comps.values())[int(index) - 1], encoding="utf-8")
        return True

    def LoadFusionCompByName(self, name: str) -> Composition | None:
        if name not in self.comps:
            return None
        self.comp = name
        return Composition(self.resolve)

    def RenameFusionCompByName(self, old: str, new: str) -> bool:
        if old not in self.comps or new in self.comps:
            return False
        self.comps = {new if name == old else name: text for name, text in self.comps.items()}
        self.comp = new if self.comp == old else self.comp
        return True

    def DeleteFusionCompByName(self, name: str) -> bool:
        if self.comps.pop(name, None) is None:
            return False
        if self.comp == name:
            self.comp = next(iter(self.comps), "")
        return True


def parse(text: str) -> Any:
    """A Lua table as Fusion saves it: dictionaries with "#" for a constructor's name, and the
    values without a key under their numbers. Raises: ValueError."""
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        found = _TOKENS.match(text, at)
        if not found:
            raise ValueError(f"not Lua at {text[at : at + 20]!r}")
        tokens.append(found.group(1))
        at = found.end()
    value, rest = _value(tokens, 0)
    if rest != len(tokens):
        raise ValueError("more than one table")
    return value


def _value(tokens: list[str], at: int) -> tuple[Any, int]:
    token = tokens[at]
    if token == "{":
        return _table(tokens, at + 1, "")
    if token[0] == '"':
        return re.sub(r"\\(.)", r"\1", token[1:-1]), at + 1
    if re.fullmatch(r"-?\d+(\.\d+)?", token):
        return float(token), at + 1
    if token in ("true", "false"):
        return token == "true", at + 1
    after = at + 2 if tokens[at + 1] == "()" else at + 1
    if after < len(tokens) and tokens[after] == "{":
        return _table(tokens, after + 1, token)
    raise ValueError(f"{token} stands alone")


def _table(tokens: list[str], at: int, name: str) -> tuple[Any, int]:
    table: dict[Any, Any] = {"#": name} if name else {}
    while tokens[at] != "}":
        if tokens[at + 1] == "=":
            key = tokens[at]
            table[key], at = _value(tokens, at + 2)
        else:
            table[len(table)], at = _value(tokens, at)
        if tokens[at] == ",":
            at += 1
        elif tokens[at] != "}":
            raise ValueError(f"a comma is missing before {tokens[at]}")
    return table, at + 1


def check(text: str) -> None:
    """Raises: ValueError where Resolve's render would fail: not rooted from MediaIn to MediaOut."""
    tools = parse(text)["Tools"]
    out = _output(tools)
    if "MediaIn" not in _reached(tools, out):
        raise ValueError("the composition is not rooted in MediaIn")


def _output(tools: dict[str, Any]) -> str:
    found = [name for name, tool in tools.items() if _kind(tool) == "MediaOut"]
    if len(found) != 1:
        raise ValueError("the composition has no MediaOut")
    return found[0]


def _kind(tool: Any) -> str:
    return str(tool.get("#", "")) if isinstance(tool, dict) else ""


def _reached(tools: dict[str, Any], name: str) -> set[str]:
    links = [i["SourceOp"] for i in tools[name].get("Inputs", {}).values()
             if isinstance(i, dict) and "SourceOp" in i]  # fmt: skip
    return {_kind(tools[name])}.union(*(_reached(tools, link) for link in links))


def rendered(text: str, number: int, media: Any) -> Any:
    """RGBA of frame `number`, counted from the clip's first; media: RGBA that MediaIn gives."""
    tools = parse(text)["Tools"]
    return _tool(tools, _output(tools), number, media)


def _tool(tools: dict[str, Any], name: str, number: int, media: Any) -> Any:
    tool = tools[name]
    kind, inputs = _kind(tool), tool.get("Inputs", {})

    def linked(which: str) -> Any:
        return _tool(tools, inputs[which]["SourceOp"], number, media)

    if kind == "MediaIn":
        return media
    if kind == "MediaOut":
        return linked("Input")
    if kind == "Loader":
        return _loaded(tool["Clips"][0], number, media.shape)
    if kind == "Dissolve":
        mix = np.float32(inputs["Mix"]["Value"])
        return linked("Background") * (1 - mix) + linked("Foreground") * mix
    raise NotModelled(f"Fusion's {kind}")


def _loaded(clip: dict[str, Any], number: int, shape: tuple[int, ...]) -> Any:
    import OpenImageIO as oiio  # noqa: N813

    if not clip["GlobalStart"] <= number <= clip["GlobalEnd"]:
        return np.zeros(shape, np.float32)
    index = int(number - clip["GlobalStart"] + clip["TrimIn"])
    if index > clip["TrimOut"] or index >= clip["Length"]:
        return np.zeros(shape, np.float32)
    first = Path(clip["Filename"])
    digits = re.search(r"(\d+)(\.\w+)$", first.name)
    assert digits is not None
    shown = int(clip["StartFrame"]) + index
    name = first.name[: digits.start(1)] + f"{shown:0{len(digits.group(1))}d}" + digits.group(2)
    pixels = oiio.ImageBuf(str(first.with_name(name))).get_pixels(oiio.FLOAT)
    rgba = np.ones(shape, np.float32)
    rgba[..., : pixels.shape[2]] = pixels[: shape[0], : shape[1]]
    return rgba
