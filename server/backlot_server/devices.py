"""Workers as the front sees them: one process per device, restarted when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import platform
import sys
from dataclasses import dataclass
from typing import Any, Protocol

import psutil

from backlot.errors import ServerUnavailable, WorkerLost
from backlot.v1 import backlot_pb2 as pb

from . import worker_pb2 as wb
from .access import error_from
from .log import Log, told
from .pipe import framed, read_from_worker

_TRIES = 3
_PAUSE_SECONDS = 30.0
_READY_SECONDS = 30.0
_END_SECONDS = 2.0
_WORDS_SECONDS = 1.0


@dataclass(frozen=True)
class Place:
    """Something that can compute."""

    name: str
    description: str


def places() -> list[Place]:
    """The devices of this machine, best first."""
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    return [Place("cpu", f"{platform.machine()}, {cores} cores")]


class Listener(Protocol):
    """Who hears what a worker says."""

    def told(self, device: Device, message: wb.FromWorker) -> None: ...
    def ready(self, device: Device) -> None: ...
    def lost(self, device: Device, computing: int) -> None:
        """computing: the job whose turn it was last, 0 if none."""

    def failed(self, device: Device) -> None: ...


class Device:
    """One worker process and its restarts."""

    def __init__(self, place: Place, log: Log, listener: Listener) -> None:
        self.place = place
        self.tools: list[pb.ToolSpec] = []
        self.restarts = 0
        self._log, self._listener = log, listener
        self._process: asyncio.subprocess.Process | None = None
        self.up = False
        self._failed = False
        self._decided = asyncio.Event()  # it is up, or it has failed
        self._computing = 0
        self._asks: dict[int, asyncio.Future[wb.Answer]] = {}
        self._ids = itertools.count(1)
        self._life = asyncio.create_task(self._live())

    def status(self, busy: bool) -> pb.Device:
        state = "restarting" if self.restarts else "starting"
        if self._failed:
            state = "failed"
        elif self.up:
            state = "busy" if busy else "idle"
        device = pb.Device(
            name=self.place.name,
            description=self.place.description,
            memory_total=psutil.virtual_memory().total,
            state=state,
            restarts=self.restarts,
        )
        if self.up and self._process is not None:
            device.worker_pid = self._process.pid
            device.memory_used = _resident(self._process.pid)
        return device

    def send(self, message: wb.ToWorker) -> None:
        """To the worker; nobody hears it while there is none."""
        if self.up and self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(framed(message))

    async def wait_ready(self) -> None:
        """Raises: ServerUnavailable when it does not come up."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._decided.wait(), _READY_SECONDS)
        if not self.up:
            raise ServerUnavailable(
                f"The worker of device {self.place.name} does not come up.",
                "The server's log says why; `backlot doctor` checks the installation.",
            )

    async def ask(self, ask: wb.Ask) -> wb.Answer:
        """Raises: what the worker finds wrong, ServerUnavailable, WorkerLost."""
        await self.wait_ready()
        ask.id = next(self._ids)
        future = asyncio.get_running_loop().create_future()
        self._asks[ask.id] = future
        self.send(wb.ToWorker(ask=ask))
        try:
            answer: wb.Answer = await future
        finally:
            del self._asks[ask.id]
        if answer.HasField("error"):
            raise error_from(answer.error)
        return answer

    def kill(self) -> None:
        """End the worker at once; another takes its place."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def close(self) -> None:
        """End the worker for good."""
        self._life.cancel()
        await asyncio.gather(self._life, return_exceptions=True)

    # ---- its life -------------------------------------------------------------------------

    async def _live(self) -> None:
        tries = 0
        try:
            while True:
                try:
                    came_up = await self._live_once()
                except OSError as error:  # the system gives no process
                    self._log.line("worker not started", device=self.place.name, said=told(error))
                    came_up = False
                tries = 0 if came_up else tries + 1
                self.restarts += 1
                self._failed = tries >= _TRIES
                if self._failed:
                    self._decided.set()
                    self._listener.failed(self)
                    await asyncio.sleep(_PAUSE_SECONDS)
                    self._failed = False
                    self._decided.clear()
        finally:
            await self._end()

    async def _live_once(self) -> bool:
        """From start to death; whether it was ready in between."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "backlot_server.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._process = process
        words = asyncio.create_task(self._log_words(process.stderr))
        assert process.stdout is not None
        while (message := await read_from_worker(process.stdout)) is not None:
            try:
                self._take(message)
            except Exception as error:  # one job's trouble is not the device's end
                self._log.line("defect", device=self.place.name, said=told(error))
        came_up, computing = self.up, self._computing
        self.up, self._computing = False, 0
        self._decided.clear()
        self.kill()
        code = await process.wait()
        await asyncio.wait((words,), timeout=_WORDS_SECONDS)  # a child of its may hold the pipe
        words.cancel()
        self._log.line("worker lost", device=self.place.name, code=code)
        for future in self._asks.values():
            if not future.done():
                future.set_exception(WorkerLost("The worker was lost.", "Try again."))
        self._listener.lost(self, computing)
        return came_up

    def _take(self, message: wb.FromWorker) -> None:
        kind = message.WhichOneof("message")
        if kind == "ready":
            self.tools = list(message.ready.tools)
            self.up = True
            self._decided.set()
            self._log.line("worker ready", device=self.place.name, restarts=self.restarts)
            self._listener.ready(self)
        elif kind == "turn":
            self._computing = message.job
        elif kind == "answer":
            future = self._asks.get(message.answer.id)
            if future is not None and not future.done():
                future.set_result(message.answer)
        elif kind == "note":
            self._log.line("worker", device=self.place.name, said=message.note.text)
        else:
            self._listener.told(self, message)

    async def _log_words(self, reader: Any) -> None:
        """What the worker and its libraries print."""
        while words := await reader.read(1 << 14):
            for line in words.decode(errors="replace").splitlines():
                if text := line.strip():
                    self._log.line("worker printed", device=self.place.name, text=text[:1000])

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
