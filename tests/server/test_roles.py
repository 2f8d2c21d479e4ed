import numpy as np
import pytest

from backlot.frame import Frame
from backlot_server.roles import roles

BLENDER = [f"ViewLayer.{name}" for name in ("Combined.R", "Combined.G", "Combined.B", "Combined.A")]


def sorted_out(channels, meaning="color"):
    frame = Frame(np.zeros((1, 1, len(channels)), np.float16), tuple(channels), meaning=meaning)
    found = roles(frame)
    assert len({*found.smooth, *found.exact, *(c for layer in found.color for c in layer)}) == len(
        channels
    )

    def names(at):
        return sorted(channels[i] for i in at)

    color = [[channels[i] for i in layer] for layer in found.color]
    return color, names(found.smooth), names(found.exact), names(found.wide), names(found.high)


@pytest.mark.parametrize(
    ("channels", "color"),
    [
        (["R", "G", "B"], [["R", "G", "B"]]),
        (["A", "B", "G", "R"], [["R", "G", "B"]]),
        (["Y"], [["Y", "Y", "Y"]]),
        (BLENDER, [BLENDER[:3]]),
        (["diffuse.left.r", "diffuse.left.g", "diffuse.left.b"], None),
    ],
)
def test_colour_is_found_whatever_its_order_and_layer(channels, color):
    assert sorted_out(channels)[0] == (color or [channels])


@pytest.mark.parametrize("channel", ["A", "roto", "mask.R", "matte.B", "specular", "alpha"])
def test_mattes_and_plain_values_are_smooth(channel):
    assert sorted_out(["R", "G", "B", channel])[1] == [channel]


EXACT = ["Z", "depth.Z", "N.x", "P.Z", "UV.U", "id", "objectId", "crypto_material.blue"]
EXACT += [f"ViewLayer.{name}" for name in ("IndexOB.X", "CryptoObject00.a", "Depth.Z")]


@pytest.mark.parametrize("channel", EXACT)
def test_ids_depth_and_normals_are_exact(channel):
    assert sorted_out(["R", "G", "B", channel])[2] == [channel]


@pytest.mark.parametrize("layer", ["motion", "forward", "ViewLayer.Vector", "mv"])
def test_vectors_are_known_by_direction(layer):
    x, y = (f"{layer}.u", f"{layer}.v") if layer == "forward" else (f"{layer}.X", f"{layer}.Y")
    _, _, exact, wide, high = sorted_out(["R", "G", "B", x, y])
    assert (exact, wide, high) == ([x, y], [x], [y])


def test_blenders_vector_pass_has_two_vectors():
    *_, wide, high = sorted_out([f"Vector.{part}" for part in "XYZW"])
    assert (wide, high) == (["Vector.X", "Vector.Z"], ["Vector.W", "Vector.Y"])


def test_data_has_no_colour():
    assert sorted_out(["R", "G", "B"], "data")[0] == []
    assert sorted_out(["R", "G", "B"], "data")[2] == ["B", "G", "R"]
    assert sorted_out(["A"], "data")[1] == ["A"]
    assert sorted_out(["matte.R"], "data")[1] == ["matte.R"]
