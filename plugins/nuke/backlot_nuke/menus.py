"""The menu of the window: nodes, and what is done to one that is selected."""

import os

import nuke


def register(folder):
    toolbar = nuke.menu("Nodes").addMenu("Backlot")
    for file in sorted(os.listdir(folder)):
        kind, dot, suffix = file.rpartition(".")
        if dot and suffix == "gizmo":
            toolbar.addCommand(kind, "nuke.createNode({!r})".format(kind))
    menu = nuke.menu("Nuke").addMenu("Backlot")
    menu.addCommand("Bake to Group", "from backlot_nuke import menus; menus.bake_selected()")
    register_panel()


def register_panel():
    """In Nuke's own way: the name of what makes the widget, as text."""
    from .window import add_panel

    add_panel("backlot_nuke.menus.make_panel", "Backlot", "org.backlot.panel")


def make_panel():
    """The dockable panel; Qt is loaded when it is first opened."""
    from .panel import Panel

    return Panel()


def bake_selected():
    """Groups in place of the selected gizmos: the script then opens without the plugin."""
    from .node import is_ours

    for node in nuke.selectedNodes():
        if is_ours(node) and node.Class() != "Group":
            bake(node)


def bake(node):
    """A Group with the same knobs, pipes and result, in place of the gizmo."""
    name = node.name()
    group = node.makeGroup()
    for number in range(node.inputs()):
        group.setInput(number, node.input(number))
    for other in nuke.allNodes():
        for number in range(other.inputs()):
            if other.input(number) is node:
                other.setInput(number, group)
    nuke.delete(node)
    group.setName(name)
    return group
