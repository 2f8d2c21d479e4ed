"""Memory of a server that is gone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from backlot.errors import ServerUnavailable
from backlot.shared import Segments, can_share
from backlot.v1 import backlot_pb2 as pb

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")


def gone() -> pb.Segment:
    """In a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return pb.Segment(id=1, bytes=64, proc_fd=pb.ProcFd(pid=process.pid, fd=3))


def test_a_result_that_went_with_its_server_is_said_and_asked_for_again() -> None:
    with pytest.raises(ServerUnavailable) as told:
        Segments().view(gone(), 64)
    assert told.value.retryable
    assert "ended" in told.value.sentence


def test_a_server_whose_memory_is_not_to_be_seen_gets_frames_another_way() -> None:
    assert not can_share(Segments(), pb.Lease(segment=gone()), b"nonce")
