"""The promises, held for every tool that a server offers: real files, the real wire.

Nothing outside the matte moves; a film frame stays a film frame.
"""

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
from backlot.events import Result
from backlot.frame import DATA, Frame, Window
from backlot.matte import support
from tests.server import characters

VISIBLE = ("fill", "upscale", "character-lock")
WITH_MATTE = ("fill", "character-lock")
SPECIAL = [np.nan, -np.nan, np.inf, -np.inf, -0.0, 65504, -65504, 6e-8, 1000, -1]

FORMATS = {
    "half.exr": ("half", np.float16),
    "float.exr": ("float", np.float32),
    "word.tif": ("uint16", np.uint16),
    "byte.png": ("uint8", np.uint8),
}


@pytest.fixture(scope="module")
def studio(shared_server) -> Iterator[backlot.Studio]:
    with backlot.connect(endpoint=shared_server.endpoint, client="promises") as opened:
        yield opened


@pytest.fixture(scope="module")
def given_to(studio):
    """What a tool cannot do without."""
    inputs = {"source": characters.frame(50), "matte": characters.matte()}
    with studio.submit(
        "character-lock", [50], lambda name, _: inputs[name], list(inputs), {"mode": "describe"}
    ) as job:
        (looks,) = [e.measured["regions"] for e in job if isinstance(e, Result)]
    sent = characters.character(looks)
    return {"character-lock": {"character": sent, "mode": "lock"}, "fill": {}, "upscale": {}}


def test_this_page_covers_every_tool(studio):
    offered = {name: spec for name, spec in studio.tools().items() if not spec.hidden}
    assert set(offered) == set(VISIBLE)
    assert {name for name, spec in offered.items() if spec.output.matte} == set(WITH_MATTE)


@st.composite
def shots(draw):
    """A plate with anything in it, in any window and type, and a matte of any shape."""
    width, height = draw(st.integers(1, 33)), draw(st.integers(1, 33))
    suffix, (kind, dtype) = draw(st.sampled_from(sorted(FORMATS.items())))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (height, width, draw(st.sampled_from([3, 4])))
    if dtype in (np.float16, np.float32):
        plate = rng.normal(0.3, 1.0, shape).astype(dtype)
        odd = rng.random(shape) < draw(st.sampled_from([0, 0.03]))
        with np.errstate(over="ignore"):
            plate[odd] = rng.choice(SPECIAL, int(odd.sum())).astype(dtype)
    else:
        plate = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    matte = np.zeros((height, width), np.float16)
    for _ in range(draw(st.integers(0, 3))):
        y, x = rng.integers(0, height), rng.integers(0, width)
        matte[y : y + rng.integers(1, 9), x : x + rng.integers(1, 9)] = draw(
            st.sampled_from([1.0, 0.5, 0.004])
        )
    if draw(st.booleans()) and suffix.endswith("exr"):
        at = draw(st.integers(-40, 40)), draw(st.integers(-40, 40))
    else:
        at = 0, 0
    return suffix, kind, plate, matte, at


def write(path: Path, kind: str, plate: np.ndarray, at: tuple[int, int]) -> None:
    height, width, count = plate.shape
    spec = oiio.ImageSpec(width, height, count, kind)
    spec.channelnames = ("R", "G", "B", "A")[:count]
    spec.x, spec.y = at
    if path.suffix == ".exr":
        spec.full_x, spec.full_y, spec.full_width, spec.full_height = 0, 0, 64, 48
        spec["compression"] = "zip"
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(plate), out.geterror()
    assert out.close()


def read(path: Path) -> tuple[np.ndarray, oiio.ImageSpec]:
    source = oiio.ImageInput.open(str(path))
    spec = oiio.ImageSpec(source.spec())
    pixels = source.read_image(0, 0, 0, spec.nchannels, str(spec.format))
    source.close()
    return np.asarray(pixels).reshape(spec.height, spec.width, spec.nchannels), spec


