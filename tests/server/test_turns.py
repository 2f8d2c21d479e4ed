import threading
import time

import pytest

from backlot.errors import Cancelled
from backlot_server.turns import Ticket, Turns


def never():
    """A check that never ends anything."""


class Line:
    """Jobs, each with a thread that takes a turn for each of its frames."""

    def __init__(self):
        self.turns = Turns()
        self.done = []
        self.gate = Ticket("gate", True)
        self.turns.take(self.gate, never)
        self.threads = []

    def job(self, name, session, interactive, frames=1):
        ticket = Ticket(session, interactive)

        def work():
            for _ in range(frames):
                self.turns.take(ticket, never)
                self.done.append(name)
                time.sleep(0.01)  # the others are in line again before this turn ends
                self.turns.give(ticket)

        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()
        while len(self.turns._waiting) < len(self.threads):
            time.sleep(0.001)

    def run(self):
        self.turns.give(self.gate)
        for thread in self.threads:
            thread.join(10)
        return self.done


def test_interactive_goes_before_batch():
    line = Line()
    line.job("batch", "a", interactive=False)
    line.job("interactive", "b", interactive=True)
    assert line.run() == ["interactive", "batch"]


def test_sessions_alternate_frame_by_frame():
    line = Line()
    line.job("a", "a", interactive=False, frames=3)
    line.job("b", "b", interactive=False, frames=3)
    assert line.run() == ["a", "b", "a", "b", "a", "b"]


def test_two_jobs_of_one_session_do_not_outweigh_another_session():
    line = Line()
    line.job("a1", "a", interactive=False, frames=2)
    line.job("a2", "a", interactive=False, frames=2)
    line.job("b", "b", interactive=False, frames=2)
    assert [name[0] for name in line.run()] == ["a", "b", "a", "b", "a", "a"]


def test_one_computes_at_a_time():
    turns, inside, most = Turns(), [], []

    def work():
        ticket = Ticket("s", False)
        for _ in range(20):
            turns.take(ticket, never)
            inside.append(1)
            most.append(len(inside))
            inside.pop()
            turns.give(ticket)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert max(most) == 1
    assert len(most) == 160


def test_who_is_stopped_leaves_the_line_and_the_others_go_on():
    turns = Turns()
    holder, stopped = Ticket("a", True), Ticket("b", True)
    turns.take(holder, never)
    ended = threading.Event()
    stop = threading.Event()

    def check():
        if stop.is_set():
            raise Cancelled("stop")

    def wait():
        with pytest.raises(Cancelled):
            turns.take(stopped, check)
        ended.set()

    threading.Thread(target=wait).start()
    stop.set()
    while not ended.is_set():
        turns.wake()
        time.sleep(0.001)
    assert not turns._waiting
    turns.give(stopped)
    assert turns.holds(holder)
