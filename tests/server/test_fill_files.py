"""Fill from file to file: whatever the files of a shot are like, outside the matte no bit moves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backlot
from backlot.matte import support

FRAMES = range(1001, 1004)
LAYERS = {
    "main": ("", ("R", "G", "B")),
    "with alpha": ("", ("R", "G", "B", "A")),
    "luminance": ("", ("Y",)),
    "a layer": ("beauty", ("beauty.R", "beauty.G", "beauty.B")),
    "named in full": ("diffuse", ("diffuse.red", "diffuse.green", "diffuse.blue")),
    "no colour": ("N", ("N.X", "N.Y", "N.Z")),
}
OTHERS = {"depth.Z": "float", "id": "float", "crypto00.R": "float", "spec.R": "half"}
MATTES = {
    "alpha": (("A",), ""),
    "red": (("R",), ""),
    "luminance": (("Y",), ""),
    "painted": (("R", "G", "B", "A"), ""),
    "a layer": (("depth.Z", "roto.A"), "roto"),
    "a channel": (("R", "G", "B", "A"), "G"),
}


@pytest.fixture(scope="module")
def studio(shared_server) -> Iterator[backlot.Studio]:
    with backlot.connect(endpoint=shared_server.endpoint, client="files") as opened:
        yield opened


@st.composite
def files(draw):
    """How a shot's files are made: layer, pixel type, windows, tiles, the matte's channels."""
    width, height = draw(st.integers(4, 40)), draw(st.integers(4, 40))
    at = draw(st.integers(-9, 9)), draw(st.integers(-9, 9))
    kind = draw(st.sampled_from(["half", "float", "uint"]))
    more = draw(st.lists(st.sampled_from(sorted(OTHERS)), unique=True, max_size=3))
    return {
        "layer": draw(st.sampled_from(sorted(LAYERS))),
        "type": kind,
        "more": [] if kind == "uint" else more,  # whole numbers beside floats are refused
        "size": (width, height),
        "at": at,
        "tile": draw(st.sampled_from([0, 16])),
        "aspect": draw(st.sampled_from([1.0, 2.0])),
        "matte": draw(st.sampled_from(sorted(MATTES))),
        "box": [draw(st.integers(-12, 40)) for _ in range(2)] + [draw(st.integers(1, 30))] * 2,
        "value": draw(st.sampled_from([1.0, 0.5, 0.004])),
        "seed": draw(st.integers(0, 2**32)),
        "grow": draw(st.integers(-2, 4)),
        "feather": draw(st.sampled_from([0, 2])),
    }


def write(path: Path, pixels, names, formats, at, tile=0, aspect=1.0) -> None:
    height, width, count = pixels.shape
    spec = oiio.ImageSpec(width, height, count, "float")
    spec.channelnames = names
    spec.channelformats = tuple(oiio.TypeDesc(each) for each in formats)
    spec.x, spec.y = at
    spec.full_x, spec.full_y, spec.full_width, spec.full_height = 0, 0, 32, 24
    spec["PixelAspectRatio"] = aspect
    if tile:
        spec.tile_width = spec.tile_height = tile
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(pixels), out.geterror()
    assert out.close()


def channels(path: Path) -> dict[str, np.ndarray]:
    """Every channel as its file's own bits."""
    source = oiio.ImageInput.open(str(path))
    spec = source.spec()
    found = {}
    for at, name in enumerate(spec.channelnames):
        kind = str(spec.channelformats[at] if spec.channelformats else spec.format)
        values = np.asarray(source.read_image(0, 0, at, at + 1, kind))
        found[name] = values.reshape(spec.height, spec.width).view(f"u{values.dtype.itemsize}")
    source.close()
    return found


def plate(rng, how) -> np.ndarray:
    """Values of all kinds; whole numbers of 32 bit keep theirs only as 0 to 1."""
    count = len(LAYERS[how["layer"]][1]) + len(how["more"])
    pixels = rng.random((how["size"][1], how["size"][0], count)).astype(np.float32)
    if how["type"] != "uint":
        odd = rng.random(pixels.shape) < 0.02
        pixels[odd] = rng.choice([np.nan, np.inf, -np.inf, -3.0, 6e4, -0.0], int(odd.sum()))
    return pixels


def cover(how, step: int) -> np.ndarray:
    """The matte over the display window, moving."""
    x, y, width, height = how["box"]
    drawn = np.zeros((24, 32), np.float32)
    drawn[max(0, y) : max(0, y + height), max(0, x + step) : max(0, x + step + width)] = 1
    return drawn * how["value"]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(how=files())
def test_outside_the_matte_all_channels_of_a_shot_keep_their_bits(studio, how):
    layer, names = LAYERS[how["layer"]]
    rng = np.random.default_rng(how["seed"])
    formats = [how["type"]] * len(names) + [OTHERS[name] for name in how["more"]]
    shapes, (matte_names, matte_layer) = {}, MATTES[how["matte"]]
    with tempfile.TemporaryDirectory() as folder:
        source, matte, out = (f"{folder}/{n}.####.exr" for n in ("plate", "roto", "clean"))
        for step, number in enumerate(FRAMES):
            path = Path(source.replace("####", str(number)))
            every = (*names, *how["more"])
            write(path, plate(rng, how), every, formats, how["at"], how["tile"], how["aspect"])
            shapes[number] = drawn = cover(how, step)
            values = np.repeat(drawn[:, :, None], len(matte_names), axis=2)
            if how["matte"] == "painted":
                values[:, :, 3] = 1.0
            path = Path(matte.replace("####", str(number)))
            write(path, values, matte_names, ["half"] * len(matte_names), (0, 0))
        take = studio.process(
            "fill",
            source,
            out,
            matte=matte,
            layer={"source": layer, "matte": matte_layer},
            verify=True,
            grow=how["grow"],
            feather=how["feather"],
        )
        for frame in take.frames:
            if frame.error is not None:
                assert frame.error.code == "invalid-input", frame.error
                continue
            before = channels(Path(source.replace("####", str(frame.number))))
            after = channels(frame.path)
            assert list(before) == list(after)
            allowed = over(shapes[frame.number], how)
            for name, values in before.items():
                kept = ~allowed if name in names else np.ones_like(allowed)
                assert (values[kept] == after[name][kept]).all(), name
            assert frame.exact


def over(drawn: np.ndarray, how) -> np.ndarray:
    """What the matte allows, over the plate's data window."""
    (width, height), (x, y) = how["size"], how["at"]
    wide = np.zeros((200, 200), np.float32)
    wide[100:124, 100:132] = np.float16(drawn)
    inside = wide[100 + y : 100 + y + height, 100 + x : 100 + x + width]
    return support(inside, max(0, how["grow"]) + how["feather"])
