"""The Fusion macro: a take inside a composition, and the settings it was made with.

Images never wait for inference: the macro shows what is on disk. Its input passes through; where
a take is chosen, its frames lie over the input by their own alpha and a mix control. The result of
another run is shown by choosing another folder.

A .setting file is a Lua table; what is written here follows the form of macros that Fusion itself
saves (GroupOperator with InstanceInput and InstanceOutput). It was not loaded in Resolve by us.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

NAME = "Backlot Take.setting"
MARK = "Backlot = true"


def macro(
    clip: str = "",
    first: int = 1001,
    last: int = 1001,
    settings: Mapping[str, Any] | None = None,
) -> str:
    """The macro's text. clip: the first file of a take, "" to be chosen in the inspector.

    first, last: of its frames. settings: shown as text, so that a comp says how it was made.
    """
    comment = lua_string("; ".join(f"{k}: {v}" for k, v in sorted((settings or {}).items())))
    take = loader("Take", clip, first, max(1, last - first + 1))
    return f"""{{
\tTools = ordered() {{
\t\tBacklotTake = GroupOperator {{
\t\t\tCustomData = {{ {MARK}, }},
\t\t\tInputs = ordered() {{
\t\t\t\tComments = Input {{ Value = {comment}, }},
\t\t\t\tMainInput1 = InstanceInput {{ SourceOp = "Mix", Source = "Background", Name = "Plate", }},
\t\t\t\tTake = InstanceInput {{ SourceOp = "Take", Source = "Clip", Name = "Take", }},
\t\t\t\tMixAmount = InstanceInput {{
\t\t\t\t\tSourceOp = "Mix", Source = "Blend", Name = "Mix", Default = 1,
\t\t\t\t}},
\t\t\t}},
\t\t\tOutputs = {{
\t\t\t\tMainOutput1 = InstanceOutput {{ SourceOp = "Mix", Source = "Output", }},
\t\t\t}},
\t\t\tViewInfo = GroupInfo {{ Pos = {{ 0, 0 }} }},
\t\t\tTools = ordered() {{
{take}
\t\t\t\tMix = Merge {{
\t\t\t\t\tInputs = {{
\t\t\t\t\t\tForeground = Input {{ SourceOp = "Take", Source = "Output", }},
\t\t\t\t\t\tBlend = Input {{ Value = 1, }},
\t\t\t\t\t\tPerformDepthMerge = Input {{ Value = 0, }},
\t\t\t\t\t}},
\t\t\t\t\tViewInfo = OperatorInfo {{ Pos = {{ 220, 0 }} }},
\t\t\t\t}},
\t\t\t}},
\t\t}},
\t}},
\tActiveTool = "BacklotTake",
}}
"""


def loader(
    name: str, clip: str, first: int, length: int, trim: tuple[int, int] | None = None
) -> str:
    """The text of a Loader. clip: the first file of a sequence of `length`, numbered from `first`,
    "" to be chosen in the inspector. trim: the first and last that are shown, from 0."""
    start, end = trim or (0, length - 1)
    clips = ""
    if clip:
        clips = f"""
\t\t\tClips = {{
\t\t\t\tClip {{
\t\t\t\t\tID = "Clip1", Filename = {lua_string(clip)}, FormatID = {_format(clip)},
\t\t\t\t\tStartFrame = {first}, Length = {length}, LengthSetManually = true,
\t\t\t\t\tTrimIn = {start}, TrimOut = {end}, ExtendFirst = 0, ExtendLast = 0, Loop = 0,
\t\t\t\t\tAspectMode = 0, Depth = 0, TimeCode = 0, GlobalStart = 0,
\t\t\t\t\tGlobalEnd = {end - start},
\t\t\t\t}},
\t\t\t}},"""
    return f"""\t\t{name} = Loader {{{clips}
\t\t\tViewInfo = OperatorInfo {{ Pos = {{ 110, 66 }} }},
\t\t}},"""


def _format(clip: str) -> str:
    kinds = {".exr": "OpenEXRFormat", ".png": "PNGFormat", ".dpx": "DPXFormat"}
    return lua_string(kinds.get(PurePath(clip).suffix.lower(), "OpenEXRFormat"))


def lua_string(text: str) -> str:
    """A quoted Lua string. Only what cannot stand in one is escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\r\n]+", " ", escaped) + '"'
