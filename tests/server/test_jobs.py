"""What the front does with jobs that time would show: clients that stall, workers that die."""

import asyncio

from backlot.v1 import backlot_pb2 as pb
from backlot_server import worker_pb2 as wb
from backlot_server.devices import Place
from backlot_server.history import History
from backlot_server.jobs import Jobs
from backlot_server.limits import Limits
from backlot_server.log import Log
from backlot_server.segments import make_memfd
from backlot_server.sessions import Sessions
from backlot_server.shared import Pool


class Device:
    """A worker on paper: up, with one tool, remembering what it is told."""

    def __init__(self):
        self.up = True
        self.place = Place("paper", "")
        self.tools = [pb.ToolSpec(name="tool")]
        self.told = []
        self.killed = False

    def send(self, message):
        self.told.append(message)

    async def ask(self, ask):
        return wb.Answer()

    def kill(self):
        self.killed = True

    def begun(self):
        return [m.begin.start.job for m in self.told if m.HasField("begin")]


class Front:
    def __init__(self, tmp_path):
        limits = Limits(64 << 20)
        self.pool = Pool(limits, make_memfd)
        self.log = Log(tmp_path / "server.log", as_json=False)
        self.jobs = Jobs(self.pool, limits, History(), self.log)
        self.device = Device()
        self.jobs.devices.append(self.device)
        self.sessions = Sessions()
        self.session = self.open()

    def open(self):
        session = self.sessions.open("test", local=True)
        self.pool.open(session.id)
        return session

    async def submit(self, name, session=None, **more):
        start = pb.Start(job=name, tool="tool", frames=[1, 2], inputs=["source"], **more)
        return await self.jobs.submit(session or self.session, start)

    def says(self, job, **message):
        self.jobs.told(self.device, wb.FromWorker(job=job.key, **message))

    def needs(self, job, number):
        need = pb.Need(input="source", number=number)
        self.says(job, event=pb.RunEvent(need=need))

    def lose_worker(self, computing=0):
        self.device.up = False
        self.jobs.lost(self.device, computing)

    def worker_is_back(self):
        self.device.up = True
        self.jobs.ready(self.device)


def events(job):
    return [event.WhichOneof("event") for event in job.outbox._events]


def told(story):
    """Run a test's story with a front of its own."""

    def run(tmp_path):
        async def tell():
            await story(Front(tmp_path))

        asyncio.run(tell())

    return run


@told
async def test_a_client_that_does_not_answer_for_a_minute_gives_its_place_up(front):
    first = await front.submit("first")
    second = await front.submit("second")
    front.needs(first, 1)
    front.jobs.look_after()
    assert front.device.begun() == ["first"]
    first.moved -= 61
    front.jobs.look_after()
    assert front.device.begun() == ["first", "second"]
    assert not second.entry.stalled


@told
async def test_a_job_that_computes_for_an_hour_is_not_stalled(front):
    first = await front.submit("first")
    await front.submit("second")
    first.moved -= 3600
    front.jobs.look_after()
    assert front.device.begun() == ["first"]


@told
async def test_who_computed_is_to_blame_and_nobody_else(front):
    mad = await front.submit("mad")
    calm = await front.submit("calm", front.open())
    for _ in range(2):
        front.lose_worker(computing=mad.key)
        front.worker_is_back()
    assert events(mad)[-1] == "error"
    assert calm.attempt == 3
    assert not calm.ended


@told
async def test_all_share_the_blame_when_nobody_computed(front):
    one = await front.submit("one")
    other = await front.submit("other", front.open())
    front.lose_worker()
    front.worker_is_back()
    assert [one.attempt, other.attempt] == [2, 2]
    front.lose_worker()
    assert [events(job)[-1] for job in (one, other)] == ["error", "error"]
    assert len(front.jobs) == 0


@told
async def test_a_job_begins_again_with_what_is_left_of_it(front):
    job = await front.submit("job")
    error = pb.FrameFailed(number=1, error=pb.Error(code="internal"))
    front.says(job, event=pb.RunEvent(frame_failed=error))
    front.lose_worker(computing=job.key)
    front.worker_is_back()
    (again,) = (m.begin for m in front.device.told[1:] if m.HasField("begin"))
    assert list(again.start.frames) == [2]
    assert again.unconsumed == 1


@told
async def test_a_need_is_passed_on_once_over_all_attempts(front):
    job = await front.submit("job")
    front.needs(job, 1)
    front.lose_worker(computing=job.key)
    front.worker_is_back()
    front.needs(job, 1)
    assert events(job).count("need") == 1


@told
async def test_a_cancelled_job_ends_for_its_client_before_its_worker_stops(front):
    job = await front.submit("job")
    waiting = await front.submit("waiting")
    assert front.jobs.cancel(front.session, "job")
    assert events(job)[-1] == "error"
    assert front.device.told[-1].HasField("stop")
    assert not waiting.attempt  # the device is not free yet
    front.says(job, event=pb.RunEvent(error=pb.Error(code="cancelled")))
    assert waiting.attempt == 1


@told
async def test_a_worker_that_does_not_stop_is_killed(front):
    job = await front.submit("job")
    front.jobs.cancel(front.session, "job")
    front.jobs._pass_patience(job)
    assert front.device.killed


@told
async def test_jobs_wait_while_there_is_no_worker(front):
    front.device.up = False
    job = await front.submit("job")
    assert not job.attempt
    front.worker_is_back()
    assert job.attempt == 1


@told
async def test_when_no_worker_comes_up_all_jobs_are_told(front):
    job = await front.submit("job")
    front.lose_worker(computing=job.key)
    front.jobs.failed(front.device)
    error = job.outbox._events[-1].error
    assert error.code == "server-unavailable"
    assert len(front.jobs) == 0


@told
async def test_messages_of_a_lost_worker_are_not_heard_any_more(front):
    job = await front.submit("job")
    front.lose_worker(computing=job.key)
    front.says(job, event=pb.RunEvent(done=pb.Done()))
    assert not job.ended
