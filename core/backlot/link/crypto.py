"""A matte picked out of a Cryptomatte by clicking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import cryptomatte, media
from ..errors import InvalidInput, NotFound
from .protocol import Json, text_from_json


def pick(params: Mapping[str, Any]) -> Json:
    """Names with the one at a point added, or taken away, and their matte as a file.

    Raises: InvalidInput, NotFound (nothing there), UnreadableFile, CannotWrite.
    """
    image = media.Image.open(text_from_json(params, "plate"))
    within = text_from_json(params, "within", "")
    names = params.get("names", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidInput("names must be a list of texts.", "See docs/link.md.")
    if params.get("at") is not None:
        names = _toggled(names, cryptomatte.name_at(image, *_point(params["at"]), within))
    told: Json = {"names": names}
    out = text_from_json(params, "out", "")
    if out and names:
        matte = cryptomatte.matte(image, names, within)
        pixels = np.repeat(matte.pixels, 3, axis=2)
        media.write(out, matte.with_pixels(pixels, channels=("R", "G", "B")), pixel_type="half")
        told["file"] = out
    return told


def _toggled(names: list[str], picked: str) -> list[str]:
    if not picked:
        raise NotFound("Nothing that has a name is there.", "Click on an object or material.")
    return [name for name in names if name != picked] + [picked] * (picked not in names)


def _point(given: Any) -> tuple[int, int]:
    if (
        isinstance(given, list)
        and len(given) == 2
        and all(isinstance(each, int) and not isinstance(each, bool) for each in given)
    ):
        return given[0], given[1]
    raise InvalidInput("at must be two whole numbers.", "x and y from the top left, as [12, 34].")
