"""The command line: `backlot`. Its sub-commands for tools are built from the server's ToolSpecs."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point of `backlot`; ends the process with an exit code of docs/cli.md."""
    from .app import build

    build(sys.argv[1:])(prog_name="backlot")
