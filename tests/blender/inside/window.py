"""One real window: the panel is opened, a job is run by clicks, pictures are taken.

argv after the usual three: the folder for screenshots. Every step is called by a timer; an
exception ends the process, or Blender would stay open.
"""

import os
import sys
import traceback

sys.path.insert(0, os.path.dirname(__file__))

import bpy
from ready import ARGUMENTS, install, part

SHOTS = ARGUMENTS[3]


def area(window, kind):
    return next(each for each in window.screen.areas if each.type == kind)


def region(of, kind):
    return next(each for each in of.regions if each.type == kind)


def shot(window, name):
    with bpy.context.temp_override(window=window):
        bpy.ops.screen.screenshot(filepath=os.path.join(SHOTS, name))


def click(window, x, y):
    for kind, value in (
        ("MOUSEMOVE", "NOTHING"),
        ("LEFTMOUSE", "PRESS"),
        ("LEFTMOUSE", "RELEASE"),
    ):
        window.event_simulate(type=kind, value=value, x=x, y=y)


def image_editor(window):
    """The Image Editor in place of the 3D view, with a picture and its sidebar."""
    install()
    place = area(window, "VIEW_3D")
    place.ui_type = "IMAGE_EDITOR"
    plate = bpy.data.images.new("plate", 256, 256, float_buffer=True)
    plate.generated_type = "COLOR_GRID"
    place.spaces.active.image = plate
    place.spaces.active.show_region_ui = True
    window.scene.backlot.tool = "upscale"
    return 1.0


def open_tab(window):
    click(window, 1308, 609)
    return 1.0


def before(window):
    shot(window, "1-panel.png")
    return 0.5


def press_run(window):
    click(window, 1204, 770)
    return 0.3


def during(window):
    task = part("session").latest(("image", "plate"))
    assert task is not None, "the button was not hit"
    if "shot" not in DONE and task.state == "running":
        DONE["shot"] = True
        shot(window, "2-running.png")
    DONE["waited"] = DONE.get("waited", 0) + 1
    assert DONE["waited"] < 600, task.status()
    if not task.ended:
        STEPS.insert(0, during)
        return 0.1
    assert task.state == "done", part("ui").details(task)
    return 1.0


def after(window):
    shown = area(window, "IMAGE_EDITOR").spaces.active.image
    assert shown.backlot.plate == bpy.data.images["plate"], shown.name
    assert tuple(shown.size) == (512, 512)
    shot(window, "3-done.png")
    return 0.5


def fill(window):
    """The same button, with another tool: a square of the plate is painted out."""
    plate = bpy.data.images["plate"]
    matte = bpy.data.images.new("plate matte", 256, 256, is_data=True)
    inside = [80 <= x < 150 and 70 <= y < 130 for y in range(256) for x in range(256)]
    matte.pixels.foreach_set([v for w in inside for v in (float(w), float(w), float(w), 1.0)])
    plate.backlot.matte = matte
    window.scene.backlot.tool = "fill"
    area(window, "IMAGE_EDITOR").spaces.active.image = plate
    area(window, "IMAGE_EDITOR").tag_redraw()
    window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=600, y=400)
    DONE["waited"] = 0
    STEPS[0:0] = [press_run, during, filled]
    return 1.0


def filled(window):
    shown = area(window, "IMAGE_EDITOR").spaces.active.image
    assert shown.name == "plate fill v002", shown.name
    shot(window, "3-fill.png")
    return 0.5


def keep_a_render(window):
    """The cube that every new file has, with Cryptomatte, as a plate in the editor."""
    scene = window.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 4, False
    scene.render.resolution_x, scene.render.resolution_y = 256, 256
    scene.view_layers[0].use_pass_cryptomatte_object = True
    bpy.ops.render.render()
    kept = part("images").keep_render(scene)
    area(window, "IMAGE_EDITOR").spaces.active.image = kept
    return 0.5


def start_picking(window):
    place = area(window, "IMAGE_EDITOR")
    inside = region(place, "WINDOW")
    with bpy.context.temp_override(window=window, area=place, region=inside):
        bpy.ops.backlot.pick_matte("INVOKE_DEFAULT")
    x, y = inside.view2d.view_to_region(0.5, 0.5)
    click(window, inside.x + x, inside.y + y)
    DONE["waited"] = 0
    return 0.3


