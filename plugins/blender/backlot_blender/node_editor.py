# SPDX-License-Identifier: GPL-3.0-or-later
"""The compositor's editor: Backlot in the Add menu, and the sidebar of a Backlot node."""

import os

import bpy

from . import compat, compositor, controls, places, session, ui
from .compositor import is_ours, place_of
from .host import window


def _active_group(context):
    space = getattr(context, "space_data", None)
    tree = getattr(space, "edit_tree", None)
    node = tree.nodes.active if tree is not None else None
    group = getattr(node, "node_tree", None)
    return group if is_ours(group) else None


class BACKLOT_OT_add_node(bpy.types.Operator):
    bl_idname = "backlot.add_node"
    bl_label = "Add Backlot Node"
    bl_description = "Add a node group for this tool"
    bl_options = {"REGISTER", "UNDO"}
    tool: bpy.props.StringProperty()

    def execute(self, context):
        tree = getattr(context.space_data, "edit_tree", None)
        tree = tree or compat.compositor_tree(context.scene, make=True)
        for each in tree.nodes:
            each.select = False
        node = tree.nodes.new("CompositorNodeGroup")
        node.node_tree = compositor.new_group(self.tool)
        node.label = node.node_tree.name
        node.width = 180
        node.select = True
        tree.nodes.active = node
        node.location = getattr(context.space_data, "cursor_location", (0, 0))
        return {"FINISHED"}

    def invoke(self, context, event):
        made = self.execute(context)
        bpy.ops.node.translate_attach_remove_on_cancel("INVOKE_DEFAULT")
        return made


class BACKLOT_OT_process(bpy.types.Operator):
    bl_idname = "backlot.process"
    bl_label = "Process"
    bl_description = (
        "Make a new take of this node: renders what comes before it, then runs the tool"
    )
    group: bpy.props.StringProperty()
    whole_range: bpy.props.BoolProperty()

    def execute(self, context):
        group = bpy.data.node_groups.get(self.group) if self.group else _active_group(context)
        if not is_ours(group):
            self.report({"ERROR"}, "There is no Backlot node here. Add one from the Add menu.")
            return {"CANCELLED"}
        scene = context.scene
        frames = [scene.frame_current]
        if self.whole_range:
            frames = list(range(scene.frame_start, scene.frame_end + 1, scene.frame_step))
        task = compositor.process(scene, group, frames)
        return session.ran(self, task)


class BACKLOT_OT_toggle_node(bpy.types.Operator):
    bl_idname = "backlot.toggle_node"
    bl_label = "A/B"
    bl_description = "Let the node give its take, or the picture that comes in"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        group = _active_group(context)
        return group is not None and group.nodes.get(compositor.RESULT) is not None

    def execute(self, context):
        group = _active_group(context)
        compositor.show(group, not compositor.shows_result(group))
        return {"FINISHED"}


class BACKLOT_OT_choose_take(bpy.types.Operator):
    bl_idname = "backlot.choose_take"
    bl_label = "Take"
    bl_description = "Show this take"
    bl_options = {"REGISTER", "UNDO"}
    take: bpy.props.StringProperty()

    @classmethod
    def poll(cls, context):
        return _active_group(context) is not None

    def execute(self, context):
        group = _active_group(context)
        take = places.takes_of(group.name).named(self.take)
        files = compositor.files_of(take) if take is not None else {}
        if not files:
            self.report({"ERROR"}, "The files of this take are gone. Process again.")
            return {"CANCELLED"}
        compositor.use_take(group, take, files)
        return {"FINISHED"}


class BACKLOT_OT_cryptomatte(bpy.types.Operator):
    bl_idname = "backlot.cryptomatte"
    bl_label = "Matte from Cryptomatte"
    bl_description = "Put a Cryptomatte node on the Matte input; pick objects or materials in it"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        group = _active_group(context)
        return group is not None and controls.has_matte(controls.spec_of(group.backlot.tool))

    def execute(self, context):
        tree = context.space_data.edit_tree
        node = tree.nodes.active
        spec = controls.spec_of(node.node_tree.backlot.tool)
        at = [given["name"] for given in spec["inputs"]].index(spec["output"]["matte"])
        picker = tree.nodes.new("CompositorNodeCryptomatteV2")
        picker.location = (node.location.x - 320, node.location.y - 160)
        tree.links.new(picker.outputs["Matte"], node.inputs[at])
        socket = node.inputs[0]
        if socket.links:
            tree.links.new(socket.links[0].from_socket, picker.inputs[0])
        tree.nodes.active = picker
        return {"FINISHED"}


