"""Work that goes on beside other work, in bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from .errors import BacklotError, Cancelled

Made = TypeVar("Made")


@contextmanager
def behind(
    work: Callable[..., None], threads: int, at_most: int, failed: Callable[[], object]
) -> Iterator[Callable[..., None]]:
    """A function that has `work` done by other threads; it waits while `at_most` are not done.

    The block ends when all is done. When work fails, `failed` is called at once, so that the
    block can be brought to its end; the block then raises that failure, in place of a Cancelled.
    """
    room = threading.BoundedSemaphore(at_most)
    failures: list[BaseException] = []

    def do(*given: Any) -> None:
        try:
            work(*given)
        except BaseException as error:
            failures.append(error)
            failed()
        finally:
            room.release()

    def submit(*given: Any) -> None:
        room.acquire()
        if failures:
            room.release()
            raise failures[0]
        pool.submit(do, *given)

    try:
        with ThreadPoolExecutor(threads, "backlot-behind") as pool:
            yield submit
    except Cancelled:
        if not failures:
            raise
    if failures:
        raise failures[0]


def ahead(
    work: Callable[[int], Made], numbers: Sequence[int], at_most: int
) -> Generator[tuple[int, Made | BacklotError], None, None]:
    """What work makes of each number, in order, or the BacklotError it raised.

    Other threads work on the next ones, `at_most` in all.
    """
    waiting, begun = list(numbers), list[tuple[int, Future[Made]]]()
    with ThreadPoolExecutor(at_most, "backlot-ahead") as pool:
        try:
            while waiting or begun:
                while waiting and len(begun) < at_most:
                    begun.append((waiting[0], pool.submit(work, waiting.pop(0))))
                number, future = begun.pop(0)
                try:
                    yield number, future.result()
                except BacklotError as error:
                    yield number, error
        finally:
            for _, future in begun:
                future.cancel()
