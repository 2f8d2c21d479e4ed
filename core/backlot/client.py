"""Connect to the server and run tools: the Python API."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import grpc

from . import PROTOCOL, PROTOCOL_OLDEST, __version__, local
from .buffers import Buffers
from .errors import (
    BacklotError,
    Denied,
    InvalidInput,
    ServerUnavailable,
    VersionMismatch,
)
from .events import FrameFailed, Result
from .frame import Frame, Pixels
from .leftovers import Leftovers
from .running import Reader, Running, translated
from .shared import Segments, can_share
from .tools import ToolSpec, Value
from .transport import SharedTransport, StreamTransport, Transport
from .v1 import backlot_pb2 as pb
from .v1.backlot_pb2_grpc import StudioStub
from .wire import TOKEN_KEY, spec_from_wire, values_to_wire

_CALL_SECONDS = 30.0
_ENDING_SECONDS = 0.25
_OPTIONS = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]


def connect(
    *,
    start: bool = True,
    transport: str = "auto",
    client: str = "python",
    endpoint: local.Endpoint | None = None,
) -> Studio:
    """A session with the server of this machine, which is started when it does not run.

    Where BACKLOT_REMOTE names the remote.json of another machine's server, with that, over TLS.

    transport: "shared" memory, chunk "stream", or "auto": shared where it works.
    client: who is calling, as `backlot status` shows it.
    Raises: ServerUnavailable, Denied, VersionMismatch.
    """
    for attempt in (1, 2, 3):
        found = endpoint or (local.start() if start else local.find())
        if found is None:
            raise ServerUnavailable("No Backlot server runs here.", "Start one: `backlot start`.")
        try:
            return Studio(found, transport, client)
        except ServerUnavailable:
            if found.certificate:
                raise ServerUnavailable(
                    f"The Backlot server at {found.address} does not answer.",
                    "Is it running there? Copy its remote.json again if its certificate is new.",
                ) from None
            if endpoint is not None or not start or attempt == 3:
                raise
            time.sleep(_ENDING_SECONDS)  # what was found is a server at its very end
    raise AssertionError


class Studio:
    """A session with the server. Everything it holds there is freed when it is closed or dies.

    Safe to use from several threads.
    """

    def __init__(self, endpoint: local.Endpoint, transport: str, client: str) -> None:
        self._channel = _channel(endpoint)
        self.remote = bool(endpoint.certificate)
        self._stub: Any = StudioStub(self._channel)  # type: ignore[no-untyped-call]
        self._metadata = ((TOKEN_KEY, endpoint.token),)
        self._segments = Segments()
        self._buffers = Buffers()
        self._leftovers = Leftovers()
        try:
            self._client = client
            self.hello = self._greet()
            self._session_call = self._stub.Session(
                pb.SessionRequest(client=client), metadata=self._metadata
            )
            opened = self._open_session()
            self.session: str = opened.session
            self.transport = self._choose(transport, opened)
        except BaseException:
            self._leftovers.close()
            self._channel.close()
            raise
        self._going = ""
        threading.Thread(target=self._watch, name="backlot-session", daemon=True).start()

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session: its jobs are cancelled, its memory is freed. Results stay valid."""
        self._leftovers.close()
        self._session_call.cancel()
        self._channel.close()

    @property
    def going(self) -> str:
        """Why the server ends, once it has said that it does; "" while it stays."""
        return self._going

    # ---- what there is --------------------------------------------------------------------

    def greet(self) -> pb.HelloReply:
        """Ask the server for its limits and devices as they are now."""
        request = pb.HelloRequest(protocol=PROTOCOL, client=self._client, build=__version__)
        reply: pb.HelloReply = self._call("Hello", request)
        return reply

    def tools(self) -> dict[str, ToolSpec]:
        """The server's tools by name."""
        return self._tools

    @cached_property
    def _tools(self) -> dict[str, ToolSpec]:
        reply = self._call("ListTools", pb.ListToolsRequest())
        return {message.name: spec_from_wire(message) for message in reply.tools}

    def tool(self, name: str) -> ToolSpec:
        """One tool. Raises: InvalidInput with the names that there are."""
        if name not in self._tools:
            known = ", ".join(sorted(n for n, spec in self._tools.items() if not spec.hidden))
            raise InvalidInput(f"There is no tool {name}.", f"This server has {known}.")
        return self._tools[name]

    def models(self) -> list[pb.Model]:
        """The models that the server knows, with their licences."""
        return list(self._call("ListModels", pb.ListModelsRequest()).models)

    def status(self) -> pb.StatusReply:
        """Queue, devices, memory and sessions of the server."""
        reply: pb.StatusReply = self._call("Status", pb.StatusRequest())
        return reply

    def estimate(
        self,
        tool: str,
        params: Mapping[str, Value],
        width: int,
        height: int,
        channels: int = 4,
        *,
        measure: bool = True,
    ) -> pb.EstimateReply:
        """What a run would be made with, and what a frame of that size would cost.

        measure: where no run has told yet, let the server time a small frame; without, and while
        jobs run, seconds_per_frame is then below 0.
        """
        request = pb.EstimateRequest(
            tool=tool,
            params=values_to_wire(self.tool(tool).values(params)),
            width=width,
            height=height,
            channels=channels,
            measure=measure,
        )
        reply: pb.EstimateReply = self._call("Estimate", request)
        return reply

    # ---- work -----------------------------------------------------------------------------

    def run(
        self,
        tool: str,
        *,
        out: Pixels | None = None,
        progress: Callable[[Any], None] | None = None,
        priority: str = "interactive",
        supersede: str = "",
        **given: Any,
    ) -> Frame:
        """One frame through one tool.

        given: Frames are inputs by name, everything else is a parameter. The result has the
        number of the tool's first input.
        out: an array of the result's shape and dtype to put its pixels into.
        progress: called with every backlot.events event but the result.
        Raises: the BacklotError of what went wrong.
        """
        spec = self.tool(tool)
        given = {name: value for name, value in given.items() if value is not None}
        inputs = {name: value for name, value in given.items() if isinstance(value, Frame)}
        params = {name: value for name, value in given.items() if name not in inputs}
        for name in {each.name for each in spec.inputs} & params.keys():
            raise InvalidInput(
                f"The {name} is a {type(params[name]).__name__}, no Frame.",
                "backlot.read gives one of a file, Frame(pixels) makes one of an array.",
            )
        spec.check_inputs(list(inputs))
        main = inputs[spec.inputs[0].name]

        def read(name: str, _: int) -> Frame:
            return inputs[name]

        running = self._start(
            spec,
            [main.number],
            read,
            list(inputs),
            params,
            priority=priority,
            supersede=supersede,
            view=main.view,
            along=inputs,
            out=out,
        )
        result: Frame | None = None
        with running:
            for event in running:
                if isinstance(event, Result):
                    result = event.frame
                elif isinstance(event, FrameFailed):
                    raise event.error
                elif progress is not None:
                    progress(event)
        if result is None:
            raise ServerUnavailable("The server ended the job without a result.", "Try again.")
        return result

    def submit(
        self,
        tool: str,
        frames: Sequence[int],
        read: Reader,
        inputs: Sequence[str],
        params: Mapping[str, Value],
        *,
        priority: str = "batch",
        supersede: str = "",
        view: str = "",
        deadline: float = 0.0,
        job: str = "",
    ) -> Running:
        """Many frames through one tool; iterate over what comes back for backlot.events.

        read(input, number) gives a frame when the server asks for it, from threads of its own and
        ahead of time; a BacklotError that it raises fails the frames that need it.
        deadline: seconds; 0 is none. job: an id of your own, so that a repeat is recognised.
        """
        return self._start(
            self.tool(tool),
            frames,
            read,
            inputs,
            params,
            priority=priority,
            supersede=supersede,
            view=view,
            deadline=deadline,
            job=job,
            threads=2,
        )

    def process(self, tool: str, source: str, out: str, **options: Any) -> Any:
        """A sequence on disk through one tool: see `backlot.shot.process`."""
        from .shot import process

        return process(self, tool, source, out, **options)

    def _start(
        self,
        spec: ToolSpec,
        frames: Sequence[int],
        read: Reader,
        inputs: Sequence[str],
        params: Mapping[str, Value],
        **options: Any,
    ) -> Running:
        spec.check_inputs(inputs)
        if any(param.kind == "character" for param in spec.params):
            from .character import faces
            from .character.pictures import supplied
            from .character.sending import with_characters

            params = faces.supplied(spec, with_characters(self, spec, params))
            inputs, read = supplied(spec, params, inputs, read)
        return Running(
            self._stub,
            self._metadata,
            self.session,
            self.transport,
            self._buffers,
            self._leftovers,
            tool=spec.name,
            frames=frames,
            read=read,
            inputs=inputs,
            params=spec.values(params),
            **options,
        )

    # ---- the connection -------------------------------------------------------------------

    def _call(self, verb: str, request: Any) -> Any:
        with translated():
            return getattr(self._stub, verb)(
                request, metadata=self._metadata, timeout=_CALL_SECONDS
            )

    def _greet(self) -> pb.HelloReply:
        """The first Hello: versions are compared, and a server that still starts is waited for."""
        end = time.monotonic() + _CALL_SECONDS
        while True:
            hello = self.greet()
            _check_versions(hello)
            if hello.ready:
                return hello
            if time.monotonic() > end:
                raise ServerUnavailable(
                    "The server runs, but none of its workers came up.",
                    "`backlot status` shows the devices; the server's log says why.",
                )
            time.sleep(0.02)

    def _open_session(self) -> pb.SessionOpened:
        with translated():
            event = next(self._session_call)
        opened: pb.SessionOpened = event.opened
        return opened

    def _choose(self, transport: str, opened: pb.SessionOpened) -> Transport:
        if transport not in ("auto", "shared", "stream"):
            raise InvalidInput(
                f"There is no transport {transport!r}.", "Use auto, shared or stream."
            )
        offered = transport != "stream" and "shared-memory" in self.hello.capabilities
        if offered and can_share(self._segments, opened.probe, opened.nonce):
            room = self.hello.limits.kept_results_bytes
            return SharedTransport(
                self._stub, self._metadata, self.session, self._segments, self._leftovers, room
            )
        if transport == "shared":
            raise Denied(
                "This process cannot see the server's memory.",
                "Run it as the same user and outside of containers, or use transport='auto'.",
            )
        chunk = self.hello.limits.chunk_bytes
        return StreamTransport(self._channel, self._stub, self._metadata, self.session, chunk)

    def _watch(self) -> None:
        """Keep the session's stream read; it tells when the server goes."""
        try:
            for event in self._session_call:
                if event.HasField("going"):
                    self._going = event.going.reason
        except (grpc.RpcError, BacklotError):
            pass


def _channel(endpoint: local.Endpoint) -> grpc.Channel:
    if not endpoint.certificate:
        return grpc.insecure_channel(endpoint.address, options=_OPTIONS)
    credentials = grpc.ssl_channel_credentials(endpoint.certificate.encode())
    return grpc.secure_channel(endpoint.address, credentials, options=_OPTIONS)


def _check_versions(hello: pb.HelloReply) -> None:
    if hello.protocol < PROTOCOL_OLDEST:
        raise VersionMismatch(
            f"The server speaks protocol {hello.protocol}, this client needs at least "
            f"{PROTOCOL_OLDEST}.",
            "Update the server: install the newer Backlot and run `backlot stop`.",
        )
    if hello.protocol_oldest > PROTOCOL:
        raise VersionMismatch(
            f"This client speaks protocol {PROTOCOL}, the server needs at least "
            f"{hello.protocol_oldest}.",
            "Update this client (the plugin or the Backlot that it comes from).",
        )
