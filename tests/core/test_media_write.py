"""New files: what is written is what is read, in every format."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot import media
from backlot.errors import (
    InvalidInput,
    Unsupported,
)
from backlot.frame import Frame, Window
from backlot.media import Image
from tests.pictures import decoded, header, noise, quick, spec_of, store


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
