# SPDX-License-Identifier: GPL-3.0-or-later
"""The Image Editor's sidebar: a matte, a tool, the takes it made, and which of them to keep."""

import os

import bpy

from . import controls, pixels, places, session, ui
from .host import LinkError, fingerprint


def plate_of(image):
    """The plate that a result was made of; any other image is its own."""
    return image.backlot.plate or image


def place_of(plate):
    return ("image", plate.name)


# ---- running ----------------------------------------------------------------------------------


def run(plate, tool, settings, matte=None, finished=None):
    """Start a tool on an image; returns its task, whose `result` becomes the new image.

    All of it is asynchronous: buffers are filled when the companion has answered.
    """
    spec = controls.spec_of(tool)

    def done(task):
        task.result = _take_over(task, plate_name, spec, made_of, take)
        if finished is not None:
            finished(task.result)

    task = session.add(session.Task(spec["label"], place_of(plate), done))
    plate_name = plate.name
    try:
        images = _inputs(spec, plate, matte, settings)
        mattes = {given["name"] for given in spec["inputs"] if given["kind"] == "matte"}
        layouts = {n: pixels.described(i, matte=n in mattes) for n, i in images.items()}
        params = controls.values(settings, spec)
        made_of = {"tool": tool, "version": spec["version"], "params": params}
        take = task.take = places.new_take(places.takes_of(plate_name))
        suffix = ".exr" if plate.is_float else ".png"
        main = layouts[spec["inputs"][0]["name"]]
        into = {"into": spec["inputs"][0]["name"]}
        out = {"files": take.file(_stem(plate_name) + suffix), "buffer": into}
        if plate.is_float or plate.colorspace_settings.is_data:
            out["type"] = "float" if plate.is_float else "uint8"
        if main["meaning"] == "color":
            out["colorspace"] = main["colorspace"]
        link = session.link()
    except LinkError as error:
        task.fail(error)
        return task
    names = {name: image.name for name, image in images.items()}

    def lent(name, told, error):
        if error is not None:
            task.fail(error)
            return
        with session.guarded(task):
            task.lent[name] = session.mapped(told)
            if task.ended:
                task.give_back(*task.lent)
            elif len(task.lent) == len(names):
                _send(task, tool, params, names, layouts, out)

    for name, layout in layouts.items():
        size = {"bytes": pixels.bytes_of(layout)}
        link.ask("buffer", size, lambda told, error, name=name: lent(name, told, error))
    return task


def _send(task, tool, params, names, layouts, out):
    """Every buffer is there: fill them and start the job. The result comes in the first of them."""
    inputs = {}
    for name, buffer in task.lent.items():
        image = bpy.data.images.get(names[name])
        if image is None:
            raise LinkError("not-found", names[name] + " was removed.", "Choose another image.")
        pixels.fill(buffer, image)
        inputs[name] = dict(layouts[name], buffer=buffer.name)
    session.start(task, tool, [1], params=params, inputs=inputs, out=out)
    main = out["buffer"]["into"]
    task.give_back(*[name for name in task.lent if name != main])  # the job holds what it needs


def _inputs(spec, plate, matte, settings):
    """Tool input -> image. Raises: LinkError when a needed one is not chosen."""
    images = {spec["inputs"][0]["name"]: plate}
    chosen = {given["name"]: getattr(settings, name) for given, name in controls.other_images(spec)}
    for given in controls.extra_inputs(spec):
        image = matte if controls.takes_matte(spec, given) else chosen[given["name"]]
        if image is not None:
            images[given["name"]] = image
        elif given["required"]:
            raise LinkError(
                "invalid-input",
                f"{spec['label']} needs a {given['label'].lower() or given['name']}.",
                "Choose or paint one in the sidebar.",
            )
    return images


def _take_over(task, plate_name, spec, made_of, take):
    """Make an image of the result and put it among the plate's takes."""
    event = task.job.results.get(1)
    if event is None:
        raise next(iter(task.job.frame_errors.values()))
    plate = bpy.data.images.get(plate_name)
    if plate is None:
        raise LinkError("not-found", plate_name + " was removed.", "The take is on disk.")
    told = event["pixels"]
    result = pixels.new_image(
        "{} {} {}".format(_stem(plate.name), spec["name"], take.name), told, plate
    )
    if pixels.take(told, result, task.lent.values()):
        session.link().ask("free", {"buffer": told["buffer"]})
    result.filepath_raw = places.stored(event["file"])
    result.file_format = "OPEN_EXR" if plate.is_float else "PNG"
    result.backlot.plate = plate
    result.backlot.unsaved = True
    take.save_recipe(
        dict(made_of, fingerprint=fingerprint(made_of), engine=event["engine"], plate=plate_name)
    )
    row = plate.backlot.takes.add()
    row.name, row.tool, row.image = take.name, spec["name"], result
    row.fingerprint = fingerprint(made_of)
    plate.backlot.take = len(plate.backlot.takes) - 1
    _show(plate, result)
    return result


def _stem(name):
    return os.path.splitext(os.path.basename(name))[0].replace("#", "_") or "image"


