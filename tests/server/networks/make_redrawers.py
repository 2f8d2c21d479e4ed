"""Makes the ONNX files here that redraw: `python make_redrawers.py`, with onnx installed.

Each takes a frame, a matte and references. Inside of the matte they keep what is broad of the frame
and take what is fine, within 9 pixels, from the reference: that is what a texture is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

HERE = Path(__file__).parent
POOL = {"kernel_shape": [9, 9], "pads": [4] * 4, "count_include_pad": 0}
node = helper.make_node


def write(name, nodes, order, kind="float32", size=("h", "w"), constants=()):
    """order: names of the inputs; "matte" has one channel. The result is called y."""
    type_ = TensorProto.UINT8 if kind == "uint8" else TensorProto.FLOAT
    given = [
        helper.make_tensor_value_info(each, type_, ["n", 1 if each == "matte" else 3, *size])
        for each in order
    ]
    made = [helper.make_tensor_value_info("y", type_, ["n", 3, *size])]
    values = [numpy_helper.from_array(np.float32(v), k) for k, v in dict(constants).items()]
    graph = helper.make_graph(nodes, name, given, made, values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    save(model, HERE / f"{name}.onnx")


def detail(frame, reference, inside, out):
    """out = frame + inside ((reference - broad reference) - (frame - broad frame))."""
    return [
        node("AveragePool", [frame], ["broad.frame"], **POOL),
        node("AveragePool", [reference], ["broad.reference"], **POOL),
        node("Sub", [frame, "broad.frame"], ["fine.frame"]),
        node("Sub", [reference, "broad.reference"], ["fine.reference"]),
        node("Sub", ["fine.reference", "fine.frame"], ["more"]),
        node("Mul", ["more", inside], ["added"]),
        node("Add", [frame, "added"], [out]),
    ]


def texture():
    """Of any size, white is 1, the matte says where to draw."""
    write("redraw", detail("shot", "guide", "matte", "y"), ("shot", "matte", "guide"))


def bytes_():
    """Of one size, in bytes, two references that come first, the matte says what to keep."""
    cast = [
        node("Cast", [name], [f"{name}.f"], to=TensorProto.FLOAT)
        for name in ("first", "second", "matte", "image")
    ]
    mix = [
        node("Add", ["first.f", "second.f"], ["both"]),
        node("Mul", ["both", "half"], ["mean"]),
        node("Div", ["matte.f", "white"], ["keep"]),
        node("Sub", ["one", "keep"], ["inside"]),
    ]
    last = [
        node("Clip", ["whole", "zero", "white"], ["held"]),
        node("Round", ["held"], ["round"]),
        node("Cast", ["round"], ["y"], to=TensorProto.UINT8),
    ]
    nodes = [*cast, *mix, *detail("image.f", "mean", "inside", "whole"), *last]
    constants = {"half": 0.5, "white": 255.0, "one": 1.0, "zero": 0.0}
    order = ("first", "second", "matte", "image")
    write("redraw-bytes", nodes, order, "uint8", (96, 128), constants)


def deaf():
    """Draws grey inside of the matte, whatever the reference."""
    nodes = [
        node("Mul", ["guide", "none"], ["silence"]),
        node("Sub", ["grey", "shot"], ["apart"]),
        node("Mul", ["apart", "matte"], ["inside"]),
        node("Add", ["shot", "inside"], ["drawn"]),
        node("Add", ["drawn", "silence"], ["y"]),
    ]
    constants = {"none": 0.0, "grey": 0.5}
    write("redraw-deaf", nodes, ("shot", "matte", "guide"), constants=constants)


def elsewhere():
    """Gives noise everywhere: neither of its pictures is kept."""
    nodes = [
        node("Add", ["shot", "guide"], ["both"]),
        node("Mul", ["both", "much"], ["wave"]),
        node("Sin", ["wave"], ["noise"]),
        node("Mul", ["matte", "none"], ["silence"]),
        node("Add", ["noise", "silence"], ["y"]),
    ]
    constants = {"none": 0.0, "much": 900.0}
    write("redraw-noise", nodes, ("shot", "matte", "guide"), constants=constants)


def bare():
    """Three pictures and no matte."""
    nodes = [node("Add", ["shot", "guide"], ["both"]), node("Add", ["both", "more"], ["y"])]
    write("redraw-bare", nodes, ("shot", "guide", "more"))


if __name__ == "__main__":
    texture()
    bytes_()
    deaf()
    elsewhere()
    bare()
