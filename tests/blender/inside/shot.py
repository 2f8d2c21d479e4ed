"""A user's session: 24 frames of a moving camera, upscaled in the compositor, against the truth.

The truth is the same scene rendered at twice the size. What is asserted is what a user sees: every
frame is there, at its own number, larger, the right way up, and nearer to the truth than the small
render enlarged by doubling its pixels.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import bpy
from ready import main, part, path

FRAMES = list(range(1, 25))
WIDTH, HEIGHT = 96, 64


def build():
    scene = bpy.context.scene
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    world = bpy.data.worlds.new("world")
    scene.world = world
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0.05, 0.1, 0.4, 1.0)
    for number in range(4):
        bpy.ops.mesh.primitive_uv_sphere_add(location=(number - 1.5, 0.0, 0.3 * number), radius=0.5)
        material = bpy.data.materials.new("colour")
        if bpy.app.version < (5, 0, 0):
            material.use_nodes = True
        surface = material.node_tree.nodes["Principled BSDF"]
        surface.inputs["Base Color"].default_value = (0.2 * number, 0.8, 0.6, 1.0)
        bpy.context.object.data.materials.append(material)
    bpy.ops.object.light_add(type="SUN", rotation=(0.6, 0.3, 0.0))
    bpy.context.object.data.energy = 4.0
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.rotation_euler = (1.4, 0.0, 0.0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    for frame, x in ((FRAMES[0], -1.0), (FRAMES[-1], 1.0)):
        camera.location = (x, -6.0, 1.5)
        camera.keyframe_insert("location", frame=frame)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 32
    scene.cycles.use_denoising = False
    scene.frame_start, scene.frame_end = FRAMES[0], FRAMES[-1]
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    return scene


def set_size(scene, scale):
    scene.render.resolution_x, scene.render.resolution_y = WIDTH * scale, HEIGHT * scale
    scene.render.resolution_percentage = 100


def pixels(file):
    import numpy

    image = bpy.data.images.load(file, check_existing=False)
    image.colorspace_settings.is_data = True
    width, height = image.size
    got = numpy.empty(len(image.pixels), numpy.float32)
    image.pixels.foreach_get(got)
    bpy.data.images.remove(image)
    return got.reshape(height, width, 4)[..., :3]


def error(a, b):
    return float(abs(a - b).mean())


def a_shot_is_upscaled_over_its_range():
    scene = build()
    set_size(scene, 2)
    scene.render.filepath = path("truth_")
    bpy.ops.render.render(animation=True)
    set_size(scene, 1)
    tree = part("compat").compositor_tree(scene, make=True)
    for node in list(tree.nodes):
        tree.nodes.remove(node)
    end = tree.nodes.new("NodeGroupOutput" if part("compat").V5 else "CompositorNodeComposite")
    layers = tree.nodes.new("CompositorNodeRLayers")
    layers.scene = scene
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = part("compositor").new_group("upscale")
    tree.links.new(layers.outputs[0], node.inputs[0])
    tree.links.new(node.outputs[0], end.inputs[0])
    bpy.ops.wm.save_as_mainfile(filepath=path("shot.blend"))
    done = bpy.ops.backlot.process(group=node.node_tree.name, whole_range=True)
    assert done == {"FINISHED"}
    take = part("places").takes_of(node.node_tree.name).all()[-1]
    files = part("compositor").files_of(take)
    assert sorted(files) == FRAMES
    ratios = []
    for number in FRAMES[::4]:
        truth = pixels(path(f"truth_{number:04d}.exr"))
        ours = pixels(files[number])
        small = pixels(take.file(f"plates/source.{number:04d}.exr"))
        assert ours.shape == truth.shape
        assert (small.shape[0] * 2, small.shape[1] * 2) == truth.shape[:2]
        doubled = small.repeat(2, axis=0).repeat(2, axis=1)
        ratios.append(error(ours, truth) / error(doubled, truth))
        others = [n for n in (number - 8, number + 8) if f"truth_{n:04d}.exr" in os.listdir(path())]
        for other in others:
            assert error(ours, truth) < error(ours, pixels(path(f"truth_{other:04d}.exr")))
    print("error against the truth, ours over doubled pixels:", [round(r, 2) for r in ratios])
    assert max(ratios) < 1.0, ratios


main(a_shot_is_upscaled_over_its_range)
