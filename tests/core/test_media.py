"""Files come back as they were, bit for bit, except where a change was asked for."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backlot import imagefile, media
from backlot.errors import (
    CannotWrite,
    InvalidInput,
    MissingFrame,
    NotFound,
    UnreadableFile,
    Unsupported,
)
from backlot.frame import Frame, Window
from backlot.media import Image

NUMPY = {"uint8": "u1", "uint16": "u2", "uint": "u4", "half": "f2", "float": "f4", "double": "f8"}
LOSSLESS_EXR = ("none", "rle", "zips", "zip", "piz")

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def noise(seed: int, height: int, width: int, channels: int, kind: str) -> Any:
    """Any bits of the type: for floats that means NaN payloads, infinities, subnormals, -0."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(NUMPY[kind])
    raw = rng.integers(0, 256, height * width * channels * dtype.itemsize, np.uint8)
    return raw.view(dtype).reshape(height, width, channels)


def calm(seed: int, height: int, width: int, channels: int) -> Any:
    """Values as pictures have them: 0.01 to 50, some negative."""
    rng = np.random.default_rng(seed)
    return np.exp2(rng.uniform(-6, 5, (height, width, channels))) * rng.choice(
        [1, 1, 1, -1], (height, width, channels)
    )


def store(path: Path, spec: Any, *parts: Any) -> Path:
    """A file by OpenImageIO alone, without the code under test."""
    out = oiio.ImageOutput.create(str(path))
    specs = spec if isinstance(spec, list) else [spec]
    assert out.open(str(path), tuple(specs) if len(specs) > 1 else specs[0]), out.geterror()
    for i, pixels in enumerate(parts):
        if i:
            assert out.open(str(path), specs[i], "AppendSubimage"), out.geterror()
        assert out.write_image(np.ascontiguousarray(pixels)), out.geterror()
    assert out.close(), out.geterror()
    return path


def spec_of(
    width: int, height: int, names: str | tuple[str, ...], kind: str, **attributes: Any
) -> Any:
    spec = oiio.ImageSpec(width, height, len(names), kind)
    spec.channelnames = tuple(names)
    for key, value in attributes.items():
        spec[key.replace("__", ":")] = value
    return spec


def decoded(path: Path) -> list[list[bytes]]:
    """The bits of every channel of every part, in the file's own types, by OpenImageIO alone."""
    hints = oiio.ImageSpec()
    hints["oiio:UnassociatedAlpha"] = 1
    source = oiio.ImageInput.open(str(path), hints)
    assert source is not None, oiio.geterror()
    parts: list[list[bytes]] = []
    while source.seek_subimage(len(parts), 0):
        spec = source.spec()
        channels = []
        for c in range(spec.nchannels):
            kind = str(spec.channelformat(c))
            channels.append(source.read_image(len(parts), 0, c, c + 1, kind).tobytes())
        parts.append(channels)
    source.geterror()
    source.close()
    return parts


def header(path: Path) -> list[dict[str, tuple[str, bytes]]]:
    """The attributes of every part of an OpenEXR file, by its published layout."""
    data = path.read_bytes()
    flags, at = data[5], 8
    several = bool(flags & 0x10)
    parts: list[dict[str, tuple[str, bytes]]] = []
    while True:
        found: dict[str, tuple[str, bytes]] = {}
        while data[at]:
            end = data.index(0, at)
            name, at = data[at:end].decode(), end + 1
            end = data.index(0, at)
            kind, at = data[at:end].decode(), end + 1
            (size,) = struct.unpack_from("<i", data, at)
            found[name] = (kind, data[at + 4 : at + 4 + size])
            at += 4 + size
        at += 1
        parts.append(found)
        if not several or data[at] == 0:
            return parts


def exr(path: Path, seed: int = 0, kind: str = "half", **attributes: Any) -> Path:
    return store(path, spec_of(7, 5, "RGBA", kind, **attributes), noise(seed, 5, 7, 4, kind))


