"""The module `nuke` of the simulator: thread rules, callbacks, scripts, execution.

`Nuke(...)` is one running Nuke; `nuke.module` is what a plugin imports. Python 3.7 syntax: the
pixels (pixels.py) alone need more.
"""

import os
import queue
import re
import sys
import threading
import traceback

from . import knobs, words
from .classes import CLASSES
from .contract import Contract
from .nodes import Gizmo, Group, Node, Root
from .objects import CancelledError, FrameRange

BUSY = "I'm already executing something else"
_CALLBACKS = (
    "OnCreate", "OnUserCreate", "OnDestroy", "KnobChanged", "OnScriptLoad", "OnScriptSave",
    "OnScriptClose", "BeforeRender", "AfterRender", "BeforeFrameRender", "AfterFrameRender",
    "UpdateUI", "Autolabel",
)  # fmt: skip


class Nuke(object):
    """One Nuke. paths: NUKE_PATH. evaluate(node, frame, view) and size(node, frame): the pixels."""

    def __init__(self, paths=(), gui=True, version=(14, 0, 1), env=None):
        self.gui, self.version = gui, version
        self.paths = [str(path) for path in paths]
        self.messages, self.progress, self.log, self.executed = [], [], [], []
        self.cancel_progress = False
        self.pixels = None
        self._main = threading.get_ident()
        self._pending = queue.Queue()
        self._callbacks = {name: [] for name in _CALLBACKS}
        self._this, self._busy, self._frame = [], 0, 1
        self._FrameRange = FrameRange
        self._env = dict({"gui": gui, "nc": False, "indie": False}, **(env or {}))
        self.views = ["main"]
        self._new_script()
        self.module = self._make_module()

    # ---- the person at the keyboard

    def start(self):
        """Run init.py of every path, added ones too, and menu.py where there is a window."""
        for name in ("init.py", "menu.py") if self.gui else ("init.py",):
            done = []
            while len(done) < len(self.paths):
                path = next(path for path in self.paths if path not in done)
                done.append(path)
                self._run_file(os.path.join(path, name))

    def pump(self, seconds=0.0):
        """The event loop: what threads asked for runs now, on this thread."""
        ran = 0
        while True:
            try:
                call, args, kwargs, done = self._pending.get(timeout=seconds)
            except queue.Empty:
                return ran
            seconds = 0.0
            self._run_pending(call, args, kwargs, done)
            ran += 1

    def press(self, node, knob):
        """A button of a node."""
        node[knob].execute()

    def change(self, node, knob, value):
        """The artist sets a knob in the panel."""
        node[knob].setValue(value)

    def look(self, node):
        """The window shows this node: Nuke calls updateUI. (Nuke calls it for every change.)"""
        self._call("UpdateUI", node)

    def show(self, node, frame=None, view=None):
        """The viewer: the image of a node. Raises what Nuke shows in red."""
        return self.pixels.image(node, self._frame if frame is None else frame, view or "main")

    # ---- scripts

    def open(self, path):
        self._new_script()
        with open(str(path), encoding="utf-8") as file:
            self._load(file.read(), self._root)
        self._root["name"]._value = str(path)
        self._call("OnScriptLoad", self._root)

    def text(self):
        """The script as it would be saved."""
        root = "\n ".join(self._root._body())
        return "version {}.{} v{}\nRoot {{\n {}\n}}\n".format(*self.version, root) + self._dump(
            self._root.nodes()
        )

    def save(self, path):
        self._root["name"]._value = str(path)
        with open(str(path), "w", encoding="utf-8") as file:
            file.write(self.text())

    def copy(self, nodes):
        return "set cut_paste_input [stack 0]\nversion 14.0 v1\n" + self._dump(nodes)

    def paste(self, text):
        return self._load(text, self._groups[-1], paste=True)

    # ---- inside

    def _new_script(self):
        self._root = Root(self, "Root", None)
        self._root["name"]._value = "Root"
        self._groups = [self._root]
        self._clipboard = ""

    def _edit(self, what):
        """Nothing of the graph may be touched off the main thread."""
        if threading.get_ident() != self._main:
            raise RuntimeError("{} off the main thread".format(what))

    def _run_file(self, path):
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                code = compile(file.read(), path, "exec")
            self._this.append((None, None))
            try:
                exec(code, {"__file__": path, "__name__": "init", "nuke": self.module})
            finally:
                self._this.pop()

    def _run_pending(self, call, args, kwargs, done):
        result = None
        try:
            result = call(*args, **(kwargs or {}))
        except Exception:
            self.log.append(traceback.format_exc())
        if done is not None:
            done.put(result)

    def _from_thread(self, call, args=(), kwargs=None, wait=False):
        if threading.get_ident() == self._main:
            raise RuntimeError("executeInMainThread was called from the main thread")
        args = args if isinstance(args, tuple) else (args,)
        done = queue.Queue() if wait else None
        self._pending.put((call, args, kwargs, done))
        return done.get() if wait else None

    def _call(self, event, node, knob=None):
        self._this.append((node, knob))
        self._busy += 1
        try:
            for call, args, kwargs, kind in list(self._callbacks[event]):
                if kind in ("*", node._kind):
                    call(*args, **kwargs)
        finally:
            self._busy -= 1
            self._this.pop()

    def _knob_changed(self, node, knob):
        if self._busy < 8 and node._parent is not None:
            self._call("KnobChanged", node, knob)

    def _press(self, knob):
        """A button's script runs with nuke.thisNode(); nuke.execute is allowed in it."""
        self._edit("pressing " + knob._name)
        if knob._name == "reload":
            return
        self._this.append((knob._node, knob))
        try:
            exec(compile(knob._value, knob._name, "exec"), {"nuke": self.module})
        finally:
            self._this.pop()

    def _create(self, kind, parent):
        if kind in CLASSES:
            node = (Group if kind == "Group" else Node)(self, kind, parent)
        else:
            node = self._create_gizmo(kind, parent)
        node._knobs["name"]._value = parent._free_name(kind.rstrip("2") + "1", node)
        parent._children.append(node)
        return node

    def _create_gizmo(self, kind, parent):
        for path in self.paths:
            file = os.path.join(path, kind + ".gizmo")
            if os.path.exists(file):
                with open(file, encoding="utf-8") as opened:
                    text = opened.read()
                node = Gizmo(self, kind, parent)
                node._file = file
                self._fill(node, text)
                return node
        raise RuntimeError("{}: Unknown command".format(kind))

    def _fill(self, node, text):
        """A gizmo's definition; its knobs' values become the defaults."""
        head, body = None, []
        for command in words.commands(text):
            if head is None and command[0] == "Gizmo":
                head = command[1]
            elif command[0] not in ("version", "end_group") or head is not None:
                body.append(command)
        if head is None:
            raise words.GrammarError("no Gizmo in the file")
        children = [c for c in body if c[0] != "version"]
        if [str(word) for word in children[-1]] != ["end_group"]:
            raise words.GrammarError("a gizmo must end with end_group")
        # Knobs that link inside need the inside first; values may name those knobs.
        self._build(children[:-1], node, check=False)
        node._most = sum(n._kind == "Input" for n in node._children)
        count = node._take(head)
        if count is not None and count != node._most:
            raise words.GrammarError("inputs {}, but {} Inputs".format(count, node._most))
        for knob in node._knobs.values():
            knob._default = knob._text()
            knob._user = knob._user and ""

    def _load(self, text, parent, paste=False):
        return self._build(list(words.commands(text)), parent, paste)

    def _build(self, given, parent, paste=False, check=True):
        """Commands of a script, with Nuke's stack: its top is input 0."""
        stack, names, made, groups = [None], {}, [], []
        for command in given:
            head = str(command[0])
            if head == "push":
                stack.append(_pushed(str(command[1]), names))
            elif head == "set":
                names[str(command[1])] = stack[-1]
            elif head == "end_group":
                if not groups:
                    raise words.GrammarError("end_group closes nothing")
                parent, stack, names = groups.pop()
            elif head == "Root":
                self._root._take(command[1])
            elif head not in ("version", "define_window_layout_xml", "add_layer"):
                if len(command) != 2 or command[1].kind != "braced":
                    raise words.GrammarError("{} is no node".format(head))
                node = self._read_node(head, command[1], parent, stack, made)
                if head == "Group":
                    groups.append((parent, stack, names))
                    parent, stack, names = node, [None], {}
        if groups:
            raise words.GrammarError("a group is never closed")
        if check or not paste:
            self._check_links(made)
        for node in made:
            self._call("OnCreate", node)
        return made

    def _read_node(self, kind, body, parent, stack, made):
        node = self._create(kind, parent)
        count = node._take(body)
        node._knobs["name"]._value = parent._free_name(node.name(), node)
        wanted = (0 if node._most == 0 else 1) if count is None else count
        if kind in ("Input",):
            wanted = 0
        if wanted > node._most and kind != "Group":
            raise words.GrammarError("{} takes {} inputs".format(kind, node._most))
        for number in range(wanted):
            if not stack:
                raise words.GrammarError("the stack is empty before " + kind)
            given = stack.pop() if len(stack) > 1 or stack[0] is not None else stack[0]
            node._inputs += [None] * (number + 1 - len(node._inputs))
            node._inputs[number] = given
        stack.append(node)
        made.append(node)
        return node

    def _check_links(self, made):
        for node in made:
            for knob in node._knobs.values():
                if isinstance(knob, knobs.Link_Knob):
                    knob._linked()

    def _dump(self, nodes):
        """Nodes after what they depend on."""
        lines, done = [], []
        for node in nodes:
            self._dump_node(node, nodes, done, lines)
        return "\n".join(lines) + "\n"

    def _dump_node(self, node, nodes, done, lines):
        if node in done:
            return
        done.append(node)
        for given in node._inputs:
            if given in nodes:
                self._dump_node(given, nodes, done, lines)
        for given in reversed(node._inputs):
            lines.append("push $N" + given.name() if given in nodes else "push 0")
        count = [] if len(node._inputs) == 1 else ["inputs {}".format(len(node._inputs))]
        body = "\n ".join(count + node._body())
        lines.append("{} {{\n {}\n}}".format(node._kind, body))
        if node._kind == "Group":
            lines += [self._dump(node._children).rstrip("\n"), "end_group"]
        lines.append("set N{} [stack 0]".format(node.name()))

    def _bake(self, gizmo):
        """A Group with all that the gizmo holds, beside it."""
        with open(gizmo._file, encoding="utf-8") as file:
            text = file.read()
        group = self._create("Group", gizmo._parent)
        twin = Gizmo(self, gizmo._kind, gizmo._parent)
        self._fill(twin, text)
        group._children = twin._children
        for child in group._children:
            child._parent = group
        for name, knob in twin._knobs.items():
            if name not in group._knobs:
                group._own(knob)
        for command in words.commands(text):
            if command[0] == "Gizmo":
                defined = words.split(command[1])
                for word, value in zip(defined[::2], defined[1::2]):
                    if word == "addUserKnob":
                        group._knobs[str(words.split(value)[1])]._user = str(value)
        for line in gizmo._body():
            name, value = words.split(line)
            if name != "name":
                group._knobs[name]._read(value)
        group._most = gizmo._most
        group._inputs = list(gizmo._inputs)
        for knob in group._knobs.values():
            if knob._user:
                knob._default = None if not isinstance(knob, knobs.Link_Knob) else knob._default
        return group

    def _framed(self, path, frame):
        """%04d and #### replaced by a frame number."""
        path = re.sub(r"#+", lambda m: str(frame).zfill(len(m.group())), path)
        return re.sub(r"%(0?\d*)d", lambda m: m.group() % frame, path)

    def _size(self, node, frame=None):
        frame = self._frame if frame is None else frame
        return self.pixels.size(node, frame)

    def _execute(self, node, first, last=None, incr=1, views=None):
        self._edit("execute")
        if self._busy:
            raise RuntimeError(BUSY)
        if isinstance(node, str):
            node = self._root.node(node)
        last = first if last is None else last
        frame = self._frame
        self._call("BeforeRender", node)
        self._busy += 1
        try:
            for number in range(int(first), int(last) + 1, incr or 1):
                for view in views or self.views:
                    if self.cancel_progress:
                        raise CancelledError("Cancelled")
                    self._frame = number
                    self.executed.append((node.name(), number, view, self._root.proxy()))
                    self.pixels.write(node, number, view)
        finally:
            self._busy -= 1
            self._frame = frame
        self._call("AfterRender", node)

    def _delete(self, node):
        self._edit("delete")
        self._call("OnDestroy", node)
        node._parent._children.remove(node)
        node._gone = True

    def _make_module(self):
        from .module import make_module, make_scripts

        self.scripts = make_scripts(self)
        return make_module(self, Contract())

    def install(self):
        """As `import nuke` finds it. Returns self."""
        sys.modules["nuke"] = self.module
        sys.modules["nukescripts"] = self.scripts
        return self


def _pushed(word, names):
    if word == "0":
        return None
    if word == "$cut_paste_input":
        return None
    if not word.startswith("$") or word[1:] not in names:
        raise words.GrammarError("push {}: not set".format(word))
    return names[word[1:]]
