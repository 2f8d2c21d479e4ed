"""A picture of what Character Lock does on the rendered characters: `python -m
benchmarks.character_sheet OUT.png`.

A row a character, each in another light and view: the reference, the shot as it came, what the
tool made of it, and the truth, which it never saw.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from . import character_cases as cases
from .character import _through, made_character
from .character_cases import Case
from .figures import own_server

ROWS = (
    ("cal", "side", "d0", "tungsten"),
    ("ada", "back", "d2", "overcast"),
    ("eli", "far", "d4", "day"),
    ("dee", "close", "d0", "contrast"),
    ("hal", "side", "d2", "gel"),
    ("gus", "side", "d2", "neon"),
)
TALL = 300


def rows() -> list[list[Any]]:
    """Tiles, a list for each of ROWS whose character is rendered."""
    import backlot

    known = {each.name: each for each in cases.characters(False)}
    made = []
    with own_server(), backlot.connect() as studio, tempfile.TemporaryDirectory() as home:
        for name, view, variant, light in ROWS:
            if name not in known:
                continue
            character = known[name]
            folder = Path(home) / name
            sent = made_character(studio, folder, character)
            case = Case(character, view, variant, light)
            ((_, pixels, measured),) = _through(studio, sent, [case], tuple(character.cloths))
            made.append(_row(case, pixels, measured))
    return made


def _row(case: Case, pixels: Any, measured: dict[str, Any]) -> list[Any]:
    drifted = ", ".join(f"{n} {d.chroma:.0f} dE" for n, d in case.drift.items())
    changed = ", ".join(n for n, said in measured.items() if said["verdict"] == "changed")
    open_ = all(said["verdict"] == "cannot tell" for said in measured.values())
    said = f"changed: {changed}" if changed else "cannot tell" if open_ else "nothing changed"
    stops = 2.0 ** -cases.lights.LIGHTS[case.light].stops
    return [
        _tile(cases.reference(case.character), f"{case.character.name}: reference"),
        _tile(case.plate() * stops, f"{case.light}; drifted: {drifted}"),
        _tile(pixels * stops, said),
        _tile(case.truth() * stops, "the truth"),
    ]


def _tile(pixels: Any, caption: str) -> Any:
    from PIL import Image

    from backlot import Frame
    from backlot.sheet import Tile, displayed

    shown = Image.fromarray(displayed(Frame(np.asarray(pixels, np.float32), ("R", "G", "B"))))
    wide = round(shown.width * TALL / shown.height)
    return Tile(np.asarray(shown.resize((wide, TALL), Image.Resampling.LANCZOS)), caption)


def main() -> None:
    """The command line."""
    from backlot.sheet import write_sheet

    found = rows()
    pairs = [list(itertools.chain(*found[at : at + 2])) for at in range(0, len(found), 2)]
    title = "Character Lock: reference, shot, corrected, truth"
    write_sheet(sys.argv[1], title, pairs)


if __name__ == "__main__":
    main()
