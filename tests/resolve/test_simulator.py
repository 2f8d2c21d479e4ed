"""Each behaviour the simulator claims, by the mistake that a naive plugin would make.

The number in a test's name is that of the ledger in tests/hosts/resolve/behaviours.py.
"""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest

from tests.hosts.resolve.behaviours import LEDGER


@pytest.fixture
def open_(desk):
    def start(**profile):
        made = desk(connect=False, **profile)
        app = made.application()
        project = app.GetProjectManager().GetCurrentProject()
        return made, app, project, project.GetCurrentTimeline()

    return start


def test_every_claim_has_a_test_or_says_it_is_not_modelled():
    text = Path(__file__).read_text(encoding="utf-8")
    tested = {int(n) for n in re.findall(r"def test_(\d+)_", text)}
    assert {b.number for b in LEDGER if b.modelled} == tested
    assert {b.status for b in LEDGER} <= {"documented", "measured", "assumed"}


def test_01_a_newer_method_is_there_and_none(open_):
    *_, timeline = open_(version="20.3")
    assert hasattr(timeline, "GetSelectedClips")
    with pytest.raises(TypeError):
        timeline.GetSelectedClips()
    assert "GetSelectedClips" not in dir(timeline)
    assert "GetMarkInOut" in dir(timeline)


def test_02_keywords_are_refused(open_):
    _, app, *_ = open_()
    with pytest.raises(TypeError):
        app.OpenPage(page="edit")


def test_03_markers_are_relative_and_items_absolute(open_):
    *_, timeline = open_()
    assert timeline.GetItemListInTrack("video", 1)[0].GetStart() == 86404
    assert list(timeline.GetMarkers()) == [8.0]


def append(project, **entry):
    pool = project.GetMediaPool()
    media = pool.GetRootFolder().GetClipList()[0]
    return pool.AppendToTimeline([{"mediaPoolItem": media, "mediaType": 1, **entry}])


def test_04_the_end_frame_does_not_count(open_):
    *_, project, _ = open_()
    item = append(project, startFrame=1001, endFrame=1011, trackIndex=1, recordFrame=86500)[0]
    assert item.GetDuration() == 10


def test_05_an_overlapping_append_is_dropped(open_):
    *_, project, timeline = open_()
    before = len(timeline.GetItemListInTrack("video", 1))
    answer = append(project, startFrame=1001, endFrame=1011, trackIndex=1, recordFrame=86404)
    assert answer  # looks well
    assert len(timeline.GetItemListInTrack("video", 1)) == before


def test_06_a_ghost_answers_none(open_):
    *_, project, _ = open_()
    ghost = append(project, startFrame=1001, endFrame=1011, trackIndex=1, recordFrame=86404)[0]
    assert ghost.GetDuration() is None
    assert ghost.GetUniqueId() is None


def test_07_nothing_is_none_not_an_empty_list(open_):
    *_, project, timeline = open_()
    timeline.AddTrack("video")
    assert timeline.GetItemListInTrack("video", 3) is None
    assert timeline.GetSelectedClips() is None
    assert project.GetMediaPool().GetSelectedClips() is None


def test_08_the_wrong_page_refuses(open_):
    _, app, project, timeline = open_(page="fairlight")
    items = timeline.GetItemListInTrack("video", 1)
    assert timeline.DeleteClips(items) is False
    assert project.AddRenderJob() == ""
    assert app.OpenPage("deliver")
    assert project.AddRenderJob()


def test_09_a_locked_track_refuses(open_):
    *_, project, timeline = open_()
    timeline.SetTrackLock("video", 1, True)
    assert append(project, startFrame=1001, endFrame=1011, recordFrame=86900) == [None]
    item = timeline.GetItemListInTrack("video", 1)[0]
    assert item.AddTake(item.GetMediaPoolItem()) is False


def test_10_imports_go_where_the_user_is(open_):
    made, _, project, _ = open_()
    pool = project.GetMediaPool()
    folder = pool.AddSubFolder(pool.GetRootFolder(), "Dailies")
    pool.ImportMedia([{"FilePath": made.pattern, "StartIndex": 1001, "EndIndex": 1005}])
    assert len(folder.GetClipList()) == 1


