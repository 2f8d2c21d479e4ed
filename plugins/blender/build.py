# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the extension: `make blender`, or `python plugins/blender/build.py [FOLDER]`.

The package, the in-host half of Backlot, its licence, and the tools of this Backlot as they are
now (so that controls are there before a server ever runs) go into one zip. Blender 4.2 and newer
installs it as an extension, 3.4 to 4.1 as an add-on: for those the files lie in a folder.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGE = HERE / "backlot_blender"
STAMP = (2026, 1, 1, 0, 0, 0)


def tools():
    """The specs, asked of a server of our own that ends with the build."""
    from backlot.host import Link

    with tempfile.TemporaryDirectory(prefix="backlot-") as folder:
        own = {**os.environ, "BACKLOT_RUNTIME": folder + "/run", "BACKLOT_HOME": folder}
        link = Link([sys.executable, "-m", "backlot.link"], "build", environment=own)
        try:
            return link.call("tools", {}, timeout=90)["tools"]
        finally:
            link.close()
            stop = [sys.executable, "-c", "import backlot.local; backlot.local.stop()"]
            subprocess.run(stop, env=own, check=False)


def contents(specs):
    """Name in the package -> bytes."""
    files = {}
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in (".py", ".toml"):
            files[path.relative_to(PACKAGE).as_posix()] = path.read_bytes()
    host = ROOT / "core" / "backlot" / "host"
    for path in sorted(host.glob("*.py")):
        files["host/" + path.name] = path.read_bytes()
    files["LICENSE"] = (HERE / "LICENSE").read_bytes()
    files["host/LICENSE"] = (ROOT / "LICENSE").read_bytes()
    files["tools.json"] = json.dumps({"tools": specs}, indent=1).encode()
    return files


def write(path, files, folder=""):
    """The same bytes for the same contents, whenever it is built."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(folder + name, STAMP)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path


def version():
    for line in (PACKAGE / "blender_manifest.toml").read_text().splitlines():
        if line.startswith("version"):
            return line.split('"')[1]
    raise SystemExit("blender_manifest.toml names no version")


def build(folder, specs=None):
    """Both zips, in `folder`: the extension, and the add-on for 3.4 to 4.1."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = contents(tools() if specs is None else specs)
    name = f"backlot_blender-{version()}"
    return (
        write(folder / f"{name}.zip", files),
        write(folder / f"{name}-legacy.zip", files, "backlot_blender/"),
    )


if __name__ == "__main__":
    for made in build(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist"):
        print(made)
