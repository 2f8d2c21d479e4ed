"""Movies give the same pictures in any order, at their own range, matrix and colour space."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from backlot import color, media, yuv
from backlot.errors import InvalidInput, MissingFrame, UnreadableFile, Unsupported
from backlot.movie import Movie, _advance, _packed
from backlot.sequence import Sequence

COUNT = 24


def encode(
    path: Path,
    codec: str,
    pixel_format: str,
    pictures: list[Any],
    tags: tuple[int, int, int, int] | None = (1, 1, 1, 1),
    timecode: str = "",
    **options: str,
) -> Path:
    """A movie of pictures, each a list of planes. tags: matrix, primaries, curve, range."""
    with av.open(str(path), "w") as container:
        if timecode:
            container.metadata["timecode"] = timecode
        stream = container.add_stream(codec, rate=Fraction(24), options=options)
        height, width = pictures[0][0].shape
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        if tags:
            context = stream.codec_context
            context.colorspace, context.color_primaries, context.color_trc, context.color_range = (
                tags
            )
        for number, planes in enumerate(pictures):
            frame = av.VideoFrame(width, height, pixel_format)
            if tags:
                frame.colorspace, frame.color_range = tags[0], tags[3]
            for plane, values in zip(frame.planes, planes, strict=True):
                rows = np.zeros((plane.height, plane.line_size), np.uint8)
                raw = np.ascontiguousarray(values).view(np.uint8)
                rows[:, : raw.shape[1]] = raw
                plane.update(rows.tobytes())
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def flat(
    value: int, bits: int = 8, chroma: int | None = None, halves: tuple[int, int] = (2, 2)
) -> Any:
    kind = np.uint8 if bits == 8 else np.uint16
    small = np.full((48 // halves[1], 64 // halves[0]), chroma or 1 << (bits - 1), kind)
    return [np.full((48, 64), value, kind), small, small]


def numbered(bits: int = 8, halves: tuple[int, int] = (2, 2)) -> list[Any]:
    return [flat((40 + 6 * i) << (bits - 8), bits, halves=halves) for i in range(COUNT)]


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "bits", "options"),
    [
        ("a.mp4", "libx264", "yuv420p", 8, {"bf": "3", "g": "10", "qp": "1"}),
        ("open.mp4", "libx264", "yuv420p", 8, {"bf": "3", "g": "8", "qp": "1",
                                               "x264-params": "open-gop=1:scenecut=0"}),
        ("b.mov", "prores_ks", "yuv422p10le", 10, {}),
        ("c.mkv", "ffv1", "yuv420p10le", 10, {}),
        ("d.avi", "mpeg4", "yuv420p", 8, {"bf": "2", "qmin": "1", "qmax": "1"}),
        ("e.mxf", "mpeg2video", "yuv420p", 8, {"qmin": "1", "qmax": "1"}),
        ("f.webm", "libvpx-vp9", "yuv420p", 8, {"crf": "1"}),
        ("g.mov", "libx265", "yuv420p", 8, {"x265-params": "log-level=error:keyint=8:crf=2"}),
    ],
)  # fmt: skip
def test_any_order_gives_the_frame_of_that_number(
    tmp_path: Path, name: str, codec: str, pixel_format: str, bits: int, options: dict[str, str]
) -> None:
    halves = (2, 1) if "422" in pixel_format else (2, 2)
    path = encode(tmp_path / name, codec, pixel_format, numbered(bits, halves), **options)
    order = [*range(1, COUNT + 1), *random.Random(1).sample(range(1, COUNT + 1), COUNT)]
    with Movie(path, colorspace="data") as movie:
        assert movie.frames == tuple(range(1, COUNT + 1))
        assert movie.rate == 24
        for number in order:
            frame = movie.frame(number)
            level = float(frame.pixels[20, 30, 1]) * 219 + 16
            assert level == pytest.approx(40 + 6 * (number - 1), abs=1.5), number
            assert frame.number == number
        with pytest.raises(MissingFrame, match=f"no frame {COUNT + 1}"):
            movie.frame(COUNT + 1)
    assert Sequence.parse(path).frames() == tuple(range(1, COUNT + 1))


def test_read_takes_one_frame_of_a_movie(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", "ffv1", "yuv420p", numbered())
    for number, found in ((0, 1), (1, 1), (5, 5)):
        frame = media.read(path, colorspace="data", number=number)
        assert frame.number == found
        assert frame.pixels[0, 0, 0] == pytest.approx((40 + 6 * (found - 1) - 16) / 219)


def test_another_start(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", "ffv1", "yuv420p", numbered())
    with Movie(path, start=-3, colorspace="data") as movie:
        assert movie.frames[0] == -3
        assert movie.frame(-3).pixels[0, 0, 0] == pytest.approx((40 - 16) / 219)
        with pytest.raises(MissingFrame, match="no frame 1001"):
            movie.frame(1001)


@pytest.mark.parametrize(("bits", "range_"), [(8, 1), (8, 2), (10, 1), (10, 2), (12, 1)])
@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
def test_range_and_matrix_are_the_streams(
    tmp_path: Path, bits: int, range_: int, matrix: int
) -> None:
    """Against the equations of ITU-T H.273, 8.3.4, solved here for a known R'G'B'."""
    kr, kb = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}.get(matrix, (0.299, 0.114))
    rgb = np.array([0.8, 0.3, 0.1])
    y = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2]
    cb, cr = (rgb[2] - y) / (2 * (1 - kb)), (rgb[0] - y) / (2 * (1 - kr))
    top, unit = (1 << bits) - 1, 1 << (bits - 8)
    if range_ == 1:
        codes = [219 * y + 16, 224 * cb + 128, 224 * cr + 128]
        codes = [code * unit for code in codes]
    else:
        codes = [y * top, cb * top + (1 << (bits - 1)), cr * top + (1 << (bits - 1))]
    kind = np.uint8 if bits == 8 else np.uint16
    planes = [np.full((16, 16), round(code), kind) for code in codes]
    path = encode(tmp_path / "a.mkv", "ffv1", "yuv444p" + (f"{bits}le" if bits > 8 else ""),
                  [planes], (matrix, 1, 1, range_))  # fmt: skip
    with Movie(path, colorspace="data") as movie:
        found = movie.frame(1).pixels
    assert found.shape == (16, 16, 3)
    assert np.allclose(found, rgb, atol=1.5 / top * 2)


