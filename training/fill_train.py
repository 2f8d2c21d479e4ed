"""Train the fill network: ``python -m training.fill_train``. Samples: `training.fill_samples`.

The squared error in the hole, in units of the votes' own error there, so that a flat wall counts as
much as a hedge. Nothing asks it to be sharp: told to reach the truth's gradients, it hatched its
holes; what is fine comes from the picture's own patches. Stopped at any time, the same command
goes on where it was.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from training.fill_network import FillNetwork
from training.fill_samples import SHOWN, open_samples
from training.run import Run

_LEAST_ERROR = 2e-4


@dataclass(frozen=True)
class FillRecipe:
    """Everything a run depends on, besides the samples. rate: highest learning rate.

    start: the folder, beside this run's, of a run whose averaged weights it begins with.
    """

    iterations: int = 8000
    images: int = 475
    batch: int = 16
    rate: float = 2e-3
    seed: int = 2026
    start: str = ""


class Batches:
    """Batches of samples, turned, mirrored, their colours permuted; the seed alone decides."""

    def __init__(self, recipe: FillRecipe, samples: NDArray[np.float16]) -> None:
        self.recipe, self.samples = recipe, samples
        self.rng = np.random.default_rng(recipe.seed)

    def next(self) -> Tensor:
        """(batch, PLANES, SIDE, SIDE) float32."""
        at = self.rng.integers(len(self.samples), size=self.recipe.batch)
        return torch.from_numpy(np.stack([self._changed(self.samples[n]) for n in at]))

    def _changed(self, planes: NDArray[np.float16]) -> NDArray[np.float32]:
        if self.rng.random() < 0.5:
            colours = self.rng.permutation(3)
            order = np.arange(len(planes))
            for first in (0, 3, 6, SHOWN):
                order[first : first + 3] = first + colours
            planes = planes[order]
        turned = np.rot90(planes, int(self.rng.integers(4)), (1, 2))
        if self.rng.random() < 0.5:
            turned = turned[:, :, ::-1]
        return turned.astype(np.float32)


def losses(network: FillNetwork, planes: Tensor) -> tuple[Tensor, Tensor]:
    """Relative error, and error in decibels below the votes', of a batch."""
    given, wanted = planes[:, :SHOWN], planes[:, SHOWN : SHOWN + 3]
    counts = planes[:, -2:-1]
    answer = network(given).float() * counts
    own = ((wanted - answer).square() * counts).sum(dim=(1, 2, 3))
    votes = (wanted.square() * counts).sum(dim=(1, 2, 3))
    size = counts.sum(dim=(1, 2, 3)) * 3
    relative = own / (votes + _LEAST_ERROR * size + 1e-6)
    decibels = 10 * torch.log10((votes.sum() + 1e-9) / (own.sum() + 1e-9))
    return relative.mean(), decibels


class FillTraining(Run):
    """A run of the fill network."""

    report = 250
    most_gradient = 1.0

    def __init__(self, recipe: FillRecipe, samples: Path, folder: Path) -> None:
        torch.manual_seed(recipe.seed)
        train, validation = open_samples(samples, recipe.images)
        self.batches = Batches(recipe, train)
        self.validation = torch.from_numpy(validation.astype(np.float32))
        network, average = FillNetwork(), FillNetwork()
        if recipe.start:
            network.load_state_dict(load_file(folder.parent / recipe.start / "weights.safetensors"))
        average.load_state_dict(network.state_dict())
        super().__init__(recipe, folder, network, average, self.batches.rng)

    def loss(self) -> Tensor:
        """Of the next samples, relative."""
        with self.autocast():
            value, _ = losses(self.network, self.batches.next().to(self.device))
        return value

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """On generated images of another seed."""
        parts = self.validation.to(self.device).split(32)
        found = [losses(self.average, part) for part in parts]
        error, decibels = (float(np.mean([float(pair[n]) for pair in found])) for n in (0, 1))
        return {"error": round(error, 4), "gained": round(decibels, 3)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train the fill network.")
    parser.add_argument("--samples", type=Path, default=Path("build/training/fill"))
    parser.add_argument("--run", type=Path, default=Path("build/training/runs/fill"))
    parser.add_argument("--iterations", type=int, default=FillRecipe.iterations)
    parser.add_argument("--rate", type=float, default=FillRecipe.rate)
    parser.add_argument("--start", default="")
    parser.add_argument("--images", type=int, default=FillRecipe.images)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    recipe = FillRecipe(
        iterations=given.iterations,
        images=given.images,
        rate=given.rate,
        start=given.start,
    )
    FillTraining(recipe, given.samples, given.run).run()


if __name__ == "__main__":
    main()
