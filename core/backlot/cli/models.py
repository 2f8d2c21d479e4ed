"""`backlot models add` and `pull`, `backlot doctor --tune`: done by the server's own modules.

They run as a process of the server's package: the client imports nothing of it.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from .. import local
from ..errors import Unsupported
from .catalogue import models as listed
from .say import guarded

_Json = Annotated[
    bool, typer.Option("--json", metavar="", help="Answer as JSON, one object.", show_default=False)
]


def group() -> typer.Typer:
    """The command `models` with its own sub-commands."""
    app = typer.Typer(
        help="The models with their licences; add your own, pull others'.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_models)
    app.command("add")(guarded(add))
    app.command("pull")(guarded(pull))
    return app


def _models(context: typer.Context, as_json: _Json = False) -> None:
    """The models that the server has, with their licences and what those allow."""
    if context.invoked_subcommand is None:
        guarded(listed)(as_json=as_json)


def add(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An ONNX file.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What to call it.")] = "",
    as_json: _Json = False,
) -> int:
    """Take in a network of your own: it is tried out, hashed, and named in the list."""
    code = server_models("add", file, "--name", name, as_json=as_json)
    return _told_when(code, as_json)


def pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Without: what there is.")] = "",
    accept: Annotated[
        bool, typer.Option("--accept", metavar="", help="Agree to its licence.")
    ] = False,
    mirror: Annotated[str, typer.Option(metavar="ADDRESS", help="Fetch the files from here.")] = "",
    allow: Annotated[
        str, typer.Option(metavar="VERDICT", help="Take licences down to amber or red.")
    ] = "",
    as_json: _Json = False,
) -> int:
    """Download a network of the catalogue, after its licence was shown and agreed to."""
    words = [*([name] if name else []), *(["--accept"] if accept else [])]
    code = server_models("pull", *words, "--mirror", mirror, "--allow", allow, as_json=as_json)
    return _told_when(code, as_json or not name)


def server_models(*words: str, as_json: bool) -> int:
    """Run `python -m backlot_server.models`. Returns: its exit code."""
    if find_spec("backlot_server") is None:
        raise Unsupported(
            "The server is not installed here, only the client.",
            "Install backlot[server], or run this where the server is.",
        )
    command = [sys.executable, "-m", "backlot_server.models"]
    return subprocess.call([*command, *(["--json"] if as_json else []), *words])


def _told_when(code: int, quiet: bool) -> int:
    """After a network was taken in, say when a server that is running offers it."""
    if code == 0 and not quiet and (running := local.find()) and running.pid:
        print("The server that is running offers it after `backlot stop`: the next job starts it.")
    return code
