"""A result put into a file changes what it may change and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot import media
from backlot.errors import (
    InvalidInput,
    NotFound,
)
from backlot.frame import Frame, Window
from backlot.media import Image
from tests.pictures import (
    NUMPY,
    calm,
    decoded,
    exr,
    exr_files,
    header,
    noise,
    quick,
    spec_of,
    store,
    two_parts,
)

# --- one layer changed --------------------------------------------------------------------


@quick
@given(exr_files(), st.data())
def test_put_changes_only_what_is_allowed(tmp_path: Path, made: Any, data: st.DataObject) -> None:
    spec, pixels, seed = made
    source = store(tmp_path / "a.exr", spec, pixels)
    space = data.draw(st.sampled_from(["ACEScg", "lin_ap0", "srgb_tx", "acescct"]))
    image = Image.open(source, space)
    name = data.draw(st.sampled_from(image.layers))
    sent = image.frame(name)
    allowed = np.random.default_rng(seed).random(sent.pixels.shape[:2]) < 0.5
    result = calm(seed, *sent.pixels.shape).astype(sent.pixels.dtype)
    image.put(name, sent.with_pixels(result), sent, allowed).save(tmp_path / "b.exr")

    assert header(tmp_path / "b.exr") == header(source)
    before, after = decoded(source)[0], decoded(tmp_path / "b.exr")[0]
    stored = image.parts[0].spec.channelnames
    mine = [c for c, channel in enumerate(stored) if channel in sent.channels]
    assert len(mine) == len(sent.channels)
    flags = allowed.ravel()
    for c, (old, new) in enumerate(zip(before, after, strict=True)):
        size = len(old) // flags.size
        a, b = (np.frombuffer(x, f"u{size}") for x in (old, new))
        assert np.array_equal(a[~flags], b[~flags])
        if c not in mine:
            assert old == new
    back = Image.open(tmp_path / "b.exr", space).frame(name).pixels[allowed].astype(np.float32)
    asked = result[allowed].astype(np.float32)
    if space != "acescct" or sent.meaning == "data":  # logarithms amplify the rounding of half
        scale = np.maximum(np.abs(asked).max(-1, initial=1.0), 1.0)[..., None]
        assert np.all(np.abs(back - asked) <= 5e-3 * scale)


@pytest.mark.parametrize(("suffix", "kind"), [("png", "uint8"), ("png", "uint16"), ("tif", "uint8"),
                                              ("tif", "uint16"), ("dpx", "uint16")])  # fmt: skip
@pytest.mark.parametrize("names", ["RGB", "RGBA"])
def test_put_into_integer_files(tmp_path: Path, suffix: str, kind: str, names: str) -> None:
    pixels = noise(5, 16, 16, len(names), kind).copy()
    pixels[..., 3:] |= np.iinfo(pixels.dtype).max // 2 + 1
    source = store(tmp_path / f"a.{suffix}", spec_of(16, 16, names, kind), pixels)
    image = Image.open(source)
    sent = image.frame()
    assert sent.pixels.dtype == np.float32
    allowed = np.random.default_rng(1).random((16, 16)) < 0.5
    result = sent.pixels.copy()
    result[:8] *= np.float32(0.5)
    image.put("", sent.with_pixels(result), sent, allowed).save(tmp_path / f"b.{suffix}")
    old, new = (
        np.stack([np.frombuffer(c, NUMPY[kind]) for c in decoded(p)[0]], -1).reshape(pixels.shape)
        for p in (source, tmp_path / f"b.{suffix}")
    )
    may = allowed.copy()
    may[8:] = False
    assert np.array_equal(old[~may], new[~may])
    assert not np.array_equal(old[may], new[may])
    back = Image.open(tmp_path / f"b.{suffix}").frame().pixels
    assert np.allclose(back[may], result[may], atol=0.02 if kind == "uint8" else 2e-4)


def test_a_value_that_came_back_unchanged_keeps_its_file_value(tmp_path: Path) -> None:
    """Even without a matte, and even where converting it back would round it elsewhere."""
    pixels = calm(0, 32, 32, 3).astype(np.float16)
    source = store(tmp_path / "a.exr", spec_of(32, 32, "RGB", "half"), pixels)
    image = Image.open(source, "ARRI LogC4")
    sent = image.frame()
    result = sent.pixels.copy()
    result[3, 4, 1] = 0.25
    image.put("", sent.with_pixels(result), sent).save(tmp_path / "b.exr")
    old, new = (np.stack([np.frombuffer(c, "u2") for c in decoded(p)[0]], -1).reshape(32, 32, 3)
                for p in (source, tmp_path / "b.exr"))  # fmt: skip
    changed = np.argwhere((old != new).any(-1))
    assert changed.tolist() == [[3, 4]]


def test_one_changed_channel_converts_the_whole_pixel(tmp_path: Path) -> None:
    """Red in ACEScg is a mixture of all three in the file: the others must follow."""
    source = store(
        tmp_path / "a.exr", spec_of(4, 4, "RGBA", "float"), np.full((4, 4, 4), 0.5, "f4")
    )
    image = Image.open(source, "lin_rec709")
    sent = image.frame()
    result = sent.pixels.copy()
    result[0, 0, 0] = 2.0
    back = image.put("", sent.with_pixels(result), sent)
    again = back.frame().pixels
    assert np.allclose(again, result, atol=1e-5)
    assert np.array_equal(back.parts[0].channel(3), image.parts[0].channel(3))


def test_changed_alpha_converts_the_colors_that_hang_on_it(tmp_path: Path) -> None:
    """PNG holds colour straight: under another alpha the same premultiplied red is another red."""
    spec = spec_of(2, 1, "RGBA", "uint16")
    spec["oiio:UnassociatedAlpha"] = 1
    pixels = np.full((1, 2, 4), 40000, np.uint16)
    image = Image.open(store(tmp_path / "a.png", spec, pixels))
    sent = image.frame()
    result = sent.pixels.copy()
    result[0, 0, 3] = 1.0
    back = image.put("", sent.with_pixels(result), sent)
    assert np.allclose(back.frame().pixels, result, atol=1e-4)
    assert (back.parts[0].blocks[0][0, 1] == 40000).all()


def test_result_of_another_type_keeps_unchanged_values(tmp_path: Path) -> None:
    source = exr(tmp_path / "a.exr")
    image = Image.open(source)
    sent = image.frame()
    assert sent.pixels.dtype == np.float16
    wide = sent.with_pixels(sent.pixels.astype(np.float32))
    assert image.put("", wide, sent) is image


def test_finite_values_never_become_infinite(tmp_path: Path) -> None:
    source = store(tmp_path / "a.exr", spec_of(2, 1, "RGB", "half"), np.zeros((1, 2, 3), "f2"))
    image = Image.open(source)
    sent = image.frame()
    result = np.array([[[1e9, -1e9, 1], [np.inf, -np.inf, np.nan]]], np.float32)
    out = image.put("", sent.with_pixels(result), sent).frame().pixels
    assert out[0, 0].tolist() == [65504, -65504, 1]
    assert np.isposinf(out[0, 1, 0])
    assert np.isneginf(out[0, 1, 1])
    assert np.isnan(out[0, 1, 2])


def test_put_wants_the_same_size_and_channels(tmp_path: Path) -> None:
    image = Image.open(exr(tmp_path / "a.exr"))
    sent = image.frame()
    with pytest.raises(InvalidInput, match="4x4 pixels, the plate is 7x5"):
        image.put("", Frame(np.zeros((4, 4, 4), np.float16)), sent)
    with pytest.raises(InvalidInput, match="channels"):
        image.put("", Frame(sent.pixels[..., :3].copy()), sent)
    with pytest.raises(InvalidInput, match="matte"):
        image.put("", sent, sent, np.ones((2, 2), bool))


# --- what a frame is ----------------------------------------------------------------------


@quick
@given(exr_files())
def test_working_space_values_leave_the_file_untouched(tmp_path: Path, made: Any) -> None:
    spec, pixels, _ = made
    image = Image.open(store(tmp_path / "a.exr", spec, pixels))
    for name in image.layers:
        frame = image.frame(name, number=-7)
        assert frame.number == -7
        assert frame.data_window == Window(spec.x, spec.y, spec.width, spec.height)
        assert frame.display_window == Window(
            spec.full_x, spec.full_y, spec.full_width, spec.full_height
        )
        assert frame.pixel_aspect == spec.get_float_attribute("PixelAspectRatio")
        assert frame.meaning == ("color" if name == "" else "data")
        part = image.parts[0]
        for i, channel in enumerate(frame.channels):
            mine = list(part.spec.channelnames).index(channel)
            own = part.channel(mine)
            if own.dtype == frame.pixels.dtype:
                assert own.tobytes() == frame.pixels[..., i].tobytes()


def test_types_of_frames(tmp_path: Path) -> None:
    spec = spec_of(3, 2, ("R", "G", "B", "Z"), "float")
    spec.channelformats = tuple(oiio.TypeDesc(k) for k in ("half", "half", "half", "float"))
    image = Image.open(store(tmp_path / "a.exr", spec, np.ones((2, 3, 4), "f4")))
    assert image.layers == ("", "Z")
    assert image.frame().pixels.dtype == np.float16
    depth = image.frame("Z")
    assert (depth.pixels.dtype, depth.meaning, depth.channels) == (np.float32, "data", ("Z",))
    with pytest.raises(NotFound) as caught:
        image.frame("diffuse")
    assert "the main RGBA, Z" in caught.value.hint


def test_mattes_are_not_converted_when_asked_for_as_data(tmp_path: Path) -> None:
    pixels = np.full((2, 2, 1), 128, np.uint8)
    source = store(tmp_path / "m.png", spec_of(2, 2, "Y", "uint8"), pixels)
    as_data = media.read(source, colorspace="data")
    assert as_data.meaning == "data"
    assert np.allclose(as_data.pixels, 128 / 255)
    as_color = media.read(source)
    assert (as_color.meaning, as_color.channels) == ("color", ("Y",))
    assert np.allclose(as_color.pixels, 0.2158605, atol=1e-5)


def test_straight_alpha_is_premultiplied_on_the_way_in(tmp_path: Path) -> None:
    pixels = np.array([[[255, 128, 0, 128], [255, 255, 255, 0]]], np.uint8)
    spec = spec_of(2, 1, "RGBA", "uint8")
    spec["oiio:UnassociatedAlpha"] = 1
    frame = media.read(store(tmp_path / "a.png", spec, pixels), colorspace="lin_ap1")
    assert np.allclose(frame.pixels[0, 0], [128 / 255, (128 / 255) ** 2, 0, 128 / 255], atol=1e-6)
    assert frame.pixels[0, 1].tolist() == [0, 0, 0, 0]


# --- parts and views ----------------------------------------------------------------------


def test_other_parts_are_untouched(tmp_path: Path) -> None:
    source = two_parts(tmp_path / "a.exr")
    image = Image.open(source)
    assert image.layers == ("", "depth", "crypto00")
    assert image.frame("depth").channels == ("depth.Z",)
    assert image.frame("depth").data_window == Window(-3, 2, 5, 3)
    assert image.frame("crypto00").meaning == "data"
    sent = image.frame()
    image.put("", sent.with_pixels(np.ones_like(sent.pixels)), sent).save(tmp_path / "b.exr")
    assert header(tmp_path / "b.exr") == header(source)
    before, after = decoded(source), decoded(tmp_path / "b.exr")
    assert after[1:] == before[1:]
    assert np.all(np.frombuffer(after[0][0], np.float16) == 1)


def test_views(tmp_path: Path) -> None:
    specs = []
    for view in ("left", "right"):
        spec = spec_of(4, 3, "RGB", "half", view=view)
        spec["oiio:subimagename"] = f"rgba.{view}"
        specs.append(spec)
    source = store(tmp_path / "a.exr", specs, *(np.full((3, 4, 3), v, "f2") for v in (1, 2)))
    image = Image.open(source)
    assert (image.views, image.layers) == (("left", "right"), ("",))
    right = image.frame(view="right")
    assert right.pixels.max() == 2
    assert right.view == "right"
    image.put("", right.with_pixels(right.pixels * 2), right).save(tmp_path / "b.exr")
    again = Image.open(tmp_path / "b.exr")
    assert again.frame(view="left").pixels.max() == 1
    assert again.frame(view="right").pixels.min() == 4
    with pytest.raises(NotFound, match="centre"):
        image.frame(view="centre")
