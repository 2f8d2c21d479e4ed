"""A clip through a tool of the real server and back onto the timeline, by way of the companion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from backlot_resolve import store

from .talks import ENDED, Talk, request, submit
from .trips import rendered


def half(path):
    image = oiio.ImageBuf(str(path))
    assert not image.has_error, image.geterror()
    return image.get_pixels(oiio.HALF)


@pytest.mark.parametrize("route", ["isolated", "direct"])
@pytest.mark.parametrize("place", ["take", "above"])
def test_a_frame_comes_back_bit_for_bit_where_it_was(talk, route, place):
    d, spoken = talk()
    before = [rendered(d, 86404 + n) for n in range(10)]
    done = submit(spoken, route=route, place=place)
    assert (done["state"], done["place"], done["frames"]) == ("done", place, 14), done
    for number in range(1005, 1019):
        assert np.array_equal(half(done["pattern"] % number), half(d.pattern % number))
    for n in range(10):
        assert np.array_equal(rendered(d, 86404 + n), before[n])


def test_an_upscaled_take_shows_at_the_same_frames(talk):
    d, spoken = talk()
    done = submit(spoken, tool="upscale", params={"scale": 2.0})
    assert done["state"] == "done", done
    image = oiio.ImageBuf(done["pattern"] % 1007)
    assert (image.spec().full_width, image.spec().full_height) == (128, 72)
    assert d.do("[a.start, a.length, a.left]") == [86404, 10, 2]
    assert "sinc" not in done["engine"]


def test_a_graded_clip_goes_above_without_a_second_grade(talk):
    d, spoken = talk()
    d.do("b.gain = 2.0")
    before = rendered(d, 86415)
    done = submit(spoken, 1, route="graded", place="above")
    assert (done["state"], done["place"]) == ("done", "above"), done
    assert d.do("timeline.tracks[2].items[0].gain") == 1.0
    assert np.array_equal(rendered(d, 86415), before)


def test_a_second_run_uses_the_plate_again_and_becomes_version_two(talk):
    d, spoken = talk()
    first = submit(spoken)
    renders = d.do("app.calls.count('Project.StartRendering')")
    second = submit(spoken)
    assert (first["label"], second["label"]) == ("Passthrough v001", "Passthrough v002")
    assert d.do("app.calls.count('Project.StartRendering')") == renders
    assert d.do("len(a.takes)") == 3


def test_results_are_there_after_a_restart_and_a_b_works_on_them(talk, tmp_path):
    d, spoken = talk()
    done = submit(spoken)
    spoken.companion.close()
    again = Talk(tmp_path / "results")
    again.ask("look")
    listed = again.ask("results")
    assert [row["id"] for row in listed] == [done["id"]]
    assert again.ask("show", job=done["id"], shown=False) == {"shown": False}
    assert d.do("a.selected") == 1
    assert again.ask("show", job=done["id"], shown=True) == {"shown": True}
    assert d.do("a.selected") == 2
    compared = again.ask("compare", job=done["id"])
    assert all(Path(compared[name]).is_file() for name in ("before", "after"))
    again.ask("reject", job=done["id"], files=True)
    assert not Path(done["folder"]).exists()
    assert again.ask("results") == []
    again.companion.close()


def test_cancel_keeps_what_is_finished_and_leaves_the_timeline(talk):
    d, spoken = talk()
    clip = spoken.look["clips"][0]["id"]
    job = spoken.ask("submit", clips=[clip], request=request(params={"seconds": 0.2}))[0]
    spoken.job("running")
    spoken.ask("cancel", job=job["id"])
    done = spoken.job(*ENDED)
    assert done["state"] == "cancelled"
    assert d.changed() == set()


def test_an_interrupted_job_goes_on_where_it_stopped(talk, tmp_path):
    d, spoken = talk()
    clip = spoken.look["clips"][0]["id"]
    job = spoken.ask("submit", clips=[clip], request=request(params={"seconds": 0.15}))[0]
    while spoken.job("running")["fraction"] < 0.2:
        pass
    again = Talk(tmp_path / "results")  # as after a crash: nothing is known but what is on disk
    again.ask("look")
    listed = again.ask("results")
    assert (listed[0]["state"], "Resume" in listed[0]["sentence"]) == ("cancelled", True)
    spoken.ask("cancel", job=job["id"])
    spoken.job(*ENDED)
    again.ask("resume", job=job["id"])
    done = again.job(*ENDED)
    assert done["state"] == "done", done
    first = next(e["what"] for e in again.events if "to make" in e["what"])
    assert "14 frames to make" not in first
    assert d.do("a.selected") == 2
    again.companion.close()


def test_a_clip_deleted_meanwhile_parks_the_result_and_it_can_be_placed_later(talk):
    d, spoken = talk()
    clip = spoken.look["clips"][0]["id"]
    spoken.ask("submit", clips=[clip], request=request(params={"seconds": 0.05}))
    spoken.job("running")
    d.do("timeline.tracks[0].items.remove(a)")
    done = spoken.job(*ENDED)
    assert done["state"] == "parked"
    assert "deleted" in done["sentence"]
    d.do("timeline.tracks[0].items.insert(0, a)")
    placed = spoken.ask("place", job=done["id"], place="above")
    assert (placed["state"], placed["place"]) == ("done", "above")


def test_resolve_closed_meanwhile_keeps_the_frames(talk):
    d, spoken = talk()
    clip = spoken.look["clips"][0]["id"]
    spoken.ask("submit", clips=[clip], request=request(params={"seconds": 0.05}))
    spoken.job("running")
    d.simulator.close()
    done = spoken.job(*ENDED)
    assert done["state"] == "failed"
    assert done["hint"]
    assert len(list(Path(done["folder"]).glob("*.exr"))) == 14
    assert store.load(Path(done["folder"]) / store.JOB).result is not None


def companion_process(d, tmp_path):
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    return subprocess.Popen(
        [sys.executable, "-m", "backlot_resolve.companion"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment | {"BACKLOT_RESULTS": str(tmp_path / "results")},
        text=True,
    )


def say(process, number, do, **fields):
    process.stdin.write(json.dumps({"id": number, "do": do, **fields}) + "\n")
    process.stdin.flush()
    for line in process.stdout:
        message = json.loads(line)
        if message.get("id") == number:
            return message["ok"]
    raise AssertionError("it ended")


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_a_companion_that_goes_while_resolve_renders_leaves_nothing_behind(talk, tmp_path, how):
    d, _ = talk()
    d.do("resolve.frame_seconds = 0.15")
    process = companion_process(d, tmp_path)
    clip = say(process, 1, "look")["clips"][0]["id"]
    say(process, 2, "submit", clips=[clip], request=request())
    end = time.monotonic() + 30
    while not d.do("bool(project.running and project.running[0].done)"):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert d.changed()
    if how == "closed":
        process.stdin.close()
        process.wait(20)
    else:
        process.kill()
        process.wait()
        again = companion_process(d, tmp_path)
        say(again, 1, "look")
        again.stdin.close()
        again.wait(20)
    assert d.changed() == set()
    process.stdout.close()


def test_preview_disturbs_nothing_when_files_can_be_read(talk):
    d, spoken = talk()
    clip = spoken.look["clips"][0]["id"]
    d.do("app.calls.clear()")
    made = spoken.ask("preview", clip=clip, frame=86406, request=request(tool="upscale"))
    assert made["number"] == 1009
    assert oiio.ImageBuf(made["after"]).spec().width == 128
    assert d.changed() == set()
    assert not any("Render" in call or "CreateEmpty" in call for call in d.do("app.calls"))


def test_of_previews_that_wait_only_the_newest_is_made(talk):
    d, spoken = talk()
    clip = spoken.look["clips"][0]["id"]
    d.do("resolve.open.clear()")
    spoken.companion.handle({"id": "hold", "do": "look"})
    for number in ("a", "b", "c", "d"):
        asked = request(route="graded", place="above")
        spoken.companion.handle({"id": number, "do": "preview", "clip": clip, "request": asked})
    d.do("resolve.open.set()")
    answers = {n: spoken._until(lambda m, n=n: m.get("id") == n) for n in ("b", "c", "d")}
    assert answers["b"]["error"]["code"] == answers["c"]["error"]["code"] == "superseded"
    assert "ok" in answers["d"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"tool": "nothing"}, "nothing"),
        ({"params": {"strength": 2}}, "strength"),
        ({"route": "graded", "place": "take"}, "twice"),
        ({"route": "elsewhere"}, "elsewhere"),
    ],
)
def test_a_job_that_cannot_be_is_refused_at_once(talk, fields, says):
    d, spoken = talk()
    clip = spoken.look["clips"][0]["id"]
    answer = spoken.try_("submit", clips=[clip], request=request(**fields))
    answer = answer if "error" in answer else {"error": spoken.job(*ENDED)}
    assert says in answer["error"]["sentence"]
    assert d.changed() == set()


# ---- mattes: with fill, where this server has it ----------------------------------------------


@pytest.fixture
def fill(talk):
    def start(**profile):
        d, spoken = talk(**profile)
        if "fill" not in {spec["name"] for spec in spoken.ask("tools")}:
            pytest.skip("this server has no fill")
        return d, spoken

    return start


BOX = {"kind": "box", "points": [[0.25, 0.25], [0.5, 0.6]]}


def outside(shapes, grow=0):
    from backlot_resolve.mattes import rasterise

    cover = rasterise(shapes, 64, 36) > 0
    return ~cover


def test_a_fill_changes_nothing_outside_a_drawn_matte(fill):
    d, spoken = fill()
    done = submit(spoken, tool="fill", handles=0, matte={"source": "drawn", "shapes": [BOX]},
                  params=_no_growth(spoken))  # fmt: skip
    assert done["state"] == "done", done
    for number in range(1007, 1017):
        ours, theirs = half(done["pattern"] % number), half(d.pattern % number)
        kept = outside([BOX])
        assert np.array_equal(ours[kept], theirs[kept])
    assert not np.array_equal(half(done["pattern"] % 1010), half(d.pattern % 1010))


def test_a_fill_by_another_clip_as_matte(fill, tmp_path):
    d, spoken = fill()
    from tests.hosts.resolve.harness import plate

    pattern = plate(tmp_path / "roto", "roto", range(2001, 2011))
    d.do(f"""
