"""Make the example shots: plates with a figure, the same plates without it, its matte, passes.

`make bpy`, then `python examples/shots/make_shots.py OUT [--shots pan dolly] [--width 960]
[--dressing brick]`. Everything is procedural. The figure is rendered by itself and put over the
clean plate, so outside of it both are the same but for their compression. A folder a shot:

- plate.####.exr, clean.####.exr: RGB, half, scene-linear with Rec.709 primaries, rows top first
- matte.####.exr: Y, half, the figure's coverage 0..1, motion blur included
- depth.####.exr: Z, float, metres along the camera's axis to what the clean plate shows
- vector.####.exr: XYZW, half, pixels: X right and Y up to where the pixel's point was on the frame
  before; Z, W the same to where it will be on the next, negated (Blender's Vector pass)
- camera.json: for each frame matrix_world (row major, metres, the camera looks along -Z), focal
  length and sensor width (millimetres)
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import OpenImageIO as oiio  # noqa: N813

HERE = Path(__file__).resolve().parent
BLENDER = HERE.parents[1] / ".cache" / "bpy-4.5.15" / "bin" / "python"

PASSES = {
    "vector": (("Vector.X", "Vector.Y", "Vector.Z", "Vector.W"), "XYZW", "half"),
    "depth": (("Depth.Z",), "Z", "float"),
}
REC709 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
"""Blender's primaries and white, as OpenEXR's chromaticities have them."""
Pixels = npt.NDArray[np.float32]


def finish(folder: Path, number: str) -> None:
    """One frame's raw files as the plain ones, after which they are removed."""
    raws = [folder / f"{kind}.{number}.raw.exr" for kind in ("clean", "figure")]
    clean, figure = (_channels(raw) for raw in raws)
    for name, (wanted, called, dtype) in PASSES.items():
        if wanted[0] in clean:  # there are no vectors under motion blur
            _write(folder / f"{name}.{number}.exr", clean, wanted, called, dtype, "zip")
    colour = ("Combined.R", "Combined.G", "Combined.B")
    _write(folder / f"clean.{number}.exr", clean, colour, "RGB", "half", "dwab:30")
    _write(folder / f"matte.{number}.exr", figure, ("Combined.A",), "Y", "half", "zip")
    plate = {n: figure[n] + clean[n] * (1 - figure["Combined.A"]) for n in colour}
    _write(folder / f"plate.{number}.exr", plate, colour, "RGB", "half", "dwab:30")
    for raw in raws:
        raw.unlink()


def _channels(path: Path) -> dict[str, Pixels]:
    """Channels by pass and name, each (height, width)."""
    source = oiio.ImageBuf(str(path))
    pixels = source.get_pixels(oiio.FLOAT)
    names = source.spec().channelnames
    return {name.partition(".")[2]: pixels[..., i] for i, name in enumerate(names)}


def _write(
    path: Path, source: dict[str, Pixels], names: tuple[str, ...], called: str, dtype: str, how: str
) -> None:
    pixels = np.stack([source[name] for name in names], axis=2)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], len(called), dtype)
    spec.channelnames = tuple(called)
    spec["compression"] = how
    spec.attribute("framesPerSecond", oiio.TypeDesc("int[2]"), (24, 1))
    if called == "RGB":
        spec.attribute("chromaticities", oiio.TypeDesc("float[8]"), REC709)
    out = oiio.ImageOutput.create("x.exr")
    if not (out.open(str(path), spec) and out.write_image(np.ascontiguousarray(pixels))):
        sys.exit(f"{path} could not be written: {out.geterror()}")
    out.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--blender", type=Path, default=BLENDER, help="a Python that has bpy 4.5")
    arguments, rest = parser.parse_known_args()
    command = [str(arguments.blender), str(HERE / "render.py"), str(arguments.out), *rest]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as blender:
        for line in blender.stdout or ():
            if line.startswith("rendered "):
                folder, number = line.split()[1:]
                finish(Path(folder), number)
                print(line, end="", flush=True)
    sys.exit(blender.returncode)


if __name__ == "__main__":
    main()
