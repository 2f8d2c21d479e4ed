"""The networks Backlot ships, and how each is trained."""

from __future__ import annotations

from dataclasses import dataclass

IMAGES_SEED = 2026
"""Of all images that networks learn from; a recipe's seed is that of its weights and patches."""


@dataclass(frozen=True)
class Recipe:
    """Everything a training run depends on, besides the generator.

    features, layers: width and depth of the body. images: how many generated images are used of
    each look; look: one of ``looks.LOOKS``, or several joined by "+". patch: side in pixels of the
    low resolution; batch: patches an iteration. rate: highest learning rate; hold: the part of the
    iterations that have it, before it falls. start: the network whose weights this one begins with,
    but for the last layer where the scale is another; with no iterations it keeps them.
    """

    name: str
    scale: int
    source: str
    size: str
    features: int
    layers: int
    iterations: int
    images: int = 2000
    patch: int = 40
    batch: int = 16
    rate: float = 4e-3
    seed: int = 2026
    start: str | None = None
    look: str = "plain"
    hold: float = 0.0

    @property
    def looks(self) -> list[str]:
        """The looks of its images."""
        return self.look.split("+")


@dataclass(frozen=True)
class Finish:
    """What is made of trained weights when they are exported.

    share: of the trained weights; the rest are those they began with. The mean of what was good for
    one look of pictures and what is good for another is better for both (M. Wortsman et al., "Model
    soups", ICML 2022). mirrors: how many mirror images of a picture the network sees, itself
    included (``networks.Mirrored``).
    """

    share: float = 1.0
    mirrors: int = 1


_FAST = {"size": "fast", "features": 32, "layers": 12}
_FINE = {"size": "fine", "features": 48, "layers": 16}
_PHOTO = {"look": "photo", "images": 1000, "seed": 2028}

_FIRST = (
    Recipe("clean-x2-fast-first", 2, "clean", iterations=26_000, **_FAST),
    Recipe("clean-x2-fine-first", 2, "clean", iterations=12_000, rate=3e-3, **_FINE),
    Recipe(
        "clean-x2-fine-second",
        2,
        "clean",
        iterations=20_000,
        rate=1.5e-3,
        seed=2027,
        start="clean-x2-fine-first",
        **_FINE,
    ),
    Recipe(
        "clean-x4-fine-first",
        4,
        "clean",
        iterations=6_000,
        rate=2e-3,
        seed=2027,
        start="clean-x2-fine-second",
        **_FINE,
    ),
    Recipe(
        "clean-x4-fine-second",
        4,
        "clean",
        iterations=2_000,
        rate=2e-3,
        start="clean-x4-fine-first",
        **_PHOTO,
        **_FINE,
    ),
)
_LAST = (
    Recipe(
        "clean-x2-fast",
        2,
        "clean",
        iterations=6_000,
        rate=1e-3,
        start="clean-x2-fast-first",
        **_PHOTO,
        **_FAST,
    ),
    Recipe(
        "clean-x2-fine",
        2,
        "clean",
        iterations=5_000,
        rate=1e-3,
        start="clean-x2-fine-second",
        **_PHOTO,
        **_FINE,
    ),
    Recipe(
        "clean-x4-fine",
        4,
        "clean",
        iterations=17_000,
        images=1000,
        patch=48,
        batch=12,
        rate=1.5e-3,
        seed=2029,
        start="clean-x4-fine-second",
        look="plain+photo",
        hold=0.5,
        **_FINE,
    ),
    Recipe(
        "clean-x4-fast",
        4,
        "clean",
        iterations=0,
        start="clean-x4-fine",
        **_FINE | {"size": "fast"},
    ),
    Recipe(
        "compressed-x2-fast",
        2,
        "compressed",
        iterations=5_000,
        rate=2e-3,
        start="clean-x2-fast-first",
        **_FAST,
    ),
    Recipe(
        "compressed-x4-fast",
        4,
        "compressed",
        iterations=6_000,
        rate=2e-3,
        seed=2027,
        start="compressed-x2-fast",
        **_FAST,
    ),
)
RECIPES = {recipe.name: recipe for recipe in (*_FIRST, *_LAST)}
FINISHES = {
    "clean-x2-fast": Finish(share=0.5),
    "clean-x2-fine": Finish(share=0.5, mirrors=4),
    "clean-x4-fine": Finish(mirrors=4),
}
"""Of the others: trained weights as they are, and the picture alone."""
SHIPPED = tuple(recipe.name for recipe in _LAST)
"""The others are what these begin with."""
