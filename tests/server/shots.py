"""Small shots with ground truth: a camera that pans over a picture, an object before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from backlot.frame import DATA, Frame
from backlot_server.tools import fill

from .jobs import LocalJob, Supply

WIDTH, HEIGHT = 160, 96
FIRST = 1001
Pixels = np.ndarray


def texture(height: int, width: int, seed: int = 0) -> Pixels:
    """Blots of several sizes: something to follow everywhere."""
    rng = np.random.default_rng(seed)
    made = np.zeros((height, width, 3), np.float32)
    for size, strength in ((24, 0.5), (9, 0.3), (4, 0.15)):
        small = rng.random((height // size + 2, width // size + 2, 3)).astype(np.float32) - 0.5
        made += strength * cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(0.35 + made, 0.02, None).astype(np.float32)


def disc(y: float, x: float, radius: float) -> Pixels:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (np.hypot(rows - y, columns - x) <= radius).astype(np.float32)


class Shot:
    """Frames from FIRST on. truth, plates (float32) and mattes (0 to 1), by number.

    shift: pixels that the camera moves right each frame, and a fifth of it down. light: a factor
    for each frame. matte: of a frame's place in the shot.
    """

    def __init__(
        self,
        count: int = 12,
        shift: float = 1.5,
        light: Sequence[float] | None = None,
        matte: Callable[[int], Pixels] = lambda at: disc(48, 30 + 9 * at, 11),
        noise: float = 0.0,
    ) -> None:
        world = texture(HEIGHT + 20, WIDTH + 20 + int(abs(shift) * count))
        rng = np.random.default_rng(5)
        self.truth: dict[int, Pixels] = {}
        self.plates: dict[int, Pixels] = {}
        self.mattes: dict[int, Pixels] = {}
        for at in range(count):
            move = np.float32([[1, 0, -10 - shift * at], [0, 1, -10 - 0.2 * shift * at]])
            seen = cv2.warpAffine(world, move, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
            truth = (seen * (light[at] if light else 1)).astype(np.float32)
            cover = matte(at)
            grainy = truth + rng.normal(0, noise, truth.shape).astype(np.float32)
            plate = np.where(cover[:, :, None] > 0, np.float32([0.9, 0.1, 0.1]), grainy)
            self.truth[FIRST + at] = truth
            self.plates[FIRST + at] = plate.astype(np.float32)
            self.mattes[FIRST + at] = cover.astype(np.float32)

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(sorted(self.plates))

    def inputs(self, **others: Supply) -> dict[str, Supply]:
        """What a job is given."""
        return {
            "source": {n: Frame(p, number=n) for n, p in self.plates.items()},
            "matte": {n: matte_frame(m, n) for n, m in self.mattes.items()},
            **others,
        }

    def filled(self, *numbers: int, **values: object) -> tuple[dict[int, Pixels], LocalJob]:
        """Frames made in one job, without new grain, and the job."""
        return run(self.inputs(), *(numbers or self.numbers), **values)

    def error(self, number: int, made: Pixels) -> float:
        """PSNR in the hole, of codes on a square root, in dB."""
        hole = self.mattes[number] > 0
        codes = (np.sqrt(np.maximum(each[hole], 0)) for each in (made, self.truth[number]))
        one, other = codes
        return float(-10 * np.log10(np.mean((one - other) ** 2) + 1e-12))


def matte_frame(cover: Pixels, number: int) -> Frame:
    return Frame(cover[:, :, None].astype(np.float32), ("A",), meaning=DATA, number=number)


def run(
    inputs: dict[str, Supply], *numbers: int, **values: object
) -> tuple[dict[int, Pixels], LocalJob]:
    if any(param.name == "grain" for param in fill.SPEC.params):
        values.setdefault("grain", 0.0)  # what is compared here is the fill before it
    job = LocalJob(fill.SPEC, inputs, values, tuple(numbers))  # type: ignore[arg-type]
    made = {number: np.array(fill.run(job, number).frame.pixels) for number in numbers}
    return made, job
