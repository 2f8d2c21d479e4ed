# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a character drifted in the rendered range: its curve, the worst frames, the report."""

import os

import bpy
import bpy.utils.previews

from . import output, places, session, ui
from .host import LinkError

_SIZE = 256
_LEAST_SCALE = 6.0
_WORST = 3
# A region's line in the plot, and the icon of its sentence below.
COLORS = (
    ("COLORSET_01_VEC", (0.85, 0.20, 0.20)),
    ("COLORSET_03_VEC", (0.25, 0.75, 0.20)),
    ("COLORSET_04_VEC", (0.25, 0.45, 0.95)),
    ("COLORSET_09_VEC", (0.95, 0.80, 0.15)),
    ("COLORSET_06_VEC", (0.65, 0.35, 0.85)),
    ("COLORSET_02_VEC", (0.95, 0.50, 0.15)),
)
_state = {"previews": None, "found": None}


def place_of(folder):
    return ("character", folder)


def check(scene, folder, finished=None):
    """Hold the rendered frames of the scene's range against a character; returns the task."""

    def done(task):
        _keep(folder, task)
        if finished is not None:
            finished(task)

    task = session.add(session.Task("Check", place_of(folder), done))
    files = output.rendered(scene)
    try:
        if not files:
            raise LinkError(
                "missing-frame",
                "Nothing is rendered: {} is not there.".format(
                    scene.render.frame_path(frame=scene.frame_start)
                ),
                "Render the range first, with Cryptomatte in a multilayer EXR or mattes beside it.",
            )
        plate = output.pattern(files)
    except LinkError as error:
        task.fail(error)
        return task
    session.check(
        task,
        folder,
        sorted(files),
        plate=plate,
        mattes=bpy.path.abspath(scene.backlot_character_mattes),
        colorspace=places.scene_linear() if plate.lower().endswith(".exr") else "",
        out=places.takes_of("Check " + os.path.basename(folder)).folder,
    )
    return task


def curve(job):
    """Region -> [(frame, dE2000 or None where it cannot be told)], in the order of frames."""
    lines = {}
    for number in sorted(job.results):
        for region, said in job.results[number]["measured"].get("regions", {}).items():
            size = None if said["verdict"] == "cannot tell" else said["size"]
            lines.setdefault(region, []).append((number, size))
    return lines


