"""Back to Nuke's main thread, by the one published way: a thread that asks for it.

nuke.executeInMainThread must not be called from the main thread itself (documented: it hangs, and
since Nuke 10 it is an error), and graph edits are refused inside callbacks. Hence `later` always
goes by way of a thread, and nothing else in this package calls executeInMainThread.
"""

import threading
import time

import nuke


def later(function):
    """Run a function soon, on the main thread, outside of whatever callback is running now."""
    if not nuke.GUI:
        function()
        return

    def ask():
        nuke.executeInMainThread(function)

    threading.Thread(target=ask, name="backlot-later", daemon=True).start()


class Ticker:
    """Calls `tick` on the main thread about ten times a second, for as long as it returns True."""

    def __init__(self, tick, seconds=0.1):
        self._tick = tick
        self._seconds = seconds
        self._running = False
        self._asked = threading.Event()

    def start(self):
        if self._running:
            return
        self._running = True
        self._asked.clear()
        threading.Thread(target=self._wait, name="backlot-tick", daemon=True).start()

    def _wait(self):
        """Touches nothing of Nuke's but the way to its main thread; never asks twice at once."""
        while self._running:
            time.sleep(self._seconds)
            if not self._asked.is_set():
                self._asked.set()
                nuke.executeInMainThread(self._turn)

    def _turn(self):
        self._asked.clear()
        if self._running and not self._tick():
            self._running = False
