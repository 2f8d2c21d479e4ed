# SPDX-License-Identifier: GPL-3.0-or-later
"""Backlot in Blender: AI fill and upscale of plates, renders and strips, on this machine.

Extension for Blender 4.2 and newer (blender_manifest.toml); add-on for 3.4 to 4.1 (bl_info).
"""

bl_info = {
    "name": "Backlot",
    "author": "The Backlot authors",
    "version": (0, 1, 0),
    "blender": (3, 4, 0),
    "location": "Image Editor, Compositor and Sequencer: sidebar; Properties: Output",
    "description": "AI fill and upscale of plates and renders, on this machine",
    "category": "Compositing",
}

import atexit

from . import (
    characters,
    controls,
    drift,
    image_editor,
    images,
    node_editor,
    output,
    picking,
    preferences,
    sequencer,
    session,
    ui,
)

# In this order, and unregistered in reverse.
_PARTS = (
    preferences,
    ui,
    controls,
    images,
    picking,
    image_editor,
    node_editor,
    sequencer,
    output,
    drift,
    characters,
)


def register():
    for part in _PARTS:
        part.register()
    atexit.register(unregister)


def unregister():
    """Also at the end of Python: Blender hangs or crashes there over timers, handlers and classes
    that are still registered, and as a module it does not disable its add-ons first."""
    atexit.unregister(unregister)
    session.close()
    for part in reversed(_PARTS):
        part.unregister()
