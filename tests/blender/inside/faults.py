"""What can go wrong, and what is left behind: a server that dies, none at all, cancel, the end."""

import array
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))

import bpy
from ready import BACKLOT, main, part, path


def new_plate(name):
    image = bpy.data.images.new(name, 6, 4, alpha=True, float_buffer=True)
    image.pixels.foreach_set(array.array("f", [0.5] * (6 * 4 * 4)))
    return image


def start(name, seconds=0.0):
    settings = part("controls").settings_of(bpy.context.scene, "passthrough")
    settings.seconds = seconds
    return part("images").run(new_plate(name), "passthrough", settings)


def until(task, state):
    session = part("session")
    end = time.monotonic() + 60
    while task.state != state and time.monotonic() < end:
        session._work(0.01)
        time.sleep(0.005)
    assert task.state == state, task.status()


def server():
    with open(os.path.join(os.environ["BACKLOT_RUNTIME"], "server.json")) as file:
        return json.load(file)["pid"]


def several_jobs_run_and_one_is_cancelled():
    session = part("session")
    long, short = start("long", 60.0), start("short")
    until(long, "running")
    bpy.ops.backlot.cancel(task=session.tasks().index(long))
    until(long, "cancelled")
    session.finish(short, 60)
    assert short.result is not None
    assert not session.live()
    assert not os.path.exists(long.take.folder)
    assert os.path.exists(short.take.folder)
    bpy.ops.backlot.dismiss(task=session.tasks().index(long))
    assert long not in session.tasks()


def a_server_that_dies_is_started_again():
    task = start("survives", 1.0)
    until(task, "running")
    os.kill(server(), signal.SIGKILL)
    part("session").finish(task, 120)
    assert task.result is not None
    assert task.job.warnings


def a_companion_that_dies_is_an_error_and_the_next_run_works():
    session = part("session")
    task = start("lost", 60.0)
    until(task, "running")
    session.link()._process.kill()
    until(task, "failed")
    assert task.error.code == "link-lost"
    assert task.error.hint
    assert session.finish(start("again"), 120).result is not None


def no_backlot_is_a_sentence_and_a_hint():
    session = part("session")
    session.close()
    own = part("preferences")._own()
    own.backlot = path("not there")
    task = start("nowhere")
    assert task.state == "failed"
    assert task.error.code == "not-installed"
    assert "preferences" in task.error.hint or "Enter" in task.error.hint
    bpy.ops.backlot.test()
    assert part("preferences")._told[0][1] == "ERROR"
    own.backlot = BACKLOT


def the_test_button_says_that_it_works():
    told = part("preferences")._told
    bpy.ops.backlot.test()
    end = time.monotonic() + 60
    while told[0][1] == "TIME" and time.monotonic() < end:
        part("session")._work(0.01)
        time.sleep(0.01)
    assert told[0][1] == "CHECKMARK", told
    assert "Upscale" in told[0][0]


def a_folder_that_cannot_be_written_is_an_error():
    own = part("preferences")._own()
    with open(path("a file"), "w"):
        pass
    own.cache = path("a file")
    task = start("unwritable")
    assert task.state == "failed"
    assert task.error.code == "cannot-write"
    assert task.error.hint
    own.cache = ""


def a_full_disk_is_an_error_and_the_next_run_works():
    """A disk of 64 KiB where the test could make one, else files that may not grow beyond that."""
    own, session = part("preferences")._own(), part("session")
    disk = os.environ.get("BACKLOT_FULL_DISK", "")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    session.close()  # the next companion is started under the limit
    if not disk:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
    own.cache = disk or path("small")
    os.makedirs(own.cache, exist_ok=True)
    image = bpy.data.images.new("large", 128, 128, alpha=True, float_buffer=True)
    values = array.array("f", [random.random() for _ in range(128 * 128 * 4)])
    image.pixels.foreach_set(values)
    settings = part("controls").settings_of(bpy.context.scene, "passthrough")
    settings.seconds = 0.0
    try:
        task = part("images").run(image, "passthrough", settings)
        until(task, "failed")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        session.close()
    assert task.error.code == "cannot-write", task.error
    assert "cannot be written" in str(task.error)
    assert task.error.hint
    left = [f for _, _, files in os.walk(own.cache) for f in files if f.endswith(".exr")]
    assert not left, left
    kept = array.array("f", [0.0]) * len(values)
    image.pixels.foreach_get(kept)
    assert kept == values, "the picture in Blender is as it was"
    own.cache = ""
    assert session.finish(start("after"), 120).result is not None


