"""`backlot doctor`: look at everything Backlot needs here, and say how to cure what is wrong."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from .. import local
from ..errors import BacklotError
from .say import emit, stdout
from .server import size

_SIGNS = {"good": "[green]good[/]", "note": "[yellow]note[/]", "bad": "[bold red]bad[/]"}
_ROOM = 2 << 30


@dataclass(frozen=True)
class Finding:
    """What was looked at and found. state: "good", "note" (works, but) or "bad" (does not)."""

    state: str
    subject: str
    finding: str
    cure: str = ""


def examine(as_json: bool) -> int:
    """Exit code 1 when something is bad. A server started for this is stopped again."""
    findings: list[Finding] = []
    console = stdout()
    with _server_as_before():
        for check in _CHECKS:
            for finding in _guarded(check):
                findings.append(finding)
                if not as_json:
                    console.print(f"{_SIGNS[finding.state]}  [bold]{finding.subject}[/]", end="  ")
                    console.print(finding.finding, markup=False)
                    if finding.cure:
                        console.print(f"      {finding.cure}", markup=False)
    bad = sum(finding.state == "bad" for finding in findings)
    if as_json:
        emit({"healthy": not bad, "findings": [asdict(finding) for finding in findings]})
    else:
        console.print(f"{bad} things are wrong." if bad else "Everything Backlot needs is here.")
    return 1 if bad else 0


@contextmanager
def _server_as_before() -> Iterator[None]:
    ran = local.find() is not None
    try:
        yield
    finally:
        if not ran:
            local.stop()


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    subject = check.__name__.strip("_").replace("_", " ")
    try:
        yield from check()
    except BacklotError as error:
        yield Finding("bad", subject, error.sentence, error.hint)
    except Exception as error:
        cure = "Run it again with BACKLOT_DEBUG=1 and report it."
        yield Finding("bad", subject, f"{type(error).__name__}: {error}", cure)


def _python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("good", "python", f"{version}, {sys.executable}")


def _packages() -> Iterator[Finding]:
    """Those that Backlot was installed to have, by its own list."""
    absent = []
    for requirement in metadata.requires("backlot") or ():
        words, _, marker = requirement.partition(";")
        name = words.split(">")[0].split("=")[0].split("<")[0].split("[")[0].strip()
        if marker and 'extra == "server"' not in marker.replace("'", '"'):
            continue
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            absent.append(name)
    if absent:
        cure = "Run `make setup`, or install them into this environment."
        yield Finding("bad", "packages", f"missing: {', '.join(absent)}", cure)
    else:
        versions = ", ".join(
            f"{name} {metadata.version(name)}" for name in ("grpcio", "protobuf", "numpy")
        )
        yield Finding("good", "packages", f"all here ({versions})")


def _runtime_folder() -> Iterator[Finding]:
    folder = local.runtime_dir()
    cure = "Set BACKLOT_RUNTIME to a short path on a local disk that only you can enter."
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        yield Finding("bad", "runtime folder", f"{folder}: {error.strerror}", cure)
        return
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        yield Finding("bad", "runtime folder", f"{folder} is another user's", cure)
    elif hasattr(os, "getuid") and found.st_mode & 0o077:
        cure = f"Run: chmod 700 {folder}"
        yield Finding("bad", "runtime folder", f"others may enter {folder}", cure)
    elif len(os.fsencode(folder / "server.sock")) > 100:
        yield Finding("bad", "runtime folder", f"{folder} is too long for a socket", cure)
    else:
        yield Finding("good", "runtime folder", str(folder))


def _server() -> Iterator[Finding]:
    from ..client import connect
    from ..transport import SharedTransport

    ran = local.find() is not None
    with connect(client="doctor") as studio:
        words = "runs" if ran else "starts"
        yield Finding("good", "server", f"{words} and answers, backlot {studio.hello.build}")
        if isinstance(studio.transport, SharedTransport):
            yield Finding("good", "shared memory", "frames travel through it")
        elif studio.remote:
            words = "frames are streamed to another machine, over TLS (BACKLOT_REMOTE)"
            yield Finding("note", "shared memory", words)
        else:
            yield Finding(
                "note",
                "shared memory",
                "cannot be shared with the server; frames are streamed, which is slower",
                "Run client and server as one user, in one container or in none.",
            )
        for device in studio.hello.devices:
            state = "bad" if device.state == "failed" else "good"
            cure = "`backlot serve` shows why its worker does not start." if state == "bad" else ""
            words = f"{device.description}, {device.state}, {size(device.memory_total)} of memory"
            yield Finding(state, f"device {device.name}", words, cure)
        for spec in studio.tools().values():
            if not spec.hidden:
                yield _tool(studio.estimate(spec.name, {}, 1920, 1080), spec.name)


def _tool(reply: object, name: str) -> Finding:
    engine = getattr(reply, "engine", "")
    seconds = getattr(reply, "seconds_per_frame", -1.0)
    time = f", about {seconds:.2f} s for a frame of 1920x1080" if seconds >= 0 else ""
    return Finding("good", f"tool {name}", f"{engine}{time}")


def _colour() -> Iterator[Finding]:
    from ..color import config

    named = os.environ.get("OCIO", "")
    found = config()
    spaces = len(list(found.getColorSpaceNames()))
    source = named or "the built-in config, as $OCIO is not set"
    yield Finding("good", "colour", f"{source} ({spaces} spaces)")


def _disk() -> Iterator[Finding]:
    for subject, folder in (("this folder", Path.cwd()), ("temp", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        state = "note" if free < _ROOM else "good"
        cure = "Make room before a long run." if state == "note" else ""
        yield Finding(state, f"disk of {subject}", f"{size(free)} free", cure)


_CHECKS = (_python, _packages, _runtime_folder, _server, _colour, _disk)
