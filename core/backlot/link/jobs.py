"""One job of a link: a thread that runs it and tells the host what happens."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Any

from .. import events
from ..buffers import Buffers as FramePool
from ..client import Studio
from ..errors import BacklotError, Cancelled, InvalidInput, ServerUnavailable
from ..frame import Frame
from ..running import Running
from ..tools import Input
from .memory import Buffers
from .pixels import Layout, frame_in, layout_out, layout_to_json, put_changed, put_out
from .protocol import Json, error_to_json
from .request import FromBuffer, Request
from .studios import Studios

Tell = Callable[..., None]


class Work:
    """A job. `tell(job, event, **fields)` sends; `over(job)` is called when it has ended."""

    def __init__(
        self,
        request: Request,
        studios: Studios,
        buffers: Buffers,
        tell: Tell,
        over: Callable[[str], None],
    ) -> None:
        self._request, self._studios, self._buffers = request, studios, buffers
        self._tell_job, self._over = tell, over
        self._cancelled = threading.Event()
        self._running: Running | None = None
        self._why: Cancelled | None = None
        self._thread = threading.Thread(target=self._work, name="backlot-job", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def supersede(self) -> str:
        """What it has in common with those whose place it takes; "" for nothing."""
        return self._request.supersede

    def cancel(self, why: Cancelled | None = None) -> None:
        """Ask for the end. Returns at once; the job then tells `cancelled`."""
        self._why = why or self._why
        self._cancelled.set()
        running = self._running
        if running is not None:
            threading.Thread(target=_cancel, args=(running,), daemon=True).start()

    def _tell(self, event: str, **fields: Any) -> None:
        self._tell_job(self._request.job, event, **fields)

    def _work(self) -> None:
        end: tuple[str, Json]
        try:
            end = "done", self._run_with_retry()
        except Cancelled as error:
            end = "cancelled", {"error": error_to_json(self._why or error)}
        except Exception as error:
            if not isinstance(error, BacklotError):
                traceback.print_exception(error)
            end = "error", {"error": error_to_json(error)}
        finally:
            self._request.release(self._buffers)
            self._over(self._request.job)
        self._tell(end[0], **end[1])

    def _run_with_retry(self) -> Json:
        for attempt in (1, 2):
            studio = self._studios.get()
            self._check()
            try:
                if self._request.in_memory:
                    return self._run_in_memory(studio)
                from .sequences import run_files

                return run_files(studio, self._request, self._tell, self._cancelled)
            except ServerUnavailable:
                self._studios.drop(studio)
                if attempt == 2 or self._cancelled.is_set():
                    raise
                sentence = "The server was lost; the job begins again."
                self._tell("warning", number=None, sentence=sentence)
        raise AssertionError

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled("The job was cancelled.")

    def _run_in_memory(self, studio: Studio) -> Json:
        """One frame, of which some pixels come or go through buffers."""
        request = self._request
        number = request.frames[0]
        spec = studio.tool(request.tool)
        spec.check_inputs(list(request.inputs))
        main = spec.inputs[0].name
        sent = {
            name: self._frame(spec.input(name), number, name == main) for name in request.inputs
        }
        with studio.submit(
            request.tool,
            [number],
            lambda name, _: sent[name],
            list(sent),
            request.params,
            priority=request.priority,
            view=request.view,
            job=request.job,
        ) as running:
            self._running = running
            self._check()
            try:
                return self._follow(running, spec, sent)
            finally:
                self._running = None

    def _follow(self, running: Running, spec: Any, sent: dict[str, Frame]) -> Json:
        finished = failed = 0
        for event in running:
            if isinstance(event, events.Result):
                self._hand_over(event, spec, sent)
                finished += 1
            elif isinstance(event, events.FrameFailed):
                failed += 1
                self._tell("frame_failed", number=event.number, error=error_to_json(event.error))
            elif isinstance(event, events.Queued):
                self._tell("queued", position=event.position, estimate=event.estimate)
            elif isinstance(event, events.Started):
                self._tell("started", device=event.device, attempt=event.attempt)
            elif isinstance(event, events.Progress):
                fraction = round(event.fraction, 4)
                self._tell(
                    "progress", number=event.number, fraction=fraction, message=event.message
                )
            elif isinstance(event, events.Warning):
                self._tell("warning", number=event.number, sentence=event.sentence)
        return {"finished": finished, "failed": failed}

    def _frame(self, spec: Input, number: int, main: bool) -> Frame:
        given = self._request.inputs[spec.name]
        if isinstance(given, FromBuffer):
            request = self._request
            frame = frame_in(given.memory.map, given.layout, number, request.view, _pool)
            overwritten = request.into is not None and request.into.memory is given.memory
            in_place = main and set(request.out_buffer or ()) == {"into"}
            if overwritten and not in_place and not given.layout.converted:
                return frame.with_pixels(frame.pixels.copy())
            return frame
        from .sequences import read_frame

        return read_frame(given, number, self._request.view, spec.layers)

    def _hand_over(self, event: events.Result, spec: Any, sent: dict[str, Frame]) -> None:
        """Put a result into a buffer, a file, or both, and tell where it is."""
        request, result = self._request, event.frame
        main = spec.inputs[0].name
        given = request.inputs[main]
        if not isinstance(given, FromBuffer):
            raise InvalidInput(
                f"The result goes to a buffer, but {main} comes from files.",
                f"Send {main} as a buffer too, or take the result as files.",
            )
        layout = layout_out(result, given.layout, request.out_buffer or {})
        told: Json = {
            "number": result.number,
            "engine": event.engine,
            "fingerprint": event.fingerprint,
            "seconds": round(event.seconds, 4),
        }
        if event.measured:
            told["measured"] = event.measured
        into = request.into
        if into is not None and layout.bytes <= into.memory.size:
            name, memory = into.name, into.memory
        else:
            name, memory = self._buffers.new(layout.bytes)
            into = None
        wanted = False
        try:
            out = layout.view(memory.map)
            if _alike(result, sent[main], layout, given.layout):
                reach = spec.reach(spec.values_at(spec.values(request.params), result.number))
                original = given.layout.view(given.memory.map)
                if memory is given.memory and layout != given.layout:
                    original = original.copy()
                matte = sent.get(spec.output.matte)
                put_changed(result, layout, out, original, sent[main], matte, reach)
            else:
                put_out(result, layout, out)
            if request.out_files:
                from .sequences import save_result

                told["file"] = save_result(request, result, layout, out)
            wanted = request.out_buffer is not None
        finally:
            if not wanted and into is None:
                self._buffers.free(name)
        if wanted:
            where = {"buffer": name, "bytes": memory.size, "path": memory.path}
            told["pixels"] = where | layout_to_json(layout)
        self._tell("frame", **told)


def _alike(result: Frame, sent: Frame, out: Layout, source: Layout) -> bool:
    """Whether what the tool did not change can be given back as the host sent it."""
    return (
        (result.pixels.shape, result.pixels.dtype) == (sent.pixels.shape, sent.pixels.dtype)
        and (out.space, out.meaning, out.straight)
        == (source.space, source.meaning, source.straight)
        and out.dtype.itemsize >= source.dtype.itemsize
    )


_pool = FramePool()


def _cancel(running: Running) -> None:
    try:
        running.cancel()
    except BacklotError:
        return  # the job's own thread hears of it
