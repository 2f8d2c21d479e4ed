# SPDX-License-Identifier: GPL-3.0-or-later
"""Output properties: run a tool on the frames that a render wrote, by hand or when it is done."""

import os
import re

import bpy

from . import controls, places, plates, session, ui
from .host import LinkError, Takes, fingerprint

_PLACE = ("output", "")
_written = {}
"""Frame number -> file of the render that goes on."""


def process_files(scene, tool, files, finished=None):
    """Run a tool on rendered files (frame number -> path); returns its task.

    The result lies in backlot/TOOL/v001 and so on, beside the frames.
    """
    spec = controls.spec_of(tool)
    task = session.add(session.Task(spec["label"], _PLACE, finished))
    frames = sorted(files)
    try:
        plate = pattern(files)
        inputs = {spec["inputs"][0]["name"]: {"files": plate}}
        if plate.lower().endswith(".exr"):
            inputs[spec["inputs"][0]["name"]]["colorspace"] = places.scene_linear()
        for given in controls.extra_inputs(spec):
            if controls.takes_matte(spec, given) and scene.backlot.matte_files:
                matte = bpy.path.abspath(scene.backlot.matte_files)
                inputs[given["name"]] = {"files": matte}
            elif given["required"]:
                raise LinkError(
                    "invalid-input",
                    "{} needs files for {}.".format(spec["label"], given["label"]),
                    "Choose them in Output properties, under Backlot.",
                )
        settings = controls.settings_of(scene, tool)
        inputs.update(controls.files(settings, spec))
        params = controls.values(settings, spec, frames, owner=scene)
        folder, name = os.path.split(plate)
        take = task.take = places.new_take(Takes(os.path.join(folder, "backlot", tool)))
    except LinkError as error:
        task.fail(error)
        return task
    made_of = {"tool": tool, "version": spec["version"], "params": params, "files": plate}
    take.save_recipe(dict(made_of, fingerprint=fingerprint(made_of)))
    out = {"files": take.file(name)}
    if spec.get("rated"):
        out["report"] = take.file("report.png")
    task.result = take
    session.start(task, tool, frames, params=params, inputs=inputs, out=out, priority="batch")
    return task


def pattern(files):
    """One pattern, with ####, for files that differ in their number alone. Raises: LinkError."""
    patterns = set()
    for number, path in files.items():
        folder, name = os.path.split(bpy.path.abspath(path))
        found = list(re.finditer(r"\d+", name))
        fitting = [each for each in found if int(each.group()) == abs(number)]
        if not fitting:
            patterns.add(os.path.join(folder, name))
            continue
        at = fitting[-1]
        marks = "#" * len(at.group())
        patterns.add(os.path.join(folder, name[: at.start()] + marks + name[at.end() :]))
    if len(patterns) != 1:
        raise LinkError(
            "invalid-input",
            "The rendered files have no common name with a frame number in it.",
            "Render an image sequence, such as //render/shot_####.exr.",
        )
    return patterns.pop()


def rendered(scene):
    """Files of the scene's range that are on disk."""
    frames = range(scene.frame_start, scene.frame_end + 1, scene.frame_step)
    paths = {number: scene.render.frame_path(frame=number) for number in frames}
    return {number: path for number, path in paths.items() if os.path.isfile(path)}


def _run(scene, files):
    task = process_files(scene, scene.backlot.tool, files)
    if bpy.app.background:
        session.finish(task)
    return task


# ---- after a render -----------------------------------------------------------------------------


@bpy.app.handlers.persistent
def _on_begin(*_):
    if not plates.Render.rendering:
        _written.clear()


@bpy.app.handlers.persistent
def _on_write(scene, *_):
    if not plates.Render.rendering and scene.backlot.after_render:
        _written[scene.frame_current] = scene.render.frame_path(frame=scene.frame_current)


@bpy.app.handlers.persistent
def _on_complete(scene, *_):
    if plates.Render.rendering or not scene.backlot.after_render or not _written:
        return
    files, name = dict(_written), scene.name
    _written.clear()
    if bpy.app.background:
        try:
            _run(scene, files)
        except LinkError as error:
            print(f"Backlot: {error.sentence} {error.hint}", flush=True)
        return

    def later():  # a render in the window ends in a thread of its own: the timer is ours
        again = bpy.data.scenes.get(name)
        if again is not None:
            _run(again, files)

    bpy.app.timers.register(later, first_interval=0.1)


_HANDLERS = (
    ("render_init", _on_begin),
    ("render_write", _on_write),
    ("render_complete", _on_complete),
)


def remove_handlers():
    for name, handler in _HANDLERS:
        known = getattr(bpy.app.handlers, name)
        if handler in known:
            known.remove(handler)


class BACKLOT_OT_process_output(bpy.types.Operator):
    bl_idname = "backlot.process_output"
    bl_label = "Process Rendered Range"
    bl_description = "Run the tool on the files that were rendered for the scene's range"

    def execute(self, context):
        scene = context.scene
        files = rendered(scene)
        if not files:
            path = scene.render.frame_path(frame=scene.frame_start)
            self.report({"ERROR"}, f"Nothing is rendered: {path} is not there.")
            return {"CANCELLED"}
        try:
            _run(scene, files)
        except LinkError as error:
            self.report({"ERROR"}, f"{error.sentence} {error.hint}")
            return {"CANCELLED"}
        return {"FINISHED"}


class BACKLOT_PT_output(bpy.types.Panel):
    bl_idname = "BACKLOT_PT_output"
    bl_label = "Backlot"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "output"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        scene = context.scene
        own = scene.backlot
        layout.use_property_split = True
        layout.prop(own, "after_render")
        layout.prop(own, "tool")
        spec = controls.spec_of(own.tool)
        if spec is None:
            return
        settings = controls.settings_of(scene, own.tool)
        controls.draw_files(layout, own, settings, spec)
        controls.draw(layout, settings, spec)
        if not ui.draw_task(layout, _PLACE):
            layout.operator("backlot.process_output", icon="PLAY")


_CLASSES = (BACKLOT_OT_process_output, BACKLOT_PT_output)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister():
    remove_handlers()
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
