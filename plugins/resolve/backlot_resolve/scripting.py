"""The one place that touches Resolve's scripting interface.

Everything else says `scripting.call("Timeline.GetName", timeline)`. The name is looked up in the
published table first, so that a method the user's version lacks is a sentence and not a TypeError,
and so that a test can find every method the plugin relies on.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backlot.errors import BacklotError, Cancelled

from . import spec
from .errors import NO_ANSWER, NeedsVersion, NotConnected, Refused, gone

OLDEST = (18, 5)

_API = {
    "win32": r"%PROGRAMDATA%\Blackmagic Design\DaVinci Resolve\Support\Developer\Scripting",
    "darwin": "/Library/Application Support/Blackmagic Design/DaVinci Resolve/Developer/Scripting",
}


def api_folder() -> Path:
    """Where Resolve's own scripting module lies: RESOLVE_SCRIPT_API, or the usual place."""
    usual = _API.get(sys.platform, "/opt/resolve/Developer/Scripting")
    return Path(os.path.expandvars(os.environ.get("RESOLVE_SCRIPT_API") or usual))


def connect() -> Scripting:
    """The running Resolve. Raises: NotConnected, NeedsVersion."""
    folder = str(api_folder() / "Modules")
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        module = importlib.import_module("DaVinciResolveScript")
    except ImportError as error:
        raise NotConnected(
            "Resolve's scripting module is not where it should be.",
            "Install DaVinci Resolve Studio, or set RESOLVE_SCRIPT_API to its "
            "Developer/Scripting folder. `backlot doctor resolve` shows what was found.",
        ) from error
    application = module.scriptapp("Resolve")
    if application is None:
        raise NO_ANSWER
    return Scripting(application)


class Scripting:
    """A connected Resolve. Use it from one thread; `busy` may be asked from any.

    version: (21, 0). edition: its product name.
    """

    def __init__(self, application: Any) -> None:
        self.application = application
        self.version: spec.Version = (99, 0)
        self._busy: tuple[str, float] | None = None
        self._lock = threading.Lock()
        found = self.call("Resolve.GetVersion", application)
        self.version = (int(found[0]), int(found[1]))
        if self.version < OLDEST:
            raise NeedsVersion(
                f"This is Resolve {self.version[0]}.{self.version[1]}; Backlot needs 18.5.",
                "Update DaVinci Resolve Studio.",
            )
        self.edition = str(self.call("Resolve.GetProductName", application) or "")

    def has(self, name: str) -> bool:
        """Whether this version has a method, by the published table."""
        owner, method = name.split(".")
        return method in spec.methods(owner, self.version)

    def call(self, name: str, on: Any, *arguments: Any) -> Any:
        """Call a method and give back what it answers, failure values included.

        Raises: NeedsVersion when the version lacks it; NotConnected when Resolve is gone.
        """
        owner, method = name.split(".")
        known = spec.table()[owner][method]
        if known.since > self.version:
            raise NeedsVersion(
                f"{name} came with Resolve {known.since[0]}.{known.since[1]}; "
                f"this is {self.version[0]}.{self.version[1]}.",
                "Update Resolve for this feature.",
            )
        if on is None or isinstance(on, bool):
            raise Refused(f"Resolve gave no {owner} to work with.", "Open a timeline.")
        with self._lock:
            self._busy = (name, time.monotonic())
        try:
            function = getattr(on, method)
            if function is None:
                raise self._missing(name)
            return function(*arguments)
        except (ConnectionError, EOFError, BrokenPipeError) as error:
            raise gone() from error
        finally:
            with self._lock:
                self._busy = None

    def need(self, name: str, on: Any, *arguments: Any, why: str = "", cure: str = "") -> Any:
        """As `call`, but None, False, "" and [] raise: Refused with `why` and `cure`."""
        answer = self.call(name, on, *arguments)
        if answer in (None, False, "", []) or answer == [None]:
            if not self.alive():
                raise gone()
            raise Refused(why or f"Resolve refused {name}.", cure or "Try again.")
        return answer

    @contextmanager
    def sentences(self) -> Iterator[None]:
        """A block of which every failure is a sentence: a Resolve that is lost answers None to
        everything, which looks like a refusal, or like a TypeError, further on."""
        try:
            yield
        except NotConnected:
            raise
        except BacklotError as error:
            if not isinstance(error, Cancelled) and not self.alive():
                raise gone() from error
            raise
        except (TypeError, ValueError, KeyError, AttributeError, RuntimeError) as error:
            if not self.alive():
                raise gone() from error
            raise Refused(
                f"Resolve answered in a way that Backlot does not understand ({error}).",
                "Try again; `backlot doctor resolve --verify-spec` compares the versions.",
            ) from error

    def alive(self) -> bool:
        """Whether Resolve still answers."""
        try:
            return bool(self.call("Resolve.GetVersion", self.application))
        except NotConnected:
            return False

    def busy(self) -> tuple[str, float] | None:
        """The call that has not come back yet and for how many seconds, or None."""
        with self._lock:
            return (self._busy[0], time.monotonic() - self._busy[1]) if self._busy else None

    def _missing(self, name: str) -> Exception:
        """An attribute is None when Resolve is gone, and when the version lacks the method."""
        if name != "Resolve.GetVersion" and self.alive():
            return NeedsVersion(
                f"This Resolve lacks {name}, which its version should have.",
                "`backlot doctor resolve --verify-spec` compares what is installed.",
            )
        return gone()
