"""Frames out: exact frames, exact pixels, and the project as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from backlot_resolve import landing, plates
from backlot_resolve.errors import Busy, Refused
from backlot_resolve.frames import Source, Span

from backlot.errors import Cancelled, InvalidInput, MissingFrame, Unsupported

from .trips import as_result, back, clip_of, item, out, pixels, rendered


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


RATES = "16 18 23.976 24 25 29.97 30 47.952 48 50 59.94 60 72 95.904 96 100 119.88 120"


@pytest.mark.parametrize(
    ("rate", "drop"),
    [(rate, False) for rate in RATES.split()] + [(rate, True) for rate in ("29.97", "59.94")],
)
def test_every_rate_is_frame_accurate(desk, rate, drop):
    """An hour is nominal x 3600 frames, less what drop-frame leaves out: two labels a minute at
    30, but for every tenth."""
    nominal = round(float(rate))
    start = nominal * 3600 - (54 * 2 * nominal // 30 if drop else 0)
    d = desk(settings={"timelineFrameRate": rate, "timelineDropFrameTimecode": str(int(drop))})
    edit, clip, plate = out(d)
    assert edit.base.start.frame == start
    assert edit.base.timecode(edit.base.start) == ("01:00:00;00" if drop else "01:00:00:00")
    for number in (1007, 1016):
        assert np.array_equal(pixels(plate.pattern % number), pixels(d.pattern % number))
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.ABOVE)
    assert placed.place == landing.ABOVE, placed.reason
    assert item(d, 2, 0)["span"][:2] == [start + 4, 10]


@pytest.mark.parametrize(
    ("timeline", "media"),
    [("24", "23.976"), ("25", "24"), ("24", "48"), ("30", "24"), ("23.976", "29.97"),
     ("29.97", "23.976"), ("50", "25"), ("60", "23.976"), ("24", "25")],
)  # fmt: skip
@pytest.mark.parametrize("place", [landing.TAKE, landing.ABOVE])
def test_mixed_rates_show_the_same_media_frame_on_every_timeline_frame(
    desk, timeline, media, place
):
    d = desk(settings={"timelineFrameRate": timeline})
    d.do(f"source.media.rate = Rate.parse('{media}'); a.left = 0; timeline.tracks[1].items.clear()")
    start = d.do("a.start")
    before = [rendered(d, start + n) for n in range(10)]
    edit, clip, plate = out(d, handles=4)
    placed = back(d, edit, clip, plate, as_result(d, plate), place)
    assert placed.place == place, placed.reason
    d.do("a.enabled = True" if place == landing.TAKE else "a.enabled = False")
    for n in range(10):
        assert np.array_equal(rendered(d, start + n), before[n]), n


@pytest.mark.parametrize("page", ["media", "cut", "fusion", "color", "fairlight", "deliver"])
def test_from_every_page_and_language_and_back_to_it(desk, page):
    d = desk(page=page, language="zh")
    edit, clip, plate = out(d)
    assert np.array_equal(pixels(plate.pattern % 1010), pixels(d.pattern % 1010))
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.ABOVE)
    assert placed.place == landing.ABOVE, placed.reason
    assert d.state()["page"] == page
    assert d.changed() == {"timelines"}


def test_a_resolve_without_a_window_renders_and_is_left_as_it_was(desk):
    d = desk(headless=True)
    edit, clip, plate = out(d)
    assert np.array_equal(pixels(plate.pattern % 1010), pixels(d.pattern % 1010))
    assert d.changed() == set()
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.TAKE)
    assert (placed.place, bool(placed.reason)) == ("bin", True)  # it adds no takes there
    placed = back(d, edit, clip, plate, as_result(d, plate, "job-2"), landing.ABOVE)
    assert placed.place == landing.ABOVE, placed.reason


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
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.TAKE)
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
    back(d, edit, clip, plate, as_result(d, plate), landing.TAKE)
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
        ("import tests.hosts.resolve.project as p; p.CODECS['exr'] = {}", Refused, "OpenEXR half"),
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
