import asyncio

from backlot.v1 import backlot_pb2 as pb
from backlot_server.outbox import Outbox


def progress(fraction):
    return pb.RunEvent(progress=pb.Progress(fraction=fraction))


def warning(number):
    return pb.RunEvent(warning=pb.Warning(number=number))


def drained(box):
    async def read():
        box.close()
        events = []
        while (event := await box.get()) is not None:
            events.append(event)
        return events

    return asyncio.run(read())


def test_order_is_kept_and_only_the_newest_progress():
    box = Outbox()
    result = pb.RunEvent(result=pb.Result(seconds=1.0))
    for event in (progress(0.1), result, progress(0.2), progress(0.3)):
        box.put(event)
    assert drained(box) == [result, progress(0.3)]


def test_a_flood_of_warnings_is_cut_and_the_end_still_comes():
    box = Outbox()
    for number in range(10_000):
        box.put(warning(number))
    done = pb.RunEvent(done=pb.Done())
    box.put(done)
    events = drained(box)
    assert events[0] == warning(0)
    assert events[-1] == done
    assert len(events) <= 101


def test_nothing_comes_after_the_end():
    box = Outbox()
    box.close()
    box.put(progress(1.0))
    assert drained(box) == []


def test_a_reader_that_waits_gets_what_comes():
    async def story():
        box = Outbox()
        reader = asyncio.create_task(box.get())
        await asyncio.sleep(0)
        box.put(progress(0.5))
        return await reader

    assert asyncio.run(story()) == progress(0.5)
