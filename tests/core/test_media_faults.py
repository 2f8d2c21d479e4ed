"""Damaged files, full disks and impossible places: a sentence, and never half a file."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest

from backlot import imagewriting, media
from backlot.errors import (
    CannotWrite,
    MissingFrame,
    UnreadableFile,
    Unsupported,
)
from backlot.frame import Frame
from backlot.media import Image
from tests.pictures import calm, decoded, exr, noise, spec_of, store, two_parts

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
from backlot import imagewriting
from backlot.errors import CannotWrite
from backlot.media import Image
image = Image.open(sys.argv[1])
[part.blocks for part in image.parts]
imagewriting.STAGED = int(sys.argv[4])
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
    monkeypatch.setattr(imagewriting, "_BAND", 16)
    for tile in (0, 16):
        spec = spec_of(40, 50, "RGBA", "half")
        spec.x, spec.y, spec.tile_width, spec.tile_height = -7, 9, tile, tile
        source = store(tmp_path / "a.exr", spec, noise(0, 50, 40, 4, "half"))
        Image.open(source).save(tmp_path / "b.exr")
        monkeypatch.setattr(imagewriting, "STAGED", 0)
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
