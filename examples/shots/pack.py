"""Make the small files of this folder from the masters that `make_shots.py` rendered.

`python examples/shots/pack.py MASTERS examples/shots`. Plates and clean plates are DWA-compressed,
the latter only around the matte: elsewhere the plate is the clean plate. The windows lie on
multiples of 8 pixels, so that both compress to the same values where they are the same.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813

SHIPPED = ("pan", "dolly")
LEVEL = 300
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
        _copy(path("plate"), path("plate", out), None, f"dwab:{LEVEL}", "half")
        _copy(path("clean"), path("clean", out), window, f"dwab:{LEVEL}", "half")
        _copy(path("depth"), path("depth", out), None, "zip", "half")


def _window(matte: oiio.ImageBuf) -> oiio.ROI:
    """The matte's box with room around it, on the grid."""
    rows, columns = np.nonzero(matte.get_pixels(oiio.FLOAT)[..., 0])
    spec = matte.spec()
    low = [max(0, (int(v.min()) - AROUND) // GRID * GRID) for v in (columns, rows)]
    high = [-(-(int(v.max()) + 1 + AROUND) // GRID) * GRID for v in (columns, rows)]
    return oiio.ROI(
        low[0], min(spec.width, high[0]), low[1], min(spec.height, high[1]), 0, 1, 0, 99
    )


def _copy(source: Path, target: Path, window: oiio.ROI | None, packing: str, dtype: str) -> None:
    picture = oiio.ImageBuf(str(source))
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
    for name in SHIPPED:
        if (arguments.masters / name).exists():
            pack(arguments.masters / name, arguments.out / name)


if __name__ == "__main__":
    main()
