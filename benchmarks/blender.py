"""Blender: a 4K float image through the add-on and back, what enabling costs, what a tick costs.

Needs Blender's Python module (`make bpy`); without it there are no figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .figures import Figure, own_server

ROOT = Path(__file__).resolve().parent.parent
INSIDE = ROOT / "tests/blender/inside/measure.py"


def figures() -> Iterator[Figure]:
    pythons = sorted(ROOT.glob(".cache/bpy-4.5*/bin/python")) or sorted(
        ROOT.glob(".cache/bpy-*/bin/python")
    )
    python = os.environ.get("BACKLOT_BPY_PYTHON") or (str(pythons[0]) if pythons else "")
    if not python:
        return
    sys.path.insert(0, str(ROOT))
    from plugins.blender import build

    with tempfile.TemporaryDirectory(prefix="backlot-") as folder, own_server():
        package, _ = build.build(folder)
        environment = {**os.environ, "BLENDER_USER_RESOURCES": f"{folder}/user"}
        out = subprocess.run(
            [python, str(INSIDE), "--", str(package), sys.executable, folder],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
    told = json.loads(next(line for line in out.stdout.splitlines() if line.startswith("{")))
    note = "over foreach_get and foreach_set of the same image"
    yield Figure("Blender: 4K float datablock, pass-through, data", told["data"], "x", 5.0, note)
    yield Figure("Blender: the same in scene-linear colour", told["color"], "x", None, note)
    yield Figure("Blender: enable the add-on", told["enable"] * 1000, "ms", 150.0)
    yield Figure("Blender: timer work a tick, longest", told["tick"] * 1000, "ms", 2.0)
