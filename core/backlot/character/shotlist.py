"""The shots that a character is in, from a folder, a CSV table or an OpenTimelineIO timeline.

A shot list is read whole, and is small: a line a shot. Nothing of the shots' pictures is read here,
but for the frames that are on disk.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InvalidInput, NotFound, UnreadableFile
from ..sequence import MOVIES, Sequence, parse_frames

SUFFIXES = (".exr", ".tif", ".tiff", ".dpx", ".png", ".jpg", ".jpeg")
_MATTES = ("matte", "mattes", "roto", "mask", "masks", "crypto", "cryptomatte")
_COLUMNS = {
    "name": ("shot", "name", "clip"),
    "plate": ("plate", "source", "file", "path", "frames on disk"),
    "mattes": ("mattes", "matte", "roto", "mask", "cryptomatte"),
    "frames": ("frames", "range"),
    "costume": ("costume", "wardrobe", "look"),
    "scene": ("scene", "set-up", "setup"),
}
_NUMBERED = re.compile(r"(.*?)(\d+)(\.[A-Za-z]+)\Z")


@dataclass(frozen=True)
class Shot:
    """One shot. plate, mattes: sequences in any notation, absolute, or as they were given.

    mattes: "{region}" in it stands for each region's name; "" for the plate's own layers,
    Cryptomatte or alpha. frames: those to look at; empty: all on disk. costume: which of the
    character's costumes is worn; "": any. track, index: where the clip is in its timeline. scene:
    shots of one scene are judged together too; "": alone.
    """

    name: str
    plate: str
    mattes: str = ""
    frames: tuple[int, ...] = ()
    costume: str = ""
    track: int = -1
    index: int = -1
    scene: str = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frames to look at, in order. Raises: NotFound when there are none."""
        found = self.frames or Sequence.parse(self.plate).given or self._on_disk()
        if not found:
            raise NotFound(
                f"Shot {self.name} has no frames: nothing is at {self.plate}.",
                "Correct its plate in the shot list.",
            )
        return found

    def _on_disk(self) -> tuple[int, ...]:
        source = Sequence.parse(self.plate)
        if source.is_still:
            return (1,) if os.path.exists(self.plate) else ()
        return source.frames()


def read(given: str | os.PathLike[str], mattes: str = "") -> tuple[Shot, ...]:
    """The shots of a folder, of a table (.csv, .tsv) or timeline (.otio); or of one plate.

    mattes: where the shots' mattes are, for shots that do not say it: a path with {shot} and
    {region} in it; relative to the list, or to the plate's folder where that is a single plate.

    Raises: NotFound, UnreadableFile, InvalidInput (with what is wrong in which line).
    """
    path = Path(os.fspath(given))
    suffix = path.suffix.lower()
    if path.is_dir():
        found, base = _of_folder(path), path
    elif suffix in (".csv", ".tsv"):
        found, base = _of_table(path), path.parent
    elif suffix == ".otio":
        from . import timeline

        found, base = timeline.shots(path), path.parent
    else:
        found, base = _of_plate(os.fspath(given)), Path()
    if not found:
        raise NotFound(
            f"{path.name} names no shots.", "Give a folder, a CSV table, a timeline or a plate."
        )
    return tuple(_named_once(replace(shot, mattes=_mattes(shot, mattes, base)) for shot in found))


def _mattes(shot: Shot, general: str, base: Path) -> str:
    if shot.mattes or not general:
        return shot.mattes
    return _absolute(general.replace("{shot}", shot.name), base)


def _named_once(shots: Iterable[Shot]) -> Iterator[Shot]:
    """Names are file names in the results: two shots of one name get numbers."""
    seen: dict[str, int] = {}
    for shot in shots:
        name = re.sub(r"[^\w.\-]+", "_", shot.name).strip("._") or "shot"
        key = name.lower()
        seen[key] = seen.get(key, 0) + 1
        yield replace(shot, name=name if seen[key] == 1 else f"{name}_{seen[key]}")


def _of_plate(given: str) -> tuple[Shot, ...]:
    source = Sequence.parse(given)
    name = Path(source.before).name.rstrip("._-") or Path(source.before).parent.name
    name = Path(name).stem if source.is_still or source.is_movie else name
    there = source.frames() if not source.is_still else os.path.exists(given)
    if not there:
        raise NotFound(f"Nothing is at {given}.", "Name a plate that is on disk.")
    return (Shot(name, given, frames=source.given),)


# ---- folders ----------------------------------------------------------------------------------


def _of_folder(folder: Path) -> tuple[Shot, ...]:
    """Each sub-folder is a shot; a folder of sequences without sub-folders is one shot.

    In a shot's folder, or one below it, the sequence that is called plate, or else the only one
    that is not called a matte, is the plate.
    """
    shots = []
    below = sorted(each for each in folder.iterdir() if each.is_dir() and each.name[0] != ".")
    inner = [each for each in below if _kind(each.name)]
    if _sequences(folder) or inner:
        below = [folder]
    for each in below:
        shot = _of_shot_folder(each)
        if shot is not None:
            shots.append(shot)
    return tuple(shots)


