# SPDX-License-Identifier: GPL-3.0-or-later
"""The characters of a folder: made, given references from frames, chosen for Character Lock."""

import os

import bpy

from . import controls, drift, images, places, session, ui
from .host import LinkError

_TOOL = "character-lock"
_known = {"folder": "", "characters": [], "said": []}


class BACKLOT_OT_list_characters(bpy.types.Operator):
    bl_idname = "backlot.list_characters"
    bl_label = "List"
    bl_description = "Read the characters of this folder"

    def execute(self, context):
        _known.update(characters=[], said=["Reading ..."])
        try:
            _list(_folder(context.scene), ())
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


class BACKLOT_OT_new_character(bpy.types.Operator):
    bl_idname = "backlot.new_character"
    bl_label = "New Character"
    bl_description = "Make a character's folder here, with its regions"

    name: bpy.props.StringProperty(name="Name", default="Hero")
    regions: bpy.props.StringProperty(
        name="Regions",
        description="With commas between; what each is called in Cryptomatte after =, "
        "as in: face=hero skin, coat=hero coat*. At least three of different colours",
    )

    def invoke(self, context, event):
        self.regions = self.regions or ", ".join(_materials(context.selected_objects))
        return context.window_manager.invoke_props_dialog(self, width=420)

    def execute(self, context):
        folder = os.path.join(_folder(context.scene), bpy.path.clean_name(self.name))
        regions = [each.strip() for each in self.regions.split(",") if each.strip()]
        asked = {"folder": folder, "name": self.name, "regions": regions}
        return _ask(self, "character_new", asked, "{name} is made.")


class BACKLOT_OT_add_reference(bpy.types.Operator):
    bl_idname = "backlot.add_reference"
    bl_label = "Add Reference"
    bl_description = (
        "The picture in this editor shows the character as it should look. Its mattes: painted "
        "here for one region, files, or Cryptomatte in the render"
    )

    folder: bpy.props.StringProperty(options={"HIDDEN"})
    image: bpy.props.StringProperty(options={"HIDDEN"})
    region: bpy.props.StringProperty(
        name="Region", description="Whose matte is painted here; empty: mattes of all regions"
    )
    costume: bpy.props.StringProperty(name="Costume")
    light: bpy.props.StringProperty(name="Light", description="As dusk, or key left")
    view: bpy.props.StringProperty(name="View", description="As front, or side")

    def invoke(self, context, event):
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context):
        space = getattr(context, "space_data", None)
        image = bpy.data.images.get(self.image) or getattr(space, "image", None)
        try:
            asked = _reference(context.scene, image, self.region, space)
        except LinkError as error:
            self.report({"ERROR"}, f"{error.sentence} {error.hint}")
            return {"CANCELLED"}
        asked.update(character=self.folder, costume=self.costume, light=self.light, view=self.view)
        return _ask(self, "character_add", asked, "Added: {reference}.")


def _folder(scene):
    return os.path.abspath(bpy.path.abspath(scene.backlot_characters))


def _materials(objects):
    """Names of the materials on some objects, as regions of the same names."""
    found = dict.fromkeys(
        slot.material.name for each in objects for slot in each.material_slots if slot.material
    )
    return ["{}={}".format(name.lower().replace(" ", "-"), name) for name in found]


def _reference(scene, image, region, space):
    """Plate, frame and mattes of what an editor shows. Raises: LinkError."""
    if image is None:
        raise LinkError("not-found", "No picture is shown.", "Open a frame of the character.")
    mattes = bpy.path.abspath(scene.backlot_character_mattes)
    asked = {"frame": scene.frame_current, "colorspace": "", "mattes": mattes}
    if image.type == "RENDER_RESULT":
        asked["plate"] = images.save_render(scene, layers=True)
        asked["shot"] = images.stem(bpy.data.filepath or scene.name)
    else:
        asked["plate"] = _file_of(image, space)
    if asked["plate"].lower().endswith(".exr"):
        asked["colorspace"] = places.scene_linear()
    painted = images.plate_of(image).backlot.matte
    if region and painted is not None:
        asked["mattes"] = images.save_matte(painted, region)
    return asked


def _file_of(image, space):
    user = getattr(space, "image_user", None)
    path = image.filepath_from_user(image_user=user) if user else image.filepath_from_user()
    path = bpy.path.abspath(path)
    if image.is_dirty or not os.path.isfile(path):
        raise LinkError(
            "not-found",
            f"{image.name} is not a file on disk as it is shown.",
            "Save it as EXR first, or add the reference from the render.",
        )
    return path


def _ask(operator, method, params, said):
    """Ask the companion. In a window the panel shows the answer, without one it is waited for."""
    try:
        if bpy.app.background:
            operator.report({"INFO"}, said.format(**session.link().call(method, params)))
            return {"FINISHED"}
        _known["said"] = ["Working ..."]
        session.link().ask(method, params, lambda told, error: _told(told, error, said))
    except LinkError as error:
        operator.report({"ERROR"}, f"{error.sentence} {error.hint}")
        return {"CANCELLED"}
    return {"FINISHED"}


def _told(result, error, said):
    _known["said"] = [error.sentence, error.hint] if error else [said.format(**result)]
    if error is None:
        _list(_known["folder"] or _folder(bpy.context.scene), _known["said"])


def _list(folder, said):
    """Read the library; `said` is shown beside what is found."""
    _known.update(folder=folder)
    session.link().ask("characters", {"folder": folder}, lambda a, b: _answered(a, b, said))


def _answered(result, error, said=()):
    if error is not None:
        _known.update(characters=[], said=[error.sentence, error.hint])
        return
    found = result["characters"]
    none = ["There is no character in this folder.", "New Character makes one."]
    _known.update(characters=found, said=list(said) or ([] if found else none))


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
        row.operator("backlot.new_character", text="", icon="ADD")
        self.layout.prop(context.scene, "backlot_character_mattes")
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
        count = each["references"]
        has = "1 reference" if count == 1 else f"{count} references"
        for line in ui.wrapped("{}: {}".format(has, ", ".join(each["regions"]))):
            box.label(text=line)
        for line in ui.wrapped("Consent: " + each["consent"]):
            box.label(text=line)
        column = box.column(align=True)
        column.operator("backlot.add_reference", icon="ADD").folder = each["folder"]
        column.operator("backlot.check_character", icon="VIEWZOOM").folder = each["folder"]
        drift.draw(box, each["folder"])


_CLASSES = (
    BACKLOT_OT_list_characters,
    BACKLOT_OT_use_character,
    BACKLOT_OT_new_character,
    BACKLOT_OT_add_reference,
    BACKLOT_PT_characters,
)


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
