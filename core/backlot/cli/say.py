"""How the command line speaks: results on stdout, everything about them on stderr."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import BacklotError, Cancelled, InternalError

if TYPE_CHECKING:
    from rich.console import Console


def stdout() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def emit(fields: dict[str, Any]) -> None:
    """One JSON object on one line of stdout."""
    sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def error_fields(error: BacklotError) -> dict[str, Any]:
    """An error as JSON: what code it has, what it says, and the exit code it leads to."""
    return {
        "code": error.code,
        "sentence": error.sentence,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }


def complain(error: BacklotError) -> None:
    """The sentence, and under it what to do next, on stderr."""
    from rich.markup import escape

    console = stderr()
    console.print(f"[bold red]{escape(error.sentence)}[/]")
    if error.hint:
        console.print(escape(error.hint))


def tell(error: BacklotError, as_json: bool) -> int:
    """Tell people, and scripts where they asked. Returns: the exit code."""
    if as_json:
        emit({"event": "error", **error_fields(error)})
    complain(error)
    return error.exit_code


def guarded(command: Callable[..., int | None]) -> Callable[..., None]:
    """A command that ends with an exit code of docs/cli.md and never with a traceback.

    The command's parameter `as_json` says whether a failure is told as JSON too.
    BACKLOT_DEBUG=1 shows tracebacks.
    """

    @functools.wraps(command)
    def run(*args: Any, **given: Any) -> None:
        import typer

        try:
            code = command(*args, **given) or 0
        except typer.Exit:
            raise
        except BrokenPipeError:
            _close_stdout()
            raise typer.Exit(1) from None
        except (Exception, KeyboardInterrupt) as failure:
            if os.environ.get("BACKLOT_DEBUG"):
                raise
            code = tell(_named(failure), bool(given.get("as_json")))
        raise typer.Exit(code)

    return run


def _named(failure: BaseException) -> BacklotError:
    if isinstance(failure, BacklotError):
        return failure
    if isinstance(failure, KeyboardInterrupt):
        return Cancelled("Stopped. Finished frames stay.", "Run the same again to do the rest.")
    return InternalError(
        f"Backlot has a defect: {type(failure).__name__}: {failure}",
        "Run it again with BACKLOT_DEBUG=1 and report what it prints.",
    )


def _close_stdout() -> None:
    """The reader of a pipe went away: let Python not complain about it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
