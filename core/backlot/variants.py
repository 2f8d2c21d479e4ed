"""A contact sheet of takes: what a tool makes of one frame with other seeds, side by side."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import media, order, sheet
from .errors import InvalidInput
from .shot import process
from .tools import SEED, ToolSpec

if TYPE_CHECKING:
    from .client import Studio

MOST = 32
COLUMNS = 4
AROUND = 0.4
"""Of the size of what changes, seen around it on each side."""
LEAST_AROUND = 32
LEAST_SIDE = 320
"""Pixels; smaller parts are shown with every pixel repeated."""


def variants(
    studio: Studio,
    tool: str,
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    count: int,
    **given: Any,
) -> list[int]:
    """Make the first frame with `count` seeds in a row, and show what changes side by side.

    out: the PNG, replaced whole. given: as for `shot.process`; the first seed is given, or the
    tool's own.
    Returns: the seeds, as they stand on the sheet.
    Raises: InvalidInput, CannotWrite, what `shot.process` raises, and why the frame failed.
    """
    spec = studio.tool(tool)
    if not spec.seeded:
        raise InvalidInput(f"{spec.label} has no seed.", "Use it with fill.")
    if not 2 <= count <= MOST:
        raise InvalidInput(f"{count} variants cannot be shown.", f"Give a number from 2 to {MOST}.")
    read = [given[each.name] for each in spec.inputs if given.get(each.name) is not None]
    sheet.check_name(out, [source, *read])
    first = spec.values({SEED: given.pop(SEED)} if SEED in given else {})[SEED]
    assert isinstance(first, int)
    seeds = list(range(first, first + count))
    with tempfile.TemporaryDirectory(prefix="backlot-variants-") as folder:
        plate, takes = _made(studio, spec, source, Path(folder), seeds, given)
    part = _changed(plate, takes)
    tiles = [sheet.Tile(_cut(plate, part), "the plate")]
    tiles += [
        sheet.Tile(_cut(take, part), f"--seed {seed}")
        for seed, take in zip(seeds, takes, strict=True)
    ]
    rows = [tiles[at : at + COLUMNS] for at in range(0, len(tiles), COLUMNS)]
    sheet.write_sheet(out, f"{Path(source).name}: {count} takes of {spec.label}", rows)
    return seeds


def _made(
    studio: Studio,
    spec: ToolSpec,
    source: str | os.PathLike[str],
    folder: Path,
    seeds: list[int],
    given: dict[str, Any],
) -> tuple[sheet.Display, list[sheet.Display]]:
    """The first frame and its takes as displayed, (height, width, 3) each."""
    asked = order.take(spec, source, folder / "take.####.exr", **given)
    number, layer, space = asked.frames[0], asked.layer, asked.colorspace
    plate = media.read(asked.path(asked.main, number), layer, space, number)
    takes = []
    for seed in seeds:
        once = {**given, "frames": (number,), SEED: seed}
        take = process(studio, spec.name, source, folder / f"{seed}.####.exr", **once)
        for frame in take.failed:
            assert frame.error is not None
            raise frame.error
        made = order.take(spec, source, folder / f"{seed}.####.exr", **once).output(number)
        takes.append(sheet.displayed(media.read(made, layer)))
    return sheet.displayed(plate), takes


def _changed(plate: sheet.Display, takes: list[sheet.Display]) -> tuple[slice, slice]:
    """The rows and columns where any take differs from the plate, with some surroundings."""
    changed = np.zeros(plate.shape[:2], bool)
    for take in takes:
        changed |= (take != plate).any(axis=2)
    if not changed.any():
        return slice(None), slice(None)
    rows, columns = (np.asarray(changed.any(axis=axis)) for axis in (1, 0))
    return _widened(rows), _widened(columns)


def _widened(line: npt.NDArray[np.bool_]) -> slice:
    at = np.flatnonzero(line)
    more = max(LEAST_AROUND, round(AROUND * (at[-1] - at[0])))
    return slice(max(0, int(at[0]) - more), int(at[-1]) + more + 1)


def _cut(picture: sheet.Display, part: tuple[slice, slice]) -> sheet.Display:
    """A part, its pixels repeated where it is small."""
    cut = picture[part]
    times = max(1, -(-LEAST_SIDE // max(cut.shape[:2])))
    return np.ascontiguousarray(cut.repeat(times, axis=0).repeat(times, axis=1))
