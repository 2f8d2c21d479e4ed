"""A training run: determined by its recipe, kept on disk, and going on where it was stopped."""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

_WARM_UP = 200
_EMA = 0.999
_FINISH = 0.85


class Planned(Protocol):
    """A recipe, a dataclass: how many iterations, and the highest learning rate."""

    iterations: int
    rate: float


def learning_rate(recipe: Planned, iteration: int, hold: float = 0.0) -> float:
    """Warm-up, the highest rate for a part ``hold`` of the run, a cosine down to a thousandth."""
    held = hold * recipe.iterations
    falling = max(0.0, iteration - held) / (recipe.iterations - held)
    along = 0.5 * (1 + math.cos(math.pi * falling))
    return recipe.rate * min(1, (iteration + 1) / _WARM_UP) * (1e-3 + (1 - 1e-3) * along)


class Run(ABC):
    """Network, its moving average, optimiser, position in the data.

    network and average begin alike; rng draws the data and nothing else. In folder: log.jsonl,
    checkpoint.pt, weights.safetensors (of the average).
    """

    report = 1000
    """Iterations between two lines of the log, each with a checkpoint."""
    most_gradient: float | None = None
    """The norm that a batch's gradients are cut to, if any."""

    def __init__(
        self,
        recipe: Planned,
        folder: Path,
        network: nn.Module,
        average: nn.Module,
        rng: np.random.Generator,
    ) -> None:
        self.recipe, self.folder = recipe, folder
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device)
        self.average = average.to(self.device)
        self.rng = rng
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=recipe.rate, betas=(0.9, 0.99), fused=True
        )
        self.iteration, self.seconds = 0, 0.0

    @abstractmethod
    def loss(self) -> Tensor:
        """Of the next batch."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """What the log says of the average, on images of another seed."""

    @property
    def finishing(self) -> bool:
        """Whether this is the last part, all of which is float32."""
        return self.iteration >= _FINISH * self.recipe.iterations

    def autocast(self) -> torch.autocast:
        """bf16, but for the last part."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=not self.finishing)

    def rate(self) -> float:
        """The learning rate of the next iteration."""
        return learning_rate(self.recipe, self.iteration)

    def step(self) -> float:
        """One iteration; the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        value = self.loss()
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        if self.most_gradient is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.most_gradient)
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
            "patches": json.dumps(self.rng.bit_generator.state),
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
        self.rng.bit_generator.state = json.loads(state["patches"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]

    def run(self) -> None:
        """Train to the end, logging and saving as often as `report` says.

        A run of no iterations keeps the weights that it begins with.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.resume()
        started, losses = time.monotonic() - self.seconds, []
        while self.iteration < self.recipe.iterations:
            losses.append(self.step())
            if self.iteration % self.report and self.iteration < self.recipe.iterations:
                continue
            self.seconds = time.monotonic() - started
            facts = {"iteration": self.iteration, "seconds": round(self.seconds)}
            line = json.dumps(
                {**facts, "loss": round(float(np.mean(losses)), 6), **self.validate()}
            )
            losses.clear()
            with (self.folder / "log.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
            print(line, flush=True)
            self.save()
        if not self.recipe.iterations:
            self.save()
