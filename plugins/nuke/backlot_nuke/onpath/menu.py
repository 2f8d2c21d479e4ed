"""Backlot for Nuke, where there is a window."""

import os

from backlot_nuke import menus

menus.register(os.path.dirname(os.path.abspath(__file__)))
