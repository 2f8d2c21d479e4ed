# SPDX-License-Identifier: GPL-3.0-or-later
"""The characters of a folder, and which of them Character Lock is held to.

References are added with `backlot character add`; how a shot was found is in its report.
"""

import os

import bpy

from . import controls, session, ui
from .host import LinkError

_TOOL = "character-lock"
_known = {"folder": "", "characters": [], "said": []}


class BACKLOT_OT_list_characters(bpy.types.Operator):
    bl_idname = "backlot.list_characters"
    bl_label = "List"
    bl_description = "Read the characters of this folder"

    def execute(self, context):
        folder = bpy.path.abspath(context.scene.backlot_characters)
        _known.update(folder=folder, characters=[], said=["Reading ..."])
        try:
            session.link().ask("characters", {"folder": os.path.abspath(folder)}, _answered)
        except LinkError as error:
            _answered(None, error)
        return {"FINISHED"}


class BACKLOT_OT_use_character(bpy.types.Operator):
    bl_idname = "backlot.use_character"
    bl_label = "Use"
    bl_description = "Hold Character Lock to this character"

    folder: bpy.props.StringProperty()

    def execute(self, context):
        controls.settings_of(context.scene, _TOOL).character = self.folder
        for group in bpy.data.node_groups:
            if getattr(group, "backlot", None) is not None and group.backlot.tool == _TOOL:
                controls.settings_of(group, _TOOL).character = self.folder
        return {"FINISHED"}


def _answered(result, error):
    if error is not None:
        _known.update(characters=[], said=[error.sentence, error.hint])
        return
    found = result["characters"]
    said = (
        []
        if found
        else ["There is no character in this folder.", "`backlot character new` makes one."]
    )
    _known.update(characters=found, said=said)


class BACKLOT_PT_characters(bpy.types.Panel):
    bl_idname = "BACKLOT_PT_characters"
    bl_label = "Characters"
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Backlot"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        row = self.layout.row(align=True)
        row.prop(context.scene, "backlot_characters", text="")
        row.operator("backlot.list_characters", text="", icon="FILE_REFRESH")
        for sentence in _known["said"]:
            for line in ui.wrapped(sentence):
                self.layout.label(text=line)
        for each in _known["characters"]:
            self._character(each)

    def _character(self, each):
        box = self.layout.box()
        row = box.row()
        row.label(text=each["name"], icon="USER")
        if each.get("problem"):
            for line in ui.wrapped(each["problem"]):
                box.label(text=line)
            return
        row.operator("backlot.use_character").folder = each["folder"]
        box.label(text="{} references: {}".format(each["references"], ", ".join(each["regions"])))
        box.label(text="Consent: " + each["consent"])


_CLASSES = (BACKLOT_OT_list_characters, BACKLOT_OT_use_character, BACKLOT_PT_characters)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)
    bpy.types.Scene.backlot_characters = bpy.props.StringProperty(
        name="Characters",
        description="The folder that holds the show's characters",
        subtype="DIR_PATH",
        default="//characters",
    )


def unregister():
    del bpy.types.Scene.backlot_characters
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
