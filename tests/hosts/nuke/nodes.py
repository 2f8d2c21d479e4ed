"""Nodes and groups, with the methods that the contract lists and no others in public.

Classes and knobs are those that production code is seen to use (behaviours.py); any other is
refused, as Nuke refuses what it does not know.
"""

import hashlib

from . import knobs as k
from . import words
from .classes import CLASSES, COMMON, USER
from .expressions import ExpressionError

_LOOKS = {"xpos", "ypos", "selected", "label", "tile_color", "note_font_size", "name", "hide_input"}


class Info:
    def __init__(self, x, y, w, h):
        self._box = x, y, w, h

    def x(self):
        return self._box[0]

    def y(self):
        return self._box[1]

    def w(self):
        return self._box[2]

    def h(self):
        return self._box[3]


class Node:
    def __init__(self, host, kind, parent):
        self._host, self._kind, self._parent = host, kind, parent
        self._inputs = []
        self._knobs = {}
        self._gone = False
        most, own = CLASSES.get(kind, CLASSES["Group"])
        self._most = most
        for name, knob, default in COMMON + own:
            self._own(knob(name, None, default))

    # ---- what scripts call

    def Class(self):
        return self._alive()._kind

    def name(self):
        return self._alive()._knobs["name"]._value

    def fullName(self):
        above = self._parent
        if above is None or above._kind == "Root":
            return self.name()
        return above.fullName() + "." + self.name()

    def setName(self, name, uncollide=True, updateExpressions=False):
        self._host._edit("setName")
        self._knobs["name"]._value = self._parent._free_name(name, self)

    def knob(self, p, follow_link=None):
        return self._alive()._knobs.get(p)

    def knobs(self):
        return dict(self._knobs)

    def __getitem__(self, name):
        if name not in self._alive()._knobs:
            raise NameError("knob {} does not exist".format(name))
        return self._knobs[name]

    def addKnob(self, k):
        self._host._edit("addKnob")
        k._user = ()
        self._own(k)

    def input(self, i):
        return self._inputs[i] if i < len(self._inputs) else None

    def inputs(self):
        return len(self._inputs)

    def maxInputs(self):
        return self._most

    def setInput(self, i, node):
        self._host._edit("setInput")
        if i >= self._most:
            return False
        self._inputs += [None] * (i + 1 - len(self._inputs))
        self._inputs[i] = node
        return True

    def parent(self):
        return self._parent

    def setXYpos(self, x, y):
        self._knobs["xpos"].setValue(x)
        self._knobs["ypos"].setValue(y)

    def xpos(self):
        return self._knobs["xpos"].value()

    def ypos(self):
        return self._knobs["ypos"].value()

    def setSelected(self, selected):
        self._knobs["selected"].setValue(selected)

    def frameRange(self):
        return self._host._FrameRange(*self._range())

    def firstFrame(self):
        return self._range()[0]

    def lastFrame(self):
        return self._range()[1]

    def width(self):
        return self._host._size(self)[0]

    def height(self):
        return self._host._size(self)[1]

    def bbox(self):
        """Rows count from the bottom."""
        image = self._host.pixels.image(self, self._host._frame, self._host.views[0])
        x, y, w, h = image.window
        return Info(x, image.format[1] - y - h, w, h)

    def sample(self, c, x, y):
        """The pixel around a point; rows count from the bottom."""
        image = self._host.pixels.image(self, self._host._frame, self._host.views[0])
        at = (int(x), image.format[1] - 1 - int(y), 1, 1)
        return float(image.over(at, c)[0, 0])

    def opHashes(self):
        return [self._hash(self._host._frame)]

    def writeKnobs(self, i=0):
        return "\n".join(self._body())

    def redraw(self):
        pass

    def showControlPanel(self, forceFloat=False):
        pass

    # ---- what the simulator needs

    def _own(self, knob):
        knob._node = self
        if not isinstance(knob, k.Link_Knob):
            knob._default = knob._text()
        self._knobs[knob._name] = knob

    def _alive(self):
        if self._gone:
            raise ValueError("A PythonObject is not attached to a node")
        return self

    def _range(self):
        if self._kind == "Read":
            return self["first"].value(), self["last"].value()
        above = self._source()
        if above is not None:
            return above._range()
        root = self._host._root
        return root["first_frame"].value(), root["last_frame"].value()

    def _source(self):
        """The node whose frames and format this one takes over."""
        return self.input(0)

    def _hash(self, frame):
        made = [self._kind]
        for name, knob in self._knobs.items():
            if name in _LOOKS or knob._user is not None or isinstance(knob, k.Link_Knob):
                continue
            if isinstance(knob, k.Array_Knob):
                made.append([knob._number(frame, n) for n in range(len(knob._items))])
            elif isinstance(knob, k.File_Knob):
                made.append(self._host._framed(knob._evaluated(frame), frame))
            else:
                made.append(knob._text())
        made += [each and each._hash(frame) for each in self._inputs]
        return int(hashlib.sha256(repr(made).encode()).hexdigest()[:15], 16)

    def _find(self, path):
        """(node, what is left) of a dotted name, from here: parent, this, root, or a sibling."""
        first, _, rest = path.partition(".")
        if not rest:
            return self, first
        if first == "this":
            found = self
        elif first == "parent":
            found = self._parent
        elif first == "root":
            found = self._host._root
        elif first == "input":
            found = self.input(0)
        else:
            found = self._parent.node(first) if self._parent is not None else None
        if found is None:
            raise ExpressionError("no node {} from {}".format(first, self.fullName()))
        return found._find(rest) if "." in rest else (found, rest)

    def _number_of(self, path, frame):
        if path == "frame":
            return frame
        node, name = self._find(path)
        if name in ("width", "height"):
            return self._host._size(node, frame)[name == "height"]
        if name not in node._knobs:
            raise ExpressionError("no knob {} on {}".format(name, node.name()))
        return node._knobs[name]._number(frame)

    def _text_of(self, path, frame):
        node, name = self._find(path)
        if name not in node._knobs:
            raise ExpressionError("no knob {} on {}".format(name, node.name()))
        knob = node._knobs[name]
        return knob._evaluated(frame) if isinstance(knob, k.EvalString_Knob) else knob._text()

    def _body(self):
        """Lines of knobs that are not at their default."""
        lines = []
        for name, knob in self._knobs.items():
            if knob._flags & k.DO_NOT_WRITE or name in ("name",):
                continue
            if knob._user:
                lines.append("addUserKnob {" + knob._user + "}")
            text = knob._text()
            if text != knob._default and not isinstance(knob, (k.Tab_Knob, k.Text_Knob)):
                if isinstance(knob, k.PyScript_Knob):
                    continue
                braces = isinstance(knob, k.Array_Knob) and ("{" in text or " " in text)
                braces = (braces and not isinstance(knob, k.Enumeration_Knob)) or "{curve" in text
                text = "{" + text + "}" if braces else words.quote(text)
                lines.append("{} {}".format(name, text))
        return [*lines, "name " + self.name()]

    def _take(self, body):
        """Knob values of a script; unknown ones are refused."""
        found = words.split(body, runs=True)
        if len(found) % 2:
            raise words.GrammarError("a knob without a value in " + self._kind)
        count = None
        for name, value in zip(found[::2], found[1::2]):
            if name == "inputs":
                count = int(value)
            elif name == "addUserKnob":
                self._add_user_knob(value)
            elif name not in self._knobs:
                raise words.GrammarError("{} has no knob {}".format(self._kind, name))
            else:
                self._knobs[name]._read(value)
        return count

    def _add_user_knob(self, text):
        parts = words.split(text)
        kind = str(parts[0])
        if kind not in USER:
            raise words.GrammarError("no user knob of type " + kind)
        name, rest = str(parts[1]) if len(parts) > 1 else "", list(parts[2:])
        if name in self._knobs:
            raise words.GrammarError("two knobs are named " + name)
        knob, flags = USER[kind](name), []
        while rest:
            word = rest.pop(0)
            if word[:1] in "+-" and word.kind == "bare":
                flags.append(str(word))
            elif word in ("R",):
                rest = rest[2:]
            elif word in ("l", "t", "T", "M", "n"):
                _option(knob, word, rest.pop(0))
            else:
                raise words.GrammarError("{} in addUserKnob of {}".format(word, name))
        knob._flag_words(flags)
        knob._user = text
        self._own(knob)


