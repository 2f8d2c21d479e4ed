"""Make the astronaut plate: a real photograph brought to a shot of eight film frames.

The photograph is NASA's portrait of Eileen Collins (1998, public domain), as scikit-image's data
carries it (`skimage.data.astronaut`). A slow camera move is sampled from it at sub-pixel positions
and written as scene-linear ACEScg half EXR, with two mattes drawn by hand as points on the
photograph: the mission patch on the suit, and plain cloth above it.

    python examples/make_plate.py [folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import skimage.data
from scipy import ndimage
from skimage.draw import polygon2mask

from backlot import color, media
from backlot.frame import DATA, Frame

FIRST, COUNT = 1001, 8
WIDTH, HEIGHT = 480, 400
START, END = (6.3, 44.6), (17.8, 36.2)  # left top corner on the photograph, x and y

# The mission patch with its stitched rim, clockwise from the top: x and y on the photograph.
PATCH = [
    (171.7, 336.9), (186.9, 340.4), (200.9, 349.2), (210.9, 361.5),
    (216.1, 376.1), (216.7, 390.7), (212.6, 405.9), (204.4, 418.8),
    (192.1, 428.2), (177.5, 433.4), (162.3, 432.8), (147.7, 427.0),
    (136.0, 417.0), (127.8, 404.2), (123.7, 389.5), (124.9, 374.3),
    (130.7, 359.7), (141.2, 347.4), (155.3, 339.2),
]  # fmt: skip

# Plain cloth above it, from which a fill may take its texture.
CLOTH = [
    (140, 290),
    (230, 305),
    (234, 350),
    (214, 365),
    (200, 350),
    (180, 338),
    (150, 343),
    (132, 352),
]


def shifted(image: np.ndarray, x: float, y: float, order: int) -> np.ndarray:
    """The frame whose top left corner lies at (x, y) of an image (height, width, channels)."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    where = np.stack([rows + y, columns + x])
    planes = [
        ndimage.map_coordinates(image[..., c], where, order=order, mode="nearest")
        for c in range(image.shape[2])
    ]
    return np.stack(planes, axis=-1).astype(np.float32)


def drawn(outline: list[tuple[float, float]]) -> np.ndarray:
    """An outline as coverage on the photograph, with an edge of about two pixels."""
    fine = 4
    points = np.array([(y, x) for x, y in outline]) * fine
    mask = polygon2mask((512 * fine, 512 * fine), points).astype(np.float32)
    mask = mask.reshape(512, fine, 512, fine).mean(axis=(1, 3))
    return ndimage.gaussian_filter(mask, 0.8)[..., None]


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    encoded = skimage.data.astronaut().astype(np.float32) / 255
    linear = color.to_working(encoded, color.default_space(True))
    mattes = {"roto": drawn(PATCH), "cloth": drawn(CLOTH)}
    for index in range(COUNT):
        t = index / (COUNT - 1)
        t = t * t * (3 - 2 * t)  # ease in and out, as a dolly does
        x, y = (a + (b - a) * t for a, b in zip(START, END, strict=True))
        number = FIRST + index
        plate = shifted(linear, x, y, order=3).astype(np.float16)
        media.write(folder / f"plate.{number}.exr", Frame(plate, number=number))
        for name, matte in mattes.items():
            cover = np.clip(shifted(matte, x, y, order=1), 0, 1).astype(np.float16)
            cover[cover < 1 / 512] = 0
            frame = Frame(cover, channels=("A",), meaning=DATA, number=number)
            media.write(folder / f"{name}.{number}.exr", frame)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "astronaut")
