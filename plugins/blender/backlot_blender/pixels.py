# SPDX-License-Identifier: GPL-3.0-or-later
"""Image datablocks to and from memory that the companion shares: one copy each way."""

import bpy

from . import places
from .host import Buffer, LinkError

_UNUSED = "unused"


def described(image, matte=False):
    """How an image's pixels lie in a buffer: width, height, channels, colour (docs/link.md).

    Blender's rows go from the bottom up. Pixels of float images are scene-linear, whatever space
    their file has; those of byte images are as in the file, not premultiplied.
    A matte is what is white in its red channel: its alpha says nothing.
    """
    width, height = image.size
    if not width or not height:
        raise LinkError(
            "invalid-input",
            f"{image.name} has no pixels that Blender gives out.",
            "Keep a render by the button of the sidebar; save a multilayer file as plain EXR.",
        )
    names = {1: ["A"], 3: ["R", "G", "B"], 4: ["R", "G", "B", "A"]}[image.channels]
    layout = {
        "width": width,
        "height": height,
        "channels": names,
        "type": "float",
        "rows": "bottom",
        "meaning": "color",
        "alpha": "premultiplied",
    }
    if matte:
        layout["meaning"] = "data"
        layout["channels"] = [_UNUSED if name == "A" and len(names) > 1 else name for name in names]
    elif image.colorspace_settings.is_data:
        layout["meaning"] = "data"
    elif image.is_float:
        layout["colorspace"] = places.scene_linear()
    else:
        layout["colorspace"] = places.space_named(image.colorspace_settings.name)
        layout["alpha"] = "straight"
    return layout


def bytes_of(layout):
    return layout["width"] * layout["height"] * len(layout["channels"]) * 4


def fill(buffer, image):
    """Copy an image's pixels into a buffer."""
    image.pixels.foreach_get(_floats(buffer, len(image.pixels)))


def _floats(buffer, count):
    import numpy  # Blender's own; only needed once there are pixels to copy

    return numpy.frombuffer(buffer.memory, numpy.float32, count)


def take(told, image, lent=()):
    """Copy a result's pixels, as the `frame` event described them, into an image of its size.

    lent: buffers of ours, one of which the result may lie in. True when it does not.
    """
    known = next((buffer for buffer in lent if buffer.name == told["buffer"]), None)
    buffer = known or Buffer(told)
    image.pixels.foreach_set(_floats(buffer, len(image.pixels)))
    image.update()
    if known is None:
        buffer.close()
    return known is None


def new_image(name, told, like):
    """An empty image for a result of that size, of the kind that `like` is."""
    data = like.colorspace_settings.is_data
    image = bpy.data.images.new(
        name,
        told["width"],
        told["height"],
        alpha=like.channels == 4,
        float_buffer=like.is_float,
        is_data=data,
    )
    if not like.is_float and not data:
        image.colorspace_settings.name = like.colorspace_settings.name
    # Float pixels in memory are premultiplied whatever this says; their file holds them so too.
    image.alpha_mode = "PREMUL" if like.is_float else like.alpha_mode
    return image
