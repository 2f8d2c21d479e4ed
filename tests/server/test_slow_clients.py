"""Clients that do not read, small memories, and what is foretold."""

import time

import numpy as np

from backlot.errors import InvalidInput, NotFound, TooLarge
from backlot.v1 import backlot_pb2 as pb
from tests.conftest import RunningServer
from tests.server.raw import Raw, Run, failure
from tests.server.starts import job, values

# ---- clients that do not keep up ----------------------------------------------------------


def test_results_wait_for_a_client_that_does_not_read(raw, session):
    lazy = raw.session("lazy")
    run = lazy.run(**job("lazy", frames=range(500)))
    given = 0
    for event in run.events:
        if event.HasField("need"):
            run.supply(event.need)
        given += event.HasField("result")
        if given == 3:
            break
    time.sleep(0.5)
    (status,) = (j for j in raw.status().jobs if j.job == "lazy")
    assert status.finished == 3
    assert session.run(**job("quick", frames=range(20))).play()[-1].done.finished == 20
    run.close()
    lazy.close()


def test_events_of_a_client_that_never_reads_stay_few(raw, odd_server):
    lazy = raw.session("never")
    along = [pb.Supply(input="source", number=n, frame=lazy.frame(n)) for n in (0, 1, 2)]
    run = Run(lazy, None)
    run.say(
        start=pb.Start(session=lazy.id, **job("never", mode="warn", seconds=2.0), supplies=along)
    )
    time.sleep(1.0)
    assert raw.call("Hello", pb.HelloRequest(protocol=1)).ready
    run.close()
    lazy.close()


def test_small_memory_makes_results_wait_not_fail():
    server = RunningServer("--memory", "0.03125")
    try:
        with Raw(server.endpoint) as raw:
            session = raw.session()
            big = {"width": 1024, "height": 512}  # 4 MiB; the quota is 24
            run = session.run(**{**job(frames=range(12), tool="passthrough"), "params": {}})
            finished = 0
            for event in run.events:
                if event.HasField("need"):
                    number = event.need.number
                    frame = session.frame(number, float(number), **big)
                    run.say(supply=pb.Supply(input="source", number=number, frame=frame))
                elif event.HasField("returned"):
                    request = pb.FreeRequest(session=session.id, leases=[event.returned.lease])
                    raw.call("Free", request)
                elif event.HasField("result"):
                    time.sleep(0.05)
                    got = session.pixels(event.result.frame)
                    assert np.all(got == event.result.frame.number)
                    run.consume(event.result.frame)
                    finished += 1
                assert not event.HasField("frame_failed"), event
            assert finished == 12
    finally:
        server.close()


# ---- estimates ----------------------------------------------------------------------------


def test_an_estimate_of_a_tool_that_never_ran_is_measured(server):
    with Raw(server.endpoint) as raw:
        request = pb.EstimateRequest(
            tool="passthrough", params=values(seconds=0.2), width=512, height=512, channels=4
        )
        assert raw.call("Estimate", request).seconds_per_frame == -1.0
        request.measure = True
        reply = raw.call("Estimate", request)
        assert (reply.engine, reply.width, reply.height) == ("Copy", 512, 512)
        assert len(reply.fingerprint) >= 16
        assert 0.1 < reply.seconds_per_frame < 2.0
        request.width = 1024
        assert raw.call("Estimate", request).seconds_per_frame == 2 * reply.seconds_per_frame


def test_what_frames_really_took_is_what_is_foretold(raw, session):
    session.run(**job(frames=range(12), seconds=0.1)).play()
    request = pb.EstimateRequest(tool="odd", width=8, height=4)
    assert 0.08 < raw.call("Estimate", request).seconds_per_frame < 1.0


def test_nothing_is_measured_while_a_job_runs(server):
    with Raw(server.endpoint) as raw:
        session = raw.session()
        slow = {"tool": "passthrough", "params": values(seconds=2.0)}
        run = session.run(**{**job(), **slow})
        run.until("started")
        start = time.monotonic()
        request = pb.EstimateRequest(tool="passthrough", width=64, height=64, measure=True)
        assert raw.call("Estimate", request).seconds_per_frame == -1.0
        assert time.monotonic() - start < 1.5
        run.close()


def test_an_estimate_of_what_cannot_be(raw):
    for request, kind in (
        (pb.EstimateRequest(tool="no such"), NotFound),
        (pb.EstimateRequest(tool="odd", params=values(mode="no such")), InvalidInput),
        (pb.EstimateRequest(tool="odd", width=10**6, height=1), TooLarge),
    ):
        assert isinstance(failure(lambda request=request: raw.call("Estimate", request))[1], kind)
