"""The process that holds one device: its tools, its models and its memory.

Started by the front as `python -m backlot_server.worker`; it ends when the front does.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from backlot.errors import BacklotError, NotFound
from backlot.shared import Segments
from backlot.tools import Value
from backlot.v1 import backlot_pb2 as pb
from backlot.wire import error_to_wire, spec_to_wire, values_from_wire

from . import tools
from . import worker_pb2 as wb
from .job import Tool
from .listing import listed_models
from .log import told
from .pipe import WorkerEnd
from .running import RunningJob
from .timing import seconds_per_pixel
from .turns import Ticket, Turns

_SWITCH_SECONDS = 0.001
"""Messages are answered this fast while a tool computes in Python."""


class Worker:
    """Takes messages from the front and hands them to the jobs that they are about."""

    def __init__(self, end: WorkerEnd) -> None:
        self._end = end
        self._tools: dict[str, Tool] = {}
        self._segments = Segments()
        self._turns = Turns(self._took_turn)
        self._jobs: dict[int, RunningJob] = {}
        self._keys: dict[Ticket, int] = {}
        self._last_turn = 0
        self._answers = ThreadPoolExecutor(1, "answers")

    def serve(self) -> None:
        """Until the front is gone."""
        self._tools = tools.discover()
        specs = [spec_to_wire(tool.SPEC) for tool in self._tools.values()]
        self._end.send(wb.FromWorker(ready=wb.Ready(tools=specs)))
        while (message := self._end.receive()) is not None:
            self._take(message)

    def _take(self, message: wb.ToWorker) -> None:
        kind = message.WhichOneof("message")
        if kind == "begin":
            self._begin(message.job, message.begin)
        elif kind == "ask":
            self._answers.submit(self._answer, message.ask)
        elif kind == "forget":
            self._segments.forget(message.forget.segment)
        elif (job := self._jobs.get(message.job)) is not None:
            if kind == "supply":
                job.supplied(message.supply)
            elif kind == "room":
                job.roomed(message.room)
            elif kind == "credit":
                job.consumed()
            elif kind == "stop":
                job.stop()

    def _begin(self, key: int, begin: wb.Begin) -> None:
        tool = self._tools.get(begin.start.tool)
        if tool is None:
            error = error_to_wire(NotFound(f"There is no tool {begin.start.tool}."))
            self._end.send(wb.FromWorker(job=key, event=pb.RunEvent(error=error)))
            return
        job = RunningJob(key, begin, tool, self._segments, self._turns, self._end.send, self._note)
        self._jobs[key] = job
        self._keys[job.ticket] = key
        threading.Thread(target=self._run, args=(job,), name=f"job {key}", daemon=True).start()

    def _run(self, job: RunningJob) -> None:
        try:
            job.run()
        finally:
            self._jobs.pop(job.key, None)
            self._keys.pop(job.ticket, None)

    def _took_turn(self, ticket: Ticket) -> None:
        key = self._keys.get(ticket, 0)
        if key != self._last_turn:
            self._last_turn = key
            self._end.send(wb.FromWorker(job=key, turn=wb.Turn()))

    # ---- questions ------------------------------------------------------------------------

    def _answer(self, ask: wb.Ask) -> None:
        answer = wb.Answer(id=ask.id)
        try:
            if ask.HasField("models"):
                answer.models.models.extend(listed_models())
            else:
                answer.estimate.CopyFrom(self._estimate(ask.estimate))
        except Exception as error:
            if not isinstance(error, BacklotError):
                self._note(error)
            answer.error.CopyFrom(error_to_wire(error))
        self._end.send(wb.FromWorker(answer=answer))

    def _estimate(self, ask: wb.Estimate) -> pb.EstimateReply:
        request = ask.request
        tool = self._tools.get(request.tool)
        if tool is None:
            raise NotFound(f"There is no tool {request.tool}.")
        values = tool.SPEC.values(values_from_wire(request.params))
        if ask.check_inputs:
            tool.SPEC.check_inputs(tuple(ask.inputs))
        plan = tool.plan(values)
        reply = pb.EstimateReply(
            engine=plan.engine, fingerprint=plan.fingerprint, seconds_per_frame=-1.0
        )
        if request.width and request.height:
            plain = tool.SPEC.values_at(values, 0)
            reply.width, reply.height = tool.SPEC.output_size(plain, request.width, request.height)
        if ask.measure:
            rate = self._measured(tool, values, request.channels)
            reply.seconds_per_frame = -1.0 if rate is None else rate * reply.width * reply.height
        return reply

    def _measured(self, tool: Tool, values: Mapping[str, Value], channels: int) -> float | None:
        """Seconds per pixel, measured now; None when a job needs the device."""
        ticket = Ticket("", interactive=False)
        self._turns.take(ticket, lambda: None)
        try:
            return seconds_per_pixel(tool, values, channels, self._turns.wanted)
        finally:
            self._turns.give(ticket)

    # ---- the log --------------------------------------------------------------------------

    def _note(self, error: BaseException) -> None:
        """One line for the server's log: what went wrong and where, without any paths."""
        self._end.send(wb.FromWorker(note=wb.Note(text=told(error))))


class _ToFront(logging.Handler):
    """Log records of tools and engines as notes for the front."""

    def __init__(self, end: WorkerEnd) -> None:
        super().__init__(logging.WARNING)
        self._end = end

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += " " + told(record.exc_info[1])
        self._end.send(wb.FromWorker(note=wb.Note(text=text)))


def _go_first() -> None:
    """Be the process that Linux ends when memory runs out, and end with the front."""
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("800")
    except OSError:
        return  # not Linux
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def main() -> None:
    """Talk to the front over the pipes that are standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(_SWITCH_SECONDS)
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not between our messages
    end = WorkerEnd(sys.stdin.buffer, outgoing)
    _go_first()
    logging.getLogger().addHandler(_ToFront(end))
    with contextlib.suppress(OSError):  # the front is gone
        Worker(end).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
