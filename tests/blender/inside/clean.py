"""A user's session: the figure of an example shot removed over its range, the result enlarged.

Plates and mattes are the repository's; what is rendered at the end is compared with the clean
plates by the test that called this.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import bpy
from ready import main, part, path

SHOT = os.environ["BACKLOT_SHOT"]
FRAMES = list(range(1001, 1025))
SIZE = (960, 540)


def image_node(tree, kind):
    node = tree.nodes.new("CompositorNodeImage")
    first = os.path.join(SHOT, f"{kind}.{FRAMES[0]}.exr")
    node.image = bpy.data.images.load(first, check_existing=False)
    node.image.source = "SEQUENCE"
    if kind == "matte":
        node.image.colorspace_settings.is_data = True
    node.frame_start, node.frame_duration, node.frame_offset = FRAMES[0], len(FRAMES), FRAMES[0] - 1
    node.use_auto_refresh = True
    return node


def group_node(tree, tool):
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = part("compositor").new_group(tool)
    return node


def render(scene, name, scale):
    scene.render.resolution_x, scene.render.resolution_y = SIZE[0] * scale, SIZE[1] * scale
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    scene.render.filepath = path(name)
    bpy.ops.render.render(animation=True)


def the_shot_is_cleaned_up_and_enlarged():
    scene = bpy.context.scene
    scene.render.resolution_percentage = 100
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    scene.frame_start, scene.frame_end = FRAMES[0], FRAMES[-1]
    compat = part("compat")
    tree = compat.compositor_tree(scene, make=True)
    for node in list(tree.nodes):
        tree.nodes.remove(node)
    end = tree.nodes.new("NodeGroupOutput" if compat.V5 else "CompositorNodeComposite")
    plate, matte = image_node(tree, "plate"), image_node(tree, "matte")
    fill, upscale = group_node(tree, "fill"), group_node(tree, "upscale")
    part("controls").settings_of(fill.node_tree, "fill").grow = 3
    tree.links.new(plate.outputs[0], fill.inputs[0])
    tree.links.new(matte.outputs[0], fill.inputs[1])
    tree.links.new(fill.outputs[0], end.inputs[0])
    bpy.ops.wm.save_as_mainfile(filepath=path("clean.blend"))
    session, compositor = part("session"), part("compositor")
    task = compositor.process(scene, fill.node_tree, FRAMES)
    session.finish(task, 400)
    assert sorted(compositor.files_of(task.result)) == FRAMES, task.status()
    render(scene, "clean_", 1)
    tree.links.new(fill.outputs[0], upscale.inputs[0])
    tree.links.new(upscale.outputs[0], end.inputs[0])
    task = compositor.process(scene, upscale.node_tree, FRAMES[:3])
    session.finish(task, 200)
    large = compositor.files_of(task.result)
    assert sorted(large) == FRAMES[:3], task.status()
    image = bpy.data.images.load(large[FRAMES[0]], check_existing=False)
    assert tuple(image.size) == (SIZE[0] * 2, SIZE[1] * 2)


main(the_shot_is_cleaned_up_and_enlarged)
