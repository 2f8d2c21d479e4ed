"""Frame ranges and file sequences: every notation people and hosts write, made one at the edge."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass

from fileseq.constants import MAX_FRAME_SIZE
from fileseq.exceptions import FileSeqException, MaxSizeException
from fileseq.frameset import FrameSet

from .errors import InvalidInput

MOVIES = (".mov", ".mp4", ".m4v", ".mkv", ".mxf", ".avi", ".webm")

_RANGE_HINT = "Write ranges such as 1001-1040, 1001-1040x2, 1-10,20 or -5-10."

_NOTATION = re.compile(
    r"""
      %(?P<printf>0\d+|)d                       # %04d, %d          C, Nuke, ffmpeg
    | (?P<hashes>\#+)                           # ####              Nuke, Blender
    | (?P<ats>@+)                               # @@@@              Shake, RV
    | \$\{?F(?P<houdini>\d*)\}?(?![A-Za-z])     # $F4, ${F4}, $F    Houdini
    | <(?:frame|f)(?P<tagged>\d*)>              # <frame>, <frame04>, <f4>  Maya
    | \{frame(?::(?P<braced>0?\d+)d?)?\}        # {frame}, {frame:04d}      Python
    | \[(?P<listed>-?\d+-\d+)\]                 # [1001-1040]       Resolve
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SPAN = r"-?\d+(?:-{1,2}\d+)?(?:[xX]\d+)?"
_SPANS = re.compile(rf"(?:{_SPAN})(?:,{_SPAN})*\Z")


def parse_frames(text: str) -> tuple[int, ...]:
    """The frame numbers that a range names, in its order, each once.

    "1001-1040", "1001-1040x2" (every second), "1-10,20" or "1-10 20", "-5--1", "10-1", "7".
    Raises: InvalidInput.
    """
    try:
        named = list(FrameSet(",".join(re.split(r"[,\s]+", text.strip()))))
    except MaxSizeException as error:
        raise InvalidInput(
            f"The range {text!r} has over {MAX_FRAME_SIZE:,} frames.", _RANGE_HINT
        ) from error
    except (FileSeqException, ValueError, ZeroDivisionError) as error:
        raise InvalidInput(f"{text!r} is not a frame range.", _RANGE_HINT) from error
    frames = tuple(number for number in named if isinstance(number, int))
    if not frames or len(frames) != len(named):
        raise InvalidInput(f"{text!r} is not a range of whole frames.", _RANGE_HINT)
    return frames


def show_frames(frames: Collection[int]) -> str:
    """The shortest range that names these frames: "1001-1040", "1-9x2,20"."""
    return str(FrameSet.framesToFrameRange(set(frames), sort=True, compress=False))


def number_of(path: str | os.PathLike[str]) -> int | None:
    """The frame number that ends a file's name, as in plate.1001.exr; None where there is none."""
    found = re.search(r"(?:^|[._-])(\d+)$", os.path.splitext(os.path.basename(path))[0])
    return int(found[1]) if found else None


@dataclass(frozen=True)
class Sequence:
    """Files that are one shot, a movie, or one still that serves every frame.

    before, after: the path around the frame number. padding: its least number of digits; 0 for
    movies and stills, which have no number. given: the frames that the notation itself named.
    """

    before: str
    padding: int = 0
    after: str = ""
    given: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str | os.PathLike[str], frames: Collection[int] = ()) -> Sequence:
        """A sequence in any notation.

        `plate.####.exr` (as many digits as #, as in Nuke), `@@@@`, `%04d`, `$F4`, `<frame>`,
        `<frame04>`, `{frame:04d}`, `plate.[1001-1040].exr`, `plate.1001-1040####.exr` and
        `plate.####.exr 1001-1040`. A file without notation is a still, unless `frames` (the range
        a person gave) has more than one frame and the number in its name is one of them.

        Raises: InvalidInput (nothing, a folder, two frame numbers in one name).
        """
        path = os.fspath(text).strip()
        path, given = _trailing_range(path)
        folder, name = os.path.split(path)
        if not name:
            raise InvalidInput(
                f"{path!r} names no file." if path else "No file is named.",
                "Name a file, such as plate.1001.exr, or a sequence, such as plate.####.exr.",
            )
        if name.lower().endswith(MOVIES):
            return cls(path, given=given)
        found = list(_NOTATION.finditer(name))
        if len(found) > 1:
            raise InvalidInput(
                f"{name} has {len(found)} places for a frame number.", "Leave one, such as ####."
            )
        if found:
            start = len(path) - len(name)
            return _from_notation(path, found[0], start, given)
        in_folder = list(_NOTATION.finditer(folder))
        if in_folder and in_folder[-1]["ats"] is None and in_folder[-1][0] != "#":
            return _from_notation(path, in_folder[-1], 0, given)
        return _from_number(path, name, frames or given) or cls(path, given=given)

    @property
    def is_movie(self) -> bool:
        return not self.padding and self.before.lower().endswith(MOVIES)

    @property
    def is_still(self) -> bool:
        """One picture: it has the same path for every frame."""
        return not self.padding and not self.is_movie

    def path(self, number: int) -> str:
        """The file of one frame.

        Negative numbers are written as C and Nuke do (-005 for ####); a file as Blender names
        it (-0005) is found where only that is there.
        """
        if not self.padding:
            return self.before
        path = f"{self.before}{number:0{self.padding}d}{self.after}"
        if number < 0 and not os.path.exists(path):
            wide = f"{self.before}-{-number:0{self.padding}d}{self.after}"
            return wide if os.path.exists(wide) else path
        return path

    def frames(self) -> tuple[int, ...]:
        """The frames that are there, in order: of files on disk, or of the movie.

        A still has none of its own: it serves every frame. A folder that is not there is empty.
        Raises: for movies, what movie.Movie raises.
        """
        if self.is_movie:
            from .movie import Movie

            with Movie(self.before) as movie:
                return movie.frames
        if not self.padding:
            return ()
        found = (self._number(name) for name in self._candidates())
        return tuple(sorted({number for number in found if number is not None}))

    def holds(self, path: str | os.PathLike[str]) -> bool:
        """Whether a file is one of these, or would be, also through links."""
        path = os.fspath(path)
        if not self.padding:
            return os.path.realpath(path) == os.path.realpath(self.before)
        folder = os.path.dirname(self.before)
        beside = os.path.realpath(os.path.dirname(path)) == os.path.realpath(folder)
        if beside and self._number(os.path.join(folder, os.path.basename(path))) is not None:
            return True
        there = {os.path.realpath(self.path(number)) for number in self.frames()}
        return os.path.realpath(path) in there

    def _candidates(self) -> list[str]:
        """Paths that may be frames; the number is in the name, or in one folder above it."""
        folder, start = os.path.split(self.before)
        rest = self.after.partition(os.sep)[2]
        try:
            with os.scandir(folder or ".") as entries:
                names = [entry.name for entry in entries if entry.name.startswith(start)]
        except OSError:
            return []
        paths = [
            os.path.join(folder, name, rest) if rest else os.path.join(folder, name)
            for name in names
        ]
        return [path for path in paths if not rest or os.path.exists(path)]

    def _number(self, path: str) -> int | None:
        if not (path.startswith(self.before) and path.endswith(self.after)):
            return None
        digits = path[len(self.before) : len(path) - len(self.after)]
        match = re.fullmatch(r"-?(\d+)", digits)
        if match is None:
            return None
        exact = len(digits) == self.padding or len(match[1]) == self.padding
        longer = len(digits) > self.padding and not match[1].startswith("0")
        return int(digits) if exact or longer else None

    def __str__(self) -> str:
        return f"{self.before}{'#' * self.padding}{self.after}"


