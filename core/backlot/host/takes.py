"""Takes: numbered folders of results, each with what it was made of. Nothing is overwritten."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from typing import Any, Iterable, Mapping

from .specs import write_json

_NAME = re.compile(r"^v(\d{3,})$")
_RECIPE = "take.json"


class Take:
    """One folder of results. name: "v001" and so on."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.name = os.path.basename(folder)

    @property
    def number(self) -> int:
        return int(self.name[1:])

    def recipe(self) -> dict[str, Any]:
        """What it was made of; empty when that was not written down."""
        try:
            with open(os.path.join(self.folder, _RECIPE), encoding="utf-8") as file:
                kept = json.load(file)
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def save_recipe(self, recipe: Mapping[str, Any]) -> None:
        """Write down what it is made of: tool, params, inputs, fingerprint and the like."""
        write_json(os.path.join(self.folder, _RECIPE), dict(recipe))

    def file(self, pattern: str) -> str:
        """A path inside the take."""
        return os.path.join(self.folder, pattern)

    def discard(self) -> None:
        """Give the number back where nothing came of it: removes the folder if it is empty."""
        with contextlib.suppress(OSError):
            os.rmdir(self.folder)

    def stale(self, now: str) -> bool:
        """Whether it was made of something else than what has the fingerprint `now`."""
        return self.recipe().get("fingerprint") != now


class Takes:
    """The takes of one shot or node, in a folder that need not be there yet."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def all(self) -> list[Take]:
        """Oldest first."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        numbered = sorted(
            (int(found.group(1)), found.group(0)) for found in map(_NAME.match, names) if found
        )
        return [Take(os.path.join(self.folder, name)) for _, name in numbered]

    def named(self, name: str) -> Take | None:
        return next((take for take in self.all() if take.name == name), None)

    def new(self) -> Take:
        """A fresh folder, numbered after the newest; safe against another host doing the same."""
        os.makedirs(self.folder, exist_ok=True)
        number = 1 + max([0] + [take.number for take in self.all()])
        while True:
            folder = os.path.join(self.folder, "v{:03d}".format(number))
            try:
                os.mkdir(folder)
            except FileExistsError:
                number += 1
                continue
            return Take(folder)


def fingerprint(made_of: Mapping[str, Any]) -> str:
    """32 hexadecimal digits that change whenever any of it does. made_of: plain JSON values."""
    text = json.dumps(made_of, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def stamps(paths: Iterable[str]) -> list[list[int]]:
    """Size and time of change of each file, for a fingerprint; [0, 0] where there is none."""
    found = []
    for path in paths:
        try:
            state = os.stat(path)
            found.append([state.st_size, state.st_mtime_ns])
        except OSError:
            found.append([0, 0])
    return found
