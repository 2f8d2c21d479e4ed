"""The published facts about Nuke's Python, for the checker and the simulator. Python 3.7 syntax."""

import json
import os

PLUGIN = os.path.join(os.path.dirname(__file__), "..", "..", "..", "plugins", "nuke")


class Contract:
    def __init__(self, path=None):
        path = path or os.path.join(PLUGIN, "backlot_nuke", "contract.json")
        with open(path, encoding="utf-8") as file:
            facts = json.load(file)
        self.functions = facts["functions"]
        self.constants = facts["constants"]
        self.classes = facts["classes"]
        self.scripts = facts["nukescripts"]
        self.methods = {}
        for known in self.classes.values():
            for name, fact in known["methods"].items():
                self.methods.setdefault(name, []).append(fact)

    def has(self, name):
        """Whether `nuke.NAME` exists in a listing."""
        return name in self.functions or name in self.constants or name in self.classes

    def lineage(self, name):
        """A class and all that it is derived from."""
        if name not in self.classes:
            return
        yield name
        for base in self.classes[name]["bases"]:
            for each in self.lineage(base):
                yield each

    def method(self, owner, name):
        """The fact about a method of a class or of its bases; None when it has none."""
        for each in self.lineage(owner):
            if name in self.classes[each]["methods"]:
                return self.classes[each]["methods"][name]
        return None


def fits(fact, positional, keywords=()):
    """Whether a call with that many positional arguments and those keywords is possible."""
    if fact["max"] is not None and positional > fact["max"]:
        return False
    if fact["keywords"] is None:
        return positional + len(keywords) >= fact["min"] or bool(keywords)
    return set(keywords) <= set(fact["keywords"]) and positional + len(keywords) >= fact["min"]
