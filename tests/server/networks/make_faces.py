"""Makes the ONNX files here that find and measure faces: `python make_faces.py`, with onnx.

`faces-find` has YuNet's input and its twelve lists, and sees the faces that tests/server/faces.py
draws in the pixels: five dots of five colours, whose places it gives. `faces-know` has SFace's
input, and gives what is light and what is dark in 8 x 16 fields of its middle.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

HERE = Path(__file__).parent
SIDE, STRIDE, WINDOW = 640, 32, 160
CELLS = SIDE // STRIDE
DOTS = {"red": ("r", "gb"), "green": ("g", "rb"), "blue": ("b", "rg"),
        "yellow": ("rg", "b"), "cyan": ("gb", "r")}  # fmt: skip
node = helper.make_node


def model(name, nodes, constants, given, made):
    values = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, given)]
    outputs = [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in made.items()]
    graph = helper.make_graph(nodes, name, inputs, outputs, values)
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    built.ir_version = 8
    save(built, HERE / f"{name}.onnx")


def least(names, out):
    return node("Min", list(names), [out])


def mean(names, out):
    """OpenCV's ONNX import takes the mean of more than two for that of the first two."""
    sums = [names[0], *(f"{out}.sum{n}" for n in range(1, len(names)))]
    adding = [
        node("Add", [before, name], [after])
        for before, name, after in zip(sums, names[1:], sums[1:], strict=False)
    ]
    return [*adding, node("Mul", [sums[-1], f"part.{len(names)}"], [out])]


def dot(color, light, dark):
    """Where the channels `light` are well over the channels `dark`: 0 to 1, a plane."""
    return [
        least(light, f"{color}.light"),
        node("Max", list(dark), [f"{color}.dark"]),
        node("Mul", [f"{color}.dark", "ratio"], [f"{color}.least"]),
        node("Sub", [f"{color}.light", f"{color}.least"], [f"{color}.over"]),
        node("Sub", [f"{color}.over", "step"], [f"{color}.above"]),
        node("Clip", [f"{color}.above", "zero", "one"], [color]),
    ]


def around(plane, out):
    """The mean of a plane over 160 x 160 pixels around each of 20 x 20 cells."""
    small, cells = WINDOW // 8, STRIDE // 8
    edge = (WINDOW - STRIDE) // 2 // 8
    return [
        node("AveragePool", [plane], [f"{out}.small"], kernel_shape=[8, 8], strides=[8, 8]),
        node("AveragePool", [f"{out}.small"], [out], kernel_shape=[small, small],
             strides=[cells, cells], pads=[edge] * 4, count_include_pad=1),
    ]  # fmt: skip


def place(color):
    """x and y of a dot, in pixels, of each cell; and how much of it is there."""
    nodes = around(color, f"{color}.there")
    nodes.append(node("Add", [f"{color}.there", "tiny"], [f"{color}.some"]))
    for axis in "xy":
        weighted = f"{color}.{axis}.weighted"
        nodes.append(node("Mul", [color, axis], [weighted]))
        nodes += around(weighted, f"{color}.{axis}.sum")
        nodes.append(node("Div", [f"{color}.{axis}.sum", f"{color}.some"], [f"{color}.{axis}"]))
    return nodes


