"""A character made in Blender, given a reference from a render, and checked over a range in which
its coat changes colour on the last frames."""

import os
import sys
import types

sys.path.insert(0, os.path.dirname(__file__))

import bpy
import numpy
from ready import main, part, path

REGIONS = {
    "skin": ((0.62, 0.36, 0.26), (-1.6, 0.0)),
    "hair": ((0.10, 0.06, 0.04), (0.0, 0.9)),
    "coat": ((0.10, 0.20, 0.45), (1.6, 0.0)),
    "belt": ((0.40, 0.42, 0.10), (0.0, -0.9)),
}
FRAMES = list(range(1, 9))
AS_IT_SHOULD, CHANGED = [1, 2], [7, 8]  # the tool looks at neighbours too


def principled(name, color):
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = next(n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*color, 1.0)
    shader.inputs["Roughness"].default_value = 0.9
    return material, shader.inputs["Base Color"]


def scene_with_a_character():
    scene = bpy.context.scene
    for each in list(bpy.data.objects):
        bpy.data.objects.remove(each)
    for name, (color, (x, z)) in REGIONS.items():
        bpy.ops.mesh.primitive_cube_add(size=1.3, location=(x, 0, z), rotation=(0.2, 0.1, 0.3))
        material, base = principled(name, color)
        bpy.context.object.data.materials.append(material)
        if name == "coat":
            for frame, value in ((4, (*color, 1.0)), (5, (0.45, 0.12, 0.10, 1.0))):
                base.default_value = value
                base.keyframe_insert("default_value", frame=frame)
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.data.energy = 3.0
    sun.rotation_euler = (0.7, 0.3, 0.0)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location, camera.rotation_euler = (0.0, -9.0, 0.0), (1.5708, 0.0, 0.0)
    for each in (sun, camera):
        scene.collection.objects.link(each)
    scene.camera = camera
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 16, False
    scene.render.resolution_x, scene.render.resolution_y = 384, 216
    scene.render.resolution_percentage = 100
    scene.frame_start, scene.frame_end = FRAMES[0], FRAMES[-1]
    scene.view_layers[0].use_pass_cryptomatte_material = True
    scene.view_layers[0].use_pass_cryptomatte_object = True
    if hasattr(scene.render.image_settings, "media_type"):
        scene.render.image_settings.media_type = "MULTI_LAYER_IMAGE"
    scene.render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    scene.render.filepath = path("render", "shot_####.exr")
    bpy.ops.wm.save_as_mainfile(filepath=path("character.blend"))
    return scene


def a_reference_is_added_from_the_render():
    scene = scene_with_a_character()
    scene.backlot_characters = path("characters")
    os.makedirs(path("characters"), exist_ok=True)
    regions = ", ".join(REGIONS)
    assert bpy.ops.backlot.new_character(name="Hero", regions=regions) == {"FINISHED"}
    folder = path("characters", "Hero")
    scene.frame_set(1)
    bpy.ops.render.render()
    shown = next(image for image in bpy.data.images if image.type == "RENDER_RESULT")
    added = bpy.ops.backlot.add_reference(folder=folder, image=shown.name, light="sun")
    assert added == {"FINISHED"}
    (found,) = (
        part("session").link().call("characters", {"folder": path("characters")})["characters"]
    )
    assert (found["name"], found["references"]) == ("Hero", 1), found
    assert found["regions"] == sorted(REGIONS), found


def a_click_into_the_picture_picks_a_matte():
    """What the modal operator does with a click; twice on the same takes it away again."""
    session, images = part("session"), part("images")
    plate = images.keep_render(bpy.context.scene)
    plate.backlot.pick_from = "CryptoMaterial"
    heard = []
    for x, y, names in ((280, 108, ["coat"]), (110, 108, ["coat", "skin"]), (280, 108, ["skin"])):
        part("picking").pick(plate, x, y, heard.append)
        while not heard:
            session._work(0.05)
        assert heard.pop() is None
        assert part("picking").picked(plate) == names, part("picking").picked(plate)
    matte = plate.backlot.matte
    assert tuple(matte.size) == tuple(plate.size)
    values = numpy.empty(len(matte.pixels), numpy.float32)
    matte.pixels.foreach_get(values)
    white = values.reshape(216, 384, -1)[::-1, :, 0]
    assert white[108, 110] == 1.0
    assert white[108, 280] == 0.0
    assert 0.01 < white.mean() < 0.2
    part("picking").pick(plate, 2, 2, heard.append)
    while not heard:
        session._work(0.05)
    assert heard.pop().code == "not-found", "the background has no name"
    assert plate.backlot.matte == matte


