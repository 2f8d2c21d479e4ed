# SPDX-License-Identifier: GPL-3.0-or-later
"""The Image Editor's sidebar: a matte, a tool, the takes it made, and which of them to keep."""

import bpy

from . import controls, images, picking, session, ui
from .host import LinkError
from .images import place_of, plate_of


def _image_in(context):
    space = getattr(context, "space_data", None)
    return space.image if getattr(space, "type", "") == "IMAGE_EDITOR" else None


class BACKLOT_OT_new_matte(bpy.types.Operator):
    bl_idname = "backlot.new_matte"
    bl_label = "New Matte"
    bl_description = "A black image of this size to paint on in white, which shall be changed"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return _image_in(context) is not None

    def execute(self, context):
        plate = plate_of(_image_in(context))
        width, height = plate.size
        matte = bpy.data.images.new(
            images.stem(plate.name) + " matte", width, height, float_buffer=False, is_data=True
        )
        matte.use_fake_user = True
        plate.backlot.matte = matte
        return bpy.ops.backlot.paint_matte()


class BACKLOT_OT_paint_matte(bpy.types.Operator):
    bl_idname = "backlot.paint_matte"
    bl_label = "Paint Matte"
    bl_description = "Show the matte to paint on it, or go back to the plate"

    @classmethod
    def poll(cls, context):
        return _image_in(context) is not None

    def execute(self, context):
        space = context.space_data
        owner = next((i for i in bpy.data.images if i.backlot.matte == space.image), None)
        if owner is not None:
            space.image, space.mode = owner, "VIEW"
        else:
            space.image, space.mode = plate_of(space.image).backlot.matte, "PAINT"
        return {"FINISHED"}


class BACKLOT_OT_run_image(bpy.types.Operator):
    bl_idname = "backlot.run_image"
    bl_label = "Run"
    bl_description = "Run this tool on the image; the result is a new take"
    tool: bpy.props.StringProperty()
    image: bpy.props.StringProperty()

    @classmethod
    def description(cls, context, properties):
        spec = controls.spec_of(properties.tool)
        return spec["summary"] if spec else cls.bl_description

    def execute(self, context):
        image = bpy.data.images.get(self.image) if self.image else _image_in(context)
        if image is None or controls.spec_of(self.tool) is None:
            self.report({"ERROR"}, "There is no image or no such tool. Open an image first.")
            return {"CANCELLED"}
        plate = plate_of(image)
        settings = controls.settings_of(context.scene, self.tool)
        task = images.run(plate, self.tool, settings, plate.backlot.matte)
        return session.ran(self, task)


