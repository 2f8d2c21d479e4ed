"""The pool of shared frames: leases, quotas, and the memory that stays for the next frame.

A lease is a segment lent to one session. It is free, or leased, or leased and used by jobs; when
its session frees it or ends while a job still uses it, it is an orphan until the job lets go.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from backlot.errors import NotFound, OutOfMemory, QuotaExceeded, StaleLease, TooLarge
from backlot.v1 import backlot_pb2 as pb

from .limits import Limits
from .segments import Maker, Segment

_SMALLEST = 1 << 16
_MOST_KEPT = 64


def size_class(count: int) -> int:
    """Bytes of the segment for a frame of `count`: up to an eighth more, so that sizes repeat."""
    step = max(_SMALLEST, 1 << max(0, count.bit_length() - 4))
    return -(-count // step) * step


@dataclass(eq=False)
class Lease:
    """A segment lent to a session. uses: jobs that read or write it now. shown: its client was
    told of what lies there, and may go on reading it until it says that it does not.
    kept: it said that it does, and the quota does not count it."""

    segment: Segment
    generation: int
    bytes: int
    session: str
    uses: int = 0
    orphan: bool = False
    shown: bool = False
    kept: bool = False

    @property
    def id(self) -> int:
        return self.segment.id

    def ref(self) -> pb.LeaseRef:
        return pb.LeaseRef(id=self.id, generation=self.generation)

    def message(self) -> pb.Lease:
        return pb.Lease(
            id=self.id,
            generation=self.generation,
            bytes=self.bytes,
            segment=self.segment.message(),
        )


@dataclass
class _Account:
    """One session's leases; `charged` counts the bytes of their whole segments, but for the `kept`
    ones."""

    leases: set[Lease] = field(default_factory=set)
    charged: int = 0
    kept: int = 0

    def let_go(self, lease: Lease) -> None:
        self.leases.discard(lease)
        if lease.kept:
            self.kept -= lease.segment.bytes
        else:
            self.charged -= lease.segment.bytes


class Pool:
    """All shared memory of the server.

    gone: called with the id of a segment that was given up, so that others drop their mappings.
    freed: called with a session that has more room than before.
    """

    def __init__(
        self,
        limits: Limits,
        make: Maker,
        gone: Callable[[int], None] = lambda segment: None,
        freed: Callable[[str], None] = lambda session: None,
    ) -> None:
        self._limits, self._make, self._gone, self._freed = limits, make, gone, freed
        self._accounts: dict[str, _Account] = {}
        self._leases: dict[int, Lease] = {}
        self._free: OrderedDict[int, tuple[Segment, str, float]] = OrderedDict()
        self._bytes = 0

    # ---- sessions -------------------------------------------------------------------------

    def open(self, session: str) -> None:
        self._accounts[session] = _Account()

    def end(self, session: str) -> None:
        """Free everything the session holds; what a job still uses follows when it lets go."""
        account = self._accounts.pop(session, _Account())
        for lease in list(account.leases):
            self._let_go(lease)

    # ---- leases ---------------------------------------------------------------------------

    def lease_now(self, session: str, count: int) -> Lease | None:
        """A lease on memory that this session used before; None when there is none to hand.

        Raises: TooLarge, QuotaExceeded, NotFound when the session is over.
        """
        size = self._charge(session, count)
        for segment, owner, _ in reversed(self._free.values()):
            if owner == session and segment.bytes == size:
                del self._free[segment.id]
                return self._book(segment, session, count)
        self._accounts[session].charged -= size
        return None

    async def lease(self, session: str, count: int) -> Lease:
        """A lease on `count` bytes, allocated and touched.

        Raises: TooLarge, QuotaExceeded, OutOfMemory, NotFound when the session is over.
        """
        lease = self.lease_now(session, count)
        if lease is not None:
            return lease
        task = asyncio.ensure_future(self._lease_slowly(session, count))
        try:
            lease = await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(self._abandon)
            raise
        if lease.orphan:  # the session ended in the very moment
            raise _session_over()
        return lease

    async def _lease_slowly(self, session: str, count: int) -> Lease:
        account = self._accounts[session]
        size = self._charge(session, count)
        try:
            segment = await self._obtain(size)
        except BaseException:
            account.charged -= size
            raise
        if session not in self._accounts:
            self._keep(segment, "")
            raise _session_over()
        return self._book(segment, session, count)

    async def _obtain(self, size: int) -> Segment:
        """A segment without anybody's picture in it."""
        for segment, _, _ in self._free.values():
            if segment.bytes == size:
                del self._free[segment.id]
                await asyncio.to_thread(segment.scrub)
                return segment
        self._make_room(size)
        self._bytes += size
        try:
            return await asyncio.to_thread(self._make, size)
        except BaseException:
            self._bytes -= size
            raise

    def _abandon(self, task: asyncio.Task[Lease]) -> None:
        if not task.cancelled() and task.exception() is None and not task.result().orphan:
            self._let_go(task.result())

    def find(self, session: str, ref: pb.LeaseRef) -> Lease:
        """The session's own lease. Raises: StaleLease."""
        lease = self._leases.get(ref.id)
        if lease is None or lease.generation != ref.generation or lease.session != session:
            raise _stale()
        if lease.orphan:
            raise _stale()
        return lease

    def free(self, session: str, refs: Iterable[pb.LeaseRef]) -> None:
        """The client gives leases back; all or none. Raises: StaleLease."""
        leases = {self.find(session, ref) for ref in refs}
        for lease in leases:
            lease.shown = False
            self._let_go(lease)

    def keep(self, lease: Lease) -> None:
        """The client works on with a result where it lies, which must not stop its next jobs."""
        account = self._accounts.get(lease.session)
        size = lease.segment.bytes
        if account is None or lease.orphan or lease.kept:
            return
        if account.kept + size <= self._limits.kept_results_bytes:
            lease.kept = True
            account.kept += size
            account.charged -= size

    def abandon(self, lease: Lease) -> None:
        """Its job is over, and the client did not say whether it still reads what lies there."""
        if not lease.orphan:
            self._let_go(lease)

    def hold(self, lease: Lease) -> None:
        """A job uses this lease."""
        lease.uses += 1

    def drop(self, lease: Lease) -> None:
        """A job no longer uses it."""
        lease.uses -= 1
        if lease.orphan and lease.uses == 0:
            self._recycle(lease)

    # ---- accounts -------------------------------------------------------------------------

    def totals(self) -> pb.PoolStatus:
        return pb.PoolStatus(
            segments=len(self._free) + len(self._leases),
            bytes=self._bytes,
            leases=len(self._leases),
            lease_bytes=sum(lease.segment.bytes for lease in self._leases.values()),
        )

    def held(self, session: str) -> tuple[int, int]:
        """(leases, bytes) of a session."""
        account = self._accounts.get(session, _Account())
        return len(account.leases), account.charged + account.kept

    def trim(self, unused_seconds: float) -> None:
        """Give up free memory that nobody wanted for a while."""
        before = time.monotonic() - unused_seconds
        for segment, _, since in list(self._free.values()):
            if since <= before:
                self._give_up(segment)

    def close(self) -> None:
        """Give everything up; the server ends."""
        for segment, _, _ in self._free.values():
            segment.close()
        for lease in self._leases.values():
            lease.segment.close()
        self._free.clear()
        self._leases.clear()

    def _charge(self, session: str, count: int) -> int:
        account = self._accounts.get(session)
        if account is None:
            raise _session_over()
        if not 0 < count <= self._limits.max_frame_bytes:
            raise TooLarge(
                f"A frame of {count} bytes cannot be sent.",
                f"This server takes up to {self._limits.max_frame_bytes} bytes a frame.",
            )
        size = size_class(count)
        if account.charged + size > self._limits.session_quota_bytes:
            raise QuotaExceeded(
                f"This session already holds {account.charged >> 20} MiB of frames.",
                "Work on fewer frames at once, or start the server with more --memory.",
            )
        account.charged += size
        return size

    def _book(self, segment: Segment, session: str, count: int) -> Lease:
        segment.generation += 1
        lease = Lease(segment, segment.generation, count, session)
        self._leases[segment.id] = lease
        self._accounts[session].leases.add(lease)
        return lease

    def _let_go(self, lease: Lease) -> None:
        lease.orphan = True
        if lease.uses == 0:
            self._recycle(lease)

    def _recycle(self, lease: Lease) -> None:
        del self._leases[lease.id]
        account = self._accounts.get(lease.session)
        if account is not None:
            account.let_go(lease)
        if lease.shown:
            self._retire(lease.segment)
        else:
            self._keep(lease.segment, lease.session)
        if account is not None:
            self._freed(lease.session)

    def _keep(self, segment: Segment, owner: str) -> None:
        self._free[segment.id] = (segment, owner, time.monotonic())
        while (
            len(self._free) > _MOST_KEPT
            or sum(kept.bytes for kept, _, _ in self._free.values()) > self._limits.keep_bytes
        ):
            self._give_up(next(iter(self._free.values()))[0])

    def _make_room(self, size: int) -> None:
        while self._bytes + size > self._limits.memory_bytes and self._free:
            self._give_up(next(iter(self._free.values()))[0])
        if self._bytes + size > self._limits.memory_bytes:
            raise OutOfMemory(
                f"All {self._limits.memory_bytes >> 20} MiB that frames may take are in use.",
                "Wait for other work to end, or start the server with more --memory.",
            )

    def _give_up(self, segment: Segment) -> None:
        del self._free[segment.id]
        self._retire(segment)

    def _retire(self, segment: Segment) -> None:
        """Never to be used again; whoever has it mapped keeps what lies there."""
        self._bytes -= segment.bytes
        self._gone(segment.id)
        asyncio.get_running_loop().run_in_executor(None, segment.close)  # milliseconds


def _stale() -> StaleLease:
    return StaleLease(
        "A frame's memory was already given back.",
        "Send the frame again; if this repeats, the client has a defect.",
    )


def _session_over() -> NotFound:
    return NotFound("This session has ended.", "Connect again.")
