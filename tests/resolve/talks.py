"""A companion talked to as the panel does."""

from __future__ import annotations

import queue
import time

from backlot_resolve.companion import Companion


class Talk:
    """A companion, and what it says."""

    def __init__(self, root):
        self._said = queue.Queue()
        self.companion = Companion(self._said.put, root)
        self.events = []
        self._next = 0

    def ask(self, do, **fields):
        """The answer; an error is raised as AssertionError with its sentence."""
        answer = self.try_(do, **fields)
        assert "ok" in answer, answer
        return answer["ok"]

    def try_(self, do, **fields):
        self._next += 1
        self.companion.handle({"id": self._next, "do": do, **fields})
        return self._until(lambda m: m.get("id") == self._next)

    def job(self, *states):
        """The next job event in one of these states."""
        return self._until(lambda m: m.get("event") == "job" and m["state"] in states)

    def _until(self, wanted):
        end = time.monotonic() + 300  # a first fill compiles its loops
        while time.monotonic() < end:
            message = self._said.get(timeout=300)
            if message.get("event") == "job":
                self.events.append(message)
            if wanted(message):
                return message
        raise AssertionError("nothing came")


ENDED = ("done", "parked", "failed", "cancelled")


def request(tool="passthrough", **fields):
    return {"tool": tool, "label": tool.title(), "params": {}, "handles": 2} | fields


def submit(spoken, index=0, **fields):
    clip = spoken.look["clips"][index]["id"]
    spoken.ask("submit", clips=[clip], request=request(**fields))
    return spoken.job(*ENDED)
