"""The small networks of tests/server/networks as installed models of a user."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from backlot_server.models import Card, read_card

NETWORKS = Path(__file__).parent / "networks"


def install(folder: Path, file: str, name: str = "", **fields: Any) -> Card:
    """Copy a test network into a folder and write its card."""
    folder.mkdir(parents=True, exist_ok=True)
    name = name or file.removesuffix(".onnx")
    target = folder / f"{name}.onnx"
    shutil.copy(NETWORKS / file, target)
    content = target.read_bytes()
    card = {
        "name": name,
        "scale": 4 if "x4" in file else 2,
        "margin": 2,
        "encoding": "power2",
        "file": target.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "verdict": "green",
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps({**card, **fields}))
    return read_card(path)