def likeness(job):
    """([(frame, likeness of the face or None)], from where it is the same face, in the middle)."""
    told = [(n, job.results[n]["measured"].get("face", {})) for n in sorted(job.results)]
    points = [(number, face.get("similarity")) for number, face in told]
    bounds = sorted(face["same"] for _, face in told if "same" in face)
    known = any(value is not None for _, value in points)
    return (points, bounds[len(bounds) // 2] if bounds else 0.0) if known else ([], 0.0)


def worst(job):
    """Frames to look at: (dE2000, region, frame), the largest first, a frame once."""
    found = sorted(
        (
            (size, region, number)
            for region, points in curve(job).items()
            for number, size in points
            if size is not None and size >= job.outcome["threshold"]
        ),
        reverse=True,
    )
    once = {number: (size, region, number) for size, region, number in reversed(found)}
    return sorted(once.values(), reverse=True)[:_WORST]


def plot(lines, threshold, least=_LEAST_SCALE):
    """The curves as a picture: (_SIZE, _SIZE, 4) floats 0 to 1, bottom row first.

    Left to right the frames, from the bottom up dE2000, at least so much of it, what is below 0 at
    the bottom; a grey line is the threshold.
    """
    import numpy

    picture = numpy.zeros((_SIZE, _SIZE, 4), numpy.float32)
    picture[...] = (0.09, 0.09, 0.09, 1.0)
    sizes = [size for points in lines.values() for _, size in points if size is not None]
    top = max([least, 2.0 * threshold, *sizes]) * 1.05
    frames = sorted({number for points in lines.values() for number, _ in points})
    span = max(1, frames[-1] - frames[0]) if frames else 1
    row = int(threshold / top * (_SIZE - 1))
    picture[row, ::2, :3] = 0.5
    for index, points in enumerate(lines[region] for region in sorted(lines)):
        color = COLORS[index % len(COLORS)][1]
        before = None
        for number, size in points:
            here = None
            if size is not None:
                up = max(0.0, size) / top
                here = ((number - frames[0]) / span * (_SIZE - 1), up * (_SIZE - 1))
                _stroke(picture, before or here, here, color)
            before = here
    return picture


def _stroke(picture, start, end, color):
    """A line three pixels wide."""
    steps = int(max(abs(end[0] - start[0]), abs(end[1] - start[1]))) + 1
    for step in range(steps + 1):
        x = int(start[0] + (end[0] - start[0]) * step / steps)
        y = int(start[1] + (end[1] - start[1]) * step / steps)
        picture[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2, :3] = color


def _keep(folder, task):
    lines = curve(task.job)
    previews = _state["previews"]
    previews.clear()
    icon = _icon("drift", plot(lines, task.job.outcome["threshold"]))
    points, bound = likeness(task.job)
    face = _icon("likeness", plot({"face": points}, bound, 1.0)) if points else 0
    _state["found"] = {"folder": folder, "job": task.job, "icon": icon, "face": face}


def _icon(name, picture):
    icon = _state["previews"].new(name)
    icon.image_size = (_SIZE, _SIZE)
    icon.image_pixels_float.foreach_set(picture.ravel())
    return icon.icon_id


def draw(layout, folder):
    """The last check's curve, verdicts and worst frames, where it was of this character."""
    ui.draw_task(layout, place_of(folder))
    found = _state["found"]
    if found is None or found["folder"] != folder:
        return
    outcome = found["job"].outcome
    layout.template_icon(icon_value=found["icon"], scale=9.0)
    frames = sorted(found["job"].results)
    layout.label(
        text="Frames {}-{}, dotted: {:g} dE2000".format(frames[0], frames[-1], outcome["threshold"])
        if frames
        else "No frame could be measured."
    )
    regions = sorted(outcome["regions"], key=lambda each: each["region"])
    for index, each in enumerate(regions):
        icon = COLORS[index % len(COLORS)][0]
        for line in ui.wrapped(each["sentence"], beside_icon=True):
            layout.label(text=line, icon=icon)
            icon = "BLANK1"
    if "face" in outcome:
        if found["face"]:
            layout.template_icon(icon_value=found["face"], scale=6.0)
        for line in ui.wrapped(outcome["face"]["sentence"]):
            layout.label(text=line)
    for line in ui.wrapped(outcome["faces"]):
        layout.label(text=line)
    for size, region, number in worst(found["job"]):
        button = layout.operator(
            "backlot.show_frame", text=f"{number}: {region} {size:.1f} dE2000", icon="TIME"
        )
        button.frame = number
    ui.draw_report(layout, outcome["report"])


class BACKLOT_OT_check_character(bpy.types.Operator):
    bl_idname = "backlot.check_character"
    bl_label = "Check Rendered Range"
    bl_description = "See whether the character looks as in its references, frame by frame"

    folder: bpy.props.StringProperty()

    def execute(self, context):
        task = check(context.scene, self.folder)
        return session.ran(self, task)


class BACKLOT_OT_show_frame(bpy.types.Operator):
    bl_idname = "backlot.show_frame"
    bl_label = "Show Frame"
    bl_description = "Go to this frame"

    frame: bpy.props.IntProperty()

    def execute(self, context):
        context.scene.frame_set(self.frame)
        return {"FINISHED"}


class BACKLOT_OT_open_report(bpy.types.Operator):
    bl_idname = "backlot.open_report"
    bl_label = "Open Report"
    bl_description = "What was found out about these frames, and the worst of them, as a picture"

    path: bpy.props.StringProperty()

    def execute(self, context):
        if not os.path.isfile(self.path):
            self.report({"ERROR"}, f"{self.path} is not there any more. Run it again.")
            return {"CANCELLED"}
        return bpy.ops.wm.path_open(filepath=self.path)


_CLASSES = (BACKLOT_OT_check_character, BACKLOT_OT_show_frame, BACKLOT_OT_open_report)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)
    _state["previews"] = bpy.utils.previews.new()
    bpy.types.Scene.backlot_character_mattes = bpy.props.StringProperty(
        name="Mattes",
        description="Files of the regions, as //mattes/{region}.####.exr; "
        "empty: Cryptomatte or layers in the picture's own files",
        subtype="FILE_PATH",
    )


def unregister():
    del bpy.types.Scene.backlot_character_mattes
    bpy.utils.previews.remove(_state["previews"])
    _state.update(previews=None, found=None)
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
