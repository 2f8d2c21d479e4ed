"""A character by construction: stripes of known colour, worn and shaded, under any light."""

import json

import numpy as np

from backlot import Frame
from backlot_server.look.colour import from_opponent

REGIONS = {
    "face": (0.55, 0.36, 0.27),
    "hair": (0.10, 0.06, 0.04),
    "coat": (0.12, 0.20, 0.45),
    "trousers": (0.25, 0.24, 0.20),
    "shoes": (0.35, 0.12, 0.08),
}
SIZE = 48
WARM = (0.2, 0.19, -0.46)
"""A lamp: brighter, along the Planckian locus."""


def frame(number=1, light=(0.0, 0.0, 0.0), drift=None, dtype=np.float16, grain=0.01, tall=64):
    """light, drift[region]: opponents. Every frame has its own grain and a moving shade."""
    rng = np.random.default_rng(number)
    wide = SIZE * len(REGIONS) + 40
    pixels = np.full((tall, wide, 4), 0.18, np.float32)
    pixels[..., 3] = 1.0
    worn = np.random.default_rng(7).normal(0, 0.08, (tall, wide, 1))
    shade = np.exp(0.35 * np.sin(np.arange(wide) / 17 + number / 9))[None, :, None]
    for at, (name, tone) in enumerate(REGIONS.items()):
        gain = from_opponent((drift or {}).get(name, (0, 0, 0)))
        pixels[8:-8, 20 + at * SIZE : 16 + (at + 1) * SIZE, :3] = np.array(tone) * gain
    lit = pixels[..., :3] * np.exp(worn) * shade * from_opponent(light)
    pixels[..., :3] = lit + grain * np.sqrt(lit) * rng.normal(0, 1, lit.shape)
    return Frame(pixels.astype(dtype), number=number)


def matte(tall=64):
    """A channel for each region and A for all; the outer columns of each are soft."""
    wide = SIZE * len(REGIONS) + 40
    cover = np.zeros((tall, wide, len(REGIONS) + 1), np.float16)
    for at in range(len(REGIONS)):
        left, right = 20 + at * SIZE, 16 + (at + 1) * SIZE
        cover[8:-8, left:right, at] = 1.0
        cover[8:-8, [left, right - 1], at] = 0.5
    cover[..., -1] = cover[..., :-1].max(2)
    return Frame(cover, (*REGIONS, "A"), meaning="data")


def character(*looks, **more):
    """What a client sends, from what "describe" measured."""
    references = [{"id": f"r{n}", "costume": "", "looks": one} for n, one in enumerate(looks)]
    return json.dumps({"regions": list(REGIONS), "references": references, **more})
