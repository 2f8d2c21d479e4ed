"""Train from nothing: ``python -m training.train [--network clean-x2-fast]``; without a name, all.

Generates what is missing of the images, trains, and writes the weights for the product. A run is
determined by its recipe; stopped at any time, the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from training import generate
from training.data import Patches, reduce
from training.degrade import degrade
from training.export import WEIGHTS, export
from training.networks import Upscaler
from training.recipes import IMAGES_SEED, RECIPES, SHIPPED, Recipe
from training.run import Run, learning_rate

VALIDATION_SEED = 1
VALIDATION_IMAGES = 12


def build(recipe: Recipe, runs: Path) -> Upscaler:
    """A fresh network, beginning with the weights of ``recipe.start`` where there is one."""
    torch.manual_seed(recipe.seed)
    network = Upscaler(recipe.scale, recipe.features, recipe.layers)
    if recipe.start:
        known = load_file(runs / recipe.start / "weights.safetensors")
        if len(known["tail"]) != len(network.tail):
            del known["tail"]
        begin(network, known)
    return network


@torch.no_grad()
def begin(network: Upscaler, known: dict[str, Tensor]) -> None:
    """Put known weights into a network, which may have more features than they are for.

    What it has more is fresh, and nothing known reads it: the network begins by doing the same.
    """
    for name, weight in network.named_parameters():
        if name in known:
            if known[name].shape != weight.shape:
                weight[: len(known[name])] = 0
            weight[tuple(slice(side) for side in known[name].shape)] = known[name]


def validation(recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Generated images of another seed: low (n, 3, h, w) and high (n, 3, H, W), 0..1.

    12 of each look. For a network for compressed footage, low is spoilt as in training, always the
    same way.
    """
    made = (generate.images(VALIDATION_SEED, 0, VALIDATION_IMAGES, look) for look in recipe.looks)
    high = np.stack([image for images in made for image in images])
    low = np.stack([reduce(image, recipe.scale) for image in high])
    high, low = (a.transpose(0, 3, 1, 2).astype(np.float32) for a in (high, low))
    if recipe.source == "compressed":
        rng = np.random.default_rng(VALIDATION_SEED)
        low = np.stack([degrade(rng, image) for image in low])
    return torch.from_numpy(low) / 255, torch.from_numpy(high) / 255


@torch.no_grad()
def fidelity(network: Upscaler, low: Tensor, high: Tensor) -> float:
    """Mean PSNR over images, RGB, 4 pixels of border left out, decibels."""
    values = []
    for a, b in zip(low, high, strict=True):
        error = (network(a[None]).clamp(0, 1) - b)[..., 4:-4, 4:-4].square().mean()
        values.append(-10 * math.log10(error.item()))
    return float(np.mean(values))


def loss(result: Tensor, truth: Tensor, finishing: bool) -> Tensor:
    """Charbonnier; towards the end the squared error, which PSNR measures."""
    error = result - truth
    if finishing:
        return 20 * error.square().mean()
    return torch.sqrt(error.square() + 1e-6).mean()


class Training(Run):
    """A run of an upscaling network."""

    recipe: Recipe

    def __init__(self, recipe: Recipe, cache: Path, runs: Path) -> None:
        self.patches = Patches(recipe, cache)
        network = build(recipe, runs).to(memory_format=torch.channels_last)
        average = build(recipe, runs)
        super().__init__(recipe, runs / recipe.name, network, average, self.patches.rng)
        self.shown: tuple[Tensor, Tensor] | None = None

    def rate(self) -> float:
        """With the part that the recipe holds it for."""
        return learning_rate(self.recipe, self.iteration, self.recipe.hold)

    def loss(self) -> Tensor:
        """Of the next patches."""
        low, high = (torch.from_numpy(a).to(self.device) for a in self.patches.batch())
        with self.autocast():
            result = self.network(low.contiguous(memory_format=torch.channels_last))
        return loss(result, high, self.finishing)

    def validate(self) -> dict[str, float]:
        """PSNR in decibels."""
        if self.shown is None:
            low, high = validation(self.recipe)
            self.shown = low.to(self.device), high.to(self.device)
        return {"psnr": round(fidelity(self.average, *self.shown), 3)}


def train(recipe: Recipe, cache: Path, runs: Path) -> None:
    """Generate, train what this network starts from, train it."""
    if recipe.start and not (runs / recipe.start / "weights.safetensors").exists():
        train(RECIPES[recipe.start], cache, runs)
    workers = os.cpu_count() or 1
    for look in recipe.looks:
        generate.fill(cache / look, IMAGES_SEED, look, recipe.images, workers)
    Training(recipe, cache, runs).run()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train Backlot's networks from nothing.")
    parser.add_argument("--network", choices=sorted(RECIPES), help="only this one")
    parser.add_argument("--cache", type=Path, default=Path("build/training/images"))
    parser.add_argument("--runs", type=Path, default=Path("build/training/runs"))
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights go")
    parser.add_argument("--iterations", type=int, help="longer or shorter than the recipe")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name in [arguments.network] if arguments.network else SHIPPED:
        recipe = RECIPES[name]
        if arguments.iterations:
            recipe = replace(recipe, iterations=arguments.iterations)
        train(recipe, arguments.cache, arguments.runs)
        export(arguments.runs, name, arguments.out)


if __name__ == "__main__":
    main()
