"""Check a character in shots: measured frame by frame, written as it goes, and continued."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BacklotError, Cancelled, MissingFrame
from ..events import FrameFailed, Result
from ..frame import Frame
from ..media import Image
from ..report import Update, duration
from ..sequence import Sequence as Files
from ..tools import Value
from . import results
from .mattes import Mattes, of_shot
from .picture import save_picture
from .references import TOOL
from .results import Line, ShotFile, ShotResult
from .sending import regions_of
from .shotlist import Shot

if TYPE_CHECKING:
    from ..client import Studio
    from ..movie import Movie

Progress = Callable[[Update], object]


@dataclass(frozen=True)
class Check:
    """What is checked: a character as `sending.sent` gives it, in shots, with results in `out`.

    costume: for shots that name none. clip: scene-linear value from which the camera holds no
    colour; 0: never. colorspace: of the plates, where their files do not say it. diffuse: they are
    a renderer's diffuse colour.
    """

    character: str
    shots: Sequence[Shot]
    out: Path
    costume: str = ""
    clip: float = 0.0
    colorspace: str = ""
    diffuse: bool = False


def run(
    studio: Studio,
    check: Check,
    *,
    force: bool = False,
    progress: Progress | None = None,
    line: Callable[[Line], object] | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[ShotResult]:
    """Check shot by shot, in order; what was measured before and has not changed is kept.

    progress: called with Updates; `number` is a frame of the shot that `sentence` names.
    line: called with every frame's line, those that are kept too. Memory does not grow with the
    number of shots.

    Frames that cannot be measured are in the results as failed. Raises: CannotWrite, Cancelled,
    ServerUnavailable and what else ends a job; what is finished then stays.
    """
    spec = studio.tool(TOOL)
    regions = regions_of(spec, {"character": check.character})
    total = sum(_count(shot) for shot in check.shots)
    counter = _Counter(total, progress)
    for shot in check.shots:
        yield _Shot(studio, check, shot, regions, counter, line, cancel).work(force)


class _Counter:
    """How far all of it is, and how long the rest takes."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._progress = progress
        self._total, self._done = total, 0
        self._begun = time.monotonic()

    def kept(self, count: int) -> None:
        self._total -= count

    def shot(self, name: str, todo: int) -> None:
        left = self._left()
        words = f", {duration(left)} left" if left else ""
        sentence = f"{name}: {todo} frames to measure{words}"
        self.tell(Update("started", self._done, self._total, seconds_left=left, sentence=sentence))

    def one(self, shot: str, number: int, failed: str = "") -> None:
        self._done += 1
        words = f"{shot} frame {number}{' failed: ' + failed if failed else ''}"
        kind = "warning" if failed else "progress"
        self.tell(Update(kind, self._done, self._total, number, 0.0, self._left(), words))

    def _left(self) -> float | None:
        if not self._done:
            return None
        return (time.monotonic() - self._begun) / self._done * max(0, self._total - self._done)

    def tell(self, update: Update) -> None:
        if self._progress is not None:
            self._progress(update)


