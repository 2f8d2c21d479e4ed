"""Colour as the measuring needs it: scene-linear ACEScg to opponents, to Lab, and differences.

An opponent is (mean of ln R, G, B; ln R/G; ln B/G): light is a sum there, and exposure is one axis.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

# ACEScg (AP1 primaries, ACES white) to CIE XYZ: SMPTE ST 2065-1 and S-2014-004.
_XYZ = np.array(
    [
        [0.6624541811, 0.1340042065, 0.1561876870],
        [0.2722287168, 0.6740817658, 0.0536895174],
        [-0.0055746495, 0.0040607335, 1.0103391003],
    ]
)
_WHITE = _XYZ @ np.ones(3)
_CUT = (6 / 29) ** 3


def opponent(rgb: npt.ArrayLike) -> Values:
    """RGB above 0, (..., 3), as opponents, (..., 3)."""
    log: Values = np.log(np.asarray(rgb, np.float64))
    return np.stack([log.mean(-1), log[..., 0] - log[..., 1], log[..., 2] - log[..., 1]], axis=-1)


def from_opponent(value: npt.ArrayLike) -> Values:
    """The inverse: RGB; of a difference of opponents, a gain for each channel."""
    mean, red, blue = np.moveaxis(np.asarray(value, np.float64), -1, 0)
    green = mean - (red + blue) / 3
    return np.asarray(np.exp(np.stack([green + red, green, green + blue], axis=-1)))


def lab(rgb: npt.ArrayLike) -> Values:
    """Scene-linear ACEScg, 1 is white, as CIE L*a*b* (CIE 15) against the ACES white."""
    ratio = np.asarray(rgb, np.float64) @ _XYZ.T / _WHITE
    root = np.where(ratio > _CUT, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def difference(one: npt.ArrayLike, other: npt.ArrayLike) -> Values:
    """CIEDE2000 of Lab values, (..., 3) each (CIE 142; Sharma, Wu, Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = (
        np.moveaxis(np.asarray(v, np.float64), -1, 0) for v in (one, other)
    )
    seventh = (np.hypot(a1, b1) + np.hypot(a2, b2)) ** 7 / 128
    stretch = 1.5 - 0.5 * np.sqrt(seventh / (seventh + 25.0**7))
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a * stretch)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180
    turn = np.where(c1 * c2 == 0, 0.0, np.where(turn == -180, 180.0, turn))
    far = np.abs(h1 - h2) > 180
    middle = np.where(far, (h1 + h2 + np.where(h1 + h2 < 360, 360, -360)) / 2, (h1 + h2) / 2)
    middle = np.radians(np.where(c1 * c2 == 0, h1 + h2, middle))
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    weight = (
        1
        - 0.17 * np.cos(middle - np.radians(30))
        + 0.24 * np.cos(2 * middle)
        + 0.32 * np.cos(3 * middle + np.radians(6))
        - 0.20 * np.cos(4 * middle - np.radians(63))
    )
    dl = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2) / (1 + 0.015 * chroma * weight)
    bend = np.exp(-(((np.degrees(middle) - 275) / 25) ** 2))
    power = chroma**7
    cross = -2 * np.sqrt(power / (power + 25.0**7)) * np.sin(np.radians(60 * bend))
    return np.asarray(np.sqrt(dl**2 + dc**2 + dh**2 + cross * dc * dh))


@cache
def planckian() -> Values:
    """The direction in (ln R/G, ln B/G) along which the light of lamps and skies lies, length 1.

    From black bodies of 2700 and 10000 K (Kim et al. 2002, chromaticities of the Planckian locus).
    """
    warm, cold = (opponent(_black_body(kelvin))[1:] for kelvin in (2700.0, 10000.0))
    way = warm - cold
    return np.asarray(way / np.linalg.norm(way))


def beside() -> Values:
    """The direction across that of `planckian`: green to magenta, length 1."""
    along = planckian()
    return np.array([-along[1], along[0]])


def _black_body(kelvin: float) -> Values:
    t = 1e3 / kelvin
    if kelvin < 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    return np.asarray(np.linalg.solve(_XYZ, np.array([x / y, 1.0, (1 - x - y) / y])))
