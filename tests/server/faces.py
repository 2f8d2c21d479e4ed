"""People drawn with a face that the small networks of tests/server/networks see: five coloured dots
for eyes, nose and mouth, and fields of light and dark that are another pattern for each person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from backlot import Frame
from backlot_server.faces.pose import HEAD
from tests.server.cards import install

TALL, WIDE = 360, 560
REGIONS = {
    "hair": (0.09, 0.06, 0.045),
    "face": None,
    "coat": (0.14, 0.20, 0.32),
    "scarf": (0.36, 0.18, 0.14),
    "trousers": (0.25, 0.24, 0.20),
}
DOTS = ((0.9, 0.03, 0.03), (0.03, 0.9, 0.03), (0.03, 0.03, 0.9), (0.9, 0.9, 0.03), (0.03, 0.9, 0.9))
SRGB = np.array(  # linear sRGB to ACEScg, adapted by Bradford's matrix
    [[0.613097, 0.339523, 0.047379], [0.070194, 0.916354, 0.013452], [0.020616, 0.109570, 0.869815]]
)


@dataclass(frozen=True)
class Person:
    """name: whose pattern the face has. x, y: the middle of the face. height: of its box. dots: the
    radius of each, as a share of that."""

    name: str = "hero"
    x: float = 150.0
    y: float = 110.0
    height: float = 110.0
    yaw: float = 0.0
    dots: float = 0.055

    @property
    def points(self) -> np.ndarray:
        """The five points, (5, 2)."""
        turn = np.radians(self.yaw)
        head = HEAD - np.array([0, 36.0, 0])
        scale = self.height / 190
        across = head[:, 0] * np.cos(turn) + head[:, 2] * np.sin(turn)
        return np.stack([self.x + across * scale, self.y + head[:, 1] * scale], axis=1)

    def masks(self) -> dict[str, np.ndarray]:
        """(TALL, WIDE) bool for each region."""
        y, x = np.mgrid[:TALL, :WIDE] + 0.5
        u, v = (x - self.x) / self.height, (y - self.y) / self.height
        face = (u / 0.42) ** 2 + (v / 0.52) ** 2 < 1
        hair = ((u / 0.5) ** 2 + ((v + 0.1) / 0.6) ** 2 < 1) & ~face & (v < 0.1)
        body = (np.abs(u) < 0.8) & ~face & ~hair
        return {
            "hair": hair,
            "face": face,
            "scarf": body & (v > 0.5) & (v <= 0.7),
            "coat": body & (v > 0.7) & (v <= 1.4),
            "trousers": body & (v > 1.4) & (v <= 2.1),
        }


def plate(
    *people: Person, number: int = 1, stops: float = 0.0, blur: float = 0.0, dtype=np.float16
) -> Frame:
    """A scene-linear frame of them, before grey; every frame has a grain of its own."""
    rng = np.random.default_rng(number)
    pixels = np.full((TALL, WIDE, 3), 0.18)
    for person in people:
        for region, mask in person.masks().items():
            pixels[mask] = _skin(person)[mask] if region == "face" else REGIONS[region]
        for point, tone in zip(person.points, DOTS, strict=True):
            y, x = np.mgrid[:TALL, :WIDE] + 0.5
            dot = np.hypot(x - point[0], y - point[1]) < person.dots * person.height
            pixels[dot & person.masks()["face"]] = np.array(tone) @ SRGB.T
    if blur:
        pixels = cv2.GaussianBlur(pixels, (0, 0), blur)
    pixels += 0.01 * np.sqrt(pixels) * rng.normal(0, 1, pixels.shape)
    return Frame((pixels * 2.0**stops).astype(dtype), ("R", "G", "B"), number=number)


def _skin(person: Person) -> np.ndarray:
    seed = sum(ord(letter) * 31**at for at, letter in enumerate(person.name))
    fields = np.random.default_rng(seed).choice([0.16, 0.42], (7, 5)).astype(np.float32)
    side = round(person.height)
    large = cv2.resize(fields, (side, side), interpolation=cv2.INTER_NEAREST)
    grid_y, grid_x = np.mgrid[:TALL, :WIDE].astype(np.float32)
    # The pattern turns with the face, as far as a picture on a cylinder does.
    turn = np.sin(np.radians(person.yaw)) * 0.15 * person.height
    wide = person.height * 0.84
    across = ((grid_x - person.x - turn) / wide * side + side / 2).astype(np.float32)
    down = ((grid_y - person.y) / (person.height * 1.04) * side + side / 2).astype(np.float32)
    light = cv2.remap(large, across, down, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return light[..., None] * np.array([1.0, 0.92, 0.85])


def mattes(person: Person, only: str = "", regions: tuple[str, ...] = tuple(REGIONS)) -> Frame:
    """A channel for each region and "A". only: all but this one are empty."""
    masks = person.masks()
    cover = [masks[name] if only in ("", name) else masks[name] & False for name in regions]
    whole = np.logical_or.reduce(cover)
    pixels = np.stack([*cover, whole], axis=-1).astype(np.float16)
    return Frame(pixels, (*regions, "A"), meaning="data")


def install_pair(home: Path, find: str = "faces-find", know: str = "faces-know") -> None:
    """The small networks as a user's own. home: $BACKLOT_HOME."""
    more = {"margin": 0, "scale": 1}
    install(home / "models", f"{find}.onnx", purpose="face detection", **more)
    install(home / "models", f"{know}.onnx", purpose="face recognition", verdict="amber", **more)


def turned(person: Person, yaw: float) -> Person:
    return replace(person, yaw=yaw)
