"""The networks Backlot ships, and how each is trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Everything a training run depends on, besides the generator.

    features, layers: width and depth of the body. images: how many generated images are used.
    patch: side in pixels of the low resolution; batch: patches an iteration. rate: highest learning
    rate. start: the network whose head and body this one begins with.
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


_FAST = {"size": "fast", "features": 32, "layers": 12}
_FINE = {"size": "fine", "features": 48, "layers": 16}

_ALL = (
    Recipe("clean-x2-fast", 2, "clean", iterations=26_000, **_FAST),
    Recipe("clean-x2-fine-begin", 2, "clean", iterations=12_000, rate=3e-3, **_FINE),
    Recipe(
        "clean-x2-fine",
        2,
        "clean",
        iterations=20_000,
        rate=1.5e-3,
        seed=2027,
        start="clean-x2-fine-begin",
        **_FINE,
    ),
    Recipe(
        "clean-x4-fast", 4, "clean", iterations=6_000, rate=2e-3, start="clean-x2-fast", **_FAST
    ),
    Recipe(
        "compressed-x2-fast",
        2,
        "compressed",
        iterations=5_000,
        rate=2e-3,
        start="clean-x2-fast",
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
    Recipe(
        "clean-x4-fine",
        4,
        "clean",
        iterations=6_000,
        rate=2e-3,
        seed=2027,
        start="clean-x2-fine",
        **_FINE,
    ),
)
RECIPES = {recipe.name: recipe for recipe in _ALL}
SHIPPED = tuple(name for name in RECIPES if not name.endswith("-begin"))
"""The others are what some of these begin with."""
