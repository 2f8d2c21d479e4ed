"""Knobs, with the methods that the contract lists and no others in public."""

from . import words
from .expressions import curve, curve_at, evaluate, substitute

INVISIBLE, DISABLED, DO_NOT_WRITE, ENDLINE, STARTLINE = 1024, 128, 512, 8192, 4096
_FLAGS = {"INVISIBLE": INVISIBLE, "DISABLED": DISABLED, "STARTLINE": STARTLINE}


class Knob(object):
    """A knob without a value: tabs and text."""

    def __init__(self, name="", label=None):
        self._name = name
        self._label = label
        self._tooltip = ""
        self._flags = 0
        self._node = None
        self._user = None
        self._default = self._text()

    # ---- what scripts call

    def name(self):
        return self._name

    def label(self):
        return self._label or ""

    def Class(self):
        return type(self).__name__

    def node(self):
        return self._node

    def tooltip(self):
        return self._tooltip

    def setTooltip(self, tooltip):
        self._tooltip = tooltip

    def setFlag(self, flag):
        self._flags |= flag

    def clearFlag(self, flag):
        self._flags &= ~flag

    def getFlag(self, flag):
        return bool(self._flags & flag)

    def setEnabled(self, enabled):
        (self.clearFlag if enabled else self.setFlag)(DISABLED)

    def setVisible(self, visible):
        (self.clearFlag if visible else self.setFlag)(INVISIBLE)

    def enabled(self):
        return not self._flags & DISABLED

    def visible(self):
        return not self._flags & INVISIBLE

    def toScript(self, quote=True):
        return words.quote(self._text()) if quote else self._text()

    def fromScript(self, script):
        self._edit()
        self._read(words.Word(script, "braced"))
        self._told()

    def value(self):
        return None

    def getValue(self):
        return self.value()

    def setValue(self, val, chan=None):
        raise TypeError("{} has no value".format(self._name))

    def isAnimated(self, channel=-1):
        return False

    def hasExpression(self, index=-1):
        return False

    # ---- what the simulator needs

    def _text(self):
        return ""

    def _read(self, word):
        """Take over a word of a script."""

    def _edit(self):
        if self._node is not None:
            self._node._host._edit("setting {}.{}".format(self._node.name(), self._name))

    def _told(self):
        if self._node is not None:
            self._node._host._knob_changed(self._node, self)

    def _frame(self):
        return self._node._host._frame if self._node is not None else 1

    def _number(self, frame):
        raise KeyError(self._name)

    def _flag_words(self, flags):
        for flag in flags:
            value = _FLAGS[flag[1:]]
            (self.setFlag if flag[0] == "+" else self.clearFlag)(value)


class Tab_Knob(Knob):
    pass


class Text_Knob(Knob):
    pass


class String_Knob(Knob):
    def __init__(self, name="", label=None, value=""):
        self._value = value
        Knob.__init__(self, name, label)

    def value(self):
        return self._value

    def setValue(self, val, chan=None):
        if not isinstance(val, str):
            raise TypeError("setValue needs a string")
        self._edit()
        self._value = val
        self._told()

    def _text(self):
        return self._value

    def _read(self, word):
        self._value = str(word)

    def _evaluated(self, frame):
        return substitute(self._value, lambda name: self._node._text_of(name, frame))


class EvalString_Knob(String_Knob):
    def evaluate(self):
        return self._evaluated(self._frame())


class File_Knob(EvalString_Knob):
    def getEvaluatedValue(self):
        return self._evaluated(self._frame())


class PyScript_Knob(String_Knob):
    def execute(self):
        self._node._host._press(self)

    def setCommand(self, cmd):
        self._value = cmd


class Channel_Knob(String_Knob):
    pass


class ChannelMask_Knob(Channel_Knob):
    pass


