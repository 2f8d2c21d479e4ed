"""Tools: one module each, with a `SPEC` and `plan` and `run` (see `backlot_server.job.Tool`).

A module is imported when the server starts: keep what is heavy inside its functions.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from typing import cast

from ..job import Tool

_log = logging.getLogger(__name__)


def discover() -> dict[str, Tool]:
    """All tools of this package by name. One that cannot be imported is logged and left out."""
    tools: dict[str, Tool] = {}
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        try:
            module = importlib.import_module(f"{__name__}.{found.name}")
        except Exception:  # a third party's file: whatever is wrong in it, the others still work
            _log.exception("The tool in %s.py is left out: it cannot be imported.", found.name)
            continue
        if hasattr(module, "SPEC"):
            tool = cast(Tool, module)
            tools[tool.SPEC.name] = tool
    return tools
