# SPDX-License-Identifier: GPL-3.0-or-later
"""The characters' panel. The tool is not there yet: the panel says so, in the link's own words."""

import bpy

from . import session, ui
from .host import LinkError

_told = ["Character lock comes with a later version.", "Fill and upscale are there now."]


class BACKLOT_OT_ask_characters(bpy.types.Operator):
    bl_idname = "backlot.ask_characters"
    bl_label = "Ask Backlot"
    bl_description = "Ask the installed Backlot whether it has the character tool"

    def execute(self, context):
        try:
            session.link().ask("characters", {}, _answered)
        except LinkError as error:
            _answered(None, error)
        return {"FINISHED"}


def _answered(result, error):
    if error is not None:
        _told[:] = [error.sentence, error.hint]


class BACKLOT_PT_characters(bpy.types.Panel):
    bl_idname = "BACKLOT_PT_characters"
    bl_label = "Characters"
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Backlot"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        for sentence in _told:
            for line in ui.wrapped(sentence):
                self.layout.label(text=line)
        self.layout.operator("backlot.ask_characters")


_CLASSES = (BACKLOT_OT_ask_characters, BACKLOT_PT_characters)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)


def unregister():
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
