"""Put the plugin where Nuke finds it, take it out again, and say what would be done.

The plugin goes into the person's own .nuke folder, which all versions of Nuke share, and a marked
block in its init.py puts it on Nuke's path. A studio sets NUKE_PATH instead: see `nuke_path`.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backlot.errors import CannotWrite

from . import VERSION
from .build import build, is_plugin

BEGIN = "# >>> backlot: written by `backlot install nuke`, removed by `backlot uninstall nuke`"
END = "# <<< backlot"
_BLOCK = re.compile(
    r"(?:^|(?<=\n))" + re.escape(BEGIN) + r"\r?\n.*?" + re.escape(END) + r"(?:\r?\n|\Z)", re.DOTALL
)


def nuke_home(environment: Mapping[str, str] | None = None) -> Path:
    """The person's own .nuke folder."""
    environment = os.environ if environment is None else environment
    home = environment.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    if not home:
        raise CannotWrite("Your home folder is not known.", "Set HOME (Windows: USERPROFILE).")
    return Path(home) / ".nuke"


def install(
    home: Path | None = None,
    *,
    python: str = sys.executable,
    dry_run: bool = False,
    specs: Sequence[Mapping[str, Any]] | None = None,
) -> list[str]:
    """Install, or bring up to date. Returns what was done, or would be, as sentences.

    Raises: CannotWrite when a file of somebody else is in the way, or the folder cannot be written.
    """
    home = nuke_home() if home is None else home
    folder, init = home / "backlot", home / "init.py"
    if folder.exists() and not is_plugin(folder):
        raise CannotWrite(
            f"{folder} is there and is not Backlot's.", "Move it away, or install elsewhere."
        )
    before = _read(init)
    after = with_block(before, folder)
    will = "Would write" if dry_run else "Wrote"
    done = [f"{will} the plugin to {folder}."]
    if after != before:
        done.append(f"{will} a marked block in {init}.")
    if not dry_run:
        try:
            build(folder, specs)
            (folder / "backlot_nuke" / "where.txt").write_text(python + "\n", "utf-8")
            if after != before:
                _write(init, after)
        except OSError as error:
            raise _refused(home, error) from error
    return done


def uninstall(home: Path | None = None, *, dry_run: bool = False) -> list[str]:
    """Take out what `install` put there and nothing else; scripts and takes stay."""
    home = nuke_home() if home is None else home
    folder, init = home / "backlot", home / "init.py"
    will, done = ("Would remove" if dry_run else "Removed"), []
    before = _read(init)
    after = _BLOCK.sub("", before)
    try:
        if after != before:
            done.append(f"{will} the marked block from {init}.")
            if not dry_run and after.strip():
                _write(init, after)
            elif not dry_run:
                init.unlink()
        if is_plugin(folder):
            done.append(f"{will} {folder}.")
            if not dry_run:
                shutil.rmtree(folder)
    except OSError as error:
        raise _refused(home, error) from error
    return done


def with_block(text: str, folder: Path) -> str:
    """An init.py with the block in it once; every other line as it was."""
    newline = "\r\n" if "\r\n" in text else "\n"
    path = folder.as_posix()
    lines = [BEGIN, "import nuke", f"nuke.pluginAddPath({path!r})", END]
    block = newline.join(lines) + newline
    found = list(_BLOCK.finditer(text))
    if found:
        first = found[0]
        return text[: first.start()] + block + _BLOCK.sub("", text[first.end() :])
    gap = "" if not text or text.endswith(("\n", "\r\n")) else newline
    return text + gap + block


def nuke_path(current: str, folder: Path) -> str:
    """NUKE_PATH with the plugin's folder first, and no folder twice."""
    kept = [each for each in current.split(os.pathsep) if each and Path(each) != folder]
    return os.pathsep.join(dict.fromkeys([str(folder), *kept]))


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CannotWrite(f"{path} cannot be read as text.", "Look at that file first.") from error


def _write(path: Path, text: str) -> None:
    """Whole or not at all; a link stays a link."""
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=".init-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
        if target.exists():
            shutil.copymode(target, partial)
        else:
            os.chmod(partial, 0o644)
        os.replace(partial, target)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise


def _refused(home: Path, error: OSError) -> CannotWrite:
    said = error.strerror or str(error)
    return CannotWrite(f"{home} cannot be written: {said}.", "Check who may write there.")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. state: ok, note or problem."""

    name: str
    state: str
    says: str
    cure: str = ""


def doctor(verify_spec: bool = False, home: Path | None = None) -> list[Finding]:
    """What stands between Nuke and Backlot here. There is no listing to verify."""
    home = nuke_home() if home is None else home
    folder = home / "backlot"
    if not is_plugin(folder):
        return [
            Finding("plugin", "problem", f"It is not in {home}.", "Run `backlot install nuke`.")
        ]
    found = [Finding("plugin", "ok", f"It is in {folder}.")]
    if _read(home / "init.py") == with_block(_read(home / "init.py"), folder):
        found.append(Finding("init.py", "ok", "It puts the plugin on Nuke's path."))
    elif str(folder) in os.environ.get("NUKE_PATH", "").split(os.pathsep):
        found.append(Finding("init.py", "ok", "NUKE_PATH names the plugin."))
    else:
        says = "Nuke is not told of the plugin."
        found.append(Finding("init.py", "problem", says, "Run `backlot install nuke` again."))
    return [*found, _python(folder), _version(folder)]


def _python(folder: Path) -> Finding:
    where = folder / "backlot_nuke" / "where.txt"
    chosen = where.read_text("utf-8").strip() if where.exists() else ""
    if chosen and not Path(chosen).exists():
        says = f"{chosen}, which the plugin starts, is gone."
        return Finding("backlot", "problem", says, "Run `backlot install nuke` again.")
    return Finding("backlot", "ok", f"The plugin starts {chosen or 'what it finds'}.")


def _version(folder: Path) -> Finding:
    text = (folder / "backlot_nuke" / "__init__.py").read_text("utf-8")
    if f'VERSION = "{VERSION}"' in text:
        return Finding("version", "ok", f"The plugin is of version {VERSION}.")
    cure = "Run `backlot install nuke` again."
    return Finding("version", "problem", "The plugin is of another version than Backlot.", cure)