def test_below_black_and_above_white_are_kept(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", "ffv1", "yuv420p", [flat(4), flat(250)])
    with Movie(path, colorspace="data") as movie:
        assert movie.frame(1).pixels.max() == pytest.approx((4 - 16) / 219, abs=1e-6)
        assert movie.frame(2).pixels.min() == pytest.approx((250 - 16) / 219, abs=1e-6)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p"])
@pytest.mark.parametrize(("across", "down"), [(3, 0), (0, 4)])
def test_chroma_lies_where_the_standard_puts_it(
    tmp_path: Path, pixel_format: str, across: int, down: int
) -> None:
    """A ramp in chroma, sampled at its sites (left, and between lines), comes back as that ramp."""
    x, y = np.meshgrid(np.arange(64.0), np.arange(48.0))
    wide = 1 if pixel_format == "yuv444p" else 2
    high = 2 if pixel_format == "yuv420p" else 1
    ramp = 20 + across * x + down * y
    sites = ramp[::high, ::wide] + down * (high - 1) / 2
    planes = [np.full(plane.shape, 128, np.uint8) for plane in (ramp, sites)]
    path = encode(tmp_path / "a.mkv", "ffv1", pixel_format, [[*planes, sites.astype(np.uint8)]])
    with Movie(path, colorspace="data") as movie:
        red = movie.frame(1).pixels[..., 0]
    expected = (128 - 16) / 219 + (ramp - 128) / 224 * 2 * (1 - 0.2126)
    assert np.abs(red - expected)[2:-2, 2:-2].max() < 1e-5


def test_rgb_movies_and_straight_alpha(tmp_path: Path) -> None:
    values = [np.full((48, 64), v, np.uint8) for v in (100, 50, 200, 128)]  # G, B, R, A
    packed = np.stack([values[3], values[2], values[0], values[1]], -1).reshape(48, 256)
    with av.open(str(tmp_path / "a.mov"), "w") as container:
        stream = container.add_stream("qtrle", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "argb"
        frame = av.VideoFrame(64, 48, "argb")
        frame.planes[0].update(packed.tobytes())
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with Movie(tmp_path / "a.mov") as movie:
        raw = movie.frame(1, "data").pixels[0, 0]
        assert np.allclose(raw, np.array([200, 100, 50, 128]) / 255)
        linear = movie.frame(1, "lin_ap1").pixels[0, 0]
        assert np.allclose(linear[:3], raw[:3] * raw[3])


def test_color_space_by_metadata(tmp_path: Path) -> None:
    gray = [flat(126)]
    with Movie(encode(tmp_path / "a.mkv", "ffv1", "yuv420p", gray, (1, 1, 1, 1))) as movie:
        frame = movie.frame(1)
        assert frame.meaning == "color"
        level = np.full((1, 1, 3), (126 - 16) / 219, np.float32)
        assert np.allclose(frame.pixels, color.to_working(level, "Camera Rec.709"), atol=1e-6)
        assert not np.allclose(frame.pixels, movie.frame(1, "srgb_tx").pixels, atol=1e-3)
    with Movie(encode(tmp_path / "b.mkv", "ffv1", "yuv420p", gray, (1, 1, 13, 1))) as movie:
        assert np.allclose(movie.frame(1).pixels, color.to_working(level, "srgb_tx"), atol=1e-6)
    with Movie(encode(tmp_path / "c.mkv", "ffv1", "yuv420p", gray, (9, 9, 16, 1))) as movie:
        pq = movie.frame(1).pixels[0, 0, 0]
        assert pq == pytest.approx(0.95, abs=0.15)  # code 0.502 is about 94 nits; 100 are 1.0


@pytest.mark.parametrize("tags", [None, (2, 2, 2, 0), (1, 2, 2, 1), (1, 1, 9, 1)])
def test_a_movie_that_does_not_say_is_not_guessed(tmp_path: Path, tags: Any) -> None:
    path = encode(tmp_path / "a.mkv", "ffv1", "yuv420p", [flat(126)], tags)
    with Movie(path) as movie:
        with pytest.raises(InvalidInput, match=r"a\.mkv") as caught:
            movie.frame(1)
        assert "--colorspace" in caught.value.hint
        assert movie.frame(1, "ARRI LogC3 (EI800)").meaning == "color"


def test_an_unknown_matrix_is_refused(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", "ffv1", "yuv444p", [flat(126, halves=(1, 1))], (8, 1, 1, 1))
    with Movie(path) as movie, pytest.raises(Unsupported, match="matrix coefficients 8"):
        movie.frame(1)


def test_timecode(tmp_path: Path) -> None:
    path = encode(
        tmp_path / "a.mov", "prores_ks", "yuv422p10le", numbered(10, (2, 1)), timecode="09:59:59:20"
    )
    with Movie(path, start=1001) as movie:
        assert movie.timecode(1001) == "09:59:59:20"
        assert movie.timecode(1005) == "10:00:00:00"
    with Movie(encode(tmp_path / "b.mkv", "ffv1", "yuv420p", numbered())) as movie:
        assert movie.timecode(1) == ""


@pytest.mark.parametrize(
    ("first", "rate", "count", "then"),
    [
        ("00:00:59;28", 30, 4, "00:01:00;04"),  # ;00 and ;01 of most minutes are dropped
        ("00:09:59;29", 30, 1, "00:10:00;00"),  # but not of every tenth
        ("01:00:00;00", 30, 17982, "01:10:00;00"),
        ("00:00:59;58", 60, 2, "00:01:00;04"),
        ("23:59:59:23", 24, 1, "00:00:00:00"),
        ("00:00:00:00", 24, -1, "23:59:59:23"),
    ],
)
def test_counting_timecode(first: str, rate: int, count: int, then: str) -> None:
    assert _advance(first, rate, count) == then


def test_damaged_and_absent_movies(tmp_path: Path) -> None:
    with pytest.raises(MissingFrame, match=r"gone\.mov"):
        Movie(tmp_path / "gone.mov")
    (tmp_path / "zero.mov").touch()
    (tmp_path / "text.mov").write_text("no movie")
    whole = encode(tmp_path / "a.mov", "prores_ks", "yuv422p10le", numbered(10, (2, 1)))
    data = whole.read_bytes()
    (tmp_path / "cut.mov").write_bytes(data[: len(data) // 2])
    for name in ("zero.mov", "text.mov", "cut.mov"):
        with pytest.raises(UnreadableFile, match=name):
            Movie(tmp_path / name)
    mkv = encode(tmp_path / "a.mkv", "ffv1", "yuv420p", numbered()).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(mkv[: len(mkv) // 2])
    with Movie(tmp_path / "cut.mkv", colorspace="data") as movie:
        assert 1 < len(movie.frames) < COUNT
        movie.frame(1)


def test_odd_sizes_and_palettes() -> None:
    frame = av.VideoFrame(63, 47, "yuv420p")
    for plane, value in zip(frame.planes, (126, 128, 128), strict=True):
        plane.update(np.full((plane.height, plane.line_size), value, np.uint8).tobytes())
    assert yuv.to_rgb(frame, 1, False, False).shape == (47, 63, 3)
    with pytest.raises(Unsupported, match="pal8"):
        yuv.to_rgb(av.VideoFrame(8, 8, "pal8"), 1, False, False)


@pytest.mark.parametrize(
    ("timecode", "rate", "packed"),
    [
        ("01:02:03:04", 24, 0x01020304),
        ("23:59:59;29", 30, 0x23595969),
        ("10:20:30:58", 60, 0x10203029),
        ("10:20:30:59", 60, 0x10203029 | 1 << 15),
    ],
)
def test_timecode_as_image_files_hold_it(timecode: str, rate: int, packed: int) -> None:
    assert _packed(timecode, rate) == packed
