"""Jobs by the bare contract: the good way."""

from backlot.v1 import backlot_pb2 as pb
from tests.server.raw import kinds
from tests.server.starts import job


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
