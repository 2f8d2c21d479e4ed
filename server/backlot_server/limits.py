"""How much one client may ask for. Clients see these values in Hello."""

from __future__ import annotations

from dataclasses import dataclass

from backlot.v1 import backlot_pb2 as pb

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Limits:
    """memory_bytes: what all shared frames together may take; keep_bytes: how much of it stays
    allocated for the next frames when nobody uses it."""

    memory_bytes: int
    max_queued_jobs: int = 256
    max_side: int = 32768
    max_channels: int = 64
    max_frames_per_job: int = 100_000

    @property
    def max_frame_bytes(self) -> int:
        return self.memory_bytes // 2

    @property
    def session_quota_bytes(self) -> int:
        return self.memory_bytes * 3 // 4

    @property
    def kept_results_bytes(self) -> int:
        """Of results that a client works on with where they lie, beside its quota."""
        return self.session_quota_bytes // 4

    @property
    def keep_bytes(self) -> int:
        return min(self.memory_bytes // 4, 2 << 30)

    def message(self) -> pb.Limits:
        return pb.Limits(
            max_side=self.max_side,
            max_frame_bytes=self.max_frame_bytes,
            session_quota_bytes=self.session_quota_bytes,
            max_queued_jobs=self.max_queued_jobs,
            max_frames_per_job=self.max_frames_per_job,
            max_channels=self.max_channels,
            chunk_bytes=CHUNK_BYTES,
            kept_results_bytes=self.kept_results_bytes,
        )