def characters_are_listed_and_used():
    scene, panel, session = bpy.context.scene, part("characters"), part("session")
    library = path("characters")
    os.makedirs(library)
    scene.backlot_characters = library

    def listed():
        bpy.ops.backlot.list_characters()
        end = time.monotonic() + 60
        while panel._known["said"] == ["Reading ..."] and time.monotonic() < end:
            session._work(0.01)
            time.sleep(0.005)
        return panel._known

    assert "no character" in listed()["said"][0]
    hero = os.path.join(library, "hero")
    command = [BACKLOT, "-m", "backlot", "character", "new", hero]
    for region in ("face", "coat", "hair"):
        command += ["--region", region]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = listed()["characters"]
    assert (found["name"], sorted(found["regions"])) == ("hero", ["coat", "face", "hair"])
    group = part("compositor").new_group("character-lock")
    bpy.ops.backlot.use_character(folder=found["folder"])
    for owner in (scene, group):
        assert part("controls").settings_of(owner, "character-lock").character == found["folder"]
    scene.backlot_characters = path("not there")
    assert listed()["characters"] == []
    assert len([said for said in listed()["said"] if said]) == 2


def new_tools_from_a_server_become_controls():
    controls = part("controls")
    param = {
        "name": "warmth", "kind": "float", "default": 0.5, "label": "Warmth", "minimum": 0.0,
        "maximum": 1.0, "step": 0.1, "unit": "", "choices": [], "group": "", "help": "More of it.",
        "animatable": True,
    }  # fmt: skip
    output = {"size": "same", "matte": "", "grow_params": []}
    spec = {
        "name": "grade", "label": "Grade", "summary": "Warmer.", "version": "1", "hidden": False,
        "inputs": [{"name": "source", "kind": "image", "label": "Source", "required": True}],
        "params": [param], "output": output,
    }  # fmt: skip
    told = [*controls._specs, spec]
    before = list(controls._specs)
    assert controls.update(told)
    assert controls.settings_of(bpy.context.scene, "grade").warmth == 0.5
    assert not controls.update(told)
    group = part("compositor").new_group("grade")
    assert group.name == "Backlot Grade"
    controls.update(before)


def an_error_of_our_own_is_told_and_the_next_run_works():
    session = part("session")
    task = start("broken")

    def broken(task):
        raise ZeroDivisionError("on purpose")

    task.finished = broken
    until(task, "failed")
    assert task.error.code == "internal"
    assert "ZeroDivisionError" in part("ui").details(task)
    assert session.finish(start("whole"), 60).result is not None


def every_panel_and_menu_is_registered():
    for name in ("BACKLOT_PT_image", "BACKLOT_PT_node", "BACKLOT_PT_strips", "BACKLOT_PT_output",
                 "BACKLOT_PT_characters", "BACKLOT_MT_add"):  # fmt: skip
        assert hasattr(bpy.types, name), name


def nothing_is_left_when_it_is_disabled():
    import addon_utils

    name = part("session").__package__
    handlers = (bpy.app.handlers.render_init, bpy.app.handlers.render_write,
                bpy.app.handlers.render_complete, bpy.app.handlers.save_pre)  # fmt: skip
    assert any(_ours(handler) for known in handlers for handler in known)
    process = part("session").link()._process
    addon_utils.disable(name)
    assert process.poll() is not None
    assert not any(_ours(handler) for known in handlers for handler in known)
    assert not hasattr(bpy.types.Scene, "backlot")
    assert not hasattr(bpy.types, "BACKLOT_PT_image")
    addon_utils.enable(name)
    assert hasattr(bpy.types.Scene, "backlot")


def _ours(handler):
    return "backlot" in getattr(handler, "__module__", "")


main(
    several_jobs_run_and_one_is_cancelled,
    a_server_that_dies_is_started_again,
    a_companion_that_dies_is_an_error_and_the_next_run_works,
    no_backlot_is_a_sentence_and_a_hint,
    the_test_button_says_that_it_works,
    a_folder_that_cannot_be_written_is_an_error,
    a_full_disk_is_an_error_and_the_next_run_works,
    characters_are_listed_and_used,
    new_tools_from_a_server_become_controls,
    an_error_of_our_own_is_told_and_the_next_run_works,
    every_panel_and_menu_is_registered,
    nothing_is_left_when_it_is_disabled,
)
