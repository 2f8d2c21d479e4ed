"""A scene-linear plate as a network for faces sees pictures: as a screen shows them, in 8 bit.

Exposure is taken out first: a frame four stops under and one with a sun in it show the same face.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from . import Picture

Linear = npt.NDArray[np.float32]

MIDDLE = 0.25
"""What the middle of a face is brought to before the curve."""
LUMINANCE = np.array([0.2722287, 0.6740818, 0.0536895], np.float32)
# ACEScg to linear sRGB, adapted to its white by Bradford's matrix (ACES, S-2014-004).
_SRGB = np.array(
    [
        [1.7050510, -0.6217921, -0.0832589],
        [-0.1302564, 1.1408047, -0.0105483],
        [-0.0240034, -0.1289690, 1.1529723],
    ],
    np.float32,
)
_KNEE = 0.6


def gain(luminance: npt.NDArray[np.float32], quantile: float, target: float) -> float:
    """What brings this quantile of what is not black to the target; 1 where all is black."""
    light = luminance[luminance > 0]
    level = float(np.quantile(light, quantile)) if len(light) else 0.0
    return target / level if level > 0 else 1.0


def displayed(rgb: Linear, exposure: float) -> Picture:
    """Scene-linear ACEScg, (height, width, 3), times a gain, as sRGB; highlights drawn in."""
    linear = np.maximum((rgb * np.float32(exposure)) @ _SRGB.T, 0)
    over = np.float32(_KNEE) + (1 - _KNEE) * (1 - np.exp((_KNEE - linear) / (1 - _KNEE)))
    held = np.where(linear > _KNEE, over, linear)
    code = np.where(held <= 0.0031308, 12.92 * held, 1.055 * held ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(np.clip(code, 0, 1) * 255), np.uint8)


def luminance(rgb: Linear) -> npt.NDArray[np.float32]:
    return np.asarray(rgb @ LUMINANCE, np.float32)
