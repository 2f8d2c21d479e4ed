"""OpenVINO with sums in bfloat16: about twice as fast where the processor has it, and rougher.

Chosen only when asked for, unless its error is that of a half or less. The error is measured when a
network is loaded, said in the label, and a network that it harms is refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backlot.errors import Unsupported

from . import openvino
from .openvino import OpenVinoNetwork, load_as

NAME = "openvino-bf16"
SUFFIXES = openvino.SUFFIXES
LIMIT = 0.02
"""Largest error, as a part of the largest value, with which a network is still offered."""

_SIDE = 64


def available() -> str:
    if missing := openvino.available():
        return missing
    from openvino import Core

    can = Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "" if "BF16" in can else "This processor has no bfloat16."


def load(card: Any, path: str, threads: int = 0) -> OpenVinoNetwork:
    network = load_as(card, path, threads, "bf16", "OpenVINO bf16")
    height, width = card.fixed or (_SIDE, _SIDE)
    probe = np.random.default_rng(0).random((1, card.channels, height, width), np.float32)
    exact = openvino.load(card, path, threads)(probe)
    error = float(np.abs(network(probe) - exact).max() / max(np.abs(exact).max(), 1e-9))
    if not error <= LIMIT:
        raise Unsupported(
            f"In bfloat16, {card.name} is off by {error:.1%}.", "Use the engine openvino or onnx."
        )
    network.label = f"OpenVINO bf16 (error {error:.1%}), {card.name}"
    return network
