"""Random fields with power-law spectra: clouds, stone, plaster, brushed metal, light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

Field = NDArray[np.float32]


def power_law(
    rng: np.random.Generator,
    size: int,
    slope: float,
    stretch: float = 1.0,
    angle: float | None = None,
) -> Field:
    """Periodic Gaussian field (size, size), mean 0, deviation 1, amplitude spectrum f^-slope.

    ``stretch`` above 1 makes it oriented: that much coarser along ``angle`` than across it; by
    default along a random one.
    """
    fx = np.fft.rfftfreq(size)[None, :]
    fy = np.fft.fftfreq(size)[:, None]
    angle = rng.uniform(0, np.pi) if angle is None else angle
    along = np.cos(angle) * fx + np.sin(angle) * fy
    across = np.cos(angle) * fy - np.sin(angle) * fx
    frequency = np.hypot(along * stretch, across)
    frequency[0, 0] = 1
    shape = frequency.shape
    spectrum = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    spectrum *= frequency**-slope
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=(size, size))
    return (field / field.std()).astype(np.float32)


class NoiseBank:
    """Fields made once per seed, from which textures take random windows.

    Making a field costs more than looking one up; a window is shifted and mirrored anew each time,
    so that sharing a bank among images does no harm.
    """

    SIZE = 1024
    ROUGH = slice(0, 5)
    SMOOTH = slice(5, 8)

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 0xF1E1D])
        slopes = (0.6, 0.9, 1.1, 1.3, 1.5, 1.8, 2.2, 2.6)
        self._fields = [power_law(rng, self.SIZE, slope) for slope in slopes]
        self._fields += [power_law(rng, self.SIZE, rng.uniform(0.8, 1.6), s) for s in (4, 8, 14)]
        self._fibres = [
            power_law(rng, self.SIZE, slope, stretch, 0.0)
            for slope, stretch in ((0.5, 10), (0.8, 20), (1.1, 12), (1.4, 30))
        ]

    def window(
        self, rng: np.random.Generator, height: int, width: int, among: slice = slice(None)
    ) -> Field:
        """A random window (height, width) of one of the fields, mean about 0, deviation about 1."""
        fields = self._fields[among]
        field = fields[rng.integers(len(fields))]
        y = int(rng.integers(0, self.SIZE - height + 1))
        x = int(rng.integers(0, self.SIZE - width + 1))
        step_y, step_x = (1 if rng.random() < 0.5 else -1 for _ in range(2))
        return field[y : y + height, x : x + width][::step_y, ::step_x]

    def fibres(self, rng: np.random.Generator, u: Field, v: Field) -> Field:
        """Strands along u, at places (u, v) of the same shape, in pixels; deviation about 1."""
        field = self._fibres[rng.integers(len(self._fibres))]
        start = rng.uniform(0, self.SIZE, 2)
        found = map_coordinates(field, (v + start[0], u + start[1]), order=1, mode="grid-wrap")
        return np.asarray(found, np.float32)


def smooth_field(rng: np.random.Generator, size: int, slope: float) -> Field:
    """A field (size, size) that only varies slowly: 48 samples a side, linearly interpolated."""
    coarse = power_law(rng, 48, slope)
    at = np.linspace(0, 46.999, size)
    low = at.astype(int)
    part = (at - low).astype(np.float32)
    rows = coarse[low] * (1 - part)[:, None] + coarse[low + 1] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, low + 1] * part
