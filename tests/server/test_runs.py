"""Jobs by the bare contract: what clients may do, and what they may not."""

import time

import grpc
import numpy as np
import pytest

from backlot.errors import InvalidInput, NotFound, QueueFull, StaleLease, TooLarge
from backlot.v1 import backlot_pb2 as pb
from tests.conftest import RunningServer
from tests.server.conftest import eventually
from tests.server.raw import Raw, Run, failure, kinds, ref


def values(**given):
    made = {}
    for name, value in given.items():
        kind = {int: "integer", float: "number", str: "text"}[type(value)]
        made[name] = pb.Value(**{kind: value})
    return made


def job(name="job", frames=(1,), tool="odd", inputs=("source",), **more):
    params = values(**{k: more.pop(k) for k in ("mode", "frame", "seconds") if k in more})
    return {
        "job": name,
        "tool": tool,
        "frames": frames,
        "inputs": inputs,
        "params": params,
        "priority": pb.INTERACTIVE,
        **more,
    }


# ---- the good way -------------------------------------------------------------------------


def test_a_job_from_start_to_done(session):
    run = session.run(**job(frames=[3, 1, 2]))
    results = {}
    seen = []
    for event in run.events:
        seen.append(event)
        if event.HasField("need"):
            run.supply(event.need)
        elif event.HasField("result"):
            frame = event.result.frame
            results[frame.number] = session.pixels(frame)
            run.consume(frame)
            assert event.result.engine == "Odd"
            assert event.result.fingerprint == "f" * 64
            assert event.result.seconds >= 0
    assert {n: float(p[0, 0, 0]) for n, p in results.items()} == {1: 1.0, 2: 2.0, 3: 3.0}
    assert kinds(seen)[0] == "started"
    assert seen[-1].done == pb.Done(finished=3, failed=0)
    assert [e.result.frame.number for e in seen if e.HasField("result")] == [3, 1, 2]


def test_every_frame_is_asked_for_once_and_given_back(session):
    run = session.run(**job(frames=range(10, 20), mode="peek"))
    needed, returned, alive = [], [], {}
    most = 0
    for event in run.events:
        if event.HasField("need"):
            key = event.need.number
            needed.append(key)
            frame = session.frame(key, float(key))
            alive[frame.lease.id, frame.lease.generation] = key
            run.say(supply=pb.Supply(input="source", number=key, frame=frame))
        elif event.HasField("returned"):
            lease = event.returned.lease
            returned.append(alive.pop((lease.id, lease.generation)))
        elif event.HasField("result"):
            number = event.result.frame.number
            assert (session.pixels(event.result.frame) == 3 * number).all()
            run.consume(event.result.frame)
        most = max(most, len(alive))
    assert sorted(needed) == list(range(9, 21))
    assert len(needed) == 12
    assert len(returned) == len(set(returned))
    assert most <= 6  # the window of three, and two frames ahead


def test_the_next_inputs_are_asked_for_while_a_frame_is_made(session):
    run = session.run(**job(frames=[1, 2, 3, 4], seconds=0.3))
    asked = set()
    for event in run.events:
        if event.HasField("need"):
            asked.add(event.need.number)
            run.supply(event.need)
        elif event.HasField("result"):
            break
    assert asked == {0, 1, 2, 3, 4}  # frames 1 to 3 with their neighbours; 5 is for frame 4
    run.close()


def test_missing_input_fails_that_frame_with_the_clients_own_words(session):
    run = session.run(**job(frames=[1, 2, 3]))
    failed = None
    for event in run.events:
        if event.HasField("need"):
            need = event.need
            if need.number == 2:
                error = pb.Error(code="unreadable-file", sentence="Torn.", hint="Render it again.")
                run.say(supply=pb.Supply(input="source", number=2, missing=error))
            else:
                run.supply(need)
        elif event.HasField("result"):
            run.consume(event.result.frame)
        elif event.HasField("frame_failed"):
            failed = event.frame_failed
    assert (failed.number, failed.error) == (2, error)
    assert event.done == pb.Done(finished=2, failed=1)


