"""Makes the small ONNX files of this folder: `python make.py`, with the package onnx installed.

They are no networks one would want, only ones whose behaviour is known.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

HERE = Path(__file__).parent


def cubic(x):
    x = np.abs(x)
    inner = 1.5 * x**3 - 2.5 * x**2 + 1
    return np.where(x <= 1, inner, np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0))


def phases(scale, channels):
    """Bicubic interpolation as a convolution before pixel shuffle."""
    phase = (np.arange(scale) + 0.5) / scale - 0.5
    taps = cubic(phase[:, None] - np.arange(-2, 3))
    plane = np.einsum("ia,jb->ijab", taps, taps).reshape(scale * scale, 5, 5)
    kernel = np.zeros((channels, scale * scale, channels, 5, 5), np.float32)
    for channel in range(channels):
        kernel[channel, :, channel] = plane
    return kernel.reshape(-1, channels, 5, 5)


def write(name, nodes, constants, size=("h", "w"), channels=3, out_channels=None):
    values = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", channels, *size])
    out = [None, out_channels or channels, None, None]
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, out)
    graph = helper.make_graph(nodes, name, [x], [y], values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    save(model, HERE / f"{name}.onnx")


def upscaler(name, scale, channels=3, texture=True, gain=None, size=("h", "w")):
    """Bicubic, plus two bias-free convolutions that make a texture: margin 2."""
    rng = np.random.default_rng(scale)
    node = helper.make_node
    edge = np.array([0, 0, 2, 2, 0, 0, 2, 2], np.int64)
    constants = {"edge": edge, "bicubic": phases(scale, channels)}
    nodes = []
    source = "x"
    if gain:
        constants["gain"] = np.float32(1 / gain)
        constants["back"] = np.float32(gain)
        nodes.append(node("Mul", ["x", "gain"], ["scaled"]))
        source = "scaled"
    nodes += [
        node("Pad", [source, "edge"], ["padded"], mode="edge"),
        node("Conv", ["padded", "bicubic"], ["smooth"]),
    ]
    phased = "smooth"
    if texture:
        constants["head"] = rng.normal(0, 0.1, (4, channels, 3, 3)).astype(np.float32)
        tail = rng.normal(0, 0.02, (channels * scale * scale, 4, 3, 3))
        constants["tail"] = tail.astype(np.float32)
        nodes += [
            node("Conv", [source, "head"], ["first"], pads=[1] * 4),
            node("LeakyRelu", ["first"], ["active"], alpha=0.1),
            node("Conv", ["active", "tail"], ["fine"], pads=[1] * 4),
            node("Add", ["smooth", "fine"], ["sum"]),
        ]
        phased = "sum"
    shuffled = "y" if not gain else "shuffled"
    nodes.append(
        node("DepthToSpace", [phased], [shuffled], blocksize=scale, mode="CRD"),
    )
    if gain:
        nodes.append(node("Clip", ["shuffled", "zero", "one"], ["clipped"]))
        nodes.append(node("Mul", ["clipped", "back"], ["large"]))
        nodes.append(node("Round", ["large"], ["y"]))
        constants["zero"], constants["one"] = np.float32(0), np.float32(1)
    write(name, nodes, constants, size, channels)


def main():
    node = helper.make_node
    upscaler("texture-x2", 2)
    upscaler("texture-x4", 4)
    upscaler("smooth-x2", 2, texture=False)
    upscaler("grey-x2", 2, channels=1)
    upscaler("bytes-x2", 2, texture=False, gain=255.0)
    upscaler("fixed-x2", 2, size=(48, 64))
    # Splits the picture into blocks of 8 first, as window attention does.
    fold = [
        node("SpaceToDepth", ["x"], ["folded"], blocksize=8),
        node("DepthToSpace", ["folded"], ["whole"], blocksize=8, mode="DCR"),
        node("Pad", ["whole", "edge"], ["padded"], mode="edge"),
        node("Conv", ["padded", "bicubic"], ["smooth"]),
        node("DepthToSpace", ["smooth"], ["y"], blocksize=2, mode="CRD"),
    ]
    edge = np.array([0, 0, 2, 2, 0, 0, 2, 2], np.int64)
    write("eights-x2", fold, {"edge": edge, "bicubic": phases(2, 3)})
    broken = [
        node("Resize", ["x", "", "scales"], ["large"], mode="nearest"),
        node("Sub", ["large", "large"], ["nothing"]),
        node("Div", ["nothing", "nothing"], ["y"]),
    ]
    write("nan-x2", broken, {"scales": np.array([1, 1, 2, 2], np.float32)})
    judge = [node("GlobalAveragePool", ["x"], ["y"])]
    write("judge", judge, {})


if __name__ == "__main__":
    main()
