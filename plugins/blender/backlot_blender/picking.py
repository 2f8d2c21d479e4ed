# SPDX-License-Identifier: GPL-3.0-or-later
"""A matte by clicking objects or materials in the Image Editor, out of the render's Cryptomatte."""

import json

import bpy

from . import images, places, session, ui
from .host import LinkError

_said = {"lines": []}


def layers_of(plate):
    """The file that may hold a plate's Cryptomatte; "" for none."""
    if plate.backlot.layers:
        return bpy.path.abspath(plate.backlot.layers)
    path = bpy.path.abspath(plate.filepath)
    return path if path.lower().endswith(".exr") else ""


def pick(plate, x, y, then):
    """Add what is at a pixel, counted from the top left, to the plate's matte, or take it away.

    then(error) is called when the matte is there; error is None when all is well.
    """
    folder = places.new_take(places.takes_of(images.stem(plate.name) + " matte"))
    asked = {
        "plate": layers_of(plate),
        "at": [x, y],
        "names": picked(plate),
        "within": plate.backlot.pick_from,
        "out": folder.file("matte.exr"),
    }
    name = plate.name

    def answered(told, error):
        known = bpy.data.images.get(name)
        if error is None and known is not None:
            _use(known, told)
        folder.discard()
        then(error)

    session.link().ask("cryptomatte", asked, answered)


def picked(plate):
    return json.loads(plate.backlot.picked or "[]")


def _use(plate, told):
    plate.backlot.picked = json.dumps(told["names"])
    if "file" not in told:
        plate.backlot.matte = None
        return
    matte = bpy.data.images.load(places.stored(told["file"]), check_existing=False)
    matte.colorspace_settings.is_data = True
    matte.name = images.stem(plate.name) + " matte"
    plate.backlot.matte = matte


def draw(layout, plate):
    """The choice and the button, where the plate may have a Cryptomatte."""
    if not layers_of(plate):
        return
    row = layout.row(align=True)
    row.prop(plate.backlot, "pick_from", text="")
    row.operator("backlot.pick_matte", icon="EYEDROPPER")
    for line in ui.wrapped(", ".join(picked(plate))):
        layout.label(text=line)
    for sentence in _said["lines"]:
        for line in ui.wrapped(sentence):
            layout.label(text=line)


class BACKLOT_OT_pick_matte(bpy.types.Operator):
    bl_idname = "backlot.pick_matte"
    bl_label = "Pick Matte"
    bl_description = "Click objects or materials in the picture; Escape or right-click ends it"

    @classmethod
    def poll(cls, context):
        return context.area is not None and context.area.type == "IMAGE_EDITOR"

    def invoke(self, context, event):
        context.window.cursor_modal_set("EYEDROPPER")
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        if event.type in {"ESC", "RET", "RIGHTMOUSE"}:
            context.window.cursor_modal_restore()
            return {"FINISHED"}
        if event.type == "LEFTMOUSE" and event.value == "PRESS":
            self._click(context, event)
            return {"RUNNING_MODAL"}
        return {"PASS_THROUGH"}

    def _click(self, context, event):
        space = context.space_data
        region = next(each for each in context.area.regions if each.type == "WINDOW")
        across, up = region.view2d.region_to_view(
            event.mouse_x - region.x, event.mouse_y - region.y
        )
        plate = images.plate_of(space.image)
        width, height = plate.size
        try:
            pick(plate, int(across * width), height - 1 - int(up * height), _heard)
        except LinkError as error:
            _heard(error)


def _heard(error):
    _said["lines"] = [] if error is None else [error.sentence, error.hint]


def register():
    bpy.utils.register_class(BACKLOT_OT_pick_matte)


def unregister():
    bpy.utils.unregister_class(BACKLOT_OT_pick_matte)
