"""What a tool sees of the world: the job it works for. The worker provides it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from backlot.frame import Frame, Window
from backlot.tools import ToolSpec, Value


@dataclass(frozen=True)
class Made:
    """A finished frame and what made it, as people should read it ("ONNX clean-x2-fast").

    measured: what the tool found out about the frame, for hosts to show: values that JSON has.
    """

    frame: Frame
    engine: str
    measured: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a run with these parameters would be made with.

    engine: as in `Made`. fingerprint: changes whenever the same inputs would give other pixels:
    see `fingerprint`.
    """

    engine: str
    fingerprint: str


def fingerprint(spec: ToolSpec, engine: str, *weights: str) -> str:
    """What a frame was made with, as 32 hexadecimal digits: tool, version, engine, weights.

    Args: engine as in `Made`; weights, the SHA-256 of each file of weights in the order of use.
    """
    parts = "\0".join((spec.name, spec.version, engine, *weights))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


class Job(Protocol):
    """One job. A tool's `run(job, number)` is called once a frame, in the order asked for.

    All methods may be called from the thread that called `run` only. Any of them may raise
    Cancelled; a tool lets it pass.
    """

    spec: ToolSpec
    frames: tuple[int, ...]
    inputs: frozenset[str]
    """The inputs that the client can supply."""
    state: dict[str, Any]
    """The tool's own, kept from frame to frame of this job, gone with it."""

    def values(self, number: int) -> Mapping[str, Any]:
        """All parameters as plain values on this frame."""

    def read(self, name: str, number: int) -> Frame:
        """A frame of an input, asked of the client when not here yet. Blocks.

        The pixels are a read-only view of shared memory, valid until `run` returns.
        Raises: MissingFrame when the client has none, UnreadableFile when it cannot be read.
        """

    def prefetch(self, name: str, number: int) -> None:
        """Ask for a frame that will be read soon. Returns at once.

        The frames of a narrow temporal window (Input.before, Input.after) are asked for by
        themselves; a tool with a wide one asks for those that it needs.
        """

    def release(self, name: str, number: int) -> None:
        """Give a frame that was read back before `run` returns; its pixels must not be looked at
        again. Reading it once more asks the client once more."""

    def blank(
        self,
        like: Frame,
        *,
        channels: tuple[str, ...] | None = None,
        dtype: npt.DTypeLike | None = None,
        data_window: Window | None = None,
        display_window: Window | None = None,
    ) -> Frame:
        """A frame to write the result into: pixels in shared memory, contents undefined.

        Whatever is not named is as in `like`.
        """

    def check(self) -> None:
        """Raise Cancelled when somebody asked for it. Call at least once a model step."""

    def progress(self, number: int, fraction: float, message: str = "") -> None:
        """How much of this frame is done, 0 to 1. Also checks. Cheap: call it often."""

    def preview(self, frame: Frame) -> None:
        """Show an unfinished result."""

    def warn(self, number: int, sentence: str) -> None:
        """Tell the artist something that does not stop the work."""


class Tool(Protocol):
    """A module in backlot_server.tools."""

    SPEC: ToolSpec

    def plan(self, values: Mapping[str, Value]) -> Plan:
        """What a job with these values would be made with."""

    def run(self, job: Job, number: int) -> Made:
        """Make one frame. Raises a BacklotError when this frame cannot be made."""


def half_or_float(pixels: npt.NDArray[Any], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Pixels as `dtype`, values beyond half's range held at +-65504 instead of infinity."""
    if np.dtype(dtype) == np.float16 and pixels.dtype != np.float16:
        with np.errstate(over="ignore"):
            half = pixels.astype(np.float16)
        lost = np.isinf(half) & np.isfinite(pixels)
        half[lost] = np.copysign(np.float16(65504), half[lost])
        return half
    return pixels.astype(dtype, copy=False)
