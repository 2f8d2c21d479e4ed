"""Walks the plugin's code and says what the contract does not allow.

Found: names and arity that no listing of Nuke has; methods that are neither Nuke's, nor Python's,
nor the package's own; imports besides the standard library and `nuke`; calls in a context where
Nuke refuses them, followed through the package's own functions.

The walk is by name: a function is every function of that name. It may refuse too much, never too
little, except for calls through variables and getattr, which the simulator's thread rules see.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator
from pathlib import Path

from .contract import Contract, fits

# Foundry and four public projects: "I'm already executing something else" (docs/nuke.md).
EXECUTES = {"execute", "executeMultiple", "render"}
EDITS = {"createNode", "delete", "nodePaste", "scriptOpen", "scriptClear", "nodes"}
NO_EXECUTE = {
    "addKnobChanged", "addUpdateUI", "addAutolabel", "addOnCreate", "addOnUserCreate",
    "addOnDestroy", "addBeforeRender", "addAfterRender", "addBeforeFrameRender",
    "addAfterFrameRender", "addRenderProgress", "addFilenameFilter", "addValidateFilename",
    "addOnScriptLoad", "addOnScriptSave", "addOnScriptClose",
}  # fmt: skip
FROM_THREADS = {"executeInMainThread", "executeInMainThreadWithResult"}
QT = ("panel.py", "library.py", "widgets.py")
"""Their methods are Qt's: they are tried in Qt itself."""
ELSEWHERE = {"nukescripts": {"window.py"}, "PySide2": {"qt.py"}, "PySide6": {"qt.py"}}

_PYTHON = {
    name
    for kind in (str, bytes, list, dict, set, tuple, int, float, type, object, BaseException)
    for name in dir(kind)
}
_LIBRARIES = (
    "argparse", "collections", "datetime", "hashlib", "io", "json", "logging", "math", "os",
    "os.path", "pathlib", "re", "shutil", "subprocess", "sys", "tempfile", "textwrap", "threading",
    "time", "traceback", "types", "uuid", "zipfile", "queue",
)  # fmt: skip


def _library_names() -> set[str]:
    names: set[str] = set(dir(builtins))
    for library in _LIBRARIES:
        module = __import__(library, fromlist=["x"])
        names.update(dir(module))
        for value in vars(module).values():
            if isinstance(value, type):
                names.update(dir(value))
    return names | {"group", "groups", "sub", "match", "search", "finditer", "findall", "span"}


class Module:
    """One file: its functions, what each calls, and what `nuke` is called there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
        self.functions: dict[str, list[ast.AST]] = {}
        self.names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                self.functions.setdefault(node.name, []).append(node)
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.names.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                self.names.add(node.attr)
            elif isinstance(node, ast.ImportFrom | ast.Import):
                self.names.update(a.asname or a.name for a in node.names)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.names.add(node.target.id)


def check(paths: list[Path], own: list[Path], contract: Contract) -> list[str]:
    """Sentences about what is wrong in `paths`. own: modules whose methods they may call too."""
    modules = [Module(path) for path in paths]
    known = _PYTHON | _library_names()
    for module in [*modules, *map(Module, own)]:
        known |= module.names
    wrong = []
    for module in modules:
        wrong += _imports(module)
        wrong += _names(module, contract)
        if module.path.name not in QT:
            wrong += _methods(module, contract, known)
    return [*wrong, *_contexts(modules)]


def _at(module: Module, node: ast.AST) -> str:
    return f"{module.path.name}:{node.lineno}"  # type: ignore[attr-defined]


def _imports(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            top = name.split(".")[0]
            allowed = top in sys.stdlib_module_names or top in ("nuke", "backlot_nuke")
            if not allowed and module.path.name not in ELSEWHERE.get(top, ()):
                yield f"{_at(module, node)} imports {name}, which must not be loaded into Nuke."


def _nuke_name(node: ast.AST) -> str | None:
    """`nuke.NAME` -> NAME."""
    named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return node.attr if named and node.value.id == "nuke" else None  # type: ignore[attr-defined]


def _arguments(call: ast.Call) -> tuple[int, list[str]] | None:
    """Positional count and keywords; None where * or ** hide them."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(not k.arg for k in call.keywords):
        return None
    return len(call.args), [k.arg for k in call.keywords if k.arg]


