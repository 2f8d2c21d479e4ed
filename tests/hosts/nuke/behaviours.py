"""What the simulator claims about Nuke, and how well each claim is founded.

status: "documented" by Foundry or in a published listing; "seen" in scripts or code that people
use in production; "assumed" where neither was found. docs/nuke.md lists them, and the conformance
script tries in a real Nuke those that have a probe.
"""

from __future__ import annotations

from typing import NamedTuple


class Behaviour(NamedTuple):
    number: int
    says: str
    status: str
    source: str
    probe: str = ""


LEDGER = tuple(
    Behaviour(*row)
    for row in (
        (1, "Only names of the published listings exist; others raise AttributeError", "documented",
         "types-nuke 13.2.8.0, nuke-python-stubs 15.0v1", "names"),
        (2, "nuke.execute in a callback: I'm already executing something else", "seen",
         "four public files", "busy"),
        (3, "nuke.execute in a button's script works", "seen",
         "griptape-nodes-library-nuke, Nuke_MatAnyone2, ComfyUI-for-Nuke", "button"),
        (4, "executeInMainThread from the main thread hangs or is an error", "documented",
         "learn.foundry.com developers/90 threading"),
        (5, "executeInMainThreadWithResult prints an exception and returns None", "documented",
         "learn.foundry.com developers/140 executeInMain"),
        (6, "Touching the graph off the main thread is refused (Nuke: may crash)", "seen",
         "ml-runner"),
        (7, "A gizmo in a script is its class and changed knobs; the rest is read from the path",
         "documented", "learn.foundry.com creating_sourcing_gizmos", "reopen"),
        (8, "The top of the stack is input 0", "seen", "maxWiklund/nuke_parser, public scripts",
         "inputs"),
        (9, "addUserKnob types 1 2 3 4 6 7 20 22 26", "seen", "ViTMatte gizmo, griptape", "knobs"),
        (10, "addUserKnob type 41 shows a knob from inside (T Node.knob)", "seen",
         "public gizmos since Nuke 6", "knobs"),
        (11, "addUserKnob type 20 with n 1 and n -1 opens and closes a group", "seen",
         "public scripts of Nuke 13", "knobs"),
        (12, "The value of a type 41 knob is saved with the gizmo and read back into the inside",
         "assumed", "", "reopen"),
        (13, "+INVISIBLE, +DISABLED, +STARTLINE and -STARTLINE in addUserKnob", "seen",
         "griptape, public gizmos", "knobs"),
        (14, "[value parent.knob] in a Read's file inside a gizmo", "seen",
         "griptape publish_gizmo", "file"),
        (15, "[file dirname [value root.name]] in a path", "seen", "public scripts", "file"),
        (16, "[value] evaluates TCL in the knob that it names, so the two above nest",
         "assumed", "",
         "file"),
        (17, "{{parent.knob}} in number and enumeration knobs (by index)", "seen", "public gizmos",
         "switch"),
        (18, "{{curve K x1 0 x5 1}}: K holds each value until the next key", "seen",
         "tracker and roto scripts", "curve"),
        (19, "A curve holds its first and last value beyond its keys", "assumed", "", "curve"),
        (20, "Keymix is Aa + B(1-a), inputs B, A, mask; B to the bit where the mask is 0",
         "assumed",
         "formula: learn.foundry.com keymix; order: public scripts", "keymix"),
        (21, "Keymix: other channels unchanged from B; bbox is union, B side or A side",
         "documented",
         "learn.foundry.com 15.1v3 reference_guide keymix", "keymix"),
        (22, "Switch takes the input of its whole number", "assumed", "", "switch"),
        (23, "A Read beyond first..last holds the first or last file", "assumed", "",
         "missing"),
        (24, "A missing file with on_error 'error' is an error", "documented",
         "learn.foundry.com 13.1 reading_files_using_write (the same list)", "missing"),
        (25, "Write with raw and autocrop off: data window is the bounding box, values untouched",
         "assumed", "", "write"),
        (26, "Write channels: rgba, all, alpha, or a layer's name", "seen", "ayon-nuke", "write"),
        (27, "datatype '16 bit half' and '32 bit float'", "seen", "ayon-nuke", "write"),
        (28, "nuke.nodes.CLASS(inputs=[...]) makes a node that is neither shown nor selected",
         "seen", "public code", "write"),
        (29, "nuke.execute(node, first, last, incr, [view])", "documented", "both listings",
         "write"),
        (30, "Root.setProxy(False) makes a Write render full size", "assumed",
         "ComfyUI-for-Nuke leaves proxy off, so it works", "proxy"),
        (31, "%V in a file is the view's name", "seen", "public scripts"),
        (32, "Node.opHashes changes when anything upstream does, on this frame", "documented",
         "both listings: one for each op", "hashes"),
        (33, "knobChanged and updateUI may set knobs of their node", "seen", "public code"),
        (34, "knobChanged is not called for knobs read from a script", "assumed", "", "reopen"),
        (35, "A pasted node with a name that is taken gets another; knobs come as copied", "seen",
         "ComfyUI-for-Nuke", "paste"),
        (36, "Calling a deleted node raises ValueError", "seen", "griptape tests node.name()",
         "deleted"),
        (37, "ProgressTask(title): setProgress takes an int; gone when deleted", "seen",
         "ComfyUI-for-Nuke src/run.py"),
        (38, "Cancel in Nuke's own meter raises nuke.CancelledError", "documented",
         "both listings"),
        (39, "Dilate, which the menu calls Erode (fast), grows by a box of `size` pixels",
         "assumed",
         "the two names: Nuke 101", "dilate"),
        (40, "Expression a>0 in expr3 makes alpha 0 or 1", "seen", "public scripts", "keymix"),
        (41, "Reformat to box with box_fixed and distort: exactly that size", "seen",
         "public scripts", "reformat"),
        (42, "Copy from0, to0; Remove with operation keep", "seen", "public scripts", "keymix"),
        (43, "Node names in expressions have .width and .height", "seen", "public scripts",
         "reformat"),
        (44, "nuke.env has 'indie' and 'nc'", "seen", "public code", "env"),
        (45, "Python of a gizmo's inside may be read (node.node, knob.value)", "seen", "griptape",
         "reopen"),
        (46, "Gizmo.makeGroup makes a Group beside the gizmo, with its knobs", "documented",
         "both listings", "bake"),
        (47, "pluginAddPath in init.py runs the init.py and menu.py of that folder",
         "seen", "public code; the order of paths: learn.foundry.com startup"),
        (48, "colorManagement is Nuke or OCIO; OCIO_config may be custom", "seen",
         "ayon-nuke api/lib.py", "root"),
    )
)  # fmt: skip
