"""A tool as a sub-command, built from its ToolSpec."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from ..errors import InvalidInput
from ..tools import Curve, Param, ToolSpec, Value
from .catalogue import allowed, shown
from .say import guarded

FILES = "Files"
RUN = "Run"

_OWN: dict[str, tuple[Any, tuple[str, ...], str, str, str]] = {
    "out": (str, ("--out", "-o"), "PATH", FILES, "Where to write, as in clean.####.exr."),
    "frames": (str, ("--range", "-r"), "RANGE", FILES, "1001-1040, 1-9x2 or 1,5,9. Default: all."),
    "layer": (
        list[str],
        ("--layer",),
        "NAME",
        FILES,
        "The layer to work on. Default: the main one. INPUT=NAME: of another input.",
    ),
    "colorspace": (str, ("--colorspace",), "NAME", FILES, "Of the plate, where it says none."),
    "compression": (str, ("--compression",), "NAME", FILES, "Of the output. Default: the plate's."),
    "curves": (
        list[str],
        ("--set",),
        "NAME@F=V,F=V",
        RUN,
        "Animate a parameter: strength@1001=0,1040=1.",
    ),
    "force": (bool, ("--force",), "", RUN, "Make every frame again, finished or not."),
    "verify": (bool, ("--verify",), "", RUN, "Measure that nothing moved outside the matte."),
    "dry_run": (bool, ("--dry-run",), "", RUN, "Only say what would be made, time and size."),
    "report": (
        str,
        ("--report",),
        "PATH",
        FILES,
        "Also write a PNG: how far each frame can be trusted, and the worst of them.",
    ),
    "compare": (
        bool,
        ("--compare",),
        "",
        RUN,
        "Instead, write a PNG to --out: crops of the first frame by every network.",
    ),
    "variants": (
        int,
        ("--variants",),
        "COUNT",
        RUN,
        "Instead, write a PNG to --out: so many takes of the first frame, each with its own seed.",
    ),
    "as_json": (bool, ("--json",), "", RUN, "Tell everything as JSON, one object a line."),
}
_FLAGS = {flag for _, flags, *_ in _OWN.values() for flag in flags} | {"--help"}


def command(spec: ToolSpec) -> Callable[..., None]:
    """A function that typer makes the sub-command of, and that runs the tool."""
    first, *others = spec.connected
    parameters = [
        _parameter("input_" + first.name, str, True, [], first.help, first.name.upper(), "")
    ]
    for given in others:
        kind: Any = str if given.required else str | None
        name, flags = "input_" + given.name, [_flag(given.name)]
        parameters.append(_parameter(name, kind, given.required, flags, given.help, "PATH", FILES))
    for name, (kind, own_flags, metavar, panel, text) in _OWN.items():
        lacking = {
            "compare": not spec.comparable,
            "variants": not spec.seeded,
            "report": not spec.rated,
        }
        if lacking.get(name):
            continue
        needed = name == "out"
        kind = kind if needed or kind is bool else kind | None
        parameters.append(_parameter(name, kind, needed, own_flags, text, metavar, panel))
    parameters += [_for_param(param) for param in spec.params if _flag(param.name) not in _FLAGS]

    def run(**given: Any) -> int:
        from .run import run as run_tool

        inputs = {n[6:]: v for n, v in given.items() if n.startswith("input_") and v is not None}
        params = {n[6:]: v for n, v in given.items() if n.startswith("param_") and v is not None}
        own = {name: value for name, value in given.items() if name in _OWN}
        params |= assignments(spec, own.pop("curves") or ())
        return run_tool(spec, inputs, params, **own)

    run.__name__ = spec.name.replace("-", "_")
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return guarded(run)


def assignments(spec: ToolSpec, words: Sequence[str]) -> dict[str, Value]:
    """What `--set` says: "strength@1001=0,1040=1" is a curve, "strength=0.5" a plain value.

    Raises: InvalidInput.
    """
    values: dict[str, Value] = {}
    for word in words:
        name, at, keys = word.partition("@")
        if not at:
            name, equals, value = word.partition("=")
            if not equals:
                raise _unclear(word)
            values[spec.param(name.strip().replace("-", "_")).name] = value.strip()
            continue
        try:
            pairs = [key.split("=") for key in keys.split(",")]
            curve = Curve(tuple((float(frame), float(value)) for frame, value in pairs))
        except ValueError:
            raise _unclear(word) from None
        values[spec.param(name.strip().replace("-", "_")).name] = curve
    return values


def _unclear(word: str) -> InvalidInput:
    return InvalidInput(
        f"--set {word} cannot be understood.",
        "Write --set strength@1001=0,1040=1 for a curve, or --set strength=0.5.",
    )


def _for_param(param: Param) -> inspect.Parameter:
    name, flag = "param_" + param.name, _flag(param.name)
    about = [f"default {shown(param.default)}"]
    about += ["can be animated"] if param.animatable else []
    kind: Any = str | None
    words = {"float": "NUMBER", "int": "WHOLE", "text": "TEXT", "character": "FOLDER"}
    metavar = words.get(param.kind, "CHOICE")
    if param.kind == "bool":
        kind, flag, metavar = bool | None, f"{flag}/--no-{flag[2:]}", ""
    elif param.kind not in ("text", "character"):
        about.insert(0, allowed(param))
    text = f"{param.help} [dim]({'; '.join(about)})[/dim]"
    return _parameter(name, kind, False, [flag], text, metavar, param.group or "Parameters")


def _parameter(
    name: str,
    kind: Any,
    needed: bool,
    flags: Sequence[str],
    text: str,
    metavar: str,
    panel: str,
) -> inspect.Parameter:
    """An option, or without flags an argument, as typer reads it from a signature."""
    place: Callable[..., Any] = typer.Option if flags else typer.Argument
    panels = {"rich_help_panel": panel} if panel else {}
    told = place(*flags, help=text, metavar=metavar, show_default=False, **panels)
    default = inspect.Parameter.empty if needed else False if kind is bool else None
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, keyword, default=default, annotation=Annotated[kind, told])


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
