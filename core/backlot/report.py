"""What a run over a sequence tells while it works, and what it says at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import BacklotError, InternalError, MissingFrame

DONE, KEPT, FAILED = "done", "kept", "failed"


@dataclass(frozen=True)
class FrameReport:
    """What became of one frame.

    state: "done" in this run, "kept" from an earlier one, or "failed" with its error.
    seconds: spent in the tool; engine: what made it. exact: measured in the saved file, whether
    every pixel outside the matte and every other layer is the source's, bit for bit; None when
    that was not asked, or when the tool may change everything. measured: what the tool found out
    about the frame.
    """

    number: int
    state: str
    path: Path
    engine: str = ""
    seconds: float = 0.0
    exact: bool | None = None
    error: BacklotError | None = None
    measured: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.error is not None:
            return f"frame {self.number} failed: {self.error.sentence} {self.error.hint}".rstrip()
        if self.state == KEPT:
            return f"frame {self.number} kept"
        exact = {None: "", True: ", bit-exact outside the matte", False: ", NOT bit-exact"}
        return f"frame {self.number} done in {self.seconds:.2f} s{exact[self.exact]}"


@dataclass(frozen=True)
class Update:
    """A moment of a run. `str` of it is a line for people.

    kind: "plan" (first of all), "queued", "started", "progress", "frame" (one is done or
    failed: see `report`), "warning", "reconnect".
    finished: frames that are dealt with, of `total` to make; kept ones count in neither.
    fraction: of frame `number`, 0 to 1. seconds_left: of the whole run, None when unknown.
    """

    kind: str
    finished: int
    total: int
    number: int | None = None
    fraction: float = 0.0
    seconds_left: float | None = None
    sentence: str = ""
    report: FrameReport | None = None

    def __str__(self) -> str:
        head = f"{self.finished} of {self.total}"
        left = f", {duration(self.seconds_left)} left" if self.seconds_left else ""
        if self.report is not None:
            return f"{head}: {self.report}{'' if self.report.error else left}"
        if self.kind == "progress":
            return f"{head}: frame {self.number} {self.fraction:.0%} {self.sentence}{left}"
        return f"{head}: {self.sentence}"


@dataclass(frozen=True)
class Take:
    """A finished run: every frame that was asked for, in order."""

    tool: str
    out: str
    frames: tuple[FrameReport, ...]
    engine: str = ""
    seconds: float = 0.0
    warnings: tuple[str, ...] = field(default=())

    @property
    def done(self) -> tuple[FrameReport, ...]:
        return tuple(frame for frame in self.frames if frame.state == DONE)

    @property
    def kept(self) -> tuple[FrameReport, ...]:
        return tuple(frame for frame in self.frames if frame.state == KEPT)

    @property
    def failed(self) -> tuple[FrameReport, ...]:
        return tuple(frame for frame in self.frames if frame.state == FAILED)

    @property
    def exit_code(self) -> int:
        """0 when every frame is there; 3: some are missing; 1: one was found not to be exact.

        See docs/cli.md.
        """
        if self.failed:
            return MissingFrame.exit_code
        moved = any(frame.exact is False for frame in self.frames)
        return InternalError.exit_code if moved else 0

    def __str__(self) -> str:
        parts = [f"{len(self.done)} done"]
        parts += [f"{len(self.kept)} kept"] if self.kept else []
        parts += [f"{len(self.failed)} failed"] if self.failed else []
        return f"{self.out}: {', '.join(parts)} in {duration(self.seconds)}"


def duration(seconds: float) -> str:
    """For people: "0.4 s", "12 s", "3 min 05 s", "2 h 10 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
