"""What a node of ours says: its tool, its values, its frames, who it is, where its takes go."""

import contextlib
import json
import os
import re
import tempfile
import uuid

import nuke

from .gizmos import knob_name

HERE = os.path.dirname(os.path.abspath(__file__))
_BESIDE_SCRIPT = "[file dirname [value root.name]]/backlot"
_specs = {}


def specs():
    """The tools as they were when the plugin was built, by name."""
    if not _specs:
        with open(os.path.join(HERE, "tools.json"), encoding="utf-8") as file:
            for spec in json.load(file)["tools"]:
                _specs[spec["name"]] = spec
    return _specs


@contextlib.contextmanager
def unrecorded():
    """What is done in here is not the artist's to undo."""
    undo = nuke.Undo()
    undo.disable()
    try:
        yield
    finally:
        undo.enable()


def is_ours(node):
    """A gizmo of ours, or a Group that was baked from one."""
    return node is not None and "backlot_tool" in node.knobs()


def is_there(node):
    """Whether a node that was kept across events has not been deleted meanwhile."""
    try:
        return bool(node.name())
    except ValueError:
        return False


def spec_of(node):
    """The tool of a node. Raises: LinkError when this Backlot has no such tool."""
    from .host import LinkError

    tool = node["backlot_tool"].value()
    if tool not in specs():
        raise LinkError(
            "unsupported",
            "This Backlot has no tool {}.".format(tool),
            "Install a Backlot that has it; results that were made still render.",
        )
    return specs()[tool]


def values_of(node, spec, frames):
    """Parameters for a run: a curve with a key for every frame where a knob is animated.

    Raises: LinkError when one is animated that cannot be.
    """
    from .host import LinkError

    values = {}
    for param in spec["params"]:
        knob = node[knob_name(param["name"])]
        animated = param["kind"] in ("float", "int") and knob.isAnimated()
        if not animated:
            value = knob.value()
            numeric = param["kind"] in ("float", "int")
            if param["kind"] == "character":
                value = knob.getEvaluatedValue() or ""
            values[param["name"]] = _number(param, value) if numeric else _plain(param, value)
        elif len(frames) == 1 or _constant(knob, frames):
            values[param["name"]] = _number(param, knob.getValueAt(frames[0]))
        elif param["animatable"]:
            keys = [[frame, float(knob.getValueAt(frame))] for frame in frames]
            values[param["name"]] = {"curve": keys}
        else:
            raise LinkError(
                "invalid-input",
                "{} is animated, and this tool takes one value of it.".format(param["label"]),
                "Remove the animation of that knob.",
            )
    return values


def _constant(knob, frames):
    return len({knob.getValueAt(frame) for frame in frames}) == 1


def _plain(param, value):
    return bool(value) if param["kind"] == "bool" else str(value)


def _number(param, value):
    return int(value) if param["kind"] == "int" else float(value)


def frames_of(node):
    """Frame numbers that Render Range makes. Raises: LinkError when the text is no range."""
    choice = node["range"].value()
    if choice == "custom":
        return frames_in(node["frames"].value())
    source = node.input(0)
    if choice == "input" and source is not None:
        return list(range(source.firstFrame(), source.lastFrame() + 1))
    root = nuke.root()
    return list(range(int(root["first_frame"].value()), int(root["last_frame"].value()) + 1))


def frames_in(text):
    """The frame numbers that a text names, in order. Raises: LinkError."""
    from .host import LinkError

    try:
        return sorted(set(nuke.FrameRanges(text).toFrameList()))
    except (RuntimeError, ValueError):
        raise LinkError(
            "invalid-input",
            "{!r} is no frame range.".format(text),
            "Write 1001-1010, or 1001-1010x2,1020.",
        ) from None


def views():
    return [str(view) for view in nuke.views()] or ["main"]


# ---- identity ---------------------------------------------------------------------------------


def own_id(node):
    """The identity of a node, a new one when this is a copy of another that is still here.

    Looked at when something is about to be written, so that opening a script costs nothing.
    """
    known, owner = node["backlot_id"].value(), node["backlot_owner"].value()
    copied = known and owner != node.fullName() and _twins(node, known)
    if not known or copied:
        known = uuid.uuid4().hex[:8]
        node["backlot_id"].setValue(known)
    if owner != node.fullName():
        node["backlot_owner"].setValue(node.fullName())
    return known


def _twins(node, known):
    return any(
        other["backlot_id"].value() == known and other.fullName() != node.fullName()
        for other in every(nuke.root())
    )


def hold_selected_to(character):
    """Set the character of every selected node that has one. character: its folder."""
    for node in nuke.selectedNodes():
        if is_ours(node) and "character" in node.knobs():
            node["character"].setValue(character.replace(os.sep, "/"))


def every(group):
    """All nodes of ours in a group and in the groups inside it."""
    found = []
    for node in group.nodes():
        if is_ours(node):
            found.append(node)
        elif node.Class() in ("Group", "LiveGroup"):
            found += every(node)
    return found


# ---- folders ----------------------------------------------------------------------------------


def script_folder():
    """Where the script is; "" when it was not saved yet."""
    name = nuke.root()["name"].value()
    return os.path.dirname(os.path.abspath(name)) if os.path.isabs(name) else ""


def folder_of(node):
    """(folder of this node's takes, the same as text for the result knob).

    The text is relative to the script where that is possible, so that both can move together.
    """
    chosen = node["folder"].getEvaluatedValue() if node["folder"].value() else ""
    if chosen:
        base, text = chosen, node["folder"].value()
    elif script_folder():
        base, text = os.path.join(script_folder(), "backlot"), _BESIDE_SCRIPT
    else:
        base = os.path.join(tempfile.gettempdir(), "backlot-takes")
        text = base.replace(os.sep, "/")
    name = _folder_name(node, base)
    return os.path.join(base, name), text + "/" + name


def _folder_name(node, base):
    """Name and identity of the node; the identity alone counts when the node was renamed."""
    end = "-" + own_id(node)
    there = [name for name in os.listdir(base) if name.endswith(end)] if os.path.isdir(base) else []
    return there[0] if there else re.sub(r"[^\w.-]+", "_", node.fullName()) + end


# ---- colour -----------------------------------------------------------------------------------


def colorspace_of(node):
    """What the companion calls the space of the pixels in this project."""
    own = node["colorspace"].value().strip()
    if own:
        return own
    root = nuke.root().knobs()
    if "colorManagement" in root and root["colorManagement"].value() == "OCIO":
        return "scene_linear"
    return "lin_rec709"


def config_path():
    """The project's own OCIO config, for the companion; "" for none."""
    root = nuke.root().knobs()
    if "OCIO_config" in root and root["OCIO_config"].value() == "custom":
        return str(root["customOCIOConfigPath"].getEvaluatedValue())
    return ""
