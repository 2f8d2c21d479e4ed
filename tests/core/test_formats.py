"""One format in, another out: what goes along, and what is refused before a run begins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest

import backlot
from backlot import Frame, color
from backlot.client import Studio, connect
from backlot.errors import InvalidInput, NotFound, Unsupported
from backlot.media import Image
from backlot.shot import process
from tests.plates import HEIGHT, WIDTH, matte, raw

KINDS = {
    "half.exr": "half",
    "float.exr": "float",
    "half.tif": "half",
    "float.tif": "float",
    "word.tif": "uint16",
    "byte.tif": "uint8",
    "word.png": "uint16",
    "byte.png": "uint8",
    "word.dpx": "uint16",
    "byte.dpx": "uint8",
}
TIMECODE = 0x01020304


@pytest.fixture(scope="module")
def studio(shared_server) -> Iterator[Studio]:
    with connect(endpoint=shared_server.endpoint, client="test") as opened:
        yield opened


@pytest.fixture
def roto(tmp_path: Path) -> Path:
    backlot.write(tmp_path / "roto.exr", matte())
    return tmp_path / "roto.exr"


def grey() -> Frame:
    """Noise near grey, which lies within every format's range and gamut."""
    noise = np.random.default_rng(3).random((HEIGHT, WIDTH, 3), np.float32)
    return Frame((0.2 + 0.1 * noise).astype(np.float32))


def shoot(path: Path, kind: str = "", timecode: int = 0, frame: Frame | None = None) -> Path:
    told = [("smpte:TimeCode", "timecode", (timecode, 0)), ("Artist", "string", "A. Painter")]
    backlot.write(path, frame or grey(), pixel_type=kind or None, attributes=told * bool(timecode))
    return path


def attributes(path: Path) -> dict[str, object]:
    return Image.open(path).parts[0].attributes


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_format_is_filled_without_a_bit_moving_outside_the_matte(studio, roto, name) -> None:
    source, out = shoot(roto.with_name(name), KINDS[name]), roto.with_name("out." + name)
    take = process(studio, "fill", source, out, matte=roto, verify=True)
    assert take.frames[0].exact is True
    assert take.exit_code == 0
    before, after = Image.open(source), Image.open(out)
    assert [run.dtype for run in before.parts[0].runs] == [run.dtype for run in after.parts[0].runs]
    moved = (raw(source) != raw(out)).any(axis=2)
    inside = matte().pixels[:, :, 0] > 0
    assert moved[inside].any()
    assert not moved[~inside].any()


@pytest.mark.parametrize("name", [*sorted(set(KINDS) - {"half.exr", "float.exr"}), "byte.jpg"])
def test_whatever_comes_in_goes_out_as_scene_linear_openexr(studio, tmp_path, name) -> None:
    source, out = shoot(tmp_path / name, KINDS.get(name, "")), tmp_path / "out.exr"
    assert process(studio, "passthrough", source, out).exit_code == 0
    assert np.array_equal(backlot.read(out).pixels, backlot.read(source).pixels)
    assert np.allclose(attributes(out)["chromaticities"], color.primaries(color.working()))
    assert str(attributes(out)["compression"]).startswith("zip")


@pytest.mark.parametrize(
    ("name", "tolerance"), [("a.png", 4e-3), ("a.tif", 0), ("a.dpx", 1e-4), ("a.jpg", 2e-2)]
)
def test_openexr_goes_out_as_whatever_is_asked_for(studio, tmp_path, name, tolerance) -> None:
    smooth = np.linspace(0.1, 0.4, WIDTH, dtype=np.float32)
    ramp = Frame(np.broadcast_to(smooth[None, :, None], (HEIGHT, WIDTH, 3)).copy())
    source, out = shoot(tmp_path / "plate.exr", frame=ramp), tmp_path / name
    assert process(studio, "passthrough", source, out).exit_code == 0
    read = backlot.read(out, colorspace=None if tolerance else "ACEScg")
    np.testing.assert_allclose(read.pixels, ramp.pixels, atol=tolerance)


