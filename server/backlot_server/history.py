"""What frames took so far, so that the next ones can be foretold."""

from __future__ import annotations

_WEIGHT = 0.3


class History:
    """Seconds per pixel of the result, by tool and engine: a mean in which new frames weigh more.

    The first frame of a pair also loads the network; the second one replaces it.
    """

    def __init__(self) -> None:
        self._per_pixel: dict[tuple[str, str], tuple[float, int]] = {}
        self._per_frame: dict[str, float] = {}

    def note(self, tool: str, engine: str, pixels: int, seconds: float) -> None:
        mean, count = self._per_pixel.get((tool, engine), (0.0, 0))
        rate = seconds / max(1, pixels)
        mean = rate if count < 2 else mean + _WEIGHT * (rate - mean)
        self._per_pixel[tool, engine] = mean, count + 1
        self._per_frame[tool] = seconds

    def seconds(self, tool: str, engine: str, pixels: int) -> float | None:
        """A frame's time; None when there was none yet."""
        mean, count = self._per_pixel.get((tool, engine), (0.0, 0))
        return mean * pixels if count else None

    def last(self, tool: str) -> float | None:
        """What the tool's latest frame took, whatever its size."""
        return self._per_frame.get(tool)
