# SPDX-License-Identifier: GPL-3.0-or-later
"""Image datablocks, the takes that were made of them, and which of them is used."""

import os

import bpy

from . import compat, controls, pixels, places, session
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
        out = {"files": take.file(stem(plate_name) + suffix), "buffer": into}
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
    chosen = {given["name"]: getattr(settings, name) for given, name in controls.pictures(spec)}
    for given in controls.extra_inputs(spec):
        image = matte if controls.takes_matte(spec, given) else chosen.get(given["name"])
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
        "{} {} {}".format(stem(plate.name), spec["name"], take.name), told, plate
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


def keep_render(scene):
    """The last render as an image of its own, which has pixels: saved as EXR and opened again.

    Raises: LinkError when nothing was rendered, or when it cannot be saved.
    """
    path = save_render(scene)
    layers = ""
    if any(_has_cryptomatte(each) for each in scene.view_layers):
        layers = places.stored(save_render(scene, layers=True))
    try:
        kept = bpy.data.images.load(places.stored(path), check_existing=False)
    except RuntimeError as error:
        raise _unsaved("render", error) from error
    kept.name = "Render " + os.path.basename(os.path.dirname(path))
    kept.backlot.layers = layers
    return kept


def _has_cryptomatte(layer):
    return layer.use_pass_cryptomatte_object or layer.use_pass_cryptomatte_material


def save_render(scene, layers=False):
    """The last render as an EXR in a take of its own; returns its path.

    layers: with all passes, which includes Cryptomatte.
    Raises: LinkError when nothing was rendered, or when it cannot be saved.
    """
    shown = next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)
    if shown is None:
        raise LinkError("not-found", "Nothing was rendered yet.", "Render a frame first.")
    folder = places.new_take(places.takes_of("Render"))
    path = folder.file(f"{stem(scene.name)}_{scene.frame_current:04d}.exr")
    try:
        with compat.writing_exr(scene.render.image_settings, layers):
            shown.save_render(path, scene=scene)
    except RuntimeError as error:
        folder.discard()
        raise _unsaved("render", error) from error
    return path


def _unsaved(what, error):
    return LinkError(
        "cannot-write", f"The {what} cannot be saved: {str(error).strip()}", "Look at the disk."
    )


def save_matte(matte, region):
    """What is white in an image, as `region`.png; returns the pattern with {region} in it."""
    import numpy

    values = numpy.empty(len(matte.pixels), numpy.float32)
    matte.pixels.foreach_get(values)
    white = numpy.repeat(values.reshape(-1, matte.channels)[:, :1], 4, axis=1)
    white[:, 3] = 1.0
    folder = places.new_take(places.takes_of(matte.name))
    copy = bpy.data.images.new(region, *matte.size, alpha=False, float_buffer=False, is_data=True)
    try:
        copy.pixels.foreach_set(white.ravel())
        copy.file_format = "PNG"
        copy.filepath_raw = folder.file(region + ".png")
        copy.save()
    except RuntimeError as error:
        folder.discard()
        raise _unsaved("matte", error) from error
    finally:
        bpy.data.images.remove(copy)
    return folder.file("{region}.png")


def stem(name):
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


# ---- takes and who uses them ------------------------------------------------------------------


def choose(plate, index):
    """Show this take wherever the plate or another of its takes is shown."""
    plate.backlot.take = index
    chosen = plate.backlot.takes[index].image
    for shown in [plate, *(row.image for row in plate.backlot.takes)]:
        if shown is not None and chosen is not None:
            _show(shown, chosen)


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


def changed(scene, row):
    """What is other now than when a take was made; "" for nothing."""
    spec = controls.spec_of(row.tool)
    if spec is None:
        return ""
    params = controls.values(controls.settings_of(scene, row.tool), spec)
    now = {"tool": row.tool, "version": spec["version"], "params": params}
    return "" if fingerprint(now) == row.fingerprint else "a setting of {}".format(spec["label"])


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
    layers: bpy.props.StringProperty()
    picked: bpy.props.StringProperty()
    pick_from: bpy.props.EnumProperty(
        name="Pick",
        description="What a click into the picture takes for the matte",
        items=(
            ("CryptoObject", "Object", "The whole object"),
            ("CryptoMaterial", "Material", "All that has the material"),
        ),
    )


_CLASSES = (BACKLOT_PG_take, BACKLOT_PG_image)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)
    bpy.types.Image.backlot = bpy.props.PointerProperty(type=BACKLOT_PG_image)
    bpy.app.handlers.save_pre.append(_keep_results)


def unregister():
    if _keep_results in bpy.app.handlers.save_pre:
        bpy.app.handlers.save_pre.remove(_keep_results)
    del bpy.types.Image.backlot
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
