"""Who is rendered, from where, and how each drifts: plain data, for renderer and benchmark.

Colours are albedos, scene-linear with Rec.709 primaries. Angles in degrees, lengths in metres; the
figure stands at the origin, looks along -Y and is 1.75 m tall. IVO and JUN, with sets, cameras and
light positions of their own, are for a last measurement alone: nothing may be chosen by looking at
them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Colour = tuple[float, float, float]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cloth:
    """What a region is made of. second: the other colour of a pattern, on `share` of it."""

    tone: Colour
    pattern: str = "plain"
    second: Colour = (0.0, 0.0, 0.0)
    share: float = 0.0
    scale: float = 12.0
    roughness: float = 0.7
    folds: float = 0.3

    def times(self, gain: npt.ArrayLike) -> Cloth:
        """With another albedo; its pattern stays."""
        tone, second = (
            tuple(np.clip(np.array(c) * gain, 0, 0.95)) for c in (self.tone, self.second)
        )
        return replace(self, tone=tone, second=second)


@dataclass(frozen=True)
class Pose:
    """arms: for the right and the left one how far to the side, forward, and the elbow's bend."""

    arms: tuple[tuple[float, float, float], tuple[float, float, float]] = ((12, 0, 10), (12, 0, 10))
    stride: float = 0.0
    turn: float = 0.0
    nod: float = 0.0


@dataclass(frozen=True)
class View:
    """A camera on a circle around the figure, with the set that it sees and the pose it finds.

    azimuth: 0 in front, 90 on the figure's left. rig: how far the lights are turned against it.
    """

    azimuth: float
    distance: float
    height: float
    aim: float
    floor: Colour
    wall: Colour
    pose: Pose = field(default_factory=Pose)
    rig: float = 0.0


@dataclass(frozen=True)
class Character:
    """cloths: by region. Its shape: girth, hem of the coat, cut of the hair (cap, long, bun)."""

    name: str
    cloths: Mapping[str, Cloth]
    girth: float = 1.0
    hem: float = 0.80
    cut: str = "cap"
    frozen: bool = False

    @property
    def views(self) -> Mapping[str, View]:
        return FROZEN_VIEWS if self.frozen else VIEWS


@dataclass(frozen=True)
class Drift:
    """How one region changed. gain: of its albedo. whole, chroma: CIEDE2000, of the latter what
    remains when the lightness is as it was."""

    kind: str
    gain: Colour
    whole: float
    chroma: float


GREY, PALE = (0.32, 0.32, 0.32), (0.5, 0.48, 0.45)
VIEWS = {
    "front": View(0, 3.1, 1.2, 0.9, GREY, PALE),
    "back": View(168, 3.2, 1.5, 0.9, (0.25, 0.2, 0.15), (0.35, 0.4, 0.42),
                 Pose(((30, 25, 40), (8, -15, 5)), stride=14, turn=10), rig=-15),
    "side": View(78, 3.3, 1.1, 0.9, GREY, (0.5, 0.07, 0.05),
                 Pose(((10, 45, 60), (10, -30, 10)), stride=24), rig=10),
    "close": View(-32, 1.65, 1.5, 1.36, (0.2, 0.2, 0.22), (0.1, 0.12, 0.16),
                  Pose(((20, 20, 95), (35, 10, 30)), turn=-8, nod=8), rig=20),
    "far": View(40, 7.4, 2.2, 0.9, (0.07, 0.22, 0.05), (0.42, 0.44, 0.5),
                Pose(((55, 0, 20), (65, 10, 15)), stride=8, turn=-25), rig=-25),
}  # fmt: skip
FROZEN_VIEWS = {
    "front": View(8, 3.0, 1.35, 0.9, (0.28, 0.27, 0.25), (0.4, 0.42, 0.4), rig=-8),
    "back": View(-150, 3.4, 1.2, 0.9, (0.3, 0.19, 0.1), (0.12, 0.16, 0.34),
                 Pose(((15, -20, 15), (40, 30, 50)), stride=18, turn=-12), rig=18),
    "side": View(-95, 3.2, 1.6, 0.9, (0.18, 0.18, 0.2), (0.45, 0.36, 0.12),
                 Pose(((8, -35, 5), (14, 60, 45)), stride=28, turn=6), rig=-22),
    "close": View(48, 1.6, 1.3, 1.36, GREY, (0.3, 0.1, 0.22),
                  Pose(((45, 15, 60), (12, 30, 100)), turn=12, nod=-6), rig=5),
    "far": View(-55, 7.0, 1.4, 0.9, (0.35, 0.25, 0.14), (0.2, 0.32, 0.3),
                Pose(((70, 5, 10), (30, 0, 60)), stride=12, turn=30), rig=30),
}  # fmt: skip
REFERENCE = "front"


