"""Room for results: memory of a job's session, found without stopping anybody."""

from __future__ import annotations

import asyncio

from backlot.errors import BacklotError, OutOfMemory, QuotaExceeded
from backlot.v1 import backlot_pb2 as pb

from . import worker_pb2 as wb
from .access import error_message
from .record import Job
from .shared import Lease, Pool


class Rooms:
    """Answers what workers ask for."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, job: Job, count: int) -> None:
        """Memory for a result: at once, when the session's own is free again, or as an error."""
        try:
            lease = self._pool.lease_now(job.session.id, count)
        except BacklotError as error:
            self._refuse(job, count, error)
            return
        if lease is not None:
            self._give(job, lease)
            return
        task = asyncio.create_task(self._find(job, count, job.attempt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def retry(self, job: Job) -> None:
        """Somebody has more room than before."""
        count, job.parked_room = job.parked_room, 0
        if count:
            self.ask(job, count)

    def to_hand(self, job: Job) -> pb.Lease | None:
        """Room as large as this tool's last result in the session, where it costs nothing."""
        count = job.session.result_bytes.get(job.start.tool, 0)
        try:
            lease = self._pool.lease_now(job.session.id, count) if count else None
        except BacklotError:
            return None
        if lease is None:
            return None
        job.holdings.add_room(lease)
        return lease.message()

    async def _find(self, job: Job, count: int, attempt: int) -> None:
        try:
            lease = await self._pool.lease(job.session.id, count)
        except BacklotError as error:
            if job.attempt == attempt:
                self._refuse(job, count, error)
            return
        if job.device is not None and job.attempt == attempt:
            self._give(job, lease)
        else:
            self._pool.free(lease.session, [lease.ref()])

    def _give(self, job: Job, lease: Lease) -> None:
        job.holdings.add_room(lease)
        job.send(room=wb.Room(lease=lease.message()))

    def _refuse(self, job: Job, count: int, error: BacklotError) -> None:
        """Wait where the client still has to read results, which makes room."""
        if job.holdings.unread_results and isinstance(error, (QuotaExceeded, OutOfMemory)):
            job.parked_room = count
        else:
            job.send(room=wb.Room(error=error_message(error)))
