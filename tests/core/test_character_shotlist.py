"""Shot lists: folders, tables and timelines of real shows, and what is wrong in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backlot.character import timeline
from backlot.character.shotlist import Shot, read
from backlot.errors import InvalidInput, NotFound, UnreadableFile


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_each_sub_folder_is_a_shot(tmp_path: Path) -> None:
    touch(tmp_path, *(f"sh020/plate.{n}.exr" for n in range(1001, 1004)))
    touch(tmp_path, *(f"sh020/roto.{r}.{n}.exr" for n in (1001, 1002) for r in ("coat", "face")))
    touch(tmp_path, "sh010/comp/a.0010.dpx", "sh010/masks/m.0010.exr", "sh010/notes.txt")
    touch(tmp_path, "sh030/grade.mov", "empty/readme.txt", ".hidden/plate.1001.exr")
    first, second, third = read(tmp_path)
    assert (first.name, first.plate) == ("sh010", str(tmp_path / "sh010/comp/a.####.dpx"))
    assert first.mattes == str(tmp_path / "sh010/masks/m.####.exr")
    assert second.plate == str(tmp_path / "sh020/plate.####.exr")
    assert second.mattes == str(tmp_path / "sh020/roto.{region}.####.exr")
    assert second.numbers == (1001, 1002, 1003)
    assert third.plate == str(tmp_path / "sh030/grade.mov")


def test_one_folder_of_sequences_is_one_shot(tmp_path: Path) -> None:
    touch(tmp_path, "sh010/plate/a.0001.exr", "sh010/roto/a.0001.exr")
    (shot,) = read(tmp_path / "sh010")
    assert (shot.name, shot.mattes) == ("sh010", str(tmp_path / "sh010/roto/a.####.exr"))


def test_two_plates_in_a_shot_are_a_question(tmp_path: Path) -> None:
    touch(tmp_path, "sh010/one.0001.exr", "sh010/two.0001.exr")
    touch(tmp_path, "sh010/sub/readme.txt")
    with pytest.raises(InvalidInput, match=r"2 sequences .*: one\.####\.exr, two\.####\.exr"):
        read(tmp_path / "sh010")


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table(tmp_path: Path, mark: str) -> None:
    rows = [
        ("Shot", "Plate", "Mattes", "Range", "Costume", "Note"),
        ("sh010", "a/p.####.exr", "a/{region}.####.exr", "1001-1003", "armour", "first"),
        ("", "", "", "", "", ""),
        ("sh010", "/abs/q.%04d.exr", "{shot}/m.####.exr", "", "", ""),
        ("s/h 30", "b/r.exr", "", "5", "", ""),
    ]
    path = tmp_path / "shots.csv"
    path.write_text("\ufeff" + "\r\n".join(mark.join(row) for row in rows))
    first, second, third = read(path, mattes="all/{shot}.{region}.####.exr")
    assert first == Shot(
        "sh010",
        str(tmp_path / "a/p.####.exr"),
        str(tmp_path / "a/{region}.####.exr"),
        (1001, 1002, 1003),
        "armour",
    )
    assert (second.name, second.plate) == ("sh010_2", "/abs/q.%04d.exr")
    assert second.mattes == str(tmp_path / "sh010/m.####.exr")
    assert (third.name, third.frames) == ("s_h_30", (5,))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column called plate"),
        ("shot,frames\na,1-3\n", "no column called plate"),
        ("shot,plate\na,\n", "Line 2 of shots.csv names no plate"),
        ("shot,plate,frames\na,b.####.exr,1-x\n", "Line 2 of shots.csv: '1-x' is not a frame"),
    ],
)
def test_what_is_wrong_in_a_table_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "shots.csv"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=said):
        read(path)


def test_lists_that_are_not_there_or_no_lists(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"gone\.csv is not there"):
        read(tmp_path / "gone.csv")
    (tmp_path / "latin.csv").write_bytes("shot;plate\nfür;a\n".encode("latin-1"))
    with pytest.raises(UnreadableFile, match=r"latin\.csv cannot be read"):
        read(tmp_path / "latin.csv")
    with pytest.raises(NotFound, match="names no shots"):
        read(tmp_path)
    with pytest.raises(NotFound, match="Nothing is at"):
        read(tmp_path / "plate.####.exr")
    with pytest.raises(NotFound, match="Shot a has no frames"):
        _ = Shot("a", str(tmp_path / "p.####.exr")).numbers


# ---- timelines --------------------------------------------------------------------------------


def span(start: float, duration: float, rate: float = 24.0) -> dict[str, Any]:
    def time(value: float) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": rate}

    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": time(start),
        "duration": time(duration),
    }


def clip(name: str, media: dict[str, Any], source: dict[str, Any] | None, **more: Any) -> Any:
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": name,
        "source_range": source,
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "metadata": {},
        **more,
    }


def images(base: str, start: int, available: Any, step: int = 1) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "ImageSequenceReference.1",
        "target_url_base": base,
        "name_prefix": "plate.",
        "name_suffix": ".exr",
        "start_frame": start,
        "frame_step": step,
        "rate": 24.0,
        "frame_zero_padding": 4,
        "available_range": available,
    }


def cut(path: Path, *clips: Any, kind: str = "Video") -> Path:
    track = {"OTIO_SCHEMA": "Track.1", "kind": kind, "children": list(clips)}
    stack = {"OTIO_SCHEMA": "Stack.1", "children": [track]}
    timeline = {"OTIO_SCHEMA": "Timeline.1", "name": "cut", "tracks": stack}
    path.write_text(json.dumps(timeline))
    return path


def test_clips_of_a_timeline(tmp_path: Path) -> None:
    old = {
        "OTIO_SCHEMA": "Clip.1",
        "name": "movie",
        "source_range": span(3610, 10, 25.0),
        "media_reference": {
            "OTIO_SCHEMA": "ExternalReference.1",
            "target_url": "file:///media/my%20clip.mov",
            "available_range": span(3600, 500, 25.0),
        },
    }
    path = cut(
        tmp_path / "cut.otio",
        clip("sh010", images("file:///s/a/", 1001, span(86400, 100)), span(86410, 3)),
        {"OTIO_SCHEMA": "Gap.1", "source_range": span(0, 5)},
        clip(
            "sh020",
            images("s/b", 10, span(0, 40), step=2),
            span(4, 6),
            metadata={"backlot": {"mattes": "m/{shot}.####.exr", "costume": "armour"}},
        ),
        clip("lost", {"OTIO_SCHEMA": "MissingReference.1"}, span(0, 5)),
        {"OTIO_SCHEMA": "Transition.1"},
        {"OTIO_SCHEMA": "Stack.1", "children": [{"OTIO_SCHEMA": "Track.1", "children": [old]}]},
    )
    first, second, movie = read(path)
    assert (first.plate, first.frames) == ("/s/a/plate.####.exr", (1011, 1012, 1013))
    assert (second.plate, second.frames) == (str(tmp_path / "s/b/plate.####.exr"), (14, 16, 18))
    assert (second.mattes, second.costume) == (str(tmp_path / "m/sh020.####.exr"), "armour")
    assert (movie.plate, movie.frames) == ("/media/my clip.mov", tuple(range(11, 21)))


def test_a_sequence_as_a_file_with_frames_as_time(tmp_path: Path) -> None:
    touch(tmp_path, *(f"p.{n}.exr" for n in range(1001, 1021)))
    media = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": "p.%04d.exr"}
    (by_number,) = read(cut(tmp_path / "a.otio", clip("a", media, span(1005, 3))))
    assert by_number.frames == (1005, 1006, 1007)
    (by_offset,) = read(cut(tmp_path / "b.otio", clip("a", media, span(4, 3))))
    assert by_offset.frames == (1005, 1006, 1007)
    (whole,) = read(cut(tmp_path / "c.otio", clip("a", media, None)))
    assert whole.numbers == tuple(range(1001, 1021))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"OTIO_SCHEMA": "Clip.1"}', '{"a": 1}', "\x00\x01"]
)
def test_what_is_no_timeline_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "cut.otio").write_text(text)
    with pytest.raises(UnreadableFile, match=r"cut\.otio is no OpenTimelineIO"):
        read(tmp_path / "cut.otio")


def test_media_on_the_web_and_sound_alone(tmp_path: Path) -> None:
    media = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": "https://example.com/a.mov"}
    with pytest.raises(InvalidInput, match="not on a disk"):
        read(cut(tmp_path / "a.otio", clip("a", media, None)))
    with pytest.raises(NotFound, match="names no shots"):
        read(cut(tmp_path / "b.otio", clip("a", media, None), kind="Audio"))


def markers(path: Path, at: int = 0) -> list[Any]:
    track = json.loads(path.read_text())["tracks"]["children"][0]
    return track["children"][at]["markers"]


def test_marks_go_into_the_timeline_on_the_media_s_frames(tmp_path: Path) -> None:
    own = {"OTIO_SCHEMA": "Marker.2", "name": "editor's", "metadata": {}}
    source = cut(
        tmp_path / "cut.otio",
        clip(
            "sh010",
            images("file:///s/a/", 1001, span(86400, 100)),
            span(86410, 30),
            markers=[own],
            effects=["kept"],
        ),
    )
    shots = read(source)
    mark = timeline.Mark("sh010", 1015, 1018, "Hero: coat changed", "redder by 5.1 dE2000")
    for _ in range(2):  # again: not twice
        timeline.write_markers(tmp_path / "out.otio", [mark], shots, source)
        source = tmp_path / "out.otio"
    kept, ours = markers(tmp_path / "out.otio")
    assert kept == own
    assert (ours["name"], ours["color"]) == ("Hero: coat changed", "RED")
    assert ours["marked_range"]["start_time"]["value"] == 86414
    assert ours["marked_range"]["duration"]["value"] == 4
    assert "kept" in (tmp_path / "out.otio").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.otio", "out.otio"]


def test_a_new_timeline_is_read_back_as_the_same_shots(tmp_path: Path) -> None:
    touch(tmp_path, *(f"s/p.{n}.exr" for n in range(1001, 1021)))
    shots = read(tmp_path / "s" / "p.####.exr")
    mark = timeline.Mark("p", 1003, 1004, "Hero", "greener")
    timeline.write_markers(tmp_path / "out.otio", [mark], shots)
    (back,) = read(tmp_path / "out.otio")
    assert (back.name, back.plate, back.frames) == ("p", shots[0].plate, tuple(range(1001, 1021)))
    library = pytest.importorskip("opentimelineio")
    (found,) = library.adapters.read_from_file(str(tmp_path / "out.otio")).find_clips()
    (marker,) = found.markers
    assert found.media_reference.frame_for_time(marker.marked_range.start_time) == 1003