@pytest.mark.parametrize("tool", ["passthrough", "upscale"])
@pytest.mark.parametrize(("first", "second"), [("a.exr", "b.dpx"), ("a.dpx", "b.exr")])
def test_timecode_goes_along_to_another_format(studio, tmp_path, tool, first, second) -> None:
    source = shoot(tmp_path / first, "uint16" if first == "a.dpx" else "float", TIMECODE)
    process(studio, tool, source, tmp_path / second)
    assert Image.open(tmp_path / second).timecode == "01:02:03:04"


def test_words_about_the_picture_go_along_and_those_about_the_file_do_not(studio, tmp_path) -> None:
    source = tmp_path / "a.exr"
    told = [
        ("Artist", "string", "A. Painter"),
        ("shot", "string", "sq010"),
        ("cryptomatte/1/name", "string", "objects"),
    ]
    backlot.write(source, grey(), compression="piz", attributes=told)
    process(studio, "passthrough", source, tmp_path / "b.png")
    kept = attributes(tmp_path / "b.png")
    assert (kept["Artist"], kept["shot"]) == ("A. Painter", "sq010")
    assert not {"chromaticities", "cryptomatte/1/name"} & set(kept)
    process(studio, "passthrough", tmp_path / "b.png", tmp_path / "c.exr")
    assert attributes(tmp_path / "c.exr")["shot"] == "sq010"