@st.composite
def exr_files(draw: st.DrawFn) -> tuple[Any, Any, int]:
    """A description with any windows, names, types and compression, and pixels for it."""
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    names = ["R", "G", "B"]
    names += draw(
        st.sampled_from([[], ["A"], ["A", "depth.Z"], ["A", "N.X", "N.Y", "N.Z", "id.R"]])
    )
    kinds = [draw(st.sampled_from(["half", "float"])) for _ in names]
    kinds[1:3] = [kinds[0]] * 2
    spec = spec_of(width, height, tuple(names), "float" if "float" in kinds else "half")
    spec.channelformats = tuple(oiio.TypeDesc(kind) for kind in kinds)
    spec.x, spec.y = draw(st.integers(-50, 50)), draw(st.integers(-50, 50))
    spec.full_x, spec.full_y = draw(st.integers(-50, 50)), draw(st.integers(-50, 50))
    spec.full_width, spec.full_height = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    spec["compression"] = draw(st.sampled_from(LOSSLESS_EXR))
    spec["PixelAspectRatio"] = draw(st.sampled_from([1.0, 2.0, 0.5]))
    if draw(st.booleans()):
        spec.tile_width = spec.tile_height = 16
    seed = draw(st.integers(0, 1 << 30))
    columns = [noise(seed + i, height, width, 1, kind) for i, kind in enumerate(kinds)]
    wide = np.float32 if spec.format == oiio.TypeDesc("float") else np.float16
    with np.errstate(invalid="ignore"):
        pixels = np.concatenate([column.astype(wide) for column in columns], axis=2)
    return spec, pixels, seed


# --- nothing done -------------------------------------------------------------------------


@quick
@given(exr_files(), st.booleans())
def test_exr_round_trip_is_bit_exact(tmp_path: Path, made: Any, touch: bool) -> None:
    spec, pixels, _ = made
    source = store(tmp_path / "a.exr", spec, pixels)
    image = Image.open(source)
    if touch:
        for name in image.layers:
            frame = image.frame(name)
            image = image.put(name, frame.with_pixels(frame.pixels.copy()), frame)
    image.save(tmp_path / "b.exr")
    assert decoded(tmp_path / "b.exr") == decoded(source)
    assert header(tmp_path / "b.exr") == header(source)


@pytest.mark.parametrize(
    ("suffix", "kind", "names", "attributes"),
    [
        ("tif", kind, names, {"compression": compression})
        for kind in ("uint8", "uint16", "uint", "half", "float", "double")
        for names, compression in (("RGB", "zip"), ("RGBA", "lzw"), ("Y", "none"))
    ]
    + [
        ("png", kind, names, {})
        for kind in ("uint8", "uint16")
        for names in ("Y", "YA", "RGB", "RGBA")
    ]
    + [("dpx", kind, names, {}) for kind in ("uint8", "uint16") for names in ("RGB", "RGBA")]
    + [("dpx", "uint16", "RGB", {"oiio__BitsPerSample": bits}) for bits in (10, 12)],
)
@pytest.mark.parametrize("straight", [0, 1])
def test_lossless_round_trip_is_bit_exact(
    tmp_path: Path, suffix: str, kind: str, names: str, attributes: dict[str, Any], straight: int
) -> None:
    spec = spec_of(13, 9, names, kind, **attributes)
    spec["oiio:UnassociatedAlpha"] = straight
    source = store(tmp_path / f"a.{suffix}", spec, noise(3, 9, 13, len(names), kind))
    image = Image.open(source)
    frame = image.frame()
    image = image.put("", frame.with_pixels(frame.pixels.copy()), frame)
    image.save(tmp_path / f"b.{suffix}")
    assert decoded(tmp_path / f"b.{suffix}") == decoded(source)


