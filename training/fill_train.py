"""Train the fill network: ``python -m training.fill_train``. Samples: `training.fill_samples`.

The squared error in the hole, in units of the votes' own error there, so that a flat wall counts as
much as a hedge. Nothing asks it to be sharp: told to reach the truth's gradients, it hatched its
holes; what is fine comes from the picture's own patches. Stopped at any time, the same command
goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from training.fill_network import FillNetwork
from training.fill_samples import SHOWN, open_samples

_REPORT = 250
_WARM_UP = 200
_EMA = 0.999
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


class FillTraining:
    """A run: network, its moving average, optimiser, position in the data."""

    def __init__(self, recipe: FillRecipe, samples: Path, folder: Path) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.folder = recipe, folder
        train, validation = open_samples(samples, recipe.images)
        self.batches = Batches(recipe, train)
        self.validation = torch.from_numpy(validation.astype(np.float32))
        self.network = FillNetwork()
        if recipe.start:
            begun = load_file(folder.parent / recipe.start / "weights.safetensors")
            self.network.load_state_dict(begun)
        self.average = FillNetwork()
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=recipe.rate, betas=(0.9, 0.99), fused=True
        )
        self.iteration, self.seconds = 0, 0.0

    def step(self) -> float:
        """One iteration; the loss."""
        recipe, done = self.recipe, self.iteration / self.recipe.iterations
        along = 0.5 * (1 + math.cos(math.pi * done))
        for group in self.optimiser.param_groups:
            warm = min(1, (self.iteration + 1) / _WARM_UP)
            group["lr"] = recipe.rate * warm * (1e-3 + (1 - 1e-3) * along)
        planes = self.batches.next()
        with torch.autocast("cpu", torch.bfloat16, enabled=done < 0.85):
            value, _ = losses(self.network, planes)
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.iteration += 1
        keep = min(_EMA, (1 + self.iteration) / (10 + self.iteration))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.network.parameters()), 1 - keep
            )
        return value.item()

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """On generated images of another seed."""
        found = [losses(self.average, part) for part in self.validation.split(32)]
        error, decibels = (float(np.mean([float(pair[n]) for pair in found])) for n in (0, 1))
        return {"error": round(error, 4), "gained": round(decibels, 3)}

    def save(self) -> None:
        """Write the checkpoint, and the averaged weights beside it."""
        state = {
            "recipe": json.dumps(asdict(self.recipe)),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "batches": json.dumps(self.batches.rng.bit_generator.state),
            "iteration": self.iteration,
            "seconds": self.seconds,
        }
        torch.save(state, self.folder / "checkpoint.part")
        (self.folder / "checkpoint.part").replace(self.folder / "checkpoint.pt")
        weights = {k: v.contiguous() for k, v in self.average.state_dict().items()}
        save_file(weights, self.folder / "weights.safetensors")

    def resume(self) -> None:
        """Go on from the checkpoint, if any; raises ValueError if it is another recipe's."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        if json.loads(state["recipe"]) != asdict(self.recipe):
            raise ValueError(f"{path} belongs to another recipe: move {self.folder} away")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.batches.rng.bit_generator.state = json.loads(state["batches"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]

    def run(self) -> None:
        """Train to the end, logging and saving."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.resume()
        started, total = time.monotonic() - self.seconds, 0.0
        while self.iteration < self.recipe.iterations:
            total += self.step()
            if self.iteration % _REPORT and self.iteration < self.recipe.iterations:
                continue
            self.seconds = time.monotonic() - started
            facts = {"iteration": self.iteration, "seconds": round(self.seconds)}
            line = json.dumps({**facts, "loss": round(total / _REPORT, 4), **self.validate()})
            total = 0.0
            with (self.folder / "log.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
            print(line, flush=True)
            self.save()


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
