"""`python -m backlot_server`: the server of this machine and user."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import os
import sys
from pathlib import Path

import psutil

from backlot.errors import BacklotError, InvalidInput

from .limits import Limits
from .models.dropped import adopt_apart
from .runtime import AlreadyRunning


def main() -> int:
    """Serve until told to end; what goes wrong is a sentence on standard error."""
    os.umask(0o077)
    _keep_freed_memory()
    adopt_apart()
    try:
        asyncio.run(_serve(_arguments()))
    except AlreadyRunning:
        print("A Backlot server already runs for this folder.", file=sys.stderr)
        return 0
    except BacklotError as error:
        print(error.sentence, error.hint, file=sys.stderr)
        return error.exit_code
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    from .front import Front, Options, Remote

    remote = None
    if arguments.listen:
        if not (arguments.cert and arguments.key):
            raise InvalidInput(
                "Other machines are served over TLS only.", "Give --cert and --key with --listen."
            )
        remote = Remote(arguments.listen, _text(arguments.cert), _text(arguments.key))
    options = Options(
        folder=arguments.runtime,
        limits=Limits(_frame_memory(arguments.memory), arguments.queue),
        idle_seconds=arguments.idle,
        log_json=arguments.log_json,
        remote=remote,
    )
    await Front(options).serve()
    os._exit(0)  # all is closed; gRPC's own clearing up has been seen to wait for ever


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that is no PEM"
        raise InvalidInput(f"{path} cannot be read: {reason}.", "Give files in PEM.") from error


def _frame_memory(gib: float | None) -> int:
    """Bytes that shared frames may take: half of this machine's, if nothing is said."""
    if gib is not None:
        return int(gib * (1 << 30))
    return int(psutil.virtual_memory().total // 2)


def _keep_freed_memory() -> None:
    """Have glibc use freed memory again for the next chunk of a frame.

    By default it goes back to the system, and every MiB of a stream is then touched anew: that
    takes longer than all the rest (measured: a third of the time without it).
    """
    if sys.platform != "linux":
        return
    trim_threshold, mmap_threshold = -1, -3
    with contextlib.suppress(OSError, AttributeError):  # not every libc has it
        libc = ctypes.CDLL(None)
        libc.mallopt(mmap_threshold, 32 << 20)
        libc.mallopt(trim_threshold, 64 << 20)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("backlot_server", description=__doc__)
    parser.add_argument(
        "--runtime", type=Path, required=True, help="folder of the socket and the log"
    )
    parser.add_argument(
        "--idle", type=float, default=600.0, help="seconds without work before it ends; 0: never"
    )
    parser.add_argument("--memory", type=float, help="GiB that shared frames may take")
    parser.add_argument("--queue", type=int, default=256, help="jobs that may wait")
    parser.add_argument("--log-json", action="store_true", help="one JSON object a line")
    parser.add_argument("--listen", help="host:port for other machines, with --cert and --key")
    parser.add_argument("--cert", type=Path, help="TLS certificate chain, PEM")
    parser.add_argument("--key", type=Path, help="its private key, PEM")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
