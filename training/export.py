"""Write a trained network for the product: ``python -m training.export --network clean-x2-fast``.

NAME.onnx (opset 17, any N, H and W), NAME.safetensors (the same kernels, those of the body in half
precision) and NAME.json (the card). Kernels are written as they are applied: identity folded in,
first layer centred. Nothing is written
unless ONNX Runtime gives what PyTorch gives, exposure passes through exactly, and tiles that
overlap by the margin give what the whole frame gives.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file, save

from training.card import card
from training.generate import generator_hash
from training.networks import FLIPS, SLOPE, Mirrored, Upscaler
from training.recipes import FINISHES, Finish, Recipe

WEIGHTS = Path(__file__).parents[1] / "server" / "backlot_server" / "models" / "weights"
_OPSET = 17
_TOLERANCE = 1e-5


def kernels(network: Upscaler) -> dict[str, torch.Tensor]:
    """The kernels that are applied, by layer: head, body.0 ..., tail, bicubic; float32."""
    with torch.no_grad():
        found = {"head": network.head_kernel()}
        found |= {f"body.{i}": layer.kernel() for i, layer in enumerate(network.body)}
        found |= {"tail": network.tail, "bicubic": network.bicubic}
        return {name: kernel.detach().contiguous().clone() for name, kernel in found.items()}


def halved(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same kernels with those of the body as half: what must sum to zero stays as it is."""
    return {
        name: kernel.half() if name.startswith("body.") else kernel
        for name, kernel in weights.items()
    }


def mirrored_tail(kernel: torch.Tensor, scale: int, axes: tuple[int, ...]) -> torch.Tensor:
    """The last kernel (3 * scale^2, F, 3, 3) for a mirrored picture: taps and phases mirrored."""
    phases = kernel.reshape(3, scale, scale, *kernel.shape[1:])
    turned = phases.flip([axis - 1 for axis in axes] + [axis + 2 for axis in axes])
    return turned.reshape(kernel.shape)