def _cast(
    name: str, face: Colour, hair: Colour, coat: Cloth, trousers: Cloth, shoes: Colour,
    scarf: Colour | None = None, **shape: object,
) -> Character:  # fmt: skip
    cloths = {
        "face": Cloth(face, roughness=0.5, folds=0.08),
        "hair": Cloth(hair, roughness=0.38, folds=0.9, scale=40),
        "coat": coat,
        "trousers": trousers,
        "shoes": Cloth(shoes, roughness=0.35, folds=0.1),
    }
    if scarf is not None:
        cloths["scarf"] = Cloth(scarf, roughness=0.85, folds=0.6, scale=30)
    return Character(name, cloths, **shape)  # type: ignore[arg-type]


CAST = (
    _cast("ada", (0.55, 0.33, 0.24), (0.07, 0.04, 0.022), Cloth((0.10, 0.18, 0.42)),
          Cloth((0.22, 0.21, 0.19)), (0.25, 0.10, 0.05)),
    _cast("bo", (0.26, 0.14, 0.085), (0.016, 0.014, 0.013),
          Cloth((0.42, 0.07, 0.06), "stripes", (0.62, 0.56, 0.45), 0.4, 14),
          Cloth((0.045, 0.055, 0.12)), (0.6, 0.58, 0.55), (0.52, 0.33, 0.06), girth=1.12),
    _cast("cal", (0.68, 0.45, 0.36), (0.40, 0.26, 0.10),
          Cloth((0.08, 0.22, 0.10), "checks", (0.04, 0.08, 0.05), 0.5, 10),
          Cloth((0.16, 0.09, 0.05)), (0.03, 0.03, 0.03), girth=0.9, cut="long"),
    _cast("dee", (0.42, 0.25, 0.17), (0.30, 0.29, 0.28),
          Cloth((0.24, 0.18, 0.28), "noise", (0.12, 0.11, 0.14), 0.5, 18),
          Cloth((0.12, 0.17, 0.30), folds=0.5), (0.40, 0.05, 0.05), (0.06, 0.30, 0.28),
          hem=0.55, cut="bun"),
    _cast("eli", (0.60, 0.38, 0.29), (0.22, 0.07, 0.025),
          Cloth((0.60, 0.40, 0.05), roughness=0.18, folds=0.2),
          Cloth((0.06, 0.10, 0.06)), (0.10, 0.10, 0.12), hem=0.5),
    _cast("fay", (0.48, 0.28, 0.20), (0.15, 0.05, 0.03),
          Cloth((0.022, 0.021, 0.022), roughness=0.32, folds=0.5), Cloth((0.06, 0.06, 0.065)),
          (0.16, 0.12, 0.09), (0.45, 0.04, 0.06), girth=0.94, cut="long"),
    _cast("gus", (0.34, 0.19, 0.12), (0.025, 0.022, 0.02), Cloth((0.70, 0.68, 0.64)),
          Cloth((0.42, 0.33, 0.22)), (0.14, 0.07, 0.04), girth=1.2),
    _cast("hal", (0.62, 0.42, 0.34), (0.13, 0.085, 0.05),
          Cloth((0.25, 0.15, 0.08), "noise", (0.10, 0.07, 0.05), 0.5, 25),
          Cloth((0.17, 0.17, 0.07)), (0.05, 0.06, 0.10), hem=0.7, cut="bun"),
    _cast("ivo", (0.50, 0.31, 0.22), (0.09, 0.06, 0.04),
          Cloth((0.035, 0.05, 0.13), "checks", (0.07, 0.09, 0.18), 0.5, 12),
          Cloth((0.04, 0.055, 0.13)), (0.20, 0.09, 0.03), (0.50, 0.20, 0.28), girth=1.06,
          frozen=True),
    _cast("jun", (0.37, 0.22, 0.14), (0.02, 0.018, 0.016),
          Cloth((0.10, 0.34, 0.12), "stripes", (0.55, 0.46, 0.08), 0.4, 11),
          Cloth((0.30, 0.28, 0.26)), (0.32, 0.30, 0.33), girth=0.95, cut="long", frozen=True),
)  # fmt: skip

KINDS = (("hue",), ("chroma",), ("mixed",), ("lightness",), ("hue", "mixed"))
"""The kinds of drift of the variants d0 to d4; the last one changes two regions."""


def drifts(character: Character) -> list[dict[str, Drift]]:
    """The variants of a character: which regions changed, and how. The same on every machine."""
    rng = random.Random(f"backlot {character.name}")
    regions = list(character.cloths)
    rng.shuffle(regions)
    found, at = [], 0
    for kinds in KINDS:
        variant = {}
        for kind in kinds:
            region = regions[at % len(regions)]
            at += 1
            variant[region] = _drift(character.cloths[region], kind, rng)
        found.append(variant)
    return found


