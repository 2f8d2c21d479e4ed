"""`python -m backlot_server.models`: add and pull networks, measure engines.

What `backlot models add`, `backlot models pull` and `backlot doctor --tune` run. With --json, one
object on standard output; errors are sentences on standard error and the exit codes of the CLI.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backlot.errors import BacklotError

from . import VERDICTS, Card, catalogue, find
from .pull import entries, meaning, pull


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m backlot_server.models")
    parser.add_argument("--json", action="store_true")
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("add", help="take in a network of your own")
    adding.add_argument("file", type=Path)
    adding.add_argument("--name", default="")
    pulling = commands.add_parser("pull", help="download a network of the catalogue")
    pulling.add_argument("name", nargs="?", default="")
    pulling.add_argument("--accept", action="store_true", help="agree to its licence")
    pulling.add_argument("--mirror", default="", help="address to fetch files from")
    pulling.add_argument("--allow", default="", choices=("", *VERDICTS))
    commands.add_parser("adopt", help="take in what lies in the models folder without a card")
    tuning = commands.add_parser("tune", help="measure which engine is fastest here")
    tuning.add_argument("names", nargs="*", help="networks to measure; without: all")
    given = parser.parse_args(arguments)
    try:
        return int(_COMMANDS[given.command](given) or 0)
    except BacklotError as error:
        if given.json:
            told = {"code": error.code, "sentence": error.sentence, "hint": error.hint}
            print(json.dumps({"event": "error", **told, "exit_code": error.exit_code}))
        print(error.sentence, error.hint, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _add(given: argparse.Namespace) -> None:
    from .add import add

    _tell(given, add(given.file, given.name))


def _adopt(given: argparse.Namespace) -> None:
    from .dropped import adopt

    for card in adopt():
        _tell(given, card)


def _pull(given: argparse.Namespace) -> None:
    if not given.name:
        known = entries()
        if given.json:
            print(json.dumps([asdict(entry) for entry in known.values()]))
        else:
            print("\n".join(meaning(entry) for entry in known.values()))
        return
    entry = entries().get(given.name)
    if entry is not None and (given.accept or entry.verdict == "green"):
        print(meaning(entry), file=sys.stderr)
    _tell(
        given,
        pull(
            given.name,
            agree=lambda sentence: given.accept,
            mirror=given.mirror,
            allow=given.allow,
            progress=_show_progress,
        ),
    )


def _tune(given: argparse.Namespace) -> None:
    from ..networks import CHOICE, all_engines
    from ..tuning import REFERENCE, Timing, file, tune, tuned

    def report(name: str, timing: Timing) -> None:
        if not given.json:
            said = timing.problem or f"{timing.seconds:.3f} s a megapixel, error {timing.error:.2g}"
            print(f"{name} on {timing.engine}: {said}")

    cards = {name: find(name) for name in given.names} or {
        name: card for name, card in catalogue().items() if card.purpose == "upscale"
    }
    found = tune(cards, all_engines(), report)
    if given.json:
        print(json.dumps({name: [asdict(t) for t in timings] for name, timings in found.items()}))
        return
    for name, card in cards.items():
        seconds = {t.engine: t.seconds for t in found[name] if not t.problem}
        used = tuned(card)
        faster = f", {seconds[REFERENCE] / seconds[used]:.1f} times {REFERENCE}'s pace"
        print(f"{name} runs in {used or 'none'}{faster if used and REFERENCE in seconds else ''}.")
    asked = os.environ.get(CHOICE, "")
    print(f"Kept in {file()}." + (f" ${CHOICE}={asked} overrules it." if asked else ""))


def _tell(given: argparse.Namespace, card: Card) -> None:
    if given.json:
        values: dict[str, Any] = {**asdict(card), "folder": str(card.folder)}
        print(json.dumps(values))
    else:
        what = f"x{card.scale}" if card.purpose == "upscale" else card.purpose
        print(f"{card.name} is here: {what}, {card.verdict}. {card.limits}")


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done >> 20} of {total >> 20} MiB", end=end, file=sys.stderr, flush=True)


_COMMANDS = {"add": _add, "adopt": _adopt, "pull": _pull, "tune": _tune}

if __name__ == "__main__":
    sys.exit(main())
