"""What the buttons of a node do. Each may use nuke.execute: Nuke allows it in a button's script."""

import os
import webbrowser
from pathlib import Path

import nuke

from . import findings, render
from .host import LinkError
from .node import frames_of
from .results import describe, mark, show_number, takes_of
from .session import session


def render_frame(node):
    """The current frame, into the take shown if that was made alike and lacks it."""
    return render.start(node, [int(nuke.frame())])


def render_range(node):
    """All frames that the node's range says."""
    try:
        frames = frames_of(node)
    except LinkError as error:
        render.fail(node, error)
        return None
    return render.start(node, frames)


def cancel(node):
    """Ask the server to stop; frames that are done stay."""
    run = session.runs.get(node["backlot_id"].value())
    if run is None:
        render.say(node, "Nothing is rendering")
    else:
        run.cancel()


def details(node):
    """What happened last, in full, or what is known of the take shown."""
    known = session.details.get(node["backlot_id"].value())
    take = _shown(node)
    found = findings.told(take.recipe()) if take is not None else ""
    nuke.message(known or found or "Nothing went wrong here since Nuke was started.")


def report(node):
    """The picture of how far each frame of the take shown can be trusted."""
    take = _shown(node)
    name = take.recipe().get("report") if take is not None else ""
    path = take.file(name) if name else ""
    if path and os.path.isfile(path):
        webbrowser.open(Path(path).as_uri())
    else:
        nuke.message("Nothing was measured of this take: a shot of several frames is.")


def _shown(node):
    return takes_of(node).named("v{:03d}".format(int(node["take"].value())))


def choose_take(node):
    """The takes on disk, to choose from."""
    from .window import ask_take

    takes = takes_of(node).all()
    if not takes:
        nuke.message("There are no takes of this node yet.")
        return
    chosen = ask_take(node.name(), [describe(take) for take in takes])
    if chosen is not None:
        show_number(node, takes[chosen].number)


def check(node):
    """Compare with what would be made now."""
    mark(node)
