# SPDX-License-Identifier: GPL-3.0-or-later
"""Where takes go, and what Blender's colour spaces are called elsewhere."""

import os
import re
import tempfile

import bpy

from .host import LinkError, Takes

# Blender's own OpenColorIO config has names that others do not know.
_SPACES = {
    "Linear": "lin_rec709",
    "Linear Rec.709": "lin_rec709",
    "Linear Rec.2020": "lin_rec2020",
    "Linear DCI-P3 D65": "lin_p3d65",
    "Linear ACES": "ACES2065-1",
    "ACES2065-1": "ACES2065-1",
    "Linear ACEScg": "ACEScg",
    "ACEScg": "ACEScg",
    "sRGB": "srgb_tx",
}


def own_folder():
    """A folder of this extension's own, for the user."""
    made = getattr(bpy.utils, "extension_path_user", None)
    if made is not None and __package__.startswith("bl_ext."):
        return made(__package__, create=True)
    return os.path.join(bpy.utils.user_resource("CONFIG"), "backlot")


def takes_of(name):
    """The takes of an image, node or strip: beside the .blend, or in the cache when unsaved."""
    from . import preferences

    if bpy.data.filepath:
        base = bpy.path.abspath("//backlot")
    else:
        base = preferences.cache_folder() or os.path.join(tempfile.gettempdir(), "backlot-takes")
    return Takes(os.path.join(base, re.sub(r"[^\w.-]+", "_", name).strip(".") or "unnamed"))


def new_take(takes):
    """A fresh folder for a take. Raises: LinkError when it cannot be made."""
    try:
        return takes.new()
    except OSError as error:
        raise LinkError(
            "cannot-write",
            f"The folder for takes cannot be made: {error.strerror}.",
            "Save the .blend where you may write, or choose a cache folder in the preferences.",
        ) from error


def stored(path):
    """A path as it should stand in the .blend: relative to it where that is possible."""
    if not bpy.data.filepath:
        return path
    try:
        return bpy.path.relpath(path)
    except ValueError:
        return path


def scene_linear():
    """What the companion calls the space of Blender's float pixels."""
    if os.environ.get("OCIO"):
        return "scene_linear"
    working = getattr(getattr(bpy.data, "colorspace", None), "working_space", "Linear Rec.709")
    return _SPACES.get(working, "lin_rec709")


def space_named(name):
    """What the companion calls a colour space of Blender's."""
    if os.environ.get("OCIO"):
        return name
    return "data" if name in ("Non-Color", "Raw") else _SPACES.get(name, name)
