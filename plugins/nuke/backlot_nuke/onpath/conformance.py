"""What this Nuke does, beside what Backlot believes it does, as JSON to send back to us.

    nuke -t conformance.py > conformance.json

For a person with a licence: Backlot was made without one. It makes a few nodes in an empty script,
writes one small EXR into a temporary folder, and changes nothing else.
"""

import json
import os
import shutil
import sys
import tempfile
import traceback

import nuke

HERE = os.path.dirname(os.path.abspath(__file__))
RED = [1.0, 0.0, 0.0, 1.0]
GREEN = [0.0, 1.0, 0.0, 1.0]


def solid(color):
    return nuke.nodes.Constant(color=color)


def ours(kind="AIFill"):
    return nuke.createNode(kind, inpanel=False)


def missing_names():
    """What the contract has and this Nuke has not."""
    with open(os.path.join(HERE, "backlot_nuke", "contract.json"), encoding="utf-8") as file:
        facts = json.load(file)
    both = [n for n, f in facts["functions"].items() if {"13.2", "15.0"} <= set(f["in"])]
    return sorted(name for name in both if not hasattr(nuke, name))


def busy():
    said = []

    def callback():
        try:
            nuke.execute("Nobody", 1, 1)
        except Exception as error:
            said.append(str(error))

    nuke.addKnobChanged(callback, nodeClass="NoOp")
    node = nuke.nodes.NoOp()
    node["label"].setValue("x")
    nuke.removeKnobChanged(callback, nodeClass="NoOp")
    return said[:1]


def inputs():
    mix = nuke.nodes.Keymix(inputs=[solid(RED), solid(GREEN), None])
    return mix.input(0)["color"].value(0)


def knobs():
    node = ours()
    kinds = {n: node[n].Class() for n in ("layer", "take", "range", "render_frame", "strength")}
    return kinds, node["result_file"].visible(), node["status"].enabled()


def reopen():
    """A linked knob and a string, through copy and paste."""
    node = ours()
    node["layer"].setValue("alpha")
    node["status"].setValue("a [word] {and} $more")
    for other in nuke.allNodes():
        other.setSelected(False)
    node.setSelected(True)
    path = os.path.join(FOLDER, "copy.nk")
    nuke.nodeCopy(path)
    nuke.nodePaste(path)
    copies = [n for n in nuke.allNodes("AIFill") if n.name() != node.name()]
    copy = [n for n in copies if n["status"].value() == node["status"].value()]
    return len(copy) == 1 and copy[0].node("Mix")["channels"].value()


def file():
    node = ours()
    node["result_file"].setValue("[file dirname [value root.name]]/x.%04d.exr")
    nuke.root()["name"].setValue("/shows/a/comp.nk")
    try:
        return node.node("Result")["file"].evaluate()
    finally:
        nuke.root()["name"].setValue("")


def curve():
    node = ours()
    node["has_result"].fromScript("{curve K x10 0 x11 1 x13 0}")
    return [node["has_result"].getValueAt(f) for f in (1, 10, 11, 12, 13, 99)]


def switch():
    node = ours()
    node["has_result"].setValue(1)
    which = node.node("Have")["which"].value()
    node["missing"].setValue("pass through")
    return which, node.node("Missing")["which"].value()


def keymix():
    """Values that no arithmetic would leave alone."""
    plate = solid([0.1, 1e-30, -3.3, 1.0])
    other = solid([1e30, 1e30, 1e30, 1.0])
    mask = nuke.nodes.Expression(inputs=[solid([0, 0, 0, 0])], expr3="a>0")
    mix = nuke.nodes.Keymix(inputs=[plate, other, mask], channels="rgb", bbox="B side")
    same = [mix.sample(c, 5, 5) == plate.sample(c, 5, 5) for c in ("rgba.red", "rgba.blue")]
    mask.setInput(0, solid([0, 0, 0, 0.25]))
    return same, mix.sample("rgba.red", 5, 5) > 1e29


