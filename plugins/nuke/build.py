"""Build the plugin: `python plugins/nuke/build.py [FOLDER]`. The folder goes on NUKE_PATH."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from backlot_nuke.build import build  # noqa: E402

__all__ = ["build"]

if __name__ == "__main__":
    print(build(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent / "dist/nuke/backlot"))
