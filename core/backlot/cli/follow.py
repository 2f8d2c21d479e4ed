"""What a person or a farm sees of a run: a bar, plain lines, or JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..report import FrameReport, Take, Update, duration
from .say import emit, error_fields, stderr

_JSON_SECONDS = 0.2


@contextmanager
def followed(title: str, as_json: bool) -> Iterator[Callable[[Update], None]]:
    """A progress callback for `process`, shown as long as the block runs."""
    if as_json:
        yield _Json()
    elif sys.stderr.isatty():
        with _bar(title) as callback:
            yield callback
    else:
        yield _line


def _line(update: Update) -> None:
    if update.kind not in ("progress", "queued"):
        print(update, file=sys.stderr, flush=True)


@contextmanager
def _bar(title: str) -> Iterator[Callable[[Update], None]]:
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    words = TextColumn("[bold]{task.description}")
    left = TextColumn("{task.fields[left]}")
    with Progress(
        words, BarColumn(None), MofNCompleteColumn(), left, console=stderr(), expand=True
    ) as bar:
        task = bar.add_task(escape(title), total=None, left="")

        def show(update: Update) -> None:
            left = f"{duration(update.seconds_left)} left" if update.seconds_left else ""
            if update.sentence and update.kind in ("queued", "started", "progress"):
                left = update.sentence
            done = update.finished + (update.fraction if update.kind == "progress" else 0)
            bar.update(task, completed=done, total=update.total, left=left)
            failed = update.report is not None and update.report.error is not None
            if failed or update.kind in ("warning", "reconnect"):
                bar.console.print(f"[yellow]{escape(update.sentence or str(update.report))}[/]")

        yield show


class _Json:
    """Every update as one JSON object; progress at most five times a second."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, update: Update) -> None:
        if update.kind == "progress":
            if time.monotonic() - self._last < _JSON_SECONDS:
                return
            self._last = time.monotonic()
        emit(_fields(update))


def _fields(update: Update) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "event": update.kind,
        "finished": update.finished,
        "total": update.total,
    }
    if update.report is not None:
        return fields | frame_fields(update.report)
    if update.number is not None:
        fields |= {"frame": update.number, "fraction": round(update.fraction, 4)}
    if update.seconds_left is not None:
        fields["seconds_left"] = round(update.seconds_left, 1)
    return fields | ({"sentence": update.sentence} if update.sentence else {})


def frame_fields(frame: FrameReport) -> dict[str, Any]:
    """One frame's report as plain values."""
    fields = {"frame": frame.number, "state": frame.state, "path": str(frame.path)}
    if frame.error is not None:
        return fields | error_fields(frame.error)
    return fields | {
        "engine": frame.engine,
        "seconds": round(frame.seconds, 3),
        "exact": frame.exact,
        "measured": dict(frame.measured),
    }


def take_fields(take: Take) -> dict[str, Any]:
    """The end of a run as plain values."""
    return {
        "event": "end",
        "tool": take.tool,
        "out": take.out,
        "engine": take.engine,
        "done": len(take.done),
        "kept": len(take.kept),
        "failed": [frame.number for frame in take.failed],
        "seconds": round(take.seconds, 3),
        "exit_code": take.exit_code,
    }
