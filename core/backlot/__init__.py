"""Backlot: AI fill, upscale and character lock for film frames, on the artist's own machine.

    import backlot

    with backlot.connect() as studio:
        frame = backlot.read("plate.1001.exr")
        up = studio.run("upscale", source=frame, scale=2)
        backlot.write("plate_2x.1001.exr", up)

and over a sequence:

        studio.process("fill", "plate.####.exr", matte="roto.####.exr",
                       out="clean.####.exr", frames="1001-1040", progress=print)

Names load what they need when they are first used, so that `import backlot` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

PROTOCOL = 1
PROTOCOL_OLDEST = 1

if TYPE_CHECKING:
    from .client import Studio, connect
    from .errors import BacklotError
    from .frame import Frame, Window
    from .media import read, write
    from .tools import Curve

_HOME = {
    "connect": "client",
    "Studio": "client",
    "BacklotError": "errors",
    "Frame": "frame",
    "Window": "frame",
    "read": "media",
    "write": "media",
    "Curve": "tools",
}

__all__ = [
    "BacklotError",
    "Curve",
    "Frame",
    "Studio",
    "Window",
    "connect",
    "read",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
