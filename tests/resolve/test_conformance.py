"""The script for a person with Resolve: against the simulator, which must agree with itself."""

from __future__ import annotations

import json

import pytest
from backlot_resolve import conformance


@pytest.mark.parametrize("version", ["19.1", "21.1"])
def test_the_simulator_does_what_is_believed_and_the_users_project_stays(desk, tmp_path, version):
    d = desk(version=version)
    out = tmp_path / "seen.json"
    assert conformance.main([str(out)]) == 0
    report = json.loads(out.read_text())
    assert [each for each in report["seen"] if not each["agrees"]] == []
    assert report["of"] >= 14
    assert str(tmp_path) not in out.read_text()
    assert d.changed() == set()
    assert d.do("list(resolve.projects)") == ["Untitled"]


def test_a_resolve_that_differs_is_reported_not_hidden(desk, tmp_path, capsys):
    d = desk()
    d.do("""
import tests.hosts.resolve.timeline as t
t.Timeline.GetItemListInTrack_ = t.Timeline.GetItemListInTrack
t.Timeline.GetItemListInTrack = lambda self, kind, n: self.GetItemListInTrack_(kind, n) or []
""")
    out = tmp_path / "seen.json"
    assert conformance.main([str(out)]) == 1
    report = json.loads(out.read_text())
    differing = [each["number"] for each in report["seen"] if not each["agrees"]]
    assert differing == [7]
    assert "expected None, saw []" in capsys.readouterr().out


def test_without_resolve_it_says_so(desk, tmp_path, capsys):
    d = desk()
    d.simulator.close()
    assert conformance.main([str(tmp_path / "seen.json")]) == 2
    assert "DaVinci Resolve Studio" in capsys.readouterr().err
