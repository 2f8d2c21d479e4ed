# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between Blender 3.4 and 5.x, in one place."""

import contextlib
import os

import bpy

V5 = bpy.app.version >= (5, 0, 0)


def compositor_tree(scene, make=False):
    """The compositor's node tree of a scene; made where `make`, else None when there is none."""
    if not V5:
        if make and scene.node_tree is None:
            scene.use_nodes = True
        return scene.node_tree
    tree = scene.compositing_node_group
    if tree is None and make:
        tree = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        tree.nodes.new("NodeGroupOutput")
        scene.compositing_node_group = tree
    return tree


def new_socket(tree, name, in_out, kind):
    """A socket on a node group's outside. kind: "NodeSocketColor", "NodeSocketFloat"."""
    if hasattr(tree, "interface"):
        return tree.interface.new_socket(name, in_out=in_out, socket_type=kind)
    return (tree.inputs if in_out == "INPUT" else tree.outputs).new(kind, name)


def file_output(tree, folder, names):
    """A File Output node that writes 32-bit EXR files to a folder, with one socket a name.

    names: name -> whether alpha is written; a matte without is known by its red channel.
    """
    node = tree.nodes.new("CompositorNodeOutputFile")
    if V5:
        node.directory, node.file_name = folder, ""
        slots = node.file_output_items
    else:
        node.base_path = folder
        slots = node.file_slots
    slots.clear()
    _as_exr(node.format, "RGBA")
    for name, with_alpha in names.items():
        slot = slots.new("RGBA", name) if V5 else _new_slot(slots, name)
        if not with_alpha:
            setattr(slot, *(("override_node_format", True) if V5 else ("use_node_format", False)))
            _as_exr(slot.format, "RGB")
    return node


def render_layer_of(output):
    """The layer to take a Render Layers' Vector from, in the render's file of all passes.

    "" where a node has all four numbers of it: before 4.5 sockets hand on three.
    """
    if bpy.app.version >= (4, 5, 0) or output.node.bl_idname != "CompositorNodeRLayers":
        return ""
    return f"{output.node.layer}.Vector" if output.identifier == "Vector" else ""


def _new_slot(slots, name):
    slots.new(name)
    return slots[-1]


def _as_exr(settings, color_mode):
    if V5:
        settings.media_type = "IMAGE"
    settings.file_format = "OPEN_EXR"
    settings.color_depth = "32"
    settings.exr_codec = "ZIP"
    settings.color_mode = color_mode


@contextlib.contextmanager
def writing_exr(settings, layers=False):
    """A scene's image settings as 32-bit EXR inside this block, and as they were after it.

    layers: with every pass, which includes Cryptomatte.
    """
    names = ("media_type", "file_format", "color_mode", "color_depth", "exr_codec")
    before = {name: getattr(settings, name) for name in names if hasattr(settings, name)}
    _as_exr(settings, "RGBA")
    if layers:
        if V5:
            settings.media_type = "MULTI_LAYER_IMAGE"
        settings.file_format = "OPEN_EXR_MULTILAYER"
    try:
        yield
    finally:
        for name, value in before.items():
            with contextlib.suppress(TypeError):  # a codec that only EXR has
                setattr(settings, name, value)


def written_by_file_output(folder, name, number):
    """The file that such a node has just written; None when it did not.

    Up to 4.5 the frame number follows the name, in 5.0 it does not in a still render.
    """
    for found in (f"{name}{number:04d}.exr", name + ".exr"):
        path = os.path.join(folder, found)
        if os.path.isfile(path):
            return path
    return None


def strips_of(editor):
    """All strips at the top of a sequence editor, and the collection to add new ones to."""
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def every_strip(editor):
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def sequencer_scene(context):
    """The scene whose strips the sequencer shows: since 5.2 it can be another than the window's."""
    return getattr(context, "sequencer_scene", None) or context.scene