def test_11_a_sequence_counts_as_its_files_do(open_):
    made, _, project, _ = open_()
    Path(made.pattern % 1004).unlink()
    pool = project.GetMediaPool()
    item = pool.ImportMedia([{"FilePath": made.pattern, "StartIndex": 1001, "EndIndex": 1010}])[0]
    facts = item.GetClipProperty()
    assert (facts["Start"], facts["Frames"]) == ("1001", "10")
    assert "[1001-1010]" in facts["File Path"]
    frozen = append(project, startFrame=0, endFrame=4, recordFrame=86900)[0]
    assert frozen.GetLeftOffset() < 0


def test_12_codecs_are_set_by_id(open_):
    *_, project, _ = open_()
    codecs = project.GetRenderCodecs("exr")
    assert codecs["RGB half (ZIP)"] == "RGBHalfZIP"
    assert project.SetCurrentRenderFormatAndCodec("exr", "RGB half (ZIP)") is False
    assert project.SetCurrentRenderFormatAndCodec("exr", "RGBHalfZIP")


def test_13_settings_are_inherited_and_unknown_ones_swallowed(open_, tmp_path):
    made, app, project, _ = open_()
    assert project.SetRenderSettings({"Quality": "best"}) is True
    kept = made.state()["render"]
    assert "Quality" not in kept
    render(
        made,
        app,
        project,
        tmp_path / "r",
        SelectAllFrames=False,
        MarkIn=86404,
        MarkOut=86404,
        whole=False,
    )
    image = oiio.ImageBuf(str(next((tmp_path / "r").iterdir())))
    assert (image.spec().width, image.spec().height) == (32, 18)  # left from the last render


def render(made, app, project, folder, **settings):
    app.OpenPage("deliver")
    project.SetCurrentRenderFormatAndCodec("exr", "RGBHalfZIP")
    whole = {"FormatWidth": 64, "FormatHeight": 36} if settings.pop("whole", True) else {}
    project.SetRenderSettings({"TargetDir": str(folder), "CustomName": "x", **whole, **settings})
    job = project.AddRenderJob()
    assert project.StartRendering([job], False)
    while project.IsRenderingInProgress():
        time.sleep(0.01)
    return project.GetRenderJobStatus(job)


def test_14_status_words_follow_the_language(open_, tmp_path):
    made, app, project, _ = open_(language="zh")
    status = render(made, app, project, tmp_path / "r", SelectAllFrames=True)
    assert status["JobStatus"] != "Complete"
    assert status["CompletionPercentage"] == 100
    made.do("resolve.render_error = 'disk full'")
    assert render(made, app, project, tmp_path / "s", SelectAllFrames=True)["Error"] == "disk full"


def test_15_a_render_shows_the_tracks_above(open_, tmp_path):
    made, app, project, timeline = open_()
    inside = {"SelectAllFrames": False, "MarkIn": 86416, "MarkOut": 86416}
    render(made, app, project, tmp_path / "all", **inside)
    timeline.SetTrackEnable("video", 2, False)
    render(made, app, project, tmp_path / "one", **inside)
    both = [oiio.ImageBuf(str(next((tmp_path / n).iterdir()))).get_pixels() for n in ("all", "one")]
    assert not np.array_equal(*both)
    assert len(list((tmp_path / "all").iterdir())) == 1  # MarkOut counts


def test_16_handles_end_with_the_media(open_):
    *_, timeline = open_()
    item = timeline.GetItemListInTrack("video", 1)[0]
    assert (item.GetLeftOffset(), item.GetRightOffset()) == (6, 14)


def test_17_mixed_rates_come_out_short(open_):
    made, _, project, _ = open_(settings={"timelineFrameRate": "25"})
    made.do("source.media.rate = Rate.parse('24')")
    item = append(project, startFrame=1001, endFrame=1025, trackIndex=1, recordFrame=95000)[0]
    assert item.GetDuration() == 25
    item = append(project, startFrame=1001, endFrame=1002, trackIndex=1, recordFrame=95100)[0]
    assert item.GetDuration() == 1
    made.do("source.media.rate = Rate.parse('30')")
    item = append(project, startFrame=1001, endFrame=1011, trackIndex=1, recordFrame=95200)[0]
    assert item.GetDuration() == 8  # 8.33 floored


