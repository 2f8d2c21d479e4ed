"""Every call made to fail in turn, and a Resolve that is lost: what is the person's stays."""

from __future__ import annotations

import json
import shutil

import pytest
from backlot_resolve import edit as editing
from backlot_resolve import keep, landing, plates
from backlot_resolve.errors import NotConnected

from backlot.errors import BacklotError

from .trips import as_result, back, out


def trip(d, place, folder, route=plates.ISOLATED, clip_id=""):
    """The whole way, as a job goes. Returns what was placed, or the error."""
    clip_id = clip_id or d.do("a.key")
    edit = editing.read(d.scripting)
    clip = edit.clip(clip_id)
    plate = plates.take_out(d.renderer, edit, clip, route, folder, 1)
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
        for key in ("takes", "selected", "media", "span", "comp"):
            state["timelines"]["Edit"]["tracks"][0]["items"][0].pop(key)
        comps = state["timelines"]["Edit"]["tracks"][0]["items"][0]["comps"]
        for name in [n for n in comps if n.startswith("Backlot")]:
            comps.pop(name)
    return {name for name in now if now[name] != was[name]}


MUTATES = ("Set", "Add", "Open", "Create", "Delete", "Import", "Append", "Start", "Save", "Load")
MUTATES += ("Select", "Copy", "Stop")


AGAIN = """
project.pool.root.folders.clear(); project.pool.current = project.pool.root
timeline.tracks[:] = timeline.tracks[:2]
while len(a.takes) > 1: a.DeleteTakeByIndex(2)
a.SelectTakeByIndex(1); a.FinalizeTake()
a.comps = {"Theirs": PASS}; a.comp = "Theirs"
app.calls.clear(); app.faults.clear()"""
"""What a trip leaves is taken away, so that the next begins as the first did."""


@pytest.mark.parametrize(
    ("place", "answer", "after", "kinds", "route"),
    [
        (landing.ABOVE, None, False, MUTATES, plates.ISOLATED),
        (landing.TAKE, False, True, MUTATES, plates.ISOLATED),
        (landing.FUSION, None, False, ("",), plates.DIRECT),
        (landing.FUSION, False, True, MUTATES, plates.DIRECT),
        pytest.param(landing.ABOVE, None, False, ("",), plates.ISOLATED, marks=pytest.mark.slow),
        pytest.param(landing.TAKE, None, False, ("",), plates.ISOLATED, marks=pytest.mark.slow),
        pytest.param(landing.ABOVE, False, True, MUTATES, plates.ISOLATED, marks=pytest.mark.slow),
        pytest.param(landing.ABOVE, "no", False, ("",), plates.GRADED, marks=pytest.mark.slow),
        pytest.param(landing.ABOVE, None, False, ("",), plates.GRADED, marks=pytest.mark.slow),
        pytest.param(landing.BIN, "no", False, ("",), plates.ISOLATED, marks=pytest.mark.slow),
    ],
)
def test_a_fault_at_every_call(desk, place, answer, after, kinds, route):
    """Every call there is in turn answers with None, or with a sentence where an object was due;
    every one that changes something, with False after doing its work. Nothing of the person's may
    differ afterwards that was not said, and no error may be anything but a sentence with a cure."""
    d = desk()
    d.do("from tests.hosts.resolve.fusion import PASS_THROUGH as PASS")
    trip(d, place, d.folder / "first", route)
    d.do(AGAIN)
    done = trip(d, place, d.folder / "second", route)
    assert done.place == place, done.reason
    log = d.do("app.calls")
    numbers = [n for n, name in enumerate(log, 1) if name.split(".")[1].startswith(kinds)]
    assert len(numbers) > 8
    wrong = {}
    for number in numbers:
        d.do(AGAIN)
        d.notes.clear()
        before = d.state()
        d.fault(call=number, answer=answer, after=after)
        shutil.rmtree(d.folder / "third", ignore_errors=True)
        error, said = None, []
        try:
            said = trip(d, place, d.folder / "third", route).notes
        except BacklotError as caught:
            error = caught
        if error is not None and not error.hint:
            wrong[number, log[number - 1]] = (f"no cure: {error}", {})
        if (d.folder / "own").exists():
            wrong[number, log[number - 1], "own"] = ("frames among the person's", {})
            shutil.rmtree(d.folder / "own")
        left = only_ours(d, before)
        if left and not d.notes and not said:
            now = d.state()
            wrong[number, log[number - 1]] = (str(error), {k: (before[k], now[k]) for k in left})
    assert wrong == {}


@pytest.mark.slow
def test_resolve_lost_at_every_call_is_a_sentence(desk, tmp_path):
    """The application ends in the middle of each call in turn: never anything but NotConnected,
    and a journal wherever something had been touched."""
    d = desk()
    trip(d, landing.ABOVE, d.folder / "first")
    calls = len(d.do("app.calls"))
    d.simulator.close()
    for number in range(2, calls, 3):
        shutil.rmtree(d.folder, ignore_errors=True)
        d.folder.mkdir()
        d = desk(connect=False)
        clip_id = d.do("a.key")
        d.fault(call=number, lost=True)
        said = []
        try:
            d.connect()
            said = trip(d, landing.ABOVE, d.folder / "third", clip_id=clip_id).notes
        except NotConnected as error:
            said = [error.hint]
        assert all(said), number
        if not said:  # a render that was over sooner was asked after less often: nothing was lost
            assert d.simulator.process.poll() is None, number
            assert len(d.do("app.calls")) < number
        d.simulator.close()


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
