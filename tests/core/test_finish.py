"""Nothing outside the matte moves: whatever a tool returns, in whatever file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backlot
from backlot import Frame, matte
from backlot.errors import CannotWrite, InvalidInput
from backlot.events import Result
from backlot.finish import Finish, is_exact
from backlot.frame import Window
from backlot.intake import Intake
from backlot.manifest import Manifest, Recipe
from backlot.media import Image
from backlot.order import take
from backlot.plan import stale
from backlot.tools import Input, Output, Param, ToolSpec
from tests.plates import HEIGHT, WIDTH, plate, raw, write_layers
from tests.plates import matte as box

SPEC = ToolSpec(
    "scribble",
    "Scribble",
    "",
    "1",
    (Input("source"), Input("matte", "matte")),
    (Param("grow", "float", 0.0),),
    Output(matte="matte", grow_params=("grow",)),
)
FORMATS = {
    "exr": ("half", "float"),
    "tif": ("uint8", "uint16", "half", "float"),
    "png": ("uint8", "uint16"),
}


def finish(folder: Path, source: Path, out: Path, scribble, layer: str = "", grow: float = 0.0):
    """Read the plate, let `scribble` change a copy of its pixels, write: report and allowed."""
    asked = take(SPEC, source, out, layer=layer, matte=folder / "matte.exr", grow=grow, verify=True)
    manifest = Manifest(asked.manifest_path, asked.name)
    intake = Intake(asked, manifest)
    (number,) = asked.frames
    sent = intake.read("source", number)
    cover = intake.read("matte", number)
    recipe = Recipe("scribble", "1", asked.values, {})
    result = sent.with_pixels(scribble(sent.pixels.copy()))
    report = Finish(asked, recipe, intake, manifest).write(
        number, {(layer, ""): Result(result, "test", "f", 0.0)}
    )
    assert manifest.frames[number].output is not None
    allowed = matte.support(matte.coverage(cover, sent.data_window), grow)
    return report, allowed


def noise(pixels: np.ndarray) -> np.ndarray:
    """Another value in every channel of every pixel."""
    shape = pixels.shape
    return np.random.default_rng(5).random(shape, np.float32).astype(pixels.dtype) * 3 - 1


@st.composite
def plates(draw):
    """A file's format and pixel type, its windows, and a seed for everything else."""
    suffix = draw(st.sampled_from(sorted(FORMATS)))
    kind = draw(st.sampled_from(FORMATS[suffix]))
    width, height = draw(st.integers(1, 23)), draw(st.integers(1, 17))
    offset = suffix == "exr" and draw(st.booleans())
    x, y = (draw(st.integers(-9, 9)), draw(st.integers(-9, 9))) if offset else (0, 0)
    channels = draw(st.sampled_from([3, 4]))
    return suffix, kind, Window(x, y, width, height), channels, draw(st.integers(0, 2**16))


def write_plate(path: Path, kind: str, window: Window, channels: int, seed: int) -> None:
    """A plate of noise, with values that are hard in its pixel type."""
    spec = oiio.ImageSpec(window.width, window.height, channels, kind)
    spec.x, spec.y = window.x, window.y
    spec.full_x, spec.full_y, spec.full_width, spec.full_height = 0, 0, 24, 18
    if path.suffix != ".exr":
        spec.full_width, spec.full_height = window.width, window.height
    random = np.random.default_rng(seed)
    shape = (window.height, window.width, channels)
    if kind.startswith("uint"):
        dtype = np.uint8 if kind == "uint8" else np.uint16
        pixels = random.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    else:
        pixels = (random.random(shape, np.float32) * 20 - 1).astype(
            np.float16 if kind == "half" else np.float32
        )
        odd = random.random(shape) < 0.1
        pixels[odd] = random.choice([np.nan, np.inf, -np.inf, -0.0, 1e-7, 65504], odd.sum())
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(pixels), out.geterror()
    assert out.close()


@settings(max_examples=60, deadline=None)
@given(given=plates(), grow=st.sampled_from([0.0, 1.0, 2.5]), cover=st.floats(0, 0.6))
def test_every_pixel_outside_the_matte_keeps_its_bits(tmp_path_factory, given, grow, cover):
    suffix, kind, window, channels, seed = given
    folder = tmp_path_factory.mktemp("finish")
    source, out = folder / f"plate.{suffix}", folder / f"clean.{suffix}"
    write_plate(source, kind, window, channels, seed)
    size = (24, 18) if suffix == "exr" else (window.width, window.height)
    random = np.random.default_rng(seed + 1)
    soft = random.random((size[1], size[0], 1)) * (random.random((size[1], size[0], 1)) < cover)
    backlot.write(folder / "matte.exr", Frame(soft.astype(np.float32), ("A",), meaning="data"))

    report, allowed = finish(folder, source, out, noise, grow=grow)

    before, after = Image.open(source), Image.open(out)
    assert after.frame(colorspace="data").data_window == window
    old, new = raw(source), raw(out)
    assert np.array_equal(old[~allowed], new[~allowed])
    assert report.exact is True
    if allowed.any() and kind in ("half", "float"):
        assert not np.array_equal(old[allowed], new[allowed]), "the tool's work must be there"
    assert before.layers == after.layers


