"""A result lies in memory that the server lent; it is the caller's for as long as he holds it."""

from __future__ import annotations

import gc
import os
import signal
import time

import numpy as np
import pytest

import backlot
from backlot.errors import BacklotError
from backlot.events import Result
from tests.conftest import RunningServer

SIDE = 256


def frame(value: float, side: int = SIDE) -> backlot.Frame:
    return backlot.Frame(np.full((side, side, 4), value, np.float16))


def copied(studio: backlot.Studio, value: float, side: int = SIDE) -> np.ndarray:
    """What pass-through gives for a frame of one value."""
    return studio.run("passthrough", source=frame(value, side)).pixels


def overwrite(studio: backlot.Studio) -> None:
    for _ in range(12):
        copied(studio, 9.0)


def held(studio: backlot.Studio) -> int:
    return next(s.leases for s in studio.status().sessions if s.session == studio.session)


def settled(studio: backlot.Studio, leases: int) -> bool:
    """Whether the session comes down to this many leases: they go back in the background."""
    gc.collect()
    end = time.monotonic() + 20
    while held(studio) > leases and time.monotonic() < end:
        time.sleep(0.02)
    return held(studio) <= leases


@pytest.fixture
def one(endpoint):
    with backlot.connect(endpoint=endpoint, transport="shared") as studio:
        yield studio


def test_results_that_are_held_stay_what_they_are_and_can_be_written(one):
    results = [copied(one, value) for value in range(6)]
    results[0][...] = 70.0
    overwrite(one)
    assert [float(r.min()) for r in results] == [70.0, 1, 2, 3, 4, 5]
    assert [float(r.max()) for r in results] == [70.0, 1, 2, 3, 4, 5]


def test_memory_of_results_goes_back_with_the_last_view_of_them(one):
    before = held(one)
    results = [copied(one, value) for value in range(6)]
    corners = [result[:2, :2] for result in results]
    del results
    gc.collect()
    time.sleep(0.2)
    assert held(one) >= before + 6
    assert [float(c.max()) for c in corners] == [0, 1, 2, 3, 4, 5]
    del corners
    assert settled(one, before + 1)  # what was sent is kept, to be written again


def test_a_result_outlives_its_session_whatever_others_do_then(endpoint):
    with backlot.connect(endpoint=endpoint, transport="shared") as first:
        result = copied(first, 3.0)
    for _ in range(3):
        with backlot.connect(endpoint=endpoint, transport="shared") as other:
            overwrite(other)
    assert (result == 3.0).all()


def test_a_result_outlives_its_job_cut_short(one, endpoint):
    read = lambda name, number: frame(number)  # noqa: E731
    with one.submit("passthrough", range(40), read, ["source"], {}) as job:
        result = next(event.frame.pixels for event in job if isinstance(event, Result))
    overwrite(one)
    with backlot.connect(endpoint=endpoint, transport="shared") as other:
        overwrite(other)
    assert (result == 0.0).all()
    del result
    assert settled(one, 16)
    assert float(copied(one, 2.0).max()) == 2.0


def test_a_result_outlives_a_killed_server():
    server = RunningServer()
    try:
        studio = backlot.connect(endpoint=server.endpoint, transport="shared")
        result = copied(studio, 4.0)
        os.kill(server.endpoint.pid, signal.SIGKILL)
        with pytest.raises(BacklotError):
            copied(studio, 5.0)
        assert (result == 4.0).all()
        studio.close()
    finally:
        server.close()


def test_more_results_than_the_server_lends_are_copied():
    server = RunningServer("--memory", "0.03125")  # 32 MiB
    try:
        with backlot.connect(endpoint=server.endpoint, transport="shared") as studio:
            lent = studio.hello.limits.kept_results_bytes
            results = [copied(studio, value) for value in range(40)]
            assert sum(r.nbytes for r in results) > 3 * lent
            [session] = [s for s in studio.status().sessions if s.session == studio.session]
            assert session.lease_bytes <= lent + 4 * results[0].nbytes
            assert [float(r.max()) for r in results] == list(range(40))
            del results
            large = copied(studio, 1.0, 1000)
            assert (large == 1.0).all()
    finally:
        server.close()


def test_results_that_are_held_do_not_count_against_the_next_jobs():
    server = RunningServer("--memory", "0.03125")
    try:
        with backlot.connect(endpoint=server.endpoint, transport="shared") as studio:
            results = []
            while sum(r.nbytes for r in results) < studio.hello.limits.kept_results_bytes:
                results.append(copied(studio, len(results)))
            side = 1200  # 11 MiB there and 11 MiB back, of 24 in all
            assert (copied(studio, 8.0, side) == 8.0).all()
            assert [float(r.max()) for r in results] == list(range(len(results)))
    finally:
        server.close()


def test_one_run_after_another_uses_the_same_memory_again(one):
    copied(one, 0.0)
    for value in range(30):
        copied(one, value)
    assert len(one._segments._mapped) < 10  # mappings are kept, and no id comes twice
