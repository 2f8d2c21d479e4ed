"""Any light from one render: each light of the set was rendered by itself, and light adds up.

What comes out is a plate as a camera would have it: exposed, with grain, clipped, in half.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Picture = npt.NDArray[np.float32]

GROUPS = ("key", "other", "fill", "rim", "sky")
CLIP = 8.0
GRAIN = (0.0015, 0.01)
"""Variance a^2 + b^2 x, a channel."""
_TO_ACESCG = np.array(
    [[0.6130974, 0.3395231, 0.0473795], [0.0701937, 0.9163540, 0.0134523],
     [0.0206156, 0.1095698, 0.8698147]]
)  # fmt: skip
"""Linear Rec.709 to ACEScg, Bradford-adapted from D65 to the ACES white."""


@dataclass(frozen=True)
class Light:
    """strength and colour (kelvin, or RGB) of each group; stops over all; kind: as in KINDS.

    camera: another camera's 3x3, by which linear Rec.709 is multiplied.
    """

    groups: Mapping[str, tuple[float, float | tuple[float, float, float]]]
    kind: str
    stops: float = 0.0
    camera: tuple[tuple[float, ...], ...] = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


REFERENCE = Light(
    {"key": (0.9, 5200), "fill": (0.35, 5600), "sky": (0.2, 6500), "rim": (0.3, 5200)}, "reference"
)
_CAMERA = ((1.06, -0.05, -0.01), (0.03, 0.94, 0.03), (0.0, -0.06, 1.06))
LIGHTS = {
    "under": Light(REFERENCE.groups, "easy", -2.0),
    "tungsten": Light(
        {"key": (0.9, 3000), "fill": (0.4, 3000), "sky": (0.15, 3200)}, "easy", 1.0
    ),
    "camera": Light(
        {"key": (0.8, 4200), "fill": (0.45, 4300), "sky": (0.25, 4500)}, "easy", 0.0, _CAMERA
    ),
    "overcast": Light({"sky": (1.0, 8000), "fill": (0.12, 7500)}, "hard"),
    "contrast": Light({"other": (1.0, 4500), "fill": (0.1, 7500), "sky": (0.03, 7500)}, "hard"),
    "gel": Light({"key": (0.6, 5200), "fill": (0.3, 5600), "sky": (0.1, 6500),
                  "rim": (1.6, (1.0, 0.12, 0.75))}, "hard"),
    "day": Light({"sky": (0.5, 7500), "key": (1.1, 4000), "rim": (0.4, 4000)}, "hard", 2.0),
    "mixed": Light({"key": (0.8, 3200), "other": (0.5, 7000), "sky": (0.1, 7000)}, "hard"),
    "neon": Light({"key": (0.9, (0.05, 0.8, 1.0)), "other": (0.9, (1.0, 0.08, 0.1)),
                   "fill": (0.06, 5600)}, "two-colour"),
}  # fmt: skip
EASY, HARD, TWO_COLOUR = "easy", "hard", "two-colour"


def load(path: Path) -> dict[str, Picture]:
    """A render: each light's picture, (height, width, 3) linear Rec.709."""
    import OpenImageIO as oiio  # noqa: N813

    source = oiio.ImageBuf(str(path))
    names = list(source.spec().channelnames)
    pixels = source.get_pixels(oiio.FLOAT)
    return {
        group: pixels[..., [names.index(f"ViewLayer.Combined_{group}.{c}") for c in "RGB"]]
        for group in GROUPS
    }


def lit(groups: Mapping[str, Picture], light: Light) -> Picture:
    """The picture under a light, linear Rec.709."""
    total = np.zeros_like(next(iter(groups.values())))
    for name, (strength, colour) in light.groups.items():
        tone = kelvin(colour) if isinstance(colour, (int, float)) else np.array(colour)
        total += groups[name] * (2.0**light.stops * strength * tone).astype(np.float32)
    return np.asarray(total @ np.array(light.camera, np.float32).T)


def plate(picture: Picture, seed: str) -> npt.NDArray[np.float16]:
    """A picture as a camera has it: ACEScg with grain, held at CLIP, half. seed: any words."""
    pixels = scene(picture)
    noise = np.random.default_rng(zlib.crc32(seed.encode())).normal(0, 1, pixels.shape)
    low, high = GRAIN
    grained = pixels + noise * np.sqrt(low**2 + high**2 * np.maximum(pixels, 0))
    return np.asarray(np.minimum(grained, CLIP), np.float16)


def scene(picture: Picture) -> Picture:
    """Linear Rec.709 as ACEScg."""
    return np.asarray(np.maximum(picture, 0) @ _TO_ACESCG.astype(np.float32).T)


def kelvin(temperature: float) -> Values:
    """A black body as linear Rec.709 of luminance 1 (Kim et al. 2002)."""
    t = 1e3 / temperature
    if temperature < 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    xyz = np.array([x / y, 1.0, (1 - x - y) / y])
    to_rgb = np.array(
        [[3.2409699, -1.5373832, -0.4986108], [-0.9692436, 1.8759675, 0.0415551],
         [0.0556301, -0.2039770, 1.0569715]]
    )  # fmt: skip
    return np.asarray(np.maximum(to_rgb @ xyz, 0.0))
