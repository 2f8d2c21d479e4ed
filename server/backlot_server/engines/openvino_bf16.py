"""OpenVINO with sums in bfloat16, where the processor has it: nearly twice as fast, and rougher.

Our own networks add a correction to an interpolation, and the correction alone is made in
bfloat16: flat fields stay exact. The error is measured when a network is loaded and said in its
label; a network that bfloat16 harms is refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backlot.errors import Unsupported

from ..tuning import error_of, probe
from . import Tensor, openvino
from .openvino import OpenVinoNetwork, Run, opened, settings, whole

NAME = "openvino-bf16"
SUFFIXES = openvino.SUFFIXES
LIMIT = 0.005
"""Largest error (root mean square over the largest value) with which a network is offered."""

_FEATURES, _CORRECTION = "head.out.active", "tail.out"
"""Where training/export.py's networks begin and end their correction."""

_SIDE = 128


def available() -> str:
    if missing := openvino.available():
        return missing
    from openvino import Core

    can = Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "" if "BF16" in can else "This processor has no bfloat16."


def load(card: Any, path: str, threads: int = 0) -> OpenVinoNetwork:
    core, model = opened(card, path)
    names = {name for node in model.get_ops() for out in node.outputs() for name in out.names}
    compiled = _split if {_FEATURES, _CORRECTION} <= names else _rough
    network = OpenVinoNetwork("", lambda shape: compiled(core, model, shape, threads))
    picture = probe(card, _SIDE)
    error = error_of(network(picture), openvino.load(card, path, threads)(picture))
    if not error <= LIMIT:
        raise Unsupported(
            f"In bfloat16, {card.name} is off by {error:.2%}.", "Use the engine openvino or onnx."
        )
    network.label = f"OpenVINO bf16 (error {error:.2%}), {card.name}"
    return network


def _rough(core: Any, model: Any, shape: tuple[int, ...], threads: int) -> Run:
    return whole(core, model, shape, settings("bf16", threads))


def _split(core: Any, model: Any, shape: tuple[int, ...], threads: int) -> Run:
    """In three: features and interpolation in full precision, between them the correction."""
    from openvino import Model
    from openvino import Tensor as Shared
    from openvino import opset13 as operations

    def part(source: str, target: str) -> Any:
        """The model from one of its tensors, beside its own input, to another."""
        sized = model.clone()
        sized.reshape(list(shape))
        ends = {
            name: out for node in sized.get_ops() for out in node.outputs() for name in out.names
        }
        given = sized.get_parameters() if not source or source == _CORRECTION else []
        if source:
            cut = operations.parameter(ends[source].get_shape(), np.float32)
            for reader in list(ends[source].get_target_inputs()):
                reader.replace_source_output(cut.output(0))
            given.append(cut)
        made = Model([ends[target]], given, target)
        exact = settings("bf16" if source == _FEATURES else "f32", threads)
        return core.compile_model(made, "CPU", exact).create_infer_request()

    result = next(iter(model.outputs[0].names))
    first, middle, last = (
        part("", _FEATURES),
        part(_FEATURES, _CORRECTION),
        part(_CORRECTION, result),
    )

    def run(batch: Tensor) -> Tensor:
        shared = Shared(batch, shared_memory=True)
        first.set_input_tensor(shared)
        first.infer(share_outputs=True)
        middle.set_input_tensor(first.get_output_tensor())
        middle.infer(share_outputs=True)
        last.set_input_tensor(0, shared)
        last.set_input_tensor(1, middle.get_output_tensor())
        last.infer(share_outputs=True)
        made: Tensor = last.get_output_tensor().data
        return made

    return run