@pytest.mark.parametrize("tool", WITH_MATTE)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(shot=shots(), grow=st.integers(-2, 5), feather=st.sampled_from([0, 2]))
def test_outside_the_matte_every_file_keeps_its_bits(tool, studio, given_to, shot, grow, feather):
    suffix, kind, plate, matte, at = shot
    if tool != "fill":
        grow = feather = 0
    shape = {"grow": grow, "feather": feather} if tool == "fill" else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / f"plate.1001.{suffix}", kind, plate, at)
        window = Window(*at, plate.shape[1], plate.shape[0])
        display = Window(0, 0, 64, 48) if suffix.endswith("exr") else window
        roto = Frame(matte, ("A",), window, display, meaning=DATA)
        backlot.write(folder / "roto.1001.exr", roto)
        take = studio.process(
            tool,
            str(folder / f"plate.1001.{suffix}"),
            out=str(folder / f"out.1001.{suffix}"),
            matte=str(folder / "roto.1001.exr"),
            verify=True,
            **shape,
            **given_to[tool],
        )
        (frame,) = take.frames
        if frame.error is not None:
            assert frame.error.code == "invalid-input", frame.error
            assert not (folder / f"out.1001.{suffix}").exists()
            return
        before, described = read(folder / f"plate.1001.{suffix}")
        after, kept = read(folder / f"out.1001.{suffix}")
    outside = ~support(matte.astype(np.float32), max(0, grow) + feather)
    same = before.tobytes() == after.tobytes() if outside.all() else None
    assert same in (True, None)
    bits = f"u{before.dtype.itemsize}"
    assert (before.view(bits)[outside] == after.view(bits)[outside]).all()
    assert frame.exact
    for attribute in ("x", "y", "full_x", "full_y", "full_width", "full_height", "nchannels"):
        assert getattr(kept, attribute) == getattr(described, attribute)


def ramp(low: float, high: float, dtype=np.float32) -> Frame:
    """A smooth ramp across a frame, the same in R, G and B."""
    values = np.linspace(low, high, 64, dtype=np.float32)
    pixels = np.broadcast_to(values[None, :, None], (24, 64, 3)).astype(dtype)
    return Frame(pixels)


@pytest.mark.parametrize(("low", "high"), [(0, 1000), (-1, 1), (-1, 1000)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_ramp_keeps_its_range_through_every_tool(studio, given_to, low, high, dtype):
    """Nothing is clamped, nothing overshoots."""
    source = ramp(low, high, dtype)
    hole = np.zeros((24, 64, 1), np.float32)
    hole[8:14, 20:30] = 1
    filled = studio.run("fill", source=source, matte=Frame(hole, ("A",), meaning=DATA))
    large = studio.run("upscale", source=source, scale=2)
    matte = Frame(hole, ("A",), meaning=DATA)
    locked = studio.run("character-lock", source=source, matte=matte, **given_to["character-lock"])
    span = high - low
    for result in (filled, large, locked):
        pixels = result.pixels.astype(np.float64)
        assert np.isfinite(pixels).all()
        assert pixels.min() >= low - 0.01 * span
        assert pixels.max() <= high + 0.01 * span
        assert pixels.min() <= low + 0.02 * span
        assert pixels.max() >= high - 0.02 * span


@pytest.mark.parametrize("tool", VISIBLE)
def test_a_frame_keeps_what_describes_it(studio, given_to, tool):
    rng = np.random.default_rng(4)
    source = Frame(
        rng.random((30, 40, 4)).astype(np.float16),
        data_window=Window(-7, 3, 40, 30),
        display_window=Window(0, 0, 64, 48),
        pixel_aspect=2.0,
        number=-12,
        view="left",
    )
    hole = np.zeros((48, 64, 1), np.float32)
    hole[10:14, 10:20] = 1
    inputs = {"source": source}
    if "matte" in [given.name for given in studio.tool(tool).inputs]:
        inputs["matte"] = Frame(hole, ("A",), meaning=DATA)
    result = studio.run(tool, **inputs, **given_to[tool])
    scale = 2 if tool == "upscale" else 1
    assert result.data_window == source.data_window.scaled(scale, scale)
    assert result.display_window == Window(0, 0, 64 * scale, 48 * scale)
    assert (result.channels, result.pixels.dtype) == (source.channels, source.pixels.dtype)
    assert (result.number, result.view, result.pixel_aspect) == (-12, "left", 2.0)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (16384, 2)])
@pytest.mark.parametrize("tool", VISIBLE)
def test_every_size_is_a_size(studio, given_to, tool, size):
    width, height = size
    source = Frame(np.full((height, width, 3), 0.18, np.float16))
    matte = np.zeros((height, width, 1), np.float16)
    matte[0, 0] = 1 if width > 1 else 0
    inputs = {"source": source}
    if "matte" in [given.name for given in studio.tool(tool).inputs]:
        inputs["matte"] = Frame(matte, ("A",), meaning=DATA)
    result = studio.run(tool, **inputs, **given_to[tool])
    np.testing.assert_allclose(result.pixels.astype(float), 0.18, rtol=2e-3)
