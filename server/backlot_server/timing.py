"""How long a tool takes, found out on a small picture when nobody needs the device."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from backlot.errors import BacklotError, Cancelled
from backlot.frame import DATA, Frame, Window
from backlot.tools import ToolSpec, Value

from .job import Tool

_SIDES = (128, 512)
_ENOUGH_SECONDS = 1.0
_MOST_SECONDS = 10.0


def seconds_per_pixel(
    tool: Tool, values: Mapping[str, Value], channels: int, wanted: Callable[[], bool]
) -> float | None:
    """Seconds for one pixel of the result; None when it cannot be told.

    A small picture goes first, which also loads the network; if that was quick, a larger one
    gives the figure. Ends early when `wanted()` says that somebody needs the device.
    """
    end = time.monotonic() + _MOST_SECONDS
    rate = None
    try:
        for side in _SIDES:
            job = _SmallJob(tool.SPEC, values, side, channels, lambda: check(end, wanted))
            began = time.monotonic()
            made = tool.run(job, 0)
            seconds = time.monotonic() - began
            rate = seconds / (made.frame.width * made.frame.height)
            if seconds > _ENOUGH_SECONDS:
                break
    except BacklotError:
        pass
    return rate


def check(end: float, wanted: Callable[[], bool]) -> None:
    """Raises: Cancelled when it takes too long or the device is needed."""
    if time.monotonic() > end or wanted():
        raise Cancelled("The measurement was given up.")


class _SmallJob:
    """`backlot_server.job.Job` with noise as its pictures and a square as its matte."""

    def __init__(
        self,
        spec: ToolSpec,
        values: Mapping[str, Value],
        side: int,
        channels: int,
        check: Callable[[], None],
    ) -> None:
        self.spec = spec
        self.frames: tuple[int, ...] = (0,)
        self.inputs = frozenset(given.name for given in spec.inputs)
        self.state: dict[str, Any] = {}
        self.check = check
        self._values = values
        noise = np.random.default_rng(0).random((side, side, max(1, channels)), np.float32)
        square = np.zeros((side, side, 1), np.float32)
        square[side // 3 : side // 2, side // 3 : side // 2] = 1.0
        for pixels in (noise, square):
            pixels.flags.writeable = False
        self._picture = Frame(noise)
        self._matte = Frame(square, meaning=DATA)

    def values(self, number: int) -> Mapping[str, Any]:
        return self.spec.values_at(self._values, number)

    def read(self, name: str, number: int) -> Frame:
        self.check()
        return self._matte if self.spec.input(name).kind == "matte" else self._picture

    def prefetch(self, name: str, number: int) -> None: ...

    def release(self, name: str, number: int) -> None:
        pass

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
        channels = channels or like.channels
        shape = (window.height, window.width, len(channels))
        return Frame(
            np.empty(shape, dtype or like.pixels.dtype),
            channels=channels,
            data_window=window,
            display_window=display_window or like.display_window,
            meaning=like.meaning,
        )

    def progress(self, number: int, fraction: float, message: str = "") -> None:
        self.check()

    def preview(self, frame: Frame) -> None: ...

    def warn(self, number: int, sentence: str) -> None: ...
