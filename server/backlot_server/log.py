"""The server's log: one plain line for everything that matters, JSON when asked for.

No token, no path and no picture's name ever gets in.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import re
import time
import traceback
from pathlib import Path
from typing import Any

_BYTES, _FILES = 1 << 20, 3
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[/\\][^\s/\\:'\"]+)+(?=[/\\])[/\\]")


class Log:
    """Lines of an event and its facts: `2026-11-20 23:11:02 job done tool=fill frames=40 ...`."""

    def __init__(self, path: Path, as_json: bool) -> None:
        self._as_json = as_json
        self._handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_BYTES, backupCount=_FILES - 1, encoding="utf-8"
        )
        self._handler.setFormatter(logging.Formatter("%(message)s"))

    def line(self, event: str, **facts: Any) -> None:
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        clean = {name: _clean(fact) for name, fact in facts.items()}
        if self._as_json:
            text = json.dumps({"time": when, "event": event, **clean})
        else:
            text = " ".join([when, event, *(f"{k}={_quoted(v)}" for k, v in clean.items())])
        self._handler.emit(logging.LogRecord("backlot", logging.INFO, "", 0, text, None, None))

    def close(self) -> None:
        self._handler.close()


def told(error: BaseException) -> str:
    """An error and where it came from, in one line without folders."""
    where = " < ".join(
        f"{os.path.basename(part.filename)}:{part.lineno} {part.name}"
        for part in reversed(traceback.extract_tb(error.__traceback__))
    )
    return f"{type(error).__name__}: {error} ({where})"


def without_paths(text: str) -> str:
    """Paths cut down to the last name in them."""
    return _PATH.sub("", text)


def _clean(fact: Any) -> Any:
    if isinstance(fact, float):
        return round(fact, 3)
    return without_paths(fact) if isinstance(fact, str) else fact


def _quoted(fact: Any) -> str:
    text = str(fact)
    plain = text.isprintable() and text and not set(text) & set(' "=')
    return text if plain else json.dumps(text, ensure_ascii=False)
