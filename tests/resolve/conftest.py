"""The plugin's folder on the path, where it is not installed."""

import sys
from pathlib import Path

_PLUGIN = str(Path(__file__).parents[2] / "plugins" / "resolve")
if _PLUGIN not in sys.path:
    sys.path.insert(0, _PLUGIN)
