"""A render's passes as control inputs: depth, then vectors, of what is behind a figure.

The set has a view layer of its own, as one renders a clean pass: its depth and vectors tell Fill
where the camera went, its picture is the truth that the fill is compared with.
"""

import math
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import bpy
import numpy
from ready import main, part, path

FRAMES = list(range(1, 10))
MIDDLE = FRAMES[4]
LEAST = 30.0
WIDTH, HEIGHT = 192, 108


def material():
    made = bpy.data.materials.new("rough")
    if bpy.app.version < (5, 0, 0):
        made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    noise = nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = 3.0
    place = nodes.new("ShaderNodeNewGeometry")
    links.new(place.outputs["Position"], noise.inputs["Vector"])
    light = nodes.new("ShaderNodeEmission")
    links.new(noise.outputs["Color"], light.inputs["Color"])
    links.new(light.outputs[0], nodes["Material Output"].inputs["Surface"])
    return made


def collection(scene, name):
    made = bpy.data.collections.new(name)
    scene.collection.children.link(made)
    return made


def only(scene, name, shown):
    """A view layer of one of the collections, its passes on."""
    layer = scene.view_layers.new(name)
    for child in layer.layer_collection.children:
        child.exclude = child.name not in shown
    layer.use_pass_z = layer.use_pass_vector = True
    return layer


def cube(place, size, surface, into):
    bpy.ops.mesh.primitive_cube_add(location=place)
    thing = bpy.context.object
    thing.scale = size
    thing.data.materials.append(surface)
    for each in list(thing.users_collection):
        each.objects.unlink(thing)
    into.objects.link(thing)
    return thing


def build():
    scene = bpy.context.scene
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    room, figure = collection(scene, "room"), collection(scene, "figure")
    rough = material()
    cube((0, 6, 0), (20, 0.1, 20), rough, room)
    for x in (-3, 0, 3):
        cube((x, 2, 0), (0.5, 0.5, 6), rough, room)
    walker = cube((0, -1.5, 0), (0.45, 0.1, 0.9), rough, figure)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.rotation_euler = (1.5708, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    for frame, along in ((FRAMES[0], -1.0), (FRAMES[-1], 1.0)):
        camera.location, walker.location.x = (0.6 * along, -8, 0), 2.2 * along
        camera.keyframe_insert("location", frame=frame)
        walker.keyframe_insert("location", frame=frame)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 32
    scene.cycles.use_denoising = False
    scene.render.film_transparent = True
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.resolution_percentage = 100
    scene.frame_start, scene.frame_end = FRAMES[0], FRAMES[-1]
    for layer in list(scene.view_layers)[1:]:
        scene.view_layers.remove(layer)
    scene.view_layers[0].name = "all"
    only(scene, "set", ("room",))
    only(scene, "hero", ("figure",))
    return scene


def pixels(file):
    image = bpy.data.images.load(file, check_existing=False)
    image.colorspace_settings.is_data = True
    width, height = image.size
    got = numpy.empty(len(image.pixels), numpy.float32)
    image.pixels.foreach_get(got)
    bpy.data.images.remove(image)
    return got.reshape(height, width, 4)


def nodes_of(scene):
    """Render Layers of every view layer, into Fill, into the composite."""
    compat = part("compat")
    tree = compat.compositor_tree(scene, make=True)
    for node in list(tree.nodes):
        tree.nodes.remove(node)
    end = tree.nodes.new("NodeGroupOutput" if compat.V5 else "CompositorNodeComposite")
    layers = {}
    for layer in scene.view_layers:
        layers[layer.name] = tree.nodes.new("CompositorNodeRLayers")
        layers[layer.name].scene, layers[layer.name].layer = scene, layer.name
    fill = tree.nodes.new("CompositorNodeGroup")
    fill.node_tree = part("compositor").new_group("fill")
    tree.links.new(layers["all"].outputs["Image"], fill.inputs["Image"])
    tree.links.new(layers["hero"].outputs["Alpha"], fill.inputs["Matte"])
    tree.links.new(fill.outputs[0], end.inputs[0])
    return tree, layers, fill


def truth(scene, tree, layers):
    """The set's own picture on the frame that is compared."""
    wanted = {"truth": (layers["set"].outputs["Image"], True)}
    render = part("plates").Render(scene, tree, wanted, [MIDDLE], path("truth"))
    render.step()
    render.close()
    return pixels(path("truth", f"truth.{MIDDLE:04d}.exr"))


def off(scene, fill, clean):
    """How far a new take is from the clean picture within the matte, in dB; the plate outside."""
    task = part("compositor").process(scene, fill.node_tree, FRAMES)
    part("session").finish(task, 300)
    assert task.result is not None, task.status()
    files = part("compositor").files_of(task.result)
    assert sorted(files) == FRAMES, task.status()
    ours = pixels(files[MIDDLE])
    plate, cover = (
        pixels(task.result.file(f"plates/{name}.{MIDDLE:04d}.exr")) for name in ("source", "matte")
    )
    inside = cover[..., 0] > 0
    assert 100 < inside.sum() < inside.size / 3
    assert (ours[~inside] == plate[~inside]).all()
    return -10 * math.log10(((ours - clean)[inside][:, :3] ** 2).mean())


def passes_tell_where_the_camera_went():
    scene = build()
    tree, layers, fill = nodes_of(scene)
    bpy.ops.wm.save_as_mainfile(filepath=path("passes.blend"))
    clean = truth(scene, tree, layers)
    alone = off(scene, fill, clean)
    for socket, output in (("Depth", "Depth"), ("Vectors", "Vector")):
        link = tree.links.new(layers["set"].outputs[output], fill.inputs[socket])
        told = off(scene, fill, clean)
        print(f"{socket}: {told:.1f} dB, {alone:.1f} dB without")
        assert told > max(LEAST, alone), (socket, told, alone)
        tree.links.remove(link)


main(passes_tell_where_the_camera_went)
