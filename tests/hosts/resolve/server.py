"""The simulator's process: python -m tests.hosts.resolve.server SOCKET PROFILE_JSON

Speaks JSON lines over a Unix socket. Besides the calls of the scripting interface there is
`do`: Python statements of the test, run on the simulated application ("resolve" in scope), which
is how the person in front of Resolve is played.
"""

from __future__ import annotations

import json
import os
import socketserver
import sys
import threading
from typing import Any

from backlot_resolve import spec

from .model import NotModelled, Thing
from .project import Resolve

LOCK = threading.RLock()


def pack(value: Any) -> Any:
    if isinstance(value, Thing):
        return {"@": [value.owner, value.key]}
    if isinstance(value, dict):
        return {"#": [[pack(k), pack(v)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        return [pack(v) for v in value]
    return value


def unpack(resolve: Resolve, value: Any) -> Any:
    if isinstance(value, dict) and "@" in value:
        return resolve.things.get(value["@"][1])
    if isinstance(value, dict):
        return {unpack(resolve, k): unpack(resolve, v) for k, v in value["#"]}
    if isinstance(value, list):
        return [unpack(resolve, v) for v in value]
    return value


class Application:
    """One Resolve, what was called in it, and the faults that a test planted.

    A fault is {"call": number or None, "method": "Owner.Name" or None, "answer": value} and
    optionally "after": the call does its work first; "lost": the process ends;
    "stall": it waits for `resolve.open`.
    """

    def __init__(self, profile: dict[str, Any]) -> None:
        self.resolve = Resolve(profile)
        self.calls: list[str] = []
        self.faults: list[dict[str, Any]] = []
        self.scope: dict[str, Any] = {"resolve": self.resolve, "app": self}

    def entry(self, name: str) -> Any:
        usable = self.resolve.IsStudio() and self.resolve.profile.get("external", True)
        return self.resolve if name == "Resolve" and usable else None

    def names(self, owner: str) -> list[str]:
        return sorted(spec.methods(owner, spec.version(self.resolve.profile["version"])))

    def call(self, key: str, method: str, arguments: list[Any]) -> Any:
        self.resolve.open.wait()
        thing = self.resolve.things[key]
        dotted = f"{thing.owner}.{method}"
        with LOCK:
            self.calls.append(dotted)
            number = len(self.calls)
            fault = next(
                (f for f in self.faults
                 if f.get("call") == number or f.get("method") == dotted), None
            )  # fmt: skip
            if fault:
                return self._faulty(fault, thing, method, arguments)
            return self._answer(thing, method, arguments)

    def _faulty(self, fault: dict[str, Any], thing: Thing, method: str, given: list[Any]) -> Any:
        if fault.get("once", True):
            self.faults.remove(fault)
        if fault.get("lost"):
            os._exit(0)
        if fault.get("after") and method != "AppendToTimeline":
            self._answer(thing, method, given)
        elif fault.get("after"):
            for made in self._answer(thing, method, given) or []:
                made.errored = True
        return fault.get("answer")

    def _answer(self, thing: Thing, method: str, arguments: list[Any]) -> Any:
        if getattr(thing, "ghost", False):
            return None
        known = spec.methods(thing.owner, spec.version(self.resolve.profile["version"]))
        shape = known[method].shape
        if len(arguments) < shape.least or (0 <= shape.most < len(arguments)):
            raise TypeError(f"{method}() takes {shape.least} to {shape.most} arguments")
        function = getattr(type(thing), method, None)
        if function is None:
            raise NotModelled(f"{thing.owner}.{method}")
        return function(thing, *[unpack(self.resolve, a) for a in arguments])

    def do(self, code: str) -> Any:
        with LOCK:
            try:
                return eval(code, self.scope)
            except SyntaxError:
                exec(code, self.scope)
                return None


class Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        app: Application = self.server.app  # type: ignore[attr-defined]
        for line in self.rfile:
            verb, *rest = json.loads(line)
            try:
                answer = {"ok": pack(getattr(app, verb)(*rest))}
                text = json.dumps(answer)
            except Exception as error:
                text = json.dumps({"error": [type(error).__name__, str(error)]})
            self.wfile.write(text.encode() + b"\n")


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def main() -> None:
    path, profile = sys.argv[1], json.loads(sys.argv[2])
    with Server(path, Handler) as server:
        server.app = Application(profile)  # type: ignore[attr-defined]
        threading.Thread(target=_parent_watch, daemon=True).start()
        print("ready", flush=True)
        server.serve_forever()


def _parent_watch() -> None:
    """End with the test: its end of standard input closes."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
