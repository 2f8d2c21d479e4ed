"""Put Backlot into Resolve's Scripts menu, take it out again, and say what is in its way.

`install` writes one small script into the person's own Scripts/Utility folder (Workspace >
Scripts > Backlot, on every page). It starts the panel with Backlot's own Python and ends at once:
nothing of Backlot is loaded into Resolve.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from backlot.errors import BacklotError, CannotWrite

from . import scripting, spec
from .spec import published

NAME = "Backlot.py"
MARK = "# Written by `backlot install resolve`"

_SCRIPT = '''{mark}; `backlot uninstall resolve` removes it.
"""Opens the Backlot panel beside Resolve. The panel is a process of its own."""
import os
import subprocess

environment = dict(os.environ)
for name in ("PYTHONHOME", "PYTHONPATH", "PYTHON3HOME", "LD_LIBRARY_PATH", "QT_PLUGIN_PATH"):
    environment.pop(name, None)
environment.update({keep!r})
options = {{"creationflags": 0x00000008}} if os.name == "nt" else {{"start_new_session": True}}
subprocess.Popen([{python!r}, "-m", "backlot_resolve.panel"], env=environment, close_fds=True,
                 stdin=subprocess.DEVNULL, **options)
'''


def scripts_folder(
    platform: str = sys.platform, environment: Mapping[str, str] | None = None
) -> Path:
    """The person's own Scripts/Utility folder, per system. Raises: CannotWrite without a home."""
    env = os.environ if environment is None else environment
    if platform == "win32":
        base = Path(env.get("APPDATA", "")) / "Blackmagic Design" / "DaVinci Resolve" / "Support"
        known = bool(env.get("APPDATA"))
    elif platform == "darwin":
        base = Path(env.get("HOME", "")) / "Library" / "Application Support"
        base = base / "Blackmagic Design" / "DaVinci Resolve"
        known = bool(env.get("HOME"))
    else:
        base = Path(env.get("HOME", "")) / ".local" / "share" / "DaVinciResolve"
        known = bool(env.get("HOME"))
    if not known:
        raise CannotWrite("Your home folder is not known.", "Set HOME (Windows: APPDATA).")
    return base / "Fusion" / "Scripts" / "Utility"


def fusion_folder(scripts: Path | None = None) -> Path:
    """Where Fusion macros for the Edit page's effects lie."""
    return (scripts or scripts_folder()).parents[1] / "Templates" / "Edit" / "Effects" / "Backlot"