@pytest.mark.parametrize(
    ("out", "options", "error", "words"),
    [
        ("out/a.jpg", {}, InvalidInput, "JPEG changes all of them"),
        ("out/a.gif", {}, Unsupported, r"^a\.gif is of a format that cannot be written"),
        ("out/a", {}, Unsupported, r"^a is of a format"),
        ("out/a.exr", {"compression": "zap"}, InvalidInput, r"a\.exr cannot be compressed"),
        ("out/a.png", {"compression": "zip"}, InvalidInput, "cannot be compressed"),
        ("out/a.exr", {"layer": "nowhere"}, NotFound, "no layer 'nowhere'"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    studio, roto, out, options, error, words
) -> None:
    source = shoot(roto.with_name("plate.exr"))
    with pytest.raises(error, match=words) as raised:
        process(studio, "fill", source, roto.parent / out, matte=roto, **options)
    assert raised.value.hint
    assert not (roto.parent / "out").exists()


def test_a_pass_that_stands_for_the_main_layer_is_measured_as_such(studio, roto) -> None:
    source = roto.with_name("plate.exr")
    names = tuple(f"ViewLayer.Combined.{channel}" for channel in "RGB")
    shoot(source, frame=Frame(grey().pixels, names))
    take = process(studio, "fill", source, roto.with_name("out.exr"), matte=roto, verify=True)
    assert take.frames[0].exact is True


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_a_pipe_is_no_plate_and_is_not_waited_for(studio, tmp_path) -> None:
    os.mkfifo(tmp_path / "plate.exr")
    (frame,) = process(studio, "passthrough", tmp_path / "plate.exr", tmp_path / "a.exr").frames
    assert frame.error is not None
    assert frame.error.sentence == "plate.exr is a pipe or a device."


def test_a_jpeg_plate_is_filled_into_another_format(studio, roto) -> None:
    source = shoot(roto.with_name("plate.jpg"))
    take = process(studio, "fill", source, roto.with_name("clean.exr"), matte=roto, verify=True)
    assert take.frames[0].exact is True


@pytest.mark.parametrize(("name", "options"), [("a.png", {}), ("a.exr", {"compression": "b44"})])
def test_what_is_not_exact_is_said_and_is_no_success(studio, roto, name, options) -> None:
    noise = np.random.default_rng(1).random((HEIGHT, WIDTH, 3), np.float32).astype(np.float16)
    source = shoot(roto.with_name("plate.exr"), frame=Frame(noise))
    take = process(studio, "fill", source, roto.with_name(name), matte=roto, verify=True, **options)
    assert take.frames[0].exact is False
    assert take.exit_code == 1


def test_an_aces_container_that_is_compressed_is_none_any_more(studio, roto) -> None:
    """SMPTE ST 2065-4 wants uncompressed half: only such a file may carry its flag."""
    source = roto.with_name("plate.exr")
    frame = grey().with_pixels(grey().pixels.astype(np.float16))
    flag = [("acesImageContainerFlag", "int", 1)]
    backlot.write(source, frame, "ACES2065-1", compression="none", attributes=flag)
    for compression, expected in ((None, 1), ("zip", None)):
        out = roto.with_name(f"clean_{compression}.exr")
        options = {"matte": roto, "verify": True, "compression": compression}
        assert process(studio, "fill", source, out, **options).frames[0].exact is True
        assert attributes(out).get("acesImageContainerFlag") == expected
        assert np.array_equal(backlot.read(out).pixels[0], backlot.read(source).pixels[0])


def stereo(path: Path, values: dict[str, np.ndarray]) -> Path:
    """A file with a part for each view."""
    specs = []
    for view, pixels in values.items():
        spec = oiio.ImageSpec(WIDTH, HEIGHT, pixels.shape[2], "half")
        spec.channelnames = ("R", "G", "B") if pixels.shape[2] == 3 else ("A",)
        spec["oiio:subimagename"], spec["view"], spec["compression"] = f"rgba.{view}", view, "zip"
        specs.append(spec)
    written = oiio.ImageOutput.create(str(path))
    assert written.open(str(path), tuple(specs)), written.geterror()
    for number, (spec, pixels) in enumerate(zip(specs, values.values(), strict=True)):
        assert not number or written.open(str(path), spec, "AppendSubimage")
        assert written.write_image(pixels.astype(np.float16))
    assert written.close()
    return path


def test_every_view_is_filled_within_its_own_matte(studio, tmp_path) -> None:
    plates = {view: grey().pixels + at for at, view in enumerate(("left", "right"))}
    mattes = {"left": matte(10).pixels, "right": matte(24).pixels}
    source = stereo(tmp_path / "plate.exr", plates)
    roto, out = stereo(tmp_path / "roto.exr", mattes), tmp_path / "clean.exr"
    take = process(studio, "fill", source, out, matte=roto, verify=True)
    assert take.frames[0].exact is True, take.frames[0].error
    before, after = Image.open(source), Image.open(out)
    assert after.views == ("left", "right")
    for view, cover in mattes.items():
        old, new = (image.frame(view=view).pixels for image in (before, after))
        moved = (old != new).any(axis=2)
        assert moved.any()
        assert not moved[cover[:, :, 0] == 0].any()


def test_one_matte_serves_all_views(studio, roto) -> None:
    source = stereo(roto.with_name("plate.exr"), {"left": grey().pixels, "right": grey().pixels})
    out = roto.with_name("clean.exr")
    assert process(studio, "fill", source, out, matte=roto, verify=True).frames[0].exact is True
    left, right = (Image.open(out).frame(view=view).pixels for view in ("left", "right"))
    assert np.array_equal(left, right)
    assert not np.array_equal(left, Image.open(source).frame().pixels)


def test_a_matte_is_the_alpha_of_a_picture_or_its_first_channel(studio, roto) -> None:
    """A plate's own alpha is its matte; a black and white picture is one too."""
    cover = matte().pixels[:, :, 0]
    picture = np.dstack([grey().pixels, cover])
    backlot.write(roto.with_name("rgba.exr"), Frame(picture, ("R", "G", "B", "A")))
    backlot.write(roto.with_name("grey.png"), Frame(np.dstack([cover] * 3), meaning="data"))
    source = shoot(roto.with_name("plate.exr"))
    made = []
    for name in ("roto.exr", "rgba.exr", "grey.png"):
        take = process(
            studio, "fill", source, roto.with_name("by." + name).with_suffix(".exr"),
            matte=roto.with_name(name), verify=True,
        )  # fmt: skip
        assert take.frames[0].exact is True
        made.append(raw(take.frames[0].path) != raw(source))
    inside = cover > 0
    assert all(moved[inside].any() and not moved[~inside].any() for moved in made)


def test_a_matte_file_without_a_main_layer_is_refused_in_words(studio, roto) -> None:
    layers = Frame(np.ones((HEIGHT, WIDTH, 2), np.float16), ("one.A", "two.A"), meaning="data")
    backlot.write(roto.with_name("layers.exr"), layers)
    source = shoot(roto.with_name("plate.exr"))
    take = process(
        studio, "fill", source, roto.with_name("out.exr"), matte=roto.with_name("layers.exr")
    )
    error = take.frames[0].error
    assert error is not None
    assert error.sentence.startswith("layers.exr cannot be used as the matte: This file has no")
    assert error.hint == "It has one, two. Name one with --layer matte=NAME."
