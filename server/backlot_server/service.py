"""The servicer: messages in, events out, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from typing import Any

import grpc

from backlot import PROTOCOL, PROTOCOL_OLDEST, __version__, chunks
from backlot.errors import BacklotError, InvalidInput, TooLarge
from backlot.v1 import backlot_pb2 as pb
from backlot.v1.backlot_pb2_grpc import StudioServicer

from . import sessions as clients
from . import worker_pb2 as wb
from .access import answers
from .checks import check_version
from .devices import Device
from .history import History
from .jobs import Jobs
from .limits import CHUNK_BYTES, Limits
from .log import Log
from .record import Job
from .shared import Lease, Pool

_CAPABILITIES = ("shared-memory", "chunk-stream", "supersede", "preview")
_NONCE = 32
_STATUS_SECONDS = 1.0
_EOF = grpc.aio.EOF


class Service(StudioServicer):
    """Studio of protos/backlot/v1."""

    def __init__(
        self,
        limits: Limits,
        pool: Pool,
        jobs: Jobs,
        sessions: clients.Sessions,
        devices: list[Device],
        history: History,
        log: Log,
        stop: Callable[[str], None],
    ) -> None:
        self.log = log
        self._limits, self._pool, self._jobs, self._sessions = limits, pool, jobs, sessions
        self._devices, self._history, self._stop = devices, history, stop
        self._began = time.monotonic()
        self._nonce = os.urandom(_NONCE)
        self._probe: Lease | None = None

    async def prepare(self) -> None:
        """Make the probe that tells clients whether they see this memory."""
        self._pool.open("")
        self._probe = await self._pool.lease("", _NONCE)
        self._probe.segment.write(0, self._nonce)

    # ---- who is there ---------------------------------------------------------------------

    @answers
    async def Hello(self, request: pb.HelloRequest, context: Any) -> pb.HelloReply:  # noqa: N802
        check_version(request.protocol)
        return pb.HelloReply(
            protocol=PROTOCOL,
            protocol_oldest=PROTOCOL_OLDEST,
            build=__version__,
            limits=self._limits.message(),
            capabilities=_CAPABILITIES if _is_local(context) else _CAPABILITIES[1:],
            devices=self._device_status(),
            ready=any(device.up for device in self._devices),
        )

    @answers
    async def Session(self, request: pb.SessionRequest, context: Any) -> None:  # noqa: N802
        session = self._sessions.open(request.client, _is_local(context))
        self._pool.open(session.id)
        opened = pb.SessionOpened(session=session.id)
        if session.local and self._probe is not None:
            opened.probe.CopyFrom(self._probe.message())
            opened.nonce = self._nonce
        try:
            await context.write(pb.SessionEvent(opened=opened))
            event = await session.events.get()
            await context.write(event)
        finally:
            self._sessions.close(session)
            self._jobs.end_session(session)

    @answers
    async def ListTools(  # noqa: N802
        self, request: pb.ListToolsRequest, context: Any
    ) -> pb.ListToolsReply:
        device = await self._first_ready()
        return pb.ListToolsReply(tools=device.tools)

    @answers
    async def ListModels(  # noqa: N802
        self, request: pb.ListModelsRequest, context: Any
    ) -> pb.ListModelsReply:
        device = await self._first_ready()
        answer = await device.ask(wb.Ask(models=request))
        return answer.models

    @answers
    async def Estimate(  # noqa: N802
        self, request: pb.EstimateRequest, context: Any
    ) -> pb.EstimateReply:
        if max(request.width, request.height) > self._limits.max_side:
            raise TooLarge(
                f"A frame of {request.width}x{request.height} pixels is too large.",
                f"This server takes up to {self._limits.max_side} pixels on a side.",
            )
        device = await self._first_ready()
        question = wb.Estimate(request=request)
        reply = (await device.ask(wb.Ask(estimate=question))).estimate
        pixels = reply.width * reply.height
        seconds = self._history.seconds(request.tool, reply.engine, pixels)
        if seconds is None and request.measure and pixels and not len(self._jobs):
            question.measure = True
            seconds = (await device.ask(wb.Ask(estimate=question))).estimate.seconds_per_frame
            if seconds >= 0:
                self._history.note(request.tool, reply.engine, pixels, seconds)
        reply.seconds_per_frame = -1.0 if seconds is None else seconds
        return reply

    @answers
    async def Status(self, request: pb.StatusRequest, context: Any) -> pb.StatusReply:  # noqa: N802
        return pb.StatusReply(
            build=__version__,
            pid=os.getpid(),
            uptime_seconds=time.monotonic() - self._began,
            devices=self._device_status(),
            jobs=self._jobs.status(),
            sessions=[self._session_status(session) for session in self._sessions],
            pool=self._pool.totals(),
            models=await self._models(),
        )

    @answers
    async def Shutdown(  # noqa: N802
        self, request: pb.ShutdownRequest, context: Any
    ) -> pb.ShutdownReply:
        self._stop(request.reason[:200] or "somebody asked for it")
        return pb.ShutdownReply()

    # ---- memory ---------------------------------------------------------------------------

    @answers
    async def Alloc(self, request: pb.AllocRequest, context: Any) -> pb.Lease:  # noqa: N802
        session = self._sessions.find(request.session)
        lease = await self._pool.lease(session.id, request.bytes)
        return _shown(lease, session)

    @answers
    async def Free(self, request: pb.FreeRequest, context: Any) -> pb.FreeReply:  # noqa: N802
        self._pool.free(self._sessions.find(request.session).id, request.leases)
        return pb.FreeReply()

    @answers
    async def Put(self, _: Any, context: Any) -> pb.Lease:  # noqa: N802
        message = await context.read()
        if message is _EOF:
            raise InvalidInput("A frame came without any chunk.")
        first = _parsed(pb.PutChunk, message)
        session = self._sessions.find(first.session)
        lease = await self._pool.lease(session.id, first.total)
        self._pool.hold(lease)
        try:
            await self._receive(lease, first.data, context)
        except BaseException:
            self._pool.drop(lease)
            if not lease.orphan:
                self._pool.free(session.id, [lease.ref()])
            raise
        self._pool.drop(lease)
        return _shown(lease, session)

    async def _receive(self, lease: Lease, data: chunks.Data, context: Any) -> None:
        at = 0
        while True:
            if len(data) > CHUNK_BYTES or at + len(data) > lease.bytes:
                raise InvalidInput("A chunk is larger than was said.")
            lease.segment.write(at, data)
            at += len(data)
            message = await context.read()
            if message is _EOF:
                break
            data = _data(message)
        if at != lease.bytes:
            raise InvalidInput(f"{at} bytes of a frame of {lease.bytes} came.", "Send it again.")

    @answers
    async def Get(self, request: pb.GetRequest, context: Any) -> None:  # noqa: N802
        session = self._sessions.find(request.session)
        lease = self._pool.find(session.id, request.lease)
        if not 0 < request.bytes <= lease.bytes:
            raise InvalidInput(f"{request.bytes} bytes of a lease of {lease.bytes} were asked for.")
        self._pool.hold(lease)
        try:
            for at in range(0, request.bytes, CHUNK_BYTES):
                count = min(CHUNK_BYTES, request.bytes - at)
                await context.write(chunks.get_chunk(lease.segment.read(at, count)))
        finally:
            self._pool.drop(lease)

    def chunk_handlers(self) -> Any:
        """Put and Get, whose messages stay bytes: to be asked before the generated handlers."""
        handlers = {
            "Put": grpc.stream_unary_rpc_method_handler(
                self.Put, response_serializer=pb.Lease.SerializeToString
            ),
            "Get": grpc.unary_stream_rpc_method_handler(
                self.Get, request_deserializer=pb.GetRequest.FromString
            ),
        }
        return grpc.method_handlers_generic_handler(chunks.STUDIO, handlers)

    # ---- jobs -----------------------------------------------------------------------------

    @answers
    async def Run(self, _: Any, context: Any) -> None:  # noqa: N802
        first = await context.read()
        if first is _EOF or not first.HasField("start"):
            raise InvalidInput("A job came without a Start.")
        session = self._sessions.find(first.start.session)
        await self._first_ready()
        job = await self._jobs.submit(session, first.start)
        reader = asyncio.create_task(self._read(job, context))
        settled = asyncio.create_task(job.settled.wait())
        try:
            while (event := await job.outbox.get()) is not None:
                await context.write(event)
                self._jobs.written(job, event)
            await asyncio.wait((settled, reader), return_when=asyncio.FIRST_COMPLETED)
        finally:
            reader.cancel()
            settled.cancel()
            self._jobs.leave(job)

    async def _read(self, job: Job, context: Any) -> None:
        """What the client answers, until it closes its side."""
        try:
            while (request := await context.read()) is not _EOF:
                kind = request.WhichOneof("request")
                if kind == "supply":
                    self._jobs.supply(job, request.supply)
                elif kind == "consumed":
                    self._jobs.consumed(job, request.consumed)
                else:
                    raise InvalidInput("A running job was sent something other than an answer.")
            self._jobs.silent(job)
        except BacklotError as error:
            self._jobs.fail(job, error)

    @answers
    async def Cancel(self, request: pb.CancelRequest, context: Any) -> pb.CancelReply:  # noqa: N802
        session = self._sessions.find(request.session)
        return pb.CancelReply(found=self._jobs.cancel(session, request.job))

    # ---- parts ----------------------------------------------------------------------------

    async def _models(self) -> list[pb.Model]:
        """Those of the first device that is up; nobody waits for one that does not answer."""
        ask = wb.Ask(models=pb.ListModelsRequest())
        for device in self._devices:
            if device.up:
                with contextlib.suppress(BacklotError, asyncio.TimeoutError):
                    answer = await asyncio.wait_for(device.ask(ask), _STATUS_SECONDS)
                    return list(answer.models.models)
        return []

    async def _first_ready(self) -> Device:
        for device in self._devices:
            if device.up:
                return device
        await self._devices[0].wait_ready()
        return self._devices[0]

    def _device_status(self) -> list[pb.Device]:
        return [device.status(self._jobs.busy(device)) for device in self._devices]

    def _session_status(self, session: clients.Session) -> pb.SessionStatus:
        leases, held = self._pool.held(session.id)
        return pb.SessionStatus(
            session=session.id,
            client=session.client,
            leases=leases,
            lease_bytes=held,
            seconds=time.monotonic() - session.began,
        )


def _parsed(kind: Any, message: bytes) -> Any:
    try:
        return chunks.parsed(kind, message)
    except ValueError as error:
        raise InvalidInput("A frame came as something other than chunks.") from error


def _data(message: bytes) -> chunks.Data:
    try:
        return chunks.data_of_put(message)
    except ValueError as error:
        raise InvalidInput("A frame came as something other than chunks.") from error


def _shown(lease: Lease, session: clients.Session) -> pb.Lease:
    message = lease.message()
    if not session.local:
        message.ClearField("segment")
    return message


def _is_local(context: Any) -> bool:
    """Whether the caller is on this machine: it came through the socket or the loopback."""
    return str(context.peer()).startswith(("unix:", "ipv4:127.", "ipv6:%5B::1%5D", "ipv6:[::1]"))
