"""Files as other programs write them: made by OpenImageIO alone, without the code under test."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

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
