"""The character as it would look under the reference's light: small pictures to compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..atomic import atomic
from ..errors import BacklotError
from ..frame import Frame
from ..matte import coverage
from ..sheet import Display, displayed
from . import results
from .likeness import OTHER
from .mattes import Mattes, box
from .results import ShotResult
from .verdicts import CHANGED

HEIGHT, WIDTH = 220, 300
_MARGIN = 0.08
_BACKGROUND = 0.35
"""How much of the surroundings is left around the character."""


def save_picture(result: ShotResult, read: Callable[[int], Frame], mattes: Mattes) -> None:
    """The shot's telling frame as a PNG beside its results: the worst that changed, or the middle;
    with another face, that.

    A shot of which no frame can be shown has no picture.
    """
    lines = [line for line in results.frames(result.path) if line.get("regions")]
    changed = [verdict.worst for verdict in result.verdicts if verdict.verdict == CHANGED]
    if result.face is not None and result.face.verdict == OTHER:
        changed.insert(0, result.face.worst)
    wanted = changed[0] if changed else lines[len(lines) // 2]["frame"] if lines else None
    with suppress(BacklotError, OSError):
        result.picture.unlink(missing_ok=True)
        line = next((each for each in lines if each["frame"] == wanted), None)
        if line is not None:
            shown = neutral(read(line["frame"]), mattes.frame(line["frame"]), line.get("light"))
            if shown is not None:
                write_png(result.picture, shown)


def neutral(frame: Frame, mattes: Frame, light: Sequence[float] | None = None) -> Display | None:
    """The character cut out, its surroundings dimmed, divided by the light of the shot.

    light: gains of red, green and blue against the reference (Result.measured["light"]).

    Returns: (height, width, 3) uint8 as an sRGB screen shows it, at most 220x300; None where the
    character is not in the frame.
    """
    from PIL import Image

    around = box(mattes, _MARGIN)
    common = around.intersect(frame.data_window) if around else None
    if common is None:
        return None
    x, y = common.x - frame.data_window.x, common.y - frame.data_window.y
    at = list(frame.index("R", "G", "B"))
    rgb = frame.pixels[y : y + common.height, x : x + common.width, at].astype(np.float32)
    gain = np.array(light or (1.0, 1.0, 1.0), np.float32)
    rgb = np.nan_to_num(rgb / np.maximum(gain, 1e-4), posinf=100.0, neginf=0.0)
    cover = coverage(mattes, common)[:, :, None]
    rgb *= _BACKGROUND + (1 - _BACKGROUND) * cover
    picture = displayed(Frame(np.ascontiguousarray(rgb), ("R", "G", "B")))
    scale = min(HEIGHT / common.height, WIDTH / common.width)
    size = (max(1, round(common.width * scale)), max(1, round(common.height * scale)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def write_png(path: Path, picture: Display) -> None:
    """Raises: CannotWrite."""
    from PIL import Image

    with atomic(path) as temporary:
        Image.fromarray(picture).save(temporary, "PNG", optimize=True)
