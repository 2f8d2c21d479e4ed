"""Gizmos from ToolSpecs: made when the plugin is built, so that a script opens without Backlot.

Nothing inside a gizmo is ever edited: all state is in knobs at the top, to which the inside is
wired by expressions. The tree of a tool that works in a matte ends in a Keymix with the source.
"""

from . import VERSION
from .nodetext import (
    BOOL,
    BUTTON,
    DOUBLE,
    ENUMERATION,
    FILE,
    INT,
    LINK,
    STRING,
    TAB,
    TEXT,
    Tree,
    expression,
    gizmo,
    quoted,
    user_knob,
)

HIDDEN = ("+INVISIBLE",)
NO_RESULT = "no-result-yet.%04d.exr"
NO_FRAME = "this-frame-was-not-rendered.%04d.exr"
MISSING = ("error", "pass through", "checkerboard")
RANGES = ("input", "project", "custom")
DEPTHS = ("half", "float")

# Knobs and expression names that every group has already.
_NAMES = (
    "name label width height format bbox x y channels frame time view inputs input disable "
    "selected xpos ypos tile_color gl_color note_font note_font_size note_font_color "
    "hide_input postage_stamp cached help onCreate onDestroy knobChanged updateUI autolabel "
    "panel process_mask indicators icon lifetimeStart lifetimeEnd useLifetime bookmark "
    "dope_sheet mapsize window layer matte_channel range frames render_frame render_range "
    "cancel details take takes show missing status model fit_source colorspace depth folder "
    "all_layers stop_at check drift confidence report "
)
_TAKEN = frozenset(_NAMES.split())


def class_name(tool):
    """fill -> AIFill, upscale -> AIUpscale, character -> CharacterLock."""
    if tool in ("character", "character-lock"):
        return "CharacterLock"
    return "AI" + "".join(word.capitalize() for word in tool.replace("-", "_").split("_"))


def knob_name(param):
    """What the knob of a parameter is called: its own name, unless every node has such a knob."""
    return param + "_" if param in _TAKEN else param


def frames_knob(pipe):
    """What the knob is called that says which frames of a pipe are approved."""
    return pipe["name"] + "_frames"


def gizmo_text(spec):
    """The .gizmo file of a tool. spec: as in docs/link.md."""
    tree = _matte_tree(spec) if spec["output"]["matte"] else _size_tree(spec)
    return gizmo(len(spec["inputs"]), _panel(spec), tree)


# ---- the panel ------------------------------------------------------------------------------


def _button(name, label, action, help, start=False):
    command = (
        "try:\n"
        "    from backlot_nuke import buttons\n"
        "except ImportError:\n"
        "    nuke.message('Backlot is not installed here. Results that were made still render.')\n"
        "else:\n"
        "    buttons.{}(nuke.thisNode())".format(action)
    )
    flags = ("+STARTLINE",) if start else ("-STARTLINE",)
    return user_knob(BUTTON, name, label, help, command=command, flags=flags)


def _panel(spec):
    kind = class_name(spec["name"])
    lines = [user_knob(TAB, "backlot", kind), "label " + quoted("[value status]")]
    lines += _pickers(spec)
    for group, params in _grouped(spec["params"]):
        if group:
            lines.append(user_knob(TAB, _identifier(group) + "_group", group, group=1))
        for param in params:
            lines += _param(param)
        if group:
            lines.append(user_knob(TAB, "end_" + _identifier(group), group=-1))
    lines += _running(spec)
    lines += _output(spec)
    return lines + _state(spec)


def _pickers(spec):
    within = spec["output"]["matte"]
    target = "Mix.channels" if within else "Picked.channels"
    help = "The layer that is worked on. All others pass through untouched."
    lines = [user_knob(LINK, "layer", "layer", help, command=target)]
    if within:
        help = "The channel of the matte pipe that says where something may change."
        lines.append(
            user_knob(LINK, "matte_channel", "matte channel", help, command="MatteIn.from0")
        )
    for pipe in spec["inputs"]:
        if pipe.get("approved"):
            help = (
                "Which frames of the {0} pipe are approved, such as 1010,1018-1020. Empty: those\n"
                "from its first to its last, where it is shorter than the source."
            ).format(pipe["name"])
            label = pipe["label"].lower() or pipe["name"]
            lines.append(user_knob(STRING, frames_knob(pipe), label, help))
    return lines


