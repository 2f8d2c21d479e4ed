"""Jobs as the front sees them: from a client's Start to the last event, over lost workers."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable

from backlot.errors import (
    BacklotError,
    Cancelled,
    DeadlineExceeded,
    InvalidInput,
    MissingFrame,
    NotFound,
    ServerUnavailable,
    Superseded,
    WorkerLost,
)
from backlot.v1 import backlot_pb2 as pb

from . import worker_pb2 as wb
from .access import error_message
from .checks import check_start
from .devices import Device
from .history import History
from .holdings import Holdings
from .limits import Limits
from .log import Log
from .queue import Entry, Queue
from .record import Job
from .rooms import Rooms
from .sessions import Session
from .shared import Lease, Pool

_STOP_SECONDS = 10.0
_STALL_SECONDS = 60.0
_LIVES = 2


class Jobs:
    """All jobs of the server; hears what the workers say."""

    def __init__(self, pool: Pool, limits: Limits, history: History, log: Log) -> None:
        self.devices: list[Device] = []
        self._pool, self._limits, self._history, self._log = pool, limits, history, log
        self._queue = Queue(limits.max_queued_jobs)
        self._jobs: dict[int, Job] = {}
        self._keys = itertools.count(1)
        self._rooms = Rooms(pool)

    def __len__(self) -> int:
        return len(self._jobs)

    # ---- what clients ask -----------------------------------------------------------------

    async def submit(self, session: Session, start: pb.Start) -> Job:
        """Take a job in. Raises: InvalidInput, TooLarge, StaleLease, NotFound, QueueFull ..."""
        check_start(start, self._limits)
        if self._find(session, start.job) is not None:
            raise InvalidInput(
                f"The job {start.job} is already running.",
                "Wait for its end, or give a new job an id of its own.",
            )
        job = self._accept(session, start)
        if start.supersede:
            self._supersede(job)
        self._advance()
        if start.deadline_seconds:
            self._later(job, start.deadline_seconds, self._pass_deadline)
        if not job.attempt:
            try:
                await self._check_early(job)
            except BaseException:
                self.leave(job)
                raise
        return job

    def supply(self, job: Job, supply: pb.Supply) -> None:
        """An answer to a Need. Raises: InvalidInput, TooLarge, StaleLease."""
        if job.ended:
            return
        key = (supply.input, supply.number)
        job.holdings.take(supply, {name for name, number in job.needs if number == supply.number})
        job.needs.discard(key)
        job.moved = time.monotonic()
        job.send(supply=supply)

    def consumed(self, job: Job, consumed: pb.Consumed) -> None:
        """The client has read a result or preview. Raises: StaleLease."""
        if job.holdings.consume(consumed.lease, consumed.kept):
            job.moved = time.monotonic()
            job.send(credit=wb.Credit())
        self._settle(job)

    def written(self, job: Job, event: pb.RunEvent) -> None:
        """An event has left for the client; a failed frame counts as read with that."""
        if event.HasField("frame_failed"):
            job.unread_failures -= 1
            job.moved = time.monotonic()
            job.send(credit=wb.Credit())

    def cancel(self, session: Session, job_id: str) -> bool:
        """Whether there was such a job."""
        job = self._find(session, job_id)
        if job is not None:
            self.fail(job, Cancelled("The job was cancelled."))
        return job is not None

    def silent(self, job: Job) -> None:
        """The client has closed its side of the stream: it answers nothing any more."""
        job.silent = True
        for name, number in list(job.needs):
            self._answer_for(job, name, number)

    def fail(self, job: Job, error: BacklotError) -> None:
        """End a job with an error; nothing happens when it has ended."""
        self._end(job, pb.RunEvent(error=error_message(error)), error.code)

    def leave(self, job: Job) -> None:
        """The client's stream is over."""
        self.fail(job, Cancelled("The client ended the job."))
        job.holdings.client_gone()
        self._settle(job)

    def end_session(self, session: Session) -> None:
        """Its jobs end and its memory is freed."""
        for job in list(self._jobs.values()):
            if job.session is session:
                self.leave(job)
        self._pool.end(session.id)

    def end_all(self, error: BacklotError) -> None:
        for job in list(self._jobs.values()):
            self.fail(job, error)

    def look_after(self) -> None:
        """Every second or so: a job whose client does not read or answer stands aside."""
        now = time.monotonic()
        for job in self._jobs.values():
            waits = bool(job.unread or job.needs)
            job.entry.stalled = waits and now - job.moved > _STALL_SECONDS
        self._advance()

    def busy(self, device: Device) -> bool:
        return any(job.device is device for job in self._jobs.values())

    def status(self) -> list[pb.JobStatus]:
        """Running jobs, then those that wait, the next one first."""
        places = {entry: place for place, entry in enumerate(self._queue.order())}
        shown = sorted(self._jobs.values(), key=lambda job: (places.get(job.entry, -1), job.key))
        return [
            pb.JobStatus(
                job=job.start.job,
                session=job.session.id,
                tool=job.start.tool,
                state="queued" if job.entry in places else "running",
                position=places.get(job.entry, 0),
                finished=job.finished,
                frames=len(job.start.frames),
                priority="interactive" if job.entry.interactive else "batch",
                seconds=time.monotonic() - job.began,
            )
            for job in shown
        ]

    # ---- what workers say -----------------------------------------------------------------

    def told(self, device: Device, message: wb.FromWorker) -> None:
        job = self._jobs.get(message.job)
        if job is None or job.device is not device:
            return
        kind = message.WhichOneof("message")
        if kind == "event":
            self._event(job, message.event)
        elif kind == "want_room":
            self._rooms.ask(job, message.want_room.bytes)
        elif kind == "spare":
            job.holdings.discard_room(message.spare.lease)
        elif kind == "released":
            lease = job.holdings.give_back((message.released.input, message.released.number))
            if lease is not None:
                job.tell(pb.RunEvent(returned=pb.Returned(lease=lease.ref())))

    def ready(self, device: Device) -> None:
        """Begin again what a lost worker left, then the others."""
        for job in list(self._jobs.values()):
            if job.attempt and job.device is None:
                self._begin(job)
        self._advance()

    def lost(self, device: Device, computing: int) -> None:
        """Its jobs begin once more; the one that computed when it died only so often."""
        jobs = [job for job in self._jobs.values() if job.device is device]
        known = any(job.key == computing for job in jobs)
        for job in jobs:
            job.device, job.parked_room = None, 0
            job.holdings.worker_lost()
            job.blamed += job.key == computing or not known
            if job.ended:
                self._forget(job)
            elif job.blamed >= _LIVES:
                self.fail(
                    job,
                    WorkerLost(
                        f"The worker died twice while it ran {job.start.tool}.",
                        "Most often memory ran out: try fewer layers or a proxy. "
                        "Finished frames are kept.",
                    ),
                )

    def failed(self, device: Device) -> None:
        """It does not come up any more."""
        if not any(other.up for other in self.devices):
            self.end_all(
                ServerUnavailable(
                    "The server's worker does not start any more.",
                    "The server's log says why; `backlot doctor` checks the installation.",
                )
            )

    def forget_segment(self, segment: int) -> None:
        """A segment was given up: workers drop their mappings."""
        for device in self.devices:
            device.send(wb.ToWorker(forget=wb.Forget(segment=segment)))

    def retry_rooms(self, _: str) -> None:
        """Somebody has more room: try again what had to wait for it."""
        for job in list(self._jobs.values()):
            self._rooms.retry(job)

    def _event(self, job: Job, event: pb.RunEvent) -> None:
        kind = event.WhichOneof("event")
        if kind == "need":
            self._need(job, event)
        elif kind == "result":
            self._result(job, event)
        elif kind == "preview":
            self._preview(job, event.preview)
        elif kind == "frame_failed":
            job.over.add(event.frame_failed.number)
            job.failed += 1
            job.unread_failures += 1
            job.tell(event)
        elif kind in ("done", "error"):
            job.device = None
            done = pb.Done(finished=job.finished, failed=job.failed)
            end = event if kind == "error" else pb.RunEvent(done=done)
            self._end(job, end, event.error.code if kind == "error" else "done")
            self._forget(job)
        else:
            job.tell(event)

    def _need(self, job: Job, event: pb.RunEvent) -> None:
        key = (event.need.input, event.need.number)
        if key not in job.needs:  # a lost worker may have asked before
            job.needs.add(key)
            job.moved = time.monotonic()
            if job.silent:
                self._answer_for(job, *key)
            else:
                job.tell(event)

    def _answer_for(self, job: Job, name: str, number: int) -> None:
        error = MissingFrame(
            f"Frame {number} of {name} was needed after the client had sent all it would send.",
            "Keep the request side of the job's stream open until the job is done.",
        )
        missing = error_message(error)
        self.supply(job, pb.Supply(input=name, number=number, missing=missing))

    def _result(self, job: Job, event: pb.RunEvent) -> None:
        result = event.result
        if job.ended:
            job.holdings.discard_room(result.frame.lease)
            return
        if not job.unread:
            job.moved = time.monotonic()
        job.over.add(result.frame.number)
        lease = job.holdings.finish(result.frame.lease)
        job.session.result_bytes[job.start.tool] = lease.bytes
        self._locate(job, result.frame, lease)
        window = result.frame.data_window
        pixels = window.width * window.height
        self._history.note(job.start.tool, result.engine, pixels, result.seconds)
        job.tell(event)

    def _preview(self, job: Job, preview: pb.Preview) -> None:
        if job.ended or job.holdings.unread_previews:
            job.holdings.discard_room(preview.frame.lease)
            return
        self._locate(job, preview.frame, job.holdings.show(preview.frame.lease))
        job.tell(pb.RunEvent(preview=preview))

    def _locate(self, job: Job, frame: pb.Frame, lease: Lease) -> None:
        if job.session.local:
            frame.segment.CopyFrom(lease.segment.message())

    # ---- a job's life ---------------------------------------------------------------------

    def _accept(self, session: Session, start: pb.Start) -> Job:
        """A job in the queue, with the frames that came along."""
        tools = {tool.name for device in self.devices for tool in device.tools}
        if start.tool not in tools:
            raise NotFound(
                f"There is no tool {start.tool}.", f"There is {', '.join(sorted(tools))}."
            )
        last = self._history.last(start.tool)
        seconds = None if last is None else last * len(start.frames)
        entry = Entry(session.id, start.priority != pb.BATCH, seconds)
        holdings = Holdings(self._pool, self._limits, session.id)
        job = Job(next(self._keys), session, start, entry, holdings)
        try:
            for supply in start.supplies:
                holdings.take(pb.Supply.FromString(supply.SerializeToString()), start.inputs)
            self._queue.add(entry)
        except BacklotError:
            holdings.worker_gone()
            raise
        del start.supplies[:]
        self._jobs[job.key] = job
        return job

    async def _check_early(self, job: Job) -> None:
        """Refuse wrong parameters of a job that has to wait now, not when its turn comes."""
        request = pb.EstimateRequest(tool=job.start.tool, params=job.start.params)
        question = wb.Estimate(request=request, inputs=job.start.inputs, check_inputs=True)
        for device in self.devices[:1]:
            try:
                await device.ask(wb.Ask(estimate=question))
            except (WorkerLost, ServerUnavailable):
                return

    def _supersede(self, newer: Job) -> None:
        for job in list(self._jobs.values()):
            same = job.session is newer.session and job.start.supersede == newer.start.supersede
            if same and job is not newer:
                self.fail(job, Superseded("A newer preview took this one's place."))

    def _advance(self) -> None:
        """Begin what may begin, and tell the others their places."""
        if not any(device.up for device in self.devices):
            return
        by_entry = {job.entry: job for job in self._jobs.values()}
        for entry in self._queue.start():
            self._begin(by_entry[entry])
        for place, entry in enumerate(self._queue.order()):
            job = by_entry[entry]
            if job.place != place:
                job.place = place
                seconds = self._queue.wait_seconds(entry)
                estimate = -1.0 if seconds is None else seconds
                job.tell(pb.RunEvent(queued=pb.Queued(position=place, estimate_seconds=estimate)))

    def _begin(self, job: Job) -> None:
        """Hand a job, or what is left of it, to the device that has least to do."""
        up = [device for device in self.devices if device.up]
        job.device = min(up, key=lambda d: sum(o.device is d for o in self._jobs.values()))
        job.attempt += 1
        name = job.device.place.name
        job.tell(pb.RunEvent(started=pb.Started(device=name, attempt=job.attempt)))
        start = pb.Start()
        start.CopyFrom(job.start)
        start.frames[:] = [number for number in job.start.frames if number not in job.over]
        start.supplies.extend(job.holdings.supplies.values())
        room = self._rooms.to_hand(job)
        job.send(begin=wb.Begin(start=start, unconsumed=job.unread, room=room))

    def _end(self, job: Job, event: pb.RunEvent, outcome: str) -> None:
        """Tell the client the end, and the worker to stop if it is not there yet."""
        if job.ended:
            return
        job.ended, job.parked_room = True, 0
        for timer in job.timers:
            timer.cancel()
        job.tell(event)
        job.outbox.close()
        self._settle(job)
        self._log.line(
            f"job {outcome}",
            job=job.start.job,
            tool=job.start.tool,
            frames=len(job.start.frames),
            finished=job.finished,
            failed=job.failed,
            seconds=time.monotonic() - job.began,
            attempts=job.attempt,
            client=job.session.client,
        )
        if job.device is None:
            self._forget(job)
        else:
            job.send(stop=wb.Stop())
            self._later(job, _STOP_SECONDS, self._pass_patience)

    def _forget(self, job: Job) -> None:
        """Neither client nor worker has it any more."""
        if self._jobs.pop(job.key, None) is None:
            return
        for timer in job.timers:
            timer.cancel()
        job.holdings.worker_gone()
        self._queue.remove(job.entry)
        self._advance()

    def _settle(self, job: Job) -> None:
        if job.ended and not job.holdings.unread_results:
            job.settled.set()

    def _find(self, session: Session, job_id: str) -> Job | None:
        for job in self._jobs.values():
            if job.session is session and job.start.job == job_id and not job.ended:
                return job
        return None

    def _later(self, job: Job, seconds: float, call: Callable[[Job], None]) -> None:
        job.timers.append(asyncio.get_running_loop().call_later(seconds, call, job))

    def _pass_deadline(self, job: Job) -> None:
        self.fail(
            job,
            DeadlineExceeded(
                f"The job did not end within {job.start.deadline_seconds:g} seconds.",
                "Finished frames are kept; run it again for the rest, or give it more time.",
            ),
        )

    def _pass_patience(self, job: Job) -> None:
        if job.device is not None:
            self._log.line("worker stuck", tool=job.start.tool, device=job.device.place.name)
            job.device.kill()