@pytest.mark.parametrize("layer", ["", "glow", "depth"])
def test_only_the_named_layer_is_touched(tmp_path: Path, layer: str) -> None:
    write_layers(tmp_path / "plate.exr")
    backlot.write(tmp_path / "matte.exr", box())
    report, allowed = finish(tmp_path, tmp_path / "plate.exr", tmp_path / "clean.exr", noise, layer)
    assert report.exact is True
    for name in ("", "glow", "depth", "id"):
        old, new = raw(tmp_path / "plate.exr", name), raw(tmp_path / "clean.exr", name)
        same = (old == new).all(axis=2)
        assert same[~allowed].all()
        assert same[allowed].all() == (name != layer)
    after = Image.open(tmp_path / "clean.exr")
    assert after.timecode == Image.open(tmp_path / "plate.exr").timecode
    assert after.parts[0].attributes["shot"] == "sq010_sh020"


def test_a_lossy_plate_is_written_lossless_where_a_matte_promises_exactness(tmp_path: Path):
    backlot.write(tmp_path / "plate.exr", plate(), compression="dwaa")
    backlot.write(tmp_path / "matte.exr", box())
    report, _ = finish(tmp_path, tmp_path / "plate.exr", tmp_path / "clean.exr", noise)
    assert report.exact is True
    kept = Image.open(tmp_path / "clean.exr").parts[0].attributes["compression"]
    assert str(kept).startswith("zip")


def test_exactness_is_measured_not_assumed(tmp_path: Path) -> None:
    write_layers(tmp_path / "plate.exr")
    plate_ = Image.open(tmp_path / "plate.exr")
    allowed = np.zeros((HEIGHT, WIDTH), np.bool_)
    allowed[3, 4] = True
    for layer, x, expected in (("", 4, True), ("", 5, False), ("depth", 4, False)):
        sent = plate_.frame(layer)
        pixels = sent.pixels.copy()
        pixels[3, x] += 1
        plate_.put(layer, sent.with_pixels(pixels), sent).save(tmp_path / "other.exr")
        assert is_exact(plate_, Image.open(tmp_path / "other.exr"), "", {"": allowed}) is expected


def test_a_matte_of_another_size_is_refused(tmp_path: Path) -> None:
    backlot.write(tmp_path / "plate.exr", plate())
    half = Frame(box().pixels[: HEIGHT // 2], ("A",), meaning="data")
    backlot.write(tmp_path / "matte.exr", half)
    words = rf"matte\.exr is {WIDTH}x{HEIGHT // 2}, the plate is {WIDTH}x{HEIGHT}"
    with pytest.raises(InvalidInput, match=words):
        finish(tmp_path, tmp_path / "plate.exr", tmp_path / "clean.exr", noise)
    assert not (tmp_path / "clean.exr").exists()


def test_a_cropped_matte_of_the_same_format_lies_where_it_says(tmp_path: Path) -> None:
    backlot.write(tmp_path / "plate.exr", plate())
    full = Window(0, 0, WIDTH, HEIGHT)
    crop = Frame(np.ones((4, 6, 1), np.float32), ("A",), Window(7, 9, 6, 4), full, meaning="data")
    backlot.write(tmp_path / "matte.exr", crop)
    _, allowed = finish(tmp_path, tmp_path / "plate.exr", tmp_path / "clean.exr", noise)
    changed = (raw(tmp_path / "plate.exr") != raw(tmp_path / "clean.exr")).any(axis=2)
    assert np.array_equal(changed, allowed)
    assert allowed.sum() == 24


def test_a_result_in_another_format_keeps_the_plate_outside_the_matte(tmp_path: Path) -> None:
    backlot.write(tmp_path / "plate.png", plate())
    backlot.write(tmp_path / "matte.exr", box())
    _, allowed = finish(tmp_path, tmp_path / "plate.png", tmp_path / "clean.exr", noise)
    sent = backlot.read(tmp_path / "plate.png").pixels
    assert np.array_equal(backlot.read(tmp_path / "clean.exr").pixels[~allowed], sent[~allowed])


def test_nothing_is_left_where_a_file_cannot_be_written(tmp_path: Path, monkeypatch) -> None:
    backlot.write(tmp_path / "plate.exr", plate())
    backlot.write(tmp_path / "matte.exr", box())
    before = sorted(path.name for path in tmp_path.iterdir())

    def full(self, number, entry):
        raise CannotWrite("The disk is full.")

    monkeypatch.setattr(Manifest, "record", full)
    with pytest.raises(CannotWrite, match="full"):
        finish(tmp_path, tmp_path / "plate.exr", tmp_path / "clean.exr", noise)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_manifest_describes_the_file_before_it_has_its_name(tmp_path: Path, monkeypatch):
    """Killed in between, the next run sees that the frame is not there and makes it again."""
    source, out = tmp_path / "plate.exr", tmp_path / "clean.exr"
    backlot.write(source, plate())
    backlot.write(tmp_path / "matte.exr", box())
    monkeypatch.setattr("backlot.finish._rename", lambda partial, path: None)
    finish(tmp_path, source, out, noise)
    asked = take(SPEC, source, out, matte=tmp_path / "matte.exr")
    manifest = Manifest(asked.manifest_path, asked.name)
    assert manifest.frames[1].state == "done"
    assert stale(asked, manifest, manifest.frames[1].recipe, 1) == "its file is gone"