from tests.hosts.resolve.model import probe
roto = MediaPoolItem(resolve, "roto.exr", probe({pattern!r}, 2001, 2010, rate))
project.pool.root.items.append(roto)
timeline.tracks[1].items.insert(0, TimelineItem(resolve, timeline, roto, timeline.start + 4, 10, 0))
""")
    for number in range(2001, 2011):
        cover = np.zeros((36, 64, 3), np.float32)
        cover[10:20, 10 + number - 2001 : 30] = 1.0
        out = oiio.ImageBuf(cover)
        out.write(pattern % number, "half")
    spoken.look = spoken.ask("look")
    roto = next(clip for clip in spoken.look["clips"] if clip["name"] == "roto.exr")
    done = submit(spoken, tool="fill", handles=0, params=_no_growth(spoken),
                  matte={"source": "clip", "clip": roto["id"]})  # fmt: skip
    assert done["state"] == "done", done
    for number in range(1007, 1017):
        inside = np.zeros((36, 64), bool)
        inside[10:20, 10 + number - 1007 : 30] = True
        ours, theirs = half(done["pattern"] % number), half(d.pattern % number)
        assert np.array_equal(ours[~inside], theirs[~inside]), number
        assert not np.array_equal(ours[inside], theirs[inside])


def test_a_fill_by_a_matte_sequence_from_disk(fill, tmp_path):
    d, spoken = fill()
    folder = tmp_path / "mattes"
    folder.mkdir()
    for number in range(1007, 1017):
        cover = np.zeros((36, 64, 1), np.float32)
        cover[5:15, number - 1000 : 30] = 1.0
        oiio.ImageBuf(cover).write(str(folder / f"roto.{number}.exr"), "half")
    matte = {"source": "sequence", "path": str(folder / "roto.1007.exr")}
    done = submit(spoken, tool="fill", handles=0, params=_no_growth(spoken), matte=matte)
    assert done["state"] == "done", done
    for number in range(1007, 1017):
        inside = np.zeros((36, 64), bool)
        inside[5:15, number - 1000 : 30] = True
        ours, theirs = half(done["pattern"] % number), half(d.pattern % number)
        assert np.array_equal(ours[~inside], theirs[~inside]), number
        assert not np.array_equal(ours[inside], theirs[inside]), number


@pytest.mark.parametrize(
    ("matte", "says"),
    [
        ({"source": "drawn", "shapes": []}, "drawn"),
        ({"source": "alpha"}, "alpha"),
        ({"source": "sequence", "path": ""}, "sequence"),
    ],
)
def test_a_matte_that_is_not_there_is_a_sentence(talk, matte, says):
    d, spoken = talk()
    done = submit(spoken, tool="upscale", matte=matte)
    assert done["state"] == "failed"
    assert says in done["sentence"]
    assert done["hint"]
    assert d.changed() == set()


def _no_growth(spoken):
    """Fill's parameters with nothing allowed beyond the matte."""
    spec = next(spec for spec in spoken.ask("tools") if spec["name"] == "fill")
    return dict.fromkeys(spec["output"]["grow_params"], 0)