class Array_Knob(Knob):
    """items: a number, ("expression", text) or ("curve", keys), for each channel."""

    def __init__(self, name="", label=None, value=0.0):
        value = value if isinstance(value, (list, tuple)) else [value]
        self._items = [float(each) for each in value]
        Knob.__init__(self, name, label)

    def value(self, index=0):
        return self.getValueAt(self._frame(), index)

    def getValue(self, channel=0):
        return self.getValueAt(self._frame(), channel)

    def getValueAt(self, frame, index=0):
        return self._plain(self._number(frame, index))

    def setValue(self, val, chan=None):
        self._edit()
        values = val if isinstance(val, (list, tuple)) else [val] * len(self._items)
        for number, each in enumerate(values):
            if chan in (None, number):
                self._items[number] = float(each)
        self._told()
        return True

    def setValueAt(self, val, time, index=0):
        self._edit()
        keys = self._items[index][1] if self.isAnimated() else []
        keys = [key for key in keys if key[0] != time]
        self._items[index] = ("curve", sorted([*keys, (float(time), float(val), "")]))
        self._told()
        return True

    def setAnimated(self, channel=0):
        if not self.isAnimated():
            self._items[0] = ("curve", [(float(self._frame()), self._number(self._frame()), "")])
        return True

    def clearAnimated(self, channel=0):
        self._edit()
        self._items = [self._number(self._frame(), n) for n in range(len(self._items))]
        return True

    def setExpression(self, expression, index=0):
        self._edit()
        self._items[max(0, index)] = ("expression", expression)
        return True

    def isAnimated(self, channel=-1):
        return any(isinstance(item, tuple) for item in self._items)

    def hasExpression(self, index=-1):
        return any(isinstance(item, tuple) and item[0] == "expression" for item in self._items)

    def _plain(self, number):
        return number

    def _number(self, frame, index=0):
        item = self._items[index]
        if isinstance(item, tuple):
            if item[0] == "curve":
                return curve_at(item[1], frame)
            return evaluate(item[1], lambda name: self._node._number_of(name, frame))
        return item

    def _text(self):
        return " ".join(map(_item_text, self._items))

    def _read(self, word):
        parts = words.split(word) if word.kind == "braced" else [word]
        for number, part in enumerate(parts):
            item = self._item(part)
            if number < len(self._items):
                self._items[number] = item
            else:
                self._items.append(item)

    def _item(self, part):
        if part.kind != "braced":
            return float({"true": 1, "false": 0}.get(part, part))
        inside = words.split(part) if part.startswith(("curve", '"')) else [part]
        if inside[0] == "curve":
            return ("curve", curve(inside[1:]))
        return ("expression", str(inside[0]))


def _item_text(item):
    if not isinstance(item, tuple):
        return "{:.9g}".format(item)
    if item[0] == "expression":
        return "{" + item[1] + "}"
    keys = []
    kind = ""
    for frame, value, interpolation in item[1]:
        if interpolation != kind:
            keys.append(interpolation)
            kind = interpolation
        keys.append("x{:g} {:.9g}".format(frame, value))
    return "{curve " + " ".join(keys) + "}"


class Double_Knob(Array_Knob):
    def setRange(self, f1, f2):
        self._span = (f1, f2)


class Int_Knob(Array_Knob):
    def _plain(self, number):
        return int(number)


class Boolean_Knob(Array_Knob):
    def _plain(self, number):
        return bool(number)

    def _text(self):
        item = self._items[0]
        return _item_text(item) if isinstance(item, tuple) else ("true" if item else "false")


class Enumeration_Knob(Array_Knob):
    def __init__(self, name="", label=None, values=()):
        self._menu = list(values)
        Array_Knob.__init__(self, name, label, 0.0)

    def values(self):
        return list(self._menu)

    def setValues(self, items):
        self._menu = list(items)

    def value(self, index=0):
        return self._menu[int(self._number(self._frame()))]

    def getValueAt(self, frame, index=0):
        return self._number(frame)

    def setValue(self, val, chan=None):
        if isinstance(val, str):
            if val not in self._menu:
                raise TypeError("Value was not a valid enumeration value")
            val = self._menu.index(val)
        Array_Knob.setValue(self, val)

    def _text(self):
        item = self._items[0]
        return _item_text(item) if isinstance(item, tuple) else (self._menu or [""])[int(item)]

    def _read(self, word):
        if word in self._menu:
            self._items = [float(self._menu.index(word))]
            return
        if word.kind != "braced":
            raise words.GrammarError("{} has no item {}".format(self._name, word))
        Array_Knob._read(self, word)


class Link_Knob(Knob):
    """Shows the knob of a node inside; reads and writes go there."""

    def __init__(self, name="", label=None, target=""):
        self._target = target
        Knob.__init__(self, name, label)
        self._default = None

    def makeLink(self, s, t):
        self._target = "{}.{}".format(s, t)

    def value(self):
        return self._linked().value()

    def setValue(self, val, chan=None):
        self._linked().setValue(val)

    def _linked(self):
        node, knob = self._target.split(".")
        inside = self._node.node(node)
        if inside is None or inside.knob(knob) is None:
            raise words.GrammarError("{} links to {}".format(self._name, self._target))
        return inside.knob(knob)

    def _text(self):
        return self._linked()._text() if self._node is not None else ""

    def _read(self, word):
        self._linked()._read(word)
