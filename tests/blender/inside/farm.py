"""A .blend for a farm's command line: a node, and processing after a render, both switched on."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import bpy
from ready import main, part, path


def saved():
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 16, 12
    scene.render.resolution_percentage = 100
    scene.frame_start, scene.frame_end = 1, 2
    scene.render.filepath = path("render", "shot_")
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.backlot.tool, scene.backlot.after_render = "upscale", True
    part("controls").settings_of(scene, "upscale").network = "sinc"
    tree = part("compat").compositor_tree(scene, make=True)
    for node in list(tree.nodes):
        tree.nodes.remove(node)
    picture = tree.nodes.new("CompositorNodeImage")
    picture.image = bpy.data.images.new("plate", 16, 12, float_buffer=True)
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = part("compositor").new_group("upscale")
    part("controls").settings_of(node.node_tree, "upscale").network = "sinc"
    end = tree.nodes.new("CompositorNodeComposite")
    tree.links.new(picture.outputs[0], node.inputs[0])
    tree.links.new(node.outputs[0], end.inputs[0])
    bpy.ops.wm.save_userpref()
    bpy.ops.wm.save_as_mainfile(filepath=path("farm.blend"))


main(saved)
