"""A result inside the clip's Fusion composition, and what is refused there."""

from __future__ import annotations

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from backlot_resolve import composition, landing, plates, takes
from backlot_resolve.errors import Refused
from backlot_resolve.frames import Source, Span

from tests.hosts.resolve.fusion import PASS_THROUGH, check, parse

from .trips import as_result, back, item, out, pixels, rendered


def painted(d, plate, job="job-1"):
    """A result that differs from its plate, in every frame in another way."""
    result = as_result(d, plate, job)
    for number in range(plate.span.first.frame, plate.span.end.frame):
        found = pixels(result.pattern % number).copy()
        found[10:20, 10:20] = number / 1000
        made = oiio.ImageBuf(oiio.ImageSpec(64, 36, 3, "half"))
        made.set_pixels(oiio.ROI(0, 64, 0, 36), found.astype(np.float32))
        made.write(result.pattern % number)
    return result


def test_the_composition_shows_the_result_to_the_frame(desk):
    d = desk()
    edit, clip, plate = out(d, handles=3)
    result = painted(d, plate)
    placed = back(d, edit, clip, plate, result, landing.FUSION)
    assert (placed.place, placed.reason, placed.notes) == ("fusion", "", [])
    d.do("timeline.tracks[1].enabled = False")
    for n in range(10):
        assert np.array_equal(rendered(d, 86404 + n), pixels(result.pattern % (1007 + n))), n
    assert d.do("[a.start, a.length, a.left, len(a.takes)]") == [86404, 10, 6, 0]


def test_a_b_is_choosing_the_composition(desk):
    d = desk()
    before = rendered(d, 86404)
    edit, clip, plate = out(d)
    placed = back(d, edit, clip, plate, painted(d, plate), landing.FUSION)
    after = rendered(d, 86404)
    assert not np.array_equal(before, after)

    def show(shown):
        assert takes.show(d.scripting, edit.timeline_id, placed, clip.media_id, shown)
        return rendered(d, 86404)

    assert np.array_equal(show(False), before)
    assert np.array_equal(show(True), after)
    d.do(f"a.DeleteFusionCompByName({placed.comps[0]!r})")
    assert not takes.show(d.scripting, edit.timeline_id, placed, clip.media_id, True)


def test_the_artists_own_composition_stays_and_its_copy_goes_on_from_the_result(desk):
    d = desk()
    theirs = PASS_THROUGH.replace(
        "\t\tMediaOut1",
        """\t\tMix = Dissolve { Inputs = {
\t\t\tMix = Input { Value = 0.5, }, Background = Input { SourceOp = "MediaIn1", },
\t\t\tForeground = Input { SourceOp = "MediaIn1", }, }, },\n\t\tMediaOut1""",
    ).replace('SourceOp = "MediaIn1",\n\t\t\t\t\tSource', 'SourceOp = "Mix",\n\t\t\t\t\tSource')
    d.do(f"a.comps = {{'Glow': {theirs!r}}}; a.comp = 'Glow'")
    edit, clip, plate = out(d)
    result = painted(d, plate)
    placed = back(d, edit, clip, plate, result, landing.FUSION)
    assert placed.comps == ("Backlot fill v001", "Glow"), placed.reason
    assert item(d, 0, 0)["comps"]["Glow"] == theirs
    assert np.array_equal(rendered(d, 86404), pixels(result.pattern % 1007))
    again = back(d, edit, clip, plate, painted(d, plate, "job-2"), landing.FUSION)
    assert again.comps == ("Backlot fill v001 (2)", "Glow"), again.reason


@pytest.mark.parametrize(
    ("user_did", "says"),
    [
        ("project.settings['colorScienceMode'] = 'davinciYRGBColorManagedv2'", "colour-managed"),
        ("source.media.rate = Rate.parse('48')", "another rate"),
        ("a.AddFusionComp(); a.AddFusionComp()", "2 Fusion compositions"),
        ("a.AddFusionComp(); a.comps[a.comp] = 'Composition { Tools = ordered() { } }'", "MediaIn"),
        ("timeline.tracks[0].locked = True", "locked"),
    ],
)
def test_what_fusion_could_not_show_rightly_waits_in_the_bin(desk, user_did, says):
    d = desk()
    d.do(user_did)
    edit, clip, plate = out(d, route=plates.DIRECT)
    before = d.state()
    placed = back(d, edit, clip, plate, as_result(d, plate), landing.FUSION)
    assert (placed.place, says in placed.reason) == ("bin", True), placed.reason
    assert d.state()["timelines"] == before["timelines"]


def test_a_larger_result_is_not_put_into_a_smaller_composition(desk):
    d = desk()
    edit, clip, plate = out(d)
    result = as_result(d, plate)
    for number in range(plate.span.first.frame, plate.span.end.frame):
        oiio.ImageBuf(oiio.ImageSpec(128, 72, 3, "half")).write(result.pattern % number)
    placed = back(d, edit, clip, plate, result, landing.FUSION)
    assert (placed.place, "128x72" in placed.reason) == ("bin", True)


def test_what_is_written_can_be_read_and_is_rooted():
    span, window = Span(Source(1005), Source(1019)), Span(Source(1007), Source(1017))
    text = composition.splice(PASS_THROUGH, '/a "b"/r.1005.exr', span, window)
    check(text)
    loader = parse(text)["Tools"]["BacklotTake1"]["Clips"][0]
    assert loader["Filename"] == '/a "b"/r.1005.exr'
    assert [loader[k] for k in ("StartFrame", "Length", "TrimIn", "TrimOut", "GlobalEnd")] == [
        1005, 14, 2, 11, 9,
    ]  # fmt: skip
    with pytest.raises(Refused, match="MediaIn"):
        composition.splice("Composition { Tools = ordered() { } }", "/a.exr", span, window)
