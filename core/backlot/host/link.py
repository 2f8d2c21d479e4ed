"""The companion process, seen from inside an application: requests go out, events come in.

Two threads of this module read the companion's pipes and touch nothing but queues. Everything
that a plugin hears of, it hears inside `drain`, on the thread that calls it.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import json
import os
import queue
import subprocess
import threading
import time
from typing import Any, Callable, Mapping, Sequence

from .buffers import Buffer
from .errors import LinkError
from .find import clean_environment
from .jobs import Job

LINK = 1
"""The version of docs/link.md that this speaks."""

Then = Callable[[Any, "LinkError | None"], None]

_LOG_LINES = 60
_CLOSE_SECONDS = 5.0


class Link:
    """One companion process and the jobs that run in it.

    command: as `find_command` gives it. client: who is calling, such as "blender 5.0".
    Raises: LinkError when the program cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        client: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.client = client
        self.jobs: dict[str, Job] = {}
        self.ended: LinkError | None = None
        """Why the companion is gone; None while it lives."""
        self._arrived: queue.Queue[dict[str, Any]] = queue.Queue()
        self._waiting: dict[int, Then | None] = {}
        self._blocked: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._log: collections.deque[str] = collections.deque(maxlen=_LOG_LINES)
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._gone = False
        self._process = _start(list(command), environment)
        self._readers = [
            threading.Thread(target=self._read, name="backlot-link", daemon=True),
            threading.Thread(target=self._read_log, name="backlot-link-log", daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    # ---- requests ---------------------------------------------------------------------------

    def ask(
        self, method: str, params: Mapping[str, Any] | None = None, then: Then | None = None
    ) -> None:
        """Send a request; `drain` calls then(result, error), one of which is None."""
        number = next(self._numbers)
        with self._lock:
            self._waiting[number] = then
        self._send(number, method, params)

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, timeout: float = 60.0
    ) -> Any:
        """Send a request and wait. Not for the main thread of an application with a window.

        Raises: LinkError.
        """
        number = next(self._numbers)
        answer: queue.Queue[dict[str, Any]] = queue.Queue()
        with self._lock:
            self._blocked[number] = answer
        self._send(number, method, params)
        try:
            reply = answer.get(timeout=timeout)
        except queue.Empty:
            raise LinkError(
                "no-answer",
                "Backlot's companion did not answer {} in {:g} s.".format(method, timeout),
                "Try again; if it goes on, the details say what the companion is doing.",
            ) from None
        finally:
            with self._lock:
                self._blocked.pop(number, None)
        if "error" in reply:
            raise LinkError.from_json(reply["error"])
        return reply["result"]

    def hello(self, timeout: float = 60.0) -> dict[str, Any]:
        """Introduce both sides. Raises: LinkError when they do not understand each other."""
        told: dict[str, Any] = self.call(
            "hello", {"link": LINK, "client": self.client}, timeout=timeout
        )
        return told

    def run(
        self,
        tool: str,
        frames: Sequence[int],
        then: Callable[[Job, Mapping[str, Any]], None] | None = None,
        **request: Any,
    ) -> Job:
        """Start a job and return it at once; its events come with `drain`.

        request: params, inputs, out and the rest of the `run` method of docs/link.md.
        """
        return self._begin("run", dict(request, tool=tool, frames=list(frames)), tool, then)

    def check(
        self,
        character: str,
        frames: Sequence[int],
        then: Callable[[Job, Mapping[str, Any]], None] | None = None,
        **request: Any,
    ) -> Job:
        """Hold a shot against a character, as a job like those of `run`.

        request: plate, mattes, out and the rest of the `character_check` method of docs/link.md.
        """
        asked = dict(request, character=character, frames=list(frames))
        return self._begin("character_check", asked, "character-lock", then)

    def _begin(
        self,
        method: str,
        request: dict[str, Any],
        tool: str,
        then: Callable[[Job, Mapping[str, Any]], None] | None,
    ) -> Job:
        name = "{}-{}".format(os.getpid(), os.urandom(6).hex())
        job = Job(name, tool, len(request["frames"]), then)
        self.jobs[name] = job

        def answered(result: Any, error: LinkError | None) -> None:
            if error is not None:
                self._tell(job, {"job": name, "event": "error", "error": error.to_json()})

        self.ask(method, dict(request, job=name), answered)
        return job

    def cancel(self, job: Job) -> None:
        """Ask for the end of a job; it becomes "cancelled" when that has happened."""
        self.ask("cancel", {"job": job.name})

    def buffer(self, size: int) -> Buffer:
        """Memory of `size` bytes that the companion sees too. Blocks for some milliseconds."""
        return Buffer(self.call("buffer", {"bytes": size}))

    def free(self, buffer: Buffer) -> None:
        """Give shared memory back."""
        buffer.close()
        self.ask("free", {"buffer": buffer.name})

    # ---- what comes back --------------------------------------------------------------------

    def drain(self, seconds: float = 0.002) -> int:
        """Handle what has arrived, for about that long. Returns how much was handled.

        Call it from the application's main thread, by timer.
        """
        end = time.monotonic() + seconds
        handled = 0
        while True:
            try:
                message = self._arrived.get_nowait()
            except queue.Empty:
                return handled
            self._handle(message)
            handled += 1
            if time.monotonic() >= end:
                return handled

    def wait(self, job: Job, timeout: float | None = None) -> Job:
        """Drain until a job has ended: for headless runs, where no timer fires.

        Raises: LinkError when it takes longer; the job is then asked to end.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while not job.ended:
            if end is not None and time.monotonic() > end:
                self.cancel(job)
                raise LinkError(
                    "deadline-exceeded",
                    "The job did not end in {:g} s.".format(timeout or 0.0),
                    "Give it more time, or fewer frames.",
                )
            try:
                self._handle(self._arrived.get(timeout=0.1))
            except queue.Empty:
                continue
        return job

    @property
    def busy(self) -> bool:
        """Whether something may still arrive that somebody waits for."""
        return bool(self.jobs or self._waiting or self._arrived.qsize())

    @property
    def alive(self) -> bool:
        return self.ended is None and self._process.poll() is None

    def log(self) -> str:
        """The companion's last words."""
        return "\n".join(self._log)

    def close(self) -> None:
        """End the companion and with it all jobs. Waits for it, briefly; `drain` then tells all."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join(_CLOSE_SECONDS)

    # ---- inside -----------------------------------------------------------------------------

    def _send(self, number: int, method: str, params: Mapping[str, Any] | None) -> None:
        request = {"id": number, "method": method, "params": dict(params or {})}
        line = json.dumps(request, allow_nan=False).encode("ascii") + b"\n"
        try:
            with self._writing:
                if self._gone or self._process.stdin is None:
                    raise OSError("closed")
                self._process.stdin.write(line)
                self._process.stdin.flush()
        except (OSError, ValueError):
            self._deliver({"id": number, "error": self._lost().to_json()})

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        for line in pipe:
            try:
                message = json.loads(line.decode("utf-8"))
            except ValueError:
                self._log.append(line.decode("utf-8", "replace").rstrip())
                continue
            self._deliver(message)
        self._process.wait()
        with self._lock:
            self._gone = True
            numbers = list(self._waiting) + list(self._blocked)
        lost = self._lost().to_json()
        for number in numbers:
            self._deliver({"id": number, "error": lost})
        self._arrived.put({"gone": lost})

    def _read_log(self) -> None:
        pipe = self._process.stderr
        assert pipe is not None
        for line in pipe:
            self._log.append(line.decode("utf-8", "replace").rstrip())

    def _deliver(self, message: dict[str, Any]) -> None:
        """From any thread: to whoever blocks for it, else to `drain`."""
        with self._lock:
            blocked = self._blocked.get(message.get("id", 0))
        if blocked is not None:
            blocked.put(message)
        else:
            self._arrived.put(message)

    def _handle(self, message: Mapping[str, Any]) -> None:
        if "gone" in message:
            self.ended = LinkError.from_json(message["gone"])
            for job in list(self.jobs.values()):
                event = {"job": job.name, "event": "error", "error": message["gone"]}
                self._tell(job, event)
        elif "event" in message:
            known = self.jobs.get(message.get("job", ""))
            if known is not None:
                self._tell(known, message)
        else:
            with self._lock:
                then = self._waiting.pop(message.get("id", 0), None)
            if then is not None:
                error = message.get("error")
                then(message.get("result"), None if error is None else LinkError.from_json(error))

    def _tell(self, job: Job, event: Mapping[str, Any]) -> None:
        job.apply(event)
        if job.ended:
            self.jobs.pop(job.name, None)

    def _lost(self) -> LinkError:
        said = self._log[-1] if self._log else ""
        return LinkError(
            "link-lost",
            "Backlot's companion process has ended." + (" It said: " + said if said else ""),
            "Run the same again: it starts by itself. Finished frames are kept.",
        )


def _start(command: list[str], environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    options: dict[str, Any] = {}
    if os.name == "nt":
        options["creationflags"] = 0x08000000  # CREATE_NO_WINDOW
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(os.environ if environment is None else environment),
            close_fds=True,
            **options,
        )
    except OSError as error:
        raise LinkError(
            "not-installed",
            "Backlot could not be started: {}.".format(error.strerror or error),
            "Check where Backlot is in this plugin's preferences.",
        ) from error
