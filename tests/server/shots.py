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


FAR_AWAY, CLOSE = 8.0, 4.0


class Deep(Shot):
    """A camera that moves sideways before a wall with posts in front of it.

    posts: where they begin. depth: distance of what is behind the object, by number. step: pixels
    the wall moves each frame; posts move twice as far.
    """

    def __init__(
        self,
        count: int = 14,
        step: float = 1.0,
        noise: float = 0.0,
        posts: Sequence[int] = (30, 84, 138, 192),
    ) -> None:
        super().__init__(count, 0.0, matte=lambda at: disc(48, 34 + 7 * at, 12))
        wall = texture(HEIGHT, WIDTH + 40, seed=3)
        post = texture(HEIGHT, WIDTH + 80, seed=4)[:, :, ::-1]
        inside = np.zeros((HEIGHT, WIDTH + 80), np.float32)
        for left in posts:
            inside[20:, left : left + 20] = 1
        rng = np.random.default_rng(5)
        self.depth: dict[int, Pixels] = {}
        self.step = step
        for at, number in enumerate(self.numbers):

            def seen(picture: Pixels, moved: float, how: int = cv2.INTER_CUBIC) -> Pixels:
                move = np.float32([[1, 0, -moved], [0, 1, 0]])
                return np.asarray(cv2.warpAffine(picture, move, (WIDTH, HEIGHT), flags=how))

            front = seen(inside, 2 * step * at, cv2.INTER_NEAREST)[:, :, None] > 0
            truth = np.where(front, seen(post, 2 * step * at), seen(wall, step * at))
            grainy = truth + rng.normal(0, noise, truth.shape)
            cover = self.mattes[number][:, :, None] > 0
            self.truth[number] = truth.astype(np.float32)
            self.plates[number] = np.where(cover, [0.9, 0.1, 0.1], grainy).astype(np.float32)
            self.depth[number] = np.where(front[:, :, 0], CLOSE, FAR_AWAY).astype(np.float32)

    def depths(self, of_object: bool = False) -> dict[int, Frame]:
        """The depth pass; of_object: rendered with the object, two metres away."""
        return {
            n: data_frame(np.where(of_object & (self.mattes[n] > 0), 2.0, z), ("Z",), n)
            for n, z in self.depth.items()
        }

    def vectors(self) -> dict[int, Frame]:
        """As Blender writes them: to the frame before, and to the next, negated; up is positive."""
        made = {}
        for n, z in self.depth.items():
            across = np.where(z == CLOSE, 2.0, 1.0) * self.step
            none = np.zeros_like(across)
            made[n] = data_frame(np.stack([across, none, across, none], 2), tuple("XYZW"), n)
        return made


def data_frame(values: Pixels, channels: tuple[str, ...], number: int) -> Frame:
    pixels = np.asarray(values, np.float32).reshape(HEIGHT, WIDTH, len(channels))
    return Frame(pixels, channels, meaning=DATA, number=number)
