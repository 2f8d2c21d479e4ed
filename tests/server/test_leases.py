"""Shared frames by the bare contract: what a client can hold, and what it cannot."""

import subprocess
import sys
import time

import grpc
import numpy as np
import pytest

from backlot.errors import InvalidInput, NotFound, QuotaExceeded, StaleLease, TooLarge
from backlot.shared import Segments, can_share
from backlot.v1 import backlot_pb2 as pb
from tests.conftest import RunningServer
from tests.server.conftest import descriptors, eventually
from tests.server.raw import Raw, failure, ref

CHUNK = 1 << 20


def test_the_probe_shows_shared_memory(session):
    opened = session.opened
    assert can_share(Segments(), opened.probe, opened.nonce)
    assert not can_share(Segments(), opened.probe, b"x" * len(opened.nonce))


def test_alloc_write_free(session):
    lease = session.alloc(100_000)
    assert (lease.bytes, lease.segment.bytes >= 100_000) == (100_000, True)
    session.view(lease)[...] = 7
    session.free(lease)


def test_double_free_and_stale_generation(session):
    lease = session.alloc(1000)
    session.free(lease)
    assert isinstance(failure(lambda: session.free(lease))[1], StaleLease)
    again = session.alloc(1000)
    assert again.id == lease.id
    status, error = failure(lambda: session.free(lease))
    assert (status, type(error)) == (grpc.StatusCode.FAILED_PRECONDITION, StaleLease)
    session.free(again)


def test_foreign_session(raw, session):
    lease = session.alloc(1000)
    other = raw.session()
    assert isinstance(failure(lambda: other.free(lease))[1], StaleLease)
    get = pb.GetRequest(session=other.id, lease=ref(lease), bytes=10)
    assert isinstance(failure(raw.stub.Get(get, metadata=raw.metadata))[1], StaleLease)
    other.close()


@pytest.mark.parametrize("verb", ["Alloc", "Free", "Cancel"])
def test_no_such_session(raw, verb):
    request = getattr(pb, f"{verb}Request")(session="f" * 32)
    status, error = failure(lambda: raw.call(verb, request))
    assert (status, type(error)) == (grpc.StatusCode.NOT_FOUND, NotFound)


@pytest.mark.parametrize("count", [0, (1 << 63), (1 << 64) - 1])
def test_sizes_that_overflow(session, count):
    assert isinstance(failure(lambda: session.alloc(count))[1], TooLarge)


def test_quota():
    server = RunningServer("--memory", "0.0625")
    try:
        with Raw(server.endpoint) as raw:
            session = raw.session()
            held = [session.alloc(16 << 20) for _ in range(3)]
            status, error = failure(lambda: session.alloc(16 << 20))
            assert (status, type(error)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, QuotaExceeded)
            session.free(held[0])
            session.alloc(16 << 20)
    finally:
        server.close()


def put(session, *chunks, total=None):
    first, *rest = chunks or (b"",)
    total = sum(map(len, chunks)) if total is None else total
    messages = [pb.PutChunk(session=session.id, total=total, data=first)]
    messages += [pb.PutChunk(data=data) for data in rest]
    return session.raw.stub.Put(iter(messages), metadata=session.raw.metadata, timeout=20)


def get(session, lease, count):
    request = pb.GetRequest(session=session.id, lease=ref(lease), bytes=count)
    return session.raw.stub.Get(request, metadata=session.raw.metadata, timeout=20)


def test_put_and_get(session):
    data = np.random.default_rng(0).bytes(2 * CHUNK + 12345)
    lease = put(session, data[:CHUNK], data[CHUNK : 2 * CHUNK], data[2 * CHUNK :])
    chunks = [chunk.data for chunk in get(session, lease, len(data))]
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) == CHUNK
    assert session.view(lease).tobytes() == data
    session.free(lease)


@pytest.mark.parametrize(
    ("chunks", "total", "kind"),
    [
        ((b"x" * 10,), 11, InvalidInput),
        ((b"x" * 10, b"y"), 10, InvalidInput),
        ((b"x" * (CHUNK + 1),), None, InvalidInput),
        ((b"x",), 1 << 62, TooLarge),
        ((b"",), 0, TooLarge),
    ],
)
def test_put_that_is_not_what_it_says_leaves_nothing(raw, session, chunks, total, kind):
    before = raw.status().pool.leases
    assert isinstance(failure(lambda: put(session, *chunks, total=total))[1], kind)
    assert raw.status().pool.leases == before