def test_18_takes_begin_with_the_second(open_):
    *_, timeline = open_()
    item = timeline.GetItemListInTrack("video", 1)[0]
    assert (item.GetTakesCount(), item.GetSelectedTakeIndex()) == (0, 0)
    assert item.AddTake(item.GetMediaPoolItem(), 3, 12)
    assert (item.GetTakesCount(), item.GetSelectedTakeIndex()) == (2, 2)
    assert item.GetLeftOffset() == 3
    assert item.SelectTakeByIndex(1)
    assert item.GetLeftOffset() == 6
    assert item.DeleteTakeByIndex(2)
    assert item.GetTakesCount() == 1  # still a take selector
    assert item.FinalizeTake()
    assert item.GetTakesCount() == 0


def test_19_the_input_space_can_be_set_in_managed_projects_only(open_):
    *_, project, _ = open_()
    media = project.GetMediaPool().GetRootFolder().GetClipList()[0]
    assert media.SetClipProperty("Input Color Space", "ACEScg") is False
    project.SetSetting("colorScienceMode", "davinciYRGBColorManagedv2")
    assert media.SetClipProperty("Input Color Space", "no such") is False
    assert media.SetClipProperty("Input Color Space", "ACEScg") is True


def test_20_an_untagged_file_shifts_in_a_managed_project(open_, tmp_path):
    managed = {
        "colorScienceMode": "davinciYRGBColorManagedv2",
        "colorSpaceInput": "Rec.709 Gamma 2.4",
        "colorSpaceTimeline": "ACEScct",
        "colorSpaceOutput": "ACEScg",
    }
    made, app, project, _ = open_(settings=managed)
    render(made, app, project, tmp_path / "r", SelectAllFrames=False, MarkIn=86404, MarkOut=86404)
    got = oiio.ImageBuf(str(next((tmp_path / "r").iterdir()))).get_pixels()
    file = oiio.ImageBuf(made.pattern % 1007).get_pixels()
    assert np.abs(got[..., :3] - file)[np.isfinite(got[..., :3])].max() > 0.1


def test_21_replacing_a_clip_changes_every_use(open_, tmp_path):
    from tests.hosts.resolve.harness import plate

    *_, project, timeline = open_()
    other = plate(tmp_path / "other", "other", range(2001, 2031))
    media = project.GetMediaPool().GetRootFolder().GetClipList()[0]
    identity = media.GetUniqueId()
    assert media.ReplaceClip(other % 2001)
    assert media.GetUniqueId() == identity
    item = timeline.GetItemListInTrack("video", 1)[1]
    assert item.GetMediaPoolItem().GetClipProperty("Start") == "2001"


def test_22_one_marker_a_frame(open_):
    *_, timeline = open_()
    assert timeline.AddMarker(8, "Red", "", "", 1, "x") is False
    assert timeline.AddMarker(9, "Red", "", "", 1, "x") is True


def test_23_a_dialog_blocks_and_a_lost_host_answers_none(open_):
    made, _, _, timeline = open_()
    made.do("resolve.open.clear()")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(timeline.GetName()), daemon=True)
    thread.start()
    thread.join(0.2)
    assert not answers
    made.do("resolve.open.set()")
    thread.join(5)
    assert answers == ["Edit"]
    made.simulator.close()
    assert timeline.GetName() is None


def test_25_what_answered_with_an_error_does_not_survive_a_save(open_):
    made, app, project, timeline = open_()
    made.fault(method="MediaPool.AppendToTimeline", answer=[None], after=True)
    append(project, startFrame=1001, endFrame=1011, trackIndex=1, recordFrame=86900)
    assert len(timeline.GetItemListInTrack("video", 1)) == 3
    app.GetProjectManager().SaveProject()
    assert len(timeline.GetItemListInTrack("video", 1)) == 2


def test_26_the_user_edits_meanwhile(open_):
    made, *_, timeline = open_()
    item = timeline.GetItemListInTrack("video", 1)[0]
    made.do("a.start += 100; timeline.tracks[0].items.remove(b)")
    assert item.GetStart() == 86504
    assert len(timeline.GetItemListInTrack("video", 1)) == 1


def test_27_a_composition_that_is_not_rooted_fails_the_render(open_, tmp_path):
    made, app, project, timeline = open_()
    item = timeline.GetItemListInTrack("video", 1)[0]
    assert item.AddFusionComp()
    inside = {"SelectAllFrames": False, "MarkIn": 86404, "MarkOut": 86404}
    assert "Error" not in render(made, app, project, tmp_path / "r", **inside)
    made.do("""a.comps[a.comp] = a.comps[a.comp].replace('SourceOp = "MediaIn1",', "")""")
    assert "not rooted" in render(made, app, project, tmp_path / "s", **inside)["Error"]


