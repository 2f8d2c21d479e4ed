"""Memory that is no longer used, given back."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Let the system have what was freed (malloc_trim(3)); where there is no glibc, do nothing.

    What comes and goes with a frame lies between what is kept for the next ones; glibc keeps such
    gaps, and more of them with each frame.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not in every C library
        if trim is not None:
            trim(0)
