"""Bring a character back in a shot: a take like any other, and its corrections as CDLs to edit."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from .. import media
from ..atomic import atomic
from ..errors import MissingFrame
from ..report import Take
from ..shot import process
from .mattes import of_shot
from .references import TOOL
from .sending import regions_of
from .shotlist import Shot

if TYPE_CHECKING:
    from ..client import Studio

_PER_REGION = "{region}"


def lock(studio: Studio, character: str, shot: Shot, out: str, **options: Any) -> Take:
    """Correct the regions that changed, in every frame of a shot; see `shot.process`.

    character: as `sending.sent` gives it for "lock". options: those of `shot.process` and of the
    tool (strength, only, costume, clip).

    Raises: what `shot.process` raises.
    """
    with ExitStack() as opened:
        mattes = shot.mattes or shot.plate
        if _PER_REGION in mattes:
            folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="backlot-mattes-"))
            mattes = _joined(studio, character, shot, Path(folder))
        return process(
            studio,
            TOOL,
            shot.plate,
            out,
            frames=shot.frames or None,
            matte=mattes,
            character=character,
            mode="lock",
            **options,
        )


def _joined(studio: Studio, character: str, shot: Shot, folder: Path) -> str:
    """Files of a region each as files of all regions, so that a take has one matte a frame."""
    regions = regions_of(studio.tool(TOOL), {"character": character})
    mattes = of_shot(shot.mattes, shot.plate, regions)
    for number in shot.numbers:
        try:
            media.write(folder / f"mattes.{number:04d}.exr", mattes.frame(number))
        except MissingFrame:
            continue  # told by the take, for the frame that it is missing in
    return str(folder / "mattes.####.exr")


def corrections(take: Take) -> dict[str, tuple[float, ...]]:
    """By region, the median slope of red, green and blue over the frames that were corrected."""
    found: dict[str, list[Sequence[float]]] = {}
    for frame in take.frames:
        for region, said in frame.measured.get("regions", {}).items():
            if "cdl" in said:
                found.setdefault(region, []).append(said["cdl"]["slope"])
    return {
        region: tuple(round(median(each[c] for each in slopes), 5) for c in range(3))
        for region, slopes in sorted(found.items())
    }


def write_cdl(path: Path, shot: str, slopes: Mapping[str, Sequence[float]]) -> None:
    """An ASC CDL collection (.ccc), a correction for each region, to be used with its matte.

    For scene-linear ACEScg: slope alone, since a change of material is a gain there. Raises:
    CannotWrite.
    """
    parts = [
        f"    <ColorCorrection id={quoteattr(f'{shot}.{region}')}>\n"
        f"        <Description>{escape(region)}: ACEScg, within its matte</Description>\n"
        "        <SOPNode>\n"
        f"            <Slope>{' '.join(f'{value:g}' for value in slope)}</Slope>\n"
        "            <Offset>0 0 0</Offset>\n"
        "            <Power>1 1 1</Power>\n"
        "        </SOPNode>\n"
        "        <SatNode><Saturation>1</Saturation></SatNode>\n"
        "    </ColorCorrection>\n"
        for region, slope in slopes.items()
    ]
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ColorCorrectionCollection xmlns="urn:ASC:CDL:v1.01">\n'
        f"{''.join(parts)}</ColorCorrectionCollection>\n"
    )
    with atomic(path) as temporary:
        Path(temporary).write_text(text, "utf-8")
