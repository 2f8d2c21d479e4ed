"""Work beside other work: in order, bounded, and its failures are not lost."""

from __future__ import annotations

import threading
import time

import pytest

from backlot.errors import Cancelled, CannotWrite, NotFound
from backlot.overlap import ahead, behind


def test_work_behind_is_bounded_and_done_when_the_block_ends() -> None:
    running, most, done = 0, 0, []
    lock = threading.Lock()

    def work(number: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1
            done.append(number)

    handed = []
    with behind(work, threads=2, at_most=3, failed=lambda: None) as submit:
        for number in range(20):
            submit(number)
            handed.append(number)
            assert len(handed) - len(done) <= 4
    assert sorted(done) == handed
    assert most == 2


def test_a_failure_behind_is_told_at_once_and_raised_in_place_of_the_cancel() -> None:
    told = threading.Event()

    def work(number: int) -> None:
        raise CannotWrite("The disk is full.")

    def block() -> None:
        with behind(work, threads=1, at_most=1, failed=told.set) as submit:
            submit(1)
            assert told.wait(5)
            raise Cancelled("because of that")

    with pytest.raises(CannotWrite, match="full"):
        block()


def test_a_cancel_by_somebody_else_stays_one() -> None:
    done = []

    def block() -> None:
        with behind(done.append, threads=1, at_most=1, failed=lambda: None) as submit:
            submit(1)
            raise Cancelled("somebody asked")

    with pytest.raises(Cancelled):
        block()
    assert done == [1]


def test_work_ahead_comes_in_order_with_its_errors() -> None:
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        time.sleep(0.002 * (5 - number))
        if number == 2:
            raise NotFound("no 2")
        return number * 10

    made = {}
    for number, result in ahead(work, range(5), at_most=2):
        assert max(begun) <= number + 2
        made[number] = result
    assert list(made) == [0, 1, 2, 3, 4]
    assert isinstance(made.pop(2), NotFound)
    assert made == {0: 0, 1: 10, 3: 30, 4: 40}
