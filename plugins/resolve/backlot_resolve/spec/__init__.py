"""Resolve's scripting interface as data: what can be called, how, and since which version.

`api.json` maps class -> method -> [fewest arguments, most (-1: any), kind returned, since]. It
holds facts read from the published references of 18.5, 18.6, 19.0, 19.1, 20.0, 20.3 and 21.0 and
from public descriptions of 21.1; "18.5" means 18.5 or earlier. `published.read` reads the copy
that a user has installed, and `differences` compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .published import Shape, Surface

Version = tuple[int, int]


@dataclass(frozen=True)
class Method:
    """One method. since: the first version that is known to have it."""

    owner: str
    name: str
    shape: Shape
    since: Version


def version(text: str) -> Version:
    """("21.0.4") -> (21, 0)."""
    major, _, rest = text.partition(".")
    return int(major), int(rest.partition(".")[0] or 0)


@cache
def table() -> Mapping[str, Mapping[str, Method]]:
    """Every known method by class and name."""
    raw = json.loads(Path(__file__).with_name("api.json").read_text(encoding="utf-8"))
    return {
        owner: {
            name: Method(owner, name, Shape(least, most, kind), version(since))
            for name, (least, most, kind, since) in methods.items()
        }
        for owner, methods in raw.items()
    }


def methods(owner: str, at: Version) -> dict[str, Method]:
    """The methods that a class has in a version."""
    return {name: m for name, m in table().get(owner, {}).items() if m.since <= at}


def differences(installed: Surface, at: Version, used: Iterable[str]) -> list[str]:
    """Sentences about `used` ("Timeline.GetName") that the installed reference does not bear out.

    Only what the plugin relies on is compared: that Resolve grew a method is no problem.
    """
    found = []
    for dotted in sorted(used):
        owner, name = dotted.split(".")
        known = table()[owner][name]
        there = installed.get(owner, {}).get(name)
        if there is None:
            if known.since <= at:
                found.append(f"{dotted} is not in the installed reference.")
        elif -1 not in (there.most, known.shape.most) and there.most < known.shape.most:
            found.append(
                f"{dotted} takes up to {there.most} arguments, not {known.shape.most}, "
                "in the installed reference."
            )
    return found
