"""OpenTimelineIO: shots out of a timeline, and what was found back into it as markers.

The .otio file is plain JSON, and this reads and writes what its schemas say (Timeline.1, Stack.1,
Track.1, Clip.1 and .2, ImageSequenceReference.1, ExternalReference.1, Marker.2). The library is
not needed for that; a test opens what is written here with it where it is installed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from ..atomic import atomic
from ..errors import InvalidInput, NotFound, UnreadableFile
from ..sequence import Sequence
from .shotlist import Shot

_ACTIVE = "DEFAULT_MEDIA"
Fields = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """Something to say about frames of a shot, from first to last, both included."""

    shot: str
    first: int
    last: int
    name: str
    comment: str
    color: str = "RED"


def shots(path: Path) -> tuple[Shot, ...]:
    """The clips of all video tracks that show pictures, in their order.

    A clip's metadata may say what the timeline cannot: {"backlot": {"mattes": ..., "costume": ...,
    "scene": ...}}. Gaps, transitions, sound and clips without media are left out.

    Raises: NotFound, UnreadableFile (no OpenTimelineIO), InvalidInput.
    """
    loaded = _load(path)
    found = [
        _shot(clip, path.parent, track, index) for track, index, clip in _clips(loaded, path.name)
    ]
    return tuple(shot for shot in found if shot is not None)


def write_markers(
    out: Path, marks: Iterable[Mark], shots: Iterable[Shot], source: Path | None = None
) -> None:
    """A timeline with the marks on its clips: `source` with them added, or a new one.

    Each mark lies on the media's own frames, as editors expect it. Earlier marks of ours in
    `source` are replaced. The file is written whole or not at all.

    Raises: CannotWrite, and for `source` what `shots` raises.
    """
    by_shot: dict[str, list[Mark]] = {}
    for mark in marks:
        by_shot.setdefault(mark.shot, []).append(mark)
    listed = list(shots)
    if source is not None:
        timeline = _load(source)
        clips = {(track, index): clip for track, index, clip in _clips(timeline, source.name)}
        for shot in listed:
            clip = clips[shot.track, shot.index]
            frame_of = _Frames(clip, source.parent)
            kept = [each for each in clip.get("markers") or () if not _ours(each)]
            clip["markers"] = kept + [
                _marker(mark, frame_of.time(mark.first), frame_of.rate)
                for mark in by_shot.get(shot.name, ())
            ]
    else:
        timeline = _new_timeline(listed, by_shot)
    with atomic(out) as temporary:
        Path(temporary).write_text(
            json.dumps(timeline, indent=4, ensure_ascii=False) + "\n", "utf-8"
        )


# ---- reading ----------------------------------------------------------------------------------


def _load(path: Path) -> Fields:
    try:
        loaded = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(f"{path.name} is not there.", "Name a timeline that is.") from None
    except (OSError, ValueError) as error:
        raise UnreadableFile(
            f"{path.name} is no OpenTimelineIO file.", "Export the timeline as .otio again."
        ) from error
    if not isinstance(loaded, dict) or _schema(loaded) not in ("Timeline", "Stack", "Track"):
        raise UnreadableFile(
            f"{path.name} is no OpenTimelineIO timeline.", "Export a timeline as .otio."
        )
    return loaded


def _schema(item: Any) -> str:
    return str(item.get("OTIO_SCHEMA", "")).partition(".")[0] if isinstance(item, dict) else ""


def _clips(timeline: Fields, file: str) -> Iterator[tuple[int, int, Fields]]:
    """Video clips with the number of their track and their own in it, nested ones included."""
    try:
        for number, track in enumerate(_tracks(timeline)):
            if track.get("kind", "Video") == "Video":
                for index, clip in enumerate(_in_track(track)):
                    yield number, index, clip
    except (AttributeError, TypeError) as error:
        raise UnreadableFile(f"{file} is damaged.", "Export the timeline again.") from error


def _tracks(item: Fields) -> Iterator[Fields]:
    kind = _schema(item)
    if kind == "Timeline":
        yield from _tracks(item["tracks"] if isinstance(item.get("tracks"), dict) else {})
    elif kind == "Track":
        yield item
    elif kind == "Stack":
        for child in item.get("children") or ():
            yield from _tracks(child)


def _in_track(item: Fields) -> Iterator[Fields]:
    for child in item.get("children") or ():
        if _schema(child) == "Clip":
            yield child
        elif _schema(child) in ("Stack", "Track"):
            for track in _tracks(child):
                if track.get("kind", "Video") == "Video":
                    yield from _in_track(track)


def _media(clip: Fields) -> Fields:
    if "media_references" in clip:
        key = clip.get("active_media_reference_key") or _ACTIVE
        found = (clip.get("media_references") or {}).get(key)
    else:
        found = clip.get("media_reference")
    return found if isinstance(found, dict) else {}


def _shot(clip: Fields, base: Path, track: int, index: int) -> Shot | None:
    plate = _plate(_media(clip), base)
    if plate is None:
        return None
    said = clip.get("metadata") or {}
    own = said.get("backlot") or {} if isinstance(said, dict) else {}
    name = str(clip.get("name") or Path(plate).stem)
    mattes = str(own.get("mattes") or "").replace("{shot}", name)
    return Shot(
        name,
        plate,
        os.path.join(base, mattes) if mattes else "",
        _Frames(clip, base).numbers(),
        str(own.get("costume") or ""),
        track,
        index,
        str(own.get("scene") or ""),
    )


def _plate(media: Fields, base: Path) -> str | None:
    kind = _schema(media)
    if kind == "ImageSequenceReference":
        digits = "#" * max(1, int(media.get("frame_zero_padding") or 1))
        folder = _path(str(media.get("target_url_base") or ""), base)
        name = f"{media.get('name_prefix') or ''}{digits}{media.get('name_suffix') or ''}"
        return os.path.join(folder, name)
    if kind == "ExternalReference" and media.get("target_url"):
        return _path(str(media["target_url"]), base)
    return None


def _path(url: str, base: Path) -> str:
    """A file of a URL, or of what many programs write there instead: a path."""
    parsed = urlparse(url)
    if parsed.scheme == "file":
        path = unquote(parsed.path)
        windows = len(path) > 2 and path[0] == "/" and path[2] == ":"
        host = f"//{parsed.netloc}" if parsed.netloc not in ("", "localhost") else ""
        return host + (path[1:] if windows else path)
    if len(parsed.scheme) > 1:
        raise InvalidInput(
            f"The media {url} is not on a disk.", "Copy it to one and link the clip to it."
        )
    return os.path.join(base, unquote(url) if "%20" in url else url)


class _Frames:
    """Between a clip's time and the numbers of its media's frames."""

    def __init__(self, clip: Fields, base: Path) -> None:
        media = _media(clip)
        available = media.get("available_range")
        used = clip.get("source_range") or available
        self._start = _time(used, "start_time")
        self._count = max(0.0, _time(used, "duration")[0])
        self._available = _time(available, "start_time") if available else None
        self.rate = self._start[1] or float(media.get("rate") or 24.0)
        self._step = 1
        self._first: int | None = None
        if _schema(media) == "ImageSequenceReference":
            self._step = max(1, int(media.get("frame_step") or 1))
            self._first = int(media.get("start_frame") or 0)
            self._media_rate = float(media.get("rate") or self.rate)
        else:
            self._media_rate = (self._available or self._start)[1] or self.rate
            self._plate = _plate(media, base) or ""

    def numbers(self) -> tuple[int, ...]:
        """The frames of the media that the clip shows; empty where it does not say."""
        if not self._count:
            return ()
        first = self._number_of_first()
        offset = self._offset() * self._media_rate
        count = self._count / self.rate * self._media_rate
        begin, end = round(offset), max(round(offset) + 1, round(offset + count))
        return tuple(first + n for n in range(begin, end) if n % self._step == 0)

    def time(self, number: int) -> float:
        """Where a frame is on the media's clock, in the clip's rate."""
        first = next(iter(self.numbers()), self._number_of_first())
        return self._start[0] + (number - first) / self._media_rate * self.rate

    def _offset(self) -> float:
        """Seconds from the media's beginning to the clip's."""
        begin = self._start[0] / self.rate
        if self._available is None:
            return begin - self._number_of_first() / self._media_rate if self._counts() else begin
        return begin - self._available[0] / (self._available[1] or self.rate)

    def _counts(self) -> bool:
        """Without a range of its own, media is timed by its frames' numbers, if those fit."""
        return self._start[0] >= self._number_of_first()

    def _number_of_first(self) -> int:
        if self._first is None:
            source = Sequence.parse(self._plate)
            self._first = 1 if source.is_movie else min(source.given or source.frames(), default=1)
        return self._first


