"""What comes back: takes, the knobs that the inside of the node is wired to, and stale marks."""

import os

import nuke

from . import findings
from .gizmos import NO_RESULT, frames_knob, knob_name
from .host import Takes, fingerprint
from .node import folder_of, spec_of, unrecorded
from .plates import layer_of, runs
from .session import session

RED = 0xA02828FF
AMBER = 0xB07818FF
_CURVES = {"drift", "confidence"}


def made_of(node, spec):
    """(what the knobs say, what comes up the pipes on this frame): each changes when that does."""
    settings = {param["name"]: _text(node[knob_name(param["name"])]) for param in spec["params"]}
    settings["tool"] = spec["name"] + " " + spec["version"]
    settings["layer"] = layer_of(node)
    settings["more"] = [node[name].value() for name in ("depth", "colorspace", "all_layers")]
    few = [frames_knob(pipe) for pipe in spec["inputs"] if pipe.get("approved")]
    settings["approved"] = [node[name].value() for name in few]
    inside = node.node("MatteIn")
    settings["matte"] = inside["from0"].value() if inside is not None else ""
    pipes = [node.input(number) for number in range(len(spec["inputs"]))]
    # Hashes can be wider than JSON's numbers in other readers: kept as text.
    hashes = [[str(h) for h in pipe.opHashes()] if pipe is not None else [] for pipe in pipes]
    return fingerprint(settings), fingerprint({"pipes": hashes})


def _text(knob):
    return knob.toScript(False)


def stale_reason(node):
    """ "" while the take shown is what would be made now, else what has changed.

    Pipes are compared on the frame on which the take was made: Nuke's hashes are of one frame.
    """
    kept = node["made_of"].value().split()
    if len(kept) < 3:
        return ""
    settings, pipes = made_of(node, spec_of(node))
    if kept[0] != settings:
        return "settings changed"
    if int(kept[2]) == nuke.frame() and kept[1] != pipes:
        return "source changed"
    if len(kept) > 3 and session.replaced(kept[3]):
        return "model changed"
    return ""


def mark(node):
    """Show in label and tile whether the take is stale. Costs no call of the server."""
    if not node["made_of"].value():
        return
    reason = stale_reason(node)
    said = node["status"].value().split("  |  ")[0]
    said += "  |  STALE: " + reason if reason else ""
    if said != node["status"].value():
        with unrecorded():
            node["status"].setValue(said)
            node["tile_color"].setValue(AMBER if reason else 0)


def takes_of(node):
    return Takes(folder_of(node)[0])


def pattern_of(node, views):
    """The name of the files inside a take."""
    view = ".%V" if len(views) > 1 else ""
    return "{}{}.%04d.exr".format(node.name(), view)


def show_take(node, take):
    """Point the node at a take that is on disk."""
    recipe = take.recipe()
    finished = recipe.get("finished") or []
    text = "{}/{}/{}".format(folder_of(node)[1], take.name, recipe.get("pattern", NO_RESULT))
    with unrecorded():
        node["result_file"].setValue(text)
        node["result_first"].setValue(min(finished) if finished else 1)
        node["result_last"].setValue(max(finished) if finished else 1)
        node["has_result"].fromScript(presence(finished))
        node["take"].setValue(take.number)
        node["made_of"].setValue(recipe.get("made_of", ""))
        node["model"].setValue(recipe.get("model", ""))
        for name in _CURVES & set(node.knobs()):
            node[name].fromScript(findings.curve(recipe.get("measured") or {}, name))
    read = node.node("Result")
    if read is not None and "reload" in read.knobs():
        read["reload"].execute()


def show_number(node, number):
    """Point the node at a take by number; True when there is one. 0 shows none."""
    if number == 0:
        node["result_file"].setValue(NO_RESULT)
        node["has_result"].fromScript("0")
        for name in _CURVES & set(node.knobs()):
            node[name].fromScript("0")
        node["made_of"].setValue("")
        node["status"].setValue("not rendered")
        return True
    take = takes_of(node).named("v{:03d}".format(number))
    if take is None:
        node["status"].setValue("There is no take {}".format(number))
        return False
    show_take(node, take)
    node["status"].setValue(describe(take))
    mark(node)
    return True


def presence(frames):
    """A knob's text: 1 on these frames and 0 on all others, constant in between."""
    if not frames:
        return "0"
    keys = ["K x{} 0".format(min(frames) - 1)]
    for first, last in runs(frames):
        keys.append("x{} 1 x{} 0".format(first, last + 1))
    return "{curve " + " ".join(keys) + "}"


def describe(take):
    recipe = take.recipe()
    count = len(recipe.get("finished") or [])
    lost = len(recipe.get("failed") or {})
    said = "{}: {} frame{}".format(take.name, count, "" if count == 1 else "s")
    found = findings.short(recipe.get("measured") or {})
    said += ", {} failed".format(lost) if lost else ""
    return said + (", " + found if found else "")


def take_for(node, frames, settings):
    """The take to write to: the one shown, for frames that it lacks; else a new one."""
    takes = takes_of(node)
    shown = takes.named("v{:03d}".format(int(node["take"].value())))
    if shown is not None:
        recipe = shown.recipe()
        same = recipe.get("made_of", "").split(" ")[0] == settings
        if same and not set(frames) & set(recipe.get("finished") or []):
            return shown
    return takes.new()


def exists(node):
    """Whether the files that the node is wired to are all there, for a check before a farm."""
    path = node["result_file"].getEvaluatedValue()
    return bool(path) and os.path.isdir(os.path.dirname(path))
