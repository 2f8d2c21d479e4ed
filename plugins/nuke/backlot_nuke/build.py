"""The plugin as a folder for NUKE_PATH, made of this Backlot. Not copied into Nuke itself.

Gizmos are made of the tools of this Backlot as they are now, so that a script opens, and frames
that were made render, where no server ever runs.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import backlot
import backlot.host

from .gizmos import class_name, gizmo_text

HERE = Path(__file__).resolve().parent
_NOT_INSIDE = ("__pycache__", "onpath", "build.py", "install.py")


def tools() -> list[dict[str, Any]]:
    """The specs, asked of a server of our own that ends with the build."""
    from backlot import local
    from backlot.host import Link

    with tempfile.TemporaryDirectory(prefix="backlot-") as folder:
        own = {**os.environ, "BACKLOT_RUNTIME": folder + "/run", "BACKLOT_HOME": folder}
        before = os.environ.get("BACKLOT_RUNTIME")
        link = Link([sys.executable, "-m", "backlot.link"], "build", environment=own)
        try:
            told: list[dict[str, Any]] = link.call("tools", {}, timeout=90)["tools"]
            return told
        finally:
            link.close()
            os.environ["BACKLOT_RUNTIME"] = own["BACKLOT_RUNTIME"]
            local.stop()
            del os.environ["BACKLOT_RUNTIME"]
            if before is not None:
                os.environ["BACKLOT_RUNTIME"] = before


def build(folder: str | Path, specs: Sequence[Mapping[str, Any]] | None = None) -> Path:
    """The plugin in `folder`, which is made anew; returns it. specs: of docs/link.md.

    Raises: FileExistsError when something else is in that place.
    """
    specs = tools() if specs is None else specs
    folder = Path(folder)
    if folder.exists() and not is_plugin(folder):
        raise FileExistsError(f"{folder} is there and is not this plugin")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".backlot-", dir=folder.parent))
    try:
        fresh.chmod(0o755)
        _fill(fresh, specs)
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def is_plugin(folder: Path) -> bool:
    return (folder / "backlot_nuke" / "tools.json").is_file()


def _fill(folder: Path, specs: Sequence[Mapping[str, Any]]) -> None:
    inside = folder / "backlot_nuke"
    shutil.copytree(HERE, inside, ignore=shutil.ignore_patterns(*_NOT_INSIDE))
    host = Path(backlot.host.__file__).parent
    shutil.copytree(host, inside / "host", ignore=shutil.ignore_patterns("__pycache__"))
    for file in sorted((HERE / "onpath").glob("*.py")):
        shutil.copy(file, folder / file.name)
    licence = HERE.parents[2] / "LICENSE"
    if licence.exists():
        shutil.copy(licence, folder / "LICENSE")
    (inside / "tools.json").write_text(json.dumps({"tools": list(specs)}, indent=1), "utf-8")
    for spec in specs:
        if not spec.get("hidden"):
            text = gizmo_text(spec)
            (folder / (class_name(spec["name"]) + ".gizmo")).write_text(text, "utf-8")
