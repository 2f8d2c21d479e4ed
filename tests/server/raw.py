"""A client without manners: the contract's bare calls, for what the real client never does."""

from __future__ import annotations

import queue
from pathlib import Path

import grpc
import numpy as np

from backlot.errors import BacklotError
from backlot.local import Endpoint
from backlot.shared import Segments, pixels_in
from backlot.v1 import backlot_pb2 as pb
from backlot.v1.backlot_pb2_grpc import StudioStub
from backlot.wire import ERROR_KEY, TOKEN_KEY, error_from_wire, frame_bytes, frame_shape

ODD_TOOLS = Path(__file__).parent / "odd_tools"
OPTIONS = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]


def failure(call) -> tuple[grpc.StatusCode, BacklotError]:
    """Status and error of a call that must fail; `call` is a function or an iterator."""
    try:
        if callable(call) and not hasattr(call, "__next__"):
            call()
        else:
            list(call)
    except grpc.RpcError as error:
        for key, value in error.trailing_metadata() or ():
            if key == ERROR_KEY:
                return error.code(), error_from_wire(pb.Error.FromString(value))
        raise AssertionError(f"{error.code()} without our error: {error.details()}") from None
    raise AssertionError("the call went well")


class Raw:
    """One channel, and sessions on it."""

    def __init__(self, endpoint: Endpoint, token: str | None = None) -> None:
        self.channel = grpc.insecure_channel(endpoint.address, options=OPTIONS)
        self.stub = StudioStub(self.channel)
        self.metadata = ((TOKEN_KEY, endpoint.token if token is None else token),)
        self.segments = Segments()

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *exc: object) -> None:
        self.channel.close()

    def call(self, verb: str, request, timeout: float = 20.0):
        return getattr(self.stub, verb)(request, metadata=self.metadata, timeout=timeout)

    def session(self, client: str = "raw") -> Session:
        return Session(self, client)

    def status(self) -> pb.StatusReply:
        return self.call("Status", pb.StatusRequest())


class Session:
    def __init__(self, raw: Raw, client: str) -> None:
        self.raw = raw
        self.stream = raw.stub.Session(pb.SessionRequest(client=client), metadata=raw.metadata)
        self.opened = next(self.stream).opened
        self.id = self.opened.session

    def close(self) -> None:
        self.stream.cancel()

    def alloc(self, count: int) -> pb.Lease:
        return self.raw.call("Alloc", pb.AllocRequest(session=self.id, bytes=count))

    def free(self, *leases: pb.Lease) -> None:
        refs = [ref(lease) for lease in leases]
        self.raw.call("Free", pb.FreeRequest(session=self.id, leases=refs))

    def view(self, lease: pb.Lease) -> np.ndarray:
        return self.raw.segments.view(lease.segment, lease.bytes)

    def frame(self, number: int, value: float = 1.0, width: int = 8, height: int = 4) -> pb.Frame:
        """A half RGBA frame full of one value, in a new lease."""
        window = pb.Window(width=width, height=height)
        frame = pb.Frame(
            data_window=window,
            display_window=window,
            pixel_aspect=1.0,
            channels=["R", "G", "B", "A"],
            type=pb.HALF,
            meaning=pb.COLOR,
            number=number,
        )
        lease = self.alloc(frame_bytes(frame))
        pixels_in(self.view(lease), *frame_shape(frame))[...] = value
        frame.lease.CopyFrom(ref(lease))
        return frame

    def pixels(self, frame: pb.Frame) -> np.ndarray:
        view = self.raw.segments.view(frame.segment, frame_bytes(frame))
        return pixels_in(view, *frame_shape(frame)).copy()

    def run(self, **start) -> Run:
        return Run(self, pb.Start(session=self.id, **start))


class Run:
    """One job's stream; what the client says is up to the test."""

    def __init__(self, session: Session, start: pb.Start | None) -> None:
        self.session = session
        self.requests: queue.SimpleQueue[pb.RunRequest | None] = queue.SimpleQueue()
        if start is not None:
            self.say(start=start)
        raw = session.raw
        self.events = raw.stub.Run(iter(self.requests.get, None), metadata=raw.metadata)

    def say(self, **request) -> None:
        self.requests.put(pb.RunRequest(**request))

    def say_no_more(self) -> None:
        self.requests.put(None)

    def close(self) -> None:
        self.requests.put(None)
        self.events.cancel()

    def supply(self, need: pb.Need, value: float | None = None) -> None:
        frame = self.session.frame(need.number, float(need.number) if value is None else value)
        self.say(supply=pb.Supply(input=need.input, number=need.number, frame=frame))

    def until(self, kind: str) -> pb.RunEvent:
        """The next event of a kind; needs on the way are answered, results consumed."""
        for event in self.events:
            found = event.WhichOneof("event")
            if found == "result":
                self.consume(event.result.frame)
            if found == kind:
                return event
            if found == "need":
                self.supply(event.need)
            assert found not in ("error", "done"), f"{event} before any {kind}"
        raise AssertionError(f"the stream ended without {kind}")

    def play(self) -> list[pb.RunEvent]:
        """A good client: answers and consumes to the end; all events."""
        seen = []
        for event in self.events:
            seen.append(event)
            if event.HasField("need"):
                self.supply(event.need)
            elif event.HasField("result"):
                self.consume(event.result.frame)
        return seen

    def consume(self, frame: pb.Frame) -> None:
        self.say(consumed=pb.Consumed(lease=frame.lease))


def ref(lease: pb.Lease) -> pb.LeaseRef:
    return pb.LeaseRef(id=lease.id, generation=lease.generation)


def kinds(events: list[pb.RunEvent]) -> list[str]:
    return [event.WhichOneof("event") for event in events]