def finder(name, lists=12, sure=0.9):
    """sure: the score of every face it sees."""
    cell = (np.arange(CELLS, dtype=np.float32)) * STRIDE
    constants = {
        "ratio": np.float32(1.6), "step": np.float32(20), "zero": np.float32(0),
        "one": np.float32(1), "tiny": np.float32(1e-9), "enough": np.float32(2e-4),
        "stride": np.float32(STRIDE), "part.2": np.float32(1 / 2), "part.5": np.float32(1 / 5),
        "tall": np.float32(2.6), "wide": np.float32(2.1), "many": np.float32(1e6),
        "sure": np.float32(sure * sure),
        "x": (np.arange(SIDE, dtype=np.float32) + 0.5)[None, None, None, :],
        "y": (np.arange(SIDE, dtype=np.float32) + 0.5)[None, None, :, None],
        "cell.x": np.broadcast_to(cell[None, :], (CELLS, CELLS))[None, None].copy(),
        "cell.y": np.broadcast_to(cell[:, None], (CELLS, CELLS))[None, None].copy(),
        "list.1": np.array([1, -1, 1], np.int64), "list.4": np.array([1, 4, -1], np.int64),
        "list.10": np.array([1, 10, -1], np.int64),
    }  # fmt: skip
    nodes = [node("Split", ["input"], ["b", "g", "r"], axis=1)]
    for color, (light, dark) in DOTS.items():
        nodes += dot(color, light, dark) + place(color)
    nodes.append(least([f"{color}.there" for color in DOTS], "there"))
    nodes += [node("Sub", ["there", "enough"], ["more"]), node("Mul", ["more", "many"], ["much"])]
    nodes.append(node("Clip", ["much", "zero", "one"], ["seen"]))
    for axis in "xy":
        nodes += [
            *mean([f"{color}.{axis}" for color in DOTS], f"middle.{axis}"),
            node("Sub", [f"middle.{axis}", f"cell.{axis}"], [f"from.{axis}"]),
            node("Div", [f"from.{axis}", "stride"], [f"box.{axis}"]),
            # 1 where the middle lies in the very cell.
            node("Floor", [f"box.{axis}"], [f"floor.{axis}"]),
            node("Abs", [f"floor.{axis}"], [f"off.{axis}"]),
            node("Clip", [f"off.{axis}", "zero", "one"], [f"out.{axis}"]),
            node("Sub", ["one", f"out.{axis}"], [f"in.{axis}"]),
        ]
        for color in DOTS:
            nodes += [
                node("Sub", [f"{color}.{axis}", f"cell.{axis}"], [f"{color}.{axis}.from"]),
                node("Div", [f"{color}.{axis}.from", "stride"], [f"{color}.{axis}.kps"]),
            ]
    nodes += [
        node("Mul", ["in.x", "in.y"], ["in"]),
        node("Mul", ["in", "seen"], ["cls"]),
        node("Mul", ["cls", "sure"], ["scored"]),
        *mean(["red.y", "green.y"], "eyes"),
        *mean(["yellow.y", "cyan.y"], "mouth"),
        node("Sub", ["mouth", "eyes"], ["down"]),
        node("Max", ["down", "one"], ["apart"]),
    ]
    for size in ("tall", "wide"):
        nodes += [
            node("Mul", ["apart", size], [f"{size}.pixels"]),
            node("Div", [f"{size}.pixels", "stride"], [f"{size}.cells"]),
            node("Log", [f"{size}.cells"], [f"{size}.box"]),
        ]
    points = [f"{color}.{axis}.kps" for color in DOTS for axis in "xy"]
    nodes += [
        node("Concat", ["box.x", "box.y", "wide.box", "tall.box"], ["boxes"], axis=1),
        node("Concat", points, ["points"], axis=1),
        node("Reshape", ["scored", "list.1"], ["cls_32"]),
        node("Reshape", ["seen", "list.1"], ["obj_32"]),
        node("Reshape", ["boxes", "list.4"], ["boxes.list"]),
        node("Transpose", ["boxes.list"], ["bbox_32"], perm=[0, 2, 1]),
        node("Reshape", ["points", "list.10"], ["points.list"]),
        node("Transpose", ["points.list"], ["kps_32"], perm=[0, 2, 1]),
    ]
    made = {}
    for kind, values in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        for stride in (8, 16, 32):
            cells = (SIDE // stride) ** 2
            made[f"{kind}_{stride}"] = [1, cells, values]
            if stride != STRIDE:  # all faces are told at one stride
                shape, zero = f"shape.{kind}.{stride}", helper.make_tensor("z", 1, [1], [0.0])
                constants[shape] = np.array([1, cells, values], np.int64)
                nodes.append(node("ConstantOfShape", [shape], [f"{kind}_{stride}"], value=zero))
    kept = dict(list(made.items())[:lists])
    model(name, nodes, constants, [1, 3, SIDE, SIDE], kept)


def knower(name, side=112, same=False):
    """same: gives one vector for all pictures."""
    nodes = [
        node("Conv", ["input", "red, green, blue"], ["grey"]),
        node("Slice", ["grey", "begin", "end", "axes"], ["inner"]),
        node("AveragePool", ["inner"], ["fields"], kernel_shape=[8, 4], strides=[8, 4]),
        node("ReduceMean", ["fields"], ["mean"], axes=[1, 2, 3], keepdims=1),
        node("Sub", ["fields", "mean"], ["even"]),
    ]  # fmt: skip
    constants = {
        "red, green, blue": np.array([0.5, 0.3, 0.2], np.float32).reshape(1, 3, 1, 1),
        "none": np.float32(0),
        "ones": np.float32(1),
        "begin": np.array([36, 24], np.int64),
        "end": np.array([100, 88], np.int64),
        "axes": np.array([2, 3], np.int64),
    }
    if same:
        nodes += [node("Mul", ["even", "none"], ["flat"]), node("Add", ["flat", "ones"], ["even1"])]
    nodes.append(node("Flatten", ["even1" if same else "even"], ["vector"]))
    model(name, nodes, constants, [1, 3, side, side], {"vector": [1, 128]})


def main():
    finder("faces-find")
    finder("faces-unsure", sure=0.7)
    finder("faces-eleven", lists=11)
    knower("faces-know")
    knower("faces-alike", same=True)


if __name__ == "__main__":
    main()
