"""The server process: everything put together, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from backlot import PROTOCOL, __version__
from backlot.errors import InvalidInput, ServerUnavailable
from backlot.v1 import backlot_pb2 as pb
from backlot.v1.backlot_pb2_grpc import add_StudioServicer_to_server

from . import segments
from .access import TokenCheck
from .devices import Device, places
from .history import History
from .jobs import Jobs
from .limits import Limits
from .log import Log
from .runtime import Runtime
from .service import Service
from .sessions import Sessions
from .shared import Pool

_OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)
_GRACE_SECONDS, _TOLD_SECONDS = 1.0, 0.2
_TICK_SECONDS = 1.0
_UNUSED_SECONDS = 60.0
_STUDIO = "backlot.v1.Studio"
_ALL_ADDRESSES = ("", "0.0.0.0", "[::]")


@dataclass(frozen=True)
class Remote:
    """An address for other machines, "host:port"; certificate (chain) and its key, PEM."""

    address: str
    certificate: str
    key: str

    def named(self, port: int) -> str:
        """As another machine names it: by this one's name where it listens at all addresses."""
        host = self.address.rpartition(":")[0]
        return f"{socket.getfqdn() if host in _ALL_ADDRESSES else host}:{port}"


@dataclass(frozen=True)
class Options:
    folder: Path
    limits: Limits
    idle_seconds: float
    log_json: bool
    remote: Remote | None


class Front:
    """One running server. `serve` returns when it has ended."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._runtime = Runtime(options.folder)
        segments.clear(options.folder)
        self._log = Log(options.folder / "server.log", options.log_json)
        self._named = ""
        self._stopping: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._sessions = Sessions()
        history = History()
        self._pool = Pool(
            options.limits,
            segments.maker(options.folder),
            gone=lambda segment: self._jobs.forget_segment(segment),
            freed=lambda session: self._jobs.retry_rooms(session),
        )
        self._jobs = Jobs(self._pool, options.limits, history, self._log)
        self._jobs.devices += [Device(place, self._log, self._jobs) for place in places()]
        self._service = Service(
            options.limits,
            self._pool,
            self._jobs,
            self._sessions,
            self._jobs.devices,
            history,
            self._log,
            self.stop,
        )
        self._health = health.aio.HealthServicer()

    def stop(self, reason: str) -> None:
        """Begin the end."""
        if not self._stopping.done():
            self._stopping.set_result(reason)

    async def serve(self) -> None:
        """Raises: InvalidInput, Unsupported when it cannot listen."""
        self._catch_signals()
        token = self._runtime.token(self._options.remote is not None)
        server = grpc.aio.server(interceptors=(TokenCheck(token),), options=_OPTIONS)
        reason = "it could not start"
        try:
            reason = await self._serve(server, token)
        finally:
            await self._end(server, reason)

    async def _serve(self, server: Any, token: str) -> str:
        """Until there is a reason to end."""
        address = self._listen(server)
        for name in ("", _STUDIO):
            await self._health.set(name, health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._service.prepare()
        await server.start()
        tasks = [
            asyncio.create_task(self._announce(address, token)),
            asyncio.create_task(self._look_after()),
        ]
        try:
            return await self._stopping
        finally:
            for task in tasks:
                task.cancel()

    def _listen(self, server: Any) -> str:
        server.add_generic_rpc_handlers((self._service.chunk_handlers(),))
        add_StudioServicer_to_server(self._service, server)  # type: ignore[no-untyped-call]
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (_STUDIO, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        remote = self._options.remote
        if remote is not None:
            pair = (remote.key.encode(), remote.certificate.encode())
            port = _bind(server, remote.address, grpc.ssl_server_credentials((pair,)))
            self._named = remote.named(port)
        if sys.platform == "win32" or not hasattr(socket, "AF_UNIX"):
            return f"127.0.0.1:{_bind(server, '127.0.0.1:0')}"
        address = f"unix:{self._runtime.socket}"
        before = os.umask(0o177)
        try:
            _bind(server, address)
        finally:
            os.umask(before)
        return address

    async def _announce(self, address: str, token: str) -> None:
        """Let clients find the server when it can serve, or when it is clear that it cannot."""
        with contextlib.suppress(ServerUnavailable):
            await self._jobs.devices[0].wait_ready()
        for name in ("", _STUDIO):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._runtime.write_endpoint(
            address=address, token=token, pid=os.getpid(), protocol=PROTOCOL, build=__version__
        )
        if (remote := self._options.remote) is not None:
            self._runtime.write_remote(self._named, token, remote.certificate)
        self._log.line("server ready", build=__version__, pid=os.getpid())

    async def _look_after(self) -> None:
        """Stalled clients, memory nobody wants, and the end after a long time without work."""
        busy = time.monotonic()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._jobs.look_after()
            self._pool.trim(_UNUSED_SECONDS)
            if len(self._sessions) or len(self._jobs):
                busy = time.monotonic()
            elif 0 < self._options.idle_seconds <= time.monotonic() - busy:
                self.stop("nobody needed it")

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            if sys.platform == "win32":
                signal.signal(
                    number, lambda *_: loop.call_soon_threadsafe(self.stop, "it was told to end")
                )
            else:
                loop.add_signal_handler(number, self.stop, "it was told to end")

    async def _end(self, server: Any, reason: str) -> None:
        """Tell everybody, then leave nothing behind."""
        self._runtime.remove_endpoint()
        await self._health.enter_graceful_shutdown()
        self._jobs.end_all(
            ServerUnavailable(f"The server ends: {reason}.", "Run the same again: it starts anew.")
        )
        for session in self._sessions:
            session.events.put_nowait(pb.SessionEvent(going=pb.ServerGoing(reason=reason)))
        await self._heard()
        stopping = asyncio.ensure_future(server.stop(_GRACE_SECONDS))
        await asyncio.wait((stopping,), timeout=2 * _GRACE_SECONDS)  # gRPC may hold on to a call
        await asyncio.gather(*(device.close() for device in self._jobs.devices))
        self._pool.close()
        self._log.line("server ended", reason=reason)
        self._log.close()
        self._runtime.close()

    async def _heard(self) -> None:
        """Until all have been told, and have had time to read it: what a client has not read when
        the connection is closed, it may lose."""
        end = time.monotonic() + _GRACE_SECONDS
        while (len(self._sessions) or len(self._jobs)) and time.monotonic() < end:
            await asyncio.sleep(_TOLD_SECONDS / 10)
        await asyncio.sleep(_TOLD_SECONDS)


def _bind(server: Any, address: str, credentials: Any = None) -> int:
    """The port. Raises: InvalidInput when the address cannot be had."""
    try:
        if credentials is not None:
            return int(server.add_secure_port(address, credentials))
        return int(server.add_insecure_port(address))
    except RuntimeError as error:
        raise InvalidInput(
            f"The server cannot listen at {address}.", "Is the address right, and free?"
        ) from error
