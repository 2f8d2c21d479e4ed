"""Train from nothing: ``python -m training.train [--network clean-x2-fast]``; without a name, all.

Generates what is missing of the images, trains, and writes the weights for the product. A run is
determined by its recipe; stopped at any time, the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from training import generate
from training.data import Patches, reduce
from training.degrade import degrade
from training.export import WEIGHTS, export
from training.networks import Upscaler
from training.recipes import IMAGES_SEED, RECIPES, SHIPPED, Recipe

VALIDATION_SEED = 1
VALIDATION_IMAGES = 12
_REPORT = 1000
_WARM_UP = 200
_EMA = 0.999
_FINISH = 0.85


def build(recipe: Recipe, runs: Path) -> Upscaler:
    """A fresh network, beginning with the weights of ``recipe.start`` where there is one."""
    torch.manual_seed(recipe.seed)
    network = Upscaler(recipe.scale, recipe.features, recipe.layers)
    if recipe.start:
        known = load_file(runs / recipe.start / "weights.safetensors")
        if len(known["tail"]) != len(network.tail):
            del known["tail"]
        network.load_state_dict(known, strict=False)
    return network


def validation(recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Generated images of another seed: low (12, 3, h, w) and high (12, 3, H, W), 0..1.

    For a network for compressed footage, low is spoilt as in training, always the same way.
    """
    high = np.stack(list(generate.images(VALIDATION_SEED, 0, VALIDATION_IMAGES, recipe.look)))
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


def learning_rate(recipe: Recipe, iteration: int) -> float:
    """Warm-up, then a cosine down to a thousandth."""
    along = 0.5 * (1 + math.cos(math.pi * iteration / recipe.iterations))
    return recipe.rate * min(1, (iteration + 1) / _WARM_UP) * (1e-3 + (1 - 1e-3) * along)


def loss(result: Tensor, truth: Tensor, finishing: bool) -> Tensor:
    """Charbonnier; towards the end the squared error, which PSNR measures."""
    error = result - truth
    if finishing:
        return 20 * error.square().mean()
    return torch.sqrt(error.square() + 1e-6).mean()


class Training:
    """A run: network, its moving average, optimiser, position in the data."""

    def __init__(self, recipe: Recipe, cache: Path, runs: Path) -> None:
        self.recipe = recipe
        self.folder = runs / recipe.name
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = build(recipe, runs).to(self.device, memory_format=torch.channels_last)
        self.average = build(recipe, runs).to(self.device)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=recipe.rate, betas=(0.9, 0.99), fused=True
        )
        self.patches = Patches(recipe, cache)
        self.iteration = 0
        self.seconds = 0.0

    def step(self) -> float:
        """One iteration; the loss."""
        finishing = self.iteration >= _FINISH * self.recipe.iterations
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.recipe, self.iteration)
        low, high = (torch.from_numpy(a).to(self.device) for a in self.patches.batch())
        low = low.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=not finishing):
            result = self.network(low)
        value = loss(result, high, finishing)
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        self.optimiser.step()
        self.iteration += 1
        keep = min(_EMA, (1 + self.iteration) / (10 + self.iteration))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.network.parameters()), 1 - keep
            )
        return value.item()

    def save(self) -> None:
        """Write the checkpoint, and the averaged weights beside it."""
        state = {
            "recipe": json.dumps(asdict(self.recipe)),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "patches": json.dumps(self.patches.rng.bit_generator.state),
            "iteration": self.iteration,
            "seconds": self.seconds,
        }
        torch.save(state, self.folder / "checkpoint.part")
        (self.folder / "checkpoint.part").replace(self.folder / "checkpoint.pt")
        weights = {k: v.contiguous().cpu() for k, v in self.average.state_dict().items()}
        save_file(weights, self.folder / "weights.safetensors")

    def resume(self) -> None:
        """Go on from the checkpoint, if any; raises ValueError if it is another recipe's."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        if json.loads(state["recipe"]) != asdict(self.recipe):
            raise ValueError(f"{path} belongs to another recipe: move {self.folder} away")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.patches.rng.bit_generator.state = json.loads(state["patches"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]

    def run(self) -> None:
        """Train to the end, logging and saving every thousand iterations."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.resume()
        low, high = (t.to(self.device) for t in validation(self.recipe))
        started, total = time.monotonic() - self.seconds, 0.0
        while self.iteration < self.recipe.iterations:
            total += self.step()
            if self.iteration % _REPORT and self.iteration < self.recipe.iterations:
                continue
            self.seconds = time.monotonic() - started
            line = {
                "iteration": self.iteration,
                "seconds": round(self.seconds),
                "loss": round(total / _REPORT, 6),
                "psnr": round(fidelity(self.average, low, high), 3),
            }
            total = 0.0
            with (self.folder / "log.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)
            self.save()


def train(recipe: Recipe, cache: Path, runs: Path) -> None:
    """Generate, train what this network starts from, train it."""
    if recipe.start and not (runs / recipe.start / "weights.safetensors").exists():
        train(RECIPES[recipe.start], cache, runs)
    workers = os.cpu_count() or 1
    generate.fill(cache / recipe.look, IMAGES_SEED, recipe.look, recipe.images, workers)
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
