"""What the panel remembers: where it was, what was set, presets. One small JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..store import state_folder


class Memory:
    """A dictionary that survives. Writing is atomic; a damaged file is an empty one."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_folder() / "panel.json"
        try:
            self.values: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.values = {}

    def get(self, name: str, default: Any) -> Any:
        return self.values.get(name, default)

    def set(self, name: str, value: Any) -> None:
        if self.values.get(name) != value:
            self.values[name] = value
            self.save()

    def presets(self, tool: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.values.get("presets", {}).get(tool, {})
        return found

    def keep_preset(self, tool: str, name: str, params: dict[str, Any]) -> None:
        self.values.setdefault("presets", {}).setdefault(tool, {})[name] = params
        self.save()

    def drop_preset(self, tool: str, name: str) -> None:
        self.values.get("presets", {}).get(tool, {}).pop(name, None)
        self.save()

    def save(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial = self.path.with_suffix(".partial")
            partial.write_text(json.dumps(self.values, indent=1), encoding="utf-8")
            partial.replace(self.path)
        except OSError:
            return  # a full disk must not keep anybody from working