def dilate():
    """How far beyond a box of 10 pixels `size 3` reaches, along a row."""
    box = nuke.nodes.Crop(inputs=[solid(RED)], box=[20, 20, 30, 30])
    grown = nuke.nodes.Dilate(inputs=[box], channels="alpha", size=3)
    return [round(grown.sample("rgba.alpha", x + 0.5, 25.5)) for x in (32, 33)]


def write():
    """Overscan, values and layers through a raw half EXR."""
    crop = nuke.nodes.Crop(inputs=[solid([4.5, -0.25, 0.1, 1])], box=[-6, -4, 20, 30])
    path = FOLDER.replace(os.sep, "/") + "/w.%04d.exr"
    node = nuke.nodes.Write(inputs=[crop], file=path, file_type="exr")
    for name, value in (("channels", "rgba"), ("raw", True), ("datatype", "16 bit half")):
        node[name].setValue(value)
    nuke.execute(node, 7, 7, 1, ["main"])
    read = nuke.nodes.Read(file=path, first=7, last=7, raw=True)
    nuke.frame(7)
    box = read.bbox()
    return [box.x(), box.y(), box.w(), box.h()], [
        read.sample("rgba." + c, 5.5, 5.5) for c in ("red", "green")
    ]


def missing():
    """Beyond its range a Read holds; a file that is not there is an error."""
    path = FOLDER.replace(os.sep, "/") + "/w.%04d.exr"
    held = nuke.nodes.Read(file=path, first=7, last=7, raw=True)
    nuke.frame(9)
    value = held.sample("rgba.red", 5.5, 5.5)
    lost = nuke.nodes.Read(file=FOLDER + "/none.%04d.exr", first=1, last=9, raw=True)
    nuke.nodes.Write(inputs=[lost], file=FOLDER + "/out.%04d.exr", raw=True)
    try:
        nuke.execute(nuke.nodes.Write(inputs=[lost], file=path, raw=True), 3, 3)
        return value, "no error"
    except RuntimeError:
        return value, "error"


def hashes():
    source = solid(RED)
    end = nuke.nodes.NoOp(inputs=[source])
    first = end.opHashes()
    again = end.opHashes() == first
    source["color"].setValue(0.5)
    changed = end.opHashes() != first
    source["color"].setValue(RED)
    return again, changed, end.opHashes() == first


def deleted():
    node = nuke.nodes.NoOp()
    nuke.delete(node)
    try:
        return node.name()
    except Exception as error:
        return type(error).__name__


def bake():
    group = ours().makeGroup()
    return group.Class(), group.node("Mix") is not None, "result_file" in group.knobs()


def env():
    return [nuke.env.get("indie"), nuke.env.get("nc")]


# Probe: what Backlot believes.
EXPECTED = (
    (missing_names, None),
    (busy, ["I'm already executing something else"]),
    (inputs, 1.0),
    (knobs, None),
    (reopen, "alpha"),
    (file, "/shows/a/x.%04d.exr"),
    (curve, [0, 0, 1, 1, 0, 0]),
    (switch, (1, 1)),
    (keymix, ([True, True], True)),
    (dilate, [1, 0]),
    (write, ([-6, -4, 26, 34], [4.5, -0.25])),
    (missing, (4.5, "error")),
    (hashes, (True, True, True)),
    (deleted, "ValueError"),
    (bake, ("Group", True, True)),
    (env, None),
)


def main():
    found = {
        "nuke": nuke.NUKE_VERSION_STRING,
        "python": sys.version.split()[0],
        "platform": sys.platform,
        "probes": {},
    }
    for probe, expected in EXPECTED:
        try:
            got = probe()
        except Exception:
            got = traceback.format_exc().splitlines()[-3:]
        said = {"got": got}
        if expected is not None:
            said.update(expected=expected, same=got == expected)
        found["probes"][probe.__name__] = said
    return found


if __name__ == "__main__":
    FOLDER = tempfile.mkdtemp(prefix="backlot-")
    try:
        print(json.dumps(main(), indent=1, default=str))
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
