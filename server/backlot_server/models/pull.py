"""Get a network of the catalogue over the network: the only code of the server that goes out.

A file is known by its SHA-256 before a byte of it is asked for, so it does not matter who serves
it: a studio can keep its own mirror. Interrupted downloads go on where they stopped (RFC 9110,
range requests guarded by the entity tag).
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from backlot.errors import (
    BacklotError,
    CannotWrite,
    InvalidInput,
    NotFound,
    ServerUnavailable,
    UnreadableFile,
)

from ..faces import DETECTION, RECOGNITION
from . import VERDICTS, Card, Licence, home, own_folder, pytorch, sha256_of, verify, write_card
from .add import place, probe
from .policy import let_in

SHIPPED = Path(__file__).parent / "catalogue.json"
MIRROR = "BACKLOT_MIRROR"
_TRIED = ("upscale", "fill", "redraw", DETECTION, RECOGNITION)
_SECONDS = 30.0
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Entry:
    """A network that can be had. size is in bytes; verdict as in `Card`."""

    name: str
    file: str
    url: str
    bytes: int
    sha256: str
    purpose: str
    licence: Licence
    verdict: str
    note: str = ""


def entries() -> dict[str, Entry]:
    """What can be had, by name: the catalogue that ships, then the studio's own.

    The studio's is catalogue.json in the settings folder. Raises UnreadableFile.
    """
    found: dict[str, Entry] = {}
    for path in (SHIPPED, home() / "catalogue.json"):
        if not path.is_file():
            continue
        try:
            for given in json.loads(path.read_text(encoding="utf-8")):
                entry = Entry(**{**given, "licence": Licence(**given["licence"])})
                if Path(entry.file).name != entry.file or entry.verdict not in VERDICTS:
                    raise ValueError(entry.name)
                found[entry.name] = entry
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnreadableFile(f"The catalogue {path.name} cannot be read.") from error
    return found


def meaning(entry: Entry) -> str:
    """What a network's licence means, to be said before it lands."""
    verdicts = {
        "green": "free to use in commercial work",
        "amber": "read its licence before you use it in commercial work",
        "red": "not for commercial work",
    }
    return (
        f"{entry.name}: {verdicts[entry.verdict]} ({entry.verdict}). Code: {entry.licence.code}. "
        f"Weights: {entry.licence.weights}. Training data: {entry.licence.data}. {entry.note}"
    ).strip()