def _option(knob, word, value):
    if word == "l":
        knob._label = str(value)
    elif word == "t":
        knob._tooltip = str(value)
    elif word == "M":
        knob._menu = [str(each) for each in words.split(value)]
    elif word == "T" and isinstance(knob, k.Link_Knob):
        knob._target = str(value)
    elif word == "T" and isinstance(knob, k.PyScript_Knob):
        knob._value = str(value)


class Group(Node):
    def __init__(self, host, kind, parent):
        Node.__init__(self, host, kind, parent)
        self._children = []

    def begin(self):
        self._host._groups.append(self)
        return self

    def end(self):
        if self in self._host._groups[1:]:
            self._host._groups.remove(self)

    def __enter__(self):
        return self.begin()

    def __exit__(self, *error):
        self.end()

    def nodes(self):
        return list(self._children)

    def node(self, s):
        found = self
        for part in s.split("."):
            found = next((n for n in found._children if n._knobs["name"]._value == part), None)
            if found is None:
                return None
        return found

    def output(self):
        return next((n for n in self._children if n._kind == "Output"), None)

    def _free_name(self, name, node=None):
        taken = {n._knobs["name"]._value for n in self._children if n is not node}
        base, number = name.rstrip("0123456789"), 1
        while name in taken:
            name = "{}{}".format(base, number)
            number += 1
        return name


class Gizmo(Group):
    def filename(self):
        return self._file

    def command(self):
        return self._kind

    def makeGroup(self):
        self._host._edit("makeGroup")
        return self._host._bake(self)


class Root(Group):
    def proxy(self):
        return self["proxy"].value()

    def setProxy(self, b):
        self["proxy"].setValue(b)

    def setFrame(self, n):
        self._host._frame = n

    def fps(self):
        return self["fps"].value()
