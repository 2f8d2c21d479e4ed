# SPDX-License-Identifier: GPL-3.0-or-later
"""Backlot in the compositor: plain node groups that read the frames of a take.

The group is Blender's own in every part: an Image node inside reads the finished frames, so that
a .blend renders the same on a farm without this add-on. Only the parameters, kept on the group,
and the buttons belong to the add-on. A take is made by rendering what comes before the group to
plates, handing those to the companion, and pointing the Image node at what comes back.
"""

import os

import bpy

from . import compat, controls, places, plates, session
from .host import LinkError, fingerprint

RESULT = "Backlot Result"
REPORT = "report.png"


def new_group(tool):
    """A node group for a tool, which lets its first input through until there is a take."""
    spec = controls.spec_of(tool)
    group = bpy.data.node_groups.new("Backlot " + spec["label"], "CompositorNodeTree")
    compat.new_socket(group, "Image", "INPUT", "NodeSocketColor")
    for given in controls.extra_inputs(spec):
        kind = "NodeSocketFloat" if given["kind"] == "matte" else "NodeSocketColor"
        compat.new_socket(group, given["label"] or given["name"], "INPUT", kind)
    compat.new_socket(group, "Image", "OUTPUT", "NodeSocketColor")
    entry = group.nodes.new("NodeGroupInput")
    entry.location = (-300, 0)
    leave = group.nodes.new("NodeGroupOutput")
    leave.location = (300, 0)
    group.links.new(entry.outputs[0], leave.inputs[0])
    group.backlot.tool = tool
    return group


def is_ours(group):
    return group is not None and bool(group.backlot.tool)


def place_of(group):
    return ("node", group.name)


def show(group, result):
    """Let the group give the take's frames (True), or what comes in (False)."""
    leave = next(node for node in group.nodes if node.bl_idname == "NodeGroupOutput")
    entry = next(node for node in group.nodes if node.bl_idname == "NodeGroupInput")
    source = group.nodes.get(RESULT) if result else entry
    if source is not None:
        group.links.new(source.outputs[0], leave.inputs[0])


def shows_result(group):
    leave = next(node for node in group.nodes if node.bl_idname == "NodeGroupOutput")
    links = leave.inputs[0].links
    return bool(links) and links[0].from_node.name == RESULT


def use_take(group, take, files):
    """Read this take's frames. files: frame number -> path."""
    node = group.nodes.get(RESULT) or group.nodes.new("CompositorNodeImage")
    node.name = node.label = RESULT
    first, last = min(files), max(files)
    image = bpy.data.images.load(places.stored(files[first]), check_existing=False)
    image.name = f"{group.name} {take.name}"
    image.source = "SEQUENCE" if last > first else "FILE"
    node.image = image
    if image.source == "SEQUENCE":
        node.frame_start, node.frame_duration = first, last - first + 1
        node.frame_offset = first - 1
        node.use_auto_refresh = True
    group.backlot.take = take.name
    show(group, True)


def process(scene, group, frames, finished=None):
    """Make a take of these frames; returns its task.

    Frames are rendered one a tick, so that Blender answers in between.
    """
    spec = controls.spec_of(group.backlot.tool)
    names = {"group": group.name, "scene": scene.name}
    task = session.Task(spec["label"], place_of(group))
    session.add(task)
    made_of = recipe(scene, group, frames)
    try:
        take = task.take = places.new_take(places.takes_of(group.name))
        node, tree = _placed(scene, group)
        wanted = _wanted(node, spec)
        only = _approved(group, spec, wanted, frames)
        render = plates.Render(scene, tree, wanted, frames, take.file("plates"), only)
    except LinkError as error:
        task.fail(error)
        return task

    def done(task):
        group = bpy.data.node_groups.get(names["group"])
        files = {number: event["file"] for number, event in task.job.results.items()}
        if group is None or not files:
            raise next(iter(task.job.frame_errors.values()), LinkError(
                "not-found", "The node was removed.", "The take is on disk."))  # fmt: skip
        engine = next(iter(task.job.results.values()))["engine"]
        take.save_recipe(dict(made_of, fingerprint=fingerprint(made_of), engine=engine))
        task.result = take
        use_take(group, take, files)
        if finished is not None:
            finished(take)

    task.finished = done

    def step():
        if task.ended:
            render.close()
            return False
        left = 0
        try:
            left = render.step()
        finally:
            if not left:
                render.close()
        task.note = f"Rendering plates, {len(frames) - left} of {len(frames)}"
        if left:
            return True
        group = bpy.data.node_groups.get(names["group"])
        params = controls.values(
            controls.settings_of(group, spec["name"]), spec, frames, owner=group
        )
        inputs = {name: render.plates(name) for name in wanted}
        inputs[spec["inputs"][0]["name"]]["colorspace"] = places.scene_linear()
        out = {"files": take.file("result.####.exr")}
        if spec.get("rated"):
            out["report"] = take.file(REPORT)
        session.start(task, spec["name"], frames, params=params, inputs=inputs, out=out)
        return False

    session.each_tick(task, step)
    return task


