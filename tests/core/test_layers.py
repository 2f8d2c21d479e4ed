"""Channels become layers as the applications that wrote them mean it."""

from __future__ import annotations

import pytest

from backlot.errors import NotFound
from backlot.layers import Header, find, find_passes, layers_of


def seen(*parts: Header) -> dict[str, tuple[tuple[str, ...], str]]:
    return {layer.name: (layer.names, layer.meaning) for layer in layers_of(parts)}


def test_one_part_as_nuke_writes_it() -> None:
    channels = ("R", "G", "B", "A", "Z", "diffuse.R", "diffuse.G", "diffuse.B", "N.X", "N.Y", "N.Z",
                "forward.u", "forward.v", "matte.A", "id.R", "id.G", "id.B")  # fmt: skip
    assert seen(Header(channels)) == {
        "": (("R", "G", "B", "A"), "color"),
        "Z": (("Z",), "data"),
        "diffuse": (("diffuse.R", "diffuse.G", "diffuse.B"), "color"),
        "N": (("N.X", "N.Y", "N.Z"), "data"),
        "forward": (("forward.u", "forward.v"), "data"),
        "matte": (("matte.A",), "data"),
        "id": (("id.R", "id.G", "id.B"), "data"),
    }


def test_parts_as_nuke_writes_them() -> None:
    parts = (
        Header(("R", "G", "B", "A"), "rgba"),
        Header(("Z",), "depth"),
        Header(("red", "green", "blue"), "specular"),
        Header(("mask.a",), "mask"),
    )
    assert seen(*parts) == {
        "": (("R", "G", "B", "A"), "color"),
        "depth": (("depth.Z",), "data"),
        "specular": (("specular.R", "specular.G", "specular.B"), "color"),
        "mask": (("mask.A",), "data"),
    }


def test_blender_has_no_main_layer_but_a_combined_pass() -> None:
    channels = tuple(
        f"ViewLayer.{name}"
        for name in ("Combined.A", "Combined.B", "Combined.G", "Combined.R", "Depth.Z",
                     "Normal.X", "Normal.Y", "Normal.Z", "Vector.W", "Vector.X", "Vector.Y",
                     "Vector.Z", "CryptoObject00.r", "CryptoObject00.g", "CryptoObject00.b",
                     "CryptoObject00.a", "DiffCol.R", "DiffCol.G", "DiffCol.B", "Mist.Z",
                     "IndexOB.X")
    )  # fmt: skip
    layers = layers_of([Header(channels, cryptomattes=("ViewLayer.CryptoObject",))])
    assert find(layers, "", "").name == "ViewLayer.Combined"
    assert find(layers, "", "").names[0] == "ViewLayer.Combined.R"
    assert {layer.name.split(".")[1] for layer in layers if layer.meaning == "color"} == {
        "Combined",
        "DiffCol",
    }


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("beauty", "color"), ("matte_painting", "color"), ("NightSky", "color"), ("grid", "color"),
        ("acid", "color"), ("AOV.diffuse_direct", "color"), ("normal", "data"),
        ("worldNormal", "data"), ("bg_matte", "data"), ("matte1", "data"), ("mask_02", "data"),
        ("motionVector", "data"), ("P", "data"), ("crypto_asset00", "data"), ("rgbId", "data"),
        ("UV", "data"), ("ST", "data"), ("depth", "data"), ("left.Position", "data"),
    ],
)  # fmt: skip
def test_names_that_mean_data(name: str, meaning: str) -> None:
    assert seen(Header(tuple(f"{name}.{c}" for c in "RGB")))[name][1] == meaning


@pytest.mark.parametrize(
    ("channels", "meaning"),
    [(("Y",), "color"), (("Y", "A"), "color"), (("A",), "data"), (("R", "G", "B"), "color"),
     (("R",), "data"), (("R", "G"), "data"), (("X", "Y", "Z"), "data"),
     (("X", "Y", "Z", "W"), "data"), (("X", "Y", "Z", "A"), "data")],
)  # fmt: skip
def test_main_layers(channels: tuple[str, ...], meaning: str) -> None:
    assert seen(Header(channels)) == {"": (channels, meaning)}