def pull(
    name: str,
    *,
    agree: Callable[[str], bool] = lambda sentence: False,
    mirror: str = "",
    allow: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Card:
    """Download a network of the catalogue into the user's models folder.

    Args:
        agree: asked, with `meaning`, before a network that is not green is fetched.
        mirror: address that files are fetched from instead of their own; else $BACKLOT_MIRROR.
        allow: the worst verdict that is let in, "green", "amber" or "red"; else $BACKLOT_ALLOW,
            else "amber".
        progress: called with bytes here and in all; may raise to stop, what is here is kept.
    Raises: NotFound, InvalidInput when the licence is not let in or not agreed to,
        ServerUnavailable when the download stopped, UnreadableFile when it is not the file it
        should be, CannotWrite.
    """
    entry = entries().get(name)
    if entry is None:
        raise NotFound(f"No network called {name} can be had.", f"There are: {_names()}.")
    let_in(entry.verdict, meaning(entry), allow)
    if entry.verdict != "green" and not agree(meaning(entry)):
        raise InvalidInput(
            f"{meaning(entry)} Nobody agreed to that.", "Read the licence, then agree to it."
        )
    card = Card(
        name=entry.name,
        file=entry.file,
        bytes=entry.bytes,
        sha256=entry.sha256,
        folder=own_folder(),
        purpose=entry.purpose,
        label=entry.name,
        licence=entry.licence,
        verdict=entry.verdict,
        limits=entry.note,
    )
    weights = card.path.suffix.lower() in pytorch.SUFFIXES
    if weights:
        pytorch.check(card.path)
    if not _is_here(card):
        base = mirror or os.environ.get(MIRROR, "")
        url = f"{base.rstrip('/')}/{quote(entry.file)}" if base else entry.url
        _download(url, entry, card, progress)
    if weights:
        return _exported(card)
    if entry.purpose in _TRIED:
        card = probe(card.path, card)
    write_card(card)
    return card


def _exported(card: Card) -> Card:
    """The network of PyTorch weights that are here, as the ONNX file that the server runs."""
    with pytorch.as_onnx(card.path) as file:
        made = replace(
            card,
            file=f"{card.name}.onnx",
            bytes=file.stat().st_size,
            sha256=sha256_of(file, file.stat().st_mtime_ns, file.stat().st_size),
        )
        made = probe(file, made)
        place(file, made)
    return made


def _names() -> str:
    return ", ".join(entries()) or "none"


def _is_here(card: Card) -> bool:
    try:
        verify(card)
    except BacklotError:
        return False
    return True


def _download(url: str, entry: Entry, card: Card, progress: Callable[[int, int], None]) -> None:
    """Fetch into a partial file, go on with one that is there, rename when it is the right one."""
    if urlsplit(url).scheme not in ("https", "http"):
        raise InvalidInput(f"{url} is no address that can be fetched.", "Use https.")
    part, tag = card.path.with_suffix(".part"), card.path.with_suffix(".etag")
    try:
        card.folder.mkdir(parents=True, exist_ok=True)
        here = part.stat().st_size if part.exists() and tag.exists() else 0
        if shutil.disk_usage(card.folder).free < entry.bytes - here:
            raise CannotWrite(
                f"There is no room for {entry.name}: {entry.bytes >> 20} MiB.", "Free some space."
            )
        sha256 = _fetch(url, entry, part, tag, progress)
        if sha256 != entry.sha256:
            part.unlink()
            raise UnreadableFile(
                f"What was fetched is not {entry.name}: its hash is another.",
                "Try again, or tell whoever keeps the mirror.",
            )
        os.replace(part, card.path)
        tag.unlink(missing_ok=True)
    except BacklotError:
        raise
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        TimeoutError,
        ConnectionError,
    ) as error:
        raise ServerUnavailable(
            f"The download of {entry.name} stopped: {_reason(error)}.",
            "Run it again: it goes on where it stopped.",
        ) from error
    except OSError as error:
        raise CannotWrite(
            f"{entry.name} cannot be kept: {error.strerror}.", "Free some space, or check rights."
        ) from error


def _fetch(
    url: str, entry: Entry, part: Path, tag: Path, progress: Callable[[int, int], None]
) -> str:
    """Fetch what is missing of a partial file. Returns the SHA-256 of all of it."""
    digest = hashlib.sha256()
    here = 0
    headers = {"User-Agent": "backlot"}
    if part.exists() and tag.exists() and part.stat().st_size < entry.bytes:
        here = part.stat().st_size
        headers |= {"Range": f"bytes={here}-", "If-Range": tag.read_text()}
    with urllib.request.urlopen(
        urllib.request.Request(url, headers=headers), timeout=_SECONDS
    ) as answer:
        if here and _goes_on(answer, here):
            with open(part, "rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        else:
            here = 0
        _keep_tag(answer, tag)
        with open(part, "ab" if here else "wb") as file:
            while block := answer.read1(_BLOCK):
                here += len(block)
                if here > entry.bytes:
                    break
                file.write(block)
                digest.update(block)
                progress(here, entry.bytes)
    if here < entry.bytes:
        raise http.client.IncompleteRead(b"", entry.bytes - here)
    return digest.hexdigest() if here == entry.bytes else ""


def _goes_on(answer: Any, here: int) -> bool:
    start = f"bytes {here}-"
    given = str(answer.headers.get("Content-Range", ""))
    return bool(answer.status == 206) and given.startswith(start)


def _keep_tag(answer: Any, tag: Path) -> None:
    """Keep a strong entity tag: only with one can a partial file be continued."""
    given = answer.headers.get("ETag", "")
    if given and not given.startswith("W/"):
        tag.write_text(given)
    else:
        tag.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code}"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection was lost"
    reason = getattr(error, "reason", None)
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__)
