"""Make backlot_nuke/contract.json: what Nuke's Python offers, as plain facts (names and arity).

    python plugins/nuke/make_contract.py STUBS [TABLE]

STUBS: the `nuke-stubs` folder of types-nuke 13.2.8.0 (PyPI, from Nuke 13.2v8). TABLE: a Markdown
table of `name | in 13.2 | in 15.0 | parameters`, taken from a listing of Nuke 15.0v1. Where both
know a name, a call may be of the arity of either: both listings guess.
"""

import ast
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE / "backlot_nuke" / "contract.json"

# Methods that exist in neither listing as such, with where they are used or documented.
_ADDED = {
    "Node.__getitem__": [1, 1, "types-nuke lists it in a comment"],
    "ProgressTask.__init__": [0, 1, "vinavfx/ComfyUI-for-Nuke src/run.py: the title"],
    "FrameRanges.__init__": [0, None, "types-nuke"],
}


def arity(arguments, bound):
    """[fewest, most] positional arguments, and the keywords; most is null for any number."""
    names = [a.arg for a in arguments.posonlyargs + arguments.args][1 if bound else 0 :]
    most = None if arguments.vararg else len(names)
    fewest = max(0, len(names) - len(arguments.defaults))
    keywords = None if arguments.kwarg else names + [a.arg for a in arguments.kwonlyargs]
    return fewest, most, keywords


def merge(known, name, fewest, most, keywords, where):
    """Add a listing's view of one callable. One that knows parameters goes before *args."""
    loose = keywords is None and most is None
    before = known.get(name)
    if before is not None and before["keywords"] is None and before["max"] is None and not loose:
        known[name] = {"min": fewest, "max": most, "keywords": keywords, "in": before["in"]}
    elif before is not None and loose and before["max"] is not None:
        fewest, most, keywords = before["min"], before["max"], before["keywords"]
    fact = known.setdefault(name, {"min": fewest, "max": most, "keywords": keywords, "in": []})
    fact["min"] = min(fact["min"], fewest)
    fact["max"] = None if None in (fact["max"], most) else max(fact["max"], most)
    both = fact["keywords"] is not None and keywords is not None
    fact["keywords"] = sorted({*fact["keywords"], *keywords}) if both else None
    if where not in fact["in"]:
        fact["in"].append(where)


def read_stubs(folder):
    """(functions, constants, classes) of types-nuke."""
    functions, constants, classes = {}, {}, {}
    for path in sorted(Path(folder).glob("*.pyi")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                merge(functions, node.name, *arity(node.args, False), "13.2")
            elif isinstance(node, ast.AnnAssign) and not node.target.id.startswith("_"):
                constants[node.target.id] = ["13.2"]
            elif isinstance(node, ast.ClassDef):
                classes[node.name] = read_class(node)
    return functions, constants, classes


def read_class(node):
    methods = {}
    for each in node.body:
        if isinstance(each, ast.FunctionDef):
            static = any(ast.unparse(d) == "staticmethod" for d in each.decorator_list)
            merge(methods, each.name, *arity(each.args, not static), "13.2")
    bases = [ast.unparse(base).split(".")[-1] for base in node.bases]
    bases = [base for base in bases if not base.startswith("Generic")]
    return {"bases": bases, "methods": methods, "in": ["13.2"]}


def read_table(path):
    """(name, parameters as Python) of every row that Nuke 15.0 has."""
    for line in Path(path).read_text().splitlines():
        row = re.match(r"\| `(nuke(?:scripts)?\.[\w.]+)` \| (\S) \| (\S) \| (.*) \|$", line)
        if row and row.group(3) == "y":
            yield row.group(1), row.group(4)


def parameters(text):
    text = re.sub(r":\s*[^,=)\]]*(\[[^\]]*\])?[^,=)]*", "", text.strip("()"))
    try:
        return ast.parse("def f({}): pass".format(text)).body[0].args
    except SyntaxError:
        return ast.parse("def f(*args, **kwargs): pass").body[0].args


def add_table(table, functions, constants, classes, scripts):
    for full, text in read_table(table):
        module, _, rest = full.partition(".")
        owner, _, name = rest.rpartition(".")
        if module == "nukescripts":
            if text == "class":
                scripts[rest] = {"in": ["15.0"]}
            else:
                bound = "self" in text.split(",")[0]
                merge(scripts, rest, *arity(parameters(text), bound), "15.0")
        elif text == "class":
            classes.setdefault(rest, {"bases": [], "methods": {}, "in": []})["in"].append("15.0")
        elif text.startswith("<const>"):
            constants.setdefault(rest, []).append("15.0")
        elif owner:
            known = classes.setdefault(owner, {"bases": [], "methods": {}, "in": ["15.0"]})
            bound = "self" in text.split(",")[0]
            merge(known["methods"], name, *arity(parameters(text), bound), "15.0")
        else:
            merge(functions, rest, *arity(parameters(text), False), "15.0")


def main(stubs, table=None):
    functions, constants, classes = read_stubs(stubs)
    scripts = {}
    if table:
        add_table(table, functions, constants, classes, scripts)
    for full, (fewest, most, why) in _ADDED.items():
        owner, name = full.split(".")
        merge(classes[owner]["methods"], name, fewest, most, None, why)
    contract = {
        "sources": {
            "13.2": "types-nuke 13.2.8.0 on PyPI, from Nuke 13.2v8",
            "15.0": "the published listing of Nuke 15.0v1",
        },
        "functions": functions,
        "constants": constants,
        "classes": classes,
        "nukescripts": scripts,
    }
    lines = json.dumps(contract, sort_keys=True, separators=(",", ":"))
    lines = re.sub(r'("[\w.]+":\{"(?:in|bases)":)', r"\n\1", lines)
    TARGET.write_text(lines + "\n")
    print(len(functions), "functions,", len(constants), "constants,", len(classes), "classes")


if __name__ == "__main__":
    main(*sys.argv[1:])
