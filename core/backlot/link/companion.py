"""Requests in, answers and events out: the loop of the companion process."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

from .. import PROTOCOL, __version__, local
from ..cli.specs import remember, remembered
from ..errors import (
    BacklotError,
    InvalidInput,
    ServerUnavailable,
    Superseded,
    VersionMismatch,
)
from . import LINK, LINK_OLDEST
from .protocol import (
    Json,
    error_to_json,
    number_from_json,
    plain,
    spec_to_json,
    text_from_json,
    values_from_json,
)

Method = Callable[[Mapping[str, Any]], Json]


def serve_pipes() -> int:
    """Serve on stdin and stdout until stdin ends.

    What any library prints goes to stderr: stdout carries the protocol alone.
    """
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    companion = Companion(out)
    try:
        companion.serve(sys.stdin.buffer)
    finally:
        companion.close()
        # Threads may still be inside a server call that nobody waits for any more.
        sys.stderr.flush()
        os._exit(0)


class Companion:
    """One host's link. Short requests are answered in order; those that may take long are not."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._writing = threading.Lock()
        self._jobs: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._calls = ThreadPoolExecutor(4, "backlot-call")
        self._at_once: dict[str, Method] = {
            "hello": self._hello,
            "buffer": self._buffer,
            "free": self._free,
            "run": self._run,
            "cancel": self._cancel,
            "character_check": self._check,
        }
        self._slowly: dict[str, Method] = {
            "characters": self._characters,
            "character_new": self._new_character,
            "character_add": self._add_reference,
            "cryptomatte": self._cryptomatte,
            "tools": self._tools,
            "models": self._models,
            "status": self._status,
            "estimate": self._estimate,
        }

    def serve(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if line.strip():
                self._take(line)

    def close(self) -> None:
        """End all jobs and give back everything that is held."""
        for job in list(self._jobs.values()):
            job.cancel()
        if "_studios" in self.__dict__:
            self._studios.close()
        if "_buffers" in self.__dict__:
            self._buffers.close()

    # ---- requests ---------------------------------------------------------------------------

    def _take(self, line: bytes) -> None:
        number: Any = None
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("not an object")
            number = request.get("id")
            name = text_from_json(request, "method")
            params = request.get("params", {})
            if not isinstance(params, dict):
                raise InvalidInput("params must be an object.", "Send {} when there are none.")
        except ValueError:
            self._fail(number, InvalidInput("A line came that is no request.", "See docs/link.md."))
            return
        except BacklotError as error:
            self._fail(number, error)
            return
        if name in self._at_once:
            self._answer(number, self._at_once[name], params)
        elif name in self._slowly:
            self._calls.submit(self._answer, number, self._slowly[name], params)
        else:
            known = ", ".join(sorted({**self._at_once, **self._slowly}))
            self._fail(number, InvalidInput(f"There is no method {name}.", f"There are {known}."))

    def _answer(self, number: Any, method: Method, params: Mapping[str, Any]) -> None:
        try:
            self._send({"id": number, "result": method(params)})
        except Exception as error:
            self._fail(number, error)

    def _fail(self, number: Any, error: Exception) -> None:
        if not isinstance(error, BacklotError):
            traceback.print_exception(error)
        self._send({"id": number, "error": error_to_json(error)})

    def _send(self, message: Json) -> None:
        line = json.dumps(message, ensure_ascii=True).encode() + b"\n"
        with self._writing, contextlib.suppress(OSError):
            self._out.write(line)  # a host that is gone: stdin ends as well

    def tell(self, job: str, event: str, **fields: Any) -> None:
        """Send an event of a job. From any thread."""
        self._send({"job": job, "event": event, **fields})

    # ---- methods ----------------------------------------------------------------------------

    def _hello(self, params: Mapping[str, Any]) -> Json:
        link = params.get("link")
        if not isinstance(link, int) or link < LINK_OLDEST:
            raise VersionMismatch(
                f"This plugin speaks link {link}, this Backlot needs at least {LINK_OLDEST}.",
                "Update the plugin: install the one that came with this Backlot.",
            )
        self._client = text_from_json(params, "client", "link")
        try:
            running = local.find() is not None
            server: Json = {"state": "running" if running else "stopped"}
        except BacklotError as error:
            server = {"state": "unreachable", "error": error_to_json(error)}
        return {
            "link": LINK,
            "link_oldest": LINK_OLDEST,
            "version": __version__,
            "protocol": PROTOCOL,
            "pid": os.getpid(),
            "server": server,
        }

    def _tools(self, params: Mapping[str, Any]) -> Json:
        if not params.get("start", True) and local.find() is None:
            known = remembered()
            if not known:
                raise ServerUnavailable(
                    "No Backlot server runs, and none has told its tools before.",
                    "Ask again with start, and one will be started.",
                )
            return {"tools": [spec_to_json(spec) for spec in known.values()], "cached": True}
        known = self.studios.use(lambda studio: studio.tools())
        remember(known)
        return {"tools": [spec_to_json(spec) for spec in known.values()], "cached": False}

    def _models(self, params: Mapping[str, Any]) -> Json:
        models = self.studios.use(lambda studio: studio.models())
        return {"models": [plain(model) for model in models]}

    def _status(self, params: Mapping[str, Any]) -> Json:
        if not params.get("start", False) and local.find() is None:
            return {"server": {"state": "stopped"}}
        status = self.studios.use(lambda studio: studio.status())
        return {"server": {"state": "running"}, **plain(status)}

    def _estimate(self, params: Mapping[str, Any]) -> Json:
        tool = text_from_json(params, "tool")
        values = values_from_json(params.get("params", {}))
        width, height = number_from_json(params, "width"), number_from_json(params, "height")
        reply = self.studios.use(lambda studio: studio.estimate(tool, values, width, height))
        return plain(reply)

    def _buffer(self, params: Mapping[str, Any]) -> Json:
        name, memory = self.buffers.new(number_from_json(params, "bytes"))
        return {"buffer": name, "bytes": memory.size, "path": memory.path}

    def _free(self, params: Mapping[str, Any]) -> Json:
        self.buffers.free(text_from_json(params, "buffer"))
        return {}

    def _run(self, params: Mapping[str, Any]) -> Json:
        from .jobs import Work
        from .request import request_from_json

        request = request_from_json(params, self.buffers)
        work = Work(request, self.studios, self.buffers, self.tell, self._over)
        with self._lock:
            try:
                self._claim(request.job)
            except InvalidInput:
                request.release(self.buffers)
                raise
            # Here and not in the server, which may hear of two jobs in the other order.
            key = request.supersede
            older = [each for each in self._jobs.values() if key and key == each.supersede]
            self._jobs[request.job] = work
        for each in older:
            each.cancel(Superseded("A newer run took this one's place."))
        work.start()
        return {"job": request.job}

    def _over(self, job: str) -> None:
        with self._lock:
            self._jobs.pop(job, None)

    def _cancel(self, params: Mapping[str, Any]) -> Json:
        with self._lock:
            work = self._jobs.get(text_from_json(params, "job"))
        if work is not None:
            work.cancel()
        return {"found": work is not None}

    def _characters(self, params: Mapping[str, Any]) -> Json:
        from . import characters

        return characters.library(params)

    def _new_character(self, params: Mapping[str, Any]) -> Json:
        from . import characters

        return characters.new(params)

    def _add_reference(self, params: Mapping[str, Any]) -> Json:
        from . import characters

        return characters.add(params)

    def _cryptomatte(self, params: Mapping[str, Any]) -> Json:
        from . import crypto

        return crypto.pick(params)

    def _check(self, params: Mapping[str, Any]) -> Json:
        from . import characters

        asked = characters.asked_from_json(params)
        work = characters.CheckWork(asked, self.studios, self.tell, self._over)
        with self._lock:
            self._claim(asked.job)
            self._jobs[asked.job] = work
        work.start()
        return {"job": asked.job}

    def _claim(self, job: str) -> None:
        if job in self._jobs:
            raise InvalidInput(f"There is a job {job} already.", "Name it differently.")

    # ---- what is made when it is first needed -----------------------------------------------

    _client = "link"

    @property
    def studios(self) -> Any:
        with self._lock:
            if "_studios" not in self.__dict__:
                from .studios import Studios

                self._studios = Studios()
            self._studios.client = self._client
            return self._studios

    @property
    def buffers(self) -> Any:
        if "_buffers" not in self.__dict__:
            from .memory import Buffers

            self._buffers = Buffers()
        return self._buffers