class BACKLOT_OT_keep_render(bpy.types.Operator):
    bl_idname = "backlot.keep_render"
    bl_label = "Keep This Render"
    bl_description = (
        "Save the render as EXR and open it: Blender gives out no pixels of it otherwise"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        try:
            kept = images.keep_render(context.scene)
        except LinkError as error:
            self.report({"ERROR"}, f"{error.sentence} {error.hint}")
            return {"CANCELLED"}
        if _image_in(context) is not None:
            context.space_data.image = kept
        return {"FINISHED"}


class BACKLOT_OT_show_take(bpy.types.Operator):
    bl_idname = "backlot.show_take"
    bl_label = "Take"
    bl_description = "Show this take"
    take: bpy.props.IntProperty()

    def execute(self, context):
        image = _image_in(context)
        if image is None or not 0 <= self.take < len(plate_of(image).backlot.takes):
            return {"CANCELLED"}
        images.choose(plate_of(image), self.take)
        return {"FINISHED"}


class BACKLOT_OT_compare(bpy.types.Operator):
    bl_idname = "backlot.compare"
    bl_label = "A/B"
    bl_description = "Switch between the plate and the chosen take"

    @classmethod
    def poll(cls, context):
        image = _image_in(context)
        return image is not None and len(plate_of(image).backlot.takes) > 0

    def execute(self, context):
        space = context.space_data
        plate = plate_of(space.image)
        chosen = plate.backlot.takes[plate.backlot.take].image
        if chosen is not None:
            space.image = chosen if space.image == plate else plate
        return {"FINISHED"}


class _OnResult:
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        image = _image_in(context)
        return image is not None and image.backlot.plate is not None

    def execute(self, context):
        space = context.space_data
        result = space.image
        self.act(result)
        space.image = result if isinstance(self, BACKLOT_OT_accept) else plate_of(result)
        return {"FINISHED"}


class BACKLOT_OT_accept(_OnResult, bpy.types.Operator):
    bl_idname = "backlot.accept"
    bl_label = "Accept"
    bl_description = "Use this take wherever the plate is used; the plate itself is kept"

    def act(self, result):
        images.accept(result)


class BACKLOT_OT_revert(_OnResult, bpy.types.Operator):
    bl_idname = "backlot.revert"
    bl_label = "Revert"
    bl_description = "Use the plate again wherever this take is used"

    def act(self, result):
        images.revert(result)


# ---- drawing ----------------------------------------------------------------------------------


class _InImageEditor:
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Backlot"


class BACKLOT_PT_image(_InImageEditor, bpy.types.Panel):
    bl_idname = "BACKLOT_PT_image"
    bl_label = "Backlot"

    def draw(self, context):
        layout = self.layout
        image = context.space_data.image
        if image is None:
            layout.label(text="Open an image to begin.", icon="INFO")
            return
        if image.type == "RENDER_RESULT":
            layout.operator("backlot.keep_render", icon="FILE_IMAGE")
            return
        if not controls.specs():
            layout.label(text="No tools are known yet.", icon="INFO")
            layout.operator("backlot.test", text="Connect")
            return
        owner = next((i for i in bpy.data.images if i.backlot.matte == image), None)
        if owner is not None:
            layout.label(text="Paint white what shall change.", icon="BRUSH_DATA")
            layout.operator("backlot.paint_matte", text="Back to Plate", icon="LOOP_BACK")
            return
        plate = plate_of(image)
        own = context.scene.backlot
        layout.prop(own, "tool", text="")
        spec = controls.spec_of(own.tool)
        if spec is None:
            return
        row = layout.row()
        row.scale_y = 1.4
        row.operator("backlot.run_image", text=spec["label"], icon="PLAY").tool = own.tool
        ui.draw_task(layout, place_of(plate))
        if controls.has_matte(spec):
            row = layout.row(align=True)
            row.prop(plate.backlot, "matte")
            row.operator("backlot.new_matte", text="", icon="ADD")
            if plate.backlot.matte is not None:
                row.operator("backlot.paint_matte", text="", icon="BRUSH_DATA")
            picking.draw(layout, plate)
        controls.draw(layout, controls.settings_of(context.scene, own.tool), spec)


class BACKLOT_PT_image_inputs(_InImageEditor, bpy.types.Panel):
    bl_idname = "BACKLOT_PT_image_inputs"
    bl_parent_id = "BACKLOT_PT_image"
    bl_label = "Further Pictures"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        image, spec = context.space_data.image, controls.spec_of(context.scene.backlot.tool)
        shown = image is not None and image.type != "RENDER_RESULT" and spec is not None
        return shown and bool(controls.pictures(spec))

    def draw(self, context):
        tool = context.scene.backlot.tool
        settings = controls.settings_of(context.scene, tool)
        controls.draw_images(self.layout, settings, controls.spec_of(tool))


class BACKLOT_PT_image_takes(_InImageEditor, bpy.types.Panel):
    bl_idname = "BACKLOT_PT_image_takes"
    bl_parent_id = "BACKLOT_PT_image"
    bl_label = "Takes"

    @classmethod
    def poll(cls, context):
        image = context.space_data.image
        return image is not None and len(plate_of(image).backlot.takes) > 0

    def draw(self, context):
        layout = self.layout
        image = context.space_data.image
        plate = plate_of(image)
        column = layout.column(align=True)
        for index, row in enumerate(plate.backlot.takes):
            spec = controls.spec_of(row.tool)
            text = f"{row.name}  {spec['label'] if spec else row.tool}"
            shown = row.image == image
            column.operator("backlot.show_take", text=text, depress=shown).take = index
        chosen = plate.backlot.takes[min(plate.backlot.take, len(plate.backlot.takes) - 1)]
        ui.draw_stale(layout, images.changed(context.scene, chosen))
        layout.operator("backlot.compare", text="Show Take" if image == plate else "Show Plate")
        row = layout.row(align=True)
        row.operator("backlot.accept")
        row.operator("backlot.revert")


_CLASSES = (
    BACKLOT_OT_new_matte,
    BACKLOT_OT_paint_matte,
    BACKLOT_OT_run_image,
    BACKLOT_OT_keep_render,
    BACKLOT_OT_show_take,
    BACKLOT_OT_compare,
    BACKLOT_OT_accept,
    BACKLOT_OT_revert,
    BACKLOT_PT_image,
    BACKLOT_PT_image_inputs,
    BACKLOT_PT_image_takes,
)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)


def unregister():
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
