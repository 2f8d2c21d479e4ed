"""One job as a host shows it: the same states for every application.

idle -> queued -> running -> done | failed | cancelled
"""

from __future__ import annotations

import time
from typing import Any, Callable, Mapping

from .errors import LinkError

ENDED = ("done", "failed", "cancelled")
SURE = 0.95
"""Confidence from which a frame is not spoken of."""


class Job:
    """Where a job stands; changed by `apply` on the thread that drains the link, and only there.

    of, finished, failed: counts of frames. frame: the one being made. fraction: of the job, 0 to 1.
    error: why it failed or was cancelled; one of which some frames failed is done: `frame_errors`.
    results: frame number -> the `frame` event, as in docs/link.md; outcome: the `done` event.
    then: called with (job, event) after every event.
    """

    def __init__(
        self,
        name: str,
        tool: str,
        of: int,
        then: Callable[[Job, Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.name = name
        self.tool = tool
        self.state = "idle"
        self.of = of
        self.finished = 0
        self.failed = 0
        self.frame: int | None = None
        self.fraction = 0.0
        self.message = ""
        self.position = 0
        self.device = ""
        self.engine = ""
        self.error: LinkError | None = None
        self.frame_errors: dict[int, LinkError] = {}
        self.warnings: list[str] = []
        self.results: dict[int, Mapping[str, Any]] = {}
        self.outcome: Mapping[str, Any] = {}
        self._then = then
        self._started = 0.0

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def apply(self, event: Mapping[str, Any]) -> None:
        """Take in one event. Events after the end are not expected and change nothing."""
        if self.ended:
            return
        known = getattr(self, "_on_" + str(event["event"]), None)
        if known is not None:
            known(event)
        if self._then is not None:
            self._then(self, event)

    def remaining(self) -> float | None:
        """Seconds that it will still take at the pace so far; None when nobody knows."""
        if self.state != "running" or self.fraction <= 0.0:
            return None
        return (time.monotonic() - self._started) * (1.0 - self.fraction) / self.fraction

    def status(self) -> str:
        """One line for a panel."""
        if self.state == "queued":
            return (
                "Waiting, next" if self.position == 0 else "Waiting, {} ahead".format(self.position)
            )
        if self.state == "running":
            frame = "" if self.frame is None else "Frame {}, ".format(self.frame)
            left = self.remaining()
            more = "" if left is None else ", {} left".format(_duration(left))
            return "{}{} of {}{}".format(frame, self.finished + self.failed, self.of, more)
        if self.state == "done":
            lost = ", {} failed".format(self.failed) if self.failed else ""
            return "{} of {} done{}".format(self.finished, self.of, lost)
        if self.state == "failed" and self.error is not None:
            return self.error.sentence
        return {"idle": "Starting", "cancelled": "Cancelled"}.get(self.state, self.state)

    def doubt(self) -> str:
        """Which frame can be trusted least, where that was measured and leaves doubt; else ""."""
        told = {
            n: (event.get("measured") or {}).get("confidence") for n, event in self.results.items()
        }
        known = sorted((value, n) for n, value in told.items() if isinstance(value, (int, float)))
        if not known or known[0][0] >= SURE:
            return ""
        return "Lowest confidence {:.0f} %, on frame {}".format(100 * known[0][0], known[0][1])

    def _on_queued(self, event: Mapping[str, Any]) -> None:
        self.state = "queued"
        self.position = int(event.get("position", 0))

    def _on_started(self, event: Mapping[str, Any]) -> None:
        self.state = "running"
        self.device = str(event.get("device", ""))
        self._started = time.monotonic()

    def _on_progress(self, event: Mapping[str, Any]) -> None:
        self._run()
        self.frame = event.get("number")
        self.message = str(event.get("message", ""))
        self._advance(float(event.get("fraction", 0.0)))

    def _on_frame(self, event: Mapping[str, Any]) -> None:
        self._run()
        self.finished += 1
        self.results[int(event["number"])] = event
        self.engine = str(event.get("engine", ""))
        self._advance(0.0)

    def _on_frame_failed(self, event: Mapping[str, Any]) -> None:
        self._run()
        self.failed += 1
        self.frame_errors[int(event["number"])] = LinkError.from_json(event["error"])
        self._advance(0.0)

    def _on_warning(self, event: Mapping[str, Any]) -> None:
        self.warnings.append(str(event["sentence"]))

    def _on_done(self, event: Mapping[str, Any]) -> None:
        self.state = "done"
        self.outcome = event
        self.finished = int(event["finished"])
        self.failed = int(event["failed"])
        self.fraction = 1.0

    def _on_error(self, event: Mapping[str, Any]) -> None:
        self.state = "failed"
        self.error = LinkError.from_json(event["error"])

    def _on_cancelled(self, event: Mapping[str, Any]) -> None:
        self.state = "cancelled"
        self.error = LinkError.from_json(event.get("error", {}))

    def _run(self) -> None:
        if self.state != "running":
            self._on_started({})

    def _advance(self, fraction: float) -> None:
        whole = self.finished + self.failed + fraction
        self.fraction = max(self.fraction, min(1.0, whole / max(1, self.of)))


def _duration(seconds: float) -> str:
    whole = int(seconds + 0.5)
    if whole < 60:
        return "{} s".format(whole)
    if whole < 3600:
        return "{} min {:02d} s".format(whole // 60, whole % 60)
    return "{} h {:02d} min".format(whole // 3600, whole % 3600 // 60)
