"""ESPCN and FSRCNN are found by path and measured: a tiny frozen graph of their shape does it."""

import numpy as np
import pytest

from benchmarks import peers, upscale_quality
from training import resample, score

FLOAT = 1


def field(number, value):
    """One field of a protobuf message: an int as varint, bytes and str with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value):
    value &= (1 << 64) - 1
    made = b""
    while value > 127:
        made, value = made + bytes([value & 127 | 128]), value >> 7
    return made + bytes([value])


def shape(*sides):
    return b"".join(field(2, field(1, side)) for side in sides)


def node(name, kind, inputs=(), **attributes):
    """A NodeDef; attributes are AttrValues."""
    made = field(1, name) + field(2, kind) + b"".join(field(3, one) for one in inputs)
    entries = (field(1, key) + field(2, value) for key, value in attributes.items())
    return field(1, made + b"".join(field(5, entry) for entry in entries))


def frozen_graph(scale):
    """A GraphDef that repeats every pixel, built as ESPCN is: convolution, then depth to space."""
    kernel = np.zeros((3, 3, 1, scale * scale), np.float32)
    kernel[1, 1] = 1.0
    tensor = field(1, FLOAT) + field(2, shape(*kernel.shape)) + field(4, kernel.tobytes())
    ones = b"".join(field(3, 1) for _ in range(4))
    return b"".join(
        (
            node(
                "input", "Placeholder", dtype=field(6, FLOAT), shape=field(7, shape(1, -1, -1, 1))
            ),
            node("kernel", "Const", dtype=field(6, FLOAT), value=field(8, tensor)),
            node(
                "conv",
                "Conv2D",
                ("input", "kernel"),
                T=field(6, FLOAT),
                strides=field(1, ones),
                dilations=field(1, ones),
                padding=field(2, "SAME"),
                data_format=field(2, "NHWC"),
            ),
            node(
                "NHWC_output",
                "DepthToSpace",
                ("conv",),
                T=field(6, FLOAT),
                block_size=field(3, scale),
                data_format=field(2, "NHWC"),
            ),
            field(4, field(1, 27)),
        )
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, scale in (("ESPCN_x2", 2), ("FSRCNN_x2", 2), ("FSRCNN_x4", 4)):
        (tmp_path / f"{name}.pb").write_bytes(frozen_graph(scale))
    monkeypatch.setenv("BACKLOT_PEERS", str(tmp_path))
    return tmp_path


def test_they_are_found_by_name_and_scale(folder):
    assert set(peers.found(2)) == {"ESPCN", "FSRCNN"}
    assert set(peers.found(4)) == {"FSRCNN"}


def test_without_a_folder_there_are_none(monkeypatch):
    monkeypatch.delenv("BACKLOT_PEERS", raising=False)
    assert peers.found(2) == {}


@pytest.mark.parametrize("scale", [2, 4])
def test_luma_goes_through_the_network_and_chroma_through_bicubic(folder, scale):
    picture = np.random.default_rng(0).uniform(0, 255, (11, 14, 3))
    made = peers.found(scale)["FSRCNN"](picture) @ peers._FROM_RGB.T
    planes = picture @ peers._FROM_RGB.T
    repeated = planes[..., 0].repeat(scale, axis=0).repeat(scale, axis=1)
    cubic = peers.interpolation(scale, resample.bicubic)(planes)
    assert np.allclose(made[..., 0], repeated, atol=1e-3)
    assert np.allclose(made[..., 1:], cubic[..., 1:], atol=1e-9)


def test_the_benchmark_scores_them_beside_the_others(folder, monkeypatch):
    monkeypatch.setattr(upscale_quality, "WAYS", {})
    picture = score.photographs()["camera"][:96, :96]
    figures = list(upscale_quality._set(None, "a set", {"camera": picture}, 2))
    values = {figure.what.rpartition(", ")[2]: figure.value for figure in figures}
    assert list(values) == ["bicubic", "Lanczos", "ESPCN", "FSRCNN"]
    assert values["ESPCN"] == values["FSRCNN"] < values["bicubic"]


def test_sets_are_found_by_path_too(tmp_path, monkeypatch):
    from skimage.io import imsave

    (tmp_path / "Set5").mkdir()
    picture = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
    imsave(tmp_path / "Set5" / "bird.png", picture, check_contrast=False)
    monkeypatch.setenv("BACKLOT_TEST_SETS", str(tmp_path))
    monkeypatch.setattr(upscale_quality, "GENERATED", 0)
    found = upscale_quality.sets()
    assert np.array_equal(found["Set5"]["bird"], picture)
    assert upscale_quality.MUST["Set5", 2] == {"fast": 37.2, "fine": 37.5}
    assert upscale_quality.MUST["Set5", 4] == {"fast": 30.9, "fine": 31.4}
