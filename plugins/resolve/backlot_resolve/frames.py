"""The four ways Resolve counts frames, as four types that do not mix.

    Record    absolute: 01:00:00:00 at 24 is 86400. GetStart, GetEnd, recordFrame, MarkIn and the
              playhead are in it.
    Relative  from the timeline's first frame: timeline markers and marks are in it.
    Offset    from the first frame of a clip's media: GetLeftOffset, AddTake and the markers of a
              timeline item are in it (ayon-resolve counts them so; the reference does not say).
    Source    frame of the media as its file names count: 1001 for plate.1001.exr, 0 for a movie.
              Start and End of a media pool item and AppendToTimeline's startFrame are in it
              (as ayon-resolve and resolve-nuke-bridge found), and so are our results.

Subtracting two of a kind gives a plain count; adding a count gives the same kind; everything else
is a TypeError. A conversion is a method of what knows the relation: Timebase and Placement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic, TypeVar, overload

from backlot.errors import InvalidInput, Unsupported

from .timecode import Rate

Self = TypeVar("Self", bound="_Position")


@dataclass(frozen=True, order=False)
class _Position:
    frame: int

    def __post_init__(self) -> None:
        if isinstance(self.frame, bool) or self.frame != int(self.frame):
            raise InvalidInput(f"{self.frame} is not a whole frame.")
        object.__setattr__(self, "frame", int(self.frame))

    def __add__(self: Self, count: int) -> Self:
        if isinstance(count, _Position):
            return NotImplemented
        return type(self)(self.frame + count)

    @overload
    def __sub__(self: Self, other: int) -> Self: ...
    @overload
    def __sub__(self: Self, other: Self) -> int: ...
    def __sub__(self, other: Any) -> Any:
        if isinstance(other, _Position):
            return self.frame - other.frame if type(other) is type(self) else NotImplemented
        return type(self)(self.frame - other)

    def __lt__(self: Self, other: Self) -> bool:
        return self.frame < other.frame if type(other) is type(self) else NotImplemented

    def __le__(self: Self, other: Self) -> bool:
        return self.frame <= other.frame if type(other) is type(self) else NotImplemented


class Record(_Position):
    """Absolute frame of a timeline."""


class Relative(_Position):
    """Frame of a timeline, from its first."""


class Offset(_Position):
    """Frame of a clip's media, from the media's first."""


class Source(_Position):
    """Frame of the media, as its files are numbered."""


P = TypeVar("P", bound=_Position)


@dataclass(frozen=True)
class Span(Generic[P]):
    """From `first` up to, and without, `end`."""

    first: P
    end: P

    def __post_init__(self) -> None:
        if type(self.first) is not type(self.end):
            raise TypeError("A span lies in one frame space.")
        if self.end.frame <= self.first.frame:
            raise InvalidInput("That range has no frames.", "Give one with an end after its start.")

    def __len__(self) -> int:
        return self.end.frame - self.first.frame

    @property
    def last(self) -> P:
        """The last frame, for the calls that count it in (MarkOut, AddTake)."""
        return self.end - 1

    def __contains__(self, position: P) -> bool:
        return self.first <= position < self.end

    def intersect(self, other: Span[P]) -> Span[P] | None:
        """The frames of both; None when there are none."""
        first = max(self.first.frame, other.first.frame)
        end = min(self.end.frame, other.end.frame)
        kind = type(self.first)
        return Span(kind(first), kind(end)) if end > first else None

    def grown(self, before: int, after: int) -> Span[P]:
        return Span(self.first - before, self.end + after)


@dataclass(frozen=True)
class Timebase:
    """How one timeline counts."""

    rate: Rate
    start: Record

    def relative(self, position: Record) -> Relative:
        return Relative(position - self.start)

    def record(self, position: Relative) -> Record:
        return self.start + position.frame

    def timecode(self, position: Record) -> str:
        return self.rate.timecode(position.frame)

    def at(self, timecode: str) -> Record:
        return Record(self.rate.frame(timecode))


@dataclass(frozen=True)
class Placement:
    """Where a piece of media lies on a timeline.

    record: the frames it covers. left: the media's frame at its first visible one, from the
    media's first. media: all frames of the media. rate: of the timeline; media_rate: of the media.
    """

    record: Span[Record]
    left: Offset
    media: Span[Source]
    rate: Rate
    media_rate: Rate

    @property
    def ratio(self) -> Fraction:
        """Media frames in one timeline frame; 1 unless the rates differ."""
        return self.media_rate.fps / self.rate.fps

    def offset(self, position: Record) -> Offset:
        """The media frame that shows at a timeline frame (the one begun last, Resolve's floor)."""
        return self.left + math.floor((position - self.record.first) * self.ratio)

    def source(self, position: Record) -> Source:
        return self.media.first + self.offset(position).frame

    def offset_of(self, source: Source) -> Offset:
        return Offset(source - self.media.first)

    def used(self, record: Span[Record] | None = None) -> Span[Source]:
        """The media frames that a part of the clip (all of it when None) shows."""
        span = record or self.record
        return Span(self.source(span.first), self.source(span.last) + 1)

    def with_handles(self, handles: int, record: Span[Record] | None = None) -> Span[Source]:
        """`used`, longer by `handles` at both ends, as far as the media goes."""
        wanted = self.used(record).grown(handles, handles)
        there = wanted.intersect(self.media)
        if there is None:
            raise InvalidInput(
                "The media does not cover this clip.", "Relink it or shorten the clip."
            )
        return there

    def first_record(self, source: Source) -> Record:
        """The first timeline frame at which a media frame shows.

        Raises: InvalidInput for one that shows nowhere, as in media of a higher rate.
        """
        count = math.ceil(Fraction(source - self.media.first - self.left.frame) / self.ratio)
        position = self.record.first + count
        if self.source(position) != source:
            raise InvalidInput(f"Media frame {source.frame} does not show on this timeline.")
        return position


def check_speed(
    duration: int,
    source_start: float,
    source_end: float,
    ratio: Fraction,
    name: str,
    exact: bool = False,
) -> None:
    """Unsupported when a clip does not play its media frame after frame at normal speed.

    duration: timeline frames. source_start, source_end: what Resolve says of the media, in frames;
    whether the end counts depends on the rates (others measured both), so one frame either way is
    normal. exact: from its seconds, of which the end never counts: at one rate, half a frame is
    too much, which finds 24 frames shown in 25.
    """
    expected = duration * ratio
    span = source_end - source_start
    slack = 0.5 if exact and ratio == 1 else max(1, math.ceil(ratio))
    if abs(span - expected) <= slack:
        return
    how = "backwards" if span < 0 else f"at {float(span / expected) * 100:.0f}% speed"
    raise Unsupported(
        f"“{name}” plays {how}; its frames do not match those of its media one to one.",
        "Use “as graded”, which takes the frames as the timeline shows them, "
        "or make it a compound clip first.",
    )