def _names(module: Module, contract: Contract) -> Iterator[str]:
    for node in ast.walk(module.tree):
        name = _nuke_name(node)
        if name and not contract.has(name):
            yield f"{_at(module, node)} uses nuke.{name}, which no published listing has."
        if isinstance(node, ast.Call) and (called := _nuke_name(node.func)):
            fact = contract.functions.get(called)
            given = _arguments(node)
            if fact and given and not fits(fact, *given):
                yield f"{_at(module, node)} calls nuke.{called} with {given[0]} and {given[1]}."


def _methods(module: Module, contract: Contract, known: set[str]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        if name in known or _nuke_name(node.func) or _of_nodes(node.func):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "nukescripts":
            if not any(name in full.split(".") for full in contract.scripts):
                yield f"{_at(module, node)} uses nukescripts.{name}, which no listing has."
            continue
        facts = list(contract.methods.get(name, ()))
        facts += [f for full, f in contract.scripts.items() if full.endswith("." + name)]
        given = _arguments(node)
        if not facts:
            yield f"{_at(module, node)} calls .{name}(), which is neither Nuke's nor ours."
        elif given and not any(fits(fact, *given) for fact in facts):
            yield f"{_at(module, node)} calls .{name}() with {given[0]} and {given[1]}."


def _of_nodes(node: ast.AST) -> bool:
    """nuke.nodes.CLASS."""
    return isinstance(node, ast.Attribute) and _nuke_name(node.value) in ("nodes", "env")


def _called(function: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Names of what a function calls, nested functions apart: those only run when called."""
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            nuke = _nuke_name(node.func)
            if nuke:
                yield "nuke." + nuke, node
            elif _of_nodes(node.func):
                yield "nuke.nodes", node
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr, node
            elif isinstance(node.func, ast.Name):
                yield node.func.id, node
        stack.extend(ast.iter_child_nodes(node))


def _reach(modules: list[Module], start: str) -> dict[str, str]:
    """nuke.NAME -> by way of what, for everything that a function may call."""
    return _walk(modules, start)[0]


def _walk(modules: list[Module], start: str) -> tuple[dict[str, str], set[str]]:
    """What `_reach` says, and the functions that it came through."""
    functions: dict[str, list[ast.AST]] = {}
    for module in modules:
        for name, found in module.functions.items():
            functions.setdefault(name, []).extend(found)
    seen, todo, found_names = {start}, [start], {}
    while todo:
        name = todo.pop()
        for function in functions.get(name, ()):
            for called, _ in _called(function):
                if called.startswith("nuke."):
                    found_names.setdefault(called, name)
                elif called in functions and called not in seen:
                    seen.add(called)
                    todo.append(called)
    return found_names, seen


def _on_the_main_thread(modules: list[Module]) -> Iterator[str]:
    """executeInMainThread in a function that no thread begins with: documented to hang."""
    threads: set[str] = set()
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and _is_thread(node):
                target = next(_target(k.value) for k in node.keywords if k.arg == "target")
                threads |= _walk(modules, target)[1]
    for module in modules:
        for name, functions in [*module.functions.items(), ("the module", [module.tree])]:
            for called, call in (each for f in functions for each in _called(f)):
                if called[5:] in FROM_THREADS and name not in threads:
                    yield f"{_at(module, call)} {called} is called on the main thread, in {name}."


def _contexts(modules: list[Module]) -> Iterator[str]:
    yield from _on_the_main_thread(modules)
    for module in modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            registered = _nuke_name(node.func)
            if registered in NO_EXECUTE and node.args:
                yield from _callback(modules, module, node, str(registered))
            if _is_thread(node):
                yield from _thread(modules, module, node)


def _target(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _callback(modules: list[Module], module: Module, call: ast.Call, kind: str) -> Iterator[str]:
    for name, by in _reach(modules, _target(call.args[0])).items():
        short = name.split(".")[1]
        if short in EXECUTES | EDITS:
            yield f"{_at(module, call)} {kind} reaches {name} by {by}: Nuke refuses that there."


def _is_thread(node: ast.Call) -> bool:
    return _target(node.func) == "Thread" and any(k.arg == "target" for k in node.keywords)


def _thread(modules: list[Module], module: Module, call: ast.Call) -> Iterator[str]:
    target = next(_target(k.value) for k in call.keywords if k.arg == "target")
    for name, by in _reach(modules, target).items():
        if name.split(".")[1] not in FROM_THREADS:
            yield f"{_at(module, call)} a thread reaches {name} by {by}: not on the main thread."
