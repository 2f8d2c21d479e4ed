"""Back to Nuke's main thread, by the one published way: a thread that asks for it.

nuke.executeInMainThread must not be called from the main thread itself (documented: it hangs, and
since Nuke 10 it is an error), so nothing else in this package calls it. What it runs is outside of
any callback of Nuke's, where the graph may be edited.
"""

import threading
import time

import nuke


class Ticker:
    """Calls `tick` on the main thread about ten times a second, for as long as it returns True."""

    def __init__(self, tick, seconds=0.1):
        self._tick = tick
        self._seconds = seconds
        self._running = False
        self._asked = threading.Event()
        self._thread = None

    def start(self):
        self._running = True
        if self._thread is None or not self._thread.is_alive():
            self._asked.clear()
            self._thread = threading.Thread(target=self._wait, name="backlot-tick", daemon=True)
            self._thread.start()

    def _wait(self):
        """Touches nothing of Nuke's but the way to its main thread; never asks twice at once."""
        while True:
            time.sleep(self._seconds)
            if not self._running:
                return
            if not self._asked.is_set():
                self._asked.set()
                nuke.executeInMainThread(self._turn)

    def _turn(self):
        self._asked.clear()
        if self._running and not self._tick():
            self._running = False
