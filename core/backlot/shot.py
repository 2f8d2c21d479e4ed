"""The shot runner: a tool over a sequence on disk. Reading, the tool and writing overlap.

What is finished stays finished: running the same again makes only what is missing or stale.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from typing import TYPE_CHECKING, Any

from . import events, order, plan
from .claim import Claim
from .errors import (
    BacklotError,
    Cancelled,
    CannotWrite,
    InternalError,
    OutOfMemory,
    ServerUnavailable,
    WorkerLost,
)
from .finish import Finish, Layer, folders, remove_leftovers
from .frame import Frame
from .intake import Intake
from .manifest import Manifest
from .media import same_format
from .order import Order
from .overlap import ahead, behind
from .plan import Plan
from .report import KEPT, FrameReport, Take, Update

if TYPE_CHECKING:
    from .client import Studio

_IN_HAND = 3
"""Results that wait to be written, at most. With what is read ahead: all that is in memory."""

_WRITERS = 2
_LAYERED_AHEAD = 2


def estimate(
    studio: Studio,
    tool: str,
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    force: bool = False,
    **options: Any,
) -> Plan:
    """What `process` with the same arguments would do. Nothing is written."""
    asked = order.take(studio.tool(tool), source, out, **_sendable(studio, tool, options))
    manifest = Manifest(asked.manifest_path, asked.name)
    return plan.make(studio, asked, manifest, force, measure=True)


def process(
    studio: Studio,
    tool: str,
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    frames: str | Sequence[int] | None = None,
    layer: str | Mapping[str, str] = "",
    colorspace: str | None = None,
    compression: str | None = None,
    force: bool = False,
    verify: bool = False,
    priority: str = "batch",
    progress: Callable[[Update], object] | None = None,
    cancel: threading.Event | None = None,
    **given: Any,
) -> Take:
    """Make a take: every frame of a sequence through a tool, each into a file of its own.

    source, out, and the tool's other inputs by name (matte="roto.####.exr"): a sequence in any
    notation, or a still, which serves every frame. The rest of `given` are parameters.
    frames: a range ("1001-1040", "1-9x2") or numbers; without, all of the source.
    layer: what a tool works on that keeps the size; the file's other layers stay untouched.
        Tools that change the size take every layer. A mapping names layers of several inputs:
        {"matte": "roto", "depth": "ViewLayer.Depth"}. Passes are found by their usual names.
    colorspace: of the source, where the file does not say it. compression: of the files
        written; without, the source's, but a lossless one where a matte promises exactness.
    force: make every frame, finished or not. verify: read every file back and measure whether
        it is bit-exact outside the matte (FrameReport.exact).
    progress: called with Updates, by several threads but one at a time; what it raises ends the
        run. cancel: set it from anywhere to end the run.

    Frames that cannot be made are reported in the Take; the others are finished.
    Raises: InvalidInput, NotFound, CannotWrite, Cancelled, and ServerUnavailable or WorkerLost
    when the server was told to end, or is lost again right after it was lost once. What is
    finished then stays.
    """
    asked = order.take(
        studio.tool(tool),
        source,
        out,
        frames=frames,
        layer=layer,
        colorspace=colorspace,
        compression=compression,
        verify=verify,
        **_sendable(studio, tool, given),
    )
    begun = time.monotonic()
    with folders(asked), Claim(asked.lock_path, asked.frames) as claim, ExitStack() as opened:
        remove_leftovers(asked)
        manifest = Manifest(asked.manifest_path, asked.name, claim.manifest)
        planned = plan.make(studio, asked, manifest, force)
        run = _Run(studio, planned, manifest, opened, progress, cancel)
        run.work(priority)
        manifest.save()
        return run.take(time.monotonic() - begun)


def _sendable(studio: Studio, tool: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, with characters' folders replaced by what is in them."""
    spec = studio.tool(tool)
    params = {each.name: given[each.name] for each in spec.params if each.name in given}
    if not any(each.kind == "character" for each in spec.params if each.name in params):
        return dict(given)
    from .character.sending import with_characters

    return {**given, **with_characters(studio, spec, params)}


