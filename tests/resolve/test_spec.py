"""The table of Resolve's interface, and that the plugin keeps to it."""

from __future__ import annotations

import re
from pathlib import Path

import backlot_resolve
import pytest
from backlot_resolve import install, scripting, spec
from backlot_resolve.errors import NeedsVersion, NotConnected, Refused
from backlot_resolve.spec import published

TEXT = """
Resolve
  OpenPage(pageName)                              --> Bool               # switches
  GetVersion()                                    --> [version fields]   # list

Timeline
  AddMarker(frameId, color, name, note, duration, --> Bool               # adds
            customData)
  DeleteClips([timelineItems], Bool)              --> Bool               # deletes
  AnalyzeDolbyVision([timelineItems]=[],          --> Bool               # analyses
                     analysisType=NONE)
  GetName()                                       --> string             # its name
  Append(clip1, clip2, ...)                       --> [TimelineItem]     # variadic

List and Dict Data Structures
  NotAMethod()                                    --> Bool
"""

STUB = """
from typing import overload
class Timeline:
    def GetName(self) -> str: ...
    def DeleteClips(self, items: list["TimelineItem"], ripple: bool = False) -> bool: ...
    @overload
    def Append(self, *clips: "MediaPoolItem") -> list["TimelineItem"]: ...
    @overload
    def Append(self, clips: list) -> list["TimelineItem"]: ...
class Other:
    def Nothing(self) -> None: ...
"""


def test_the_table_form_is_read():
    surface = published.from_text(TEXT)
    timeline = surface["Timeline"]
    assert set(timeline) == {"AddMarker", "DeleteClips", "AnalyzeDolbyVision", "GetName", "Append"}
    assert (timeline["AddMarker"].most, timeline["AddMarker"].returns) == (6, "bool")
    assert (timeline["AnalyzeDolbyVision"].least, timeline["AnalyzeDolbyVision"].most) == (0, 2)
    assert timeline["Append"].most == -1
    assert (timeline["GetName"].most, timeline["GetName"].returns) == (0, "text")
    assert surface["Resolve"]["GetVersion"].returns == "list"


def test_the_typed_form_is_read():
    timeline = published.from_stub(STUB)["Timeline"]
    assert set(timeline) == {"GetName", "DeleteClips", "Append"}
    assert (timeline["DeleteClips"].least, timeline["DeleteClips"].most) == (1, 2)
    assert (timeline["Append"].most, timeline["Append"].returns) == (-1, "list")


def test_something_else_is_not_taken_for_a_reference(tmp_path):
    path = tmp_path / "README.txt"
    path.write_text("Hello")
    with pytest.raises(ValueError, match="not a scripting reference"):
        published.read(path)


def test_all_that_the_plugin_calls_is_in_the_table():
    used = install.used()
    assert len(used) > 60
    for dotted in used:
        owner, name = dotted.split(".")
        assert name in spec.table()[owner], dotted


def test_what_came_late_is_asked_for_before_it_is_called():
    """A method newer than the oldest Resolve may only be named where its absence is handled."""
    late = {
        dotted
        for dotted in install.used()
        if spec.table()[dotted.split(".")[0]][dotted.split(".")[1]].since > scripting.OLDEST
    }
    text = "".join(p.read_text() for p in Path(backlot_resolve.__file__).parent.rglob("*.py"))
    asked = set(re.findall(r'has\("([\w.]+)"\)', text))
    together = {
        "Timeline.SetMarkInOut": "Timeline.GetMarkInOut",
        "Timeline.ClearMarkInOut": "Timeline.GetMarkInOut",
        "MediaPoolItem.GetThirdPartyMetadata": "MediaPoolItem.SetThirdPartyMetadata",
        "TimelineItem.GetSourceEndFrame": "TimelineItem.GetSourceStartFrame",
        "TimelineItem.GetSourceEndTime": "TimelineItem.GetSourceStartTime",
    }
    assert {together.get(dotted, dotted) for dotted in late} <= asked


def test_only_the_adapter_touches_the_interface():
    folder = Path(backlot_resolve.__file__).parent
    names = {name for owner in spec.table().values() for name in owner}
    for path in folder.rglob("*.py"):
        text = path.read_text()
        for name in re.findall(r"\.([A-Z]\w+)\(", text):
            assert name not in names, f"{path.name} calls {name} itself"
        if path.name != "scripting.py":
            assert "scriptapp" not in text


def test_versions_differ_as_published():
    assert "GetSelectedClips" not in spec.methods("Timeline", (20, 3))
    assert "GetSelectedClips" in spec.methods("Timeline", (21, 0))
    assert "GetMarkInOut" not in spec.methods("Timeline", (18, 5))
    assert spec.methods("Graph", (18, 5)) == {}


def test_an_installed_reference_is_compared(tmp_path):
    path = tmp_path / "README.txt"
    path.write_text(TEXT)
    wrong = spec.differences(
        published.read(path), (21, 0), {"Timeline.GetName", "Timeline.GrabStill"}
    )
    assert wrong == ["Timeline.GrabStill is not in the installed reference."]
    assert spec.differences(published.read(path), (20, 0), {"Timeline.GetSelectedClips"}) == []


def test_an_old_version_says_what_it_lacks(desk):
    resolve = desk(version="20.3").scripting
    timeline = resolve.call(
        "Project.GetCurrentTimeline",
        resolve.call(
            "ProjectManager.GetCurrentProject",
            resolve.call("Resolve.GetProjectManager", resolve.application),
        ),
    )
    with pytest.raises(NeedsVersion, match=r"21\.0; this is 20\.3"):
        resolve.call("Timeline.GetSelectedClips", timeline)
    with pytest.raises(Refused):
        resolve.call("Timeline.GetName", None)


def test_versions_before_18_5_are_refused(desk):
    d = desk(version="18.5")
    d.fault(method="Resolve.GetVersion", answer=[18, 1, 4, 9, ""])
    with pytest.raises(NeedsVersion, match=r"18\.1; Backlot needs 18\.5"):
        d.connect()


@pytest.mark.parametrize("profile", [{"studio": False}, {"external": False}])
def test_no_answer_names_all_usual_causes(desk, profile):
    with pytest.raises(NotConnected) as caught:
        desk(**profile)
    for word in ("Studio", "External scripting", "Local", "free"):
        assert word in caught.value.hint
