"""The panel's end of the companion: requests out, answers and events in, never a wait."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

SILENT = 4.0
"""Seconds without a sign of life after which the companion counts as stuck."""
WAITING = 3.0
"""Seconds in one call after which Resolve counts as waiting for its user."""

_LEAVES_WITHIN = 15_000
"""Milliseconds for the companion to end a render of ours and put Resolve back."""

Answer = Callable[[Any], None]
Failure = Callable[[dict[str, str]], None]


class Link(QObject):
    """Starts the companion, and starts it again when it dies."""

    job = Signal(dict)
    failed = Signal(dict)
    """An error that nobody asked to hear: code, sentence, hint."""
    waiting = Signal(str)
    """What is being waited for, in a sentence; "" when it is over."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._pending: dict[int, tuple[Answer | None, Failure | None]] = {}
        self._next = 0
        self._rest = b""
        self._heard = time.monotonic()
        self._said = ""
        self._closing = False
        self._watch = QTimer(self)
        self._watch.setInterval(500)
        self._watch.timeout.connect(self._check)

    def start(self) -> None:
        if self._closing:
            return
        process = QProcess(self)
        process.setProcessEnvironment(QProcessEnvironment.systemEnvironment())
        process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._ended)
        process.start(sys.executable, ["-m", "backlot_resolve.companion"])
        self._process, self._rest, self._heard = process, b"", time.monotonic()
        self._watch.start()

    def ask(
        self, do: str, then: Answer | None = None, failed: Failure | None = None, **fields: Any
    ) -> None:
        """Send a request; `then` hears the answer, `failed` (or the signal) the error."""
        if self._process is None:
            return
        self._next += 1
        self._pending[self._next] = (then, failed)
        line = json.dumps({"id": self._next, "do": do, **fields}) + "\n"
        self._process.write(line.encode())

    def restart(self) -> None:
        """Let go of a companion that is stuck. What it changed in Resolve is put back by the
        next one, from its journal."""
        if self._process is not None:
            self._process.kill()
        else:
            self.start()

    def close(self) -> None:
        self._closing = True
        self._watch.stop()
        if self._process is not None:
            self._process.closeWriteChannel()
            if not self._process.waitForFinished(_LEAVES_WITHIN):
                self._process.kill()
                self._process.waitForFinished(3000)

    def _read(self) -> None:
        if self._process is None:
            return
        self._rest += bytes(self._process.readAllStandardOutput().data())
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            self._heard = time.monotonic()
            self._handle(json.loads(line))

    def _handle(self, message: dict[str, Any]) -> None:
        event = message.get("event")
        if event == "job":
            self.job.emit(message)
        elif event == "alive":
            stuck = message["seconds"] > WAITING
            self._say("Resolve is waiting for you: look for a dialog in it." if stuck else "")
        else:
            then, failed = self._pending.pop(message.get("id") or 0, (None, None))
            if "error" in message and message["error"]["code"] == "superseded":
                return
            if "error" in message:
                (failed or self.failed.emit)(message["error"])
            elif then is not None:
                then(message["ok"])

    def _check(self) -> None:
        if time.monotonic() - self._heard > SILENT:
            self._say("Resolve does not let go of Backlot: look for a dialog in it.")

    def _say(self, sentence: str) -> None:
        if sentence != self._said:
            self._said = sentence
            self.waiting.emit(sentence)

    def _ended(self) -> None:
        self._process = None
        self._watch.stop()
        lost = {
            "code": "companion",
            "sentence": "Backlot's companion ended.",
            "hint": "It was started again; finished frames are kept.",
        }
        pending, self._pending = self._pending, {}
        if self._closing:
            return
        for _, failed in pending.values():
            if failed is not None:
                failed(lost)
        self.failed.emit(lost)
        QTimer.singleShot(800, self.start)
