"""Files come back as they were, bit for bit, except where a change was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot.media import Image
from tests.pictures import decoded, exr_files, header, noise, quick, spec_of, store

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
