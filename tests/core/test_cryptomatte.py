"""Cryptomatte: ids as the specification makes them, mattes as the renderer's coverage says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest

from backlot import cryptomatte
from backlot.errors import InvalidInput, NotFound, UnreadableFile
from backlot.media import Image
from tests.pictures import store

WIDTH, HEIGHT = 12, 6
NAMES = ("hero/face", "hero/coat", "wall")


def bits(name: str) -> np.float32:
    return np.array(cryptomatte.id_of(name), np.uint32).view(np.float32)[()]


def rendered(
    path: Path,
    layer: str = "CryptoObject",
    components: str = "RGBA",
    kind: str = "float",
    manifest: str | None = None,
    sidecar: str = "",
) -> Path:
    """Left: face 1.0; middle: face .25, coat .5, wall .25; right: wall. Two levels of ranks."""
    channels = [f"{layer}{level:02d}.{c}" for level in (0, 1) for c in components]
    spec = oiio.ImageSpec(WIDTH, HEIGHT, 4 + len(channels), kind)
    spec.channelnames = ("R", "G", "B", "A", *channels)
    spec.x, spec.y, spec.full_x, spec.full_y = 2, 1, 0, 0
    spec.full_width, spec.full_height = 20, 10
    spec["compression"] = "zip"
    key = "cryptomatte/abc1234"
    spec.attribute(f"{key}/name", layer)
    spec.attribute(f"{key}/hash", "MurmurHash3_32")
    spec.attribute(f"{key}/conversion", "uint32_to_float32")
    if sidecar:
        spec.attribute(f"{key}/manif_file", sidecar)
    elif manifest is None:
        ids = {name: f"{cryptomatte.id_of(name):08x}" for name in NAMES}
        spec.attribute(f"{key}/manifest", json.dumps(ids))
    elif manifest:
        spec.attribute(f"{key}/manifest", manifest)
    pixels = np.zeros((HEIGHT, WIDTH, spec.nchannels), np.float32)
    face, coat, wall = (bits(name) for name in NAMES)
    pixels[:, :4, 4:6] = face, 1.0
    pixels[:, 4:8, 4:10] = coat, 0.5, face, 0.25, wall, 0.25
    pixels[:, 8:, 4:6] = wall, 1.0
    return store(path, spec, pixels)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hello", 6.0705627102400005616e-17),
        ("cube", -4.08461912519e15),
        ("sphere", 2.79018604383e15),
        ("plane", 3.66557617593e-11),
    ],
)
def test_ids_are_those_of_other_programs(name: str, value: float) -> None:
    assert bits(name) == pytest.approx(value, rel=1e-6)


def test_no_id_is_nan_infinite_or_denormal() -> None:
    names = [*(f"thing{n}" for n in range(3000)), "ä", "名前", ""]
    raw = [cryptomatte.murmur3(name.encode()) >> 23 & 255 for name in names]
    assert {0, 255} <= set(raw), "the names do not cover the case"
    assert not {0, 255} & {cryptomatte.id_of(name) >> 23 & 255 for name in names}


@pytest.mark.parametrize("components", ["RGBA", "rgba"])
@pytest.mark.parametrize("layer", ["CryptoObject", "ViewLayer.CryptoMaterial"])
def test_a_matte_is_the_coverage_of_all_ranks(tmp_path: Path, layer: str, components: str) -> None:
    image = Image.open(rendered(tmp_path / "a.exr", layer, components))
    (found,) = cryptomatte.cryptomattes(image)
    assert (found.name, len(found.ranks)) == (layer, 4)
    face = cryptomatte.matte(image, ["hero/face"])
    assert face.meaning == "data"
    assert face.channels == ("A",)
    assert (face.data_window.x, face.display_window.width) == (2, 20)
    np.testing.assert_array_equal(face.pixels[0, :, 0], [1] * 4 + [0.25] * 4 + [0] * 4)
    both = cryptomatte.matte(image, ["hero/*"], within=layer.rpartition(".")[2])
    np.testing.assert_array_equal(both.pixels[0, :, 0], [1] * 4 + [0.75] * 4 + [0] * 4)


def test_a_point_has_the_name_of_what_covers_most_of_it(tmp_path: Path) -> None:
    """Counted from the display window: the ids begin at 2, 1."""
    image = Image.open(rendered(tmp_path / "a.exr"))
    names = [cryptomatte.name_at(image, x, 3) for x in (2, 5, 6, 9, 10, 13)]
    assert names == ["hero/face"] * 2 + ["hero/coat"] * 2 + ["wall"] * 2
    for x, y in ((1, 3), (14, 3), (5, 0), (5, 7)):
        with pytest.raises(NotFound, match=f"nothing at {x}, {y}"):
            cryptomatte.name_at(image, x, y)
    without = Image.open(rendered(tmp_path / "b.exr", manifest=""))
    assert cryptomatte.name_at(without, 5, 3) == ""


def test_without_a_manifest_a_name_is_its_hash(tmp_path: Path) -> None:
    image = Image.open(rendered(tmp_path / "a.exr", manifest=""))
    coat = cryptomatte.matte(image, ["hero/coat"])
    np.testing.assert_array_equal(coat.pixels[0, :, 0], [0] * 4 + [0.5] * 4 + [0] * 4)


def test_a_manifest_in_a_file_beside_it(tmp_path: Path) -> None:
    path = rendered(tmp_path / "a.exr", sidecar="a.json")
    with pytest.raises(UnreadableFile, match=r"manifest a\.json of a\.exr"):
        cryptomatte.cryptomattes(Image.open(path))
    (tmp_path / "a.json").write_text(json.dumps({"hero/coat": f"{cryptomatte.id_of('x'):08x}"}))
    assert cryptomatte.matte(Image.open(path), ["hero/coat"]).pixels.max() == 0


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    image = Image.open(rendered(tmp_path / "a.exr"))
    with pytest.raises(NotFound, match="no 'hero/hat'") as told:
        cryptomatte.matte(image, ["hero/hat"])
    assert told.value.hint == "It has hero/coat, hero/face, wall."
    with pytest.raises(NotFound, match="no Cryptomatte CryptoAsset"):
        cryptomatte.matte(image, ["wall"], within="CryptoAsset")
    with pytest.raises(InvalidInput):
        cryptomatte.matte(image, [])
    with pytest.raises(UnreadableFile, match="damaged"):
        cryptomatte.matte(Image.open(rendered(tmp_path / "b.exr", manifest="{oh")), ["wall"])
    with pytest.raises(UnreadableFile, match="not 32-bit floats"):
        cryptomatte.matte(Image.open(rendered(tmp_path / "c.exr", kind="half")), ["wall"])
    plain = store(tmp_path / "d.exr", oiio.ImageSpec(4, 4, 3, "half"), np.zeros((4, 4, 3), "f2"))
    with pytest.raises(NotFound, match=r"d\.exr has no Cryptomatte"):
        cryptomatte.matte(Image.open(plain), ["wall"])
