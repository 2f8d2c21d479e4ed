# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls made from the tools as the server advertises them: none of them is written here.

The specs come with the package, are kept when a server tells newer ones, and need no server. A
PropertyGroup is made for each tool; `Scene.backlot` and `NodeTree.backlot` hold one of each.
"""

import contextlib
import os
import re

import bpy

from . import places
from .host import LinkError, arranged, load_specs, offered, save_specs, spec_named

_SPECS = "tools.json"
_classes = []
_specs = []


def specs():
    """The tools to offer, in order."""
    return offered(_specs)


def spec_of(tool):
    """A tool's spec, hidden or not; None when there is none of that name."""
    return spec_named(_specs, tool)


def settings_of(owner, tool):
    """The PropertyGroup of a tool's parameters on a scene or a node tree."""
    return getattr(owner.backlot.tools, tool)


def extra_inputs(spec):
    """The inputs besides the one that the tool works on."""
    return spec["inputs"][1:]


def takes_matte(spec, given):
    """Whether this input is the matte that says where the picture may change."""
    return given["name"] == spec["output"]["matte"]


def has_matte(spec):
    return bool(spec["output"]["matte"])


def other_images(spec):
    """Inputs that are neither the picture nor its matte, and the name of the setting for each."""
    return [
        (given, "input_" + given["name"])
        for given in extra_inputs(spec)
        if not takes_matte(spec, given)
    ]


def approved_inputs(spec):
    """Inputs that hold for their own frames alone, and the name of the setting that says which."""
    return [
        (given, "frames_" + given["name"]) for given in extra_inputs(spec) if given.get("approved")
    ]


def draw_approved(layout, settings, spec, node):
    """Which frames of such an input are approved, where one is connected to a node."""
    column = layout.column(align=True)
    for given, name in approved_inputs(spec):
        socket = node.inputs.get(given["label"])
        if socket is not None and socket.links:
            column.label(text="Approved {}".format(given["label"].lower()))
            column.prop(settings, name, text="")


def approved(settings, name):
    """The frames that were named for such an input, as a set. Raises: LinkError."""
    text = getattr(settings, name).replace(" ", "")
    frames = set()
    for part in text.split(",") if text else ():
        found = re.fullmatch(r"(-?\d+)(?:-(-?\d+))?", part)
        if found is None:
            raise LinkError(
                "invalid-input", f"{text} names no frames.", "Write them as in 1010,1018-1020."
            )
        first = int(found.group(1))
        frames.update(range(first, int(found.group(2) or first) + 1))
    return frames


def draw_files(layout, own, settings, spec):
    """Files for the matte and each further input of a tool that works on files."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    if has_matte(spec):
        column.prop(own, "matte_files")
    for given, _ in other_images(spec):
        column.prop(settings, "files_" + given["name"])


def files(settings, spec):
    """What was chosen there, as the inputs of a job."""
    chosen = {given["name"]: getattr(settings, "files_" + given["name"]) for given, _ in
              other_images(spec)}  # fmt: skip
    return {name: {"files": bpy.path.abspath(path)} for name, path in chosen.items() if path}


def pictures(spec):
    """Those of `other_images` that a single picture may have: the rest is about a shot."""
    return [
        (given, name)
        for given, name in other_images(spec)
        if given["kind"] != "data" and not given.get("approved")
    ]


def draw_images(layout, settings, spec):
    """An image for each further input, to choose, open or make anew and paint."""
    for given, name in pictures(spec):
        column = layout.column(align=True)
        column.label(text=given["label"])
        column.template_ID(settings, name, new="image.new", open="image.open")


def update(told):
    """Take over what a server tells. True when the controls changed."""
    kept = os.path.join(places.own_folder(), _SPECS)
    with contextlib.suppress(OSError):  # a read-only folder costs the memory of it, not the session
        save_specs(kept, told)
    if told == _specs:
        return False
    unregister()
    register(told)
    return True


def draw(layout, settings, spec):
    """All parameters of a tool, in their groups."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    for group, params in arranged(spec):
        if group:
            column.label(text=group)
        inside = column.column(align=True)
        for param in params:
            inside.prop(settings, param["name"])


def values(settings, spec, frames=(), owner=None):
    """Parameters as the link takes them; animated ones as a key on each of `frames`.

    owner: the datablock whose animation may drive `settings`.
    """
    told = {}
    for param in spec["params"]:
        value = getattr(settings, param["name"])
        curve = _curve(owner, settings, param["name"]) if param["animatable"] else None
        if curve is not None and frames:
            value = {"curve": [[frame, curve.evaluate(frame)] for frame in frames]}
        told[param["name"]] = value
    return told


def _curve(owner, settings, name):
    animation = getattr(owner, "animation_data", None)
    if animation is None or animation.action is None:
        return None
    path = settings.path_from_id(name)
    for curve in _curves(animation):
        if curve.data_path == path and not curve.mute:
            return curve
    return None