def test_a_defect_of_a_tool_is_a_typed_error_without_its_secrets(session):
    events = session.run(**job(mode="defect")).play()
    (failed,) = (e.frame_failed for e in events if e.HasField("frame_failed"))
    assert failed.error.code == "internal"
    assert "secret" not in str(failed)
    assert events[-1].done == pb.Done(finished=0, failed=1)


def test_a_tool_that_would_end_the_process_ends_its_job(session):
    *_, last = session.run(**job(mode="exit")).play()
    assert last.error.code == "internal"
    assert session.run(**job("next")).play()[-1].done.finished == 1


def test_no_memory_in_a_tool_is_said_and_the_worker_lives(raw, session):
    pid = raw.status().devices[0].worker_pid
    events = session.run(**job(mode="memory")).play()
    (failed,) = (e.frame_failed for e in events if e.HasField("frame_failed"))
    assert failed.error.code == "out-of-memory"
    assert raw.status().devices[0].worker_pid == pid


def test_room_that_a_tool_does_not_use_is_given_back(raw, session):
    events = session.run(**job(mode="waste", frames=range(6))).play()
    assert events[-1].done.finished == 6
    mine = kinds(events).count("need")
    (status,) = (s for s in raw.status().sessions if s.session == session.id)
    assert status.leases == mine  # the frames that this client sent and has not freed itself


def test_previews_come_and_are_consumed(session):
    run = session.run(**job(mode="preview"))
    shown = []
    for event in run.events:
        if event.HasField("need"):
            run.supply(event.need)
        elif event.HasField("preview"):
            shown.append(session.pixels(event.preview.frame))
            run.consume(event.preview.frame)
        elif event.HasField("result"):
            run.consume(event.result.frame)
    assert len(shown) >= 2
    assert (shown[0] == 1).all()


def test_frames_sent_along_are_not_asked_for(session):
    start = job(frames=[5], mode="copy")
    along = [pb.Supply(input="source", number=n, frame=session.frame(n)) for n in (4, 5, 6)]
    events = session.run(**start, supplies=along).play()
    assert "need" not in kinds(events)
    assert events[-1].done.finished == 1


def test_a_client_that_says_all_at_once_and_closes_its_side(session):
    along = [pb.Supply(input="source", number=5, frame=session.frame(5))]
    run = session.run(**job(frames=[5]), supplies=along)
    run.say_no_more()
    events = list(run.events)
    assert events[-1].done.finished == 1  # the neighbours that nobody gave were not needed
    (result,) = (e.result for e in events if e.HasField("result"))
    assert result.frame.number == 5


# ---- refused ------------------------------------------------------------------------------


