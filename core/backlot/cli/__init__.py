"""The command line: `backlot`. Its sub-commands for tools are built from the server's ToolSpecs."""

from __future__ import annotations

import sys
from typing import Any


def main() -> None:
    """The entry point of `backlot`; ends the process with an exit code of docs/cli.md."""
    from .app import build

    words = sys.argv[1:]
    app = build(words)
    if "--json" in words:
        sys.exit(_told_as_json(app))
    app(prog_name="backlot")


def _told_as_json(app: Any) -> int:
    """Run the command. What it cannot be asked for is an object on stdout, as every error is."""
    try:
        return int(app(prog_name="backlot", standalone_mode=False) or 0)
    except Exception as error:
        if not hasattr(error, "format_message"):  # click's own, which typer keeps to itself
            raise
        from ..errors import InvalidInput
        from .say import tell

        return tell(InvalidInput(error.format_message(), "--help says what there is."), True)
