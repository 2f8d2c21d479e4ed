"""Backlot for Nuke, in every mode: what opening and rendering a script needs."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
if HERE not in sys.path:
    sys.path.append(HERE)

from backlot_nuke import callbacks  # noqa: E402

callbacks.register(HERE)
