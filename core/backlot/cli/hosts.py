"""`backlot install | uninstall HOST` and `backlot doctor HOST`.

A host's package names a module in the entry point group `backlot.hosts`. It has
`install(*, dry_run)` and `uninstall(*, dry_run)`, which give what was done as paths or sentences,
and may have `doctor(verify_spec=False)`, which gives findings with name, state, says and cure.
"""

from __future__ import annotations

from dataclasses import asdict
from importlib import metadata
from typing import Any

from ..errors import NotFound, Unsupported
from .say import emit, stdout

_GROUP = "backlot.hosts"
_SIGNS = {"ok": "[green]good[/]", "note": "[yellow]note[/]", "problem": "[bold red]bad[/]"}


def names() -> list[str]:
    """The hosts that can be named."""
    return sorted(entry.name for entry in metadata.entry_points(group=_GROUP))


def install(host: str, dry_run: bool, as_json: bool) -> int:
    """Put a plugin where its application looks for it."""
    return _done(host, _module(host).install(dry_run=dry_run), dry_run, as_json, "write")


def uninstall(host: str, dry_run: bool, as_json: bool) -> int:
    """Take out what `install` put there, and nothing else."""
    return _done(host, _module(host).uninstall(dry_run=dry_run), dry_run, as_json, "remove")


def examine(host: str, verify_spec: bool, as_json: bool) -> int:
    """Exit code 1 when something stands between this machine and the host."""
    module = _module(host)
    if not hasattr(module, "doctor"):
        raise Unsupported(f"There is nothing to look at for {host}.", "Run `backlot doctor`.")
    findings = module.doctor(verify_spec)
    bad = sum(finding.state == "problem" for finding in findings)
    if as_json:
        emit({"healthy": not bad, "findings": [asdict(finding) for finding in findings]})
        return 1 if bad else 0
    console = stdout()
    for finding in findings:
        console.print(f"{_SIGNS[finding.state]}  [bold]{finding.name}[/]", end="  ")
        console.print(finding.says, markup=False)
        if finding.cure:
            console.print(f"      {finding.cure}", markup=False)
    console.print(f"{bad} things are in the way." if bad else "Nothing is in the way.")
    return 1 if bad else 0


def _module(host: str) -> Any:
    for entry in metadata.entry_points(group=_GROUP):
        if entry.name == host:
            return entry.load()
    raise NotFound(f"There is no host {host}.", f"There are {', '.join(names())}.")


def _done(host: str, what: list[Any], dry_run: bool, as_json: bool, verb: str) -> int:
    said = [str(each) for each in what]
    if as_json:
        emit({"host": host, "dry_run": dry_run, "done": said})
        return 0
    console = stdout()
    for each in said:
        console.print(each, markup=False, highlight=False, soft_wrap=True)
    if not said:
        console.print(f"There was nothing to {verb}.")
    return 0
