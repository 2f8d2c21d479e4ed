"""`backlot tools` and `backlot models`: what there is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ..tools import Param, ToolSpec
from .say import emit, stdout
from .server import size, table

if TYPE_CHECKING:
    from rich.console import Console

_VERDICTS = {
    "green": ("green", "free to use in commercial work"),
    "amber": ("yellow", "read its licence first"),
    "red": ("red", "not for commercial work"),
}


def tools(as_json: bool) -> int:
    from ..client import connect
    from . import specs

    with connect(client="cli") as studio:
        found = studio.tools()
    specs.remember(found)
    shown = [spec for _, spec in sorted(found.items()) if not spec.hidden]
    if as_json:
        emit({"tools": [asdict(spec) for spec in shown]})
        return 0
    console = stdout()
    for spec in shown:
        _show_tool(console, spec)
    console.print("`backlot TOOL --help` says more about each.")
    return 0


def _show_tool(console: Console, spec: ToolSpec) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    console.print(f"[bold]{escape(spec.name)}[/]  {escape(spec.summary)}")
    rows = table("", "", "")
    for given in spec.connected:
        needed = "needed" if given.required else "optional"
        rows.add_row(given.name, f"{given.kind}, {needed}", escape(given.help))
    for param in spec.params:
        rows.add_row(f"--{param.name.replace('_', '-')}", value_range(param), escape(param.help))
    rows.show_header = False
    console.print(Padding(rows, (0, 0, 1, 2)))


def value_range(param: Param) -> str:
    """What a parameter may be, and its default: "1 to 8, default 2"."""
    return f"{allowed(param)}, default {shown(param.default)}".lstrip(", ")


def allowed(param: Param) -> str:
    """What a parameter may be: "1 to 8 px", "auto | fast", "on | off"."""
    if param.kind == "choice":
        return " | ".join(value for value, _ in param.choices)
    if param.kind == "bool":
        return "on | off"
    if param.kind in ("text", "character"):
        return "text" if param.kind == "text" else "a character's folder"
    unit = f" {param.unit}" if param.unit else ""
    if param.minimum is not None and param.maximum is not None:
        return f"{param.minimum:.10g} to {param.maximum:.10g}{unit}"
    if param.minimum is not None:
        return f"from {param.minimum:.10g}{unit}"
    if param.maximum is not None:
        return f"up to {param.maximum:.10g}{unit}"
    return ("whole number" if param.kind == "int" else "number") + unit


def shown(value: object) -> str:
    """A default as an artist would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value) if value != "" else "none"


def models(as_json: bool) -> int:
    from ..client import connect

    with connect(client="cli") as studio:
        found = studio.models()
    if as_json:
        names = [field.name for field in found[0].DESCRIPTOR.fields] if found else []
        emit({"models": [{name: getattr(model, name) for name in names} for model in found]})
        return 0
    rows = table("Model", "For", "Verdict", "Licence: code / weights / data", "Size", "Here")
    for model in found:
        colour, _ = _VERDICTS.get(model.verdict, ("white", ""))
        licence = " / ".join((model.licence_code, model.licence_weights, model.licence_data))
        here = "loaded" if model.loaded else "yes" if model.present else "no"
        verdict = f"[{colour}]{model.verdict}[/]"
        weight = size(model.bytes) if model.bytes else ""
        rows.add_row(model.name, model.purpose, verdict, licence, weight, here)
    console = stdout()
    console.print(rows if found else "This server has no models.")
    verdicts = {model.verdict for model in found}
    for verdict, (colour, meaning) in _VERDICTS.items():
        if verdict in verdicts:
            console.print(f"[{colour}]{verdict}[/] {meaning}")
    return 0
