"""Make the small files of this folder from the masters that `make_shots.py` rendered.

`python examples/shots/pack.py MASTERS examples/shots`. Plates and clean plates are DWA-compressed,
the latter only around the matte: elsewhere the plate is the clean plate. The windows lie on
multiples of 8 pixels, so that both compress to the same values where they are the same. What a
matte, depth and vectors hold is rounded, see `STEPS`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
from make_shots import REC709

SHOTS = ("pan", "dolly", "static", "handheld", "flicker", "dynamic")
PICTURES, DATA = "dwab:2000", "zip:9"
STEPS = {"matte": 32, "depth": 64, "vector": 4}
"""Of 1, of a metre and of a pixel."""
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

        window = _window(oiio.ImageBuf(str(path("matte"))))
        _copy(path("plate"), path("plate", out), PICTURES)
        _copy(path("clean"), path("clean", out), PICTURES, window=window)
        for kind, steps in STEPS.items():
            _copy(path(kind), path(kind, out), DATA, steps=steps)


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
    packing: str,
    window: oiio.ROI | None = None,
    steps: int | None = None,
) -> None:
    """As half. window: all that is kept; steps: to which part of 1 values are rounded."""
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
    if packing == PICTURES:
        picture.specmod().attribute("chromaticities", oiio.TypeDesc("float[8]"), REC709)
    picture.specmod()["compression"] = packing
    picture.specmod()["DateTime"] = "2026:11:21 00:00:00"  # else the time of writing
    picture.set_write_format("half")
    if not picture.write(str(target)):
        raise SystemExit(f"{target} could not be written: {picture.geterror()}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("masters", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    for name in SHOTS:
        if (arguments.masters / name).exists():
            pack(arguments.masters / name, arguments.out / name)


if __name__ == "__main__":
    main()
