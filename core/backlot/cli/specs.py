"""What the command line knows of the tools when no server runs: as it last saw them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__

if TYPE_CHECKING:
    from ..tools import ToolSpec


def cache_file() -> Path:
    """$BACKLOT_HOME/tools.json, or where this system keeps such things."""
    if own := os.environ.get("BACKLOT_HOME"):
        return Path(own) / "tools.json"
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "backlot" / "tools.json"


def remember(specs: Mapping[str, ToolSpec]) -> None:
    """Keep the tools for the next `--help`. Failing to is no failure."""
    text = json.dumps({"build": __version__, "tools": [asdict(spec) for spec in specs.values()]})
    path = cache_file()
    with suppress(OSError):
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)


def summaries() -> dict[str, str]:
    """Names and summaries of the tools to offer, as last seen. Quick: for `backlot --help`."""
    return {spec["name"]: spec["summary"] for spec in _remembered() if not spec["hidden"]}


def known(name: str, running: bool) -> dict[str, ToolSpec]:
    """The tools of the server, which is started when none runs.

    Unless `running` is needed, the remembered ones do, if the tool called `name` is among them.
    Raises: what connecting raises.
    """
    from .. import local

    if not running and local.find() is None and name in (found := remembered()):
        return found
    from ..client import connect

    with connect(client="cli") as studio:
        remember(studio.tools())
        return studio.tools()


def remembered() -> dict[str, ToolSpec]:
    """The tools as last seen; none when there is no such memory."""
    return {spec["name"]: _spec(spec) for spec in _remembered()}


def _remembered() -> list[dict[str, Any]]:
    """The tools as last seen by this version of Backlot; none when there is no such memory."""
    try:
        fields = json.loads(cache_file().read_text(encoding="utf-8"))
        return list(fields["tools"]) if fields["build"] == __version__ else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _spec(fields: dict[str, Any]) -> ToolSpec:
    from ..tools import Input, Output, Param, ToolSpec

    params = [
        Param(**{**param, "choices": tuple((v, label) for v, label in param["choices"])})
        for param in fields["params"]
    ]
    output = {**fields["output"], "grow_params": tuple(fields["output"]["grow_params"])}
    return ToolSpec(
        **{
            **fields,
            "inputs": tuple(
                Input(**{**given, "layers": tuple(given.get("layers", ()))})
                for given in fields["inputs"]
            ),
            "params": tuple(params),
            "output": Output(**output),
        }
    )
