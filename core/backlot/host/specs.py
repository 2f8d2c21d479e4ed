"""The tools as the server advertised them, kept on disk so that a file opens without a server."""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Mapping, Sequence

Spec = Mapping[str, Any]


def load_specs(path: str) -> list[dict[str, Any]]:
    """The specs kept at `path`; none when there are none, or when they are of no use."""
    try:
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        specs = [dict(spec) for spec in kept["tools"]]
        return specs if all(spec["name"] and spec["params"] is not None for spec in specs) else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def save_specs(path: str, specs: Sequence[Spec]) -> bool:
    """Keep them, whole or not at all. True when they are other than those kept before."""
    if load_specs(path) == [dict(spec) for spec in specs]:
        return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_json(path, {"tools": list(specs)})
    return True


def write_json(path: str, value: Any) -> None:
    """Write under another name, then rename: a reader never sees half a file."""
    partial = "{}.{}.partial".format(path, os.getpid())
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, ensure_ascii=False)
        file.write("\n")
    os.replace(partial, path)


def offered(specs: Sequence[Spec]) -> list[Spec]:
    """Those that a host shows."""
    return [spec for spec in specs if not spec.get("hidden")]


def spec_named(specs: Sequence[Spec], name: str) -> Spec | None:
    return next((spec for spec in specs if spec["name"] == name), None)


def window(pipe: Spec, value: Callable[[str], Any]) -> tuple[int, int]:
    """Frames before and after that the tool may ask for. value: of a parameter, by name."""
    name, _, wanted = (pipe.get("window_param") or "").partition("=")
    if name and (value(name) != wanted if wanted else not value(name)):
        return 0, 0
    return pipe["before"], pipe["after"]


def defaults(spec: Spec) -> dict[str, Any]:
    """A value for every parameter."""
    return {param["name"]: param["default"] for param in spec["params"]}


def arranged(spec: Spec) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Parameters by group, groups in the order of their first parameter; "" comes first."""
    groups: dict[str, list[Mapping[str, Any]]] = {"": []}
    for param in spec["params"]:
        groups.setdefault(param.get("group", ""), []).append(param)
    return [(name, params) for name, params in groups.items() if params]
