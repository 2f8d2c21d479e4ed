"""Frames back: placed to the frame, or in their bin with a reason."""

from __future__ import annotations

import shutil

import pytest
from backlot_resolve import landing, plates
from backlot_resolve.errors import Changed

from backlot.errors import InvalidInput

from .trips import as_result, back, item, out


@pytest.mark.parametrize("version", ["18.5", "20.3", "21.1"])
def test_a_take(desk, version):
    d = desk(version=version)
    edit, clip, plate = out(d, handles=2)
    d.before = d.state()
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.TAKE)
    assert (placed.place, placed.reason, placed.notes) == ("take", "", [])
    got = item(d, 0, 0)
    assert got["span"] == [86404, 10, 2]
    assert (len(got["takes"]), got["selected"]) == (2, 2)
    state = d.state()
    ours = state["timelines"]["Edit"]["tracks"][0]["items"][0]
    ours.update(d.before["timelines"]["Edit"]["tracks"][0]["items"][0])
    assert d.changed(state) == set()
    if version != "18.5":
        media = state["pool"]["folders"]  # popped by changed(): read it anew
        media = d.state()["pool"]["folders"]["Backlot"]["folders"]["A001"]["items"][0]
        assert media["third"]["backlot.job"] == "job-1"
        assert media["markers"]["0"]["customData"] == "job-1"
        assert media["name"] == "A001_C003.exr fill v001"


def test_above_with_grade_and_transform(desk):
    d = desk()
    d.do("b.gain = 1.5; b.properties.update(Pan=4.0, ZoomX=1.2, ZoomY=1.2)")
    edit, clip, plate = out(d, 1)
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.ABOVE)
    assert (placed.place, placed.track, placed.notes) == ("above", 3, [])
    new = item(d, 2, 0)
    assert new["span"] == [86414, 8, 0]
    assert (new["gain"], new["properties"]["Pan"], new["properties"]["ZoomX"]) == (1.5, 4.0, 1.2)
    assert d.state()["timelines"]["Edit"]["tracks"][2]["name"] == "Backlot"
    assert [t["items"] for t in d.state()["timelines"]["Edit"]["tracks"][:2]] == [
        t["items"] for t in d.do("dump(resolve)")["timelines"]["Edit"]["tracks"][:2]
    ]


def test_a_take_that_comes_out_wrong_leaves_no_take_selector(desk):
    d = desk()
    edit, clip, plate = out(d)
    before = d.state()["timelines"]
    d.do("""
import tests.hosts.resolve.timeline as t
t.TimelineItem.GetLeftOffset = lambda self, *x: self.left + (len(self.takes) > 1)""")
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.TAKE)
    assert placed.place == "bin"
    assert "take" in placed.reason
    assert d.state()["timelines"] == before


def test_two_results_share_the_track_and_a_third_gets_another(desk):
    d = desk()
    for index, wanted in ((0, 3), (1, 3), (1, 4)):
        edit, clip, plate = out(d, index)
        placed = back(d, edit, clip, plate, as_result(d, plate, f"job-{wanted}{index}"), "above")
        assert (placed.place, placed.track) == ("above", wanted), placed.reason
        shutil.rmtree(d.folder / "plate")


def test_mixed_rates_are_placed_to_the_frame(desk):
    d = desk()
    d.do("source.media.rate = Rate.parse('30'); a.left = 0")
    edit, clip, plate = out(d, handles=4)
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.ABOVE)
    assert placed.place == "above", placed.reason
    assert item(d, 2, 0)["span"][:2] == [86404, 10]


def test_the_bin_only(desk):
    d = desk()
    edit, clip, plate = out(d)
    before = d.state()
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.BIN)
    assert placed.place == "bin"
    assert d.state()["timelines"] == before["timelines"]
    assert d.changed() == set()


# ---- the person edits meanwhile ---------------------------------------------------------------


def test_a_clip_that_moved_is_followed(desk):
    d = desk()
    edit, clip, plate = out(d, handles=2)
    d.do("a.start = timeline.start + 200")
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.ABOVE)
    assert item(d, 2, 0)["span"] == [86600, 10, 2], placed.reason


def test_a_clip_trimmed_within_its_handles_is_followed(desk):
    d = desk()
    edit, clip, plate = out(d, handles=2)
    d.do("a.start += 1; a.left += 1; a.length -= 2")
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.TAKE)
    assert placed.place == "take", placed.reason
    assert item(d, 0, 0)["span"] == [86405, 8, 3]


@pytest.mark.parametrize(
    ("user_did", "says"),
    [
        ("timeline.tracks[0].items.remove(a)", "deleted"),
        ("a.length += 4; b.start += 9", "handles"),
        ("timeline.tracks[0].locked = True", "locked"),
        ("a.speed = 0.5", "retimed"),
    ],
)
def test_what_cannot_be_placed_waits_in_its_bin_with_a_note(desk, user_did, says):
    d = desk()
    edit, clip, plate = out(d)
    d.do(user_did)
    before = d.state()
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.TAKE)
    assert placed.place == "bin"
    assert says in placed.reason
    assert d.state()["timelines"] == before["timelines"]
    media = d.state()["pool"]["folders"]["Backlot"]["folders"]["A001"]["items"][0]
    assert says in media["metadata"]["Comments"]


def test_another_project_gets_nothing(desk):
    d = desk()
    edit, clip, plate = out(d)
    d.do("from tests.hosts.resolve.project import Project; resolve.project = Project(resolve, 'B')")
    with pytest.raises(Changed, match="“B”"):
        back(d, edit, clip, plate, as_result(d, plate), landing.TAKE)
    assert d.do("len(resolve.project.pool.root.folders)") == 0


def test_another_timeline_open_meanwhile_stays_open(desk):
    d = desk()
    edit, clip, plate = out(d)
    d.do("other = Timeline(resolve, project, 'Other'); project.adopt(other, project.pool.root)")
    d.do("project.current = other")
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.ABOVE)
    assert placed.place == "above", placed.reason
    assert d.do("project.current.name") == "Other"


def test_a_graded_result_is_no_take(desk):
    d = desk()
    edit, clip, plate = out(d, route=plates.GRADED)
    with pytest.raises(InvalidInput, match="twice"):
        back(d, edit, clip, plate, as_result(d, plate), landing.TAKE)