# ---- drawing ----------------------------------------------------------------------------------


class BACKLOT_MT_add(bpy.types.Menu):
    bl_idname = "BACKLOT_MT_add"
    bl_label = "Backlot"

    def draw(self, context):
        self.layout.operator_context = "INVOKE_REGION_WIN"
        for spec in controls.specs():
            text = "Backlot " + spec["label"]
            self.layout.operator("backlot.add_node", text=text).tool = spec["name"]


def _draw_add(self, context):
    if context.space_data.tree_type == "CompositorNodeTree" and controls.specs():
        self.layout.menu("BACKLOT_MT_add")


class BACKLOT_PT_node(bpy.types.Panel):
    bl_idname = "BACKLOT_PT_node"
    bl_label = "Backlot"
    bl_space_type = "NODE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Backlot"

    @classmethod
    def poll(cls, context):
        return context.space_data.tree_type == "CompositorNodeTree"

    def draw(self, context):
        layout = self.layout
        group = _active_group(context)
        if group is None:
            layout.label(text="Choose a Backlot node, or add one:", icon="INFO")
            for spec in controls.specs():
                button = layout.operator("backlot.add_node", text="Backlot " + spec["label"])
                button.tool = spec["name"]
            return
        spec = controls.spec_of(group.backlot.tool)
        if spec is None:
            layout.label(text=f"This Backlot has no {group.backlot.tool}.", icon="ERROR")
            return
        row = layout.row(align=True)
        row.scale_y = 1.4
        row.operator("backlot.process", text="Process Frame").whole_range = False
        row.operator("backlot.process", text="Process Range").whole_range = True
        ui.draw_task(layout, place_of(group))
        _draw_takes(layout, context.scene, group)
        settings = controls.settings_of(group, spec["name"])
        if any(window(spec["inputs"][0], lambda param: getattr(settings, param))):
            lines = layout.column(align=True)
            lines.scale_y = 0.7
            for line in ui.wrapped("A frame processed alone is filled from itself."):
                lines.label(text=line)
        if BACKLOT_OT_cryptomatte.poll(context):
            layout.operator("backlot.cryptomatte", icon="EYEDROPPER")
        controls.draw_approved(layout, settings, spec, context.space_data.edit_tree.nodes.active)
        controls.draw(layout, settings, spec)


def _draw_takes(layout, scene, group):
    takes = places.takes_of(group.name).all()
    if not takes:
        return
    ui.draw_stale(layout, compositor.stale(scene, group))
    row = layout.row(align=True)
    for take in takes[-5:]:
        chosen = take.name == group.backlot.take
        row.operator("backlot.choose_take", text=take.name, depress=chosen).take = take.name
    text = "Show Input" if compositor.shows_result(group) else "Show Take"
    layout.operator("backlot.toggle_node", text=text)
    shown = next((take for take in takes if take.name == group.backlot.take), None)
    report = shown.file(compositor.REPORT) if shown is not None else ""
    if report and os.path.isfile(report):
        ui.draw_report(layout, report)


_CLASSES = (
    BACKLOT_OT_add_node,
    BACKLOT_OT_process,
    BACKLOT_OT_toggle_node,
    BACKLOT_OT_choose_take,
    BACKLOT_OT_cryptomatte,
    BACKLOT_MT_add,
    BACKLOT_PT_node,
)


def register():
    for each in _CLASSES:
        bpy.utils.register_class(each)
    bpy.types.NODE_MT_add.append(_draw_add)


def unregister():
    bpy.types.NODE_MT_add.remove(_draw_add)
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