def _placed(scene, group):
    """The node that uses the group, and the tree of the scene that it is in."""
    tree = compat.compositor_tree(scene)
    for node in tree.nodes if tree is not None else ():
        if getattr(node, "node_tree", None) == group:
            return node, tree
    raise LinkError(
        "not-found",
        f"{group.name} is not in the compositor of this scene.",
        "Put it between the nodes whose picture it shall change; inside of groups it cannot run.",
    )


def _wanted(node, spec):
    """Tool input -> (the output socket that feeds it, whether its alpha says something)."""
    wanted = {}
    for at, given in enumerate(spec["inputs"]):
        name = given["label"] or given["name"] if at else node.inputs[0].name
        socket = node.inputs.get(name)  # a group made with an older Backlot may lack it
        if socket is not None and socket.links:
            wanted[given["name"]] = (socket.links[0].from_socket, given["kind"] != "matte")
        elif given["required"]:
            raise LinkError(
                "invalid-input",
                f"Nothing is connected to {name} of {node.label or node.name}.",
                "Connect a picture."
                if given["kind"] != "matte"
                else "Connect a matte: white is "
                "where the picture may change. A Cryptomatte node makes one by clicking.",
            )
    return wanted


def _approved(group, spec, wanted, frames):
    """Tool input -> the frames that are kept of it; one of which there are none is not wanted.

    A socket has a picture on every frame: which of them are approved, only the artist knows.
    """
    settings, only = controls.settings_of(group, spec["name"]), {}
    for given, name in controls.approved_inputs(spec):
        if given["name"] not in wanted:
            continue
        named = controls.approved(settings, name)
        if not named:
            raise LinkError(
                "invalid-input",
                "Which frames of {} are approved?".format(given["label"]),
                "Write them into the sidebar, such as 1010,1018-1020.",
            )
        if named & set(frames):
            only[given["name"]] = named
        else:
            del wanted[given["name"]]
    return only


def recipe(scene, group, frames):
    """What a take would be made of now: for its fingerprint."""
    spec = controls.spec_of(group.backlot.tool)
    settings = controls.settings_of(group, spec["name"])
    try:
        node, _ = _placed(scene, group)
        upstream = plates.upstream(node)
    except LinkError:
        upstream = []
    return {
        "tool": spec["name"],
        "version": spec["version"],
        "params": controls.values(settings, spec, frames, owner=group),
        "frames": [frames[0], frames[-1]],
        "approved": [getattr(settings, name) for _, name in controls.approved_inputs(spec)],
        "upstream": upstream,
    }


def stale(scene, group):
    """What changed since the shown take was made: "" when nothing is known to have."""
    take = places.takes_of(group.name).named(group.backlot.take)
    made_of = take.recipe() if take is not None else {}
    if not made_of:
        return ""
    first, last = made_of["frames"]
    now = recipe(scene, group, list(range(first, last + 1)))
    words = {"params": "a parameter", "upstream": "what comes before", "version": "the tool"}
    words["approved"] = "the approved frames"
    changed = [name for name in words if made_of.get(name, now[name]) != now[name]]
    return " and ".join(words[name] for name in changed)


def files_of(take):
    """Frame number -> path of the frames of a take."""
    found = {}
    for name in os.listdir(take.folder):
        parts = name.split(".")
        if len(parts) == 3 and (parts[0], parts[2]) == ("result", "exr"):
            found[int(parts[1])] = take.file(name)
    return found
