"""Who runs when, by the bare contract: queue, priorities, cancel, supersede, deadlines."""

import time

import grpc
import pytest

from backlot.errors import InvalidInput, QueueFull
from backlot.v1 import backlot_pb2 as pb
from tests.conftest import RunningServer
from tests.server.conftest import eventually
from tests.server.raw import Raw, failure
from tests.server.starts import job, values


def test_one_id_names_one_running_job(session):
    first = session.run(**job("same", seconds=2.0))
    first.until("started")
    status, error = failure(session.run(**job("same")).events)
    assert (status, type(error)) == (grpc.StatusCode.INVALID_ARGUMENT, InvalidInput)
    assert "already running" in error.sentence
    first.close()
    eventually(lambda: session.run(**job("same")).play()[-1].HasField("done"))


def test_queue_full():
    server = RunningServer("--queue", "2")
    try:
        with Raw(server.endpoint) as raw:
            session = raw.session()
            slow = {"params": values(seconds=30.0), "tool": "passthrough"}
            runs = [session.run(**{**job(str(n)), **slow}) for n in range(3)]
            runs[0].until("started")
            for run in runs[1:]:
                run.until("queued")
            status, error = failure(session.run(**{**job("4"), **slow}).events)
            assert (status, type(error)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, QueueFull)
            runs[1].close()
            eventually(lambda: len(raw.status().jobs) == 2)
            session.run(**{**job("5"), **slow}).until("queued")
    finally:
        server.close()


# ---- order and ends -----------------------------------------------------------------------


def test_waiting_jobs_hear_their_places(session):
    first = session.run(**job("first", seconds=1.0))
    first.until("started")
    second, third = session.run(**job("second")), None
    assert second.until("queued").queued.position == 0
    third = session.run(**job("third"))
    assert third.until("queued").queued.position == 1
    first.close()
    assert third.until("queued").queued.position == 0
    for run in (second, third):
        assert run.play()[-1].done.finished == 1


def test_an_estimate_of_the_wait_once_the_tool_has_run(session):
    session.run(**job("before", seconds=0.5)).play()
    first = session.run(**job("first", frames=range(4), seconds=0.5))
    first.until("started")
    waiting = session.run(**job("second"))
    queued = waiting.until("queued").queued
    assert 1.0 < queued.estimate_seconds < 10.0
    first.close()
    waiting.close()


def test_interactive_overtakes_batch_and_sessions_take_turns(raw, session):
    batch = session.run(**job("batch", frames=range(60), seconds=0.05, priority=pb.BATCH))
    batch.until("result")
    other = raw.session("other")
    start = time.monotonic()
    assert other.run(**job("shown", seconds=0.05)).play()[-1].done.finished == 1
    assert time.monotonic() - start < 2.0
    (left,) = raw.status().jobs
    assert (left.job, left.priority) == ("batch", "batch")
    batch.close()
    other.close()


@pytest.mark.parametrize("how", ["verb", "stream", "session"])
@pytest.mark.parametrize("seconds", [0.0, 5.0])
def test_cancel_frees_everything_and_the_next_job_works(raw, session, how, seconds):
    before = raw.status().pool.leases
    mine = raw.session("mine")
    run = mine.run(**job("mine", frames=range(1000), seconds=seconds))
    run.until("started")
    if seconds:
        run.until("progress")
    start = time.monotonic()
    if how == "verb":
        reply = raw.call("Cancel", pb.CancelRequest(session=mine.id, job="mine"))
        assert reply.found
        codes = [event.error.code for event in run.events if event.HasField("error")]
        assert codes == ["cancelled"]
    elif how == "stream":
        run.close()
    else:
        mine.close()
    eventually(lambda: not raw.status().jobs)
    assert time.monotonic() - start < 3.0
    run.close()
    mine.close()
    eventually(lambda: raw.status().pool.leases <= before)
    assert session.run(**job("next")).play()[-1].done.finished == 1


def test_a_job_stream_ends_with_its_session_even_with_results_unread(raw):
    mine = raw.session("mine")
    run = mine.run(**job(frames=range(50)))
    for event in run.events:
        if event.HasField("need"):
            run.supply(event.need)
        elif event.HasField("result"):
            break
    mine.close()
    *_, last = run.events  # ends by itself
    assert last.error.code == "cancelled"


def test_cancel_of_what_is_not_there(raw, session):
    other = raw.session()
    run = session.run(**job("mine", seconds=1.0))
    run.until("started")
    for who, name in ((session, "other"), (other, "mine")):
        assert not raw.call("Cancel", pb.CancelRequest(session=who.id, job=name)).found
    assert run.play()[-1].done.finished == 1
    other.close()


def test_cancel_of_a_job_that_waits_leaves_the_running_one_alone(raw, session):
    first = session.run(**job("first", seconds=1.0))
    first.until("started")
    second = session.run(**job("second"))
    second.until("queued")
    assert raw.call("Cancel", pb.CancelRequest(session=session.id, job="second")).found
    assert list(second.events)[-1].error.code == "cancelled"
    assert first.play()[-1].done.finished == 1


def test_supersede_drops_the_older_preview_of_the_same_key_and_session(raw, session):
    other = raw.session()
    old = session.run(**job("old", seconds=20.0), supersede="viewer")
    foreign = other.run(**job("foreign", seconds=0.5), supersede="viewer")
    old.until("started")
    foreign.until("started")
    new = session.run(**job("new"), supersede="viewer")
    assert new.play()[-1].done.finished == 1
    last = [event for event in old.events if event.HasField("error")]
    assert [event.error.code for event in last] == ["superseded"]
    assert foreign.play()[-1].done.finished == 1
    other.close()


def test_deadline(session):
    run = session.run(**job(seconds=30.0), deadline_seconds=0.3)
    start = time.monotonic()
    *_, last = run.play()
    assert last.error.code == "deadline-exceeded"
    assert time.monotonic() - start < 5
