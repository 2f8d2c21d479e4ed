"""Build the plugin: `python plugins/nuke/build.py [FOLDER]`. The folder goes on NUKE_PATH.

Gizmos are made of the tools of this Backlot as they are now, so that a script opens, and frames
that were made render, where no server ever runs.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))

from backlot_nuke.gizmos import class_name, gizmo_text  # noqa: E402


def tools():
    """The specs, asked of a server of our own that ends with the build."""
    from backlot import local
    from backlot.host import Link

    with tempfile.TemporaryDirectory(prefix="backlot-") as folder:
        own = {**os.environ, "BACKLOT_RUNTIME": folder + "/run", "BACKLOT_HOME": folder}
        link = Link([sys.executable, "-m", "backlot.link"], "build", environment=own)
        try:
            return link.call("tools", {}, timeout=90)["tools"]
        finally:
            link.close()
            os.environ["BACKLOT_RUNTIME"] = own["BACKLOT_RUNTIME"]
            local.stop()


def build(folder, specs=None):
    """The plugin in `folder`, which is made anew; returns it. specs: of docs/link.md."""
    specs = tools() if specs is None else specs
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        if not (folder / "backlot_nuke").is_dir():
            raise SystemExit(f"{folder} is there and is not this plugin")
        shutil.rmtree(folder)
    hide = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "backlot_nuke", folder / "backlot_nuke", ignore=hide)
    shutil.copytree(ROOT / "core/backlot/host", folder / "backlot_nuke/host", ignore=hide)
    for name in ("init.py", "menu.py", "backlot_run.py", "conformance.py"):
        if (HERE / name).exists():
            shutil.copy(HERE / name, folder / name)
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE")
    text = json.dumps({"tools": specs}, indent=1)
    (folder / "backlot_nuke/tools.json").write_text(text, encoding="utf-8")
    for spec in specs:
        if not spec.get("hidden"):
            (folder / (class_name(spec["name"]) + ".gizmo")).write_text(gizmo_text(spec))
    return folder


if __name__ == "__main__":
    print(build(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist/nuke/backlot"))
