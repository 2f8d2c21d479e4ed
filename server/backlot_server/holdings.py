"""What one job holds of the shared memory: frames it was given, room it writes to, results."""

from __future__ import annotations

from collections.abc import Iterable

from backlot.errors import InvalidInput
from backlot.v1 import backlot_pb2 as pb

from .checks import frame_bytes
from .limits import Limits
from .shared import Lease, Pool

Key = tuple[str, int]


class Holdings:
    """The leases of one job. What it reads or writes is held: its session may free it, and even
    end, without the memory being used for anything else before the job lets go."""

    def __init__(self, pool: Pool, limits: Limits, session: str) -> None:
        self.supplies: dict[Key, pb.Supply] = {}
        self._pool, self._limits, self._session = pool, limits, session
        self._supplied: dict[Key, Lease] = {}
        self._rooms: dict[int, Lease] = {}
        self._results: dict[int, Lease] = {}
        self._previews: dict[int, Lease] = {}

    @property
    def unread_results(self) -> int:
        return len(self._results)

    @property
    def unread_previews(self) -> int:
        return len(self._previews)

    def take(self, supply: pb.Supply, inputs: Iterable[str]) -> None:
        """A supplied frame, or why there is none. Its segment is filled in.

        Raises: InvalidInput, TooLarge, StaleLease.
        """
        key = (supply.input, supply.number)
        if supply.input not in inputs or key in self.supplies:
            raise InvalidInput(
                f"Frame {supply.number} of {supply.input} came without being asked for.",
                "Name every input in the Start, and send each frame once.",
            )
        if supply.HasField("frame"):
            count = frame_bytes(supply.frame, self._limits)
            lease = self._pool.find(self._session, supply.frame.lease)
            if count > lease.bytes:
                raise InvalidInput(
                    f"A frame of {count} bytes is said to lie in {lease.bytes} bytes of memory.",
                    "Ask for a lease of the frame's own size.",
                )
            self._pool.hold(lease)
            self._supplied[key] = lease
            supply.frame.segment.CopyFrom(lease.segment.message())
        elif not supply.HasField("missing"):
            raise InvalidInput(f"Frame {supply.number} of {supply.input} came without an answer.")
        self.supplies[key] = supply

    def give_back(self, key: Key) -> Lease | None:
        """A supplied frame is no longer needed; its lease, when no other supply lies in it."""
        self.supplies.pop(key, None)
        lease = self._supplied.pop(key, None)
        if lease is None:
            return None
        self._pool.drop(lease)
        return None if lease in self._supplied.values() else lease

    def add_room(self, lease: Lease) -> None:
        self._pool.hold(lease)
        self._rooms[lease.id] = lease

    def discard_room(self, ref: pb.LeaseRef) -> None:
        """Room that was not used."""
        self._free(self._leave_room(ref))

    def finish(self, ref: pb.LeaseRef) -> Lease:
        """Room that now holds a result for the client to read."""
        lease = self._results[ref.id] = self._leave_room(ref)
        lease.shown = True
        return lease

    def show(self, ref: pb.LeaseRef) -> Lease:
        """Room that now holds a preview for the client to read."""
        lease = self._previews[ref.id] = self._leave_room(ref)
        lease.shown = True
        return lease

    def consume(self, ref: pb.LeaseRef, kept: bool) -> bool:
        """The client has read what lies there; whether it was a result.

        kept: it frees the lease itself, and may have done so before this arrives.
        Raises: StaleLease.
        """
        if not kept:
            self._pool.free(self._session, [ref])
        preview, result = self._previews.pop(ref.id, None), self._results.pop(ref.id, None)
        for lease in (preview, result):
            if kept and lease is not None:
                self._pool.keep(lease)
        return result is not None

    def worker_gone(self) -> None:
        """Nobody writes or reads any more: room and supplies go, what the client has yet to read
        stays."""
        for lease in list(self._rooms.values()):
            self.discard_room(lease.ref())
        for key in list(self.supplies):
            self.give_back(key)

    def worker_lost(self) -> None:
        """Another worker will begin again, with the frames that were supplied."""
        for lease in list(self._rooms.values()):
            self.discard_room(lease.ref())

    def client_gone(self) -> None:
        """Nobody says any more what became of the results."""
        for lease in (*self._results.values(), *self._previews.values()):
            self._pool.abandon(lease)
        self._results.clear()
        self._previews.clear()

    def _leave_room(self, ref: pb.LeaseRef) -> Lease:
        lease = self._rooms.pop(ref.id)
        self._pool.drop(lease)
        return lease

    def _free(self, lease: Lease) -> None:
        if not lease.orphan:
            self._pool.free(lease.session, [lease.ref()])
