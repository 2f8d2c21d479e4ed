"""What a running job tells: plain values, in the order they happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import BacklotError
from .frame import Frame


@dataclass(frozen=True)
class Queued:
    """Waiting. position 0 is next; estimate in seconds, None when nobody knows."""

    position: int
    estimate: float | None


@dataclass(frozen=True)
class Started:
    """A device took it. attempt is 2 after a worker was lost and the job began again."""

    device: str
    attempt: int


@dataclass(frozen=True)
class Progress:
    """How much of one frame is done, 0 to 1."""

    number: int
    fraction: float
    message: str = ""


@dataclass(frozen=True)
class Preview:
    """An unfinished result, worth showing."""

    frame: Frame


@dataclass(frozen=True)
class Result:
    """A finished frame; `engine` as people should read it, `seconds` spent in the tool.

    measured: what the tool found out about the frame, as values that JSON has.
    """

    frame: Frame
    engine: str
    fingerprint: str
    seconds: float
    measured: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Warning:
    """Something to know that does not stop the work."""

    number: int
    sentence: str


@dataclass(frozen=True)
class FrameFailed:
    """This frame cannot be made; the others go on."""

    number: int
    error: BacklotError


@dataclass(frozen=True)
class Done:
    """The end, with counts of frames."""

    finished: int
    failed: int


Event = Queued | Started | Progress | Preview | Result | Warning | FrameFailed | Done
