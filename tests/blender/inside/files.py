"""Rendered files and strips: after a render, by hand, and above the original in the sequencer."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import bpy
import numpy
from ready import main, part, path


def picture(name, values):
    """A file of the size of an array, its rows from the top."""
    height, width, _ = values.shape
    image = bpy.data.images.new(name, width, height, alpha=True, float_buffer=True, is_data=True)
    whole = numpy.concatenate([values[::-1], numpy.ones((height, width, 1))], axis=2)
    image.pixels.foreach_set(whole.astype(numpy.float32).ravel())
    image.filepath_raw, image.file_format = path(name), "OPEN_EXR"
    image.save()
    bpy.data.images.remove(image)


def middle(file):
    """Red, left of the middle."""
    image = bpy.data.images.load(file, check_existing=False)
    image.colorspace_settings.is_data = True
    width, height = image.size
    got = image.pixels[4 * (width * (height // 2) + width // 2 - width // 12)]
    bpy.data.images.remove(image)
    return got


def set_up():
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 8, 6
    scene.render.resolution_percentage = 100
    scene.frame_start, scene.frame_end = 1, 2
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.backlot.tool = "upscale"
    settings = part("controls").settings_of(scene, "upscale")
    settings.scale, settings.network = 2.0, "sinc"
    return scene


def strips(scene):
    editor = scene.sequence_editor or scene.sequence_editor_create() or scene.sequence_editor
    return part("compat").strips_of(editor)


def the_frames_of_a_render_are_processed_when_it_is_done():
    scene = set_up()
    for number in (1, 2):
        picture(f"in{number:04d}.exr", numpy.full((6, 8, 3), 0.25 * number))
    strip = strips(scene).new_image(
        name="in", filepath=path("in0001.exr"), channel=1, frame_start=1
    )
    strip.elements.append("in0002.exr")
    scene.render.filepath = path("render", "shot_")
    scene.backlot.after_render = True
    bpy.ops.render.render(animation=True)
    scene.backlot.after_render = False
    made = path("render", "backlot", "upscale", "v001")
    assert sorted(n for n in os.listdir(made) if n.endswith(".exr")) == [
        "shot_0001.exr",
        "shot_0002.exr",
    ]
    for number in (1, 2):
        plate = middle(path("render", f"shot_{number:04d}.exr"))
        assert abs(middle(os.path.join(made, f"shot_{number:04d}.exr")) - plate) < 1e-3
    image = bpy.data.images.load(os.path.join(made, "shot_0001.exr"))
    assert tuple(image.size) == (16, 12)


def a_render_that_was_not_asked_for_is_left_alone():
    scene = bpy.context.scene
    bpy.ops.render.render(animation=True)
    assert os.listdir(path("render", "backlot", "upscale")) == ["v001"]
    assert bpy.ops.backlot.process_output() == {"FINISHED"}
    assert sorted(os.listdir(path("render", "backlot", "upscale"))) == ["v001", "v002"]
    scene.frame_start = scene.frame_end = 900
    said = ""
    try:
        bpy.ops.backlot.process_output()
    except RuntimeError as error:
        said = str(error)
    assert "Nothing is rendered" in said
    scene.frame_start, scene.frame_end = 1, 2


def the_result_of_a_strip_is_a_strip_above_with_its_timing():
    scene = set_up()
    bpy.ops.wm.save_as_mainfile(filepath=path("strips.blend"))
    below = strips(scene).get("in")
    below.frame_offset_start = 1
    timing = (below.frame_final_start, below.frame_final_end)
    blocker = strips(scene).new_effect(
        name="blocker", type="COLOR", channel=below.channel + 1, frame_start=1, **_length(5)
    )
    for each in strips(scene):
        each.select = each == below
    scene.backlot.tool = "upscale"
    assert bpy.ops.backlot.run_strips() == {"FINISHED"}
    above = strips(scene).get("in v001")
    assert above is not None, [each.name for each in strips(scene)]
    assert (above.frame_final_start, above.frame_final_end) == timing
    assert above.channel > blocker.channel
    assert (below.mute, above.mute) == (True, False)
    assert [element.filename for element in above.elements] == [
        "result.0001.exr",
        "result.0002.exr",
    ]
    folder = bpy.path.abspath(above.directory)
    assert abs(middle(os.path.join(folder, "result.0002.exr")) - 0.5) < 1e-3
    strips(scene).remove(blocker)


def _length(frames):
    if bpy.app.version >= (5, 0, 0):
        return {"length": frames}
    return {"frame_end": 1 + frames}


def a_movie_becomes_frames_that_look_the_same():
    scene = set_up()
    scene.render.resolution_x, scene.render.resolution_y = 64, 48
    scene.view_settings.view_transform = "Standard"
    for each in list(strips(scene)):
        strips(scene).remove(each)
    colour = strips(scene).new_effect(
        name="grey", type="COLOR", channel=1, frame_start=1, **_length(4)
    )
    colour.color = (0.5, 0.25, 0.75)
    scene.frame_start, scene.frame_end = 1, 4
    settings = scene.render.image_settings
    if bpy.app.version >= (5, 0, 0):
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"
    scene.render.ffmpeg.format, scene.render.ffmpeg.codec = "MPEG4", "H264"
    scene.render.filepath = path("movie.mp4")
    bpy.ops.render.render(animation=True)
    if bpy.app.version >= (5, 0, 0):
        settings.media_type = "IMAGE"
    settings.file_format = "PNG"
    movie = strips(scene).new_movie(
        name="film", filepath=path("movie.mp4"), channel=2, frame_start=11
    )
    task = part("sequencer").run(scene, movie, "passthrough")
    part("session").finish(task, 300)
    above = task.result
    assert (above.frame_final_start, above.frame_final_end) == (
        movie.frame_final_start,
        movie.frame_final_end,
    )
    assert len(above.elements) == 4
    image = bpy.data.images.load(bpy.path.abspath(above.directory) + above.elements[0].filename)
    wanted = pixels_of_strip(scene)
    assert all(abs(a - b) < 0.03 for a, b in zip(image.pixels[:3], wanted, strict=True)), (
        list(image.pixels[:3]),
        wanted,
    )


def pixels_of_strip(scene):
    """What Blender itself shows of the movie, as an 8-bit picture."""
    for each in strips(scene):
        each.mute = each.name != "film"
    scene.render.filepath = path("look.png")
    scene.frame_set(11)
    bpy.ops.render.render(write_still=True)
    return list(bpy.data.images.load(path("look.png")).pixels[:3])


def rendered_frames_and_strips_take_all_that_a_tool_takes():
    """A matte and an approved frame, as files; what is not known of the take is a picture."""
    scene = set_up()
    for each in list(strips(scene)):
        strips(scene).remove(each)
    rng = numpy.random.default_rng(3)
    world = rng.random((48, 80, 1)) * [1.0, 0.9, 0.8]
    for number in (1, 2, 3):
        picture(f"shot.{number:04d}.exr", world[:, 2 * number : 2 * number + 64])
        cover = numpy.zeros((48, 64, 3))
        cover[20:30, 20:34] = 1.0
        picture(f"roto.{number:04d}.exr", cover)
    picture("ok.0002.exr", numpy.full((48, 64, 3), 0.25))
    scene.backlot.tool, scene.backlot.matte_files = "fill", path("roto.####.exr")
    settings = part("controls").settings_of(scene, "fill")
    settings.files_clean, settings.grain = path("ok.0002.exr"), 0.0
    files = {number: path(f"shot.{number:04d}.exr") for number in (1, 2, 3)}
    task = part("output").process_files(scene, "fill", files)
    part("session").finish(task, 300)
    assert not task.job.frame_errors, [each.details() for each in task.job.frame_errors.values()]
    made = {n: middle(task.result.file(f"shot.{n:04d}.exr")) for n in files}
    assert abs(made[2] - 0.25) < 1e-3, made
    assert abs(middle(path("shot.0001.exr")) - made[1]) > 1e-4
    assert os.path.isfile(task.job.outcome["report"])
    strip = strips(scene).new_image(name="s", filepath=files[1], channel=1, frame_start=1)
    strip.elements.append("shot.0002.exr")
    strip.elements.append("shot.0003.exr")
    bpy.ops.wm.save_as_mainfile(filepath=path("all.blend"))
    task = part("sequencer").run(scene, strip, "fill")
    part("session").finish(task, 300)
    folder = bpy.path.abspath(task.result.directory)
    assert abs(middle(os.path.join(folder, "result.0002.exr")) - 0.25) < 1e-3


def a_strip_that_is_no_picture_says_so():
    scene = bpy.context.scene
    colour = strips(scene).new_effect(
        name="colour", type="COLOR", channel=9, frame_start=1, **_length(5)
    )
    task = part("sequencer").run(scene, colour, "upscale")
    assert task.state == "failed"
    assert "color strip" in task.error.sentence
    assert task.error.hint


main(
    the_frames_of_a_render_are_processed_when_it_is_done,
    a_render_that_was_not_asked_for_is_left_alone,
    the_result_of_a_strip_is_a_strip_above_with_its_timing,
    a_movie_becomes_frames_that_look_the_same,
    rendered_frames_and_strips_take_all_that_a_tool_takes,
    a_strip_that_is_no_picture_says_so,
)
