"""Backlot for Nuke, where there is a window."""

import os

import backlot_nuke.menus

# By its whole name: the panel is found by it later, in this very namespace.
backlot_nuke.menus.register(os.path.dirname(os.path.abspath(__file__)))