class _Shot:
    """One shot: its files, its lines, its job on the server."""

    def __init__(
        self,
        studio: Studio,
        check: Check,
        shot: Shot,
        regions: Mapping[str, Sequence[str]],
        counter: _Counter,
        line: Callable[[Line], object] | None,
        cancel: threading.Event | None,
    ) -> None:
        self._studio, self._check, self._shot = studio, check, shot
        self._regions, self._counter, self._cancel = regions, counter, cancel
        self._line = line or (lambda _: None)
        self._params: dict[str, Value] = {
            "character": check.character,
            "mode": "check",
            "costume": shot.costume or check.costume,
            "clip": check.clip,
            "diffuse": check.diffuse,
        }
        spec = studio.tool(TOOL)
        self._near = max(max(each.before, each.after) for each in spec.inputs)
        digest = sha256(check.character.encode()).hexdigest()[:32]
        self._recipe = {**self._params, "character": digest, "tool": spec.version}
        self._recipe["mattes"] = shot.mattes
        if check.colorspace:
            self._recipe["colorspace"] = check.colorspace

    def work(self, force: bool) -> ShotResult:
        file = ShotFile(self._check.out, self._shot, self._recipe)
        try:
            numbers = self._shot.numbers
            plate = Plate(self._shot.plate, self._check.colorspace)
            mattes = of_shot(self._shot.mattes, self._shot.plate, self._regions)
        except BacklotError as error:
            return self._unusable(file, error)
        kept = {} if force else self._kept(file, numbers, plate, mattes)
        todo = [number for number in numbers if number not in kept]
        self._counter.kept(len(kept))
        for each in kept.values():
            self._line(each)
        if todo:
            with ExitStack() as opened:
                opened.callback(plate.close)
                opened.callback(file.close)
                file.begin(kept.values())
                self._counter.shot(self._shot.name, len(todo))
                self._measure(todo, file, plate, mattes)
        result = results.judged(file.path, self._regions)
        if todo or not result.picture.exists():
            with ExitStack() as opened:
                opened.callback(plate.close)
                save_picture(result, plate.frame, mattes)
        return result

    def _unusable(self, file: ShotFile, error: BacklotError) -> ShotResult:
        line = Line(0, [], failed=results.sentence(error))
        file.begin([line])
        file.close()
        self._line(line)
        self._counter.one(self._shot.name, 0, error.sentence)
        return results.judged(file.path, self._regions)

    def _kept(
        self, file: ShotFile, numbers: Sequence[int], plate: Plate, mattes: Mattes
    ) -> dict[int, Line]:
        """Lines that hold: neither the frame's files nor those near it have changed."""
        lines = file.kept()
        stale = {
            number
            for number in lines
            if lines[number].made_from != results.stamp([plate.path(number), *mattes.paths(number)])
        }
        return {
            number: lines[number]
            for number in numbers
            if number in lines and not any(abs(number - other) <= self._near for other in stale)
        }

    def _measure(self, todo: Sequence[int], file: ShotFile, plate: Plate, mattes: Mattes) -> None:
        def read(name: str, number: int) -> Frame:
            return plate.frame(number) if name == "source" else mattes.frame(number)

        with self._studio.submit(
            TOOL, todo, read, ["source", "matte"], self._params, priority="batch"
        ) as running:
            for event in running:
                if self._cancel is not None and self._cancel.is_set():
                    raise Cancelled("Stopped.", "Run the same again to go on.")
                line = None
                if isinstance(event, Result):
                    line = Line(event.frame.number, [], event.measured)
                elif isinstance(event, FrameFailed):
                    line = Line(event.number, [], failed=results.sentence(event.error))
                if line is not None:
                    files = [plate.path(line.number), *mattes.paths(line.number)]
                    file.add(replace(line, made_from=results.stamp(files)))
                    self._line(line)
                    self._counter.one(self._shot.name, line.number, line.failed)


class Plate:
    """The plate's frames, of files or of a movie. colorspace: where the files do not say it."""

    def __init__(self, given: str, colorspace: str = "") -> None:
        self._files = Files.parse(given)
        self._space = colorspace or None
        self._movie: Movie | None = None
        self._lock = threading.Lock()

    def path(self, number: int) -> Path:
        return Path(self._files.path(number))

    def frame(self, number: int) -> Frame:
        if self._files.is_movie:
            with self._lock:
                if self._movie is None:
                    from ..movie import Movie

                    self._movie = Movie(self._files.before)
                return self._movie.frame(number, self._space)
        path = self._files.path(number)
        if not os.path.exists(path):
            raise MissingFrame(f"{Path(path).name} is not there.", "Render it, or copy it here.")
        return Image.open(path, self._space).frame(number=number)

    def close(self) -> None:
        with self._lock:
            if self._movie is not None:
                self._movie.close()
                self._movie = None


def _count(shot: Shot) -> int:
    try:
        return len(shot.numbers)
    except BacklotError:
        return 1
