"""The text of .nk and .gizmo files, as far as we write it.

The grammar is TCL's list syntax with a stack of nodes; nuke.md of the published facts and public
gizmos say which words are used how. No other module of ours makes such text.
"""

import re

STRING, FILE, INT, ENUMERATION, BOOL, DOUBLE = 1, 2, 3, 4, 6, 7
TAB, BUTTON, TEXT, LINK = 20, 22, 26, 41

_PLAIN = re.compile(r"[\w.+\-/:%#]+\Z")


def quoted(text):
    """One word of the file, whatever it holds."""
    if _PLAIN.match(text):
        return text
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("[", "\\["), ("$", "\\$")):
        text = text.replace(plain, escaped)
    text = text.replace("{", "\\{").replace("}", "\\}").replace("\n", "\\n")
    return '"{}"'.format(text)


def expression(text):
    """The value of a number knob that is wired to an expression."""
    return "{{" + text + "}}"


def user_knob(kind, name, label="", help="", menu=(), span=None, command="", flags=(), group=0):
    """One addUserKnob line. menu: items. span: (lowest, highest). group: 1 opens, -1 closes."""
    words = [str(kind), quoted(name)]
    if label:
        words += ["l", quoted(label)]
    if help:
        words += ["t", quoted(help)]
    words += list(flags)
    if command or kind == TEXT:
        words += ["T", quoted(command)]
    if menu:
        words += ["M", "{" + " ".join(quoted(item) for item in menu) + "}"]
    if span:
        words += ["R", "{:.10g}".format(span[0]), "{:.10g}".format(span[1])]
    if group:
        words += ["n", str(group)]
    return "addUserKnob {" + " ".join(words) + "}"


class Tree:
    """Nodes inside a group. Each is named, and takes its inputs by name."""

    def __init__(self):
        self.lines = []
        self._places = {}

    def add(self, kind, name, inputs=(), **knobs):
        """A node. inputs: names of nodes that were added before. Knob values are words as they are.

        What an input stands for is pushed last to first: the top of the stack is input 0.
        """
        for given in reversed(inputs):
            self.lines.append("push $N" + given)
        self.lines.append("{} {{".format(kind))
        if len(inputs) != 1:
            self.lines.append(" inputs {}".format(len(inputs)))
        self.lines += [" {} {}".format(knob, value) for knob, value in knobs.items()]
        column, row = len(self._places) % 4, len(self._places) // 4
        self.lines.append(" name {}".format(name))
        self.lines.append(" xpos {}\n ypos {}".format(column * 110, row * 80))
        self.lines.append("}")
        if kind != "Output":
            self.lines.append("set N{} [stack 0]".format(name))
        self._places[name] = kind


def gizmo(inputs, knobs, tree, version="13.0 v1"):
    """A whole .gizmo file. knobs: lines of the panel."""
    head = ["#! nuke -nx", "version {}".format(version), "Gizmo {", " inputs {}".format(inputs)]
    body = [" " + line for line in knobs] + ["}"]
    inside = [" " + line.replace("\n", "\n ") for line in tree.lines]
    return "\n".join(head + body + inside + ["end_group", ""])
