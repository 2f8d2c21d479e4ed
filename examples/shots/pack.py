"""Make the small files of this folder from the masters that `make_shots.py` rendered.

`python examples/shots/pack.py MASTERS examples/shots`. Plates and clean plates are DWA-compressed,
the latter only around the matte: elsewhere the plate is the clean plate. The windows lie on
multiples of 8 pixels, so that both compress to the same values where they are the same. Vectors are
rounded to a sixteenth of a pixel, and only there where depth and camera do not say the same or they
take little room.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813

LEVELS = {
    "pan": 300,
    "dolly": 300,
    "static": 1000,
    "handheld": 1000,
    "flicker": 1000,
    "dynamic": 1000,
}
"""The shots that are here, and how hard their pictures are compressed."""
WITH_VECTORS = ("dolly", "static", "flicker", "dynamic")
STEPS = 16
"""Of a vector, to a pixel."""
GRID, AROUND = 8, 8


def pack(masters: Path, out: Path) -> None:
    """One shot."""
    out.mkdir(parents=True, exist_ok=True)
    cameras = json.loads((masters / "camera.json").read_text())
    rows = [json.dumps(camera, separators=(",", ":")) for camera in cameras]
    (out / "camera.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")
    for camera in cameras:
        number = camera["frame"]

        def path(kind: str, folder: Path = masters, number: int = number) -> Path:
            return folder / f"{kind}.{number}.exr"

        matte = oiio.ImageBuf(str(path("matte")))
        window = _window(matte)
        _copy(path("matte"), path("matte", out), None, "zip", "half")
        packing = f"dwab:{LEVELS[masters.name]}"
        _copy(path("plate"), path("plate", out), None, packing, "half")
        _copy(path("clean"), path("clean", out), window, packing, "half")
        _copy(path("depth"), path("depth", out), None, "zip", "half")
        if masters.name in WITH_VECTORS:
            _copy(path("vector"), path("vector", out), None, "zip", "half", STEPS)


def _window(matte: oiio.ImageBuf) -> oiio.ROI:
    """The matte's box with room around it, on the grid."""
    rows, columns = np.nonzero(matte.get_pixels(oiio.FLOAT)[..., 0])
    spec = matte.spec()
    low = [max(0, (int(v.min()) - AROUND) // GRID * GRID) for v in (columns, rows)]
    high = [-(-(int(v.max()) + 1 + AROUND) // GRID) * GRID for v in (columns, rows)]
    return oiio.ROI(
        low[0], min(spec.width, high[0]), low[1], min(spec.height, high[1]), 0, 1, 0, 99
    )


def _copy(
    source: Path,
    target: Path,
    window: oiio.ROI | None,
    packing: str,
    dtype: str,
    steps: int | None = None,
) -> None:
    """steps: to which part of 1 values are rounded."""
    picture = oiio.ImageBuf(str(source))
    if steps is not None:
        picture.read(convert=oiio.FLOAT)
        rounded = np.round(picture.get_pixels(oiio.FLOAT) * steps) / steps
        picture.set_pixels(picture.roi, np.ascontiguousarray(rounded, np.float32))
    if window is not None:
        window.chend = picture.nchannels
        picture = oiio.ImageBufAlgo.cut(picture, window)
        picture.specmod().x, picture.specmod().y = window.xbegin, window.ybegin
        whole = oiio.ImageBuf(str(source)).spec()
        picture.set_full(0, whole.width, 0, whole.height, 0, 1)
    picture.specmod()["compression"] = packing
    picture.specmod()["DateTime"] = "2026:11:21 00:00:00"  # else the time of writing
    picture.set_write_format(dtype)
    if not picture.write(str(target)):
        raise SystemExit(f"{target} could not be written: {picture.geterror()}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("masters", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    for name in LEVELS:
        if (arguments.masters / name).exists():
            pack(arguments.masters / name, arguments.out / name)


if __name__ == "__main__":
    main()
