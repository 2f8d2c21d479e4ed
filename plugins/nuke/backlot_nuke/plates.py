"""What goes out: the pipes of a node as raw EXR files of the full format, never 8 bit.

Nodes made for it are outside of ours, never selected, and gone when it is over.
"""

import os

import nuke

from .gizmos import frames_knob, knob_name
from .host import LinkError, window

_DATATYPES = {"half": "16 bit half", "float": "32 bit float"}


def export(node, spec, frames, view, folder):
    """Render each connected pipe; the inputs of the `run` request of docs/link.md.

    Raises: LinkError; nuke.CancelledError where the artist stops it.
    """
    from .node import colorspace_of

    inputs = {}
    for number, pipe in enumerate(spec["inputs"]):
        upstream = node.input(number)
        if upstream is None:
            if pipe["required"]:
                _refuse(pipe)
            continue
        pattern = os.path.join(folder, pipe["name"], pipe["name"] + ".%04d.exr")
        wanted = _wanted(node, frames, pipe, upstream)
        if not wanted:
            continue
        _render(node, spec, number, upstream, wanted, view, pattern.replace(os.sep, "/"))
        inputs[pipe["name"]] = {"files": pattern}
        if number == 0:
            inputs[pipe["name"]]["colorspace"] = colorspace_of(node)
            if layer_of(node) not in ("rgba", "rgb", "alpha"):
                inputs[pipe["name"]]["layer"] = layer_of(node)
    return inputs


def layer_of(node):
    """The layer that was picked: rgba, or another's name."""
    inside = node.node("Mix") or node.node("Picked")
    return inside["channels"].value() or "rgba"


def _refuse(pipe):
    raise LinkError(
        "invalid-input",
        "The pipe {} is not connected.".format(pipe["name"]),
        pipe.get("help") or "Connect it.",
    )


def _wanted(node, frames, pipe, upstream):
    """The frames, and those around them that the tool may ask for, as far as there are any.

    A pipe of one frame is a still, which Nuke shows on every other, too. Of one that holds approved
    pictures, only those count: Nuke would hold a frame that was painted for 1010 on all the others.
    """
    first, last = upstream.firstFrame(), upstream.lastFrame()
    around = set(frames)
    before, after = window(pipe, lambda param: node[knob_name(param)].value())
    for frame in frames:
        around.update(range(frame - before, frame + after + 1))
    if pipe.get("approved"):
        return sorted(around & _approved(node, pipe, first, last))
    if first == last:
        first, last = node.input(0).firstFrame(), node.input(0).lastFrame()
    return sorted(f for f in around if f in frames or first <= f <= last)


def _approved(node, pipe, first, last):
    """The frames of a pipe that are approved. Raises: LinkError where nobody can know."""
    knob = node[frames_knob(pipe)]
    if knob.value().strip():
        from .node import frames_in

        return set(frames_in(knob.value()))
    source = node.input(0)
    if first <= source.firstFrame() < source.lastFrame() <= last:
        raise LinkError(
            "invalid-input",
            "The {} pipe has every frame of the source: which of them are approved?".format(
                pipe["name"]
            ),
            "Write them into {}, such as 1010,1018-1020.".format(knob.label() or knob.name()),
        )
    return set(range(first, last + 1))


def _channels(node, spec, number, pipe):
    """A character's matte has a channel for each region, by name; any other matte is one."""
    if pipe["kind"] == "matte":
        regions = any(param["kind"] == "character" for param in spec["params"])
        return "all" if regions else "alpha"
    if number == 0:
        return "all" if node["all_layers"].value() else layer_of(node)
    return "all" if pipe["kind"] == "data" else "rgba"


def _render(node, spec, number, upstream, frames, view, pattern):
    """Of the matte outside of which nothing changes, the channel that was picked is its alpha."""
    pipe = spec["inputs"][number]
    within = pipe["name"] == spec["output"]["matte"]
    root, undo = nuke.root(), nuke.Undo()
    made, proxy = [], bool(root.proxy())
    undo.disable()
    if proxy:
        root.setProxy(False)
    parent = node.parent() or root
    parent.begin()
    try:
        picked = upstream
        if pipe["kind"] == "matte":
            picked = nuke.nodes.Copy(inputs=[upstream, upstream])
            made.append(picked)
            inside = node.node("MatteIn")
            if inside is not None and within:
                picked["from0"].setValue(inside["from0"].value())
        write = nuke.nodes.Write(inputs=[picked])
        made.append(write)
        _set(write, file=pattern, file_type="exr")
        _set(
            write,
            channels=_channels(node, spec, number, pipe),
            raw=True,
            datatype=_DATATYPES[node["depth"].value()],
            compression="Zip (1 scanline)",
            autocrop=False,
            create_directories=True,
        )
        for first, last in runs(frames):
            os.makedirs(os.path.dirname(pattern), exist_ok=True)
            _execute(write, first, last, view, upstream)
    finally:
        for each in reversed(made):
            nuke.delete(each)
        parent.end()
        if proxy:
            root.setProxy(True)
        undo.enable()


def _set(node, **values):
    """file_type first: it decides which knobs there are; those of other versions are left."""
    known = node.knobs()
    for name, value in values.items():
        if name in known:
            known[name].setValue(value)


def _execute(write, first, last, view, upstream):
    try:
        nuke.execute(write, first, last, 1, [view])
    except nuke.CancelledError:
        raise
    except RuntimeError as error:
        raise LinkError(
            "host-render",
            "Nuke could not render {}: {}".format(upstream.name(), error),
            "Look at that node in the viewer on frame {}.".format(first),
        ) from error


def runs(frames):
    """Consecutive frames as (first, last)."""
    found = []
    for frame in sorted(frames):
        if found and found[-1][1] == frame - 1:
            found[-1][1] = frame
        else:
            found.append([frame, frame])
    return [tuple(pair) for pair in found]
