"""Bring a region back: a gain for each channel, soft at its border, everything else kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .statistics import INSIDE, Pixels

_SPREAD = 2.0


def apply(pixels: Pixels, cover: Pixels, gain: npt.ArrayLike) -> None:
    """Multiply a region by `gain`, in place.

    A soft pixel is a mixture of the region and what is behind it; only the region's part, guessed
    from the region's colour nearby and never more than the pixel holds, is changed:
    p + a (g - 1) F. Detail, shading and grain are kept, since inside it is a gain and nothing else.

    Args: pixels (height, width, 3) scene-linear float32; cover (height, width) 0..1; gain (3,).
    """
    import cv2

    rows, columns = np.nonzero(cover > 0)
    if not len(rows):
        return
    box = np.s_[
        max(0, rows.min() - 6) : rows.max() + 7, max(0, columns.min() - 6) : columns.max() + 7
    ]
    part, alpha = pixels[box], cover[box][..., None]
    finite = np.isfinite(part)
    known = np.where(finite, part, 0).astype(np.float32)
    solid = (alpha > INSIDE).astype(np.float32)
    near = cv2.GaussianBlur(solid[..., 0], (0, 0), _SPREAD)[..., None]
    spread = cv2.GaussianBlur(known * solid, (0, 0), _SPREAD) / np.maximum(near, 1e-4)
    most = np.maximum(known, 0) / np.maximum(alpha, 1e-4)
    soft = np.where(near > 1e-3, np.minimum(spread, most), known)
    own = np.where(solid > 0, known, soft)
    changed = known + alpha * (np.asarray(gain, np.float32) - 1) * own
    part[...] = np.where(finite & (alpha > 0), changed, part)
