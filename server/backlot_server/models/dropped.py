"""ONNX files that somebody put into the models folder by hand.

They are tried out in a process of their own when the server starts, once: what fits gets a card,
beside what does not lies a text file with the reason.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from backlot.errors import BacklotError

from . import Card, own_folder, read_card, write_card

_SECONDS = 120


def dropped() -> list[Path]:
    """ONNX files without a card, but for those that were refused as they are now."""
    folder = own_folder()
    if not folder.is_dir():
        return []
    known = set()
    for path in folder.glob("*.json"):
        try:
            known.add(read_card(path).file)
        except BacklotError:
            continue
    files = (path for path in sorted(folder.glob("*.onnx")) if path.name not in known)
    return [path for path in files if not _refused(path)]


def adopt_apart() -> None:
    """Take in what was dropped, in a process that a strange file may bring down."""
    if not dropped():
        return
    command = [sys.executable, "-m", "backlot_server.models", "adopt"]
    try:
        done = subprocess.run(command, timeout=_SECONDS, stdout=subprocess.DEVNULL).returncode
        reason = "It brought the process down that tried it."
    except subprocess.TimeoutExpired:
        done, reason = 1, f"It took more than {_SECONDS} s to try."
    if done:
        for file in dropped()[:1]:  # the one that was being tried
            _refuse(file, reason)


def adopt() -> list[Card]:
    """Take in what was dropped. Returns: the cards of what fits."""
    from .add import adopted

    cards = []
    for file in dropped():
        try:
            card = adopted(file)
            write_card(card)
            cards.append(card)
        except BacklotError as error:
            _refuse(file, f"{error.sentence} {error.hint}")
    return cards


def _note(file: Path) -> Path:
    return file.with_name(f"{file.name}.refused.txt")


def _refused(file: Path) -> bool:
    note = _note(file)
    return note.exists() and note.stat().st_mtime_ns >= file.stat().st_mtime_ns


def _refuse(file: Path, reason: str) -> None:
    try:
        _note(file).write_text(f"{file.name} cannot be used. {reason}\n", encoding="utf-8")
    except OSError:
        return  # a folder that cannot be written: it is tried again next time
