"""Every way that Backlot can fail, in one tree and one table.

An error is a sentence that says what happened and a hint that says what to do next; both are
written for an artist. ``code`` is stable and travels on the wire; ``status`` is the gRPC status
code (a number, so that this module needs no gRPC: see the gRPC specification's statuscodes.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar


class BacklotError(Exception):
    """The root. ``str(error)`` is the sentence; ``error.hint`` may be empty."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 13  # INTERNAL
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return self.sentence


class InvalidInput(BacklotError):
    """A parameter, frame or command that cannot be meant: says which and what would do."""

    code = "invalid-input"
    status = 3  # INVALID_ARGUMENT
    exit_code = 2


class NotFound(BacklotError):
    """A tool, model, job, layer or file that is not there."""

    code = "not-found"
    status = 5  # NOT_FOUND
    exit_code = 2


class MissingFrame(NotFound):
    """One frame of a sequence is not there; the others can still be done."""

    code = "missing-frame"
    exit_code = 3


class UnreadableFile(BacklotError):
    """A file that is truncated, empty, damaged or of no known format."""

    code = "unreadable-file"
    status = 15  # DATA_LOSS
    exit_code = 3


class CannotWrite(BacklotError):
    """Disk full, folder read-only, or no permission. Nothing half-written is left behind."""

    code = "cannot-write"
    status = 9  # FAILED_PRECONDITION
    exit_code = 4


class Denied(BacklotError):
    """Wrong or missing token, or another user's server."""

    code = "denied"
    status = 16  # UNAUTHENTICATED
    exit_code = 5


class ConsentDenied(BacklotError):
    """A character's record of consent does not allow it, or there is none and a show demands it."""

    code = "consent-denied"
    status = 7  # PERMISSION_DENIED
    exit_code = 7


class VersionMismatch(BacklotError):
    """Client and server do not understand each other; the sentence says which to update."""

    code = "version-mismatch"
    status = 9  # FAILED_PRECONDITION
    exit_code = 5


class StaleLease(BacklotError):
    """A lease that was freed, belongs to another session, or is of an older generation."""

    code = "stale-lease"
    status = 9  # FAILED_PRECONDITION


class TooLarge(BacklotError):
    """Over a limit of the server: side, channels, bytes of a frame, frames of a job."""

    code = "too-large"
    status = 11  # OUT_OF_RANGE
    exit_code = 2


class QuotaExceeded(BacklotError):
    """The session holds as much shared memory as it may."""

    code = "quota-exceeded"
    status = 8  # RESOURCE_EXHAUSTED
    retryable = True


class QueueFull(BacklotError):
    """The server takes no more jobs until some are done."""

    code = "queue-full"
    status = 8  # RESOURCE_EXHAUSTED
    exit_code = 6
    retryable = True


class OutOfMemory(BacklotError):
    """The machine or the device has no room for this frame."""

    code = "out-of-memory"
    status = 8  # RESOURCE_EXHAUSTED
    exit_code = 6


class Cancelled(BacklotError):
    """Somebody asked for it. What was finished stays."""

    code = "cancelled"
    status = 1  # CANCELLED
    exit_code = 130


class Superseded(Cancelled):
    """A newer preview with the same key took this job's place."""

    code = "superseded"
    status = 10  # ABORTED


class DeadlineExceeded(BacklotError):
    """The job was given a time and did not end in it."""

    code = "deadline-exceeded"
    status = 4  # DEADLINE_EXCEEDED
    exit_code = 6


class ServerUnavailable(BacklotError):
    """No server answers: not started, stopped, or lost on the way."""

    code = "server-unavailable"
    status = 14  # UNAVAILABLE
    exit_code = 6
    retryable = True


class WorkerLost(BacklotError):
    """The process that holds the device died twice over this job."""

    code = "worker-lost"
    status = 10  # ABORTED
    exit_code = 6
    retryable = True


class Unsupported(BacklotError):
    """Understood, but not possible here: no such engine, format or feature on this machine."""

    code = "unsupported"
    status = 12  # UNIMPLEMENTED
    exit_code = 2


class InternalError(BacklotError):
    """A defect of Backlot. The log has the details."""

    code = "internal"


def _tree(root: type[BacklotError]) -> Iterator[type[BacklotError]]:
    yield root
    for leaf in root.__subclasses__():
        yield from _tree(leaf)


BY_CODE: dict[str, type[BacklotError]] = {
    kind.code: kind for kind in _tree(BacklotError) if kind is not BacklotError
}


def from_code(code: str, sentence: str, hint: str = "") -> BacklotError:
    """The error that was sent, of its own class; one of a newer peer becomes InternalError."""
    return BY_CODE.get(code, InternalError)(sentence, hint)