class _Run:
    """One call of `process`, from plan to take."""

    def __init__(
        self,
        studio: Studio,
        planned: Plan,
        manifest: Manifest,
        opened: ExitStack,
        progress: Callable[[Update], object] | None,
        cancel: threading.Event | None,
    ) -> None:
        self._studio = studio
        self._manifest = manifest
        self._plan = planned
        self._order: Order = planned.order
        self._opened = opened
        self._progress = progress
        self._cancel = cancel or threading.Event()
        self._stop = threading.Event()
        self._intake = opened.enter_context(closing(Intake(self._order, manifest)))
        self._finish = Finish(self._order, planned.recipe, self._intake, manifest)
        self._tell_lock = threading.RLock()
        self._reports: dict[int, FrameReport] = {}
        self._layered: set[int] = set()
        self._warnings: list[str] = []
        self._started = 0.0
        if manifest.damaged:
            self._warnings.append("The manifest was damaged; every frame is made again.")

    # ---- the whole ------------------------------------------------------------------------

    def work(self, priority: str) -> None:
        """Make everything that is to do, or report why not."""
        todo = self._plan.todo
        words = f"{len(todo)} frames to make, {len(self._plan.kept)} finished and kept"
        self._tell("plan", sentence=words)
        lost_at: int | None = None
        while unfinished := [number for number in todo if number not in self._reports]:
            try:
                self._make(unfinished, priority)
                for number in unfinished:
                    if number not in self._reports:
                        self._fail(number, InternalError("The server forgot this frame."))
            except (ServerUnavailable, WorkerLost, OutOfMemory) as error:
                if lost_at == len(self._reports):
                    raise
                self._recover(error, unfinished)
                lost_at = len(self._reports)

    def take(self, seconds: float) -> Take:
        """What became of it."""
        made = self._manifest.frames
        kept = {
            number: FrameReport(
                number, KEPT, self._order.output(number), measured=made[number].measured
            )
            for number in self._plan.kept
        }
        every = kept | self._reports
        frames = tuple(every[number] for number in sorted(every))
        return Take(
            self._plan.recipe.tool,
            str(self._order.out),
            frames,
            self._plan.recipe.engine,
            seconds,
            tuple(self._warnings),
        )

    def _recover(self, error: BacklotError, unfinished: Sequence[int]) -> None:
        """Go on after the server was lost, or after a frame took its worker down twice.

        A server that was told to end is not lost: nobody starts it again behind its user's back.
        """
        if isinstance(error, ServerUnavailable):
            from .client import connect

            if self._said_goodbye():
                raise error
            self._tell("reconnect", sentence=f"{error.sentence} Connecting again.")
            self._studio = self._opened.enter_context(connect(client="shot"))
            return
        guilty = next(number for number in unfinished if number not in self._reports)
        self._fail(guilty, error)

    def _said_goodbye(self) -> bool:
        """Whether the server announced its end; its word may come a moment after its jobs end."""
        for _ in range(20):
            if self._studio.going:
                return True
            time.sleep(0.01)
        return False

    def _make(self, numbers: Sequence[int], priority: str) -> None:
        """All frames in one job; files of several layers to scale in jobs of their own."""
        self._stop.clear()
        limit = self._studio.hello.limits.max_frames_per_job or len(numbers)
        if self._has_layers(numbers[0]):
            self._layered.update(numbers)
        plain = [number for number in numbers if number not in self._layered]
        for first in range(0, len(plain), limit):
            self._job(plain[first : first + limit], priority)
        layered = [number for number in numbers if number in self._layered]
        if layered:
            self._layer_jobs(layered, priority)

    # ---- jobs -----------------------------------------------------------------------------

    def _job(self, numbers: Sequence[int], priority: str) -> None:
        told = self._events(numbers, self._read, priority)
        with self._writers() as write, closing(told):
            for event in told:
                if isinstance(event, events.Result):
                    write(event.frame.number, {("", event.frame.view): event})
                elif isinstance(event, events.FrameFailed):
                    if event.number not in self._layered:
                        self._fail(event.number, event.error)
                else:
                    self._pass_on(event)

    def _read(self, name: str, number: int) -> Frame:
        if name == self._order.main and self._has_layers(number):
            self._layered.add(number)
            raise InternalError("This file has several pictures: they are made one by one.")
        return self._intake.read(name, number)

    def _has_layers(self, number: int) -> bool:
        """Whether the source's file has more than one picture to make.

        Its views; and where the size changes, all its layers.
        """
        source = self._order.path(self._order.main, number)
        if not same_format(source, self._order.output(number)):
            return False
        try:
            image = self._intake.image(number)
        except BacklotError:
            return False  # told when its pixels are asked for
        return len(image.views) > 1 or (self._order.scales and len(image.layers) > 1)

    def _layer_jobs(self, numbers: Sequence[int], priority: str) -> None:
        """Files of several pictures: each is a job of one frame, a few files at a time."""

        def whole_file(number: int) -> dict[Layer, events.Result]:
            image = self._intake.image(number)
            names = image.layers if self._order.scales else (self._order.layer,)
            keys = [(layer, view) for view in image.views for layer in names]
            return {key: self._one(number, key, priority) for key in keys}

        with self._writers() as write, closing(ahead(whole_file, numbers, _LAYERED_AHEAD)) as made:
            try:
                for number, results in made:
                    if isinstance(results, (Cancelled, ServerUnavailable, WorkerLost)):
                        raise results
                    if isinstance(results, BacklotError):
                        self._fail(number, results)
                    else:
                        write(number, results)
            except BaseException:
                self._stop.set()  # for the files that are being worked on
                raise

    def _one(self, number: int, key: Layer, priority: str) -> events.Result:
        def read(name: str, at: int) -> Frame:
            if name == self._order.main:
                return self._intake.plate(at, *key).frame
            return self._intake.read(name, at, key[1])

        result: events.Result | None = None
        with closing(self._events([number], read, priority)) as told:
            for event in told:
                if isinstance(event, events.Result):
                    result = event
                elif isinstance(event, events.FrameFailed):
                    raise event.error
        if result is None:
            raise InternalError("The server forgot this frame.")
        return result

    def _events(
        self, numbers: Sequence[int], read: Callable[[str, int], Frame], priority: str
    ) -> Generator[events.Event, None, None]:
        """What a job tells, until it is done; ended early when somebody cancels."""
        spec, given = self._order.spec, self._order
        running = self._studio.submit(
            spec.name, numbers, read, list(given.inputs), given.values, priority=priority
        )
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.05):
                if self._stop.is_set() or self._cancel.is_set():
                    with suppress(BacklotError):
                        running.cancel()
                    return

        with running:
            threading.Thread(target=watch, name="backlot-cancel", daemon=True).start()
            try:
                for event in running:
                    if isinstance(event, events.Started):
                        self._started = self._started or time.monotonic()
                    yield event
            finally:
                over.set()

    # ---- writing --------------------------------------------------------------------------

    def _writers(self) -> AbstractContextManager[Callable[..., None]]:
        """A function that writes a frame behind its caller's back.

        A file that cannot be written ends the job.
        """
        return behind(self._write, _WRITERS, _IN_HAND, self._stop.set)

    def _write(self, number: int, results: Mapping[Layer, events.Result]) -> None:
        self._report(self._finished(number, results))

    def _finished(self, number: int, results: Mapping[Layer, events.Result]) -> FrameReport:
        try:
            return self._finish.write(number, results)
        except CannotWrite:
            raise
        except BacklotError as error:
            return self._finish.fail(number, error)

    # ---- telling --------------------------------------------------------------------------

    def _fail(self, number: int, error: BacklotError) -> None:
        self._report(self._finish.fail(number, error))

    def _report(self, report: FrameReport) -> None:
        with self._tell_lock:
            self._reports[report.number] = report
            self._tell("frame", number=report.number, report=report)

    def _pass_on(self, event: events.Event) -> None:
        if isinstance(event, events.Progress):
            self._tell("progress", event.message, event.number, event.fraction)
        elif isinstance(event, events.Started):
            again = f", attempt {event.attempt}" if event.attempt > 1 else ""
            self._tell("started", f"running on {event.device}{again}")
        elif isinstance(event, events.Queued):
            self._tell("queued", f"queued, {event.position} ahead")
        elif isinstance(event, events.Warning):
            sentence = f"frame {event.number}: {event.sentence}"
            self._warnings.append(sentence)
            self._tell("warning", sentence, event.number)

    def _tell(
        self,
        kind: str,
        sentence: str = "",
        number: int | None = None,
        fraction: float = 0.0,
        report: FrameReport | None = None,
    ) -> None:
        if self._progress is None:
            return
        with self._tell_lock:
            finished, total = len(self._reports), len(self._plan.todo)
            left = self._left(finished + fraction, total)
            update = Update(kind, finished, total, number, fraction, left, sentence, report)
            self._progress(update)

    def _left(self, finished: float, total: int) -> float | None:
        """Seconds to the end: by what was done so far, before that by the server's estimate."""
        if finished < 0.05 or not self._started:
            return self._plan.seconds
        return (time.monotonic() - self._started) / finished * (total - finished)