@pytest.mark.parametrize("count", [0, 1001, 1 << 63])
def test_get_beyond_the_lease(session, count):
    lease = session.alloc(1000)
    assert isinstance(failure(get(session, lease, count))[1], InvalidInput)


def test_the_end_of_a_session_frees_everything(raw):
    before = raw.status().pool.leases
    session = raw.session()
    for _ in range(5):
        session.alloc(200_000)
    assert raw.status().pool.leases == before + 5
    session.close()
    eventually(lambda: raw.status().pool.leases == before)
    assert isinstance(failure(lambda: session.alloc(10))[1], NotFound)


def test_thousands_of_leases_leave_no_bytes_and_no_descriptors(raw, odd_server):
    session = raw.session()
    session.free(session.alloc(1 << 20))
    before = raw.status().pool, descriptors(odd_server.process.pid)
    for at in range(1000):
        leases = [session.alloc(1000 + 70_000 * (at % 3)) for _ in range(2)]
        session.free(*leases)
    after = raw.status().pool
    assert (after.leases, after.lease_bytes) == (before[0].leases, before[0].lease_bytes)
    assert after.bytes <= before[0].bytes + 6 * 256 * 1024
    assert descriptors(odd_server.process.pid) <= before[1] + 6
    session.close()


@pytest.mark.slow
def test_ten_thousand_leases_and_two_hundred_killed_clients_leave_nothing(odd_server):
    code = (
        "import sys, time; from backlot.local import Endpoint; from tests.server.raw import Raw\n"
        "end = Endpoint(sys.argv[1], sys.argv[2], 0, 1)\n"
        "sessions = [Raw(end).session('victim') for _ in range(20)]\n"
        "for at in range(50):\n"
        "    for session in sessions: session.free(*[session.alloc(100_000) for _ in range(2)])\n"
        "for session in sessions: session.alloc(100_000)\n"
        "print('ready', flush=True); time.sleep(60)\n"
    )
    endpoint = odd_server.endpoint

    def left():
        status = raw.status()
        victims = [s for s in status.sessions if s.client == "victim"]
        return len(victims), status.pool.leases

    with Raw(endpoint) as raw:
        before, files = left(), None
        for _ in range(10):
            command = [sys.executable, "-c", code, endpoint.address, endpoint.token]
            victim = subprocess.Popen(command, stdout=subprocess.PIPE)
            assert victim.stdout.readline() == b"ready\n"
            victim.kill()
            victim.wait()
            victim.stdout.close()
            eventually(lambda: left() == before)
            kept = raw.status().pool.segments
            files = files or descriptors(odd_server.process.pid) - kept
        assert descriptors(odd_server.process.pid) - raw.status().pool.segments <= files + 3


def test_two_hundred_idle_sessions_disturb_nobody(odd_server):
    raws = [Raw(odd_server.endpoint) for _ in range(10)]
    sessions = [raw.session(f"idle {n}") for raw in raws for n in range(20)]
    with Raw(odd_server.endpoint) as raw:
        status = raw.status()
        assert len([s for s in status.sessions if s.client.startswith("idle")]) == 200
        start = time.monotonic()
        for _ in range(20):
            assert raw.call("Hello", pb.HelloRequest(protocol=1)).ready
        assert time.monotonic() - start < 5
        for session in sessions:
            session.close()
        eventually(lambda: not any(s.client.startswith("idle") for s in raw.status().sessions))
    for raw in raws:
        raw.channel.close()


def test_garbage_instead_of_chunks(raw, session):
    put_bytes = raw.channel.stream_unary("/backlot.v1.Studio/Put")
    good = pb.PutChunk(session=session.id, total=100, data=b"1234").SerializeToString()
    for messages in ([b"\xff\xff garbage"], [good, b"\x1a\x7f short"]):
        status, error = failure(lambda m=messages: put_bytes(iter(m), metadata=raw.metadata))
        assert (status, type(error)) == (grpc.StatusCode.INVALID_ARGUMENT, InvalidInput)
    (mine,) = [s for s in raw.status().sessions if s.session == session.id]
    assert mine.leases == 0
