"""Blender ends by itself with the add-on enabled and a companion running: no hang, no crash."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import bpy
from ready import install, part

install()
image = bpy.data.images.new("plate", 4, 4, float_buffer=True)
settings = part("controls").settings_of(bpy.context.scene, "passthrough")
part("session").finish(part("images").run(image, "passthrough", settings), 60)
print("passed leaving", flush=True)