def _grouped(params):
    groups = {"": []}
    for param in params:
        groups.setdefault(param.get("group", ""), []).append(param)
    return [(name, found) for name, found in groups.items() if found]


def _identifier(text):
    return "".join(letter if letter.isalnum() else "_" for letter in text.lower())


def _tooltip(param):
    said = [param.get("help") or param.get("label") or param["name"]]
    if param.get("unit"):
        said.append("In {}.".format(param["unit"]))
    said += ["{}: {}".format(each["value"], each["label"]) for each in param.get("choices") or ()]
    said.append("Can be animated." if param.get("animatable") else "One value for all frames.")
    return "\n".join(said)


def _param(param):
    name, label, help = knob_name(param["name"]), param.get("label", ""), _tooltip(param)
    default, kind = param["default"], param["kind"]
    if kind == "bool":
        value = "true" if default else "false"
        return [user_knob(BOOL, name, label, help, flags=("+STARTLINE",)), name + " " + value]
    if kind == "choice":
        menu = [each["value"] for each in param["choices"]]
        return [user_knob(ENUMERATION, name, label, help, menu), name + " " + quoted(default)]
    if kind in ("text", "character"):  # a character is a folder
        what = FILE if kind == "character" else STRING
        lines = [user_knob(what, name, label, help)]
        return lines + (["{} {}".format(name, quoted(default))] if default else [])
    low, high = param.get("minimum"), param.get("maximum")
    span = (low, high) if low is not None and high is not None else None
    what = INT if kind == "int" else DOUBLE
    return [user_knob(what, name, label, help, span=span), "{} {:.10g}".format(name, default)]


def _running(spec):
    lines = [
        user_knob(TEXT, "run_divider", "Render"),
        user_knob(
            ENUMERATION, "range", "frames",
            "What Render Range makes: the source's frames, the project's, or those given.", RANGES,
        ),
        user_knob(STRING, "frames", "", "Such as 1001-1010x2,1020", flags=("-STARTLINE",)),
        _button("render_frame", "Render Frame", "render_frame", "Make the current frame.", True),
        _button("render_range", "Render Range", "render_range", "Make all frames, as a new take."),
        _button("cancel", "Cancel", "cancel", "Stop the job; frames that are done stay."),
        _button("details", "Details...", "details", "What happened, for a bug report."),
        user_knob(INT, "take", "take", "Which take is shown. 0: none yet. Nothing is overwritten."),
        _button("takes", "Takes...", "choose_take", "Choose among the takes that are on disk."),
        user_knob(ENUMERATION, "show", "show", "Compare with the source.", ("result", "source")),
        user_knob(
            ENUMERATION, "missing", "missing frames",
            "What is seen on a frame that was not made.", MISSING,
        ),
    ]  # fmt: skip
    if spec["output"]["size"] == "scale":
        help = "Bring the result back to the source's size."
        lines.append(user_knob(BOOL, "fit_source", "fit to source", help, flags=("+STARTLINE",)))
    lines.append(user_knob(STRING, "status", "status", flags=("+DISABLED",)))
    lines.append("status " + quoted("not rendered"))
    if any(param["kind"] == "character" for param in spec["params"]):
        help = (
            "How far the character is from its references on each frame, CIEDE2000 of the region\n"
            "that is farthest: a key for every frame that can be told. See it in the Curve Editor."
        )
        lines.append(user_knob(DOUBLE, "drift", "drift", help, span=(0, 12)))
        lines.append("drift 0")
    if spec.get("rated"):
        help = (
            "How far each frame of the take can be trusted, 0 to 1: a key for every frame that\n"
            "was measured. See it in the Curve Editor."
        )
        lines.append(user_knob(DOUBLE, "confidence", "confidence", help, span=(0, 1)))
        lines.append("confidence 0")
        help = "The confidence of all frames, and the worst of them beside the plate, as a picture."
        lines.append(_button("report", "Report...", "report", help))
    return lines


def _output(spec):
    return [
        user_knob(TAB, "output_tab", "Output"),
        user_knob(
            STRING, "colorspace", "colour space",
            "Colour space of the pixels at the source pipe, as the OCIO config names it.\n"
            "Empty: the project's working space.",
        ),
        user_knob(ENUMERATION, "depth", "exported as", "Pixel type of the frames sent.", DEPTHS),
        user_knob(
            BOOL, "all_layers", "send all layers",
            "Send the other layers as well; they come back in the result's files.",
            flags=("+STARTLINE",),
        ),
        user_knob(
            FILE, "folder", "folder",
            "Where takes are kept. Empty: a folder named backlot beside the script.",
        ),
        user_knob(STRING, "model", "made with", flags=("+DISABLED",)),
    ]  # fmt: skip


