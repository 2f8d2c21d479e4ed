"""What Nuke tells us. Registered in init.py, so that a farm has it too; none of it renders."""

import os

import nuke

_UNDER_WAY = ("Frame ", "Waiting", "Starting", "Rendering the pipes")
_WATCHED = ("inputChange", "showPanel")


def register(folder):
    """For each gizmo in the folder. Reads names alone: a start costs no more."""
    for file in os.listdir(folder):
        kind, dot, suffix = file.rpartition(".")
        if dot and suffix == "gizmo":
            nuke.addKnobChanged(changed, nodeClass=kind)
            nuke.addUpdateUI(look, nodeClass=kind)


def changed():
    """A knob was changed: another take is shown at once, a stale one is marked."""
    node, knob = nuke.thisNode(), nuke.thisKnob()
    name = knob.name()
    if name == "take":
        from .results import show_number

        if int(node["take"].value()) != _shown(node):
            show_number(node, int(node["take"].value()))
    elif node["made_of"].value() and (name in _WATCHED or not _is_state(name)):
        from .results import mark

        mark(node)


def look():
    """The window is about to show the node."""
    node = nuke.thisNode()
    if node["status"].value().startswith(_UNDER_WAY):
        from .session import session

        if node["backlot_id"].value() not in session.runs:
            node["status"].setValue("interrupted: render again, finished frames are kept")
    if node["made_of"].value():
        from .results import mark

        mark(node)


def _shown(node):
    """The number of the take that the result is wired to; 0 for none."""
    parts = node["result_file"].value().split("/")
    name = parts[-2] if len(parts) > 1 else ""
    return int(name[1:]) if name[:1] == "v" and name[1:].isdigit() else 0


def _is_state(name):
    return name.startswith(("backlot_", "result_")) or name in (
        "status", "model", "made_of", "has_result", "tile_color", "xpos", "ypos", "selected",
        "name", "drift", "confidence", "hide_input", "label", "show", "missing", "range", "frames",
        "folder",
    )  # fmt: skip
