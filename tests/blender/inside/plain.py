"""A render farm: the .blend that nodes.py left, rendered by a Blender that never saw the add-on."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import bpy
from ready import main, path


def the_take_is_rendered_without_the_add_on():
    assert not hasattr(bpy.types.Scene, "backlot")
    bpy.ops.wm.open_mainfile(filepath=path("farm.blend"))
    scene = bpy.context.scene
    scene.render.filepath = path("plain_")
    bpy.ops.render.render(animation=True)
    for number, level in ((1, 0.1), (2, 0.2), (3, 0.3)):
        image = bpy.data.images.load(path(f"plain_{number:04d}.exr"))
        image.colorspace_settings.is_data = True
        assert abs(image.pixels[0] - level) < 1e-5, (number, image.pixels[0])
    nodes = [n for tree in bpy.data.node_groups for n in tree.nodes]
    assert not any(node.bl_idname == "NodeUndefined" for node in nodes)


main(the_take_is_rendered_without_the_add_on, with_add_on=False)
