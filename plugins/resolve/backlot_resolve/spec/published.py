"""Read the scripting reference that Resolve installs: its README.txt, or since 21.1 its .pyi.

Both are parsed for facts alone (class, method, how many arguments, what kind comes back). The
texts themselves are Blackmagic Design's and are never copied here.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

CLASSES = (
    "Resolve",
    "ProjectManager",
    "Project",
    "MediaStorage",
    "MediaPool",
    "Folder",
    "MediaPoolItem",
    "Timeline",
    "TimelineItem",
    "Gallery",
    "GalleryStillAlbum",
    "Graph",
    "ColorGroup",
)


@dataclass(frozen=True)
class Shape:
    """How a method is called: fewest and most positional arguments (-1: any number), and what
    comes back: "bool", "number", "text", "list", "dict", "object", "none" or "any"."""

    least: int
    most: int
    returns: str

    def joined(self, other: Shape) -> Shape:
        """The shape of two overloads together."""
        most = -1 if -1 in (self.most, other.most) else max(self.most, other.most)
        kind = self.returns if self.returns == other.returns else "any"
        return Shape(min(self.least, other.least), most, kind)


Surface = dict[str, dict[str, Shape]]


def read(path: Path) -> Surface:
    """What the reference at `path` lists. Raises: OSError, ValueError when it is neither form."""
    text = path.read_text(encoding="utf-8", errors="replace")
    surface = from_stub(text) if path.suffix == ".pyi" else from_text(text)
    if not surface.get("Timeline"):
        raise ValueError(f"{path.name} lists no Timeline methods: not a scripting reference.")
    return surface


_ROW = re.compile(r"^  ([A-Z]\w*)\((.*)\)\s*-->\s*([^#]*)")


def from_text(text: str) -> Surface:
    """From the table form: a class name at the margin, below it `  Name(arguments) --> kind`."""
    surface: Surface = {}
    current: dict[str, Shape] | None = None
    pending = ""
    for line in text.splitlines():
        bare = line.split("#")[0].rstrip()
        if bare and not bare[0].isspace():
            current = surface.setdefault(bare, {}) if bare in CLASSES else None
            pending = ""
            continue
        if current is None:
            continue
        if pending:
            pending = _continued(pending, bare)
        elif re.match(r"^  [A-Z]\w*\(", bare):
            pending = bare
        row = _ROW.match(pending)
        if row and pending.split("-->")[0].count("(") == pending.split("-->")[0].count(")"):
            name, arguments, kind = row.groups()
            found = Shape(*_arity(arguments), _kind(kind))
            current[name] = found.joined(current[name]) if name in current else found
            pending = ""
    return surface


def _continued(pending: str, line: str) -> str:
    """A row of which the arguments go on in the next line; the kind may be on either."""
    head, arrow, kind = pending.partition("-->")
    more, more_arrow, more_kind = line.partition("-->")
    return (
        f"{head.rstrip()} {more.strip()} --> {kind if arrow else more_kind}"
        if (arrow or more_arrow)
        else f"{head.rstrip()} {more.strip()}"
    )


def _arity(arguments: str) -> tuple[int, int]:
    if "..." in re.sub(r"\[[^\]]*\]", "[]", arguments):
        return 0, -1
    depth, parts, part = 0, [], ""
    for letter in arguments:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += letter
    parts = [p.strip() for p in [*parts, part] if p.strip()]
    return sum("=" not in p for p in parts), len(parts)


def _kind(text: str) -> str:
    text = text.strip().rstrip(".").lower()
    if text.startswith(("[", "list")):
        return "list"
    if text.startswith(("{", "dict")):
        return "dict"
    words = {"bool": "bool", "int": "number", "float": "number", "int/float": "number"}
    words |= {"string": "text", "str": "text", "none": "none", "": "any"}
    if "/" in text and text not in words:
        return "any"
    if "string" in text or "format" in text:
        return "text"
    return words.get(text, "object")


def from_stub(text: str) -> Surface:
    """From the typed form: classes with methods, some of them overloaded."""
    surface: Surface = {}
    for node in ast.parse(text).body:
        if not isinstance(node, ast.ClassDef) or node.name not in CLASSES:
            continue
        methods = surface.setdefault(node.name, {})
        for part in node.body:
            if not isinstance(part, ast.FunctionDef) or part.name.startswith("_"):
                continue
            found = _shape(part)
            known = methods.get(part.name)
            methods[part.name] = found.joined(known) if known else found
    return surface


def _shape(function: ast.FunctionDef) -> Shape:
    given = function.args
    names = [*given.posonlyargs, *given.args]
    static = any(getattr(d, "id", "") == "staticmethod" for d in function.decorator_list)
    count = len(names) - (0 if static else 1)
    most = -1 if given.vararg else count
    return Shape(count - len(given.defaults), most, _annotated(function.returns))


def _annotated(node: ast.expr | None) -> str:
    if node is None:
        return "any"
    text = ast.unparse(node).replace("Optional[", "").replace(" | None", "").strip("'\"")
    head = re.split(r"[\[\]]", text)[0].lower()
    if head in ("list", "tuple", "sequence"):
        return "list"
    if head in ("dict", "mapping"):
        return "dict"
    words = {"bool": "bool", "int": "number", "float": "number", "str": "text", "none": "none"}
    return words.get(
        head, "any" if "|" in text or head in ("any", "union", "literal") else "object"
    )
