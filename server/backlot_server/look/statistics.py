"""What one region of a character looks like in one frame, in a few numbers.

Everything that is compared between frames is here: colour of several parts of the region, how much
it varies, contrast, sharpness, size.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from . import colour

DARK = 0.0015
"""Scene-linear: below this no colour can be told from noise."""
INSIDE = 0.98
"""Coverage from which a pixel shows the region and nothing else."""
LEAST = 8
"""Pixels from which anything is measured."""
_BLUR = 1.2
_FEW = 60
_LIT, _MIDDLE, _BRIGHT, _PURE = (0.60, 0.92), (0.45, 0.60), (0.92, 1.0), (0.55, 0.90)
_PLATEAU, _HELD_SHARE = 0.005, 0.002
LUMINANCE = np.array([0.2722287, 0.6740818, 0.0536895])

Pixels = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Look:
    """A region in a frame. Opponents are those of `colour`; light is not taken out.

    pixels: usable ones. clipped, dark: shares of the region too bright or too dark to be used.
    lit, middle, bright: median opponents of the pixels of the 60 to 92, 45 to 60 and 92 to 100 %
    quantiles of luminance. pure: of the 55 to 90 % most saturated. variation: covariance of
    (ln R/G, ln B/G) within the region, row by row. texture: standard deviation of ln luminance,
    blurred. detail: what the blur took of it, grain included. area: covered pixels.
    """

    pixels: int
    clipped: float
    dark: float
    lit: tuple[float, ...]
    middle: tuple[float, ...]
    bright: tuple[float, ...]
    pure: tuple[float, ...]
    variation: tuple[float, ...]
    texture: float
    detail: float
    area: float

    def to_json(self) -> dict[str, Any]:
        rounded = {k: [round(x, 5) for x in v] if isinstance(v, tuple) else v
                   for k, v in asdict(self).items()}  # fmt: skip
        return {k: round(v, 5) if isinstance(v, float) else v for k, v in rounded.items()}

    @staticmethod
    def from_json(fields: dict[str, Any]) -> Look:
        """Raises: KeyError, TypeError, ValueError where it is no look."""
        lengths = {"lit": 3, "middle": 3, "bright": 3, "pure": 3, "variation": 4}
        made: dict[str, Any] = {}
        for name in Look.__dataclass_fields__:
            value = fields[name]
            if name in lengths:
                made[name] = tuple(float(x) for x in value)
                if len(made[name]) != lengths[name] or not np.isfinite(made[name]).all():
                    raise ValueError(name)
            else:
                made[name] = int(value) if name == "pixels" else float(value)
        return Look(**made)


def clipping(rgb: Pixels) -> npt.NDArray[np.float32]:
    """The value at which each channel of a picture is held, (3,); zeros where it is not held.

    A camera that clips leaves white areas in which all channels stop at their very largest value;
    light that is not held leaves few such pixels, and a plain bright colour none.
    """
    top, held = _held(rgb, np.float32(1 - _PLATEAU))
    return top if held > _HELD_SHARE * rgb.shape[0] * rgb.shape[1] else np.zeros(3, np.float32)


@numba.njit(cache=True, nogil=True)
def _held(rgb: Pixels, plateau: float) -> tuple[Pixels, int]:  # pragma: no cover
    """The largest finite value of each channel, and how many pixels reach it in all."""
    top, count = np.zeros(3, np.float32), 0
    height, width = rgb.shape[:2]
    for y in range(height):
        for x in range(width):
            for c in range(3):
                value = rgb[y, x, c]
                if value > top[c] and value < np.inf:
                    top[c] = value
    for y in range(height):
        for x in range(width):
            reached = 0
            for c in range(3):
                if rgb[y, x, c] >= plateau * top[c]:
                    reached += 1
            count += reached == 3
    return top, count


def look(rgb: Pixels, cover: Pixels, clip: npt.ArrayLike) -> Look:
    """Measure a region.

    Args: rgb (height, width, 3) scene-linear ACEScg; cover (height, width) 0..1; clip: the value
    from which the camera clips, one or one a channel, 0 for never.
    """
    rows, columns = np.nonzero(cover > 0)
    if not len(rows):
        return _nothing(0, 0.0, 0.0, 0.0)
    box = np.s_[
        max(0, rows.min() - 4) : rows.max() + 5, max(0, columns.min() - 4) : columns.max() + 5
    ]
    rgb, cover = rgb[box], cover[box]
    used, soft, clipped, dark = _usable(rgb, cover, clip)
    values = soft[used].astype(np.float64)
    area = float(cover.sum())
    if len(values) < LEAST:
        return _nothing(len(values), clipped, dark, area)
    opponents, luminance = colour.opponent(values), values @ LUMINANCE
    lit, middle, bright = (
        _median_between(opponents, luminance, span) for span in (_LIT, _MIDDLE, _BRIGHT)
    )
    pure = _median_between(opponents, 1 - values.min(1) / values.max(1), _PURE)
    chroma = opponents[:, 1:] - np.median(opponents[:, 1:], axis=0)
    variation = np.cov(np.clip(chroma, -1, 1).T)
    texture, detail = _texture(rgb, soft, used)
    return Look(
        len(values), clipped, dark, tuple(lit), tuple(middle), tuple(bright), tuple(pure),
        tuple(variation.ravel()), texture, detail, area,
    )  # fmt: skip


def _nothing(pixels: int, clipped: float, dark: float, area: float) -> Look:
    """Too little to be measured."""
    three, four = (0.0,) * 3, (0.0,) * 4
    return Look(pixels, clipped, dark, three, three, three, three, four, 0.0, 0.0, area)


def _usable(
    rgb: Pixels, cover: Pixels, clip: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[Any], float, float]:
    """Pixels that show the region, blurred within it; and what had to be left out, as shares."""
    import cv2

    inside, weight, clean = _shown(rgb, cover, np.float32(INSIDE))
    count = max(1, int(np.count_nonzero(inside)))
    core = np.asarray(cv2.erode(inside, np.ones((3, 3), np.uint8), borderValue=0))
    if np.count_nonzero(core) < _FEW:  # its edge is all there is of it
        core = inside
    total = cv2.GaussianBlur(weight, (0, 0), _BLUR)
    soft = cv2.GaussianBlur(clean, (0, 0), _BLUR)
    most = np.broadcast_to(np.asarray(clip, np.float32), 3).copy()
    used, bright, faint = _sifted(rgb, soft, total, inside, core, weight, most, np.float32(DARK))
    return used, soft, bright / count, faint / count


@numba.njit(cache=True, nogil=True)
def _shown(
    rgb: Pixels, cover: Pixels, enough: float
) -> tuple[npt.NDArray[np.uint8], Pixels, Pixels]:  # pragma: no cover
    """Where the region alone is shown, and there, of what is finite, 1 and the colour."""
    height, width = cover.shape
    inside = np.zeros((height, width), np.uint8)
    weight = np.zeros((height, width), np.float32)
    clean = np.zeros((height, width, 3), np.float32)
    for y in range(height):
        for x in range(width):
            if cover[y, x] > enough:
                inside[y, x] = 1
                r, g, b = rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2]
                if np.isfinite(r) and np.isfinite(g) and np.isfinite(b):
                    weight[y, x] = 1
                    clean[y, x, 0], clean[y, x, 1], clean[y, x, 2] = r, g, b
    return inside, weight, clean


@numba.njit(cache=True, nogil=True)
def _sifted(  # type: ignore[no-untyped-def]
    rgb, soft, total, inside, core, weight, most, dark
):  # pragma: no cover
    """Which pixels are used, and how many inside are too bright and too dark; `soft` is made the
    mean of what is known nearby."""
    height, width = total.shape
    used = np.zeros((height, width), np.bool_)
    bright_inside = faint_inside = 0
    for y in range(height):
        for x in range(width):
            near = max(total[y, x], np.float32(1e-6))
            bright = faint = False
            for c in range(3):
                soft[y, x, c] = soft[y, x, c] / near
                faint = faint or soft[y, x, c] < dark
                bright = bright or (most[c] > 0 and rgb[y, x, c] >= np.float32(0.97) * most[c])
            if inside[y, x]:
                bright_inside += bright
                faint_inside += faint
            used[y, x] = core[y, x] and weight[y, x] > 0 and not bright and not faint
    return used, bright_inside, faint_inside


def _median_between(
    values: colour.Values, order: npt.NDArray[Any], span: tuple[float, float]
) -> colour.Values:
    low, high = np.quantile(order, span)
    return np.asarray(np.median(values[(order >= low) & (order <= high)], axis=0))


def _texture(
    rgb: Pixels, soft: npt.NDArray[Any], used: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    weights = LUMINANCE.astype(np.float32)
    smooth = np.log(np.maximum(soft @ weights, DARK))[used]
    sharp = np.log(np.maximum(np.nan_to_num(rgb) @ weights, DARK))[used]
    return float(smooth.std()), float((sharp - smooth).std())
