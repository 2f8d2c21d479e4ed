"""A job that runs: what the server asks is answered, what it tells is handed on."""

from __future__ import annotations

import json
import queue
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from . import events
from .buffers import Buffers
from .errors import (
    BacklotError,
    Cancelled,
    DeadlineExceeded,
    Denied,
    InternalError,
    InvalidInput,
    ServerUnavailable,
)
from .frame import Frame, Pixels
from .leftovers import Leftovers
from .tools import Value
from .transport import Transport, empty_for
from .v1 import backlot_pb2 as pb
from .wire import ERROR_KEY, error_from_wire, error_to_wire, frame_from_wire, values_to_wire

Reader = Callable[[str, int], Frame]

_PRIORITY = {"interactive": pb.INTERACTIVE, "batch": pb.BATCH}


class Running:
    """Iterate for events until Done; leave the `with` block early to cancel.

    Iteration raises the BacklotError that ended the job. `cancel` may be called from any thread.
    """

    def __init__(
        self,
        stub: Any,
        metadata: Any,
        session: str,
        transport: Transport,
        buffers: Buffers,
        leftovers: Leftovers,
        *,
        tool: str,
        frames: Sequence[int],
        read: Reader,
        inputs: Sequence[str],
        params: Mapping[str, Value],
        priority: str,
        supersede: str = "",
        view: str = "",
        deadline: float = 0.0,
        job: str = "",
        along: Mapping[str, Frame] | None = None,
        out: Pixels | None = None,
        threads: int = 0,
    ) -> None:
        if priority not in _PRIORITY:
            raise InvalidInput(
                f"There is no priority {priority!r}.", "Use 'interactive' or 'batch'."
            )
        self.job = job or uuid.uuid4().hex
        self._stub, self._metadata, self._session = stub, metadata, session
        self._transport, self._buffers, self._leftovers = transport, buffers, leftovers
        self._read, self._out = read, out
        self._lent: dict[int, pb.LeaseRef] = {}
        self._lock = threading.Lock()
        self._over = self._done = False
        self._requests: queue.SimpleQueue[pb.RunRequest | None] = queue.SimpleQueue()
        start = pb.Start(
            session=session,
            job=self.job,
            tool=tool,
            params=values_to_wire(params),
            frames=frames,
            inputs=inputs,
            priority=_PRIORITY[priority],
            supersede=supersede,
            view=view,
            deadline_seconds=deadline,
        )
        with translated():
            for name, frame in (along or {}).items():
                start.supplies.append(
                    pb.Supply(input=name, number=frames[0], frame=self._send(frame))
                )
            self._requests.put(pb.RunRequest(start=start))
            self._call = stub.Run(iter(self._requests.get, None), metadata=metadata)
        self._readers = ThreadPoolExecutor(threads, "backlot-read") if threads else None
        self._events: Iterator[pb.RunEvent] = self._pumped() if threads else self._call

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exc: object) -> None:
        self._end()

    def cancel(self) -> None:
        """Ask the server to stop; iteration then raises Cancelled."""
        request = pb.CancelRequest(session=self._session, job=self.job)
        with translated():
            self._stub.Cancel(request, metadata=self._metadata)

    def __iter__(self) -> Iterator[events.Event]:
        try:
            with translated():
                for message in self._events:
                    event = self._handle(message)
                    if event is not None:
                        yield event
                    if message.HasField("done"):  # nothing follows; the stream's own end can wait
                        self._done = True
                        return
        finally:
            self._end()

    def _handle(self, message: pb.RunEvent) -> events.Event | None:
        """Answer what the server asks; the event to hand on, if it is one."""
        kind = message.WhichOneof("event")
        if kind == "need":
            self._supply(message.need.input, message.need.number)
        elif kind == "returned":
            self._returned(message.returned.lease)
        elif kind == "error":
            raise error_from_wire(message.error)
        elif kind == "result":
            return self._result(message.result)
        elif kind == "preview":
            return events.Preview(self._receive(message.preview.frame, None))
        elif kind is not None:
            return _TOLD[kind](getattr(message, kind))
        return None

    def _result(self, told: pb.Result) -> events.Result:
        frame = self._receive(told.frame, self._out)
        measured = json.loads(told.measured) if told.measured else {}
        return events.Result(frame, told.engine, told.fingerprint, told.seconds, measured)

    def _receive(self, message: pb.Frame, out: Pixels | None) -> Frame:
        kept = self._transport.keep(message) if out is None else None
        if kept is not None:
            self._requests.put(pb.RunRequest(consumed=pb.Consumed(lease=message.lease, kept=True)))
            return frame_from_wire(message, kept)
        pixels = empty_for(message, self._buffers.empty)
        if out is not None:
            if (out.shape, out.dtype) != (pixels.shape, pixels.dtype):
                raise InvalidInput(
                    f"The result is {pixels.shape} {pixels.dtype}, "
                    f"the array for it is {out.shape} {out.dtype}.",
                    "Give an array of the result's shape and type.",
                )
            pixels = out
        self._transport.receive(message, pixels)
        self._requests.put(pb.RunRequest(consumed=pb.Consumed(lease=message.lease)))
        return frame_from_wire(message, pixels)

    def _send(self, frame: Frame) -> pb.Frame:
        message = self._transport.send(frame)
        with self._lock:
            if not self._over:
                self._lent[message.lease.id] = message.lease
        return message

    def _supply(self, name: str, number: int) -> None:
        try:
            answer = pb.Supply(
                input=name, number=number, frame=self._send(self._read(name, number))
            )
        except Exception as error:
            answer = pb.Supply(input=name, number=number, missing=error_to_wire(error))
        self._requests.put(pb.RunRequest(supply=answer))

    def _returned(self, lease: pb.LeaseRef) -> None:
        with self._lock:
            mine = self._lent.pop(lease.id, None)
        if mine is not None:
            self._transport.give_back(lease)

    def _pumped(self) -> Iterator[pb.RunEvent]:
        """The call's events, with needs answered at once while the consumer is still busy.

        The server sends only a few results ahead of their consumption, so this queue is short.
        """
        told: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def pump() -> None:
            try:
                for message in self._call:
                    if message.HasField("need") and self._readers is not None:
                        need = message.need
                        self._readers.submit(self._supply, need.input, need.number)
                    elif message.HasField("returned"):
                        self._returned(message.returned.lease)
                    else:
                        told.put(message)
                told.put(None)
            except Exception as error:
                told.put(error)

        threading.Thread(target=pump, name="backlot-events", daemon=True).start()
        while (message := told.get()) is not None:
            if isinstance(message, Exception):
                raise message
            yield message

    def _end(self) -> None:
        """Close the stream, which ends the job where it still runs, and give everything back."""
        with self._lock:
            if self._over:
                return
            self._over = True
            lent, self._lent = list(self._lent.values()), {}
        self._events = iter(())  # they refer to this object, whose frames would linger
        self._requests.put(None)
        if not self._done:
            self._call.cancel()
        elif self._readers is None:  # the pump reads to the end by itself
            self._leftovers.read_out(self._call)
        if self._readers is not None:
            self._readers.shutdown(wait=False, cancel_futures=True)
        for lease in lent:
            try:
                self._transport.give_back(lease)
            except grpc.RpcError:
                return