def test_channels_beside_rgb_are_layers_of_their_own() -> None:
    assert seen(
        Header(("R", "G", "B", "A", "channel4", "spec.R", "spec.G", "spec.B", "spec.X"))
    ) == {
        "": (("R", "G", "B", "A"), "color"),
        "channel4": (("channel4",), "data"),
        "spec": (("spec.R", "spec.G", "spec.B"), "color"),
        "spec.X": (("spec.X",), "data"),
    }


def test_views_inside_one_part() -> None:
    channels = ("R", "G", "B", "right.R", "right.G", "right.B", "spec.R", "spec.G", "spec.B",
                "spec.right.R", "spec.right.G", "spec.right.B")  # fmt: skip
    layers = layers_of([Header(channels, views=("left", "right"))])
    assert {(layer.name, layer.view) for layer in layers} == {
        ("", "left"), ("spec", "left"), ("", "right"), ("spec", "right"),
    }  # fmt: skip
    assert find(layers, "spec", "right").channels == (9, 10, 11)
    assert find(layers, "", "right").names == ("R", "G", "B")


def test_every_channel_is_in_exactly_one_layer() -> None:
    parts = (
        Header(("R", "G", "B", "A", "Z"), "rgba.left", "left"),
        Header(("R", "G", "B", "A", "Z"), "rgba.right", "right"),
        Header(("R", "G", "B"), "rgba"),
        Header(("R", "r", "X.Y.Z", ".W", "Y"), "odd"),
        Header(("R", "G", "B"), "odd"),
    )
    layers = layers_of(parts)
    places = [(layer.part, c) for layer in layers for c in layer.channels]
    assert sorted(places) == [
        (p, c) for p, part in enumerate(parts) for c in range(len(part.channels))
    ]
    assert len({(layer.name, layer.view) for layer in layers}) == len(layers)
    assert all(len(set(layer.names)) == len(layer.names) for layer in layers)


def test_a_layer_that_is_not_there() -> None:
    layers = layers_of([Header(("N.X", "N.Y", "N.Z", "Z"))])
    with pytest.raises(NotFound, match="no main RGBA") as caught:
        find(layers, "", "")
    assert "N, Z" in caught.value.hint
    with pytest.raises(NotFound, match="'diffuse'"):
        find(layers, "diffuse", "")
    with pytest.raises(NotFound, match="no view 'left'"):
        find(layers, "N", "left")


DEPTH, VECTORS = ("depth", "z", "zdepth"), ("vector", "vectors", "motion", "forward", "backward")


@pytest.mark.parametrize(
    ("parts", "words", "names"),
    [
        ([("R", "G", "B", "A", "depth.Z", "N.Z")], DEPTH, ["depth"]),
        ([("R", "G", "B", "A", "Z", "N.Z")], DEPTH, ["Z"]),
        ([("v.Combined.R", "v.Combined.G", "v.Combined.B", "v.Depth.Z", "v.Vector.Z")],
         DEPTH, ["v.Depth"]),
        ([("R", "G", "B", "A", "forward.u", "forward.v", "backward.u", "backward.v")],
         VECTORS, ["forward", "backward"]),
        ([("R", "G", "B", "A"), ("forward.u", "forward.v"), ("backward.u", "backward.v")],
         VECTORS, ["forward", "backward"]),
        ([("R", "G", "B", "A")], DEPTH, [""]),
        ([("whatever",)], DEPTH, ["whatever"]),
        ([("X", "Y", "Z", "W")], VECTORS, [""]),
        ([("R", "G", "B", "A", "N.X", "N.Y", "N.Z")], DEPTH, [""]),
    ],
)  # fmt: skip
def test_passes_are_found_by_their_usual_names(parts, words, names) -> None:
    layers = layers_of([Header(channels, f"part{n}") for n, channels in enumerate(parts)])
    assert [each.name for each in find_passes(layers, words, "")] == names


def test_passes_of_two_renders_are_not_guessed_among() -> None:
    layers = layers_of([Header(("R", "G", "B", "A", "set.Depth.Z", "hero.Depth.Z"))])
    with pytest.raises(NotFound, match=r"set\.Depth, hero\.Depth"):
        find_passes(layers, DEPTH, "")