def _drift(cloth: Cloth, kind: str, rng: random.Random) -> Drift:
    """A gain of a kind, as large as was drawn or as the albedo allows."""
    wanted, sign = rng.uniform(3.5, 12.0), rng.choice((-1.0, 1.0))
    way = rng.uniform(0.3, 1.0)
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        gain = _gain(cloth, kind, sign * middle, way)
        low, high = (middle, high) if _size(cloth, gain) < wanted else (low, middle)
    gain = _gain(cloth, kind, sign * low, way)
    red, green, blue = (round(float(g), 4) for g in gain)
    return Drift(
        kind, (red, green, blue), round(_size(cloth, gain), 2),
        round(_size(cloth, gain / _brighter(cloth, gain)), 2),
    )  # fmt: skip


def _gain(cloth: Cloth, kind: str, amount: float, way: float) -> Values:
    """Of the albedo; `amount` -1 to 1 of the largest change of this kind, in CIE Lab."""
    tone = _mean(cloth)
    lightness, a, b = lab(tone)
    chroma, hue = max(np.hypot(a, b), 4.0), np.arctan2(b, a)
    if kind in ("hue", "mixed"):
        hue += amount * 1.9
    if kind in ("chroma", "mixed"):
        chroma *= np.exp(amount * (1.6 if kind == "chroma" else way))
    if kind in ("lightness", "mixed"):
        lightness = np.clip(
            lightness * np.exp(amount * (0.9 if kind == "lightness" else way)), 2, 96
        )
    made = from_lab(np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)]))
    return np.asarray(np.clip(made, 0.003, 0.92) / tone)


def _mean(cloth: Cloth) -> Values:
    return (1 - cloth.share) * np.array(cloth.tone) + cloth.share * np.array(cloth.second)


def _brighter(cloth: Cloth, gain: Values) -> float:
    weights, tone = np.array([0.2126, 0.7152, 0.0722]), _mean(cloth)
    return float(weights @ (tone * gain) / (weights @ tone))


def _size(cloth: Cloth, gain: Values) -> float:
    """CIEDE2000 of a change, a pattern's colours by their shares."""
    pairs = ((1 - cloth.share, np.array(cloth.tone)), (cloth.share, np.array(cloth.second)))
    return sum(
        share * difference(lab(tone), lab(np.clip(tone * gain, 0, 0.95)))
        for share, tone in pairs
        if share > 0
    )


_XYZ = np.array(
    [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923],
     [0.0193308, 0.1191948, 0.9505322]]
)  # fmt: skip
"""Rec.709 to CIE XYZ (ITU-R BT.709)."""


def lab(rgb: npt.ArrayLike) -> Values:
    """Linear Rec.709 as CIE L*a*b* against its white (CIE 15)."""
    ratio = np.asarray(rgb, np.float64) @ _XYZ.T / _XYZ.sum(1)
    root = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def from_lab(value: Values) -> Values:
    """The inverse of `lab`; may lie outside of what a surface can have."""
    y = (value[0] + 16) / 116
    root = np.array([y + value[1] / 500, y, y - value[2] / 200])
    ratio = np.where(root > 6 / 29, root**3, 3 * (6 / 29) ** 2 * (root - 4 / 29))
    return np.asarray(np.linalg.solve(_XYZ, ratio * _XYZ.sum(1)))


def difference(one: Values, other: Values) -> float:
    """CIEDE2000 (CIE 142; Sharma, Wu, Dalal 2005) of two colours.

    Written out here a second time, since Blender's Python has no Backlot; a test holds both to the
    same values.
    """
    (l1, a1, b1), (l2, a2, b2) = (tuple(map(float, v)) for v in (one, other))
    seventh = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(seventh / (seventh + 25.0**7))
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1, h2 = (np.arctan2(b, a * stretch) % (2 * np.pi) for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + np.pi) % (2 * np.pi) - np.pi if c1 * c2 else 0.0
    middle = h1 + turn / 2 if c1 * c2 else h1 + h2
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    weight = (
        1 - 0.17 * np.cos(middle - np.pi / 6) + 0.24 * np.cos(2 * middle)
        + 0.32 * np.cos(3 * middle + np.radians(6)) - 0.20 * np.cos(4 * middle - np.radians(63))
    )  # fmt: skip
    dl = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(turn / 2) / (1 + 0.015 * chroma * weight)
    bend = np.exp(-((((np.degrees(middle) % 360) - 275) / 25) ** 2))
    cross = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(np.radians(60) * bend)
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + cross * dc * dh))
