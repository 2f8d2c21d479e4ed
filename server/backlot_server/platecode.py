"""The even code in which holes are worked on: exposure is taken out, highlights are drawn in."""

from __future__ import annotations

import numpy as np

from .encoding import decoded, encoded
from .membrane import Mask, Values, membrane
from .roles import Roles

CURVE = "srgb"
BRIGHT = 95.0
WHITE = 0.8
"""That percentile of what is around is brought to this before the curve; its code 1 is near."""


def into_code(pixels: Values, unknown: Mask, parts: Roles) -> tuple[Values, float]:
    """Colour in the working code, its middle at mid-grey; all other channels as they are.

    Args: pixels (height, width, channels) scene-linear; unknown (height, width).
    Returns: the same shape, in unknown places the smoothest surface; the gain for `out_of_code`.
    """
    colour = _colour(parts)
    finite = np.nan_to_num(pixels, nan=0.0, posinf=0.0, neginf=0.0)
    codes = membrane(finite, unknown)
    if not colour:
        return codes, 1.0
    gain = exposure(codes[:, :, list(parts.color[0])], unknown)
    codes[:, :, colour] = code_of(codes[:, :, colour], gain)
    return codes, gain


def exposure(colour: Values, unknown: Mask) -> float:
    """The gain that brings what is known of a picture (height, width, channels) to mid-grey."""
    size = np.abs(colour[~unknown]).mean(axis=1)
    size = size[size > 0]
    gain = WHITE / float(np.percentile(size, BRIGHT)) if len(size) else 1.0
    return float(np.clip(gain, 2.0**-12, 2.0**12))


def out_of_code(made: Values, gain: float, pixels: Values, unknown: Mask, parts: Roles) -> Values:
    """Scene-linear values, none beyond what is known of its channel.

    Args: made (points, channels) in code; the others as given to `into_code`.
    """
    colour = _colour(parts)
    if not colour:
        return made
    known = pixels[~unknown][:, colour]
    linear = _linear_of(made[:, colour], gain)
    values: Values = made.copy()
    values[:, colour] = np.clip(linear, known.min(axis=0), known.max(axis=0))
    return values


def _colour(parts: Roles) -> list[int]:
    return sorted({channel for layer in parts.color for channel in layer})


def code_of(linear: Values, gain: float) -> Values:
    """The curve as displays have it up to 1; above, the logarithm of its code, for highlights."""
    code: Values = encoded(linear * np.float32(gain), CURVE)
    size = np.abs(code)
    high = size > 1
    code[high] = np.copysign(1 + np.log(size[high]), code[high])
    return code


def _linear_of(code: Values, gain: float) -> Values:
    """The inverse of `code_of`."""
    size = np.abs(code)
    high = size > 1
    code = code.copy()
    code[high] = np.copysign(np.exp(size[high] - 1), code[high])
    linear: Values = decoded(code, CURVE) / np.float32(gain)
    return linear