def install(
    folder: Path | None = None, python: str = sys.executable, *, dry_run: bool = False
) -> list[Path]:
    """Write the menu script and the Fusion macro; what was, or would be, written.

    python: the interpreter that has Backlot. Raises: CannotWrite.
    """
    from . import fusion

    target = (folder or scripts_folder()) / NAME
    kept = {n: os.environ[n] for n in ("BACKLOT_HOME", "BACKLOT_RESULTS") if n in os.environ}
    if target.exists() and MARK not in target.read_text(encoding="utf-8", errors="replace"):
        raise CannotWrite(
            f"{target} is there already and is not ours.", "Rename it, then install again."
        )
    text = _SCRIPT.format(mark=MARK, python=python, keep=kept)
    macro = fusion_folder(folder or scripts_folder()) / fusion.NAME
    for path, content in ((target, text), (macro, fusion.macro())):
        if dry_run:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            partial.write_text(content, encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise CannotWrite(
                f"{path} cannot be written: {error.strerror}.", "Check the folder's permissions."
            ) from error
    return [target, macro]


def uninstall(folder: Path | None = None, *, dry_run: bool = False) -> list[Path]:
    """Remove what `install` wrote, and nothing else; what was, or would be, removed."""
    from . import fusion

    target = (folder or scripts_folder()) / NAME
    macro = fusion_folder(folder or scripts_folder()) / fusion.NAME
    removed = []
    for path, mark in ((target, MARK), (macro, fusion.MARK)):
        if path.is_file() and mark in path.read_text(encoding="utf-8", errors="replace"):
            if not dry_run:
                path.unlink()
            removed.append(path)
    return removed


# ---- doctor -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. state: "ok", "note" or "problem"; cure: what to do."""

    name: str
    state: str
    says: str
    cure: str = ""


def doctor(verify_spec: bool = False) -> list[Finding]:
    """Everything between this machine and a working panel, in order."""
    return list(_findings(verify_spec))


def _findings(verify_spec: bool) -> Iterator[Finding]:
    yield _qt()
    folder = scripting.api_folder()
    module = folder / "Modules" / "DaVinciResolveScript.py"
    if module.is_file():
        yield Finding("scripting module", "ok", str(module))
    else:
        yield Finding(
            "scripting module", "problem", f"not at {module}",
            "Install DaVinci Resolve Studio, or set RESOLVE_SCRIPT_API to its Scripting folder.",
        )  # fmt: skip
    yield _menu()
    yield from _running()
    if verify_spec:
        yield from _specification(folder)


def _qt() -> Finding:
    says, cure = qt_problem()
    if says:
        return Finding("PySide6", "problem", says, cure)
    from importlib.metadata import version

    return Finding("PySide6", "ok", version("PySide6_Essentials"))


def qt_problem() -> tuple[str, str]:
    """Why the panel cannot run with the Qt that is there, and the cure; "" where it can.

    PySide6 6.12.0 on a Python before 3.12 gives references to None, True and False back that it
    never took (measured: one None for every pass of the event loop), until the process aborts.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("PySide6_Essentials")
    except PackageNotFoundError:
        return "PySide6 is not installed", "pip install 'backlot[panel]'"
    if found.startswith("6.12.") and sys.version_info < (3, 12):
        return (
            f"PySide6 {found} aborts after a while on Python before 3.12",
            "pip install 'PySide6-Essentials<6.12'",
        )
    return "", ""


def _menu() -> Finding:
    try:
        target = scripts_folder() / NAME
    except BacklotError as error:
        return Finding("menu script", "problem", error.sentence, error.hint)
    if not target.is_file():
        return Finding("menu script", "note", "not installed", "backlot install resolve")
    if sys.executable not in target.read_text(encoding="utf-8", errors="replace"):
        return Finding(
            "menu script", "note", "starts another Python than this one", "backlot install resolve"
        )
    return Finding("menu script", "ok", str(target))


def _running() -> Iterator[Finding]:
    try:
        resolve = scripting.connect()
    except BacklotError as error:
        yield Finding("Resolve", "problem", error.sentence, error.hint)
        return
    number = ".".join(map(str, resolve.version))
    yield Finding("Resolve", "ok", f"{resolve.edition} {number}")
    if "Studio" not in resolve.edition:
        yield Finding(
            "edition", "problem", "this is not the Studio edition",
            "Scripting from outside needs DaVinci Resolve Studio.",
        )  # fmt: skip
    for name, since in _late():
        if since > resolve.version:
            what = _MEANS.get(name, name)
            yield Finding(name, "note", f"{what} needs Resolve {since[0]}.{since[1]}")


_MEANS = {
    "Timeline.GetSelectedClips": "working on selected clips",
    "Timeline.GetMarkInOut": "working between marks",
    "Project.DeleteRenderPreset": "putting the Deliver page's settings back",
    "MediaPoolItem.SetThirdPartyMetadata": "our job id in third-party metadata",
    "TimelineItem.GetSourceStartFrame": "the exact test for retimed clips",
}


def _late() -> Iterator[tuple[str, spec.Version]]:
    """What the plugin uses where it is there, and the version it came with."""
    for dotted in _MEANS:
        owner, name = dotted.split(".")
        yield dotted, spec.table()[owner][name].since


def _specification(folder: Path) -> Iterator[Finding]:
    for name in ("Modules/DaVinciResolveScript.pyi", "DaVinciResolveScript.pyi", "README.txt"):
        path = folder / name
        if not path.is_file():
            continue
        try:
            surface = published.read(path)
        except (OSError, ValueError, SyntaxError) as error:
            yield Finding("reference", "problem", f"{path} cannot be read: {error}")
            return
        wrong = spec.differences(surface, (99, 0), used())
        for sentence in wrong:
            yield Finding("reference", "note", sentence)
        if not wrong:
            yield Finding("reference", "ok", f"{path.name} lists everything that Backlot uses")
        return
    yield Finding("reference", "note", f"no reference found in {folder}")


def used() -> set[str]:
    """Every method of Resolve's that the plugin names ("Timeline.GetName")."""
    import re

    owners = "|".join(published.CLASSES)
    found = set()
    for path in Path(__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(rf'"((?:{owners})\.[A-Z]\w+)"', text))
    return found
