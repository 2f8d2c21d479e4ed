"""`import nuke`: only names of the contract, bound to one simulated Nuke."""

import types

from . import knobs
from .nodes import Gizmo, Group, Node, Root
from .objects import CancelledError, FrameRange, FrameRanges, ProgressTask, Undo


class Nodes(object):
    """nuke.nodes.CLASS(knob=value, inputs=[...]): neither connected nor shown by itself."""

    def __init__(self, host):
        self._host = host

    def __getattr__(self, kind):
        def construct(**given):
            host = self._host
            host._edit("nuke.nodes." + kind)
            node = host._create(kind, host._groups[-1])
            for number, each in enumerate(given.pop("inputs", [])):
                node.setInput(number, each)
            for name, value in given.items():
                node[name].setValue(value)
            host._call("OnCreate", node)
            return node

        return construct


class Module(types.ModuleType):
    """A module that says no to what no listing has."""

    def __getattr__(self, name):
        raise AttributeError("module 'nuke' has no attribute '{}'".format(name))


def make_module(host, contract):
    module = Module("nuke")
    offered = dict(_functions(host))
    offered.update(_constants(host))
    progress = type("ProgressTask", (ProgressTask,), {"_host": host})
    offered.update(
        {
            "Node": Node, "Group": Group, "Gizmo": Gizmo, "Root": Root, "FrameRange": FrameRange,
            "FrameRanges": FrameRanges, "ProgressTask": progress, "Undo": Undo,
            "CancelledError": CancelledError,
        }
    )  # fmt: skip
    for name in dir(knobs):
        if name.endswith("_Knob"):
            offered[name] = getattr(knobs, name)
    for name, value in offered.items():
        if not contract.has(name):
            raise AssertionError("the simulator invents nuke." + name)
        setattr(module, name, value)
    return module


def make_scripts(host):
    """nukescripts: a dialog that the test answers by host.choose, and panels by name."""
    host.panels, host.choose, host.shown = {}, None, []

    class PythonPanel:
        def __init__(self, title="", id=""):
            self._knobs = []

        def addKnob(self, knob):
            self._knobs.append(knob)

        def showModalDialog(self, defaultKnobText=""):
            host.shown.append([knob.values() for knob in self._knobs])
            if host.choose is None:
                return False
            self._knobs[0].setValue(host.choose)
            return True

    def register(widget, name, id, create=False):
        host.panels[id] = (widget, name)

    scripts = Module("nukescripts")
    scripts.PythonPanel = PythonPanel
    scripts.panels = Module("nukescripts.panels")
    scripts.panels.registerWidgetAsPanel = register
    return scripts


def _constants(host):
    major, minor, release = host.version
    return {
        "GUI": host.gui, "INTERACTIVE": host.gui, "env": host._env, "nodes": Nodes(host),
        "NUKE_VERSION_MAJOR": major, "NUKE_VERSION_MINOR": minor, "NUKE_VERSION_RELEASE": release,
        "NUKE_VERSION_STRING": "{}.{}v{}".format(major, minor, release), "rawArgs": ["nuke"],
        "EXE_PATH": "/usr/local/Nuke/Nuke", "INVISIBLE": knobs.INVISIBLE,
        "DISABLED": knobs.DISABLED, "DO_NOT_WRITE": knobs.DO_NOT_WRITE,
        "STARTLINE": knobs.STARTLINE,
    }  # fmt: skip


def _functions(host):
    yield "createNode", lambda node, args="", inpanel=True: _create_node(host, node, args)
    yield "toNode", lambda s: host._groups[-1].node(s)
    yield (
        "allNodes",
        lambda filter=None, group=None, recurseGroups=False: _all(
            host, filter, group, recurseGroups
        ),
    )
    yield (
        "selectedNodes",
        lambda filter=None: [n for n in host._groups[-1].nodes() if n["selected"].value()],
    )
    yield "delete", host._delete
    yield "exists", lambda s: host._groups[-1].node(s) is not None
    yield "root", lambda: host._root
    yield "thisNode", lambda: host._this[-1][0]
    yield "thisKnob", lambda: host._this[-1][1]
    yield "thisGroup", lambda: host._groups[-1]
    yield "frame", lambda f=None: _frame(host, f)
    yield "views", lambda: list(host.views)
    yield "execute", _execute(host)
    yield "executing", lambda: bool(host._busy)
    yield (
        "executeInMainThread",
        lambda call, args=(), kwargs=None: host._from_thread(call, args, kwargs),
    )
    yield (
        "executeInMainThreadWithResult",
        lambda call, args=(), kwargs=None: host._from_thread(call, args, kwargs, True),
    )
    yield "message", lambda prompt: host.messages.append(prompt)
    yield "tprint", lambda value, **_: host.log.append(value)
    yield "ask", lambda prompt: True
    yield "scriptName", lambda: host._root["name"].value()
    yield "scriptSave", lambda filename=None: host.save(filename or host._root["name"].value())
    yield "scriptOpen", lambda filename: host.open(filename)
    yield "nodeCopy", lambda s: _copy(host, s)
    yield "nodePaste", lambda s: _paste(host, s)
    yield "pluginPath", lambda: list(host.paths)
    yield "pluginAddPath", lambda args, addToSysPath=True: host.paths.insert(0, args)
    yield "menu", lambda name: host.menus.setdefault(name, Menu(host, name))
    yield "toolbar", lambda name, create=True: host.menus.setdefault(name, Menu(host, name))
    host.menus = {}
    for event, calls in host._callbacks.items():
        yield "add" + event, _adder(calls, event)
        yield "remove" + event, _remover(calls)


class Menu(object):
    def __init__(self, host, name):
        self._host, self._name = host, name

    def addCommand(self, name, command=None, shortcut=None, icon=None, tooltip=None):
        self._host.menus[self._name + "/" + name] = command

    def addMenu(self, name, icon=None):
        return self._host.module.menu(self._name + "/" + name)


def _execute(host):
    def execute(nameOrNode, start=None, end=None, incr=1, views=None, continueOnError=False):
        first = host._frame if start is None else start
        host._execute(nameOrNode, first, end, incr, views)

    return execute


def _create_node(host, kind, args):
    host._edit("createNode")
    node = host._create(kind, host._groups[-1])
    if args:
        node._take(args)
    host._call("OnCreate", node)
    host._call("OnUserCreate", node)
    return node


def _all(host, kind, group, deep):
    found = []
    for node in (group or host._groups[-1]).nodes():
        if kind in (None, "", node._kind):
            found.append(node)
        if deep and isinstance(node, Group):
            found += _all(host, kind, node, True)
    return found


def _frame(host, number):
    if number is not None:
        host._frame = number
    return host._frame


def _copy(host, path):
    chosen = [n for n in host._groups[-1].nodes() if n["selected"].value()]
    with open(path, "w", encoding="utf-8") as file:
        file.write(host.copy(chosen))


def _paste(host, path):
    with open(path, encoding="utf-8") as file:
        return host.paste(file.read())[-1]


def _adder(calls, event):
    usual = "Write" if "Render" in event else "Root" if "Script" in event else "*"

    def add(call, args=(), kwargs=None, nodeClass=usual, node=None):
        calls.append((call, args, kwargs or {}, nodeClass))

    return add


def _remover(calls):
    def remove(call, args=(), kwargs=None, nodeClass="*", node=None):
        calls[:] = [each for each in calls if each[0] is not call]

    return remove