def test_attributes_are_kept_and_none_is_made_up(tmp_path: Path) -> None:
    spec = spec_of(6, 4, "RGB", "half", compression="piz", note="take 3", exposure=1.5, frame=7)
    spec.attribute("DateTime", "float[2]", (0.0, 0.0))  # keeps the writer from stamping the time
    spec.attribute("smpte:TimeCode", oiio.TypeDesc("timecode"), (0x01020304, 0))
    spec.attribute("chromaticities", "float[8]", tuple(np.linspace(0.1, 0.8, 8)))
    spec.attribute("worldToCamera", oiio.TypeDesc("matrix"), tuple(range(16)))
    source = store(tmp_path / "a.exr", spec, noise(0, 4, 6, 3, "half"))
    before = header(source)[0]
    assert "capDate" not in before
    assert {"note", "exposure", "frame", "timeCode", "chromaticities", "worldToCamera"} <= set(
        before
    )
    image = Image.open(source, "ACEScg")
    frame = image.frame()
    image.put("", frame.with_pixels(frame.pixels + 1), frame).save(tmp_path / "b.exr")
    assert header(tmp_path / "b.exr")[0] == before
    assert image.timecode == "01:02:03:04"


@pytest.mark.parametrize("suffix", ["tif", "png", "dpx", "jpg"])
def test_other_formats_keep_their_attributes(tmp_path: Path, suffix: str) -> None:
    spec = spec_of(8, 8, "RGB", "uint8", DateTime="2026:01:02 03:04:05", Artist="someone")
    source = store(tmp_path / f"a.{suffix}", spec, noise(0, 8, 8, 3, "uint8"))
    image = Image.open(source)
    image.save(tmp_path / f"b.{suffix}")
    volatile = ("oiio:", "tiff:RowsPerStrip", "Exif:")  # how it is stored, not what it is
    before, after = (
        {k: v for k, v in i.parts[0].attributes.items() if not k.startswith(volatile)}
        for i in (image, Image.open(tmp_path / f"b.{suffix}"))
    )
    assert after == before


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


def two_parts(path: Path) -> Path:
    main, depth = spec_of(6, 4, "RGBA", "half"), spec_of(5, 3, ("Z",), "float")
    depth.x, depth.y = -3, 2
    depth.full_width, depth.full_height = 6, 4  # all parts of a file share the display window
    crypto = spec_of(6, 4, ("crypto00.R", "crypto00.G", "crypto00.B", "crypto00.A"), "float")
    names = ("rgba", "depth", "crypto")
    for spec, name, compression in zip(
        (main, depth, crypto), names, ("piz", "zip", "zips"), strict=True
    ):
        spec["oiio:subimagename"] = name
        spec["compression"] = compression
        spec[f"note_{name}"] = name
    return store(path, [main, depth, crypto], noise(1, 4, 6, 4, "half"),
                 noise(2, 3, 5, 1, "float"), noise(3, 4, 6, 4, "float"))  # fmt: skip


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


def test_rescaled_keeps_the_layout(tmp_path: Path) -> None:
    spec = spec_of(6, 4, ("R", "G", "B", "A", "depth.Z"), "float", compression="piz", note="kept")
    spec.channelformats = tuple(oiio.TypeDesc(k) for k in ("half",) * 4 + ("float",))
    spec.x, spec.y, spec.full_width, spec.full_height = -1, -2, 8, 8
    spec.attribute("smpte:TimeCode", oiio.TypeDesc("timecode"), (0x01020304, 0))
    image = Image.open(store(tmp_path / "a.exr", spec, np.ones((4, 6, 5), "f4")))
    frames = {}
    for name in image.layers:
        frame = image.frame(name)
        frames[name] = frame.with_pixels(
            frame.pixels.repeat(2, 0).repeat(2, 1) * 3,
            data_window=frame.data_window.scaled(2, 2),
            display_window=frame.display_window.scaled(2, 2),
        )
    image.rescaled(frames).save(tmp_path / "b.exr")
    big = Image.open(tmp_path / "b.exr")
    assert big.frame().data_window == Window(-2, -4, 12, 8)
    assert big.frame().display_window == Window(0, 0, 16, 16)
    assert big.frame().pixels.dtype == np.float16
    assert big.frame("depth").pixels.dtype == np.float32
    assert (big.frame("depth").pixels == 3).all()
    before, after = header(tmp_path / "a.exr")[0], header(tmp_path / "b.exr")[0]
    assert {k: v for k, v in before.items() if not k.endswith("Window")} == {
        k: v for k, v in after.items() if not k.endswith("Window")
    }
    with pytest.raises(InvalidInput, match="depth"):
        image.rescaled({"": frames[""]})


