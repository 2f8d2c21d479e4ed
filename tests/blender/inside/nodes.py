"""The compositor's part: node groups, takes, animated parameters, with and without the add-on."""

import array
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import bpy
from ready import main, part, path

LEVELS = {1: 0.1, 2: 0.2, 3: 0.3}


def scene_of_size(width, height):
    scene = bpy.context.scene
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    scene.frame_start, scene.frame_end = 1, 3
    return scene


def write_exr(name, value, width=8, height=6):
    """A file with this value, as is_data images write it: not sRGB-encoded."""
    image = bpy.data.images.new(name, width, height, alpha=True, float_buffer=True, is_data=True)
    pixel = [value, 2.0 * value, -value, 1.0]
    image.pixels.foreach_set(array.array("f", pixel * (width * height)))
    image.filepath_raw, image.file_format = path(name), "OPEN_EXR"
    image.save()
    bpy.data.images.remove(image)
    return path(name)


def read_exr(file):
    """The raw values of the middle pixel."""
    image = bpy.data.images.load(file, check_existing=False)
    image.colorspace_settings.is_data = True
    width, height = image.size
    at = 4 * (width * (height // 2) + width // 2)
    got = list(image.pixels[at : at + 4])
    bpy.data.images.remove(image)
    return got


def near(got, wanted):
    return all(abs(a - b) < 1e-5 for a, b in zip(got, wanted, strict=False))


LEVEL = [float(3 <= x <= 4 and 2 <= y <= 3) for y in range(6) for x in range(8)]


def hole():
    """The file of a matte: the four pixels in the middle."""
    matte = bpy.data.images.new("m.exr", 8, 6, alpha=True, float_buffer=True, is_data=True)
    matte.pixels.foreach_set(array.array("f", [v for w in LEVEL for v in (w, w, w, 1.0)]))
    matte.filepath_raw, matte.file_format = path("m.exr"), "OPEN_EXR"
    matte.save()
    bpy.data.images.remove(matte)
    return path("m.exr")


def composite(scene):
    """An empty compositing tree and the node at its end."""
    compat = part("compat")
    tree = compat.compositor_tree(scene, make=True)
    for node in list(tree.nodes):
        tree.nodes.remove(node)
    kind = "NodeGroupOutput" if compat.V5 else "CompositorNodeComposite"
    return tree, tree.nodes.new(kind)


def image_node(tree, files):
    node = tree.nodes.new("CompositorNodeImage")
    node.image = bpy.data.images.load(files[0], check_existing=False)
    if len(files) > 1:
        node.image.source = "SEQUENCE"
        node.frame_start, node.frame_duration = 1, len(files)
        node.use_auto_refresh = True
    return node


def place(tree, tool, before, after):
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = part("compositor").new_group(tool)
    tree.links.new(before.outputs[0], node.inputs[0])
    tree.links.new(node.outputs[0], after.inputs[0])
    return node


def render(scene, name):
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    scene.render.filepath = path(name)
    bpy.ops.render.render(animation=True)
    return {n: read_exr(path(f"{name}{n:04d}.exr")) for n in (1, 2, 3)}


def set_up(tool="passthrough"):
    scene = scene_of_size(8, 6)
    tree, end = composite(scene)
    files = [write_exr(f"src{n:04d}.exr", level) for n, level in LEVELS.items()]
    source = image_node(tree, files)
    node = place(tree, tool, source, end)
    bpy.ops.wm.save_as_mainfile(filepath=path("nodes.blend"))
    return scene, tree, source, node


def process(scene, group, frames):
    task = part("compositor").process(scene, group, frames)
    part("session").finish(task, 120)
    return task.result


def a_new_group_lets_its_input_through():
    scene, _, _, _ = set_up()
    got = render(scene, "empty_")
    assert all(near(got[n], [v, 2 * v, -v, 1.0]) for n, v in LEVELS.items()), got


def a_take_holds_the_frames_and_is_read_frame_by_frame():
    scene, tree, source, node = set_up()
    before = (len(tree.nodes), scene.frame_current, scene.render.use_sequencer)
    take = process(scene, node.node_tree, [1, 2, 3])
    assert (len(tree.nodes), scene.frame_current, scene.render.use_sequencer) == before
    compositor = part("compositor")
    assert sorted(compositor.files_of(take)) == [1, 2, 3]
    assert compositor.shows_result(node.node_tree)
    assert compositor.stale(scene, node.node_tree) == ""
    source.mute = True  # what is shown now can only be the take
    assert compositor.stale(scene, node.node_tree) == "what comes before"
    got = render(scene, "take_")
    assert all(near(got[n], [v, 2 * v, -v, 1.0]) for n, v in LEVELS.items()), got
    bpy.ops.wm.save_as_mainfile(filepath=path("nodes.blend"))
    bpy.ops.wm.save_as_mainfile(filepath=path("farm.blend"), copy=True)  # plain.py renders it


def a_shot_that_begins_at_1001_is_read_at_1001():
    scene, _, source, node = set_up()
    source.frame_start = 1001
    take = process(scene, node.node_tree, [1001, 1002, 1003])
    assert sorted(part("compositor").files_of(take)) == [1001, 1002, 1003]
    source.mute = True
    scene.frame_start, scene.frame_end = 1001, 1003
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.filepath = path("late_")
    bpy.ops.render.render(animation=True)
    for number, level in LEVELS.items():
        got = read_exr(path(f"late_{1000 + number:04d}.exr"))
        assert near(got, [level, 2 * level, -level, 1.0]), (number, got)


def showing_the_input_again_and_another_take():
    tree = part("compat").compositor_tree(bpy.context.scene)
    node = next(each for each in tree.nodes if getattr(each, "node_tree", None))
    next(each for each in tree.nodes if each.bl_idname == "CompositorNodeImage").mute = False
    compositor = part("compositor")
    compositor.show(node.node_tree, False)
    assert not compositor.shows_result(node.node_tree)
    second = process(bpy.context.scene, node.node_tree, [2])
    assert second.name == "v002"
    assert node.node_tree.backlot.take == "v002"


def parameters_are_animated_frame_by_frame():
    _, _, _, node = set_up("upscale")
    group = node.node_tree
    controls = part("controls")
    settings = controls.settings_of(group, "upscale")
    for frame, value in ((1, 0.0), (3, 1.0)):
        settings.detail = value
        settings.keyframe_insert("detail", frame=frame)
    told = controls.values(settings, controls.spec_of("upscale"), [1, 2, 3], owner=group)
    keys = dict(told["detail"]["curve"])
    assert (keys[1], keys[3]) == (0.0, 1.0)
    assert 0.2 < keys[2] < 0.8, keys
    assert told["scale"] == 2.0


def a_missing_matte_says_so():
    scene, _, _, node = set_up("fill")
    task = part("compositor").process(scene, node.node_tree, [1])
    assert task.state == "failed"
    assert "Matte" in task.error.sentence
    assert "white" in task.error.hint


def keep_inputs(group, names):
    """The group as an older Backlot made it, with fewer inputs."""
    if hasattr(group, "interface"):
        for item in list(group.interface.items_tree):
            if item.in_out == "INPUT" and item.name not in names:
                group.interface.remove(item)
    else:
        for item in [each for each in group.inputs if each.name not in names]:
            group.inputs.remove(item)


def a_group_with_fewer_inputs_than_the_tool_still_runs():
    fill_changes_nothing_outside_the_matte(("Image", "Matte", "Reference"))


def approved_frames_hold_for_their_own_alone():
    """A socket has a picture on every frame: the artist says on which it is the truth."""
    scene, tree, _, node = set_up("fill")
    tree.links.new(image_node(tree, [hole()]).outputs[0], node.inputs["Matte"])
    clean = image_node(tree, [write_exr("clean.exr", 0.7)])
    tree.links.new(clean.outputs[0], node.inputs["Clean frames"])
    task = part("compositor").process(scene, node.node_tree, [1, 2, 3])
    assert task.state == "failed"
    assert "Which frames of Clean frames are approved?" in task.error.sentence
    settings = part("controls").settings_of(node.node_tree, "fill")
    settings.frames_clean = "2, 7-9"
    take = process(scene, node.node_tree, [1, 2, 3])
    files = part("compositor").files_of(take)
    middle = {number: read_exr(file)[0] for number, file in files.items()}
    assert abs(middle[2] - 0.7) < 1e-3, middle
    assert max(abs(middle[1] - 0.1), abs(middle[3] - 0.3)) < 0.05, middle
    assert part("compositor").stale(scene, node.node_tree) == ""
    settings.frames_clean = "3"
    assert part("compositor").stale(scene, node.node_tree) == "the approved frames"


def fill_changes_nothing_outside_the_matte(inputs=()):
    scene, tree, _, node = set_up("fill")
    if inputs:
        keep_inputs(node.node_tree, inputs)
        assert len(node.inputs) == len(inputs)
    tree.links.new(image_node(tree, [hole()]).outputs[0], node.inputs[1])
    settings = part("controls").settings_of(node.node_tree, "fill")
    for name in part("controls").spec_of("fill")["output"]["grow_params"]:
        setattr(settings, name, 0)
    take = process(scene, node.node_tree, [1, 2])
    for number, file in part("compositor").files_of(take).items():
        got = bpy.data.images.load(file, check_existing=False)
        plate = bpy.data.images.load(
            os.path.join(take.folder, "plates", f"source.{number:04d}.exr"), check_existing=False
        )
        a, b = list(got.pixels), list(plate.pixels)
        outside = [i for i in range(8 * 6) if not LEVEL[i]]
        assert all(a[4 * i : 4 * i + 4] == b[4 * i : 4 * i + 4] for i in outside)


def a_rendered_scene_is_processed_and_not_srgb_encoded():
    """A golden value: an emission of 0.6 is 0.6 in the take, not 0.798."""
    scene = scene_of_size(16, 16)
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    world = bpy.data.worlds.new("world")
    scene.world = world
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0.6, 0.3, 5.0, 1.0)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    tree, end = composite(scene)
    layers = tree.nodes.new("CompositorNodeRLayers")
    layers.scene = scene
    node = place(tree, "passthrough", layers, end)
    take = process(scene, node.node_tree, [1])
    got = read_exr(part("compositor").files_of(take)[1])
    wanted = (0.6, 0.3, 5.0)  # within what a half float holds, which some engines render to
    assert all(abs(a - b) < 3e-3 * b for a, b in zip(got, wanted, strict=False)), got


def a_render_is_kept_as_an_image_with_pixels():
    scene = bpy.context.scene
    scene.render.image_settings.file_format = "PNG"
    bpy.ops.render.render()
    assert bpy.ops.backlot.keep_render() == {"FINISHED"}
    assert scene.render.image_settings.file_format == "PNG"
    kept = bpy.data.images["Render v001"]
    middle = 4 * (16 * 8 + 8)
    wanted = (0.6, 0.3, 5.0)  # as above: linear, nothing clipped, no view transform
    got = kept.pixels[middle : middle + 3]
    assert all(abs(a - b) < 3e-3 * b for a, b in zip(got, wanted, strict=True)), list(got)
    settings = part("controls").settings_of(scene, "passthrough")
    task = part("images").run(kept, "passthrough", settings)
    part("session").finish(task, 300)
    assert list(task.result.pixels) == list(kept.pixels)


def an_object_is_taken_out_by_its_cryptomatte():
    """Blender's Cryptomatte node makes the matte; the fill changes that object's pixels alone."""
    scene = scene_of_size(32, 24)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 4
    scene.cycles.use_denoising = False
    bpy.context.view_layer.use_pass_cryptomatte_object = True
    for thing in [each for each in bpy.data.objects if each.type == "MESH"]:
        bpy.data.objects.remove(thing)
    bpy.ops.mesh.primitive_uv_sphere_add(location=(0.0, 0.0, -6.0), radius=0.8)
    bpy.context.object.name = "Ball"
    scene.camera.location = (0.0, 0.0, 0.0)
    scene.camera.rotation_euler = (0.0, 0.0, 0.0)
    tree, end = composite(scene)
    layers = tree.nodes.new("CompositorNodeRLayers")
    layers.scene = scene
    node = place(tree, "fill", layers, end)
    picker = tree.nodes.new("CompositorNodeCryptomatteV2")
    picker.source, picker.scene = "RENDER", scene
    tree.links.new(layers.outputs[0], picker.inputs[0])
    tree.links.new(picker.outputs["Matte"], node.inputs[1])
    bpy.ops.render.render()
    picker.matte_id = "Ball"
    take = process(scene, node.node_tree, [1])
    before, matte, after = (
        pixels_of(file)
        for file in (
            take.file("plates/source.0001.exr"),
            take.file("plates/matte.0001.exr"),
            part("compositor").files_of(take)[1],
        )
    )
    covered = [i for i in range(32 * 24) if matte[4 * i] > 0.0]
    assert 20 < len(covered) < 32 * 24 // 2, len(covered)
    changed = {i for i in range(32 * 24) if before[4 * i : 4 * i + 4] != after[4 * i : 4 * i + 4]}
    assert changed <= set(covered)
    assert len(changed) > len(covered) // 2


def pixels_of(file):
    image = bpy.data.images.load(file, check_existing=False)
    image.colorspace_settings.is_data = True
    got = list(image.pixels)
    bpy.data.images.remove(image)
    return got


main(
    a_new_group_lets_its_input_through,
    a_take_holds_the_frames_and_is_read_frame_by_frame,
    showing_the_input_again_and_another_take,
    a_shot_that_begins_at_1001_is_read_at_1001,
    parameters_are_animated_frame_by_frame,
    a_missing_matte_says_so,
    approved_frames_hold_for_their_own_alone,
    fill_changes_nothing_outside_the_matte,
    a_group_with_fewer_inputs_than_the_tool_still_runs,
    a_rendered_scene_is_processed_and_not_srgb_encoded,
    a_render_is_kept_as_an_image_with_pixels,
    an_object_is_taken_out_by_its_cryptomatte,
)
