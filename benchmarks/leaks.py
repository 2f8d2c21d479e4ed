"""What is left in the server after 10,000 leases, 200 killed clients and 20 killed workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .figures import Figure, own_server

LEASES, CLIENTS, WORKERS = 10_000, 200, 20

# A client that holds two leases and has a job under way when it is killed.
_CLIENT = """
import sys, time, numpy as np, backlot
from backlot.v1 import backlot_pb2 as pb
studio = backlot.connect(start=False)
frame = backlot.Frame(np.zeros((270, 480, 4), np.float16))
def read(name, number):
    time.sleep(0.05)
    return frame
def work():
    with studio.submit("passthrough", range(1000), read, ["source"], {}) as running:
        for event in running:
            print(".", flush=True)
work()
"""


def figures() -> Iterator[Figure]:
    import backlot
    from backlot.v1 import backlot_pb2 as pb

    with own_server(), backlot.connect() as studio:
        studio.run("passthrough", source=_frame())
        before = _held(studio)
        for count in range(LEASES):
            request = pb.AllocRequest(session=studio.session, bytes=1000 + count % 7000)
            lease = studio._stub.Alloc(request, metadata=studio._metadata)
            ref = pb.LeaseRef(id=lease.id, generation=lease.generation)
            free = pb.FreeRequest(session=studio.session, leases=[ref])
            studio._stub.Free(free, metadata=studio._metadata)
        yield from _left(f"after {LEASES} leases", before, studio)
        for _ in range(CLIENTS):
            _kill_a_client()
        yield from _left(f"after {CLIENTS} killed clients", before, studio)
        for _ in range(WORKERS):
            os.kill(studio.status().devices[0].worker_pid, signal.SIGKILL)
            _until(lambda: _works(studio))
        yield from _left(f"after {WORKERS} killed workers", before, studio)


def _frame() -> Any:
    import backlot

    return backlot.Frame(np.zeros((270, 480, 4), np.float16))


def _works(studio: Any) -> bool:
    from backlot.errors import BacklotError

    try:
        studio.run("passthrough", source=_frame())
    except BacklotError:
        return False
    return True


def _kill_a_client() -> None:
    process = subprocess.Popen([sys.executable, "-c", _CLIENT], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read(2)
    process.kill()
    process.wait()


def _held(studio: Any) -> tuple[int, int]:
    """(bytes leased to others than this session, open descriptors of the front)."""
    status = studio.status()
    mine = sum(s.lease_bytes for s in status.sessions if s.session == studio.session)
    return status.pool.lease_bytes - mine, len(os.listdir(f"/proc/{status.pid}/fd"))


def _left(when: str, before: tuple[int, int], studio: Any) -> Iterator[Figure]:
    """Settled values: the end of a killed client's stream takes a moment to be seen."""
    _until(lambda: _held(studio)[0] <= before[0] and len(studio.status().sessions) == 1)
    held = _held(studio)
    pool = studio.status().pool.segments
    note = f"{pool} segments kept in the pool"
    yield Figure(f"leased bytes left {when}", held[0] - before[0], "bytes", 0, note)
    descriptors = max(0, held[1] - before[1] - max(0, pool))
    yield Figure(f"descriptors left {when}, but for the pool's", descriptors, "", 0)


def _until(done: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.05)