# --- write --------------------------------------------------------------------------------


@quick
@given(
    st.sampled_from(["half", "float"]),
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(0, 999),
    st.integers(-40, 40),
    st.integers(1, 5),
)
def test_write_then_read_is_bit_exact_in_exr(
    tmp_path: Path, kind: str, width: int, height: int, seed: int, offset: int, count: int
) -> None:
    frame = Frame(
        noise(seed, height, width, count, kind),
        data_window=Window(offset, -offset, width, height),
        display_window=Window(0, 0, 33, 22),
        pixel_aspect=2.0,
        meaning="color" if count in (3, 4) else "data",
    )
    media.write(tmp_path / "a.exr", frame)
    back = media.Image.open(tmp_path / "a.exr")
    values = [back.frame(n) for n in back.layers]
    if count in (1, 3, 4):
        assert values[0].pixels.tobytes() == frame.pixels.tobytes()
        assert values[0].data_window == frame.data_window
        assert values[0].display_window == frame.display_window
        assert values[0].pixel_aspect == 2.0
        assert values[0].meaning == frame.meaning


def test_written_exr_says_that_it_is_acescg(tmp_path: Path) -> None:
    media.write(tmp_path / "a.exr", Frame(np.ones((2, 2, 3), np.float16)))
    kind, value = header(tmp_path / "a.exr")[0]["chromaticities"]
    assert kind == "chromaticities"
    assert np.allclose(struct.unpack("<8f", value)[:6], (0.713, 0.293, 0.165, 0.83, 0.128, 0.044))
    assert header(tmp_path / "a.exr")[0]["compression"][1] == b"\x03"
    media.write(tmp_path / "b.exr", Frame(np.ones((2, 2, 3), np.float16)), "lin_rec709")
    assert np.allclose(media.read(tmp_path / "b.exr").pixels, 1, atol=1e-3)
    _, value = header(tmp_path / "b.exr")[0]["chromaticities"]
    assert np.allclose(struct.unpack("<8f", value)[:2], (0.64, 0.33))


@pytest.mark.parametrize(
    ("suffix", "tolerance"), [("png", 0.005), ("jpg", 0.03), ("dpx", 5e-5), ("tif", 0.0)]
)
def test_write_then_read_in_other_formats(tmp_path: Path, suffix: str, tolerance: float) -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)
    frame = Frame(np.broadcast_to(ramp[None, :, None], (8, 64, 3)).copy())
    media.write(tmp_path / f"a.{suffix}", frame)
    back = media.read(tmp_path / f"a.{suffix}").pixels
    assert np.abs(back - frame.pixels).max() <= tolerance
    if suffix in ("png", "jpg"):
        middle = decoded(tmp_path / f"a.{suffix}")[0][0][64 * 4 + 32]
        assert middle == pytest.approx(188, abs=2)  # half-way in light is 188 of 255 in sRGB


@pytest.mark.parametrize(
    ("suffix", "tolerance"), [("exr", 0), ("tif", 0), ("png", 0.002), ("dpx", 1e-5)]
)
@pytest.mark.parametrize("count", [1, 3, 4])
def test_data_is_written_as_it_is(
    tmp_path: Path, suffix: str, tolerance: float, count: int
) -> None:
    values = np.random.default_rng(0).random((8, 8, count), np.float32)
    media.write(tmp_path / f"a.{suffix}", Frame(values, meaning="data"), "srgb_tx")
    back = media.read(tmp_path / f"a.{suffix}", colorspace="data")
    assert back.meaning == "data"
    assert np.abs(back.pixels - values).max() <= tolerance


