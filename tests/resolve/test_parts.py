"""A marked part of a clip: out, back on the track above, and edits meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from backlot_resolve import edit as editing
from backlot_resolve import landing, plates
from backlot_resolve.errors import Changed
from backlot_resolve.frames import Record, Source, Span

from backlot.errors import InvalidInput

from .trips import as_result, back, item, pixels


def part_out(d, first, end, route=plates.ISOLATED, index=0, **options):
    """Frames of the timeline, counted from its start."""
    edit = editing.read(d.scripting)
    start = edit.base.start
    part = edit.clips[index].part(Span(start + first, start + end))
    plate = plates.take_out(d.renderer, edit, part, route, d.folder / "part", **options)
    return edit, part, plate


def test_only_the_marked_frames_go_out_and_land_where_they_were(desk):
    d = desk()
    edit, part, plate = part_out(d, 6, 9, handles=1)
    assert plate.needed == Span(Source(1009), Source(1012))
    assert plate.span == Span(Source(1008), Source(1013))
    assert sorted(p.name for p in (d.folder / "part").glob("*.exr")) == [
        f"plate.{n}.exr" for n in range(1008, 1013)
    ]
    assert np.array_equal(pixels(plate.pattern % 1009), pixels(d.pattern % 1009))
    placed = back(d, edit, part, plate, as_result(d, plate), landing.ABOVE)
    assert (placed.place, placed.reason) == (landing.ABOVE, "")
    assert item(d, 2, 0)["span"] == [86406, 3, 1]


def test_as_graded_takes_the_part_as_it_shows(desk):
    d = desk()
    d.do("b.gain = 2.0")
    _, part, plate = part_out(d, 16, 19, plates.GRADED, 1)
    assert (len(plate.span), part.record.first) == (3, Record(86416))
    wanted = (pixels(d.pattern % 1005).astype(np.float32) * 2.0).astype(np.float16)
    assert np.array_equal(pixels(plate.pattern % 1005), wanted)


def test_a_range_over_all_of_a_clip_is_the_clip(desk):
    d = desk()
    clip = editing.read(d.scripting).clips[0]
    assert clip.part(Span(Record(1), Record(10**6))) is clip
    d.do("source.media.rate = Rate.parse('48')")
    clip = editing.read(d.scripting).clips[0]
    assert clip.part(Span(clip.record.first + 2, clip.record.first + 4)) is clip


@pytest.mark.parametrize("place", landing.IN_CLIP)
def test_a_part_is_nothing_that_stands_for_the_whole_clip(desk, place):
    d = desk()
    edit, part, plate = part_out(d, 6, 9)
    before = d.state()
    with pytest.raises(InvalidInput, match="part"):
        back(d, edit, part, plate, as_result(d, plate), place)
    assert d.state() == before


@pytest.mark.parametrize(
    ("user_did", "wanted"),
    [
        ("a.start += 100", [86506, 3, 0]),
        ("a.start += 1; a.left += 1; a.length -= 1", [86406, 3, 0]),
        ("a.start += 3; a.left += 3; a.length -= 3", [86407, 2, 1]),
        ("a.length = 4", [86406, 2, 0]),
    ],
)
def test_a_part_follows_its_clip_as_far_as_it_shows(desk, user_did, wanted):
    d = desk()
    edit, part, plate = part_out(d, 6, 9)
    d.do(user_did)
    placed = back(d, edit, part, plate, as_result(d, plate), landing.ABOVE)
    assert item(d, 2, 0)["span"] == wanted, placed.reason


def test_a_part_that_was_trimmed_away_waits_in_its_bin(desk):
    d = desk()
    edit, part, plate = part_out(d, 6, 9)
    d.do("a.length = 2")
    placed = back(d, edit, part, plate, as_result(d, plate), landing.ABOVE)
    assert placed.place == landing.BIN
    assert "does not show this part" in placed.reason


def test_a_graded_part_of_a_trimmed_clip_waits_in_its_bin(desk):
    d = desk()
    edit, part, plate = part_out(d, 16, 19, plates.GRADED, 1)
    d.do("b.length -= 1")
    placed = back(d, edit, part, plate, as_result(d, plate), landing.ABOVE)
    assert (placed.place, "trimmed" in placed.reason) == (landing.BIN, True)
    assert Changed.code == "host-changed"
