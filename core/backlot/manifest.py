"""What a take is made of: the one small file beside its frames, and what it says is stale.

`clean.####.exr` has the manifest `clean.####.exr.backlot.json`, visible and in the same folder:
who copies or deletes the take sees it and takes it along, and no sequence browser counts it as
a frame. Paths in it are relative to that folder, so that a moved shot stays whole.

A file is known by the BLAKE3 hash of its content, not of one layer's pixels: the other layers,
attributes and timecode of the source are in the output too. Size and time of change are kept
beside the hash, so that a file that was not touched is not read again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from . import __version__
from .errors import CannotWrite, UnreadableFile, VersionMismatch
from .tools import Curve, ToolSpec, Value

VERSION = 1
SUFFIX = ".backlot.json"


@dataclass(frozen=True)
class Stamp:
    """A file as it was when it was last read. digest: 32 hexadecimal digits of BLAKE3."""

    digest: str
    size: int
    mtime_ns: int


def stamp(path: Path, known: Stamp | None = None) -> Stamp:
    """The stamp of a file; `known` again, without reading, where size and time are the same.

    Raises: FileNotFoundError and other OSErrors; UnreadableFile when it changes meanwhile, or is
    a pipe or a device, which may have no end.
    """
    before = path.stat()
    if not (S_ISREG(before.st_mode) or S_ISDIR(before.st_mode)):
        raise UnreadableFile(f"{path.name} is a pipe or a device.", "Name a file or a sequence.")
    if known is not None and (known.size, known.mtime_ns) == (before.st_size, before.st_mtime_ns):
        return known
    from blake3 import blake3

    digest = blake3()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise UnreadableFile(
            f"{path.name} is being written by somebody else.", "Wait until it is finished."
        )
    return Stamp(digest.hexdigest(16), after.st_size, after.st_mtime_ns)


def combine(digests: Iterable[str]) -> str:
    """One digest for the files of a temporal window, in order; a single file's is its own."""
    listed = list(digests)
    if len(listed) == 1:
        return listed[0]
    from blake3 import blake3

    return str(blake3("\n".join(listed).encode()).hexdigest(16))


