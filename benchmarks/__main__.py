"""Run the benchmarks: all of them, or those that are named."""

from __future__ import annotations

import json
import platform
import sys
from importlib import import_module

import psutil
from rich.console import Console
from rich.table import Table

NAMES = [
    "start",
    "transport",
    "sequence",
    "memory",
    "leaks",
    "fill_stills",
    "fill_shots",
    "fill_long",
    "fill_lens",
    "fill_cameras",
    "upscale_quality",
    "upscale_flicker",
    "upscale_engines",
    "blender",
    "resolve",
    "character",
]


def main(names: list[str]) -> int:
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"There is no benchmark {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}.")
        return 2
    console = Console(width=120)
    table = Table(title=f"{psutil.cpu_count()} cores, {platform.processor() or platform.machine()}")
    for heading in ("figure", "measured", "must", "", "note"):
        table.add_column(heading, justify="right" if heading in ("measured", "must") else "left")
    held = True
    for name in names or NAMES:
        for figure in import_module(f".{name}", __package__).figures():
            print(json.dumps(figure.__dict__), file=sys.stderr, flush=True)
            mark = {True: "[green]held", False: "[red]missed", None: ""}[figure.held]
            value = f"{figure.value:.3g} {figure.unit}"
            table.add_row(figure.what, value, figure.needed, mark, figure.note)
            held = held and figure.held is not False
    console.print(table)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
