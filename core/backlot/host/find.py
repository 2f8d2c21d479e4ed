"""Where Backlot is on this machine, and a clean environment to start it in."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Mapping

from .errors import LinkError

# Hosts set these for themselves; in another program they load the wrong libraries.
_OF_THE_HOST = ("LD_LIBRARY_PATH", "LD_PRELOAD", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH")


def find_command(setting: str = "") -> list[str]:
    """The command that starts the companion.

    setting: what the user chose: Backlot's folder, its `backlot` program, or the Python it is
        installed in; "" looks at $BACKLOT and then where `backlot` is usually found.
    Raises: LinkError when there is nothing.
    """
    chosen = setting.strip() or os.environ.get("BACKLOT", "")
    if chosen:
        return _command_of(os.path.abspath(os.path.expanduser(chosen)))
    found = shutil.which("backlot") or shutil.which("backlot", path=_usual_folders())
    if found is None:
        raise LinkError(
            "not-installed",
            "Backlot was not found on this machine.",
            "Install it, or enter where it is in this plugin's preferences.",
        )
    return [found, "link"]


def _command_of(path: str) -> list[str]:
    if os.path.isdir(path):
        for inside in _programs_in(path):
            if os.path.isfile(inside):
                return _command_of(inside)
    elif os.path.isfile(path):
        if os.path.basename(path).lower().startswith("python"):
            return [path, "-m", "backlot.link"]
        return [path, "link"]
    raise LinkError(
        "not-installed",
        "There is no Backlot at {}.".format(path),
        "Enter its folder, its `backlot` program, or the Python that it is installed in.",
    )


def _programs_in(folder: str) -> list[str]:
    scripts, suffix = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
    places = [folder, os.path.join(folder, scripts), os.path.join(folder, ".venv", scripts)]
    names = ("backlot" + suffix, "python" + suffix)
    return [os.path.join(place, name) for place in places for name in names]


def _usual_folders() -> str:
    home = os.path.expanduser("~")
    folders = [os.path.join(home, ".local", "bin"), "/usr/local/bin", "/opt/backlot/bin"]
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", home)
        folders = [os.path.join(local, "Programs", "Backlot", "Scripts")]
    return os.pathsep.join(folders)


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The host's environment without what would lead another Python astray."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("PYTHON", "DYLD_")) and name not in _OF_THE_HOST
    }
