"""A result inside a clip's Fusion composition: a Loader between MediaIn and what follows it.

Nothing of a composition that is there is changed: Resolve exports it, the Loader and a Dissolve are
written into the copy, and the copy is imported as one more composition of the clip. Whoever made
the old one still has it; A/B is choosing between the two.

A composition file is a Lua table. What is written follows the form in which Fusion saves Loader and
Dissolve; Resolve has not read it on our machines. Loaders are not colour-managed, so this is for
unmanaged projects only.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from backlot.errors import CannotWrite

from .edit import Clip, file_of
from .errors import Refused
from .frames import Source, Span
from .fusion import loader, lua_string
from .scripting import Scripting

NAME = "Backlot"
_MEDIA_IN = re.compile(r"(\w+)\s*=\s*MediaIn\s*\{")
_TOOLS = re.compile(r"Tools\s*=\s*(?:ordered\(\)\s*)?\{")


def add(
    scripting: Scripting,
    item: Any,
    clip: Clip,
    label: str,
    files: str,
    span: Span[Source],
    window: Span[Source],
) -> tuple[str, str]:
    """Give a clip one more composition, which shows a result; and open it.

    files: of the result, in printf notation; span: their numbers; window: those that the clip
    shows. Returns: (name of the new one, name of the one without the result).
    Raises: Refused with nothing left behind, CannotWrite.
    """
    call, before = scripting.call, names(scripting, item)
    base = _base(scripting, item, clip, before)
    made: list[str] = []
    try:
        source = _exported(scripting, item, base, Path(files).parent)
        spliced = splice(source, file_of(files, span.first.frame), span, window)
        path = Path(files).parent / f"{NAME}.comp"
        _write(path, spliced)
        known = names(scripting, item)
        call("TimelineItem.ImportFusionComp", item, str(path))
        made = [name for name in names(scripting, item) if name not in known]
        if len(made) != 1:
            raise _refused(clip, "import the composition")
        wanted = _free(f"{NAME} {label}", known)
        for _ in range(2):
            call("TimelineItem.RenameFusionCompByName", item, made[0], wanted)
            if wanted in names(scripting, item):
                break
        else:
            raise _refused(clip, "name the composition")
        made = [wanted]
        if not show(scripting, item, wanted):
            raise _refused(clip, "open the composition")
        return wanted, base
    except BaseException:
        for name in (*made, *([base] if base not in before else [])):
            _delete(scripting, item, name)
        raise


def names(scripting: Scripting, item: Any) -> list[str]:
    """The compositions of a clip. Raises: Refused when Resolve does not tell them."""
    for _ in range(2):
        found = scripting.call("TimelineItem.GetFusionCompNameList", item)
        if isinstance(found, list) and (
            found or not scripting.call("TimelineItem.GetFusionCompCount", item)
        ):
            return [str(name) for name in found]
        if found is None and scripting.call("TimelineItem.GetFusionCompCount", item) == 0:
            return []
    raise Refused("Resolve does not tell the clip's Fusion compositions.", "Close its dialogs.")


def show(scripting: Scripting, item: Any, name: str) -> bool:
    """Open one of a clip's compositions; False when it is not there any more."""
    if name not in names(scripting, item):
        return False
    return scripting.call("TimelineItem.LoadFusionCompByName", item, name) is not None


def _base(scripting: Scripting, item: Any, clip: Clip, there: list[str]) -> str:
    """The composition to put the result into: the clip's own, or a new one that passes through."""
    theirs = [name for name in there if not name.startswith(NAME)]
    if len(theirs) == 1:
        return theirs[0]
    if theirs:
        raise Refused(
            f"“{clip.name}” has {len(theirs)} Fusion compositions, and Resolve does not tell which "
            "one shows.",
            "Delete all but one, or place the result as a take.",
        )
    scripting.call("TimelineItem.AddFusionComp", item)
    fresh = [name for name in names(scripting, item) if name not in there]
    if len(fresh) != 1:
        raise _refused(clip, "make a composition")
    return fresh[0]


def _exported(scripting: Scripting, item: Any, name: str, folder: Path) -> str:
    path = folder / f".{NAME}-export.comp"
    try:
        index = names(scripting, item).index(name) + 1
        scripting.call("TimelineItem.ExportFusionComp", item, str(path), index)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise Refused(
            "Resolve did not export the clip's Fusion composition.",
            "Place the result as a take, or on the track above.",
        ) from error
    finally:
        path.unlink(missing_ok=True)


def splice(text: str, first_file: str, span: Span[Source], window: Span[Source]) -> str:
    """A composition with a result after its MediaIn: all that took MediaIn takes the result.

    first_file: of the sequence; span: its numbers; window: those to show, from the composition's
    first frame on. Raises: Refused for a composition without one MediaIn of its own.
    """
    found = _MEDIA_IN.findall(text)
    tools = _TOOLS.search(text)
    media = "MediaIn1" if "MediaIn1" in found else "".join(found[:1])
    if not media or tools is None:
        raise Refused(
            "This Fusion composition does not begin with a MediaIn.",
            "Place the result as a take, or add a Loader by hand.",
        )
    loads, mixes = _unused("BacklotTake", text), _unused("BacklotMix", text)
    text = re.sub(rf'(SourceOp\s*=\s*)"{media}"', rf'\1"{mixes}"', text)
    trim = (window.first - span.first, window.last - span.first)
    added = f"""
{loader(loads, first_file, span.first.frame, len(span), trim)}
\t\t{mixes} = Dissolve {{
\t\t\tInputs = {{
\t\t\t\tMix = Input {{ Value = 1, }},
\t\t\t\tBackground = Input {{ SourceOp = "{media}", Source = "Output", }},
\t\t\t\tForeground = Input {{ SourceOp = "{loads}", Source = "Output", }},
\t\t\t\tComments = Input {{ Value = {lua_string("Mix: 1 is the result, 0 the source")}, }},
\t\t\t}},
\t\t\tViewInfo = OperatorInfo {{ Pos = {{ 110, 0 }} }},
\t\t}},"""
    cut = tools.end()
    return text[:cut] + added + text[cut:]


def _unused(name: str, text: str) -> str:
    number = 1
    while re.search(rf"\b{name}{number}\b", text):
        number += 1
    return f"{name}{number}"


def _free(name: str, taken: list[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free


def _write(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise CannotWrite(
            f"{path.name} cannot be written: {error.strerror}.", "Make room in the folder."
        ) from error


def _delete(scripting: Scripting, item: Any, name: str) -> None:
    for _ in range(2):
        if name in names(scripting, item):
            scripting.call("TimelineItem.DeleteFusionCompByName", item, name)


def _refused(clip: Clip, what: str) -> Refused:
    return Refused(
        f"Resolve did not {what} of “{clip.name}”.",
        "Place the result as a take, or on the track above.",
    )