@dataclass(frozen=True)
class Recipe:
    """What frames are made with, apart from the content of their inputs.

    params: all of them, curves as curves. inputs: where each came from, relative to the take;
    told to people, not compared. engine: as people should read it. fingerprint: the server's
    hash of tool version, engine and weights.
    """

    tool: str
    version: str
    params: Mapping[str, Value]
    inputs: Mapping[str, str]
    layer: str = ""
    colorspace: str = ""
    compression: str = ""
    engine: str = ""
    fingerprint: str = ""

    def differences(self, other: Recipe, spec: ToolSpec, number: int) -> list[str]:
        """What is not the same on this frame, in words: "strength", "engine" ..."""
        names = {"tool": "tool", "version": "tool version", "fingerprint": "engine"}
        names |= {name: name for name in ("layer", "colorspace", "compression")}
        found = [
            word for name, word in names.items() if getattr(self, name) != getattr(other, name)
        ]
        if self.tool == other.tool:
            ours, theirs = (_values_at(spec, recipe.params, number) for recipe in (self, other))
            found += [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
        return found


def _values_at(spec: ToolSpec, params: Mapping[str, Value], number: int) -> dict[str, Any]:
    known = {param.name for param in spec.params}
    return spec.values_at({name: v for name, v in params.items() if name in known}, number)


@dataclass(frozen=True)
class Entry:
    """One frame of a take. state: "done" or "failed".

    inputs: digest of what each input gave (see `combine`). exact: measured, whether all pixels
    outside the matte are those of the source; None when that was not asked. measured: what the
    tool found out about the frame.
    """

    state: str
    recipe: Recipe
    inputs: Mapping[str, str] = field(default_factory=dict)
    output: Stamp | None = None
    engine: str = ""
    seconds: float = 0.0
    exact: bool | None = None
    measured: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    sentence: str = ""
    hint: str = ""


class Manifest:
    """The manifest of one take, in memory and on disk. Safe to use from several threads.

    path: of the manifest itself. Other processes may write other frames of the same take:
    `lock` makes a context manager that keeps them out while this one reads and writes.
    """

    def __init__(self, path: Path, take: str, lock: Any = nullcontext) -> None:
        self.path = path
        self.take = take
        self.frames: dict[int, Entry] = {}
        self.files: dict[str, Stamp] = {}
        self.damaged = False
        self._lock: Any = lock
        self._thread = threading.RLock()
        self._ours: set[int] = set()
        self._seen: tuple[int, int, int] | None = None
        with self._held():
            self._read()

    @classmethod
    def path_for(cls, pattern: Path) -> Path:
        """Where the manifest of the take with this output pattern lies."""
        return pattern.with_name(pattern.name + SUFFIX)

    def relative(self, path: Path) -> str:
        """A path as written in the manifest: from its folder, with forward slashes."""
        try:
            return Path(os.path.relpath(path, self.path.parent)).as_posix()
        except ValueError:  # another drive
            return path.as_posix()

    def stamp(self, path: Path) -> Stamp:
        """The stamp of an input file, read only when it changed since it was last seen."""
        name = self.relative(path)
        with self._thread:
            known = self.files.get(name)
        found = stamp(path, known)
        with self._thread:
            self.files[name] = found
        return found

    def record(self, number: int, entry: Entry) -> None:
        """Write down what became of one frame, on disk when this returns.

        Raises: CannotWrite.
        """
        with self._held():
            self._read()
            self.frames[number] = entry
            self._ours.add(number)
            self._write()

    def save(self) -> None:
        """Write what is known, stamps of unchanged files above all. Raises: CannotWrite."""
        with self._held():
            self._read()
            self._write()

    def _held(self) -> AbstractContextManager[Any]:
        return _Both(self._thread, self._lock)

    def _read(self) -> None:
        """Take over what other processes wrote since."""
        try:
            found = self.path.stat()
            identity = (found.st_ino, found.st_size, found.st_mtime_ns)
            if identity == self._seen:
                return
            self._seen = identity
            frames, files = _parse(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return
        except OSError as error:
            raise UnreadableFile(
                f"The manifest {self.path.name} cannot be read: {error.strerror}.",
                "Check the permissions of the output folder.",
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError):
            self.damaged = True
            return
        self.frames.update((n, e) for n, e in frames.items() if n not in self._ours)
        self.files = files | self.files

    def _write(self) -> None:
        partial = self.path.with_name(f".{self.path.name}.partial")  # one writer: we hold the lock
        try:
            with partial.open("w", encoding="utf-8") as file:
                file.write(_text(self.take, self.frames, self.files))
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, self.path)
            found = self.path.stat()
            self._seen = (found.st_ino, found.st_size, found.st_mtime_ns)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise CannotWrite(
                f"The manifest {self.path.name} cannot be written: {error.strerror}.",
                "Make room or give write permission in the output folder, and run again.",
            ) from error


class _Both:
    """The lock of the threads, then that of the processes."""

    def __init__(self, thread: Any, process: Any) -> None:
        self._thread = thread
        self._process: AbstractContextManager[Any] = process()

    def __enter__(self) -> None:
        self._thread.acquire()
        try:
            self._process.__enter__()
        except BaseException:
            self._thread.release()
            raise

    def __exit__(self, *failure: Any) -> None:
        try:
            self._process.__exit__(*failure)
        finally:
            self._thread.release()


def _text(take: str, frames: Mapping[int, Entry], files: Mapping[str, Stamp]) -> str:
    """One line a recipe, a frame and a file: small, and two of them can be compared by eye."""
    keys: dict[int, str] = {}  # of a recipe object that was seen already
    recipes: dict[str, str] = {}
    rows = []
    for number in sorted(frames):
        entry = frames[number]
        if id(entry.recipe) not in keys:
            line = json.dumps(_recipe_to_json(entry.recipe), ensure_ascii=False)
            keys[id(entry.recipe)] = recipes.setdefault(line, f"r{len(recipes) + 1}")
        fields = _entry_to_json(entry, keys[id(entry.recipe)])
        rows.append(f'    "{number}": {json.dumps(fields, ensure_ascii=False)}')
    stamps = [
        f"    {json.dumps(name, ensure_ascii=False)}: {json.dumps(_stamp_to_json(files[name]))}"
        for name in sorted(files)
    ]
    blocks = {
        "recipes": [f'    "{key}": {line}' for line, key in recipes.items()],
        "frames": rows,
        "files": stamps,
    }
    head = f'  "manifest": {VERSION},\n  "made_by": "backlot {__version__}",\n'
    head += f'  "take": {json.dumps(take, ensure_ascii=False)}'
    body = "".join(
        f',\n  "{name}": {{\n' + ",\n".join(lines) + "\n  }" for name, lines in blocks.items()
    )
    return "{\n" + head + body + "\n}\n"


def _parse(fields: Mapping[str, Any]) -> tuple[dict[int, Entry], dict[str, Stamp]]:
    if int(fields["manifest"]) > VERSION:
        raise VersionMismatch(
            f"The take {fields.get('take', '')} was made by a newer Backlot "
            f"({fields.get('made_by', 'unknown')}).",
            "Update Backlot, or write to another folder.",
        )
    recipes = {key: _recipe_from_json(recipe) for key, recipe in fields["recipes"].items()}
    frames = {
        int(number): Entry(
            **{
                **entry,
                "recipe": recipes[entry["recipe"]],
                "output": Stamp(*entry["output"]) if entry.get("output") else None,
            }
        )
        for number, entry in fields["frames"].items()
    }
    return frames, {name: Stamp(*values) for name, values in fields["files"].items()}


def _stamp_to_json(given: Stamp) -> list[Any]:
    return [given.digest, given.size, given.mtime_ns]


def _entry_to_json(entry: Entry, recipe: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        **vars(entry),
        "recipe": recipe,
        "inputs": dict(entry.inputs),
        "output": _stamp_to_json(entry.output) if entry.output else None,
        "seconds": round(entry.seconds, 3),
        "measured": dict(entry.measured),
    }
    needed = ("state", "recipe")
    return {n: v for n, v in fields.items() if n in needed or v is False or v not in ("", None, {})}


def _recipe_to_json(recipe: Recipe) -> dict[str, Any]:
    params = {
        name: {"curve": [list(key) for key in value.keys]} if isinstance(value, Curve) else value
        for name, value in recipe.params.items()
    }
    fields = {**vars(recipe), "params": params, "inputs": dict(recipe.inputs)}
    needed = ("tool", "version")
    return {name: value for name, value in fields.items() if name in needed or value != ""}


def _recipe_from_json(fields: Mapping[str, Any]) -> Recipe:
    params = {
        name: Curve(tuple((f, v) for f, v in value["curve"])) if isinstance(value, dict) else value
        for name, value in fields["params"].items()
    }
    return Recipe(**{**fields, "params": params})
