# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: where Backlot is, a test that says what is wrong, the cache."""

import os
import shutil

import bpy

_told = []
"""What the last test said: lines for the preferences."""


def backlot_path():
    own = _own()
    return bpy.path.abspath(own.backlot) if own is not None and own.backlot else ""


def cache_folder():
    """Where takes go while the .blend has no folder of its own."""
    from . import places

    own = _own()
    if own is not None and own.cache:
        return bpy.path.abspath(own.cache)
    return os.path.join(places.own_folder(), "takes")


def _own():
    addon = bpy.context.preferences.addons.get(__package__)
    return addon.preferences if addon is not None else None


def cache_size(folder):
    """Bytes and files in a folder."""
    count = size = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.stat(os.path.join(base, name)).st_size
                count += 1
            except OSError:
                continue
    return size, count


class BACKLOT_AP_preferences(bpy.types.AddonPreferences):
    bl_idname = __package__

    backlot: bpy.props.StringProperty(
        name="Backlot",
        description="Its folder, its `backlot` program, or the Python it is installed in. "
        "Empty: it is looked for where it usually is",
        subtype="FILE_PATH",
    )
    cache: bpy.props.StringProperty(
        name="Cache",
        description="Where takes go while a .blend is not saved yet. Empty: the user's folder",
        subtype="DIR_PATH",
    )

    def draw(self, context):
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "backlot")
        layout.operator("backlot.test", icon="CHECKMARK")
        for line, icon in _told:
            layout.label(text=line, icon=icon)
        layout.prop(self, "cache")
        layout.operator("backlot.clear_cache", icon="TRASH")
        layout.label(
            text="Nothing leaves this machine: Backlot talks to its own server here alone."
        )


class BACKLOT_OT_test(bpy.types.Operator):
    bl_idname = "backlot.test"
    bl_label = "Test"
    bl_description = "Start Backlot and its server, and say what is wrong where that fails"

    def execute(self, context):
        from . import session

        _told[:] = [("Starting Backlot and its server.", "TIME")]
        session.try_out(_tested)
        return {"FINISHED"}


def _tested(result, error):
    from . import controls

    if error is not None:
        _told[:] = [(error.sentence, "ERROR")] + [(error.hint, "INFO")] * bool(error.hint)
        return
    controls.update(result["tools"])
    names = ", ".join(spec["label"] for spec in controls.specs())
    _told[:] = [(f"Backlot works: {names}.", "CHECKMARK")]


class BACKLOT_OT_clear_cache(bpy.types.Operator):
    bl_idname = "backlot.clear_cache"
    bl_label = "Clear Cache"
    bl_description = "Remove the takes of .blend files that were never saved"

    def invoke(self, context, event):
        self.found = cache_size(cache_folder())
        return context.window_manager.invoke_props_dialog(self, width=420)

    def draw(self, context):
        size, count = self.found
        self.layout.label(text=f"{cache_folder()} holds {count} files, {size / 1e6:.1f} MB.")
        self.layout.label(text="Images in unsaved files that show these takes will be lost.")

    def execute(self, context):
        size, count = cache_size(cache_folder())
        shutil.rmtree(cache_folder(), ignore_errors=True)
        self.report({"INFO"}, f"Removed {count} files, {size / 1e6:.1f} MB.")
        return {"FINISHED"}


_CLASSES = (BACKLOT_AP_preferences, BACKLOT_OT_test, BACKLOT_OT_clear_cache)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)


def unregister():
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