@pytest.mark.parametrize("profile", [{"studio": False}, {"external": False}])
def test_28_no_scripting_without_studio_and_permission(desk, profile):
    assert desk(connect=False, **profile).application() is None


def test_29_camera_raw_has_a_path_only(open_):
    made, _, project, _ = open_()
    made.do("source.media.pattern = '/cards/A001.braw'; source.media.codec = 'Blackmagic RAW'")
    media = project.GetMediaPool().GetRootFolder().GetClipList()[0]
    assert media.GetClipProperty("File Path").endswith(".braw")


def test_30_alpha_counts_where_the_clip_says_so_and_is_rendered_where_asked(open_, tmp_path):
    from tests.hosts.resolve.harness import plate

    made, app, project, _ = open_()
    pattern = plate(tmp_path / "a", "a", range(1001, 1031), alpha=True)
    made.do(f"source.media.pattern = {pattern!r}; timeline.tracks[1].enabled = False")
    inside = {"SelectAllFrames": False, "MarkIn": 86404, "MarkOut": 86404}

    def channels(name, **settings):
        render(made, app, project, tmp_path / name, **inside, **settings)
        image = oiio.ImageBuf(str(next((tmp_path / name).iterdir())))
        return image.spec().nchannels, float(image.get_pixels()[0, 0, -1])

    assert channels("off")[0] == 3
    assert channels("ignored", ExportAlpha=True) == (4, 1.0)
    media = project.GetMediaPool().GetRootFolder().GetClipList()[0]
    assert media.SetClipProperty("Alpha mode", "Premultiplied")
    assert channels("on", ExportAlpha=True) == (4, 0.0)


def test_31_a_fresh_timeline_takes_no_clips(open_):
    *_, project, _ = open_()
    pool = project.GetMediaPool()
    fresh = pool.CreateEmptyTimeline("new")
    assert append(project, startFrame=1001, endFrame=1011) == []
    project.SetCurrentTimeline(fresh)
    assert append(project, startFrame=1001, endFrame=1011)[0].GetDuration() == 10


def test_32_a_new_timeline_opens(open_):
    *_, project, _ = open_()
    project.GetMediaPool().CreateEmptyTimeline("new")
    assert project.GetCurrentTimeline().GetName() == "new"


def test_33_without_a_window_there_is_no_page_and_jobs_are_added(open_):
    _, app, project, _ = open_(headless=True)
    assert app.GetCurrentPage() is None
    assert app.OpenPage("deliver") is False
    assert project.AddRenderJob()


def test_34_without_a_window_no_take_is_added(open_):
    *_, timeline = open_(headless=True)
    item = timeline.GetItemListInTrack("video", 1)[0]
    assert item.AddTake(item.GetMediaPoolItem()) is False
    assert item.GetTakesCount() == 0


def test_35_an_imported_composition_is_one_more(open_, tmp_path):
    *_, timeline = open_()
    item = timeline.GetItemListInTrack("video", 1)[0]
    item.AddFusionComp()
    path = tmp_path / "c.comp"
    assert item.ExportFusionComp(str(path), 1)
    assert item.ImportFusionComp(str(path))
    assert item.GetFusionCompNameList() == ["Composition 1", "Composition 2"]
    assert item.LoadFusionCompByName("Composition 1")
    assert item.LoadFusionCompByName("none") is None
    path.write_text("not a composition")
    assert item.ImportFusionComp(str(path)) is None


def test_36_a_job_tells_what_it_was_added_with(open_):
    _, app, project, _ = open_()
    app.OpenPage("deliver")
    project.SetRenderSettings({"TargetDir": "/somewhere", "MarkIn": 86404, "MarkOut": 86410})
    job = project.AddRenderJob()
    told = next(each for each in project.GetRenderJobList() if each["JobId"] == job)
    assert (told["TargetDir"], told["MarkIn"], told["MarkOut"]) == ("/somewhere", 86404, 86410)


def test_what_is_not_modelled_fails_loudly(open_):
    *_, timeline = open_()
    with pytest.raises(RuntimeError, match="NotModelled"):
        timeline.DetectSceneCuts()
