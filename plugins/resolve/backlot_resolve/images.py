"""Small pictures written whole or not at all: drawn mattes, previews, test frames; sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from backlot.errors import CannotWrite


def size(path: str) -> tuple[int, int]:
    """(width, height) of a file's display window; (0, 0) where it cannot be read."""
    import OpenImageIO as oiio  # noqa: N813

    image = oiio.ImageInput.open(path)
    if image is None:
        return 0, 0
    spec = image.spec()
    image.close()
    return int(spec.full_width), int(spec.full_height)


def write(path: Path, pixels: Any, kind: str, channels: tuple[str, ...] = ()) -> None:
    """pixels: (height, width, channels), top row first. kind: "half", "float" or "uint8".

    Raises: CannotWrite; nothing half-written is left behind.
    """
    import OpenImageIO as oiio  # noqa: N813

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    if channels:
        spec.channelnames = channels
    if path.suffix == ".exr":
        spec.attribute("compression", "zip")
    out = oiio.ImageOutput.create(str(partial))
    done = (
        out is not None
        and out.open(str(partial), spec)
        and out.write_image(np.ascontiguousarray(pixels))
        and out.close()
    )
    if not done:
        partial.unlink(missing_ok=True)
        raise CannotWrite(
            f"{path.name} cannot be written: {out.geterror() if out else oiio.geterror()}",
            "Check the folder and the room on the disk.",
        )
    partial.replace(path)
