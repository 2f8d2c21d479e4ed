"""The Image Editor's part: pixels through shared memory, takes, accept and revert, files."""

import array
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

import bpy
from ready import main, part, path


def values_of(image):
    got = array.array("f", bytes(4 * len(image.pixels)))
    image.pixels.foreach_get(got)
    return got


def new_plate(name, width=9, height=7, byte=False):
    """Every pixel another value: below 0, far above 1; of byte images, every step of 255."""
    image = bpy.data.images.new(name, width, height, alpha=True, float_buffer=not byte)
    count = width * height * 4
    if byte:
        numbers = [(i * 7 % 256) / 255.0 for i in range(count)]
    else:
        numbers = [(-1.0) ** i * 1.37**i % 3000.0 - 20.0 for i in range(count)]
        numbers[3::4] = [0.25 + 0.75 * (i % 2) for i in range(count // 4)]
    image.pixels.foreach_set(array.array("f", numbers))
    image.update()
    return image


def run(plate, tool, matte=None, **params):
    settings = part("controls").settings_of(bpy.context.scene, tool)
    for name, value in params.items():
        setattr(settings, name, value)
    task = part("images").run(plate, tool, settings, matte)
    part("session").finish(task, 120)
    return task.result


def float_pixels_come_back_to_the_bit():
    plate = new_plate("plate.exr")
    assert values_of(run(plate, "passthrough")) == values_of(plate)


def byte_pixels_come_back_to_the_bit():
    plate = new_plate("photo", byte=True)
    result = run(plate, "passthrough")
    assert not result.is_float
    assert values_of(result) == values_of(plate)


def takes_are_kept_apart_and_survive_save_and_reopen():
    plate = new_plate("kept")
    before = values_of(plate)
    first, second = run(plate, "passthrough"), run(plate, "passthrough")
    names = [row.name for row in plate.backlot.takes]
    assert names == ["v001", "v002"], names
    assert first.filepath != second.filepath
    names = {"photo": values_of(bpy.data.images["photo passthrough v001"]), "kept": before}
    bpy.ops.wm.save_as_mainfile(filepath=path("kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=path("kept.blend"))
    for name, expected in names.items():
        image = bpy.data.images[name + " passthrough v001"]
        assert image.source == "FILE"
        assert values_of(image) == expected, name
        assert image.backlot.plate == bpy.data.images.get(name, image.backlot.plate)


def takes_lie_beside_a_saved_blend():
    result = run(new_plate("beside"), "passthrough")
    assert result.filepath_raw.startswith("//backlot"), result.filepath_raw
    assert os.path.isfile(path("backlot", "beside", "v001", "beside.exr"))


def accept_and_revert_change_who_uses_what():
    plate = new_plate("used")
    texture = bpy.data.textures.new("user", "IMAGE")
    texture.image = plate
    result = run(plate, "passthrough")
    editor = part("images")
    editor.accept(result)
    assert texture.image == result
    assert result.backlot.plate == plate
    assert plate.backlot.plate is None
    assert plate.backlot.takes[0].image == result
    editor.revert(result)
    assert texture.image == plate
    assert result.backlot.plate == plate


def upscale_makes_it_larger_and_keeps_the_range():
    plate = bpy.data.images.new("small", 16, 12, alpha=True, float_buffer=True)
    plate.pixels.foreach_set(array.array("f", [40.0, -0.5, 0.18, 1.0] * (16 * 12)))
    result = run(plate, "upscale", scale=2.0, network="sinc")
    assert tuple(result.size) == (32, 24)
    for wanted, got in zip((40.0, -0.5, 0.18, 1.0), values_of(result)[:4], strict=True):
        assert abs(got - wanted) < 1e-3 * abs(wanted) + 1e-4, (got, wanted)


def upscale_does_not_turn_the_picture_over():
    plate = bpy.data.images.new("ramp", 8, 8, alpha=True, float_buffer=True)
    rows = [[float(y), float(y), float(y), 1.0] * 8 for y in range(8)]
    plate.pixels.foreach_set(array.array("f", [v for row in rows for v in row]))
    got = values_of(run(plate, "upscale", scale=2.0, network="sinc"))
    assert got[0] < 1.0 < 6.0 < got[-4], (got[0], got[-4])


def fill_changes_nothing_outside_the_matte():
    plate = new_plate("filled", 24, 20)
    matte = bpy.data.images.new("filled matte", 24, 20, float_buffer=False, is_data=True)
    inside = {(x, y) for x in range(8, 13) for y in range(6, 11)}
    matte.pixels.foreach_set(
        array.array(
            "f",
            [
                v
                for y in range(20)
                for x in range(24)
                for v in [float((x, y) in inside)] * 3 + [1.0]
            ],
        )
    )
    spec = part("controls").spec_of("fill")
    result = run(plate, "fill", matte, **dict.fromkeys(spec["output"]["grow_params"], 0))
    before, after = values_of(plate), values_of(result)
    changed = {i // 4 for i in range(len(before)) if before[i] != after[i]}
    places = {(i % 24, i // 24) for i in changed}
    assert places, "nothing was filled"
    assert places <= inside, sorted(places - inside)


def a_reference_is_used_where_it_is_chosen():
    """All texture from a picture of one colour gives that colour."""
    plate = new_plate("with reference", 24, 20)
    matte = bpy.data.images.new("all", 24, 20, float_buffer=False, is_data=True)
    matte.pixels.foreach_set(array.array("f", [1.0] * (24 * 20 * 4)))
    reference = bpy.data.images.new("reference", 24, 20, alpha=True, float_buffer=True)
    reference.pixels.foreach_set(array.array("f", [3.0, 2.0, 1.0, 1.0] * (24 * 20)))
    result = run(plate, "fill", matte, input_reference=reference)
    part("controls").settings_of(bpy.context.scene, "fill").input_reference = None
    got = values_of(result)
    for channel, wanted in enumerate((3.0, 2.0, 1.0)):
        middle = sorted(got[channel::4])[24 * 10]
        assert abs(middle - wanted) < 0.05 * wanted, (channel, middle)


def choosing_a_take_shows_it():
    plate = new_plate("chosen")
    results = [run(plate, "passthrough"), run(plate, "passthrough")]
    part("images").choose(plate, 0)
    assert plate.backlot.take == 0
    assert [row.image for row in plate.backlot.takes] == results


def a_tool_that_needs_a_matte_says_so():
    task = part("images").run(
        new_plate("bare"), "fill", part("controls").settings_of(bpy.context.scene, "fill")
    )
    assert task.state == "failed"
    assert "matte" in task.error.sentence
    assert task.error.hint


def an_image_without_pixels_says_so():
    blank = bpy.data.images.new("blank", 4, 4)
    blank.source = "FILE"
    blank.filepath = path("not there.exr")
    task = part("images").run(
        blank, "passthrough", part("controls").settings_of(bpy.context.scene, "passthrough")
    )
    assert task.state == "failed"
    assert task.error.hint
    details = part("ui").details(task)
    assert "blank" in details
    assert "Blender" in details


def a_take_is_stale_when_a_setting_changed():
    settings = part("controls").settings_of(bpy.context.scene, "passthrough")
    settings.seconds = 0.0
    plate = new_plate("fresh")
    run(plate, "passthrough")
    editor = part("images")
    row = plate.backlot.takes[0]
    assert editor.changed(bpy.context.scene, row) == ""
    settings.seconds = 0.01
    assert editor.changed(bpy.context.scene, row) != ""
    settings.seconds = 0.0


def undo_leaves_the_plate_alone():
    plate = new_plate("undone")
    before = values_of(plate)
    bpy.ops.ed.undo_push(message="before")
    run(plate, "passthrough")
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert values_of(bpy.data.images["undone"]) == before


def the_operator_waits_in_background():
    new_plate("by operator")
    done = bpy.ops.backlot.run_image(tool="passthrough", image="by operator")
    assert done == {"FINISHED"}
    assert "by operator passthrough v001" in bpy.data.images


main(
    float_pixels_come_back_to_the_bit,
    byte_pixels_come_back_to_the_bit,
    takes_are_kept_apart_and_survive_save_and_reopen,
    takes_lie_beside_a_saved_blend,
    accept_and_revert_change_who_uses_what,
    upscale_makes_it_larger_and_keeps_the_range,
    upscale_does_not_turn_the_picture_over,
    fill_changes_nothing_outside_the_matte,
    a_reference_is_used_where_it_is_chosen,
    choosing_a_take_shows_it,
    a_tool_that_needs_a_matte_says_so,
    an_image_without_pixels_says_so,
    a_take_is_stale_when_a_setting_changed,
    undo_leaves_the_plate_alone,
    the_operator_waits_in_background,
)