def picked(window):
    plate = area(window, "IMAGE_EDITOR").spaces.active.image
    DONE["waited"] += 1
    assert DONE["waited"] < 100, "the click was not heard"
    if plate.backlot.matte is None:
        STEPS.insert(0, picked)
        return 0.1
    assert part("picking").picked(plate) == ["Cube"]
    window.event_simulate(type="ESC", value="PRESS", x=600, y=400)
    return 0.5


def picture_of_picking(window):
    shot(window, "3-picked.png")
    return 0.5


def matte_from_cryptomatte(window):
    """Blender's own picker is put on the matte of a Fill node."""
    place = area(window, "NODE_EDITOR")
    tree = place.spaces.active.edit_tree
    with bpy.context.temp_override(
        window=window,
        area=place,
        region=region(place, "WINDOW"),
        space_data=place.spaces.active,
    ):
        bpy.ops.backlot.add_node("EXEC_DEFAULT", tool="fill")
        node = tree.nodes.active
        source = next(each for each in tree.nodes if each.bl_idname == "CompositorNodeImage")
        tree.links.new(source.outputs[0], node.inputs[0])
        assert bpy.ops.backlot.cryptomatte() == {"FINISHED"}
    picker = node.inputs[1].links[0].from_node
    assert picker.bl_idname == "CompositorNodeCryptomatteV2"
    assert picker.inputs[0].links[0].from_node == source
    assert tree.nodes.active == picker
    tree.links.new(source.outputs[0], node.inputs["Clean frames"])
    tree.nodes.active = node
    return 1.0


def panel_of_fill(window):
    """What an artist sees of a Fill node."""
    shot(window, "6-fill-node.png")
    return 0.5


def node_editor(window):
    """The compositor with a node between a picture and the end."""
    scene = window.scene
    place = area(window, "IMAGE_EDITOR")
    place.ui_type = "CompositorNodeTree"
    compat = part("compat")
    tree = compat.compositor_tree(scene, make=True)
    scene.render.resolution_x, scene.render.resolution_y = 64, 64
    for node in list(tree.nodes):
        tree.nodes.remove(node)
    source = tree.nodes.new("CompositorNodeImage")
    source.image = bpy.data.images["plate"]
    with bpy.context.temp_override(window=window, area=place, region=region(place, "WINDOW")):
        bpy.ops.backlot.add_node("EXEC_DEFAULT", tool="upscale")
    node = tree.nodes.active
    end = tree.nodes.new("CompositorNodeComposite")
    source.location, node.location, end.location = (-420, 0), (-120, 0), (160, 0)
    tree.links.new(source.outputs[0], node.inputs[0])
    tree.links.new(node.outputs[0], end.inputs[0])
    tree.nodes.active = node
    place.spaces.active.show_region_ui = True
    DONE["group"] = node.node_tree.name
    return 1.0


def node_tab(window):
    with_area = area(window, "NODE_EDITOR")
    with bpy.context.temp_override(
        window=window, area=with_area, region=region(with_area, "WINDOW")
    ):
        bpy.ops.node.view_all()
    click(window, 1308, 609)
    return 1.0


def node_panel(window):
    shot(window, "4-node.png")
    click(window, 1150, 800)
    DONE["waited"] = 0
    return 0.3


def processing(window):
    group = bpy.data.node_groups[DONE["group"]]
    task = part("session").latest(("node", group.name))
    assert task is not None, "the button was not hit"
    DONE["waited"] += 1
    assert DONE["waited"] < 600, task.status()
    if not task.ended:
        STEPS.insert(0, processing)
        return 0.1
    assert task.state == "done", part("ui").details(task)
    assert part("compositor").shows_result(group)
    return 1.0


def processed(window):
    shot(window, "5-take.png")
    return 0.5


DONE = {}


STEPS = [
    image_editor,
    open_tab,
    before,
    press_run,
    during,
    after,
    fill,
    keep_a_render,
    start_picking,
    picked,
    picture_of_picking,
    node_editor,
    node_tab,
    node_panel,
    processing,
    processed,
    matte_from_cryptomatte,
    panel_of_fill,
]


def step():
    try:
        window = bpy.context.window_manager.windows[0]
        if not STEPS:
            print("passed window", flush=True)
            part("session").close()
            os._exit(0)
        return STEPS.pop(0)(window)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(3)


bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(step, first_interval=1.5)
