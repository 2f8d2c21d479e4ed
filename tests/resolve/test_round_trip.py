"""Frames out and back: exact frames, exact pixels, and everything else as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from backlot_resolve import bins, keep, plates, takes
from backlot_resolve import edit as editing
from backlot_resolve.errors import Busy, Changed, NotConnected, Refused
from backlot_resolve.frames import Source, Span

from backlot.errors import BacklotError, Cancelled, InvalidInput, MissingFrame, Unsupported


def pixels(path):
    found = oiio.ImageBuf(str(path))
    assert not found.has_error, found.geterror()
    return found.get_pixels(oiio.HALF)


def clip_of(desk, index=0):
    edit = editing.read(desk.scripting)
    return edit, edit.clips[index]


def out(desk, index=0, route=plates.ISOLATED, **options):
    edit, clip = clip_of(desk, index)
    plate = plates.take_out(desk.renderer, edit, clip, route, desk.folder / "plate", **options)
    return edit, clip, plate


def as_result(desk, plate, job="job-1", label="fill v001"):
    """The plate again as a finished result, each frame copied."""
    folder = desk.folder / "results" / job
    folder.mkdir(parents=True, exist_ok=True)
    pattern = str(folder / "result.%04d.exr")
    for number in range(plate.span.first.frame, plate.span.end.frame):
        shutil.copy(editing.file_of(plate.pattern, number), pattern % number)
    return bins.Result(job, "A001", label, pattern, plate.span)


def back(desk, edit, clip, plate, result, place):
    return takes.bring_back(desk.scripting, desk.journal, edit, clip, plate, result, place)


def item(desk, track, index):
    return desk.state()["timelines"]["Edit"]["tracks"][track]["items"][index]


# ---- out --------------------------------------------------------------------------------------


def test_a_clip_comes_out_frame_for_frame_and_bit_for_bit(desk):
    d = desk()
    _, clip, plate = out(d, handles=2)
    assert plate.span == Span(Source(1005), Source(1019))
    assert plate.needed == clip.placement.used() == Span(Source(1007), Source(1017))
    for number in range(1005, 1019):
        assert np.array_equal(pixels(plate.pattern % number), pixels(d.pattern % number))
    assert d.changed() == set()
    assert d.notes == []


def test_a_render_of_another_size_is_refused_not_used(desk):
    d = desk()
    d.do("""
