"""Makes the ONNX files here that fill: `python make_fillers.py`, with the package onnx installed.

Each takes a picture and a mask, as LaMa or MI-GAN do, and puts into the hole the mean of what is
known within 31 pixels: smooth pictures come out nearly right, and what lay in the hole is not seen.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

HERE = Path(__file__).parent


def filler(name, kind, size=("h", "w"), known=0.0, made_peak=1.0, multiple=1, bleeds=0):
    """kind: float32 or uint8. known: what the mask says of known pixels, 0 or 1 (255 in bytes).
    made_peak: what it gives for white. multiple: sides it takes. bleeds: pixels by which it blurs
    the picture before it looks at the mask, so that what lies in the hole runs out over its rim, as
    MI-GAN's published file does, which changes the picture's size first."""
    node = helper.make_node
    bytes_ = kind == "uint8"
    white = 255.0 if bytes_ else 1.0
    constants = {
        "white": np.float32(white),
        "peak": np.float32(made_peak),
        "one": np.float32(1),
        "tiny": np.float32(1e-6),
    }
    nodes = [
        node("Cast", ["image"], ["image.float"], to=TensorProto.FLOAT),
        node("Cast", ["mask"], ["mask.float"], to=TensorProto.FLOAT),
        node("Div", ["image.float", "white"], ["sharp" if bleeds else "x"]),
        node("Div", ["mask.float", "white"], ["m"]),
    ]
    if known:
        nodes.append(node("Identity", ["m"], ["k"]))
    else:
        nodes.append(node("Sub", ["one", "m"], ["k"]))
    if bleeds:
        blur = {"kernel_shape": [2 * bleeds + 1] * 2, "pads": [bleeds] * 4}
        nodes.append(node("AveragePool", ["sharp"], ["x"], **blur))
    pool = {"kernel_shape": [63, 63], "pads": [31] * 4, "count_include_pad": 1}
    nodes += [
        node("Mul", ["x", "k"], ["seen"]),
        node("AveragePool", ["seen"], ["sum"], **pool),
        node("AveragePool", ["k"], ["count"], **pool),
        node("Add", ["count", "tiny"], ["some"]),
        node("Div", ["sum", "some"], ["mean"]),
        node("Sub", ["one", "k"], ["h"]),
        node("Mul", ["mean", "h"], ["inside"]),
        node("Add", ["seen", "inside"], ["whole"]),
        node("Mul", ["whole", "peak"], ["made"]),
    ]
    last = "made"
    if multiple > 1:
        nodes += [
            node("SpaceToDepth", [last], ["folded"], blocksize=multiple),
            node("DepthToSpace", ["folded"], ["unfolded"], blocksize=multiple),
        ]
        last = "unfolded"
    if bytes_:
        nodes += [node("Round", [last], ["round"]), node("Cast", ["round"], ["y"], to=2)]
    else:
        nodes.append(node("Identity", [last], ["y"]))
    values = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    type_ = TensorProto.UINT8 if bytes_ else TensorProto.FLOAT
    given = [
        helper.make_tensor_value_info("image", type_, ["n", 3, *size]),
        helper.make_tensor_value_info("mask", type_, ["n", 1, *size]),
    ]
    made = [helper.make_tensor_value_info("y", type_, ["n", 3, *size])]
    graph = helper.make_graph(nodes, name, given, made, values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    save(model, HERE / f"{name}.onnx")


def blind(name):
    """Gives the picture as it came: it fills nothing."""
    nodes = [
        helper.make_node("Mul", ["mask", "zero"], ["nothing"]),
        helper.make_node("Add", ["image", "nothing"], ["y"]),
    ]
    given = [
        helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"]),
        helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["n", 1, "h", "w"]),
    ]
    made = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, "h", "w"])]
    zero = numpy_helper.from_array(np.float32(0), "zero")
    graph = helper.make_graph(nodes, name, given, made, [zero])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    save(model, HERE / f"{name}.onnx")


def main():
    filler("fill-fixed", "float32", size=(96, 128), made_peak=255.0)
    filler("fill-known", "uint8", known=1.0, made_peak=255.0)
    filler("fill-eights", "float32", multiple=8)
    filler("fill-bleeds", "uint8", known=1.0, made_peak=255.0, bleeds=8)
    blind("fill-not")


if __name__ == "__main__":
    main()
