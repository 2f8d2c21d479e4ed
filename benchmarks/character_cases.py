"""The rendered characters as frames in memory: plates under any light, mattes, and the truth.

What `make characters` renders into build/characters (or BACKLOT_CHARACTERS).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from examples.characters import cast, lights
from examples.characters.cast import Character, Drift

ROOT = Path(__file__).resolve().parent.parent
Picture = npt.NDArray[np.float32]
VARIANTS = ("clean", "d0", "d1", "d2", "d3", "d4")


@dataclass(frozen=True)
class Case:
    """One frame: a character in a view, drifted or not, under a light."""

    character: Character
    view: str
    variant: str
    light: str

    @property
    def drift(self) -> dict[str, Drift]:
        if self.variant == "clean":
            return {}
        return _drifts(self.character.name)[int(self.variant[1:])]

    @property
    def path(self) -> Path:
        return folder() / self.character.name / f"{self.view}.{self.variant}.exr"

    @property
    def kind(self) -> str:
        return lights.LIGHTS[self.light].kind

    def plate(self) -> npt.NDArray[np.float16]:
        return lights.plate(
            self.picture(), f"{self.path.parent.name}.{self.path.stem}.{self.light}"
        )

    def picture(self, light: str = "") -> Picture:
        """Without grain, linear Rec.709; light: another one."""
        return lit(self.path, light or self.light)

    def truth(self) -> Picture:
        """As it would look in this light if it had not drifted, ACEScg, without grain."""
        return lights.scene(self._clean().picture())

    def neutral(self) -> Picture:
        """The same in the reference's light."""
        return lights.scene(self._clean().picture("reference"))

    def _clean(self) -> Case:
        return Case(self.character, self.view, "clean", self.light)


def lit(path: Path, light: str) -> Picture:
    """A render under a light of that name, or the reference's. Without grain, linear Rec.709."""
    wanted = lights.REFERENCE if light == "reference" else lights.LIGHTS[light]
    return lights.lit(_groups(path), wanted)


def folder() -> Path:
    return Path(os.environ.get("BACKLOT_CHARACTERS", ROOT / "build" / "characters"))


def characters(frozen: bool) -> list[Character]:
    """Those that are rendered."""
    return [
        each
        for each in cast.CAST
        if each.frozen == frozen and (folder() / each.name / "far.d4.exr").exists()
    ]


def cases(character: Character) -> Iterator[Case]:
    """All but the reference; lights change first, so that a render is read once."""
    for view in character.views:
        if view != cast.REFERENCE:
            for variant in VARIANTS:
                for light in lights.LIGHTS:
                    yield Case(character, view, variant, light)


def reference(character: Character) -> npt.NDArray[np.float16]:
    path = folder() / character.name / f"{cast.REFERENCE}.clean.exr"
    return lights.plate(lights.lit(_groups(path), lights.REFERENCE), f"{character.name} reference")


def walk(character: Character, light: str, flicker: float) -> list[tuple[Path, Any]]:
    """A shot with the first drift, whose light is not steady: files, plates."""
    rng = np.random.default_rng(5)
    made = []
    for path in sorted((folder() / character.name).glob("walk.*.exr")):
        level = np.exp(rng.uniform(-flicker, flicker))
        picture = lights.lit(_groups(path), lights.LIGHTS[light]) * np.float32(level)
        made.append((path, lights.plate(picture, path.name + light)))
    return made


@cache
def _drifts(name: str) -> list[dict[str, Drift]]:
    return cast.drifts(next(each for each in cast.CAST if each.name == name))


@lru_cache(maxsize=4)
def mattes(path: Path, regions: tuple[str, ...]) -> Any:
    """Coverage of each region as the product reads it from Cryptomatte, a Frame."""
    from backlot.character.mattes import Mattes

    return Mattes(str(path), {name: (name,) for name in regions}).frame(0)


def shown(case: Case) -> tuple[str, ...]:
    """Regions of which the frame has anything at all: what is not in it, nobody can judge."""
    cover = mattes(case.path, tuple(case.character.cloths))
    there = {name: cover.pixels[..., at].any() for at, name in enumerate(cover.channels)}
    return tuple(name for name in case.character.cloths if there.get(name, False))


@lru_cache(maxsize=4)
def _groups(path: Path) -> dict[str, Picture]:
    return lights.load(path)
