"""Engines: what runs a network. One file each, `NAME`, `available()` and `load(card, path)`."""

from __future__ import annotations

import os
import sys
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[np.float32]

# Both libraries report to their makers unless told otherwise before they are loaded; nothing
# leaves an artist's machine. See docs/decisions/no-telemetry.md.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ["ORT_TELEMETRY_DISABLED"] = "1"
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]


class Network(Protocol):
    """A loaded network: float32 NCHW in the network's own encoding in, the same out.

    Not thread-safe; one worker thread uses it at a time.
    """

    label: str
    """As people should read it: "ONNX Runtime, clean-x2-fast"."""

    def __call__(self, batch: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, channels, H * scale, W * scale)."""


class Engine(Protocol):
    """A module in backlot_server.engines."""

    NAME: str
    SUFFIXES: tuple[str, ...]

    def available(self) -> str:
        """Empty when it can run here, else a sentence that says what is missing."""

    def load(self, card: Any, path: str, threads: int = 0) -> Network:
        """Raises UnreadableFile or Unsupported with a sentence."""
