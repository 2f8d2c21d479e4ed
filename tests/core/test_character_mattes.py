"""Mattes of a character, from every place where a show may have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest

import backlot
from backlot import Frame, Window
from backlot.character.mattes import box, of_shot
from backlot.errors import InvalidInput, MissingFrame, NotFound
from tests.core.test_cryptomatte import rendered
from tests.pictures import store
from tests.plates import HEIGHT, WIDTH, matte

REGIONS = {"face": (), "coat": (), "hat": ()}


def cover(x: int, width: int, value: float = 1.0) -> np.ndarray:
    made = np.zeros((HEIGHT, WIDTH), np.float32)
    made[4:12, x : x + width] = value
    return made


def layered(path: Path, names: tuple[str, ...], kind: str = "half") -> Path:
    spec = oiio.ImageSpec(WIDTH, HEIGHT, len(names), kind)
    spec.channelnames = names
    pixels = np.stack([cover(4 * n, 4 + n) for n in range(len(names))], axis=-1)
    return store(path, spec, pixels.astype(np.float32))


def test_a_file_for_each_region(tmp_path: Path) -> None:
    for n, region in enumerate(("face", "coat")):
        backlot.write(tmp_path / f"roto.{region}.1001.exr", matte(8 + 10 * n))
    window = Window(30, 2, 8, 6)
    hat = Frame(np.ones((6, 8, 1), np.float16), ("A",), window, Window(0, 0, WIDTH, HEIGHT))
    backlot.write(tmp_path / "roto.hat.1001.exr", hat)
    mattes = of_shot(str(tmp_path / "roto.{region}.####.exr"), "p.####.exr", REGIONS)
    found = mattes.frame(1001)
    assert found.channels == ("A", "face", "coat", "hat")
    assert found.pixels.dtype == np.float16
    face, coat = matte(8).pixels[..., 0], matte(18).pixels[..., 0]
    np.testing.assert_array_equal(found.pixels[..., 1], face)
    np.testing.assert_array_equal(found.pixels[..., 2], coat)
    assert found.pixels[2:8, 30:38, 3].min() == 1
    assert found.pixels[..., 3].sum() == 48
    union = np.minimum(face + coat + found.pixels[..., 3], 1)
    np.testing.assert_array_equal(found.pixels[..., 0], union)
    assert len(mattes.paths(1001)) == 3
    assert box(found) == Window(7, 2, 31, 16)


def test_a_region_that_is_not_in_the_shot_has_no_channel(tmp_path: Path) -> None:
    backlot.write(tmp_path / "roto.face.1001.exr", matte())
    mattes = of_shot(str(tmp_path / "roto.{region}.####.exr"), "p.####.exr", REGIONS)
    assert mattes.frame(1001).channels == ("A", "face")
    with pytest.raises(MissingFrame, match="Frame 1002 has no mattes"):
        mattes.frame(1002)


@pytest.mark.parametrize(
    "names",
    [
        ("coat", "face"),
        ("coat.A", "face.A"),
        ("roto.coat", "roto.face"),
        ("Coat.R", "Face.R"),
        ("ViewLayer.coat.alpha", "ViewLayer.face.alpha"),
    ],
)
@pytest.mark.parametrize("kind", ["half", "float"])
def test_layers_called_as_the_regions(tmp_path: Path, names: tuple[str, str], kind: str) -> None:
    path = layered(tmp_path / "m.1001.exr", names, kind)
    found = of_shot(str(path), "p.####.exr", REGIONS).frame(1001)
    assert found.channels == ("A", "face", "coat")
    np.testing.assert_array_equal(found.pixels[..., 2], cover(0, 4))
    np.testing.assert_array_equal(found.pixels[..., 1], cover(4, 5))


def test_of_a_layer_the_alpha_is_the_matte(tmp_path: Path) -> None:
    names = ("face.R", "face.G", "face.B", "face.A")
    path = layered(tmp_path / "m.1001.exr", names)
    found = of_shot(str(path), "p.####.exr", REGIONS).frame(1001)
    assert found.channels == ("A", "face")
    assert found.pixels[..., 1].sum() == cover(12, 7).sum()


def test_cryptomatte_in_the_plate_itself(tmp_path: Path) -> None:
    plate = rendered(tmp_path / "plate.1001.exr")
    regions = {"face": ("hero/face",), "coat": ("hero/co*",), "hat": ("hero/hat",)}
    found = of_shot("", str(tmp_path / "plate.####.exr"), regions).frame(1001)
    assert found.channels == ("A", "face", "coat")
    np.testing.assert_array_equal(found.pixels[0, :, 0], [1] * 4 + [0.75] * 4 + [0] * 4)
    assert (found.data_window.x, found.display_window.width) == (2, 20)
    with pytest.raises(NotFound, match="no 'face' in it"):
        of_shot("", str(plate), REGIONS).frame(1001)


def test_one_alpha_is_the_whole_character(tmp_path: Path) -> None:
    backlot.write(tmp_path / "m.exr", matte())
    found = of_shot(str(tmp_path / "m.exr"), "p.####.exr", REGIONS).frame(1001)
    assert found.channels == ("A",)
    np.testing.assert_array_equal(found.pixels, matte().pixels)


def test_what_has_no_matte_is_said(tmp_path: Path) -> None:
    flat = Frame(np.zeros((4, 4, 3), np.float16))
    backlot.write(tmp_path / "p.exr", flat)
    with pytest.raises(NotFound, match=r"p\.exr has no matte of face, coat, hat"):
        of_shot("", str(tmp_path / "p.exr"), REGIONS).frame(1)
    with pytest.raises(InvalidInput, match="is a movie"):
        of_shot("", "a.mov", REGIONS)
    with pytest.raises(InvalidInput, match="no regions"):
        of_shot("", "a.exr", {})
    empty = Frame(np.zeros((4, 4, 1), np.float16), ("A",), meaning="data")
    assert box(empty) is None