def test_premultiplied_alpha_in_png(tmp_path: Path) -> None:
    values = np.full((4, 4, 4), 0.25, np.float32)
    values[..., 3] = 0.5
    media.write(tmp_path / "a.png", Frame(values), pixel_type="uint16")
    back = media.read(tmp_path / "a.png")
    assert np.allclose(back.pixels, values, atol=1e-4)
    stored = np.frombuffer(decoded(tmp_path / "a.png")[0][0], np.uint16)[0] / 65535
    assert stored == pytest.approx(0.7354, abs=1e-3)  # 0.25 / 0.5 in light, encoded by sRGB


def test_jpeg_is_written_over_black_and_never_drops_channels(tmp_path: Path) -> None:
    values = np.full((8, 8, 4), 0.25, np.float32)
    media.write(tmp_path / "a.jpg", Frame(values))
    assert np.allclose(media.read(tmp_path / "a.jpg").pixels, 0.25, atol=0.01)
    for count, meaning in ((2, "data"), (4, "data"), (5, "color")):
        with pytest.raises(Unsupported, match="channels"):
            media.write(
                tmp_path / "b.jpg", Frame(np.zeros((8, 8, count), np.float32), meaning=meaning)
            )
    assert not (tmp_path / "b.jpg").exists()


@pytest.mark.parametrize(
    ("name", "kind"), [("a.exr", "uint8"), ("a.png", "half"), ("a.jpg", "uint16"), ("a.exr", "x")]
)
def test_pixel_types_that_a_format_does_not_have(tmp_path: Path, name: str, kind: str) -> None:
    with pytest.raises(Unsupported, match=kind) as caught:
        media.write(tmp_path / name, Frame(np.zeros((2, 2, 3), np.float32)), pixel_type=kind)
    assert caught.value.hint.startswith("Use ")


def test_write_frames_a_data_window_for_formats_without_one(tmp_path: Path) -> None:
    frame = Frame(
        np.ones((4, 4, 3), np.float32),
        data_window=Window(-2, 1, 4, 4),
        display_window=Window(0, 0, 6, 4),
    )
    media.write(tmp_path / "a.png", frame)
    lit = media.read(tmp_path / "a.png").pixels[..., 0] > 0.5
    assert lit.shape == (4, 6)
    assert np.argwhere(lit).min(0).tolist() == [1, 0]
    assert np.argwhere(lit).max(0).tolist() == [3, 1]


