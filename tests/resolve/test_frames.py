from fractions import Fraction

import pytest
from backlot_resolve.frames import (
    Offset,
    Placement,
    Record,
    Relative,
    Source,
    Span,
    Timebase,
    check_speed,
)
from backlot_resolve.timecode import Rate
from hypothesis import given
from hypothesis import strategies as st

from backlot.errors import InvalidInput, Unsupported

RATES = [Rate.parse(text) for text in ("23.976", 24, 25, "29.97", "29.97 DF", 30, 50)]
RATES += [Rate.parse(text) for text in ("59.94", "59.94 DF", 60, "47.952", "119.88 DF")]
rates = st.sampled_from(RATES)
frames = st.integers(0, 24 * 3600 * 24 - 1)


@given(rates, frames)
def test_timecode_round_trip(rate, frame):
    assert rate.frame(rate.timecode(frame)) == frame


@given(rates, st.integers(0, 200_000))
def test_labels_rise_with_frames(rate, frame):
    first, second = (
        [int(part) for part in rate.timecode(n).replace(";", ":").split(":")]
        for n in (frame, frame + 1)
    )
    assert first < second


@pytest.mark.parametrize(
    ("rate", "label", "frame"),
    [
        ("24", "01:00:00:00", 86400),
        ("25", "01:00:00:00", 90000),
        ("23.976", "01:00:00:00", 86400),
        ("29.97", "01:00:00:00", 108000),
        ("29.97 DF", "01:00:00;00", 107892),
        ("29.97 DF", "00:00:59;29", 1799),
        ("29.97 DF", "00:01:00;02", 1800),
        ("29.97 DF", "00:10:00;00", 17982),
        ("59.94 DF", "00:01:00;04", 3600),
        ("59.94 DF", "01:00:00;00", 215784),
    ],
)
def test_known_labels(rate, label, frame):
    assert Rate.parse(rate).frame(label) == frame
    assert Rate.parse(rate).timecode(frame) == label


def test_drop_frame_hour_is_an_hour():
    rate = Rate.parse("29.97 DF")
    seconds = rate.frame("10:00:00;00") / rate.fps
    assert abs(seconds - 36000) < Fraction(1, 20)


@pytest.mark.parametrize("label", ["00:01:00;00", "00:01:00;01", "00:59:00;01"])
def test_left_out_labels_are_refused(label):
    with pytest.raises(InvalidInput, match="leaves out"):
        Rate.parse("29.97 DF").frame(label)


@pytest.mark.parametrize("label", ["1:00:00:00", "00:00:00:24", "00:61:00:00", "garbage"])
def test_impossible_labels_are_refused(label):
    with pytest.raises(InvalidInput):
        Rate.parse(24).frame(label)


@pytest.mark.parametrize(("text", "fps"), [("23.98", "24000/1001"), ("59.9401", "60000/1001")])
def test_rounded_rates_are_the_exact_ones(text, fps):
    assert Rate.parse(text).fps == Fraction(fps)
    assert Rate.parse("12.5").fps == Fraction(25, 2)


def test_there_is_no_drop_frame_at_24():
    with pytest.raises(InvalidInput, match="drop-frame"):
        Rate.parse("24 DF")


def test_spaces_do_not_mix():
    with pytest.raises(TypeError):
        Record(10) - Relative(3)
    with pytest.raises(TypeError):
        Record(10) + Record(3)
    with pytest.raises(TypeError):
        Record(10) < Source(11)  # noqa: B015
    with pytest.raises(TypeError):
        Span(Record(1), Source(5))
    assert Record(10) != Source(10)
    assert Record(10) - Record(3) == 7
    with pytest.raises(InvalidInput):
        Record(1.5)


@given(rates, frames, st.integers(0, 100_000))
def test_relative_and_record_are_inverse(rate, start, frame):
    base = Timebase(rate, Record(start))
    assert base.relative(base.record(Relative(frame))) == Relative(frame)
    assert base.record(Relative(0)) == Record(start)


def test_timeline_that_starts_at_ten_hours():
    rate = Rate.parse("29.97 DF")
    base = Timebase(rate, Record(rate.frame("10:00:00;00")))
    assert base.timecode(base.record(Relative(1800))) == "10:01:00;02"
    assert base.relative(base.at("10:01:00;02")) == Relative(1800)


def placement(rate="24", media_rate="24", first=1001, count=200, left=20, start=86400, length=48):
    return Placement(
        Span(Record(start), Record(start + length)),
        Offset(left),
        Span(Source(first), Source(first + count)),
        Rate.parse(rate),
        Rate.parse(media_rate),
    )


def test_a_sequence_that_starts_at_1001():
    clip = placement()
    assert clip.source(Record(86400)) == Source(1021)
    assert clip.used() == Span(Source(1021), Source(1069))
    assert clip.offset(Record(86410)) == Offset(30)
    assert clip.offset_of(Source(1021)) == clip.left


def test_handles_end_where_the_media_ends():
    assert placement().with_handles(8) == Span(Source(1013), Source(1077))
    assert placement(left=3).with_handles(8) == Span(Source(1001), Source(1060))
    assert placement(left=150).with_handles(8) == Span(Source(1143), Source(1201))


@given(rates, rates, st.integers(0, 2000), st.integers(0, 500), st.integers(0, 1 << 20), st.data())
def test_every_shown_frame_is_found_again(rate, media_rate, first, left, start, data):
    clip = Placement(
        Span(Record(start), Record(start + 96)),
        Offset(left),
        Span(Source(first), Source(first + 5000)),
        rate,
        media_rate,
    )
    position = Record(start + data.draw(st.integers(0, 95)))
    source = clip.source(position)
    assert source in clip.used()
    again = clip.first_record(source)
    assert again <= position
    assert clip.source(again) == source
    assert again == clip.record.first or clip.source(again - 1) < source


def test_mixed_rates_are_by_time():
    clip = placement(rate="25", media_rate="50", left=0, length=25)
    assert clip.used() == Span(Source(1001), Source(1050))
    with pytest.raises(InvalidInput, match="does not show"):
        clip.first_record(Source(1002))
    slow = placement(rate="24", media_rate="12", left=0, length=24)
    assert [slow.source(Record(86400 + n)).frame for n in range(4)] == [1001, 1001, 1002, 1002]


@pytest.mark.parametrize("end", [1069, 1068])
def test_normal_speed_passes_whether_or_not_the_end_counts(end):
    check_speed(48, 1021, end, Fraction(1), "a")


@pytest.mark.parametrize(
    ("start", "end", "says"), [(0, 96, "200%"), (0, 24, "50%"), (48, 0, "back")]
)
def test_retimes_are_refused_with_a_sentence(start, end, says):
    with pytest.raises(Unsupported, match=says) as caught:
        check_speed(48, start, end, Fraction(1), "A003_C012")
    assert "A003_C012" in str(caught.value)
    assert "as graded" in caught.value.hint


def test_seconds_find_a_retime_of_one_frame():
    check_speed(25, 0, 24, Fraction(1), "a")  # by frames it cannot be told
    with pytest.raises(Unsupported, match="96%"):
        check_speed(25, 0, 24.0, Fraction(1), "a", exact=True)
    check_speed(25, 0, 25.02, Fraction(1), "a", exact=True)