def _time(holder: Any, name: str) -> tuple[float, float]:
    """(value, rate) of a RationalTime in a TimeRange."""
    found = (holder or {}).get(name) or {}
    return float(found.get("value") or 0.0), float(found.get("rate") or 0.0)


# ---- writing ----------------------------------------------------------------------------------


def _ours(marker: Mapping[str, Any]) -> bool:
    return "backlot" in (marker.get("metadata") or {})


def _marker(mark: Mark, start: float, rate: float) -> Fields:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": {"backlot": {"first": mark.first, "last": mark.last}},
        "name": mark.name,
        "color": mark.color,
        "comment": mark.comment,
        "marked_range": _range(start, mark.last - mark.first + 1, rate),
    }


def _range(start: float, duration: float, rate: float) -> Fields:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": float(start)},
        "duration": {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": float(duration)},
    }


def _new_timeline(shots: Iterable[Shot], marks: Mapping[str, list[Mark]]) -> Fields:
    """All shots one after the other on one track, at 24 frames a second."""
    children = [_new_clip(shot, marks.get(shot.name, [])) for shot in shots]
    track: Fields = {
        "OTIO_SCHEMA": "Track.1",
        "metadata": {},
        "name": "Shots",
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": children,
        "kind": "Video",
    }
    stack: Fields = {
        "OTIO_SCHEMA": "Stack.1",
        "metadata": {},
        "name": "tracks",
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": [track],
    }
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {},
        "name": "Character check",
        "global_start_time": None,
        "tracks": stack,
    }