def _of_shot_folder(folder: Path) -> Shot | None:
    found = _sequences(folder)
    for inner in sorted(each for each in folder.iterdir() if each.is_dir()):
        found += _sequences(inner)
    plates = [path for path in found if _role(path, folder) == "plate"]
    plates = plates or [path for path in found if not _role(path, folder)]
    mattes = [path for path in found if _role(path, folder) == "matte"]
    if not plates:
        return None
    if len(plates) > 1:
        listed = ", ".join(str(Path(path).relative_to(folder)) for path in plates[:4])
        raise InvalidInput(
            f"{folder.name} has {len(plates)} sequences that could be the plate: {listed}.",
            "Call one of them plate, or give the shots as a CSV table.",
        )
    return Shot(folder.name, plates[0], _one_notation(mattes, folder))


def _one_notation(mattes: list[str], folder: Path) -> str:
    """roto.face.####.exr and roto.hair.####.exr as roto.{region}.####.exr."""
    if len(mattes) < 2:
        return mattes[0] if mattes else ""
    before = _shared_start(mattes)
    after = _shared_start([path[len(before) :][::-1] for path in mattes])[::-1]
    before = before[: max(before.rfind(mark) for mark in "._-/\\") + 1]
    after = after[min((after.find(mark) for mark in "._-/\\" if mark in after), default=0) :]
    if not all(re.fullmatch(r"\w+", path[len(before) : len(path) - len(after)]) for path in mattes):
        listed = ", ".join(str(Path(path).relative_to(folder)) for path in mattes[:4])
        raise InvalidInput(
            f"The mattes in {folder.name} do not differ in one word: {listed}.",
            "Name them as roto.face.####.exr, roto.hair.####.exr; or give a CSV table.",
        )
    return f"{before}{{region}}{after}"


def _shared_start(words: list[str]) -> str:
    columns = enumerate(zip(*words, strict=False))
    return words[0][
        : next((at for at, column in columns if len(set(column)) > 1), min(map(len, words)))
    ]


def _role(path: str, folder: Path) -> str:
    """ "plate" or "matte" by a word of the file's name or of its folder's, else ""."""
    name = str(Path(path).relative_to(folder))
    return _kind(name)


def _kind(name: str) -> str:
    words = set(re.split(r"[^a-z]+", name.lower()))
    return "matte" if words & set(_MATTES) else "plate" if "plate" in words else ""


def _sequences(folder: Path) -> list[str]:
    """The sequences and movies in a folder, with #s for their numbers; stills are left out."""
    found: dict[tuple[str, str], list[str]] = {}
    movies = []
    with os.scandir(folder) as entries:
        for name in sorted(entry.name for entry in entries if entry.name[0] != "."):
            if name.lower().endswith(MOVIES):
                movies.append(str(folder / name))
            match = _NUMBERED.fullmatch(name)
            if match and match[3].lower() in SUFFIXES:
                found.setdefault((match[1], match[3]), []).append(match[2])
    return movies + [
        str(folder / f"{before}{'#' * min(len(each) for each in digits)}{after}")
        for (before, after), digits in found.items()
    ]


# ---- tables -----------------------------------------------------------------------------------


def _of_table(path: Path) -> tuple[Shot, ...]:
    """A header, then a line a shot; commas, semicolons or tabs, as spreadsheets write them."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"{path.name} is not there.", "Name a shot list that is.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(
            f"{path.name} cannot be read.", "Save it as CSV with UTF-8 text."
        ) from error
    head = text.partition("\n")[0]
    delimiter = max((";", "\t", ","), key=head.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    columns = _columns(next(rows, []), path.name)
    shots = []
    for line, row in enumerate(rows, 2):
        if any(cell.strip() for cell in row) and not row[0].startswith("#"):
            fields = {name: row[at].strip() for name, at in columns.items() if at < len(row)}
            shots.append(_of_row(fields, path, line))
    return tuple(shots)


def _columns(header: list[str], file: str) -> dict[str, int]:
    titles = [title.strip().lower() for title in header]
    found = {
        name: titles.index(title)
        for name, known in _COLUMNS.items()
        for title in known[::-1]
        if title in titles
    }
    if "plate" not in found:
        raise InvalidInput(
            f"{file} has no column called plate.",
            "Its first line names the columns: shot, plate, mattes, frames, costume, scene.",
        )
    return found


def _of_row(fields: dict[str, str], path: Path, line: int) -> Shot:
    plate = fields.get("plate", "")
    if not plate:
        raise InvalidInput(f"Line {line} of {path.name} names no plate.", "Fill it in.")
    frames: tuple[int, ...] = ()
    if fields.get("frames"):
        try:
            frames = tuple(sorted(parse_frames(fields["frames"])))
        except InvalidInput as error:
            raise InvalidInput(
                f"Line {line} of {path.name}: {error.sentence}", error.hint
            ) from None
    plate = _absolute(plate, path.parent)
    mattes = fields.get("mattes", "")
    name = fields.get("name") or _of_name(plate)
    mattes = _absolute(mattes.replace("{shot}", name), path.parent) if mattes else ""
    costume, scene = fields.get("costume", ""), fields.get("scene", "")
    return Shot(name, plate, mattes, frames, costume, scene=scene)


def _of_name(plate: str) -> str:
    before = Sequence.parse(plate).before
    return Path(before).name.rstrip("._-") or Path(before).parent.name or "shot"


def _absolute(path: str, base: Path) -> str:
    return path if os.path.isabs(path) else os.path.join(base, path)
