"""Small plates and mattes on disk, for tests that work on real files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813

import backlot
from backlot import Frame
from backlot.media import Image

WIDTH, HEIGHT = 48, 32


def plate(number: int = 1, dtype: type = np.float16) -> Frame:
    """Noise from -0.5 to 8 with a little of everything that is hard, different on every frame."""
    noise = np.random.default_rng(abs(number)).random((HEIGHT, WIDTH, 4), np.float32) * 8.5 - 0.5
    noise[0, 0] = (np.nan, np.inf, -np.inf, 0.0)
    return Frame(noise.astype(dtype), number=number)


def matte(x: int = 10, y: int = 8, width: int = 12, height: int = 9) -> Frame:
    """A box with one soft pixel around it."""
    cover = np.zeros((HEIGHT, WIDTH, 1), np.float16)
    cover[y - 1 : y + height + 1, x - 1 : x + width + 1] = 0.25
    cover[y : y + height, x : x + width] = 1.0
    return Frame(cover, ("A",), meaning="data")


def write_shot(folder: Path, numbers: Iterable[int]) -> tuple[str, str]:
    """Plates and mattes: the patterns of both."""
    (folder / "plate").mkdir(parents=True)
    (folder / "roto").mkdir()
    for number in numbers:
        backlot.write(folder / "plate" / f"plate.{number:04d}.exr", plate(number))
        backlot.write(folder / "roto" / f"roto.{number:04d}.exr", matte(8 + number % 5))
    return str(folder / "plate" / "plate.####.exr"), str(folder / "roto" / "roto.####.exr")


def write_layers(path: Path, number: int = 1) -> None:
    """One file: half RGBA, float depth, a half pass, an id, timecode and an attribute."""
    names = ("R", "G", "B", "A", "depth.Z", "glow.R", "glow.G", "glow.B", "id")
    formats = ["half"] * 4 + ["float"] + ["half"] * 3 + ["float"]
    spec = oiio.ImageSpec(WIDTH, HEIGHT, len(names), "float")
    spec.channelnames = names
    spec.channelformats = tuple(oiio.TypeDesc(each) for each in formats)
    spec["compression"] = "zip"
    spec.attribute("shot", "sq010_sh020")
    spec.attribute("smpte:TimeCode", oiio.TypeDesc("timecode"), (number, 0))
    noise = np.random.default_rng(abs(number)).random((HEIGHT, WIDTH, len(names)), np.float32)
    noise[:, :, 4] = 1000.0 / (noise[:, :, 4] + 1e-3)
    noise[:, :, 8] = np.floor(noise[:, :, 8] * 5)
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(noise), out.geterror()
    assert out.close()


def raw(path: Path | str, layer: str = "") -> np.ndarray:
    """The file's own values of a layer, as bits."""
    pixels = Image.open(path).frame(layer, "data").pixels
    return pixels.view(np.uint16 if pixels.dtype == np.float16 else np.uint32)


def damage(path: Path) -> None:
    """Cut a file short, as a full disk or a broken copy does."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
