"""Jobs by the bare contract: what clients may not say."""

import grpc
import pytest

from backlot.errors import InvalidInput, NotFound, StaleLease, TooLarge
from backlot.v1 import backlot_pb2 as pb
from tests.server.raw import Run, failure, ref
from tests.server.starts import job, values


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