def _trailing_range(path: str) -> tuple[str, tuple[int, ...]]:
    """`plate.####.exr 1001-1040`, as Nuke writes it on its clipboard."""
    head, _, tail = path.rpartition(" ")
    if head and _SPANS.match(tail) and "." in os.path.basename(head) and not os.path.exists(path):
        return head.strip(), parse_frames(tail)
    return path, ()


def _from_notation(
    path: str, match: re.Match[str], offset: int, given: tuple[int, ...]
) -> Sequence:
    before, after = path[: offset + match.start()], path[offset + match.end() :]
    if match["listed"]:
        given = parse_frames(match["listed"])
        return Sequence(before, len(match["listed"].lstrip("-").partition("-")[0]), after, given)
    spans = re.search(rf"(?<![^._\-\s])({_SPAN}(?:,{_SPAN})*)\Z", os.path.basename(before))
    if spans and "-" in spans[1].lstrip("-"):
        before, given = before[: len(before) - len(spans[1])], parse_frames(spans[1])
    digits = next(
        (v for v in (match["printf"], match["houdini"], match["braced"], match["tagged"]) if v),
        None,
    )
    if match["hashes"] or match["ats"]:
        padding = len(match[0])
    elif digits is not None:
        padding = max(1, int(digits))
    elif match["tagged"] is not None or match[0].startswith("{"):
        padding = _padding_on_disk(before, after)
    else:
        padding = 1
    return Sequence(before, padding, after, given)


def _padding_on_disk(before: str, after: str) -> int:
    """The digits of the frames that are there, 4 where there are none."""
    loose = Sequence(before, 1, after)
    lengths = []
    for path in loose._candidates():
        match = re.fullmatch(r"-?(\d+)", path[len(before) : len(path) - len(after)])
        if match and path.endswith(after):
            lengths.append(len(match[1]))
    return min(lengths, default=4)


def _from_number(path: str, name: str, frames: Collection[int]) -> Sequence | None:
    """A numbered file, where its number is one of several frames that were asked for."""
    if len(frames) < 2:
        return None
    wanted = set(frames)
    stem_end = len(name) - len(os.path.splitext(name)[1])
    for match in reversed(list(re.finditer(r"(?<![\d])-?\d+|\d+", name[:stem_end]))):
        for digits in (match[0], match[0].lstrip("-")):
            if int(digits) in wanted:
                start = len(path) - len(name) + match.end() - len(digits)
                end = len(path) - len(name) + match.end()
                return Sequence(path[:start], _width(digits), path[end:])
    return None


def _width(digits: str) -> int:
    """The padding that wrote this number: C counts the sign of -005 as one of four."""
    bare = digits.lstrip("-")
    signed = bare != digits and bare.startswith("0") and len(bare) != 4
    return len(digits) if signed else len(bare)
