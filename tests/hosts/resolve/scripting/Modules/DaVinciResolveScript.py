"""Stands where Resolve's own module of this name stands, and speaks with the simulator.

Its objects behave as Resolve's do: any attribute is there, those that the version lacks are None;
arguments are positional only; nothing answers once the application is gone.
"""

import json
import os
import socket
import threading

_LOCK = threading.Lock()
_LINK = None


class _Link:
    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._file = self._socket.makefile("rwb")
        self.names = {}

    def ask(self, *request):
        with _LOCK:
            self._file.write(json.dumps(request).encode() + b"\n")
            self._file.flush()
            line = self._file.readline()
        if not line:
            raise ConnectionError("the application is gone")
        answer = json.loads(line)
        if "error" in answer:
            kind, text = answer["error"]
            raise {"TypeError": TypeError}.get(kind, RuntimeError)(f"{kind}: {text}")
        return _unpack(answer["ok"])


class _Remote:
    def __init__(self, owner, key):
        self.__dict__["_owner"], self.__dict__["_key"] = owner, key

    def __getattr__(self, name):
        try:
            if self._owner not in _LINK.names:
                _LINK.names[self._owner] = _LINK.ask("names", self._owner)
        except (OSError, ConnectionError):
            return None
        if name not in _LINK.names[self._owner]:
            return None

        def method(*arguments):
            try:
                return _LINK.ask("call", self._key, name, [_pack(a) for a in arguments])
            except (OSError, ConnectionError):
                return None

        return method

    def __dir__(self):
        return _LINK.ask("names", self._owner)

    def __repr__(self):
        return f"<{self._owner} (simulated)>"


def _pack(value):
    if isinstance(value, _Remote):
        return {"@": [value._owner, value._key]}
    if isinstance(value, dict):
        return {"#": [[_pack(k), _pack(v)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_pack(v) for v in value]
    return value


def _unpack(value):
    if isinstance(value, dict) and "@" in value:
        return _Remote(*value["@"])
    if isinstance(value, dict):
        return {_unpack(k): _unpack(v) for k, v in value["#"]}
    if isinstance(value, list):
        return [_unpack(v) for v in value]
    return value


def scriptapp(name):
    global _LINK
    try:
        _LINK = _Link(os.environ["BACKLOT_SIMULATOR"])
        return _LINK.ask("entry", name)
    except (OSError, KeyError):
        return None