def _state(spec):
    """What belongs to a result; the inside of the gizmo is wired to it."""
    hidden = (
        (STRING, "backlot_tool", spec["name"]),
        (STRING, "backlot_version", VERSION),
        (STRING, "backlot_id", ""),
        (STRING, "backlot_owner", ""),
        (FILE, "result_file", NO_RESULT),
        (INT, "result_first", "1"),
        (INT, "result_last", "1"),
        (INT, "has_result", "0"),
        (STRING, "made_of", ""),
    )
    lines = []
    for kind, name, value in hidden:
        lines.append(user_knob(kind, name, flags=HIDDEN))
        if value:
            lines.append("{} {}".format(name, quoted(value)))
    return lines


# ---- the tree -------------------------------------------------------------------------------


def _result(tree, spec):
    """Pipes, the Read of the result, and what stands in for a frame that is not there."""
    main = spec["inputs"][0]["name"]
    for number, pipe in enumerate(spec["inputs"]):
        knobs = {"number": number} if number else {}
        tree.add("Input", pipe["name"], **knobs)
    tree.add(
        "Read", "Result",
        file=quoted("[value parent.result_file]"),
        file_type="exr",
        first=expression("parent.result_first"),
        last=expression("parent.result_last"),
        origfirst=expression("parent.result_first"),
        origlast=expression("parent.result_last"),
        raw="true",
        on_error="error",
    )  # fmt: skip
    tree.add("CheckerBoard2", "Checker")
    _fit(tree, "CheckerFit", "Checker", main)
    # A Read holds its last frame beyond its range: it is another one that is in error there.
    tree.add("Read", "NoFrame", file=NO_FRAME, file_type="exr", raw="true", on_error="error")
    tree.add(
        "Switch", "Missing", ("NoFrame", main, "CheckerFit"), which=expression("parent.missing")
    )
    tree.add("Switch", "Have", ("Missing", "Result"), which=expression("parent.has_result"))


def _fit(tree, name, given, to):
    tree.add(
        "Reformat", name, (given,),
        type=quoted("to box"),
        box_width=expression(to + ".width"),
        box_height=expression(to + ".height"),
        box_fixed="true",
        resize="distort",
    )  # fmt: skip


def _finish(tree, spec, last):
    main = spec["inputs"][0]["name"]
    tree.add("Switch", "Show", (last, main), which=expression("parent.show"))
    tree.add("Output", "Output1", ("Show",))


def _matte_tree(spec):
    """Nothing outside the matte comes from the result.

    The result has the matte's soft edge in it already, so the Keymix works with all that the
    matte touches, grown by as much as the tool may reach beyond it, and one pixel of rounding.
    """
    tree = Tree()
    _result(tree, spec)
    matte = spec["output"]["matte"]
    reach = ["max(0,parent.{})".format(knob_name(name)) for name in spec["output"]["grow_params"]]
    tree.add("Copy", "MatteIn", (matte, matte), from0="rgba.alpha", to0="rgba.alpha")
    tree.add("Expression", "Touched", ("MatteIn",), expr3="a>0")
    grown = "Touched"
    if reach:
        size = expression("ceil({})+1".format("+".join(reach)))
        tree.add("Dilate", "Reach", ("Touched",), channels="alpha", size=size)
        grown = "Reach"
    main = spec["inputs"][0]["name"]
    tree.add("Keymix", "Mix", (main, "Have", grown), channels="rgba", bbox=quoted("B side"))
    _finish(tree, spec, "Mix")
    return tree


def _size_tree(spec):
    tree = Tree()
    _result(tree, spec)
    main = spec["inputs"][0]["name"]
    tree.add("Remove", "Picked", (main,), operation="keep", channels="rgba")
    last = "Have"
    if spec["output"]["size"] == "scale":
        _fit(tree, "Fit", "Have", main)
        tree.add("Switch", "FitTo", ("Have", "Fit"), which=expression("parent.fit_source"))
        last = "FitTo"
    _finish(tree, spec, last)
    return tree