def _new_clip(shot: Shot, marks: list[Mark]) -> Fields:
    rate = 24.0
    numbers = shot.numbers
    span = _range(numbers[0], numbers[-1] - numbers[0] + 1, rate)
    source = Sequence.parse(shot.plate)
    media: Fields = {
        "metadata": {},
        "name": "",
        "available_range": span,
        "available_image_bounds": None,
    }
    if source.padding:
        folder, prefix = os.path.split(os.path.abspath(source.before))
        media |= {
            "OTIO_SCHEMA": "ImageSequenceReference.1",
            "target_url_base": Path(folder).as_uri() + "/",
            "name_prefix": prefix,
            "name_suffix": source.after,
            "start_frame": numbers[0],
            "frame_step": 1,
            "rate": rate,
            "frame_zero_padding": source.padding,
            "missing_frame_policy": "error",
        }
    else:
        url = Path(os.path.abspath(shot.plate)).as_uri()
        media |= {"OTIO_SCHEMA": "ExternalReference.1", "target_url": url}
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": {},
        "name": shot.name,
        "source_range": span,
        "effects": [],
        "markers": [_marker(mark, mark.first, rate) for mark in marks],
        "enabled": True,
        "media_references": {_ACTIVE: media},
        "active_media_reference_key": _ACTIVE,
    }
