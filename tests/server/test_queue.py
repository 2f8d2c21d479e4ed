import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlot.errors import QueueFull
from backlot_server.queue import ACTIVE, ACTIVE_BATCH, Entry, Queue


def queued(*entries, limit=100):
    queue = Queue(limit)
    for entry in entries:
        queue.add(entry)
    return queue


def batch(session, **more):
    return Entry(session, interactive=False, **more)


def interactive(session, **more):
    return Entry(session, interactive=True, **more)


def test_one_of_each_kind_per_session():
    first, second, shown = batch("a"), batch("a"), interactive("a")
    queue = queued(first, second, shown)
    assert set(queue.start()) == {first, shown}
    queue.remove(first)
    assert queue.start() == [second]


def test_interactive_first_then_sessions_in_turn():
    a1, a2, a3, b1, shown = batch("a"), batch("a"), batch("a"), batch("b"), interactive("c")
    assert queued(a1, a2, a3, b1, shown).order() == [shown, a1, b1, a2, a3]


def test_session_served_longest_ago_comes_first():
    jobs = [batch("a"), batch("b")]
    queue = queued(*jobs)
    queue.start()
    again_b, again_a = batch("b"), batch("a")
    queue.add(again_b)
    queue.add(again_a)
    assert queue.order() == [again_a, again_b]


def test_batch_leaves_room_for_interactive():
    shots = [batch(f"s{n}") for n in range(ACTIVE + 1)]
    queue = queued(*shots)
    assert len(queue.start()) == ACTIVE_BATCH
    shown = interactive("late")
    queue.add(shown)
    assert queue.start() == [shown]


def test_a_stalled_job_takes_nobodys_place():
    first, second = batch("a"), batch("a")
    queue = queued(first, second)
    queue.start()
    first.stalled = True
    assert queue.start() == [second]


def test_full_queue_refuses_and_takes_again_later():
    first, second = batch("a"), batch("a")
    queue = queued(first, second, limit=2)
    with pytest.raises(QueueFull, match="2 jobs wait"):
        queue.add(interactive("b"))
    queue.start()
    queue.add(interactive("b"))


def test_wait_is_the_sum_of_what_goes_before():
    running, before, last = batch("a", seconds=10.0), batch("a", seconds=5.0), batch("a")
    queue = queued(running, before, last)
    queue.start()
    assert queue.wait_seconds(before) == 10.0
    assert queue.wait_seconds(last) == 15.0
    before.seconds = None
    assert queue.wait_seconds(last) is None


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.booleans(), st.sampled_from(["add", "end"])),
        max_size=60,
    )
)
def test_limits_hold_and_nobody_is_forgotten(steps):
    queue, running, ended, known = Queue(1000), [], 0, 0
    for session, is_interactive, step in steps:
        if step == "add":
            queue.add(Entry(session, is_interactive))
            known += 1
        elif running:
            queue.remove(running.pop(0))
            ended += 1
        running += queue.start()
        pairs = [(entry.session, entry.interactive) for entry in running]
        assert len(pairs) == len(set(pairs))
        assert len(running) <= ACTIVE
        assert len(running) + len(queue.order()) + ended == known
        for entry in queue.order():
            assert (entry.session, entry.interactive) in pairs or len(running) >= ACTIVE_BATCH
