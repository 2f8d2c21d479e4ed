"""A job in the worker: a thread of its own that calls the tool once a frame."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from backlot.errors import BacklotError, Cancelled, InvalidInput, MissingFrame, OutOfMemory
from backlot.frame import Frame, Pixels, Window
from backlot.shared import Segments, pixels_in
from backlot.tools import ToolSpec
from backlot.v1 import backlot_pb2 as pb
from backlot.wire import (
    error_from_wire,
    error_to_wire,
    frame_bytes,
    frame_from_wire,
    frame_shape,
    frame_to_wire,
    values_from_wire,
)

from . import worker_pb2 as wb
from .job import Made, Tool
from .turns import Ticket, Turns

AHEAD = 2
"""Frames whose inputs are asked for, or whose results may lie unread, beyond the current one."""
WINDOW = 8
"""A temporal window of more frames than this is not asked for by itself: the tool reads from it
what it needs, and gives it back."""
AHEAD_BYTES = 256 << 20
"""Beyond this much memory in one frame, only one is asked for ahead."""
_PROGRESS_SECONDS = 0.05
_PREVIEW_SECONDS = 0.25
_PATIENCE_SECONDS = 0.02

Key = tuple[str, int]


class RunningJob:
    """`backlot_server.job.Job` for one job of one client."""

    def __init__(
        self,
        key: int,
        begin: wb.Begin,
        tool: Tool,
        segments: Segments,
        turns: Turns,
        send: Callable[[wb.FromWorker], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        start = begin.start
        self.key = key
        self.spec: ToolSpec = tool.SPEC
        self.ticket = Ticket(start.session, start.priority != pb.BATCH)
        self.frames = tuple(start.frames)
        self.inputs = frozenset(start.inputs)
        self.state: dict[str, Any] = {}
        self._tool, self._start = tool, start
        self._segments, self._turns, self._send, self._failed = segments, turns, send, failed
        self._news = threading.Condition()
        self._answers: dict[Key, pb.Supply] = {}
        self._asked: set[Key] = set()
        self._rooms: deque[wb.Room] = deque()
        self._spare = [begin.room] if begin.HasField("room") else []
        self._lent: dict[int, pb.Lease] = {}
        self._unconsumed = begin.unconsumed
        self._stopped = False
        self._frame_bytes = 0
        self._told = self._shown = 0.0
        self._waited = 0.0
        for supply in start.supplies:
            self._answers[supply.input, supply.number] = supply
            self._asked.add((supply.input, supply.number))

    # ---- from the worker's main thread ----------------------------------------------------

    def supplied(self, supply: pb.Supply) -> None:
        with self._news:
            self._answers[supply.input, supply.number] = supply
            self._news.notify_all()

    def roomed(self, room: wb.Room) -> None:
        with self._news:
            self._rooms.append(room)
            self._news.notify_all()

    def consumed(self) -> None:
        with self._news:
            self._unconsumed -= 1
            self._news.notify_all()

    def stop(self) -> None:
        with self._news:
            self._stopped = True
            self._news.notify_all()
        self._turns.wake()

    # ---- the thread -----------------------------------------------------------------------

    def run(self) -> None:
        """Make all frames, then tell the end."""
        try:
            self._values = self.spec.values(values_from_wire(self._start.params))
            self.spec.check_inputs(tuple(self.inputs))
            self._plan = self._tool.plan(self._values)
            for at in range(len(self.frames)):
                self._make(at)
            self._tell(pb.RunEvent(done=pb.Done()))
        except (
            BaseException
        ) as error:  # even sys.exit() in a tool must not leave the client waiting
            if not isinstance(error, BacklotError):
                self._failed(error)
            self._tell(pb.RunEvent(error=error_to_wire(error)))

    def _make(self, at: int) -> None:
        number = self.frames[at]
        self._wait(lambda: self._unconsumed <= self._ahead())
        wanted = [key for n in self.frames[at : at + 1 + self._ahead()] for key in self._window(n)]
        for key in wanted:
            self._ask(*key)
        here = self._window(number)
        self._wait(lambda: all(key in self._answers for key in here))
        self._turns.take(self.ticket, self.check)
        try:
            self._told, self._waited = time.monotonic(), 0.0
            began = time.monotonic()
            made = self._tool.run(self, number)
            seconds = time.monotonic() - began - self._waited
            event = pb.RunEvent(result=self._result(made, number, seconds))
        except Cancelled:
            raise
        except Exception as error:
            event = pb.RunEvent(
                frame_failed=pb.FrameFailed(number=number, error=self._explained(error))
            )
        finally:
            self._turns.give(self.ticket)
        with self._news:
            self._unconsumed += 1
        self._tell(event)
        self._return_rooms()
        coming = self.frames[at + 1 : at + 2 + AHEAD]
        if coming:  # the end of the job gives everything back at once
            self._release(coming)

    def _explained(self, error: Exception) -> pb.Error:
        if isinstance(error, MemoryError):
            return error_to_wire(
                OutOfMemory(
                    "There was not enough memory for this frame.",
                    "Close other applications, or work on a proxy.",
                )
            )
        if not isinstance(error, BacklotError):
            self._failed(error)
        return error_to_wire(error)

    def _ahead(self) -> int:
        return AHEAD if self._frame_bytes <= AHEAD_BYTES else 1

    # ---- inputs ---------------------------------------------------------------------------

    def values(self, number: int) -> Mapping[str, Any]:
        return self.spec.values_at(self._values, number)

    def read(self, name: str, number: int) -> Frame:
        key = (name, number)
        if name not in self.inputs:
            self.spec.input(name)
            raise MissingFrame(f"Nothing is connected to {name}.", f"Give a {name}.")
        self.check()
        self._ask(name, number)
        self._wait(lambda: key in self._answers)
        supply = self._answers[key]
        if supply.HasField("missing"):
            raise error_from_wire(supply.missing)
        shape, dtype = frame_shape(supply.frame)
        count = frame_bytes(supply.frame)
        self._frame_bytes = max(self._frame_bytes, count)
        view = self._view(supply.frame.segment, count)
        pixels = pixels_in(view, shape, dtype)
        pixels.flags.writeable = False
        return frame_from_wire(supply.frame, pixels)

    def prefetch(self, name: str, number: int) -> None:
        if name in self.inputs:
            self._ask(name, number)

    def release(self, name: str, number: int) -> None:
        key = (name, number)
        with self._news:
            if key not in self._answers:
                return
            self._asked.discard(key)
            del self._answers[key]
            self._message(released=wb.Released(input=name, number=number))

    def _window(self, number: int) -> list[Key]:
        """What a tool may read for a frame: that number first, then its neighbours."""
        keys = []
        for given in self.spec.connected:
            if given.name in self.inputs:
                before, after = given.window(self._values)
                if before + after > WINDOW:
                    before = after = 0
                around = range(number - before, number + after + 1)
                nearest = sorted(around, key=lambda n: (abs(n - number), n))
                keys += [(given.name, n) for n in nearest]
        return keys

    def _ask(self, name: str, number: int) -> None:
        if (name, number) not in self._asked:
            self._asked.add((name, number))
            self._tell(pb.RunEvent(need=pb.Need(input=name, number=number)))

    def _release(self, coming: tuple[int, ...]) -> None:
        """Give back the supplied frames that the coming frames do not read."""
        keep = {key for number in coming for key in self._window(number)}
        with self._news:
            over = [key for key in self._answers if key not in keep]
            for key in over:
                self._asked.discard(key)
                del self._answers[key]
                self._message(released=wb.Released(input=key[0], number=key[1]))

    # ---- results --------------------------------------------------------------------------

    def blank(
        self,
        like: Frame,
        *,
        channels: tuple[str, ...] | None = None,
        dtype: npt.DTypeLike | None = None,
        data_window: Window | None = None,
        display_window: Window | None = None,
    ) -> Frame:
        self.check()
        channels = channels or like.channels
        window = data_window or like.data_window
        pixel = np.dtype(dtype) if dtype is not None else like.pixels.dtype
        if pixel not in (np.float16, np.float32):
            raise InvalidInput(f"A result of type {pixel} cannot travel.")
        shape = (window.height, window.width, len(channels))
        return Frame(
            self._room(shape, pixel),
            channels=channels,
            data_window=window,
            display_window=display_window or like.display_window,
            pixel_aspect=like.pixel_aspect,
            meaning=like.meaning,
            number=like.number,
            view=like.view,
        )

    def _room(self, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Pixels:
        count = shape[0] * shape[1] * shape[2] * dtype.itemsize
        self._frame_bytes = max(self._frame_bytes, count)
        lease = self._spare.pop() if self._spare else self._new_room(count)
        if lease.bytes != count:
            self._return(lease)
            lease = self._new_room(count)
        pixels = pixels_in(self._view(lease.segment, count), shape, dtype)
        self._lent[_address(pixels)] = lease
        return pixels

    def _new_room(self, count: int) -> pb.Lease:
        self._message(want_room=wb.WantRoom(bytes=count))
        self._wait(lambda: bool(self._rooms), patience=_PATIENCE_SECONDS)
        room = self._rooms.popleft()
        if room.HasField("error"):
            raise error_from_wire(room.error)
        return room.lease

    def _result(self, made: Made, number: int, seconds: float) -> pb.Result:
        return pb.Result(
            frame=self._sent(made.frame, number),
            engine=made.engine,
            fingerprint=self._plan.fingerprint,
            seconds=seconds,
            measured=json.dumps(made.measured, allow_nan=False) if made.measured else "",
        )

    def _sent(self, frame: Frame, number: int) -> pb.Frame:
        """A frame's message; its pixels are copied to shared memory where they are not in it."""
        lease = self._lent.pop(_address(frame.pixels), None)
        if lease is None:
            pixels = self._room(frame.pixels.shape, frame.pixels.dtype)
            np.copyto(pixels, frame.pixels)
            lease = self._lent.pop(_address(pixels))
        message = frame_to_wire(frame, pb.LeaseRef(id=lease.id, generation=lease.generation))
        message.number, message.view = number, self._start.view
        return message

    def _return_rooms(self) -> None:
        for lease in (*self._lent.values(), *self._spare):
            self._return(lease)
        self._lent.clear()
        self._spare.clear()

    def _return(self, lease: pb.Lease) -> None:
        ref = pb.LeaseRef(id=lease.id, generation=lease.generation)
        self._message(spare=wb.Spare(lease=ref))

    # ---- telling and being told -----------------------------------------------------------

    def check(self) -> None:
        if self._stopped:
            raise Cancelled("The job was cancelled.")

    def progress(self, number: int, fraction: float, message: str = "") -> None:
        self.check()
        now = time.monotonic()
        if now - self._told >= _PROGRESS_SECONDS:
            self._told = now
            part = min(1.0, max(0.0, float(fraction)))
            told = pb.Progress(number=number, fraction=part, message=message)
            self._tell(pb.RunEvent(progress=told))

    def preview(self, frame: Frame) -> None:
        self.check()
        now = time.monotonic()
        if now - self._shown >= _PREVIEW_SECONDS:
            self._shown = now
            self._tell(pb.RunEvent(preview=pb.Preview(frame=self._sent(frame, frame.number))))

    def warn(self, number: int, sentence: str) -> None:
        self._tell(pb.RunEvent(warning=pb.Warning(number=number, sentence=sentence)))

    def _tell(self, event: pb.RunEvent) -> None:
        self._message(event=event)

    def _message(self, **message: Any) -> None:
        self._send(wb.FromWorker(job=self.key, **message))

    def _view(self, segment: pb.Segment, count: int) -> npt.NDArray[np.uint8]:
        try:
            return self._segments.view(segment, count)
        except (OSError, ValueError) as error:
            raise OutOfMemory(
                "The worker could not map this frame's memory.", "Free some memory and try again."
            ) from error

    def _wait(self, ready: Callable[[], bool], patience: float = 0.0) -> None:
        """Until `ready`, without the turn. With patience, the turn is kept for that long."""
        began = time.monotonic()
        with self._news:
            if self._reached(ready, patience):
                return
        held = self._turns.holds(self.ticket)
        self._turns.give(self.ticket)
        with self._news:
            self._reached(ready, None)
        if held:
            self._turns.take(self.ticket, self.check)
        self._waited += time.monotonic() - began

    def _reached(self, ready: Callable[[], bool], timeout: float | None) -> bool:
        reached = self._news.wait_for(lambda: self._stopped or ready(), timeout)
        self.check()
        return reached


def _address(pixels: Pixels) -> int:
    return int(pixels.__array_interface__["data"][0])