def _curves(animation):
    action = animation.action
    slot = getattr(animation, "action_slot", None)
    if slot is None:
        return getattr(action, "fcurves", ())
    found = []
    for layer in action.layers:
        for strip in layer.strips:
            bag = strip.channelbag(slot)
            if bag is not None:
                found.extend(bag.fcurves)
    return found


# ---- properties from parameters ---------------------------------------------------------------


def _property(param):
    about = param["help"] + (" ({})".format(param["unit"]) if param["unit"] else "")
    common = {
        "name": param["label"] or param["name"],
        "description": about,
        "default": param["default"],
        "options": {"ANIMATABLE"} if param["animatable"] else set(),
    }
    kind = param["kind"]
    if kind == "bool":
        return bpy.props.BoolProperty(**common)
    if kind == "choice":
        items = [(each["value"], each["label"], "") for each in param["choices"]]
        return bpy.props.EnumProperty(items=items, **common)
    if kind == "character":
        return bpy.props.StringProperty(subtype="DIR_PATH", **common)
    if kind not in ("int", "float"):  # text, and whatever a newer Backlot may send
        return bpy.props.StringProperty(**common)
    limits = {}
    if param["minimum"] is not None:
        limits["min"] = param["minimum"]
    if param["maximum"] is not None:
        limits["max"] = param["maximum"]
    if kind == "int":
        whole = {name: int(value) for name, value in limits.items()}
        common["default"] = int(param["default"])
        return bpy.props.IntProperty(step=max(1, int(param["step"])), **common, **whole)
    step = max(1, round(100 * (param["step"] or 0.1)))
    return bpy.props.FloatProperty(step=step, precision=3, **common, **limits)


def _make_classes():
    """One class for each tool, and the two that hold them."""
    pointers = {}
    for spec in _specs:
        annotations = {param["name"]: _property(param) for param in spec["params"]}
        for given, name in other_images(spec):
            annotations[name] = bpy.props.PointerProperty(
                type=bpy.types.Image, name=given["label"], description=given.get("help", "")
            )
            annotations["files_" + given["name"]] = bpy.props.StringProperty(
                name=given["label"],
                description=given.get("help", "") + " Files, such as //depth.####.exr",
                subtype="FILE_PATH",
            )
        for given, name in approved_inputs(spec):
            annotations[name] = bpy.props.StringProperty(
                name=given["label"],
                description="Which frames of that input are approved, such as 1010,1018-1020",
            )
        made = type(
            "BACKLOT_PG_tool_" + spec["name"],
            (bpy.types.PropertyGroup,),
            {"__annotations__": annotations},
        )
        _classes.append(made)
        pointers[spec["name"]] = bpy.props.PointerProperty(type=made)
    tools = type("BACKLOT_PG_tools", (bpy.types.PropertyGroup,), {"__annotations__": pointers})
    items = [(spec["name"], spec["label"], spec["summary"]) for spec in specs()]
    scene = type(
        "BACKLOT_PG_scene",
        (bpy.types.PropertyGroup,),
        {
            "__annotations__": {
                "tools": bpy.props.PointerProperty(type=tools),
                "tool": bpy.props.EnumProperty(
                    name="Tool", description="What to do", items=items or [("", "None", "")]
                ),
                "after_render": bpy.props.BoolProperty(
                    name="Process after render",
                    description="Run the tool on the frames that a render wrote, when it is done",
                ),
                "matte_files": bpy.props.StringProperty(
                    name="Matte",
                    description="Files of the matte, such as //matte.####.exr, or one still",
                    subtype="FILE_PATH",
                ),
            }
        },
    )
    tree = type(
        "BACKLOT_PG_tree",
        (bpy.types.PropertyGroup,),
        {
            "__annotations__": {
                "tools": bpy.props.PointerProperty(type=tools),
                "tool": bpy.props.StringProperty(),
                "take": bpy.props.StringProperty(),
                "folder": bpy.props.StringProperty(subtype="DIR_PATH"),
            }
        },
    )
    _classes.extend((tools, scene, tree))
    return scene, tree


def register(told=None):
    if told is None:
        kept = load_specs(os.path.join(places.own_folder(), _SPECS))
        told = kept or load_specs(os.path.join(os.path.dirname(__file__), _SPECS))
    _specs[:] = told
    scene, tree = _make_classes()
    for each in _classes:
        bpy.utils.register_class(each)
    bpy.types.Scene.backlot = bpy.props.PointerProperty(type=scene)
    bpy.types.NodeTree.backlot = bpy.props.PointerProperty(type=tree)


def unregister():
    del bpy.types.Scene.backlot
    del bpy.types.NodeTree.backlot
    for each in reversed(_classes):
        bpy.utils.unregister_class(each)
    _classes.clear()