def _estimate(seconds: float) -> float | None:
    return seconds if seconds >= 0 else None


_TOLD: dict[str, Callable[[Any], events.Event]] = {
    "queued": lambda m: events.Queued(m.position, _estimate(m.estimate_seconds)),
    "started": lambda m: events.Started(m.device, m.attempt),
    "progress": lambda m: events.Progress(m.number, m.fraction, m.message),
    "warning": lambda m: events.Warning(m.number, m.sentence),
    "frame_failed": lambda m: events.FrameFailed(m.number, error_from_wire(m.error)),
    "done": lambda m: events.Done(m.finished, m.failed),
}


@contextmanager
def translated() -> Iterator[None]:
    """gRPC's errors as Backlot's: the one that the server attached, else by status code."""
    try:
        yield
    except grpc.RpcError as error:
        raise _translate(error) from error


def _translate(error: Any) -> BacklotError:
    for key, value in error.trailing_metadata() or ():
        if key == ERROR_KEY:
            return error_from_wire(pb.Error.FromString(value))
    code = error.code()
    if code == grpc.StatusCode.UNAUTHENTICATED:
        return Denied(
            "The server refused this client's token.",
            "Another user's server, or one that was restarted: connect again.",
        )
    if code == grpc.StatusCode.UNAVAILABLE:
        return ServerUnavailable(
            "The Backlot server does not answer.",
            "It may have been stopped: run the same again, it starts by itself.",
        )
    if code == grpc.StatusCode.CANCELLED:
        return Cancelled("The job was cancelled.")
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded(
            "The server did not answer in time.", "`backlot status` shows what it is doing."
        )
    return InternalError(
        f"The server failed in a way it should not ({code.name.lower()}).",
        "Its log has the details.",
    )
