"""A job inside the test's own process: frames from a dict, results in plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from backlot.errors import Cancelled, MissingFrame
from backlot.frame import Frame, Window
from backlot.tools import ToolSpec, Value
from backlot_server.job import Made, Tool

Supply = Frame | Mapping[int, Frame]


class LocalJob:
    """`backlot_server.job.Job` with nothing left out.

    inputs: for each name one frame that serves every number, or frames by number.
    cancel_after: raise Cancelled at this call of check or progress (0: at the first).
    """

    def __init__(
        self,
        spec: ToolSpec,
        inputs: Mapping[str, Supply],
        values: Mapping[str, Value] | None = None,
        frames: tuple[int, ...] = (1,),
        cancel_after: int | None = None,
    ) -> None:
        spec.check_inputs(tuple(inputs))
        self.spec = spec
        self.frames = frames
        self.inputs = frozenset(inputs)
        self.state: dict[str, Any] = {}
        self.cancel_after = cancel_after
        self.checks = 0
        self.asked: list[tuple[str, int]] = []
        self.released: list[tuple[str, int]] = []
        self.fractions: list[float] = []
        self.messages: list[str] = []
        self.previews: list[Frame] = []
        self.warnings: list[str] = []
        self._supplies = inputs
        self._values = spec.values(values or {})

    def values(self, number: int) -> Mapping[str, Any]:
        return self.spec.values_at(self._values, number)

    def read(self, name: str, number: int) -> Frame:
        self.asked.append((name, number))
        supply = self._supplies[name]
        if not isinstance(supply, Frame):
            if number not in supply:
                raise MissingFrame(f"Frame {number} of {name} is missing.")
            supply = supply[number]
        pixels = supply.pixels.view()
        pixels.flags.writeable = False
        return supply.with_pixels(pixels, number=number)

    def prefetch(self, name: str, number: int) -> None:
        pass

    def release(self, name: str, number: int) -> None:
        self.released.append((name, number))

    def blank(
        self,
        like: Frame,
        *,
        channels: tuple[str, ...] | None = None,
        dtype: npt.DTypeLike | None = None,
        data_window: Window | None = None,
        display_window: Window | None = None,
    ) -> Frame:
        window = data_window or like.data_window
        names = channels or like.channels
        pixels = np.full(
            (window.height, window.width, len(names)), -7777.0, dtype or like.pixels.dtype
        )
        return like.with_pixels(
            pixels,
            channels=names,
            data_window=window,
            display_window=display_window or like.display_window,
        )

    def check(self) -> None:
        self.checks += 1
        if self.cancel_after is not None and self.checks > self.cancel_after:
            raise Cancelled("Stopped by the test.")

    def progress(self, number: int, fraction: float, message: str = "") -> None:
        self.fractions.append(fraction)
        self.messages.append(message)
        self.check()

    def preview(self, frame: Frame) -> None:
        self.previews.append(frame)

    def warn(self, number: int, sentence: str) -> None:
        self.warnings.append(sentence)


def make(
    tool: Tool, inputs: Mapping[str, Supply] | Frame, number: int = 1, **values: Value
) -> Made:
    """One frame through a tool. A single frame is the tool's first input."""
    if isinstance(inputs, Frame):
        inputs = {tool.SPEC.inputs[0].name: inputs}
    return tool.run(LocalJob(tool.SPEC, inputs, values, (number,)), number)
