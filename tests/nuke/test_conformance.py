"""The conformance script in the simulator: what it expects is what the simulator does."""

import runpy
import sys

import pytest

from tests.hosts.nuke.behaviours import LEDGER


@pytest.fixture
def module(nuke, plugin, tmp_path):
    host = nuke(gui=False)
    loaded = runpy.run_path(str(plugin / "conformance.py"))
    loaded["main"].__globals__["FOLDER"] = str(tmp_path)
    return host, loaded


def test_the_simulator_is_what_the_script_expects(module):
    _, loaded = module
    found = loaded["main"]()
    differ = {n: p for n, p in found["probes"].items() if not p.get("same", True)}
    assert differ == {}
    assert found["probes"]["knobs"]["got"][0]["layer"] == "Link_Knob"


def test_every_probe_of_the_ledger_is_in_the_script(module):
    _, loaded = module
    probes = {probe.__name__.replace("missing_names", "names") for probe, _ in loaded["EXPECTED"]}
    wanted = {b.probe for b in LEDGER if b.probe}
    assert wanted - probes <= {"button", "proxy", "paste", "reformat", "root"}
    assert "nuke" in sys.modules
