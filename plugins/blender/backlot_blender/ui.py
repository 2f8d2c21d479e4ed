# SPDX-License-Identifier: GPL-3.0-or-later
"""What all panels share: a run's progress, its error with details to copy, the status bar."""

import textwrap

import bpy

from . import session

_LETTER = 6.2
"""Width of an average letter in pixels, and a little."""

_SHOWN = {"done": "CHECKMARK", "failed": "ERROR", "cancelled": "X"}


def draw_task(layout, place):
    """The newest run of a place, as far as it is worth showing. True while one goes on."""
    task = session.latest(place)
    if task is None:
        _draw_problem(layout)
        return False
    box = layout.box()
    if not task.ended:
        _draw_progress(box, task)
        return True
    row = box.row()
    row.label(text=f"{task.label}: {task.state}", icon=_SHOWN[task.state])
    _with_index(row.operator("backlot.dismiss", text="", icon="PANEL_CLOSE", emboss=False), task)
    if task.state == "failed":
        error = task.error or task.job.error
        for line in wrapped(error.sentence) + wrapped(error.hint):
            box.label(text=line)
        _with_index(box.operator("backlot.copy_details", icon="COPYDOWN"), task)
    elif task.job is not None:
        for line in wrapped(task.job.status()) + wrapped(task.job.doubt()):
            box.label(text=line)
        for number, error in sorted(task.job.frame_errors.items())[:3]:
            for line in wrapped(f"Frame {number}: {error.sentence}"):
                box.label(text=line, icon="ERROR")
        for sentence in task.job.warnings[-2:]:
            for line in wrapped(sentence):
                box.label(text=line, icon="INFO")
        report = task.job.outcome.get("report")
        if report and task.place[0] != "node":  # a node has it for each of its takes
            draw_report(box, report)
    return False


def draw_report(layout, path):
    """A button that opens what was found out about a take."""
    layout.operator("backlot.open_report", icon="URL").path = path


def _draw_problem(layout):
    """Why Backlot as a whole does not work, where no run says so itself."""
    error = session.problem()
    if error is not None:
        box = layout.box()
        for line in wrapped(error.sentence) + wrapped(error.hint):
            box.label(text=line, icon="NONE")


def _draw_progress(layout, task):
    row = layout.row()
    percent = f"{100 * task.fraction:.0f} %"
    if task.job is not None and task.state == "running" and task.job.of == 1:
        text = f"{task.label} {percent}"
    else:
        text = f"{task.label}: {task.status()}"
    if hasattr(row, "progress"):
        row.progress(factor=task.fraction, text=text)
    else:
        row.label(text=text, icon="TIME")
    _with_index(row.operator("backlot.cancel", text="", icon="CANCEL"), task)


def draw_stale(layout, why):
    if why:
        layout.label(text=f"Stale: {why} changed", icon="ERROR")


def wrapped(text, beside_icon=False):
    """Lines that fit the region that is drawn; labels do not wrap by themselves."""
    region = getattr(bpy.context, "region", None)
    if region is None or region.type != "UI":
        return textwrap.wrap(text, 46)
    room = region.width / bpy.context.preferences.system.ui_scale - (90 if beside_icon else 66)
    return textwrap.wrap(text, max(16, int(room / _LETTER)))


def _with_index(button, task):
    button.task = session.tasks().index(task)


class _OfTask:
    """An operator on one of the session's tasks."""

    bl_options = {"INTERNAL"}

    def execute(self, context):
        known = session.tasks()
        if not 0 <= self.task < len(known):
            return {"CANCELLED"}
        return self.act(context, known[self.task])


class BACKLOT_OT_cancel(_OfTask, bpy.types.Operator):
    bl_idname = "backlot.cancel"
    bl_label = "Cancel"
    bl_description = "End this run; what is finished stays"
    task: bpy.props.IntProperty()

    def act(self, context, task):
        task.cancel()
        return {"FINISHED"}


class BACKLOT_OT_dismiss(_OfTask, bpy.types.Operator):
    bl_idname = "backlot.dismiss"
    bl_label = "Dismiss"
    bl_description = "Take this message away"
    task: bpy.props.IntProperty()

    def act(self, context, task):
        session.forget(task)
        return {"FINISHED"}


class BACKLOT_OT_copy_details(_OfTask, bpy.types.Operator):
    bl_idname = "backlot.copy_details"
    bl_label = "Copy Details"
    bl_description = "Copy what happened to the clipboard, for a report"
    task: bpy.props.IntProperty()

    def act(self, context, task):
        context.window_manager.clipboard = details(task)
        self.report({"INFO"}, "Copied.")
        return {"FINISHED"}


def details(task):
    """Everything known of a failure."""
    error = task.error or (task.job.error if task.job is not None else None)
    parts = [f"Backlot in Blender {bpy.app.version_string}: {task.label}"]
    if error is not None:
        parts.append(error.details())
    said = session.log()
    if said:
        parts.append("The companion said:\n" + said)
    return "\n\n".join(parts)


def _draw_status_bar(self, context):
    running = session.live()
    if running:
        _draw_progress(self.layout, running[0])


_CLASSES = (BACKLOT_OT_cancel, BACKLOT_OT_dismiss, BACKLOT_OT_copy_details)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)
    bpy.types.STATUSBAR_HT_header.append(_draw_status_bar)


def unregister():
    bpy.types.STATUSBAR_HT_header.remove(_draw_status_bar)
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