# --- faults -------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["exr", "tif", "png", "dpx", "jpg"])
def test_damaged_files(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"a.{suffix}"
    media.write(whole, Frame(np.random.default_rng(0).random((64, 64, 3), np.float32)))
    data = whole.read_bytes()
    for keep in (0, 1, 4, 100, len(data) // 2, len(data) - 30):
        cut = tmp_path / f"cut{keep}.{suffix}"
        cut.write_bytes(data[:keep])
        with pytest.raises(UnreadableFile) as caught:
            media.read(cut)
        assert cut.name in caught.value.sentence
        assert caught.value.hint
    (tmp_path / f"text.{suffix}").write_text("no picture at all")
    with pytest.raises(UnreadableFile):
        media.read(tmp_path / f"text.{suffix}")


def test_absent_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(MissingFrame, match=r"plate\.1001\.exr is not there"):
        media.read(tmp_path / "plate.1001.exr")
    with pytest.raises(UnreadableFile, match="folder"):
        media.read(tmp_path)


def test_deep_files_are_refused(tmp_path: Path) -> None:
    spec = spec_of(2, 2, "RGBA", "float")
    spec.deep = True
    out = oiio.ImageOutput.create("d.exr")
    deep = oiio.DeepData()
    deep.init(4, 4, oiio.TypeDesc("float"), ("R", "G", "B", "A"))
    assert out.open(str(tmp_path / "d.exr"), spec)
    assert out.write_deep_image(deep)
    out.close()
    with pytest.raises(Unsupported, match="deep"):
        media.read(tmp_path / "d.exr")


@pytest.mark.parametrize("suffix", ["exr", "tif", "png", "dpx", "jpg"])
def test_impossible_places(tmp_path: Path, suffix: str) -> None:
    frame = Frame(np.zeros((4, 4, 3), np.float32))
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "absent", Path("/proc")):
        with pytest.raises(CannotWrite) as caught:
            media.write(folder / f"a.{suffix}", frame)
        assert str(folder) not in caught.value.sentence
    (tmp_path / f"taken.{suffix}").mkdir()
    with pytest.raises(CannotWrite):
        media.write(tmp_path / f"taken.{suffix}", frame)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", f"taken.{suffix}"]


FULL = """
import resource, sys
from backlot import imagefile
from backlot.errors import CannotWrite
from backlot.media import Image
image = Image.open(sys.argv[1])
[part.blocks for part in image.parts]
imagefile.STAGED = int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    image.save(sys.argv[2])
except CannotWrite as error:
    print(error, error.hint)
"""


@pytest.mark.parametrize("staged", [0, 1 << 30], ids=["direct", "staged"])
@pytest.mark.parametrize("suffix", ["exr", "tif", "dpx"])
def test_no_file_is_left_when_the_disk_is_full(tmp_path: Path, suffix: str, staged: int) -> None:
    """Down to the last byte, where the writers themselves say that all is well."""
    source = tmp_path / f"a.{suffix}"
    media.write(source, Frame(np.random.default_rng(0).random((64, 64, 3), np.float32)))
    Image.open(source).save(tmp_path / f"whole.{suffix}")
    size = (tmp_path / f"whole.{suffix}").stat().st_size
    (tmp_path / f"b.{suffix}").write_text("an older take")
    for limit in (size - 1, size // 2, 10):
        done = subprocess.run(
            [sys.executable, "-c", FULL, source, tmp_path / f"b.{suffix}", str(limit), str(staged)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "cannot be written" in done.stdout
        assert (tmp_path / f"b.{suffix}").read_text() == "an older take"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("suffix", ["exr", "tif", "png", "dpx", "jpg"])
def test_full_disk(tmp_path: Path, suffix: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    try:
        with pytest.raises(CannotWrite, match="disk is full"):
            media.write(
                disk / f"a.{suffix}",
                Frame(np.random.default_rng(0).random((256, 256, 3), np.float32)),
            )
        assert os.listdir(disk) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_large_files_are_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file, staged in memory or written to disk at once; tiled ones too."""
    monkeypatch.setattr(imagefile, "_BAND", 16)
    for tile in (0, 16):
        spec = spec_of(40, 50, "RGBA", "half")
        spec.x, spec.y, spec.tile_width, spec.tile_height = -7, 9, tile, tile
        source = store(tmp_path / "a.exr", spec, noise(0, 50, 40, 4, "half"))
        Image.open(source).save(tmp_path / "b.exr")
        monkeypatch.setattr(imagefile, "STAGED", 0)
        Image.open(source).save(tmp_path / "c.exr")
        assert (tmp_path / "b.exr").read_bytes() == (tmp_path / "c.exr").read_bytes()
        monkeypatch.undo()


def test_another_format_is_refused(tmp_path: Path) -> None:
    image = Image.open(exr(tmp_path / "a.exr"))
    with pytest.raises(Unsupported, match="another format"):
        image.save(tmp_path / "a.png")
    with pytest.raises(Unsupported, match="cannot be written"):
        media.write(tmp_path / "a.xyz", image.frame())


def test_saving_over_the_source(tmp_path: Path) -> None:
    source = two_parts(tmp_path / "a.exr")
    before = decoded(source)
    image = Image.open(source)
    sent = image.frame()
    image.put("", sent.with_pixels(np.ones_like(sent.pixels)), sent).save(source)
    after = decoded(source)
    assert after[1:] == before[1:]
    assert after[0] != before[0]


# --- odd corners --------------------------------------------------------------------------


def test_integer_ids_beside_floats_are_refused_rather_than_rounded(tmp_path: Path) -> None:
    spec = spec_of(3, 2, ("R", "G", "B", "id"), "float")
    spec.channelformats = tuple(oiio.TypeDesc(k) for k in ("half", "half", "half", "uint"))
    source = store(tmp_path / "a.exr", spec, np.full((2, 3, 4), 0.5, np.float32))
    image = Image.open(source)
    assert image.frame("id").meaning == "data"
    with pytest.raises(Unsupported, match="Channel id"):
        image.save(tmp_path / "b.exr")
    assert not (tmp_path / "b.exr").exists()


def test_textures_become_plain_pictures(tmp_path: Path) -> None:
    spec = spec_of(32, 32, "RGB", "half")
    pixels = noise(0, 32, 32, 3, "half")
    buffer = oiio.ImageBuf(store(tmp_path / "a.exr", spec, pixels).as_posix())
    assert oiio.ImageBufAlgo.make_texture(oiio.MakeTxTexture, buffer, str(tmp_path / "t.exr"))
    image = Image.open(tmp_path / "t.exr")
    image.save(tmp_path / "b.exr")
    assert decoded(tmp_path / "b.exr") == decoded(tmp_path / "t.exr")


def test_one_layer_of_many_is_read_alone(tmp_path: Path) -> None:
    names = tuple(f"{layer}.{c}" for layer in ("a", "b", "matte") for c in "RGBA")
    spec = spec_of(9, 7, (*"RGBA", *names), "float")
    spec.channelformats = tuple(oiio.TypeDesc(k) for k in ["half"] * 6 + ["float"] * 10)
    source = store(tmp_path / "a.exr", spec, calm(0, 7, 9, 16).astype(np.float32))
    whole = Image.open(source)
    expected = [whole.frame(name) for name in whole.layers]
    assert [part._blocks for part in whole.parts] != [[]]  # the second layer read them all
    for frame, name in zip(expected, whole.layers, strict=True):
        image = Image.open(source)
        assert image.frame(name).pixels.tobytes() == frame.pixels.tobytes()
        assert image.frame(name).channels == frame.channels
        assert image.parts[0]._blocks == []
    sent = image.frame("matte")
    image.put("matte", sent.with_pixels(sent.pixels + 1), sent).save(tmp_path / "b.exr")
    before, after = decoded(source)[0], decoded(tmp_path / "b.exr")[0]
    assert before[:12] == after[:12]
    assert before[12:] != after[12:]


def test_one_image_in_many_threads(tmp_path: Path) -> None:
    source = two_parts(tmp_path / "a.exr")
    expected = Image.open(source).frame("crypto00").pixels.tobytes()
    for _ in range(20):
        image = Image.open(source)
        with ThreadPoolExecutor(8) as pool:
            found = pool.map(lambda _, image=image: image.frame("crypto00").pixels, range(8))
        assert {pixels.tobytes() for pixels in found} == {expected}
        assert all(len(part._blocks) <= 1 for part in image.parts)


def test_frames_with_other_channels_keep_them_unconverted(tmp_path: Path) -> None:
    frame = Frame(np.full((2, 2, 4), 0.5, np.float32), ("R", "G", "B", "depth.Z"))
    media.write(tmp_path / "a.exr", frame, "acescct")
    image = Image.open(tmp_path / "a.exr", "acescct")
    assert (image.frame("depth").pixels == 0.5).all()
    assert (image.parts[0].channel(0) != 0.5).all()
    assert np.allclose(image.frame().pixels, 0.5, atol=1e-4)


def test_nothing_is_printed_where_an_error_says_it(tmp_path: Path) -> None:
    (tmp_path / "a.exr").write_bytes(b"v/1\x01 not an image")
    (tmp_path / "b.tif").write_bytes(b"II*\x00")
    code = """
import sys, numpy as np
from backlot import media
from backlot.errors import BacklotError
from backlot.frame import Frame
for name in ("a.exr", "b.tif", "c.exr"):
    try:
        media.read(sys.argv[1] + "/" + name)
    except BacklotError as error:
        print(error)
for name in ("a.xyz", "no/a.exr", "no/a.tif"):
    try:
        media.write(sys.argv[1] + "/" + name, Frame(np.zeros((2, 2, 3), np.float32)))
    except BacklotError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 6
    assert done.stderr == ""
    assert str(tmp_path) not in done.stdout
