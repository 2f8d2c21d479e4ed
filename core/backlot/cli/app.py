"""The command line as a tree of commands; what they do lies in the modules beside this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from . import character, models
from .say import guarded

SERVER = "Server"
TOOLS = "Tools"
ABOUT = "What there is"
HOSTS = "Applications"

Host = Annotated[str, typer.Argument(metavar="HOST", help="nuke or resolve.")]
DryRun = Annotated[bool, typer.Option("--dry-run", metavar="", help="Only say what would be done.")]

Json = Annotated[
    bool,
    typer.Option("--json", metavar="", help="Answer as JSON, one object.", show_default=False),
]
Lines = Annotated[
    bool,
    typer.Option("--json", metavar="", help="Log as JSON, one a line.", show_default=False),
]


def build(argv: Sequence[str]) -> typer.Typer:
    """The application with the commands that this command line may mean."""
    app = typer.Typer(
        name="backlot",
        help="AI fill, upscale and character lock for film frames, on this machine.",
        epilog="`backlot TOOL --help` shows what a tool takes. Exit codes: docs/cli.md.",
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_root)
    word = next((word for word in argv if not word.startswith("-")), "")
    if not word:
        _add_names(app)
    elif word not in {"models", "character", *(command.__name__ for command, _ in _COMMANDS)}:
        _add_tool(app, word, running=not {"-h", "--help"} & set(argv), as_json="--json" in argv)
    for command, panel in _COMMANDS:
        app.command(command.__name__, rich_help_panel=panel)(guarded(command))
    app.add_typer(models.group(), name="models", rich_help_panel=ABOUT)
    app.add_typer(character.group(), name="character", rich_help_panel=TOOLS)
    return app


def _root(
    version: Annotated[
        bool, typer.Option("--version", metavar="", help="Say the version.", show_default=False)
    ] = False,
) -> None:
    if version:
        from .. import __version__

        print(f"backlot {__version__}")
        raise typer.Exit


def _add_names(app: typer.Typer) -> None:
    """The tools as `backlot --help` lists them."""
    from . import specs

    for name, summary in sorted(specs.summaries().items()):
        app.command(name, help=summary, rich_help_panel=TOOLS)(lambda: None)


def _add_tool(app: typer.Typer, word: str, running: bool, as_json: bool) -> None:
    """The tool that is meant, built from its ToolSpec; all of them when there is none such."""
    from ..errors import BacklotError
    from . import specs, tool
    from .say import tell

    try:
        found = specs.known(word, running)
    except BacklotError as error:
        raise SystemExit(tell(error, as_json)) from None
    for name, spec in sorted(found.items()):
        if name == word or (word not in found and not spec.hidden):
            app.command(name, help=spec.summary, rich_help_panel=TOOLS)(tool.command(spec))


def serve(
    idle: Annotated[
        float,
        typer.Option(help="End after so many seconds without work; 0: never.", metavar="SECONDS"),
    ] = 0.0,
    listen: Annotated[
        str, typer.Option(help="Serve other machines, too, over TLS.", metavar="HOST:PORT")
    ] = "",
    cert: Annotated[str, typer.Option(help="Its certificate chain, PEM.", metavar="FILE")] = "",
    key: Annotated[str, typer.Option(help="The certificate's key, PEM.", metavar="FILE")] = "",
    as_json: Lines = False,
) -> int:
    """Run the server here, in the foreground, until Ctrl-C."""
    from . import server

    return server.serve(idle, {"--listen": listen, "--cert": cert, "--key": key}, as_json)


def start(as_json: Json = False) -> int:
    """Start the server in the background; nothing happens when it runs."""
    from . import server

    return server.start(as_json)


def stop(as_json: Json = False) -> int:
    """Stop the server. Running jobs are cancelled, finished frames stay."""
    from . import server

    return server.stop(as_json)


def status(as_json: Json = False) -> int:
    """Queue, devices, memory, models and sessions of the server."""
    from . import server

    return server.status(as_json)


def tools(as_json: Json = False) -> int:
    """The tools, with what each takes."""
    from . import catalogue

    return catalogue.tools(as_json)


def install(host: Host, dry_run: DryRun = False, as_json: Json = False) -> int:
    """Put a plugin where its application looks for it: nuke or resolve."""
    from . import hosts

    return hosts.install(host, dry_run, as_json)


def uninstall(host: Host, dry_run: DryRun = False, as_json: Json = False) -> int:
    """Take out what `install` put there, and nothing else."""
    from . import hosts

    return hosts.uninstall(host, dry_run, as_json)


def doctor(
    host: Annotated[
        str, typer.Argument(metavar="[HOST]", help="Look at a host instead: resolve.")
    ] = "",
    verify_spec: Annotated[
        bool,
        typer.Option(
            "--verify-spec", metavar="", help="Compare the host's own documentation with ours."
        ),
    ] = False,
    tune: Annotated[
        bool, typer.Option("--tune", metavar="", help="Measure which engine is fastest here.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Check this machine and say how to cure what is wrong."""
    if host:
        from . import hosts

        return hosts.examine(host, verify_spec, as_json)
    if tune:
        from .models import server_models

        return server_models("tune", as_json=as_json)
    from .doctor import examine

    return examine(as_json)


def link() -> int:
    """Serve a plugin over stdin and stdout: its companion process (docs/link.md)."""
    from ..link import main

    return main()


_COMMANDS = (
    (serve, SERVER),
    (start, SERVER),
    (stop, SERVER),
    (status, SERVER),
    (tools, ABOUT),
    (doctor, ABOUT),
    (link, ABOUT),
    (install, HOSTS),
    (uninstall, HOSTS),
)