def broken(session, **change):
    frame = session.frame(1)
    for name, value in change.items():
        target = frame
        *path, last = name.split("__")
        for part in path:
            target = getattr(target, part)
        if isinstance(value, list):
            del getattr(target, last)[:]
            getattr(target, last).extend(value)
        else:
            setattr(target, last, value)
    return frame


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"data_window__width": 0}, InvalidInput),
        ({"data_window__height": 0}, InvalidInput),
        ({"data_window__width": 40_000}, TooLarge),
        ({"data_window__width": 2**32 - 1, "data_window__height": 2**32 - 1}, TooLarge),
        ({"data_window__width": 32_768, "data_window__height": 32_768}, TooLarge),
        ({"data_window__width": 9}, InvalidInput),
        ({"data_window__x": 2**31 - 1}, InvalidInput),
        ({"display_window__width": 0}, InvalidInput),
        ({"type": 0}, InvalidInput),
        ({"type": 17}, InvalidInput),
        ({"meaning": 0}, InvalidInput),
        ({"pixel_aspect": 0.0}, InvalidInput),
        ({"pixel_aspect": float("nan")}, InvalidInput),
        ({"channels": []}, InvalidInput),
        ({"channels": ["R", "R", "G", "B"]}, InvalidInput),
        ({"channels": ["R", "", "G", "B"]}, InvalidInput),
        ({"channels": [f"c{n}" for n in range(65)]}, TooLarge),
        ({"channels": ["R" * 300]}, InvalidInput),
        ({"view": "v" * 300}, InvalidInput),
        ({"lease__id": 10**15}, StaleLease),
        ({"lease__generation": 77}, StaleLease),
    ],
)
def test_a_frame_that_cannot_be(session, change, kind):
    frame = broken(session, **change)
    supply = pb.Supply(input="source", number=1, frame=frame)
    run = session.run(**job(), supplies=[supply])
    assert isinstance(failure(run.events)[1], kind)
    run.close()

    later = session.run(**job())
    for event in later.events:
        if event.HasField("need"):
            later.say(supply=pb.Supply(input="source", number=event.need.number, frame=frame))
        elif event.HasField("error"):
            assert event.error.code == kind.code
            break
    else:
        raise AssertionError("no error came")
    later.close()


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"job": ""}, InvalidInput),
        ({"job": "j" * 65}, InvalidInput),
        ({"job": "line\nbreak"}, InvalidInput),
        ({"tool": "no such"}, NotFound),
        ({"frames": []}, InvalidInput),
        ({"frames": [1, 1]}, InvalidInput),
        ({"frames": range(100_001)}, TooLarge),
        ({"deadline_seconds": -1.0}, InvalidInput),
        ({"deadline_seconds": float("inf")}, InvalidInput),
        ({"session": "f" * 32}, NotFound),
        ({"view": "v" * 300}, InvalidInput),
    ],
)
def test_a_start_that_cannot_be(session, change, kind):
    start = {"session": session.id, **job(), **change}
    run = Run(session, pb.Start(**start))
    assert isinstance(failure(run.events)[1], kind)
    run.close()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"inputs": []}, "source"),
        ({"inputs": ["source", "sky"]}, "sky"),
        ({"params": values(mode="no such")}, "mode"),
        ({"params": values(strength=1.0)}, "strength"),
        ({"params": {"seconds": pb.Value()}}, "value"),
    ],
)
def test_what_the_tool_does_not_take(session, change, word):
    run = session.run(**{**job(), **change})
    (*_, last) = list(run.events)
    assert last.error.code == "invalid-input"
    assert word in last.error.sentence


def test_a_job_that_waits_is_refused_at_once_for_what_its_tool_does_not_take(session):
    first = session.run(**job("first", seconds=3.0))
    first.until("started")
    second = session.run(**{**job("second"), "params": values(strength=1.0)})
    status, error = failure(second.events)
    assert (status, type(error)) == (grpc.StatusCode.INVALID_ARGUMENT, InvalidInput)
    first.close()


def test_what_is_not_a_start(session):
    run = Run(session, None)
    run.say(consumed=pb.Consumed())
    assert isinstance(failure(run.events)[1], InvalidInput)
    run.close()
    nothing = Run(session, None)
    nothing.say_no_more()
    assert isinstance(failure(nothing.events)[1], InvalidInput)


@pytest.mark.parametrize("say", ["start", "supply", "consumed", "nothing"])
def test_what_was_not_asked_for_ends_the_job_and_no_other(raw, session, say):
    run = session.run(**job(seconds=5.0, frames=[1, 2]))
    run.until("started")
    if say == "start":
        run.say(start=pb.Start(session=session.id, **job("other")))
    elif say == "supply":
        supply = pb.Supply(input="source", number=99, frame=session.frame(99))
        run.say(supply=supply)
    elif say == "consumed":
        run.say(
            consumed=pb.Consumed(
                lease=ref(session.alloc(10)),
            )
        )
        run.say(consumed=pb.Consumed(lease=pb.LeaseRef(id=1, generation=10**9)))
    else:
        run.requests.put(pb.RunRequest())
    *_, last = [event for event in run.events if not event.HasField("need")]
    assert last.error.code in ("invalid-input", "stale-lease")
    run.close()
    assert session.run(**job("next")).play()[-1].done.finished == 1


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