def graph(network: Upscaler, mirrors: int = 1) -> onnx.ModelProto:
    """The network as ONNX: input x (N, 3, H, W), output y (N, 3, scale * H, scale * W).

    ``mirrors``: as in ``networks.Mirrored``. Instead of the picture, kernels are mirrored, when the
    file is loaded; "head.out.active" are the first features of all images, "tail.out" the mean of
    their corrections.
    """
    weights = kernels(network)
    head, tail = weights["head"], weights.pop("tail") / mirrors
    weights["head"] = torch.cat([head.flip(axes) for axes in FLIPS[:mirrors]])
    for mirror, axes in enumerate(FLIPS[:mirrors]):
        weights[f"tail.{mirror}"] = mirrored_tail(tail, network.scale, axes)
    constants = [numpy_helper.from_array(k.numpy(), name) for name, k in weights.items()]
    integers = {"edge": [0, 0, 2, 2, 0, 0, 2, 2]}
    for mirror, axes in enumerate(FLIPS[1:mirrors], 1):
        integers[f"axes.{mirror}"] = [*axes]
        integers[f"back.{mirror}"] = [-1] * len(axes)
        integers[f"end.{mirror}"] = [-(1 << 62)] * len(axes)
    constants += [numpy_helper.from_array(np.int64(v), name) for name, v in integers.items()]
    nodes = [helper.make_node("Pad", ["x", "edge"], ["padded"], mode="edge")]

    def conv(source: str, name: str, pad: int, kernel: str = "") -> str:
        given = [source, kernel or name]
        nodes.append(helper.make_node("Conv", given, [f"{name}.out"], name=name, pads=[pad] * 4))
        return f"{name}.out"

    def mirrored(name: str, mirror: int) -> str:
        """The name of a kernel of the body for one of the mirror images."""
        if not FLIPS[mirror]:
            return name
        given = [name, f"back.{mirror}", f"end.{mirror}", f"axes.{mirror}", f"back.{mirror}"]
        nodes.append(helper.make_node("Slice", given, [f"{name}.{mirror}"]))
        return f"{name}.{mirror}"

    def activate(source: str) -> str:
        nodes.append(
            helper.make_node("LeakyRelu", [source], [f"{source}.active"], alpha=float(SLOPE))
        )
        return f"{source}.active"

    def correction(first: str, mirror: int) -> str:
        """What one mirror image adds to the interpolation, from its first features."""
        x, last = first, len(network.body) - 1
        for i in range(last + 1):
            kernel = mirrored(f"body.{i}", mirror)
            x = conv(x, f"mirror.{mirror}.body.{i}", 1, kernel)
            x = activate(x) if i < last else x
        nodes.append(helper.make_node("Add", [x, first], [f"joined.{mirror}"]))
        return conv(activate(f"joined.{mirror}"), f"tail.{mirror}", 1)

    activate(conv("padded", "head", 0))
    firsts = [f"first.{mirror}" for mirror in range(mirrors)]
    nodes.append(helper.make_node("Split", ["head.out.active"], firsts, axis=1))
    corrections = [correction(first, mirror) for mirror, first in enumerate(firsts)]
    nodes.append(helper.make_node("Sum", corrections, ["tail.out"]))
    nodes.append(helper.make_node("Add", ["tail.out", conv("padded", "bicubic", 0)], ["phases"]))
    nodes.append(
        helper.make_node("DepthToSpace", ["phases"], ["y"], blocksize=network.scale, mode="CRD")
    )
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "upscale",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, "h_out", "w_out"])],
            constants,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        producer_name="backlot",
    )
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def verify(model: onnx.ModelProto, network: Upscaler, mirrors: int = 1) -> None:
    """Raise ValueError unless the graph keeps the three promises of this module."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )

    def run(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return session.run(None, {"x": x})[0]

    x = np.random.default_rng(0).random((1, 3, 83, 97), np.float32)
    whole = run(x)
    with torch.no_grad():
        difference = np.abs(Mirrored(network, mirrors)(torch.from_numpy(x)).numpy() - whole).max()
    if difference > _TOLERANCE:
        raise ValueError(f"ONNX Runtime and PyTorch differ by {difference:.1e}")
    for exposure in 2.0 ** np.arange(-6, 7):
        error = np.abs(run(x * np.float32(exposure)) / exposure - whole).max()
        if error > _TOLERANCE:
            raise ValueError(f"exposure {exposure}: the result is off by {error:.1e}")
    margin, scale = network.margin, network.scale
    top, left, bottom, right = 30, 40, 47, 55
    tile = run(x[..., top - margin : bottom + margin, left - margin : right + margin])
    crop = slice(margin * scale, -margin * scale)
    inside = whole[..., top * scale : bottom * scale, left * scale : right * scale]
    error = np.abs(tile[..., crop, crop] - inside).max()
    if error > _TOLERANCE:
        raise ValueError(f"a tile with a margin of {margin} is off by {error:.1e}")


def commit() -> str:
    """The commit that the trainer was at; "" outside of a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def finished(runs: Path, recipe: Recipe, finish: Finish) -> dict[str, torch.Tensor]:
    """The trained weights, or their mean with those that they began with."""
    trained = load_file(runs / recipe.name / "weights.safetensors")
    if finish.share == 1.0:
        return trained
    begun = load_file(runs / str(recipe.start) / "weights.safetensors")
    return {name: begun[name].lerp(trained[name], finish.share) for name in trained}


def export(runs: Path, name: str, out: Path) -> None:
    """Write the three files of one trained network."""
    state = torch.load(runs / name / "checkpoint.pt", map_location="cpu", weights_only=True)
    recipe = Recipe(**json.loads(state["recipe"]))
    network = Upscaler(recipe.scale, recipe.features, recipe.layers)
    finish = FINISHES.get(name, Finish())
    network.load_state_dict(finished(runs, recipe, finish))
    model = graph(network, finish.mirrors)
    verify(model, network, finish.mirrors)
    out.mkdir(parents=True, exist_ok=True)
    content = model.SerializeToString(deterministic=True)
    (out / f"{name}.onnx").write_bytes(content)
    metadata = {"scale": str(recipe.scale), "slope": str(SLOPE), "join": "head before last slope"}
    metadata["mirrors"] = str(finish.mirrors)
    (out / f"{name}.safetensors").write_bytes(save(halved(kernels(network)), metadata))
    facts = {
        "margin": network.margin,
        "parameters": sum(p.numel() for p in network.parameters()),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    made = {
        **{k: v for k, v in asdict(recipe).items() if k not in ("name", "scale", "source", "size")},
        **asdict(finish),
        "iterations_done": state["iteration"],
        "hours": round(state["seconds"] / 3600, 2),
        "generator": generator_hash(),
        "commit": commit(),
    }
    text = json.dumps(card(recipe, facts, made, out / f"{name}.onnx"), indent=2)
    (out / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write a trained network for the product.")
    parser.add_argument("--network", required=True)
    parser.add_argument("--runs", type=Path, default=Path("build/training/runs"))
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    export(arguments.runs, arguments.network, arguments.out)


if __name__ == "__main__":
    main()
