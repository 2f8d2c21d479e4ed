"""Regions out of one matte of a whole character: parts of one colour, to be named by an artist.

A mixture of Gaussians (Dempster, Laird, Rubin 1977) over colour and place. It is made on the one
frame that becomes a reference, and nothing is judged by it before somebody said which part is what:
parts follow shading where two cloths have one colour, and only a person sees that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ..errors import InvalidInput
from ..frame import DATA, Frame
from ..matte import coverage
from ..sheet import Display, displayed
from .mattes import ALL

COUNT = 16
"""Parts that are suggested; several may be one region."""
_MANY = 8_000
_ROUNDS, _BEGINNINGS = 40, 4
_DARK = 1e-3
_BRIGHTNESS, _HEIGHT, _ACROSS = 0.6, 1.6, 0.25
"""Of ln luminance and place, against ln of ratios of colours. Place counts from 0 to 1."""
_FLOOR = 0.03
"""Least standard deviation of a part."""
_TALL = 400
_HUES = (
    (86, 180, 233), (230, 159, 0), (0, 158, 115), (213, 94, 0), (204, 121, 167), (240, 228, 66),
    (0, 114, 178), (170, 110, 60), (150, 150, 150), (120, 94, 240), (180, 220, 140), (220, 60, 90),
    (255, 190, 170), (60, 90, 60), (140, 50, 130), (90, 200, 200),
)  # fmt: skip
_VOTES = 2
"""Pixels around one that say what it is: grain makes no regions."""

Values = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int16]


def suggest(frame: Frame, matte: Frame, count: int = COUNT) -> Labels:
    """Which part each pixel is: (height, width) of the frame's data window, 1 to `count`.

    0 is outside of the matte. Part 1 is the uppermost. The same frame gives the same parts.

    frame: scene-linear, with R, G and B. matte: the whole character, of any data window.

    Raises: InvalidInput where the matte covers nearly nothing.
    """
    cover = coverage(matte, frame.data_window)
    inside = cover > 0.5
    if np.count_nonzero(inside) < 50 * count:
        raise InvalidInput(
            f"The matte covers {np.count_nonzero(inside)} pixels, too few to find regions in.",
            "Choose a frame that shows the character large.",
        )
    at = list(frame.index("R", "G", "B"))
    features = _features(frame.pixels[..., at].astype(np.float64), inside)
    found = np.zeros(inside.shape, np.int16)
    found[inside] = _fitted(features, count) + 1
    return _ordered(_voted(found, inside, count), count)


def mattes(labels: Labels, frame: Frame, matte: Frame, named: Mapping[str, Sequence[int]]) -> Frame:
    """A matte for each region: the parts that are said to be it, soft where `matte` is.

    Raises: InvalidInput (a part that is not there, or in two regions).
    """
    cover = coverage(matte, frame.data_window)
    given = [part for parts in named.values() for part in parts]
    unknown = [part for part in given if not (labels == part).any()]
    if unknown or len(set(given)) != len(given):
        what = f"part {unknown[0]} is not there" if unknown else "a part is named twice"
        raise InvalidInput(
            f"These are no regions: {what}.", "Name them as the picture numbers them."
        )
    spread = _spread(labels)
    covers = [np.where(np.isin(spread, parts), cover, 0) for parts in named.values()]
    return Frame(
        np.stack([cover, *covers], axis=-1).astype(np.float16),
        (ALL, *named),
        frame.data_window,
        frame.display_window,
        pixel_aspect=frame.pixel_aspect,
        meaning=DATA,
        number=frame.number,
    )


def picture(labels: Labels, frame: Frame) -> Display:
    """The frame beside its parts, each in a colour of its own with its number on it.

    Returns: (height, width, 3) uint8, cropped to the character and at least 400 high.
    """
    from PIL import Image, ImageDraw

    rows, columns = np.nonzero(labels)
    box = np.s_[
        max(0, rows.min() - 8) : rows.max() + 9, max(0, columns.min() - 8) : columns.max() + 9
    ]
    plain = displayed(frame)[box]
    hues = np.array(_HUES, np.float64)[(labels[box] - 1) % len(_HUES)]
    mixed = np.where(labels[box][..., None] > 0, 0.25 * plain + 0.75 * hues, 0.3 * plain)
    both = np.concatenate([plain, mixed.astype(np.uint8)], axis=1)
    scale = max(1, -(-_TALL // both.shape[0]))
    shown = Image.fromarray(both.repeat(scale, 0).repeat(scale, 1))
    draw = ImageDraw.Draw(shown)
    for part in range(1, int(labels.max()) + 1):
        y, x = _within(labels[box] == part)
        place = ((x + plain.shape[1]) * scale, y * scale)
        draw.text(place, str(part), (255, 255, 255), anchor="mm", font_size=20,
                  stroke_width=3, stroke_fill=(0, 0, 0))  # fmt: skip
    return np.asarray(shown)


def _within(part: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """A pixel of it as far from its border as can be found by shrinking it: row, column."""
    kept = part
    while kept.any():
        inner, kept = kept, kept.copy()
        for axis in (0, 1):
            for step in (1, -1):
                kept &= np.roll(inner, step, axis)
    rows, columns = np.nonzero(inner)
    middle = len(rows) // 2
    return int(rows[middle]), int(columns[middle])


def _features(rgb: Values, inside: npt.NDArray[np.bool_]) -> Values:
    """(pixels, 5): ln R/G, ln B/G, ln luminance, height, across; blurred within the matte."""
    finite = np.isfinite(rgb).all(2) & inside
    weight = _blurred(finite.astype(np.float64))
    soft = [_blurred(np.where(finite, rgb[..., c], 0)) for c in range(3)]
    red, green, blue = (np.log(np.maximum(s / np.maximum(weight, 1e-6), _DARK)) for s in soft)
    rows, columns = np.nonzero(inside)
    tall = max(1, rows[-1] - rows[0])
    return np.stack(
        [
            (red - green)[inside],
            (blue - green)[inside],
            _BRIGHTNESS * green[inside],
            _HEIGHT * (rows - rows[0]) / tall,
            _ACROSS * (columns - columns.mean()) / tall,
        ],
        axis=1,
    )


def _blurred(plane: Values) -> Values:
    """By a binomial of five, which is a Gaussian of one pixel."""
    for axis in (0, 1):
        for _ in range(2):
            ahead, behind = np.roll(plane, 1, axis), np.roll(plane, -1, axis)
            plane = 0.25 * ahead + 0.5 * plane + 0.25 * behind
    return plane


def _fitted(features: Values, count: int) -> npt.NDArray[np.int64]:
    """Which Gaussian each row belongs to, from 0; the likeliest of several beginnings."""
    rng = np.random.default_rng(0)
    few = features[rng.permutation(len(features))[:_MANY]]
    fits = [_fit(few, _apart(few, count, rng)) for _ in range(_BEGINNINGS)]
    return np.asarray(_likely(features, *max(fits, key=lambda fit: fit[0])[1]).argmax(1))


def _fit(rows: Values, means: Values) -> tuple[float, tuple[Values, Values, Values]]:
    """Log-likelihood of the rows; means, spreads and shares."""
    spreads = np.tile(rows.var(0) / 4 + _FLOOR**2, (len(means), 1))
    shares = np.full(len(means), 1 / len(means))
    for _ in range(_ROUNDS):
        weights = _likely(rows, means, spreads, shares)
        top = weights.max(1, keepdims=True)
        weights = np.exp(weights - top)
        each = weights.sum(1, keepdims=True)
        weights /= each
        total = weights.sum(0) + 1e-9
        shares = total / total.sum()
        means = (weights.T @ rows) / total[:, None]
        spreads = (weights.T @ rows**2) / total[:, None] - means**2 + _FLOOR**2
    return float((np.log(each) + top).sum()), (means, spreads, shares)


def _apart(rows: Values, count: int, rng: np.random.Generator) -> Values:
    """Rows far from each other (k-means++, Arthur and Vassilvitskii 2007)."""
    chosen = [rows[rng.integers(len(rows))]]
    nearest = np.full(len(rows), np.inf)
    while len(chosen) < count:
        nearest = np.minimum(nearest, ((rows - chosen[-1]) ** 2).sum(1))
        chosen.append(rows[rng.choice(len(rows), p=nearest / nearest.sum())])
    return np.array(chosen)


def _likely(rows: Values, means: Values, spreads: Values, shares: Values) -> Values:
    """(rows, parts), logarithms."""
    made = np.empty((len(rows), len(means)))
    for part, (mean, spread) in enumerate(zip(means, spreads, strict=True)):
        distance = ((rows - mean) ** 2 / spread).sum(1)
        made[:, part] = np.log(shares[part]) - 0.5 * (distance + np.log(spread).sum())
    return made


def _voted(labels: Labels, inside: npt.NDArray[np.bool_], count: int) -> Labels:
    best, most = labels.copy(), np.zeros(labels.shape)
    for part in range(1, count + 1):
        votes = (labels == part).astype(np.float64)
        for _ in range(_VOTES):
            votes = _blurred(votes)
        best[votes > most] = part
        most = np.maximum(most, votes)
    return np.where(inside, best, 0).astype(np.int16)


def _ordered(labels: Labels, count: int) -> Labels:
    """Numbered from above, without gaps."""
    there = [part for part in range(1, count + 1) if (labels == part).any()]
    height = {part: np.nonzero(labels == part)[0].mean() for part in there}
    numbers = np.zeros(count + 1, np.int16)
    for number, part in enumerate(sorted(there, key=height.__getitem__), 1):
        numbers[part] = number
    return np.asarray(numbers[labels])


def _spread(labels: Labels) -> Labels:
    """Parts grown outward by a few pixels, so that a soft edge belongs to one of them."""
    grown = np.array(labels)
    for _ in range(8):
        for axis in (0, 1):
            for step in (1, -1):
                grown = np.where(grown == 0, np.roll(grown, step, axis), grown)
    return np.asarray(grown)