import tests.hosts.resolve.pixels as p
p.resized = lambda pixels, width, height: pixels[:18, :32]""")
    with pytest.raises(Refused, match="32x18, not 64x36") as caught:
        out(d)
    assert caught.value.hint
    assert d.changed() == set()


@pytest.mark.parametrize("version", ["18.5", "20.3", "21.0", "21.1"])
def test_every_version_gives_the_same_frames_and_leaves_the_project(desk, version):
    d = desk(version=version)
    _, _, plate = out(d)
    assert np.array_equal(pixels(plate.pattern % 1010), pixels(d.pattern % 1010))
    # before 19.1 a render preset cannot be deleted, so the Deliver page's settings are not kept
    assert d.changed() == ({"render"} if version == "18.5" else set())


@pytest.mark.parametrize(
    ("settings", "start"),
    [
        ({"timelineFrameRate": "25"}, 90000),
        ({"timelineFrameRate": "23.976"}, 86400),
        ({"timelineFrameRate": "29.97"}, 108000),
        ({"timelineFrameRate": "29.97", "timelineDropFrameTimecode": "1"}, 107892),
        ({"timelineFrameRate": "59.94", "timelineDropFrameTimecode": "1"}, 215784),
    ],
)
def test_every_rate_is_frame_accurate(desk, settings, start):
    d = desk(settings=settings)
    edit, clip, plate = out(d)
    assert edit.base.start.frame == start
    assert np.array_equal(pixels(plate.pattern % 1007), pixels(d.pattern % 1007))
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.ABOVE)
    assert placed.place == takes.ABOVE, placed.reason
    assert item(d, 2, 0)["span"][:2] == [start + 4, 10]


def test_a_timeline_of_another_start_and_size(desk):
    d = desk()
    d.do("timeline.SetStartTimecode('10:00:00:00'); timeline.width, timeline.height = 32, 18")
    d.before = d.state()
    _, clip, plate = out(d, handles=30)
    assert plate.size == (64, 36)
    assert plate.span == clip.placement.media
    assert np.array_equal(pixels(plate.pattern % 1001), pixels(d.pattern % 1001))
    assert d.changed() == set()


def test_media_of_another_rate_comes_out_at_its_own(desk):
    d = desk()
    d.do("source.media.rate = Rate.parse('48')")
    _, _, plate = out(d)
    assert plate.needed == Span(Source(1007), Source(1026))  # 10 frames at 24: 19 begun at 48
    for number in (1007, 1016, 1025):
        assert np.array_equal(pixels(plate.pattern % number), pixels(d.pattern % number))
    assert d.changed() == set()


def test_as_graded_is_one_track_with_its_grade(desk):
    d = desk()
    d.do("b.gain = 2.0; b.properties['Pan'] = 3.0")
    d.before = d.state()
    _, _, plate = out(d, 1, plates.GRADED)
    got = pixels(plate.pattern % plate.span.first.frame)
    wanted = np.roll(pixels(d.pattern % 1003).astype(np.float32) * 2.0, 3, 1).astype(np.float16)
    assert np.array_equal(got, wanted)
    third = pixels(plate.pattern % (plate.span.first.frame + 2))  # where clip C lies above
    assert np.array_equal(
        third, np.roll(pixels(d.pattern % 1005).astype(np.float32) * 2.0, 3, 1).astype(np.float16)
    )
    assert d.changed() == set()


def test_direct_reading_touches_nothing_at_all(desk):
    d = desk()
    edit, clip = clip_of(d)
    calls = d.do("len(app.calls)")
    plate = plates.take_out(d.renderer, edit, clip, plates.DIRECT, d.folder / "p", handles=1)
    assert d.do("len(app.calls)") == calls
    assert (plate.pattern, plate.frames) == (d.pattern, "1006-1017")


def test_one_frame_for_a_preview(desk):
    d = desk()
    _, _, plate = out(d, only=Span(Source(1011), Source(1012)))
    assert sorted(p.name for p in (d.folder / "plate").glob("*.exr")) == ["plate.1011.exr"]
    assert np.array_equal(pixels(plate.pattern % 1011), pixels(d.pattern % 1011))


def test_a_plate_that_is_there_is_not_rendered_again(desk):
    d = desk()
    out(d)
    calls = d.do("len(app.calls)")
    out(d)
    log = d.do("app.calls")[calls:]
    assert "Project.StartRendering" not in log


def test_alpha_goes_out_and_comes_back_where_the_clip_has_it(desk, tmp_path):
    from tests.hosts.resolve.harness import plate as make

    d = desk()
    pattern = make(tmp_path / "keyed", "keyed", range(1001, 1031), alpha=True)
    d.do(f"source.media.pattern = {pattern!r}; source.properties['Alpha mode'] = 'Premultiplied'")
    edit, clip, plate = out(d)
    assert np.array_equal(pixels(plate.pattern % 1010), pixels(pattern % 1010))
    assert pixels(plate.pattern % 1010).shape[2] == 4
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.TAKE)
    assert (placed.place, placed.notes) == ("take", [])
    made = d.state()["pool"]["folders"]["Backlot"]["folders"]["A001"]["items"][0]
    assert made["properties"]["Alpha mode"] == "Premultiplied"


def test_a_managed_project_gives_its_working_space(desk):
    managed = {
        "colorScienceMode": "davinciYRGBColorManagedv2",
        "colorSpaceInput": "sRGB (Linear)",
        "colorSpaceTimeline": "ACEScg",
        "colorSpaceOutput": "Rec.709 Gamma 2.4",
        "outputDRT": "DaVinci",
    }
    d = desk(settings=managed)
    edit, clip, plate = out(d)
    assert (plate.colour.resolve, plate.colour.ocio, plate.colour.note) == ("ACEScg", "ACEScg", "")
    assert d.changed() == set()
    back(d, edit, clip, plate, as_result(d, plate), takes.TAKE)
    made = d.state()["pool"]["folders"]["Backlot"]["folders"]["A001"]["items"][0]
    assert made["properties"]["Input Color Space"] == "ACEScg"


# ---- what cannot be, said with a cure ---------------------------------------------------------


@pytest.mark.parametrize(
    ("user_did", "error", "says"),
    [
        ("a.speed = 2.0", Unsupported, "200%"),
        ("a.speed = 0.9", Unsupported, "90%"),
        ("a.media_item = None", Unsupported, "no media"),
        ("a.media_item.kind = 'Compound'", Unsupported, "compound"),
        ("source.media.missing = set(range(1001, 1031))", Unsupported, "offline"),
        ("source.properties['PAR'] = '2.0'", Unsupported, "anamorphic"),
        ("resolve.user_renders = True", Busy, "rendering"),
        ("resolve.render_error = 'media offline'", Refused, "media offline"),
        ("project.settings['colorScienceMode'] = 'acescct'", InvalidInput, "ACES"),
    ],
)
def test_what_resolve_cannot_give_is_a_sentence_and_a_cure(desk, user_did, error, says):
    d = desk()
    d.do(user_did)
    d.before = d.state()
    with pytest.raises(error, match=says) as caught:
        out(d)
    assert caught.value.hint
    assert d.changed() == set()


def test_raw_and_missing_files_cannot_be_read_directly(desk):
    d = desk()
    Path(d.pattern % 1010).unlink()
    with pytest.raises(MissingFrame, match="1010"):
        out(d, route=plates.DIRECT)
    d.do("source.media.pattern = '/cards/A001.braw'")
    with pytest.raises(Unsupported, match="braw"):
        out(d, route=plates.DIRECT)


def test_cancel_while_resolve_renders(desk):
    d = desk()
    d.do("resolve.frame_seconds = 0.2")
    renderer = d.renderer
    renderer.progress = lambda what, fraction: d.cancel.set()
    edit, clip = clip_of(d)
    with pytest.raises(Cancelled):
        plates.take_out(renderer, edit, clip, plates.ISOLATED, d.folder / "plate")
    assert d.changed() == set()
    assert not list((d.folder / "plate").iterdir())


# ---- back -------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["18.5", "20.3", "21.1"])
def test_a_take(desk, version):
    d = desk(version=version)
    edit, clip, plate = out(d, handles=2)
    d.before = d.state()
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.TAKE)
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
        assert media["name"] == "A001_C003.exr fill v001"


def test_above_with_grade_and_transform(desk):
    d = desk()
    d.do("b.gain = 1.5; b.properties.update(Pan=4.0, ZoomX=1.2, ZoomY=1.2)")
    edit, clip, plate = out(d, 1)
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.ABOVE)
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
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.TAKE)
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
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.ABOVE)
    assert placed.place == "above", placed.reason
    assert item(d, 2, 0)["span"][:2] == [86404, 10]


def test_the_bin_only(desk):
    d = desk()
    edit, clip, plate = out(d)
    before = d.state()
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.BIN)
    assert placed.place == "bin"
    assert d.state()["timelines"] == before["timelines"]
    assert d.changed() == set()


# ---- the person edits meanwhile ---------------------------------------------------------------


def test_a_clip_that_moved_is_followed(desk):
    d = desk()
    edit, clip, plate = out(d, handles=2)
    d.do("a.start = timeline.start + 200")
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.ABOVE)
    assert item(d, 2, 0)["span"] == [86600, 10, 2], placed.reason


def test_a_clip_trimmed_within_its_handles_is_followed(desk):
    d = desk()
    edit, clip, plate = out(d, handles=2)
    d.do("a.start += 1; a.left += 1; a.length -= 2")
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.TAKE)
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
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.TAKE)
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
        back(d, edit, clip, plate, as_result(d, plate), takes.TAKE)
    assert d.do("len(resolve.project.pool.root.folders)") == 0


def test_another_timeline_open_meanwhile_stays_open(desk):
    d = desk()
    edit, clip, plate = out(d)
    d.do("other = Timeline(resolve, project, 'Other'); project.adopt(other, project.pool.root)")
    d.do("project.current = other")
    placed = back(d, edit, clip, plate, as_result(d, plate), takes.ABOVE)
    assert placed.place == "above", placed.reason
    assert d.do("project.current.name") == "Other"


def test_a_graded_result_is_no_take(desk):
    d = desk()
    edit, clip, plate = out(d, route=plates.GRADED)
    with pytest.raises(InvalidInput, match="twice"):
        back(d, edit, clip, plate, as_result(d, plate), takes.TAKE)


# ---- faults at every call ---------------------------------------------------------------------


def trip(d, place, folder):
    """The whole way, as a job goes. Returns what was placed, or the error."""
    edit = editing.read(d.scripting)
    clip = edit.clip(d.do("a.key"))
    plate = plates.take_out(d.renderer, edit, clip, plates.ISOLATED, folder, 1)
    return back(d, edit, clip, plate, as_result(d, plate, folder.name), place)


def only_ours(d, before):
    """Everything is as before, but for our bin, a take of ours, or our track and its clip."""
    now = d.state()
    now["pool"]["folders"].pop("Backlot", None)
    was = json.loads(json.dumps(before))
    was["pool"]["folders"].pop("Backlot", None)
    for state in (now, was):
        tracks = state["timelines"]["Edit"]["tracks"]
        state["timelines"]["Edit"]["tracks"] = [t for t in tracks if t["name"] != "Backlot"]
        for key in ("takes", "selected", "media", "span"):
            state["timelines"]["Edit"]["tracks"][0]["items"][0].pop(key)
    return {name for name in now if now[name] != was[name]}


MUTATES = ("Set", "Add", "Open", "Create", "Delete", "Import", "Append", "Start", "Save", "Load")
MUTATES += ("Select", "Copy", "Stop")


@pytest.mark.parametrize(
    ("place", "answer", "after", "kinds"),
    [
        (takes.ABOVE, None, False, MUTATES),
        (takes.TAKE, False, True, MUTATES),
        pytest.param(takes.ABOVE, None, False, ("",), marks=pytest.mark.slow),
        pytest.param(takes.TAKE, None, False, ("",), marks=pytest.mark.slow),
        pytest.param(takes.ABOVE, False, True, MUTATES, marks=pytest.mark.slow),
    ],
)
def test_a_fault_at_every_call(desk, place, answer, after, kinds):
    """Every call there is in turn answers with None; every one that changes something, with False
    after doing its work. Nothing of the person's may differ afterwards that was not said, and no
    error may be anything but a sentence with a cure."""
    d = desk()
    trip(d, place, d.folder / "first")
    d.do("""
