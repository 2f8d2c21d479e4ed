# SPDX-License-Identifier: GPL-3.0-or-later
"""The sequencer's sidebar: a tool on the selected strips; the result is a strip above."""

import os
import re

import bpy

from . import compat, controls, places, session, ui
from .host import LinkError, fingerprint

_PLACE = ("strips", "")


def run(scene, strip, tool, finished=None):
    """Run a tool on all frames of an image or movie strip; returns its task."""
    spec = controls.spec_of(tool)
    task = session.add(session.Task("{} {}".format(spec["label"], strip.name), _PLACE))
    names = {"scene": scene.name, "strip": strip.name}
    try:
        source, frames = _source(strip)
        needs = [given for given in controls.extra_inputs(spec) if given["required"]]
        space = places.space_named(strip.colorspace_settings.name)
        inputs = {spec["inputs"][0]["name"]: {"files": source, "colorspace": space}}
        for given in needs:
            if not controls.takes_matte(spec, given) or not scene.backlot.matte_files:
                raise LinkError(
                    "invalid-input",
                    "{} needs files for {}.".format(spec["label"], given["label"]),
                    "Choose them in the sidebar, under Matte.",
                )
            inputs[given["name"]] = {"files": bpy.path.abspath(scene.backlot.matte_files)}
        inputs.update(controls.files(controls.settings_of(scene, tool), spec))
        take = task.take = places.new_take(places.takes_of(strip.name))
    except LinkError as error:
        task.fail(error)
        return task
    params = controls.values(controls.settings_of(scene, tool), spec)
    made_of = {"tool": tool, "version": spec["version"], "params": params, "source": source}

    def done(task):
        files = {number: event["file"] for number, event in task.job.results.items()}
        if len(files) != len(frames):
            raise next(iter(task.job.frame_errors.values()))
        take.save_recipe(dict(made_of, fingerprint=fingerprint(made_of)))
        scene = bpy.data.scenes[names["scene"]]
        below = compat.strips_of(scene.sequence_editor).get(names["strip"])
        if below is None:
            raise LinkError("not-found", "The strip was removed.", "The take is on disk.")
        task.result = place_above(scene, below, [files[number] for number in frames], take.name)
        if finished is not None:
            finished(task.result)

    task.finished = done
    suffix = os.path.splitext(source)[1].lower()
    suffix = suffix if suffix in (".exr", ".png", ".tif", ".tiff", ".dpx") else ".png"
    out = {"files": take.file("result.####" + suffix)}
    if spec.get("rated"):
        out["report"] = take.file("report.png")
    session.start(task, tool, frames, params=params, inputs=inputs, out=out, priority="batch")
    return task


def _source(strip):
    """(pattern, frame numbers in the strip's order) of all its files. Raises: LinkError."""
    if strip.type == "MOVIE":
        count = strip.frame_duration
        return bpy.path.abspath(strip.filepath), list(range(1, count + 1))
    if strip.type != "IMAGE":
        raise LinkError(
            "unsupported",
            f"{strip.name} is a {strip.type.lower()} strip.",
            "Choose image or movie strips; render others to files first.",
        )
    folder = bpy.path.abspath(strip.directory)
    names = [element.filename for element in strip.elements]
    patterns, numbers = set(), []
    for name in names:
        found = list(re.finditer(r"\d+", name))
        if not found:
            break
        at = found[-1]
        patterns.add(name[: at.start()] + "#" * len(at.group()) + name[at.end() :])
        numbers.append(int(at.group()))
    if len(names) == 1 and not numbers:
        return os.path.join(folder, names[0]), [0]
    if len(patterns) != 1 or len(set(numbers)) != len(names):
        raise LinkError(
            "unsupported",
            f"The files of {strip.name} are not one numbered sequence.",
            "Choose a strip whose files differ in their number alone.",
        )
    return os.path.join(folder, patterns.pop()), numbers


def place_above(scene, below, files, take):
    """An image strip with exactly the timing of `below`, above it, which is muted."""
    editor = scene.sequence_editor
    strips = compat.strips_of(editor)
    channel = _free_channel(editor, below)
    start = int(below.frame_start)
    made = strips.new_image(
        name=f"{below.name} {take}",
        filepath=places.stored(files[0]),
        channel=channel,
        frame_start=start,
        fit_method="ORIGINAL",
    )
    for path in files[1:]:
        made.elements.append(os.path.basename(path))
    for name in ("frame_offset_start", "frame_offset_end"):
        setattr(made, name, getattr(below, name))
    for name in ("frame_final_start", "frame_final_end"):
        setattr(made, name, int(getattr(below, name)))
    made.blend_type, made.blend_alpha = below.blend_type, below.blend_alpha
    made["backlot_take"] = take
    below.mute = True
    return made


def _free_channel(editor, below):
    channel = below.channel + 1
    taken = {
        each.channel
        for each in compat.strips_of(editor)
        if each.frame_final_start < below.frame_final_end
        and each.frame_final_end > below.frame_final_start
    }
    while channel in taken:
        channel += 1
    return channel


class BACKLOT_OT_run_strips(bpy.types.Operator):
    bl_idname = "backlot.run_strips"
    bl_label = "Run on Selected Strips"
    bl_description = "The result of each selected strip comes as a strip above it"

    def execute(self, context):
        scene = compat.sequencer_scene(context)
        editor = scene.sequence_editor
        chosen = [each for each in compat.strips_of(editor) if each.select] if editor else []
        if not chosen:
            self.report({"ERROR"}, "No strip is selected. Select image or movie strips.")
            return {"CANCELLED"}
        running = [run(scene, strip, context.scene.backlot.tool) for strip in chosen]
        return session.ran(self, *running)


class BACKLOT_PT_strips(bpy.types.Panel):
    bl_idname = "BACKLOT_PT_strips"
    bl_label = "Backlot"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Backlot"

    def draw(self, context):
        layout = self.layout
        own = context.scene.backlot
        layout.prop(own, "tool", text="")
        spec = controls.spec_of(own.tool)
        if spec is None:
            return
        settings = controls.settings_of(context.scene, own.tool)
        controls.draw_files(layout, own, settings, spec)
        controls.draw(layout, settings, spec)
        layout.operator("backlot.run_strips", icon="PLAY")
        ui.draw_task(layout, _PLACE)


_CLASSES = (BACKLOT_OT_run_strips, BACKLOT_PT_strips)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)


def unregister():
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