def _show(before, after):
    """Show another image in every editor that shows this one."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            for space in area.spaces:
                if space.type == "IMAGE_EDITOR" and space.image == before:
                    space.image = after


@bpy.app.handlers.persistent
def _keep_results(*_):
    """Before a .blend is saved: results become the files they lie in, or they would be lost."""
    for image in bpy.data.images:
        if image.backlot.unsaved and image.source == "GENERATED":
            kept = image.colorspace_settings.name
            image.source = "FILE"
            image.colorspace_settings.name = _file_space(image, kept)
            image.backlot.unsaved = False


def _file_space(image, name):
    """A float take's file holds scene-linear values, whatever a new image is said to be in."""
    if image.file_format != "OPEN_EXR" or image.colorspace_settings.is_data:
        return name
    return linear_space(name)


def linear_space(otherwise):
    """Blender's own name of the space that float pixels are in."""
    known = bpy.types.Image.bl_rna.properties["colorspace_settings"]
    spaces = known.fixed_type.properties["name"].enum_items.keys()
    working = getattr(getattr(bpy.data, "colorspace", None), "working_space", "Linear Rec.709")
    for name in (working, "Linear Rec.709", "Linear", "scene_linear"):
        if name in spaces:
            return name
    return otherwise


def remove_handlers():
    if _keep_results in bpy.app.handlers.save_pre:
        bpy.app.handlers.save_pre.remove(_keep_results)


# ---- data -------------------------------------------------------------------------------------


class BACKLOT_PG_take(bpy.types.PropertyGroup):
    tool: bpy.props.StringProperty()
    image: bpy.props.PointerProperty(type=bpy.types.Image)
    fingerprint: bpy.props.StringProperty()


class BACKLOT_PG_image(bpy.types.PropertyGroup):
    matte: bpy.props.PointerProperty(
        name="Matte",
        type=bpy.types.Image,
        description="Where the tool may change the picture: white",
    )
    plate: bpy.props.PointerProperty(type=bpy.types.Image)
    takes: bpy.props.CollectionProperty(type=BACKLOT_PG_take)
    take: bpy.props.IntProperty()
    unsaved: bpy.props.BoolProperty()


# ---- operators --------------------------------------------------------------------------------


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
            _stem(plate.name) + " matte", width, height, float_buffer=False, is_data=True
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
        task = run(plate, self.tool, settings, plate.backlot.matte)
        if bpy.app.background:
            try:
                session.finish(task)
            except LinkError as error:
                self.report({"ERROR"}, f"{error.sentence} {error.hint}")
                return {"CANCELLED"}
        return {"FINISHED"}


def choose(plate, index):
    """Show this take wherever the plate or another of its takes is shown."""
    plate.backlot.take = index
    chosen = plate.backlot.takes[index].image
    for shown in [plate, *(row.image for row in plate.backlot.takes)]:
        if shown is not None and chosen is not None:
            _show(shown, chosen)


class BACKLOT_OT_show_take(bpy.types.Operator):
    bl_idname = "backlot.show_take"
    bl_label = "Take"
    bl_description = "Show this take"
    take: bpy.props.IntProperty()

    def execute(self, context):
        image = _image_in(context)
        if image is None or not 0 <= self.take < len(plate_of(image).backlot.takes):
            return {"CANCELLED"}
        choose(plate_of(image), self.take)
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


def accept(result):
    """Everything that uses the plate uses the result."""
    plate = result.backlot.plate
    plate.use_fake_user = True
    _swap(plate, result, plate)


def revert(result):
    """Everything that uses the result uses the plate again."""
    plate = result.backlot.plate
    result.use_fake_user = True
    _swap(result, plate, plate)


def _swap(before, after, plate):
    rows = [(row, row.image) for row in plate.backlot.takes]
    owners = [image for image in bpy.data.images if image.backlot.plate == plate]
    before.user_remap(after)
    for row, image in rows:  # our own notes of what is what are not uses
        row.image = image
    for owner in owners:
        owner.backlot.plate = plate
    if plate.backlot.plate is not None:
        plate.backlot.plate = None


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
        accept(result)


class BACKLOT_OT_revert(_OnResult, bpy.types.Operator):
    bl_idname = "backlot.revert"
    bl_label = "Revert"
    bl_description = "Use the plate again wherever this take is used"

    def act(self, result):
        revert(result)


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
        settings = controls.settings_of(context.scene, own.tool)
        controls.draw_images(layout, settings, spec)
        controls.draw(layout, settings, spec)


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
        ui.draw_stale(layout, _changed(context.scene, chosen))
        layout.operator("backlot.compare", text="Show Take" if image == plate else "Show Plate")
        row = layout.row(align=True)
        row.operator("backlot.accept")
        row.operator("backlot.revert")


def _changed(scene, row):
    spec = controls.spec_of(row.tool)
    if spec is None:
        return ""
    params = controls.values(controls.settings_of(scene, row.tool), spec)
    now = {"tool": row.tool, "version": spec["version"], "params": params}
    return "" if fingerprint(now) == row.fingerprint else "a setting of {}".format(spec["label"])


_CLASSES = (
    BACKLOT_PG_take,
    BACKLOT_PG_image,
    BACKLOT_OT_new_matte,
    BACKLOT_OT_paint_matte,
    BACKLOT_OT_run_image,
    BACKLOT_OT_show_take,
    BACKLOT_OT_compare,
    BACKLOT_OT_accept,
    BACKLOT_OT_revert,
    BACKLOT_PT_image,
    BACKLOT_PT_image_takes,
)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)
    bpy.types.Image.backlot = bpy.props.PointerProperty(type=BACKLOT_PG_image)
    bpy.app.handlers.save_pre.append(_keep_results)


def unregister():
    remove_handlers()
    del bpy.types.Image.backlot
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
