"""The plugin's code against what Nuke is published to offer, and the checker against bad code."""

import textwrap
from pathlib import Path

import pytest

from tests.hosts.nuke import knobs, nodes
from tests.hosts.nuke.check import check
from tests.hosts.nuke.contract import Contract
from tests.hosts.nuke.host import Nuke

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "plugins/nuke"
OUTSIDE = ("build.py", "install.py", "conformance.py")
INSIDE = [p for p in sorted((PLUGIN / "backlot_nuke").rglob("*.py")) if p.name not in OUTSIDE]
HOST = sorted((ROOT / "core/backlot/host").glob("*.py"))


def test_the_plugin_keeps_to_the_contract():
    assert check(INSIDE, HOST, Contract()) == []


def test_the_conformance_script_breaks_one_rule_on_purpose():
    found = check([PLUGIN / "backlot_nuke/onpath/conformance.py"], HOST, Contract())
    assert len(found) == 1
    assert "addKnobChanged reaches nuke.execute" in found[0]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("nuke.executeDeferred(f)", "no published listing"),
        ("nuke.createNode()", "calls nuke.createNode"),
        ("nuke.root(1)", "calls nuke.root"),
        ("nuke.execute('Write1', nonsense=1)", "calls nuke.execute"),
        ("nuke.toNode('a').setPixels([1])", "neither Nuke's nor ours"),
        ("nuke.toNode('a').opHashes(1)", "calls .opHashes()"),
        ("import nukescripts\nnukescripts.invented()", "imports nukescripts"),
        ("import numpy", "imports numpy"),
        ("from google import protobuf", "imports google"),
        ("import grpc", "imports grpc"),
        ("from PySide6 import QtWidgets", "imports PySide6"),
        ("def f():\n    g()\ndef g():\n    nuke.execute('a')\nnuke.addKnobChanged(f)", "refuses"),
        ("def f():\n    nuke.createNode('a')\nnuke.addUpdateUI(f)", "refuses"),
        ("def f():\n    nuke.nodes.Write()\nnuke.addBeforeRender(f)", "refuses"),
        ("def f():\n    nuke.executeInMainThread(print)", "called on the main thread"),
        ("nuke.executeInMainThreadWithResult(print)", "called on the main thread"),
        ("import threading\ndef f():\n    nuke.root()\nthreading.Thread(target=f)", "main thread"),
    ],
)
def test_what_nuke_would_not_take_is_found(tmp_path, code, said):
    file = tmp_path / "bad.py"
    file.write_text("import nuke\n" + textwrap.dedent(code) + "\n")
    found = check([file], [], Contract())
    assert any(said in sentence for sentence in found), found


def test_a_thread_may_ask_for_the_main_thread(tmp_path):
    file = tmp_path / "good.py"
    file.write_text(
        "import threading\nimport nuke\n"
        "def f():\n    nuke.executeInMainThread(print, (1,))\nthreading.Thread(target=f)\n"
    )
    assert check([file], [], Contract()) == []


def public(kind):
    return [n for n in dir(kind) if not n.startswith("_") and callable(getattr(kind, n))]


def test_the_simulator_offers_nothing_that_nuke_does_not():
    contract, host = Contract(), Nuke()
    offered = [n for n in vars(host.module) if not n.startswith("_")]
    assert len(offered) > 60
    assert [name for name in offered if not contract.has(name)] == []
    with pytest.raises(AttributeError):
        _ = host.module.executeDeferred
    kinds = {n: getattr(nodes, n) for n in ("Node", "Group", "Gizmo", "Root")}
    kinds.update({n: getattr(knobs, n) for n in dir(knobs) if n.endswith("_Knob")})
    kinds["Knob"] = knobs.Knob
    invented = [
        f"{name}.{method}"
        for name, kind in kinds.items()
        for method in public(kind)
        if contract.method(name, method) is None
    ]
    assert invented == []


def test_the_contract_names_its_sources_and_covers_the_releases():
    contract = Contract()
    assert len(contract.functions) > 300
    assert len(contract.classes) > 130
    both = [n for n, fact in contract.functions.items() if {"13.2", "15.0"} <= set(fact["in"])]
    assert {"execute", "createNode", "executeInMainThread", "addKnobChanged"} <= set(both)