project.pool.root.folders.clear(); project.pool.current = project.pool.root
timeline.tracks[:] = timeline.tracks[:2]
while len(a.takes) > 1: a.DeleteTakeByIndex(2)
a.SelectTakeByIndex(1); a.FinalizeTake()
app.calls.clear()""")
    done = trip(d, place, d.folder / "second")
    assert done.place == place, done.reason
    log = d.do("app.calls")
    numbers = [n for n, name in enumerate(log, 1) if name.split(".")[1].startswith(kinds)]
    assert len(numbers) > 20
    wrong = {}
    for number in numbers:
        d.do("""
project.pool.root.folders.clear(); project.pool.current = project.pool.root
timeline.tracks[:] = timeline.tracks[:2]
while len(a.takes) > 1: a.DeleteTakeByIndex(2)
a.SelectTakeByIndex(1); a.FinalizeTake()
app.calls.clear(); app.faults.clear()""")
        d.notes.clear()
        before = d.state()
        d.fault(call=number, answer=answer, after=after)
        shutil.rmtree(d.folder / "third", ignore_errors=True)
        error, said = None, []
        try:
            said = trip(d, place, d.folder / "third").notes
        except BacklotError as caught:
            error = caught
        if error is not None and not error.hint:
            wrong[number, log[number - 1]] = (f"no cure: {error}", {})
        left = only_ours(d, before)
        if left and not d.notes and not said:
            now = d.state()
            wrong[number, log[number - 1]] = (str(error), {k: (before[k], now[k]) for k in left})
    assert wrong == {}


def test_a_resolve_that_is_lost_is_a_sentence_and_leaves_a_journal(desk):
    d = desk()
    d.fault(method="Project.StartRendering", lost=True)
    with pytest.raises(NotConnected, match="lost"):
        out(d)
    state = keep.Journal(d.journal.path).read()
    assert state is not None
    assert state.temporary


def test_a_journal_left_behind_is_put_back_at_the_next_start(desk):
    d = desk()
    state = keep.remember(d.scripting)
    keep.remember_delivery(d.scripting, state, d.journal)
    d.do(f"""
tmp = project.pool.CreateEmptyTimeline({keep.TEMPORARY!r} + " x")
resolve.page = "deliver"
project.format, project.codec = "exr", "RGBHalfZIP"
project.render["TargetDir"] = "/ours"
""")
    assert d.changed()
    assert keep.restore(d.scripting, d.journal.read()) == []
    assert d.changed() == set()