def a_painted_matte_is_a_region_s():
    made = bpy.ops.backlot.new_character(name="Painted", regions="skin, hair")
    assert made == {"FINISHED"}
    values = numpy.zeros((64, 64, 4), numpy.float32)
    values[20:40, 10:50, 0] = 1.0
    matte = bpy.data.images.new("painted", 64, 64, float_buffer=False, is_data=True)
    matte.pixels.foreach_set(values.ravel())
    plate = bpy.data.images.new("frame", 64, 64, float_buffer=True)
    plate.pixels.foreach_set(numpy.full(64 * 64 * 4, 0.4, numpy.float32))
    plate.file_format, plate.filepath_raw = "OPEN_EXR", path("frame.exr")
    plate.save()
    plate.backlot.matte = matte
    folder = path("characters", "Painted")
    added = bpy.ops.backlot.add_reference(folder=folder, image=plate.name, region="hair")
    assert added == {"FINISHED"}
    (reference,) = os.listdir(os.path.join(folder, "references"))
    kept = bpy.data.images.load(os.path.join(folder, "references", reference, "mattes.exr"))
    assert 40 <= kept.size[0] < 64, "cropped to the matte and a margin"


def the_change_is_found_on_its_frames():
    scene = bpy.context.scene
    bpy.ops.render.render(animation=True)
    folder = path("characters", "Hero")
    assert bpy.ops.backlot.check_character(folder=folder) == {"FINISHED"}
    drift = part("drift")
    job = part("session").latest(drift.place_of(folder)).job
    lines = drift.curve(job)
    assert sorted(lines) == sorted(REGIONS)
    coat = dict(lines["coat"])
    assert sorted(coat) == FRAMES
    assert max(coat[n] for n in AS_IT_SHOULD) < 3.0, coat
    assert min(coat[n] for n in CHANGED) > 10.0, coat
    assert {region for _, region, _ in drift.worst(job)} == {"coat"}
    assert [number for _, _, number in drift.worst(job)][:2] in ([7, 8], [8, 7])
    for _, _, number in drift.worst(job):
        assert bpy.ops.backlot.show_frame(frame=number) == {"FINISHED"}
        assert scene.frame_current == number
    assert os.path.isfile(job.outcome["report"])
    picture = drift.plot(lines, job.outcome["threshold"])
    color = drift.COLORS[sorted(REGIONS).index("coat")][1]
    drawn = (abs(picture[:, :, :3] - color) < 0.01).all(axis=2)
    heights = [numpy.flatnonzero(drawn[:, x]).max(initial=0) for x in range(drawn.shape[1])]
    assert max(heights[:40]) < drawn.shape[0] / 4 < min(heights[-40:]), heights


def the_likeness_of_a_face_is_a_curve_of_its_own():
    drift = part("drift")
    face = {"similarity": 0.7, "same": 0.4, "other": 0.3, "verdict": "same", "why": ""}
    away = {"verdict": "cannot tell", "why": "turned-face"}
    measured = ({"face": face}, {"face": away}, {"face": dict(face, similarity=0.1)})
    told = {n: {"measured": each} for n, each in enumerate(measured, 1)}
    job = types.SimpleNamespace(results=told)
    points, bound = drift.likeness(job)
    assert (points, bound) == ([(1, 0.7), (2, None), (3, 0.1)], 0.4)
    picture = drift.plot({"face": points}, bound, 1.0)
    drawn = (abs(picture[:, :, :3] - drift.COLORS[0][1]) < 0.01).all(axis=2)
    rows = [numpy.flatnonzero(drawn[:, x]).max() for x in (0, drawn.shape[1] - 1)]
    assert rows[0] > 0.6 * len(drawn) > 0.2 * len(drawn) > rows[1], rows
    unlike = drift.plot({"face": [(1, -0.4), (2, -0.4)]}, bound, 1.0)
    low = (abs(unlike[:, :, :3] - drift.COLORS[0][1]) < 0.01).all(axis=2)
    assert low[:3].any()
    assert not low[3:].any(), "a cosine below 0 lies at the bottom"
    unmeasured = types.SimpleNamespace(results={1: {"measured": {}}})
    assert drift.likeness(unmeasured) == ([], 0.0)


def a_range_that_is_not_rendered_is_said():
    scene = bpy.context.scene
    scene.render.filepath = path("nowhere", "shot_####.exr")
    drift, session = part("drift"), part("session")
    folder = path("characters", "Hero")
    drift.check(scene, folder)
    task = session.latest(drift.place_of(folder))
    assert task.state == "failed"
    assert "Nothing is rendered" in task.error.sentence, task.error.sentence


main(
    a_reference_is_added_from_the_render,
    a_click_into_the_picture_picks_a_matte,
    a_painted_matte_is_a_region_s,
    the_change_is_found_on_its_frames,
    the_likeness_of_a_face_is_a_curve_of_its_own,
    a_range_that_is_not_rendered_is_said,
)
